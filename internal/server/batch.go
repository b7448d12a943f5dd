package server

import (
	"strings"
	"sync"
)

// part is one statement of a probe. Each gives exactly one result set, so that the number of result sets that were
// read tells which statement failed. They are sent in this order: the executed GTIDs come before the replica status, so
// that a replica never looks more caught up than it is.
type part uint8

const (
	partVariables   part = iota // what can change at any time
	partSettings                // what cannot change without a restart
	partExtras                  // variables of plug-ins, which may or may not be loaded
	partUptime                  //
	partChannels                // replication status, all channels
	partBinlog                  // own position
	partSemiSync                // counters of semi-synchronous replication
	partMembers                 // of the replication group
	partReplicas                // servers that registered as replicas
	partProcesses               // connections that receive the binary log
	partCredentials             // whether the replication user can be read back
	partHeartbeats              // heartbeat period of the channels
	partNDB                     // other SQL nodes
	partLag                     // the user's lag query
	partCount
)

var partNames = [partCount]string{
	"variables", "settings", "plug-in variables", "uptime", "replica status", "binary log status", "semi-sync status",
	"group members", "replicas", "replica connections", "replication credentials", "heartbeat periods", "NDB nodes",
	"replication lag query",
}

// partSet is a set of parts.
type partSet uint32

func (s partSet) has(p part) bool     { return s&(1<<p) != 0 }
func (s partSet) with(p part) partSet { return s | 1<<p }

// shape is everything that decides how a probe's text looks. Servers of the same shape share one text.
type shape struct {
	dialect    Dialect
	full       bool // read the settings too
	show       bool // read variables by SHOW, because one that SELECT names is unknown
	showConst  bool // the same for the settings
	logBin     bool // others may replicate from it
	ps         bool // the performance schema is on
	source     bool // the semi-sync plug-in of the source is loaded
	replica    bool // that of the replica
	names      SemiSyncNames
	semiSync   bool // either is switched on
	group      bool // group replication is loaded
	list       bool // ask for registered replicas
	processes  bool // ask for receiving connections
	credential bool // ask whether the credentials can be read
	lag        string
	skip       partSet // what the server refused
}

// batch is the text of a probe and what its result sets are.
type batch struct {
	sql   string
	parts []part
	texts []string // one for each part, for servers that take one statement at a time
}

// batchCache shares batches between servers.
type batchCache struct {
	mu      sync.Mutex
	byShape map[shape]*batch
}

func (c *batchCache) get(s shape) *batch {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.byShape[s]; b != nil {
		return b
	}
	if c.byShape == nil {
		c.byShape = make(map[shape]*batch)
	}
	b := newBatch(s)
	c.byShape[s] = b
	return b
}

func newBatch(s shape) *batch {
	b := &batch{}
	for p := range partCount {
		if s.skip.has(p) {
			continue
		}
		if sql := s.statement(p); sql != "" {
			b.parts = append(b.parts, p)
			b.texts = append(b.texts, sql)
		}
	}
	b.sql = strings.Join(b.texts, ";\n")
	return b
}

