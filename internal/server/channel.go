package server

import (
	"cmp"
	"database/sql/driver"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// parseChannel reads one row of SHOW REPLICA STATUS in any dialect: columns have old names, new names, or both.
func parseChannel(columns []string, row []driver.Value) topology.Channel {
	var c topology.Channel
	for i, name := range columns {
		setChannel(&c, name, row[i])
	}
	c.Source.Hostname = c.SourceHost
	c.Relay.Type = topology.RelayLog
	if c.SQLDelay < 0 {
		c.SQLDelay = 0
	}
	return c
}

func setChannel(c *topology.Channel, column string, v driver.Value) {
	switch column {
	case "Channel_Name", "Connection_name":
		c.Name = text(v)
	case "Source_Host", "Master_Host":
		c.SourceHost = text(v)
	case "Source_Port", "Master_Port":
		c.Source.Port = int(integer(v))
	case "Source_User", "Master_User":
		c.User = text(v)
	case "Source_UUID", "Master_UUID":
		c.SourceUUID = text(v)
	case "Replica_IO_Running", "Slave_IO_Running":
		c.IOThread = threadState(text(v))
	case "Replica_SQL_Running", "Slave_SQL_Running":
		c.SQLThread = threadState(text(v))
	case "Last_IO_Errno":
		c.LastIOErrno = int(integer(v))
	case "Last_IO_Error":
		c.LastIOError = text(v)
	case "Last_SQL_Errno":
		c.LastSQLErrno = int(integer(v))
	case "Last_SQL_Error":
		c.LastSQLError = text(v)
	case "Source_Log_File", "Master_Log_File":
		c.Read.LogFile = text(v)
	case "Read_Source_Log_Pos", "Read_Master_Log_Pos":
		c.Read.LogPos = integer(v)
	case "Relay_Source_Log_File", "Relay_Master_Log_File":
		c.Exec.LogFile = text(v)
	case "Exec_Source_Log_Pos", "Exec_Master_Log_Pos":
		c.Exec.LogPos = integer(v)
	case "Relay_Log_File":
		c.Relay.LogFile = text(v)
	case "Relay_Log_Pos":
		c.Relay.LogPos = integer(v)
	case "Seconds_Behind_Source", "Seconds_Behind_Master":
		if n, ok := number(v); ok {
			c.SecondsBehind = topology.KnownSeconds(max(0, n))
		}
	case "SQL_Delay":
		c.SQLDelay = integer(v)
	case "Auto_Position":
		if integer(v) != 0 {
			c.GTID = topology.OracleGTID
		}
	case "Using_Gtid":
		if t := text(v); t != "" && !strings.EqualFold(t, "No") {
			c.GTID = topology.MariaDBGTID
		}
	case "Retrieved_Gtid_Set", "Gtid_IO_Pos":
		c.RetrievedSet = gtidText(v)
	case "Gtid_Slave_Pos":
		c.AppliedSet = text(v)
	case "Connect_Retry":
		c.ConnectRetry = time.Duration(integer(v)) * time.Second
	case "Source_Retry_Count", "Master_Retry_Count":
		c.RetryCount = integer(v)
	case "Slave_heartbeat_period":
		c.Heartbeat = seconds(v)
	default:
		switch {
		case strings.HasPrefix(column, "Replicate_"):
			c.HasFilters = c.HasFilters || isFilter(column, v)
		default:
			setTLS(&c.TLS, column, v)
		}
	}
}

// isFilter says whether a Replicate_ column of the status is a filter that is set. Replicate_Ignore_Server_Ids and
// Replicate_Rewrite_DB are no filters in this sense.
func isFilter(column string, v driver.Value) bool {
	switch column {
	case "Replicate_Do_DB", "Replicate_Ignore_DB", "Replicate_Do_Table", "Replicate_Ignore_Table",
		"Replicate_Wild_Do_Table", "Replicate_Wild_Ignore_Table":
		return text(v) != ""
	}
	return false
}

func setTLS(t *topology.TLSOptions, column string, v driver.Value) {
	flag := func() *bool {
		on := truth(v)
		return &on
	}
	switch column {
	case "Source_SSL_Allowed", "Master_SSL_Allowed":
		// "Ignored" means wanted, on a server that was built without TLS.
		t.Enabled = truth(v) || strings.EqualFold(text(v), "Ignored")
	case "Source_SSL_CA_File", "Master_SSL_CA_File":
		t.CAFile = text(v)
	case "Source_SSL_CA_Path", "Master_SSL_CA_Path":
		t.CAPath = text(v)
	case "Source_SSL_Cert", "Master_SSL_Cert":
		t.Cert = text(v)
	case "Source_SSL_Cipher", "Master_SSL_Cipher":
		t.Cipher = text(v)
	case "Source_SSL_Key", "Master_SSL_Key":
		t.Key = text(v)
	case "Source_SSL_Crl", "Master_SSL_Crl":
		t.CRLFile = text(v)
	case "Source_SSL_Crlpath", "Master_SSL_Crlpath":
		t.CRLPath = text(v)
	case "Source_SSL_Verify_Server_Cert", "Master_SSL_Verify_Server_Cert":
		t.VerifyServerCert = flag()
	case "Source_TLS_Version", "Master_TLS_Version":
		t.Version = text(v)
	case "Source_TLS_Ciphersuites", "Master_TLS_Ciphersuites":
		t.Ciphersuites = text(v)
	case "Source_public_key_path", "Master_public_key_path":
		t.SourcePublicKeyPath = text(v)
	case "Get_Source_public_key", "Get_master_public_key":
		t.GetSourcePublicKey = flag()
	case "Network_Namespace":
		t.NetworkNamespace = text(v)
	}
}

func threadState(text string) topology.ThreadState {
	switch text {
	case "No":
		return topology.ThreadStopped
	case "Yes":
		return topology.ThreadRunning
	}
	return topology.ThreadOther
}

// seconds reads a number of seconds with a fraction.
func seconds(v driver.Value) time.Duration {
	d, err := time.ParseDuration(text(v) + "s")
	if err != nil {
		return 0
	}
	return d
}

// orderChannels puts the channel first that places the server in the tree: the unnamed one, otherwise the first by
// name. The channels that group replication uses for itself name no source and are left out.
func orderChannels(channels []topology.Channel) []topology.Channel {
	channels = slices.DeleteFunc(channels, func(c topology.Channel) bool {
		return c.Name == "group_replication_applier" || c.Name == "group_replication_recovery"
	})
	slices.SortFunc(channels, func(a, b topology.Channel) int { return cmp.Compare(a.Name, b.Name) })
	return channels
}

// parseBinlogStatus reads the row of SHOW BINARY LOG STATUS.
func parseBinlogStatus(columns []string, row []driver.Value) topology.Coordinates {
	var c topology.Coordinates
	for i, name := range columns {
		switch name {
		case "File":
			c.LogFile = text(row[i])
		case "Position":
			c.LogPos = integer(row[i])
		}
	}
	return c
}
