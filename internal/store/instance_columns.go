package store

import (
	"hash/fnv"
	"io"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// role says what a column of database_instance is for when rows are compared.
type role int

const (
	observed role = iota // read from the server: part of the fingerprint that ties the extra details to the row
	derived              // computed or classified here: a change is a reason to write the row, but not in the fingerprint
	volatile             // changes with every check: no reason to write the whole row
)

// instanceColumn is one column of database_instance: how an instance gives its value, and how an instance takes it.
type instanceColumn struct {
	name string
	role role
	get  func(i *topology.Instance) any
	set  func(i *topology.Instance, v value)
}

// instanceColumns are all columns in the order of the table.
func instanceColumns() []instanceColumn {
	type (
		inst = topology.Instance
	)
	text := func(name string, r role, field func(i *inst) *string) instanceColumn {
		return instanceColumn{name, r,
			func(i *inst) any { return *field(i) },
			func(i *inst, v value) { *field(i) = v.text() }}
	}
	boolean := func(name string, r role, field func(i *inst) *bool) instanceColumn {
		return instanceColumn{name, r,
			func(i *inst) any { return flag(*field(i)) },
			func(i *inst, v value) { *field(i) = v.bool() }}
	}
	number := func(name string, r role, get func(i *inst) int64, set func(i *inst, n int64)) instanceColumn {
		return instanceColumn{name, r,
			func(i *inst) any { return get(i) },
			func(i *inst, v value) { set(i, v.int()) }}
	}
	moment := func(name string, field func(i *inst) *time.Time) instanceColumn {
		return instanceColumn{name, volatile,
			func(i *inst) any { return stamp(*field(i)) },
			func(i *inst, v value) { *field(i) = v.time() }}
	}
	file := func(name string, at func(i *inst) *topology.Coordinates, kind topology.LogType) instanceColumn {
		return instanceColumn{name, observed,
			func(i *inst) any { return at(i).LogFile },
			func(i *inst, v value) {
				c := at(i)
				if c.LogFile = v.text(); c.LogFile != "" {
					c.Type = kind
				}
			}}
	}
	position := func(name string, at func(i *inst) *topology.Coordinates) instanceColumn {
		return number(name, observed, func(i *inst) int64 { return at(i).LogPos }, func(i *inst, n int64) { at(i).LogPos = n })
	}
	lag := func(name string, field func(i *inst) *topology.Seconds) instanceColumn {
		return instanceColumn{name, observed,
			func(i *inst) any { return secondsOrNull(*field(i)) },
			func(i *inst, v value) { *field(i) = v.seconds() }}
	}
	message := func(name string, field func(i *inst) *string) instanceColumn {
		return instanceColumn{name, observed,
			func(i *inst) any { return quoteError(*field(i)) },
			func(i *inst, v value) { *field(i) = unquoteError(v.text()) }}
	}
	keys := func(name string, r role, get func(i *inst) []topology.Key, set func(i *inst, k []topology.Key)) instanceColumn {
		return instanceColumn{name, r,
			func(i *inst) any { return keysJSON(get(i)) },
			func(i *inst, v value) { set(i, parseKeysJSON(v.text())) }}
	}
	self := func(i *inst) *topology.Coordinates { return &i.SelfCoordinates }
	read := func(i *inst) *topology.Coordinates { return &i.Channel.Read }
	exec := func(i *inst) *topology.Coordinates { return &i.Channel.Exec }
	relay := func(i *inst) *topology.Coordinates { return &i.Channel.Relay }
	sqlThread := func(i *inst) *topology.ThreadState { return &i.Channel.SQLThread }
	ioThread := func(i *inst) *topology.ThreadState { return &i.Channel.IOThread }

	return []instanceColumn{
		text("hostname", observed, func(i *inst) *string { return &i.Key.Hostname }),
		number("port", observed, func(i *inst) int64 { return int64(i.Key.Port) }, func(i *inst, n int64) { i.Key.Port = int(n) }),
		moment("last_checked", func(i *inst) *time.Time { return &i.Check.Checked }),
		moment("last_attempted_check", func(i *inst) *time.Time { return &i.Check.Attempted }),
		boolean("last_check_partial_success", derived, func(i *inst) *bool { return &i.Check.PartialSuccess }),
		{"last_seen", volatile,
			func(i *inst) any { return stampOrNull(i.Check.Seen) },
			func(i *inst, v value) { i.Check.Seen = v.time() }},
		number("uptime", volatile,
			func(i *inst) int64 { return int64(i.Uptime / time.Second) },
			func(i *inst, n int64) { i.Uptime = time.Duration(n) * time.Second }),
		number("server_id", observed, func(i *inst) int64 { return int64(i.ServerID) }, func(i *inst, n int64) { i.ServerID = uint32(n) }),
		text("server_uuid", observed, func(i *inst) *string { return &i.ServerUUID }),
		text("version", observed, func(i *inst) *string { return &i.Version }),
		{"binlog_server", observed,
			func(i *inst) any { return flag(i.IsBinlogServer()) },
			func(i *inst, v value) {
				if v.bool() {
					i.Flavor = topology.FlavorMaxScale
				}
			}},
		boolean("read_only", observed, func(i *inst) *bool { return &i.ReadOnly }),
		text("binlog_format", observed, func(i *inst) *string { return &i.BinlogFormat }),
		boolean("log_bin", observed, func(i *inst) *bool { return &i.LogBin }),
		boolean("log_slave_updates", observed, func(i *inst) *bool { return &i.LogReplicaUpdates }),
		file("binary_log_file", self, topology.BinaryLog),
		position("binary_log_pos", self),
		text("master_host", observed, func(i *inst) *string { return &i.Channel.Source.Hostname }),
		number("master_port", observed,
			func(i *inst) int64 { return int64(i.Channel.Source.Port) },
			func(i *inst, n int64) { i.Channel.Source.Port = int(n) }),
		threadRunning("slave_sql_running", sqlThread),
		threadRunning("slave_io_running", ioThread),
		threadDetail("replication_sql_thread_state", sqlThread),
		threadDetail("replication_io_thread_state", ioThread),
		boolean("has_replication_filters", observed, func(i *inst) *bool { return &i.Channel.HasFilters }),
		gtidUse("oracle_gtid", topology.OracleGTID),
		text("master_uuid", observed, func(i *inst) *string { return &i.Channel.SourceUUID }),
		text("ancestry_uuid", derived, func(i *inst) *string { return &i.AncestryUUID }),
		text("executed_gtid_set", observed, func(i *inst) *string { return &i.ExecutedSet }),
		text("gtid_purged", observed, func(i *inst) *string { return &i.PurgedSet }),
		text("gtid_errant", derived, func(i *inst) *string { return &i.ErrantSet }),
		boolean("supports_oracle_gtid", observed, func(i *inst) *bool { return &i.SupportsOracleGTID }),
		gtidUse("mariadb_gtid", topology.MariaDBGTID),
		boolean("pseudo_gtid", derived, func(i *inst) *bool { return &i.UsingPseudoGTID }),
		file("master_log_file", read, topology.BinaryLog),
		position("read_master_log_pos", read),
		file("relay_master_log_file", exec, topology.BinaryLog),
		position("exec_master_log_pos", exec),
		file("relay_log_file", relay, topology.RelayLog),
		position("relay_log_pos", relay),
		message("last_sql_error", func(i *inst) *string { return &i.Channel.LastSQLError }),
		message("last_io_error", func(i *inst) *string { return &i.Channel.LastIOError }),
		lag("seconds_behind_master", func(i *inst) *topology.Seconds { return &i.Channel.SecondsBehind }),
		lag("slave_lag_seconds", func(i *inst) *topology.Seconds { return &i.Lag }),
		number("sql_delay", observed, func(i *inst) int64 { return i.Channel.SQLDelay }, func(i *inst, n int64) { i.Channel.SQLDelay = n }),
		boolean("allow_tls", observed, func(i *inst) *bool { return &i.Channel.TLS.Enabled }),
		{"num_slave_hosts", derived,
			func(i *inst) any { return int64(len(replicaList(i))) },
			func(*inst, value) {}}, // the list itself says it
		keys("slave_hosts", derived, replicaList,
			func(i *inst, k []topology.Key) { i.StoredReplicas, i.Reported = k, k }),
		text("cluster_name", derived, func(i *inst) *string { return &i.ClusterName }),
		text("suggested_cluster_alias", derived, func(i *inst) *string { return &i.SuggestedClusterAlias }),
		text("data_center", derived, func(i *inst) *string { return &i.DataCenter }),
		text("region", derived, func(i *inst) *string { return &i.Region }),
		text("physical_environment", derived, func(i *inst) *string { return &i.PhysicalEnvironment }),
		text("instance_alias", derived, func(i *inst) *string { return &i.Alias }),
		number("semi_sync_enforced", derived,
			func(i *inst) int64 { return int64(min(i.SemiSyncPriority, 255)) },
			func(i *inst, n int64) { i.SemiSyncPriority = uint(max(n, 0)) }),
		boolean("semi_sync_available", observed, func(i *inst) *bool { return &i.SemiSync.Available }),
		number("replication_depth", derived,
			func(i *inst) int64 { return int64(min(i.Depth, 255)) },
			func(i *inst, n int64) { i.Depth = int(n) }),
		boolean("is_co_master", derived, func(i *inst) *bool { return &i.IsCoPrimary }),
		boolean("replication_credentials_available", observed, func(i *inst) *bool { return &i.CredentialsAvailable }),
		boolean("has_replication_credentials", observed, func(i *inst) *bool { return &i.HasCredentials }),
		text("version_comment", observed, func(i *inst) *string { return &i.VersionComment }),
		{"major_version", observed,
			func(i *inst) any { return i.MajorVersion() },
			func(i *inst, v value) {
				// It follows from the version, unless an outside tool has written another one.
				if major := v.text(); major != i.MajorVersion() {
					i.StatedMajor = major
				}
			}},
		text("binlog_row_image", observed, func(i *inst) *string { return &i.BinlogRowImage }),
		number("last_discovery_latency", volatile,
			func(i *inst) int64 { return int64(i.Check.Latency) },
			func(i *inst, n int64) { i.Check.Latency = time.Duration(n) }),
		boolean("semi_sync_master_enabled", observed, func(i *inst) *bool { return &i.SemiSync.SourceEnabled }),
		number("semi_sync_master_timeout", observed,
			func(i *inst) int64 { return int64(i.SemiSync.SourceTimeoutMillis) },
			func(i *inst, n int64) { i.SemiSync.SourceTimeoutMillis = uint64(n) }),
		number("semi_sync_master_wait_for_slave_count", observed,
			func(i *inst) int64 { return int64(i.SemiSync.SourceWaitCount) },
			func(i *inst, n int64) { i.SemiSync.SourceWaitCount = uint(max(n, 0)) }),
		boolean("semi_sync_master_status", observed, func(i *inst) *bool { return &i.SemiSync.SourceStatus }),
		number("semi_sync_master_clients", observed,
			func(i *inst) int64 { return int64(i.SemiSync.SourceClients) },
			func(i *inst, n int64) { i.SemiSync.SourceClients = uint(max(n, 0)) }),
		boolean("semi_sync_replica_status", observed, func(i *inst) *bool { return &i.SemiSync.ReplicaStatus }),
		boolean("semi_sync_replica_enabled", observed, func(i *inst) *bool { return &i.SemiSync.ReplicaEnabled }),
		text("gtid_mode", observed, func(i *inst) *string { return &i.GTIDMode }),
		text("replication_group_name", observed, func(i *inst) *string { return &i.Group.Name }),
		boolean("replication_group_is_single_primary_mode", observed, func(i *inst) *bool { return &i.Group.SinglePrimary }),
		text("replication_group_member_state", observed, func(i *inst) *string { return &i.Group.MemberState }),
		text("replication_group_member_role", observed, func(i *inst) *string { return &i.Group.MemberRole }),
		keys("replication_group_members", observed,
			func(i *inst) []topology.Key { return i.Group.Members },
			func(i *inst, k []topology.Key) { i.Group.Members = k }),
		text("replication_group_primary_host", observed, func(i *inst) *string { return &i.Group.Primary.Hostname }),
		number("replication_group_primary_port", observed,
			func(i *inst) int64 { return int64(i.Group.Primary.Port) },
			func(i *inst, n int64) { i.Group.Primary.Port = int(n) }),
		text("mybinlog_path", observed, func(i *inst) *string { return &i.BinlogPath }),
	}
}

// threadRunning is a column that says whether a thread runs. Where it and the detailed state disagree, as in rows
// that outside tools insert without the latter, this one is right.
func threadRunning(name string, thread func(i *topology.Instance) *topology.ThreadState) instanceColumn {
	return instanceColumn{name, observed,
		func(i *topology.Instance) any { return flag(thread(i).Running()) },
		func(i *topology.Instance, v value) {
			*thread(i) = topology.ThreadStopped
			if v.bool() {
				*thread(i) = topology.ThreadRunning
			}
		}}
}

// threadDetail refines what threadRunning, which stands before it in the table, has set.
func threadDetail(name string, thread func(i *topology.Instance) *topology.ThreadState) instanceColumn {
	return instanceColumn{name, observed,
		func(i *topology.Instance) any { return int64(*thread(i)) },
		func(i *topology.Instance, v value) {
			state := topology.ThreadState(v.int())
			switch {
			case thread(i).Running():
			case state == topology.ThreadOther:
				*thread(i) = topology.ThreadOther
			case state == topology.NoThread && i.Channel.Source.Hostname == "":
				*thread(i) = topology.NoThread
			}
		}}
}

func gtidUse(name string, use topology.GTIDUse) instanceColumn {
	return instanceColumn{name, observed,
		func(i *topology.Instance) any { return flag(i.Channel.GTID == use) },
		func(i *topology.Instance, v value) {
			if v.bool() {
				i.Channel.GTID = use
			}
		}}
}

// replicaList is what is stored as the replicas: those that the server itself reported, else, for an instance that
// nobody has probed since it was loaded, the list as it was.
func replicaList(i *topology.Instance) []topology.Key {
	if i.Reported != nil {
		return i.Reported
	}
	return i.StoredReplicas
}

// flavorOf derives the family from what is stored.
func flavorOf(i *topology.Instance) topology.Flavor {
	version := strings.ToLower(i.Version)
	switch {
	case i.Flavor == topology.FlavorMaxScale || strings.Contains(version, "maxscale"):
		return topology.FlavorMaxScale
	case strings.Contains(version, "mariadb"):
		return topology.FlavorMariaDB
	case strings.Contains(strings.ToLower(i.VersionComment), "percona"):
		return topology.FlavorPercona
	case version == "" || version == "unknown":
		return topology.FlavorUnknown
	}
	return topology.FlavorMySQL
}

// rowCodec turns instances into rows and back.
type rowCodec struct {
	columns []instanceColumn
	names   string // comma list of all columns
	key     string // of the key columns
	others  string // of the rest
}

func newRowCodec() rowCodec {
	c := rowCodec{columns: instanceColumns()}
	names := make([]string, len(c.columns))
	for i, col := range c.columns {
		names[i] = col.name
	}
	c.names = strings.Join(names, ", ")
	c.key = strings.Join(names[:2], ", ")
	c.others = strings.Join(names[2:], ", ")
	return c
}

// encode appends the values of all columns to args.
func (c rowCodec) encode(args []any, i *topology.Instance) []any {
	for _, col := range c.columns {
		args = append(args, col.get(i))
	}
	return args
}

// decode makes an instance of a row.
func (c rowCodec) decode(row []value) *topology.Instance {
	i := &topology.Instance{}
	for n, col := range c.columns {
		col.set(i, row[n])
	}
	i.Flavor = flavorOf(i)
	return i
}

// digests are the hash over everything that is a reason to write the row, and the one that ties the details to it.
func (c rowCodec) digests(row []any) (content, fingerprint uint64) {
	all, seen := fnv.New64a(), fnv.New64a()
	var buf [24]byte
	for n, col := range c.columns {
		if col.role == volatile {
			continue
		}
		var text []byte
		switch x := row[n].(type) {
		case string:
			writeText(all, x)
			if col.role == observed {
				writeText(seen, x)
			}
			continue
		case int64:
			text = strconv.AppendInt(buf[:0], x, 10)
		case nil:
			text = append(buf[:0], 'N')
		}
		text = append(text, 0)
		_, _ = all.Write(text) // a hash does not fail
		if col.role == observed {
			_, _ = seen.Write(text)
		}
	}
	return all.Sum64(), seen.Sum64()
}

func hashText(text string) uint64 {
	h := fnv.New64a()
	writeText(h, text)
	return h.Sum64()
}

func writeText(w io.Writer, s string) {
	_, _ = io.WriteString(w, s) // a hash does not fail
	_, _ = w.Write([]byte{0})
}
