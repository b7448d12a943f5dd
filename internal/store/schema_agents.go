package store

// agentTables describes the agents.
func agentTables() []table {
	return []table{
		{
			name: "host_agent",
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"port", "smallint unsigned", required},
				{"token", "varchar(128)", required},
				{"last_submitted", "timestamp", defaultNow},
				{"last_checked", "timestamp", nullable},
				{"last_seen", "timestamp", nullable},
				{"mysql_port", "smallint unsigned", nullable},
				{"count_mysql_snapshots", "smallint unsigned", required},
			},
			primary: "hostname",
			indexes: []index{
				{name: "last_checked_idx_host_agent", columns: "last_checked"},
				{name: "last_seen_idx_host_agent", columns: "last_seen"},
				{name: "last_submitted_idx_host_agent", columns: "last_submitted"},
				{name: "token_idx_host_agent", columns: "token"},
			},
		},
		{
			name: "agent_seed",
			columns: []column{
				{"agent_seed_id", "int unsigned", autoIncrement},
				{"target_hostname", "varchar(128)", required},
				{"source_hostname", "varchar(128)", required},
				{"start_timestamp", "timestamp", defaultNow},
				{"end_timestamp", "timestamp", defaultNever},
				{"is_complete", "tinyint unsigned", "0"},
				{"is_successful", "tinyint unsigned", "0"},
			},
			primary: "agent_seed_id",
			indexes: []index{
				{name: "is_complete_idx_agent_seed", columns: "is_complete, start_timestamp"},
				{name: "is_successful_idx_agent_seed", columns: "is_successful, start_timestamp"},
				{name: "source_hostname_idx_agent_seed", columns: "source_hostname, is_complete"},
				{name: "start_timestamp_idx_agent_seed", columns: "start_timestamp"},
				{name: "target_hostname_idx_agent_seed", columns: "target_hostname, is_complete"},
			},
		},
		{
			name: "agent_seed_state",
			columns: []column{
				{"agent_seed_state_id", "int unsigned", autoIncrement},
				{"agent_seed_id", "int unsigned", required},
				{"state_timestamp", "timestamp", defaultNow},
				{"state_action", "varchar(127)", required},
				{"error_message", "varchar(255)", required},
			},
			primary: "agent_seed_state_id",
			indexes: []index{
				{name: "agent_seed_idx_agent_seed_state", columns: "agent_seed_id, state_timestamp"},
			},
		},
	}
}
