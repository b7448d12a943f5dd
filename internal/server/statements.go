package server

import (
	"fmt"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// newReplicaTerms says whether START REPLICA and its like exist (8.0.22). MariaDB understands SLAVE in all versions.
func (d Dialect) newReplicaTerms() bool { return d.mysql(8, 0, 22) }

// newSourceTerms says whether CHANGE REPLICATION SOURCE exists (8.0.23).
func (d Dialect) newSourceTerms() bool { return d.mysql(8, 0, 23) }

// newBinlogTerms says whether SHOW BINARY LOG STATUS and RESET BINARY LOGS AND GTIDS are the only forms (8.4).
func (d Dialect) newBinlogTerms() bool { return d.mysql(8, 4, 0) }

// newVariableTerms says whether log_replica_updates and its like exist (8.0.26).
func (d Dialect) newVariableTerms() bool { return d.mysql(8, 0, 26) }

func (d Dialect) replica() string {
	if d.newReplicaTerms() {
		return "REPLICA"
	}
	return "SLAVE"
}

// onChannel puts a channel where the dialect wants it: MariaDB right after the command, MySQL at the end.
func (d Dialect) onChannel(command, rest, channel string) string {
	if d.isMariaDB() {
		if channel != "" {
			command += " " + quote(channel)
		}
		return command + rest
	}
	return command + rest + d.forChannel(channel)
}

// forChannel names a channel to MySQL: the one without a name too, where there are others beside it.
func (d Dialect) forChannel(channel string) string {
	if channel == "" && !(d.Several && d.HasChannels()) {
		return ""
	}
	return " FOR CHANNEL " + quote(channel)
}

func (t Threads) sql() string {
	switch t {
	case IOThread:
		return " IO_THREAD"
	case SQLThread:
		return " SQL_THREAD"
	}
	return ""
}

// StopReplica stops replication threads of a channel.
func (d Dialect) StopReplica(t Threads, channel string) string {
	return d.onChannel("STOP "+d.replica(), t.sql(), channel)
}

// StartReplica starts replication threads of a channel.
func (d Dialect) StartReplica(t Threads, channel string) string {
	return d.onChannel("START "+d.replica(), t.sql(), channel)
}

// StartUntil starts replication up to a position of the source's log.
func (d Dialect) StartUntil(c topology.Coordinates, channel string) string {
	word := "MASTER"
	if d.newSourceTerms() {
		word = "SOURCE"
	}
	return d.onChannel("START "+d.replica(),
		" UNTIL "+word+"_LOG_FILE="+quote(c.LogFile)+", "+word+"_LOG_POS="+itoa(c.LogPos), channel)
}

// ResetReplicaAll forgets a channel's configuration, credentials included. Without a name it forgets the default
// channel alone: MySQL's shorter form would forget them all.
func (d Dialect) ResetReplicaAll(channel string) string {
	if channel == "" && d.mysql(5, 7, 6) {
		return "RESET " + d.replica() + " ALL FOR CHANNEL ''"
	}
	return d.onChannel("RESET "+d.replica(), " ALL", channel)
}

// ResetReplica drops a channel's relay logs and keeps its configuration.
func (d Dialect) ResetReplica(channel string) string {
	return d.onChannel("RESET "+d.replica(), "", channel)
}

// ReplicaStatus shows all replication channels.
func (d Dialect) ReplicaStatus() string {
	switch {
	case d.isMariaDB():
		return "SHOW ALL SLAVES STATUS"
	default:
		return "SHOW " + d.replica() + " STATUS"
	}
}

// BinaryLogStatus shows the server's own position.
func (d Dialect) BinaryLogStatus() string {
	if d.newBinlogTerms() {
		return "SHOW BINARY LOG STATUS"
	}
	return "SHOW MASTER STATUS"
}

// Replicas lists the servers that registered as replicas.
func (d Dialect) Replicas() string {
	if d.newReplicaTerms() {
		return "SHOW REPLICAS"
	}
	return "SHOW SLAVE HOSTS"
}

// ReplicaProcesses lists the connections that receive the binary log. hasPS says whether the performance schema is on.
func (d Dialect) ReplicaProcesses(hasPS bool) string {
	return "SELECT HOST, USER FROM " + d.processlist(hasPS) + " WHERE COMMAND IN ('Binlog Dump', 'Binlog Dump GTID')"
}

func (d Dialect) processlist(hasPS bool) string {
	if hasPS && d.mysql(8, 0, 22) {
		return "performance_schema.processlist"
	}
	return "information_schema.PROCESSLIST"
}

// Processlist lists all connections.
func (d Dialect) Processlist(hasPS bool) string {
	return "SELECT ID, USER, HOST, DB, COMMAND, TIME, STATE, INFO FROM " + d.processlist(hasPS)
}

// ResetBinaryLogsAndGTIDs deletes all binary logs and, on MySQL, the GTID history.
func (d Dialect) ResetBinaryLogsAndGTIDs() string {
	if d.newBinlogTerms() {
		return "RESET BINARY LOGS AND GTIDS"
	}
	return "RESET MASTER"
}

// SetReadOnly switches writes off or on. Switched off with super, even privileged users cannot write; super_read_only
// implies read_only, and clearing read_only clears it too, so one statement is enough and leaves no gap.
func (d Dialect) SetReadOnly(on, super bool) string {
	if on && super && d.HasSuperReadOnly() {
		return "SET GLOBAL super_read_only=1"
	}
	return "SET GLOBAL read_only=" + bit(on)
}

// SetWritableBefore switches writes on as long as the server's clock has not come to end; afterwards the variable is given
// a value that it refuses.
func (d Dialect) SetWritableBefore(end time.Time) string {
	return fmt.Sprintf("SET GLOBAL read_only=IF(%s<'%s','OFF','too late')", d.utcNow(), end.UTC().Format(clockFormat))
}

// clockFormat is how servers print a time.
const clockFormat = "2006-01-02 15:04:05.999999"

// utcNow is the time in UTC, as exactly as the server tells it.
func (d Dialect) utcNow() string {
	if d.isMariaDB() || d.mysql(5, 6, 4) {
		return "UTC_TIMESTAMP(6)"
	}
	return "UTC_TIMESTAMP()"
}

// ReadOnly asks whether writes are accepted.
func (d Dialect) ReadOnly() string {
	if d.HasSuperReadOnly() {
		return "SELECT @@global.read_only+0, @@global.super_read_only+0"
	}
	return "SELECT @@global.read_only+0"
}

// GTIDs asks for everything the server knows of its GTIDs.
func (d Dialect) GTIDs() string {
	if d.isMariaDB() {
		return "SELECT @@global.gtid_slave_pos, @@global.gtid_binlog_pos, @@global.gtid_current_pos, @@global.gtid_binlog_state"
	}
	return "SELECT @@global.gtid_mode, @@global.gtid_executed, @@global.gtid_purged"
}

// GTIDPosAt asks for the GTID position at a place of the own binary log; MariaDB only.
func (d Dialect) GTIDPosAt(at topology.Coordinates) string {
	return "SELECT BINLOG_GTID_POS(" + quote(at.LogFile) + ", " + itoa(at.LogPos) + ")"
}

// WaitExecuted waits until a GTID set (MariaDB: a position) has been applied.
func (d Dialect) WaitExecuted(set string, timeout time.Duration) string {
	seconds := serverSeconds(timeout)
	switch {
	case d.isMariaDB():
		return "SELECT MASTER_GTID_WAIT(" + quote(set) + ", " + decimal(timeout) + ")"
	case d.mysql(5, 7, 5):
		return "SELECT WAIT_FOR_EXECUTED_GTID_SET(" + quote(set) + ", " + seconds + ")"
	}
	return "SELECT WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS(" + quote(set) + ", " + seconds + ")"
}

// WaitPosition waits until a position of the source's log has been applied.
func (d Dialect) WaitPosition(c topology.Coordinates, channel string, timeout time.Duration) string {
	name := "MASTER_POS_WAIT"
	if d.mysql(8, 0, 26) {
		name = "SOURCE_POS_WAIT"
	}
	sql := "SELECT " + name + "(" + quote(c.LogFile) + ", " + itoa(c.LogPos) + ", " + serverSeconds(timeout)
	if d.HasChannels() && (channel != "" || d.Several) {
		sql += ", " + quote(channel)
	}
	return sql + ")"
}

// serverSeconds rounds up to whole seconds, at least one: 0 means "for ever" to the servers.
func serverSeconds(d time.Duration) string {
	return itoa(max(1, int64((d+time.Second-1)/time.Second)))
}

// decimal prints seconds with milliseconds, at least one millisecond.
func decimal(d time.Duration) string {
	ms := max(1, d.Milliseconds())
	frac := itoa(1000 + ms%1000)[1:]
	return itoa(ms/1000) + "." + frac
}

// SemiSyncNames are the words under which a server's semi-synchronous plug-ins call the two sides.
type SemiSyncNames struct{ SourceNew, ReplicaNew bool }

// SetSemiSync switches one side of semi-synchronous replication.
func (d Dialect) SetSemiSync(side SemiSyncSide, on bool, names SemiSyncNames) string {
	return "SET GLOBAL " + names.variable(side, "enabled") + "=" + bit(on)
}

func (n SemiSyncNames) variable(side SemiSyncSide, suffix string) string {
	word := "master"
	switch {
	case side == SemiSyncSource && n.SourceNew:
		word = "source"
	case side == SemiSyncReplica && n.ReplicaNew:
		word = "replica"
	case side == SemiSyncReplica:
		word = "slave"
	}
	return "rpl_semi_sync_" + word + "_" + suffix
}

// PurgeBinaryLogs deletes the logs before a file.
func (d Dialect) PurgeBinaryLogs(toFile string) string {
	return "PURGE BINARY LOGS TO " + quote(toFile)
}

// SkipCounter lets the SQL thread skip events at its next start.
func (d Dialect) SkipCounter(n int64, channel string) []string {
	word := "slave"
	if d.newVariableTerms() {
		word = "replica"
	}
	set := "SET GLOBAL sql_" + word + "_skip_counter=" + itoa(n)
	if d.isMariaDB() && channel != "" {
		return []string{"SET SESSION default_master_connection=" + quote(channel), set}
	}
	return []string{set}
}

// InjectEmpty commits an empty transaction under a GTID.
func (d Dialect) InjectEmpty(gtid string) []string {
	return []string{"SET SESSION GTID_NEXT=" + quote(gtid), "BEGIN", "COMMIT", "SET SESSION GTID_NEXT='AUTOMATIC'"}
}

// BinlogEvents lists events of a binary or relay log.
func (d Dialect) BinlogEvents(kind topology.LogType, file string, pos int64, limit int, channel string) string {
	sql := "SHOW BINLOG EVENTS"
	if kind == topology.RelayLog {
		sql = "SHOW RELAYLOG EVENTS"
		if d.isMariaDB() && channel != "" {
			sql = "SHOW RELAYLOG " + quote(channel) + " EVENTS"
		}
	}
	sql += " IN " + quote(file)
	if pos > 0 {
		sql += " FROM " + itoa(pos)
	}
	if limit > 0 {
		sql += " LIMIT " + itoa(int64(limit))
	}
	if kind == topology.RelayLog && !d.isMariaDB() {
		sql += d.forChannel(channel)
	}
	return sql
}

// Kill ends a statement, or with connection the whole connection.
func (d Dialect) Kill(id uint64, connection bool) string {
	what := "QUERY "
	if connection {
		what = "CONNECTION "
	}
	return "KILL " + what + itoa(int64(id))
}

// ShutDown ends the server. MySQL has it since 5.7.9, and MariaDB since 10.0.4.
func (d Dialect) ShutDown() string { return "SHUTDOWN" }

// ChangeSource re-points a channel or changes its options.
func (d Dialect) ChangeSource(c SourceChange) string {
	w := changeWords{d: d, prefix: "MASTER_", command: "CHANGE MASTER"}
	if d.newSourceTerms() {
		w.prefix, w.command = "SOURCE_", "CHANGE REPLICATION SOURCE"
	}
	return d.onChannel(w.command, " TO "+strings.Join(w.terms(c), ", "), c.Channel)
}
