package store

// legacyTables are kept so that the original can open the database as well; nothing here reads or writes them.
func legacyTables() []table {
	return []table{
		{
			name: "async_request",
			columns: []column{
				{"request_id", "bigint unsigned", autoIncrement},
				{"command", "varchar(128)", required},
				{"hostname", "varchar(128)", required},
				{"port", "smallint unsigned", required},
				{"destination_hostname", "varchar(128)", required},
				{"destination_port", "smallint unsigned", required},
				{"pattern", "text utf8", required},
				{"gtid_hint", "varchar(32)", required},
				{"begin_timestamp", "timestamp", nullable},
				{"end_timestamp", "timestamp", nullable},
				{"story", "text utf8", required},
			},
			primary: "request_id",
			indexes: []index{
				{name: "begin_timestamp_idx_async_request", columns: "begin_timestamp"},
				{name: "end_timestamp_idx_async_request", columns: "end_timestamp"},
			},
		},
		{
			name: "database_instance_binlog_files_history",
			columns: []column{
				{"history_id", "bigint unsigned", autoIncrement},
				{"hostname", "varchar(128)", required},
				{"port", "smallint unsigned", required},
				{"binary_log_file", "varchar(128)", required},
				{"binary_log_pos", "bigint unsigned", required},
				{"first_seen", "timestamp", defaultNow},
				{"last_seen", "timestamp", defaultNever},
			},
			primary: "history_id",
			indexes: []index{
				{name: "hostname_port_file_idx_database_instance_binlog_files_history", columns: "hostname, port, binary_log_file", unique: true},
				{name: "last_seen_idx_database_instance_binlog_files_history", columns: "last_seen"},
			},
		},
		{
			name: "database_instance_recent_relaylog_history",
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"port", "smallint unsigned", required},
				{"current_relay_log_file", "varchar(128)", required},
				{"current_relay_log_pos", "bigint unsigned", required},
				{"current_seen", "timestamp", defaultNever},
				{"prev_relay_log_file", "varchar(128)", required},
				{"prev_relay_log_pos", "bigint unsigned", required},
				{"prev_seen", "timestamp", defaultNever},
			},
			primary: "hostname, port",
			indexes: []index{
				{name: "current_seen_idx_database_instance_recent_relaylog_history", columns: "current_seen"},
			},
		},
		{
			name: "database_instance_long_running_queries",
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"port", "smallint unsigned", required},
				{"process_id", "bigint", required},
				{"process_started_at", "timestamp", defaultNow},
				{"process_user", "varchar(16) utf8", required},
				{"process_host", "varchar(128) utf8", required},
				{"process_db", "varchar(128) utf8", required},
				{"process_command", "varchar(16) utf8", required},
				{"process_time_seconds", "int", required},
				{"process_state", "varchar(128) utf8", required},
				{"process_info", "varchar(1024) utf8", required},
			},
			primary: "hostname, port, process_id",
			indexes: []index{
				{name: "process_started_at_idx_database_instance_long_running_queries", columns: "process_started_at"},
			},
		},
		{
			name: "raft_log",
			columns: []column{
				{"log_index", "bigint unsigned", autoIncrement},
				{"term", "bigint", required},
				{"log_type", "int", required},
				{"data", "blob", required},
			},
			primary: "log_index",
		},
		{
			name: "raft_store",
			columns: []column{
				{"store_id", "bigint unsigned", autoIncrement},
				{"store_key", "varbinary(512)", required},
				{"store_value", "blob", required},
			},
			primary: "store_id",
			indexes: []index{
				{name: "store_key_idx_raft_store", columns: "store_key"},
			},
		},
		{
			name: "raft_snapshot",
			columns: []column{
				{"snapshot_id", "bigint unsigned", autoIncrement},
				{"snapshot_name", "varchar(128) utf8", required},
				{"snapshot_meta", "varchar(4096) utf8", required},
				{"created_at", "timestamp", defaultNow},
			},
			primary: "snapshot_id",
			indexes: []index{
				{name: "snapshot_name_uidx_raft_snapshot", columns: "snapshot_name", unique: true},
			},
		},
	}
}
