package store

// declaredTables describes what people and recoveries declared.
func declaredTables() []table {
	return []table{
		{
			name: "candidate_database_instance",
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"port", "smallint unsigned", required},
				{"last_suggested", "timestamp", defaultNow},
				{"priority", "tinyint", "1"},
				{"promotion_rule", "enum('must','prefer','neutral','prefer_not','must_not')", "'neutral'"},
			},
			primary: "hostname, port",
			indexes: []index{
				{name: "last_suggested_idx_candidate_database_instance", columns: "last_suggested"},
			},
		},
		{
			name: "database_instance_downtime",
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"port", "smallint unsigned", required},
				{"downtime_active", "tinyint", nullable},
				{"begin_timestamp", "timestamp", nullableNow},
				{"end_timestamp", "timestamp", nullable},
				{"owner", "varchar(128) utf8", required},
				{"reason", "text utf8", required},
			},
			primary: "hostname, port",
			indexes: []index{
				{name: "end_timestamp_idx_database_instance_downtime", columns: "end_timestamp"},
			},
		},
		{
			name: "database_instance_maintenance",
			columns: []column{
				{"database_instance_maintenance_id", "int unsigned", autoIncrement},
				{"hostname", "varchar(128)", required},
				{"port", "smallint unsigned", required},
				{"maintenance_active", "tinyint", nullable},
				{"begin_timestamp", "timestamp", nullable},
				{"end_timestamp", "timestamp", nullable},
				{"owner", "varchar(128) utf8", required},
				{"reason", "text utf8", required},
				{"processing_node_hostname", "varchar(128)", required},
				{"processing_node_token", "varchar(128)", required},
				{"explicitly_bounded", "tinyint unsigned", required},
			},
			primary: "database_instance_maintenance_id",
			indexes: []index{
				{name: "maintenance_uidx_database_instance_maintenance", columns: "maintenance_active, hostname, port", unique: true},
				{name: "active_end_timestamp_idx", columns: "maintenance_active, end_timestamp", suffixed: true},
				{name: "active_timestamp_idx", columns: "maintenance_active, begin_timestamp", suffixed: true},
			},
		},
		{
			name: "database_instance_pool",
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"port", "smallint unsigned", required},
				{"pool", "varchar(128)", required},
				{"registered_at", "timestamp", defaultNever},
			},
			primary: "hostname, port, pool",
			indexes: []index{
				{name: "pool_idx_database_instance_pool", columns: "pool"},
			},
		},
		{
			name: "database_instance_tags",
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"port", "smallint unsigned", required},
				{"tag_name", "varchar(128) utf8", required},
				{"tag_value", "varchar(128) utf8", required},
				{"last_updated", "timestamp", defaultNow},
			},
			primary: "hostname, port, tag_name",
			indexes: []index{
				{name: "tag_name_idx_database_instance_tags", columns: "tag_name"},
			},
		},
		{
			name: "global_recovery_disable",
			columns: []column{
				{"disable_recovery", "tinyint unsigned", required},
			},
			primary: "disable_recovery",
		},
		{
			name: "access_token",
			columns: []column{
				{"access_token_id", "bigint unsigned", autoIncrement},
				{"public_token", "varchar(128)", required},
				{"secret_token", "varchar(128)", required},
				{"generated_at", "timestamp", defaultNow},
				{"generated_by", "varchar(128) utf8", required},
				{"is_acquired", "tinyint unsigned", "0"},
				{"is_reentrant", "tinyint unsigned", "0"},
				{"acquired_at", "timestamp", defaultNever},
			},
			primary: "access_token_id",
			indexes: []index{
				{name: "public_token_uidx_access_token", columns: "public_token", unique: true},
				{name: "generated_at_idx_access_token", columns: "generated_at"},
			},
		},
	}
}
