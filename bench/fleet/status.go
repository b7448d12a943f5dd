package fleet

import (
	"fmt"
	"net"
	"strconv"

	"orchestrator/internal/wire"
)

// cell is one column of a replica's status.
type cell struct {
	column string
	value  any
}

// replicaStatus answers SHOW REPLICA STATUS, with what MariaDB's SHOW ALL SLAVES STATUS has more if all is set.
func (n *node) replicaStatus(all bool, tick int64) wire.Result {
	var r wire.Result
	words := sourceWords(n.mariaDB)
	row := []any{}
	add := func(cells ...cell) {
		for _, c := range cells {
			r.Columns = append(r.Columns, words.Replace(c.column))
			row = append(row, c.value)
		}
	}
	if all {
		add(cell{"Connection_name", ""}, cell{"Slave_SQL_State", n.sqlState()})
	}
	add(n.threadCells(tick)...)
	add(n.positionCells(tick)...)
	if n.mariaDB {
		add(n.mariaDBCells(all, tick)...)
	} else {
		add(n.mysqlCells(tick)...)
	}
	if n.hasSource {
		r.Rows = [][]any{row}
	}
	return r
}

// threadCells say where the replica receives from and how its threads stand, up to the filters.
func (n *node) threadCells(tick int64) []cell {
	state, running, _, _ := n.receiver()
	return []cell{
		{"Replica_IO_State", state}, {"Source_Host", n.sourceKey.Hostname}, {"Source_User", replicationUser},
		{"Source_Port", int64(n.sourceKey.Port)}, {"Connect_Retry", int64(1)}, {"Source_Log_File", logFile},
		{"Read_Source_Log_Pos", n.readPosition(tick)}, {"Relay_Log_File", "relay.000002"},
		{"Relay_Log_Pos", n.execPosition(tick) + 200}, {"Relay_Source_Log_File", logFile},
		{"Replica_IO_Running", running}, {"Replica_SQL_Running", yesNo(n.sql)},
		{"Replicate_Do_DB", ""}, {"Replicate_Ignore_DB", ""}, {"Replicate_Do_Table", ""}, {"Replicate_Ignore_Table", ""},
		{"Replicate_Wild_Do_Table", ""}, {"Replicate_Wild_Ignore_Table", ""},
	}
}

// positionCells go on to the errors and the identity of the source.
func (n *node) positionCells(tick int64) []cell {
	_, running, errno, message := n.receiver()
	var behind any
	if n.sql && running == "Yes" {
		behind = int64(0)
	}
	return []cell{
		{"Last_Errno", int64(0)}, {"Last_Error", ""}, {"Skip_Counter", int64(0)}, {"Exec_Source_Log_Pos", n.execPosition(tick)},
		{"Relay_Log_Space", n.readPosition(tick) + 500}, {"Until_Condition", "None"}, {"Until_Log_File", ""},
		{"Until_Log_Pos", int64(0)}, {"Source_SSL_Allowed", "No"}, {"Source_SSL_CA_File", ""}, {"Source_SSL_CA_Path", ""},
		{"Source_SSL_Cert", ""}, {"Source_SSL_Cipher", ""}, {"Source_SSL_Key", ""}, {"Seconds_Behind_Source", behind},
		{"Source_SSL_Verify_Server_Cert", "No"}, {"Last_IO_Errno", errno}, {"Last_IO_Error", message},
		{"Last_SQL_Errno", int64(0)}, {"Last_SQL_Error", ""}, {"Replicate_Ignore_Server_Ids", ""},
		{"Source_Server_Id", n.sourceID()},
	}
}

func (n *node) mysqlCells(tick int64) []cell {
	sourceUUID := ""
	if n.source != nil {
		sourceUUID = n.source.uuid
	}
	return []cell{
		{"Source_UUID", sourceUUID}, {"Source_Info_File", "mysql.slave_master_info"}, {"SQL_Delay", int64(0)},
		{"SQL_Remaining_Delay", nil}, {"Replica_SQL_Running_State", n.sqlState()}, {"Source_Retry_Count", int64(86400)},
		{"Source_Bind", ""}, {"Last_IO_Error_Timestamp", ""}, {"Last_SQL_Error_Timestamp", ""}, {"Source_SSL_Crl", ""},
		{"Source_SSL_Crlpath", ""}, {"Retrieved_Gtid_Set", n.fleet.gtidSet(n.receivedSet(tick))},
		{"Executed_Gtid_Set", n.fleet.gtidSet(n.executedSet(tick))}, {"Auto_Position", int64(1)},
		{"Replicate_Rewrite_DB", ""}, {"Channel_Name", ""}, {"Source_TLS_Version", ""}, {"Source_public_key_path", ""},
		{"Get_Source_public_key", int64(1)}, {"Network_Namespace", ""},
	}
}

func (n *node) mariaDBCells(all bool, tick int64) []cell {
	cells := []cell{
		{"Source_SSL_Crl", ""}, {"Source_SSL_Crlpath", ""}, {"Using_Gtid", "Slave_Pos"},
		{"Gtid_IO_Pos", n.fleet.gtidPos(n.receivedSet(tick))}, {"Replicate_Do_Domain_Ids", ""},
		{"Replicate_Ignore_Domain_Ids", ""}, {"Parallel_Mode", "optimistic"}, {"SQL_Delay", int64(0)},
		{"SQL_Remaining_Delay", nil}, {"Replica_SQL_Running_State", n.sqlState()}, {"Slave_DDL_Groups", int64(0)},
		{"Slave_Non_Transactional_Groups", int64(0)}, {"Slave_Transactional_Groups", int64(0)},
		{"Replicate_Rewrite_DB", ""},
	}
	if all {
		cells = append(cells, cell{"Retried_transactions", int64(0)}, cell{"Max_relay_log_size", int64(1 << 30)},
			cell{"Executed_log_entries", n.executedSet(tick).total()}, cell{"Slave_received_heartbeats", int64(0)},
			cell{"Slave_heartbeat_period", "5.000"}, cell{"Gtid_Slave_Pos", n.fleet.gtidPos(n.executedSet(tick))})
	}
	return cells
}

// receiver gives the state of the receiving thread.
func (n *node) receiver() (state, running string, errno int64, message string) {
	switch n.link() {
	case linkUp:
		return "Waiting for source to send event", "Yes", 0, ""
	case linkRefused:
		return "Reconnecting after a failed source event read", "Connecting", 2003, n.cannotConnect("(111)")
	case linkUnknown:
		return "Connecting to source", "Connecting", 2005, n.cannotConnect("(-2)")
	case linkSilent:
		return "Connecting to source", "Connecting", 0, ""
	}
	return "", "No", 0, ""
}

func (n *node) cannotConnect(why string) string {
	at := net.JoinHostPort(n.sourceKey.Hostname, strconv.Itoa(n.sourceKey.Port))
	return fmt.Sprintf("Error reconnecting to source '%s@%s'. This was attempt 1/86400, with a delay of 1 seconds between "+
		"attempts. Message: Can't connect to MySQL server on '%s' %s", replicationUser, at, at, why)
}

func (n *node) sourceID() int64 {
	if n.source == nil {
		return 0
	}
	return int64(n.source.serverID)
}

func (n *node) sqlState() string {
	if n.sql {
		return "Replica has read all relay log; waiting for more updates"
	}
	return ""
}

func yesNo(b bool) string {
	if b {
		return "Yes"
	}
	return "No"
}
