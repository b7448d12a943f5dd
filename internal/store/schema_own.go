package store

// ownTables describes the tables that the original does not have.
func ownTables() []table {
	return []table{
		{
			// What was observed of a server beyond the columns of database_instance, as JSON.
			name: "database_instance_extra",
			own:  true,
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"port", "smallint unsigned", required},
				{"fingerprint", "varchar(32)", required}, // of the database_instance row that the details belong to
				{"details", "mediumtext utf8", required},
				{"last_updated", "timestamp", defaultNow},
			},
			primary: "hostname, port",
		},
		{
			// How far the log of the nodes has been applied to these tables. One row.
			name: "replicated_log",
			own:  true,
			columns: []column{
				{"log_id", "varchar(64)", required},
				{"applied_index", "bigint unsigned", "0"},
				{"last_updated", "timestamp", defaultNow},
			},
			primary: "log_id",
		},
		{
			// What only one process may do at a time changes its row first.
			name: "one_at_a_time",
			own:  true,
			columns: []column{
				{"what", "varchar(64)", required},
				{"times", "bigint unsigned", "0"},
			},
			primary: "what",
		},
		{
			// How far a recovery has come, for the node that has to carry on.
			name: "recovery_journal",
			own:  true,
			columns: []column{
				{"recovery_uid", "varchar(128)", required},
				{"cluster_name", "varchar(128)", required},
				{"step", "int unsigned", "0"},
				{"state", "mediumtext utf8", required},
				{"is_open", "tinyint unsigned", "1"},
				{"last_updated", "timestamp", defaultNow},
			},
			primary: "recovery_uid",
			indexes: []index{
				{name: "is_open_idx_recovery_journal", columns: "is_open"},
			},
		},
		{
			// Clusters in which automatic recoveries are switched off for a while.
			name: "cluster_recovery_disable",
			own:  true,
			columns: []column{
				{"cluster_name", "varchar(128)", required},
				{"owner", "varchar(128) utf8", required},
				{"reason", "text utf8", required},
				{"begin_timestamp", "timestamp", defaultNow},
				{"end_timestamp", "timestamp", nullable},
			},
			primary: "cluster_name",
		},
		{
			// What applications are told of each cluster. The entries of kv_store are made with it.
			name: "published_primary",
			own:  true,
			columns: []column{
				{"alias", "varchar(128)", required},
				{"hostname", "varchar(128)", required},
				{"port", "smallint unsigned", required},
				{"pairs", "text utf8", required}, // JSON
				{"revision", "bigint", required},
				{"decided_ms", "bigint", required}, // since 1970
				{"recovery_began", "timestamp", nullable},
			},
			primary: "alias",
		},
		{
			// Who asked for what the audit has, which node noted it, and what it is part of.
			name: "audit_author",
			own:  true,
			columns: []column{
				{"audit_id", "bigint unsigned", required},
				{"audit_timestamp", "timestamp", defaultNow},
				{"person", "varchar(128) utf8", required},
				{"node", "varchar(128)", required},
				{"plan_id", "varchar(64)", nullable},
				{"recovery_uid", "varchar(128)", nullable},
			},
			primary: "audit_id",
			indexes: []index{
				{name: "audit_timestamp_idx_audit_author", columns: "audit_timestamp"},
			},
		},
		{
			// How many transactions only the primary held that a recovery has replaced.
			name: "recovery_loss",
			own:  true,
			columns: []column{
				{"recovery_uid", "varchar(128)", required},
				{"transactions", "bigint unsigned", required},
				{"basis", "text utf8", required},
				{"found_timestamp", "timestamp", defaultNow},
			},
			primary: "recovery_uid",
		},
		{
			// What held back the recovery that a detection calls for, as it was found last.
			name: "detection_hold",
			own:  true,
			columns: []column{
				{"detection_id", "bigint unsigned", required},
				{"rule", "varchar(64)", required},
				{"reason", "text utf8", required},
				{"setting", "varchar(128)", required},
				{"until_timestamp", "timestamp", nullable},
				{"noted_timestamp", "timestamp", defaultNow},
			},
			primary: "detection_id",
		},
		{
			// Errant transactions of which somebody has said that they may stay.
			name: "accepted_errant",
			own:  true,
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"port", "smallint unsigned", required},
				{"gtid_set", "mediumtext utf8", required},
				{"owner", "varchar(128) utf8", required},
				{"reason", "text utf8", required},
				{"begin_timestamp", "timestamp", defaultNow},
			},
			primary: "hostname, port",
		},
		{
			// What each process that shares this backend says of itself and of the servers, for the others.
			name: "node_report",
			own:  true,
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"token", "varchar(128)", required},
				{"reported_timestamp", "timestamp", defaultNow},
				{"app_version", "varchar(64)", defaultEmpty},
				{"report", "mediumtext utf8", required}, // JSON
				{"config", "mediumtext utf8", nullable}, // JSON, without secrets
			},
			primary: "hostname, token",
		},
		{
			// Servers that were struck on purpose, and what came of it.
			name: "game_day",
			own:  true,
			columns: []column{
				{"game_day_id", "varchar(190)", required},
				{"begin_timestamp", "timestamp", defaultNow},
				{"record", "mediumtext utf8", required}, // JSON
			},
			primary: "game_day_id",
			indexes: []index{
				{name: "begin_timestamp_idx_game_day", columns: "begin_timestamp"},
			},
		},
	}
}