// statement is the text of a part; "" when this shape does without.
func (s shape) statement(p part) string {
	d := s.dialect
	switch p {
	case partVariables:
		return selectVariables(s.variables(), s.show)
	case partSettings:
		if s.full {
			return selectVariables(s.settings(), s.showConst)
		}
	case partExtras:
		if s.full && !d.isMaxScale() {
			return "SHOW GLOBAL VARIABLES WHERE Variable_name LIKE 'rpl_semi_sync_%'" +
				" OR Variable_name IN ('group_replication_group_name', 'group_replication_single_primary_mode')"
		}
	case partUptime:
		if s.full && !d.isMaxScale() {
			return "SHOW GLOBAL STATUS LIKE 'Uptime'"
		}
	case partChannels:
		return d.ReplicaStatus()
	case partBinlog:
		if s.logBin || s.full {
			return d.BinaryLogStatus()
		}
	case partSemiSync:
		if s.semiSync {
			return "SHOW GLOBAL STATUS WHERE Variable_name IN ('" + s.semiSyncStatusName(SemiSyncSource, "status") + "', '" +
				s.semiSyncStatusName(SemiSyncSource, "clients") + "', '" + s.semiSyncStatusName(SemiSyncReplica, "status") + "')"
		}
	case partMembers:
		if s.group {
			return "SELECT MEMBER_ID, MEMBER_HOST, MEMBER_PORT, MEMBER_STATE, MEMBER_ROLE FROM performance_schema.replication_group_members"
		}
	case partReplicas:
		if s.list && (s.logBin || s.full || d.isMaxScale()) {
			return d.Replicas()
		}
	case partProcesses:
		if s.processes && (s.logBin || s.full) && !d.isMaxScale() {
			return d.ReplicaProcesses(s.ps)
		}
	case partCredentials:
		if s.full && s.credential && d.mysql(5, 6, 0) {
			return "SELECT COUNT(*) FROM mysql.slave_master_info WHERE User_name <> ''"
		}
	case partHeartbeats:
		if s.full && d.mysql(5, 7, 6) {
			return "SELECT CHANNEL_NAME, HEARTBEAT_INTERVAL FROM performance_schema.replication_connection_configuration"
		}
	case partNDB:
		if d.NDB {
			return "SELECT service_URI FROM ndbinfo.processes WHERE node_type = 'API' AND process_name = 'mysqld'"
		}
	case partLag:
		return s.lag
	}
	return ""
}

func (s shape) semiSyncStatusName(side SemiSyncSide, suffix string) string {
	return "R" + s.names.variable(side, suffix)[1:]
}

// variables are those that can change at any time.
func (s shape) variables() []string {
	d := s.dialect
	if d.isMaxScale() {
		return []string{"server_id"}
	}
	vs := []string{"server_id", "read_only", "binlog_format", "binlog_row_image"}
	if d.isMariaDB() {
		vs = append(vs, "gtid_current_pos", "gtid_binlog_pos")
	} else if d.mysql(5, 6, 5) {
		vs = append(vs, "gtid_mode", "gtid_executed", "gtid_purged")
	}
	if d.HasSuperReadOnly() {
		vs = append(vs, "super_read_only")
	}
	if d.mysql(5, 7, 5) {
		vs = append(vs, "offline_mode")
	}
	return append(vs, s.semiSyncVariables()...)
}

func (s shape) semiSyncVariables() []string {
	var vs []string
	if s.source {
		vs = append(vs, s.names.variable(SemiSyncSource, "enabled"), s.names.variable(SemiSyncSource, "timeout"))
		switch {
		case s.names.SourceNew:
			vs = append(vs, "rpl_semi_sync_source_wait_for_replica_count")
		case s.dialect.mysql(5, 7, 3):
			vs = append(vs, "rpl_semi_sync_master_wait_for_slave_count")
		}
	}
	if s.replica {
		vs = append(vs, s.names.variable(SemiSyncReplica, "enabled"))
	}
	return vs
}

// settings are the variables that need a restart to change.
func (s shape) settings() []string {
	d := s.dialect
	if d.isMaxScale() {
		return nil
	}
	vs := []string{"hostname", "report_host", "log_bin", "log_bin_index", "performance_schema"}
	if d.newVariableTerms() {
		vs = append(vs, "log_replica_updates")
	} else {
		vs = append(vs, "log_slave_updates")
	}
	if d.mysql(5, 6, 0) {
		vs = append(vs, "server_uuid")
	}
	return vs
}

// selectVariables reads global variables in one row, or with show in one row for each that exists.
func selectVariables(names []string, show bool) string {
	if len(names) == 0 {
		return ""
	}
	if show {
		return "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('" + strings.Join(names, "', '") + "')"
	}
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, n := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("@@global.")
		b.WriteString(n)
		b.WriteString(" AS ")
		b.WriteString(n)
	}
	return b.String()
}
