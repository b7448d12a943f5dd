package store

// nodeTables describes the service itself.
func nodeTables() []table {
	return []table{
		{
			name: "active_node",
			columns: []column{
				{"anchor", "tinyint unsigned", required},
				{"hostname", "varchar(128)", required},
				{"token", "varchar(128)", required},
				{"last_seen_active", "timestamp", defaultNow},
				{"first_seen_active", "timestamp", defaultNever},
			},
			primary: "anchor",
		},
		{
			name: "node_health",
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"token", "varchar(128)", required},
				{"last_seen_active", "timestamp", defaultNow},
				{"extra_info", "varchar(128) utf8", required},
				{"command", "varchar(128) utf8", required},
				{"app_version", "varchar(64)", defaultEmpty},
				{"first_seen_active", "timestamp", defaultNever},
				{"db_backend", "varchar(255)", defaultEmpty},
				{"incrementing_indicator", "bigint", "0"},
			},
			primary: "hostname, token",
			indexes: []index{
				{name: "last_seen_active_idx", columns: "last_seen_active", suffixed: true},
			},
		},
		{
			name: "node_health_history",
			columns: []column{
				{"history_id", "bigint unsigned", autoIncrement},
				{"hostname", "varchar(128)", required},
				{"token", "varchar(128)", required},
				{"first_seen_active", "timestamp", required},
				{"extra_info", "varchar(128) utf8", required},
				{"command", "varchar(128) utf8", required},
				{"app_version", "varchar(64)", defaultEmpty},
			},
			primary: "history_id",
			indexes: []index{
				{name: "hostname_token_idx_node_health_history", columns: "hostname, token", unique: true},
				{name: "first_seen_active_idx_node_health_history", columns: "first_seen_active"},
			},
		},
		{
			name: "orchestrator_db_deployments",
			columns: []column{
				{"deployed_version", "varchar(128)", required},
				{"deployed_timestamp", "timestamp", required},
			},
			primary: "deployed_version",
		},
		{
			name: "orchestrator_metadata",
			columns: []column{
				{"anchor", "tinyint unsigned", required},
				{"last_deployed_version", "varchar(128)", required},
				{"last_deployed_timestamp", "timestamp", required},
			},
			primary: "anchor",
		},
	}
}
