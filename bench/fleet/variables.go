package fleet

import "maps"

// onOff is a switch: SELECT gives it as a number, SHOW as a word.
type onOff bool

func (b onOff) number() int64 {
	if b {
		return 1
	}
	return 0
}

func (b onOff) word() string {
	if b {
		return "ON"
	}
	return "OFF"
}

// variables gives the global variables that the server has, in lower case.
func (n *node) variables(tick int64) map[string]any {
	vs := map[string]any{
		"version": n.version(), "version_comment": n.comment(), "server_id": int64(n.serverID),
		"hostname": n.key.Hostname, "report_host": n.key.Hostname, "report_port": int64(n.key.Port), "port": int64(n.key.Port),
		"read_only": onOff(n.readOnly), "binlog_format": "ROW", "binlog_row_image": "FULL",
		"log_bin": onOff(true), "log_bin_index": "/var/lib/mysql/binlog.index", "log_slave_updates": onOff(true),
		"max_allowed_packet": int64(64 << 20), "sql_mode": "STRICT_TRANS_TABLES", "time_zone": "SYSTEM",
		"datadir": "/var/lib/mysql/",
	}
	if n.mariaDB {
		maps.Copy(vs, n.mariaDBVariables(tick))
	} else {
		maps.Copy(vs, n.mysqlVariables(tick))
	}
	for name, v := range n.settings {
		if _, ok := vs[name]; ok {
			vs[name] = v
		}
	}
	return vs
}

func (n *node) mysqlVariables(tick int64) map[string]any {
	return map[string]any{
		"performance_schema": onOff(true), "server_uuid": n.uuid, "log_replica_updates": onOff(true),
		"super_read_only": onOff(n.superReadOnly), "offline_mode": onOff(false),
		"gtid_mode": "ON", "enforce_gtid_consistency": "ON",
		"gtid_executed": n.fleet.gtidSet(n.executedSet(tick)), "gtid_purged": "",
		"replica_net_timeout": int64(n.fleet.options.NetTimeout.Seconds()), "replica_parallel_workers": int64(4),
		"binlog_expire_logs_seconds":                  int64(2592000),
		"rpl_semi_sync_source_enabled":                onOff(n.semiSync),
		"rpl_semi_sync_source_timeout":                int64(10000),
		"rpl_semi_sync_source_wait_for_replica_count": int64(1),
		"rpl_semi_sync_source_wait_no_replica":        onOff(true),
		"rpl_semi_sync_source_wait_point":             "AFTER_SYNC",
		"rpl_semi_sync_replica_enabled":               onOff(n.semiSync),
		"rpl_semi_sync_replica_trace_level":           int64(32),
		"rpl_semi_sync_source_trace_level":            int64(32),
	}
}

func (n *node) mariaDBVariables(tick int64) map[string]any {
	executed := n.fleet.gtidPos(n.executedSet(tick))
	replicated := ""
	if n.hasSource {
		replicated = executed
	}
	return map[string]any{
		"performance_schema": onOff(false),
		"gtid_current_pos":   executed, "gtid_binlog_pos": executed, "gtid_binlog_state": executed,
		"gtid_slave_pos": replicated, "gtid_strict_mode": onOff(true), "gtid_domain_id": int64(0),
		"slave_net_timeout":            int64(n.fleet.options.NetTimeout.Seconds()),
		"rpl_semi_sync_master_enabled": onOff(n.semiSync), "rpl_semi_sync_master_timeout": int64(10000),
		"rpl_semi_sync_master_wait_no_slave": onOff(true), "rpl_semi_sync_master_wait_point": "AFTER_COMMIT",
		"rpl_semi_sync_slave_enabled": onOff(n.semiSync),
	}
}

// status gives the status variables that the server has.
func (n *node) status() map[string]any {
	source, replica, clients := "Rpl_semi_sync_source_status", "Rpl_semi_sync_replica_status", "Rpl_semi_sync_source_clients"
	if n.mariaDB {
		source, replica, clients = "Rpl_semi_sync_master_status", "Rpl_semi_sync_slave_status", "Rpl_semi_sync_master_clients"
	}
	acknowledging := int64(0)
	for _, r := range n.connected() {
		if r.enabled(replicaSwitches) {
			acknowledging++
		}
	}
	return map[string]any{
		"Uptime":            int64(86400),
		source:              onOff(n.enabled(sourceSwitches)),
		clients:             acknowledging,
		replica:             onOff(n.enabled(replicaSwitches) && n.link() == linkUp),
		"Threads_connected": n.connections.Load(),
	}
}

// The variables that switch semi-synchronous replication on.
var (
	sourceSwitches  = [2]string{"rpl_semi_sync_source_enabled", "rpl_semi_sync_master_enabled"}
	replicaSwitches = [2]string{"rpl_semi_sync_replica_enabled", "rpl_semi_sync_slave_enabled"}
)

// enabled says how a switch of semi-synchronous replication stands, under whichever name.
func (n *node) enabled(names [2]string) bool {
	for _, name := range names {
		if v, ok := n.settings[name].(onOff); ok {
			return bool(v)
		}
	}
	return n.semiSync
}
