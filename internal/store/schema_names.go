package store

// nameTables describes names of hosts and clusters.
func nameTables() []table {
	return []table{
		{
			name: "cluster_alias",
			columns: []column{
				{"cluster_name", "varchar(128)", required},
				{"alias", "varchar(128)", required},
				{"last_registered", "timestamp", defaultNow},
			},
			primary: "cluster_name",
			indexes: []index{
				{name: "alias_uidx", columns: "alias", unique: true, suffixed: true},
				{name: "last_registered_idx", columns: "last_registered", suffixed: true},
			},
		},
		{
			name: "cluster_alias_override",
			columns: []column{
				{"cluster_name", "varchar(128)", required},
				{"alias", "varchar(128)", required},
			},
			primary: "cluster_name",
		},
		{
			name: "cluster_domain_name",
			columns: []column{
				{"cluster_name", "varchar(128)", required},
				{"domain_name", "varchar(128)", required},
				{"last_registered", "timestamp", defaultNow},
			},
			primary: "cluster_name",
			indexes: []index{
				{name: "domain_name_idx_cluster_domain_name", columns: "domain_name(32)"},
				{name: "last_registered_idx", columns: "last_registered", suffixed: true},
			},
		},
		{
			name: "hostname_resolve",
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"resolved_hostname", "varchar(128)", required},
				{"resolved_timestamp", "timestamp", defaultNow},
			},
			primary: "hostname",
			indexes: []index{
				{name: "resolved_timestamp_idx_hostname_resolve", columns: "resolved_timestamp"},
			},
		},
		{
			name: "hostname_resolve_history",
			columns: []column{
				{"resolved_hostname", "varchar(128)", required},
				{"hostname", "varchar(128)", required},
				{"resolved_timestamp", "timestamp", defaultNow},
			},
			primary: "resolved_hostname",
			indexes: []index{
				{name: "hostname_idx_hostname_resolve_history", columns: "hostname"},
				{name: "resolved_timestamp_idx_hostname_resolve_history", columns: "resolved_timestamp"},
			},
		},
		{
			name: "hostname_unresolve",
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"unresolved_hostname", "varchar(128)", required},
				{"last_registered", "timestamp", defaultNow},
			},
			primary: "hostname",
			indexes: []index{
				{name: "last_registered_idx", columns: "last_registered", suffixed: true},
				{name: "unresolved_hostname_idx_hostname_unresolve", columns: "unresolved_hostname"},
			},
		},
		{
			name: "hostname_unresolve_history",
			columns: []column{
				{"unresolved_hostname", "varchar(128)", required},
				{"hostname", "varchar(128)", required},
				{"last_registered", "timestamp", defaultNow},
			},
			primary: "unresolved_hostname",
			indexes: []index{
				{name: "hostname_idx_hostname_unresolve_history", columns: "hostname"},
				{name: "last_registered_idx_hostname_unresolve_history", columns: "last_registered"},
			},
		},
		{
			name: "hostname_ips",
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"ipv4", "varchar(128)", required},
				{"ipv6", "varchar(128)", required},
				{"last_updated", "timestamp", defaultNow},
			},
			primary: "hostname",
		},
		{
			name: "host_attributes",
			columns: []column{
				{"hostname", "varchar(128)", required},
				{"attribute_name", "varchar(128)", required},
				{"attribute_value", "varchar(128)", required},
				{"submit_timestamp", "timestamp", defaultNow},
				{"expire_timestamp", "timestamp", nullable},
			},
			primary: "hostname, attribute_name",
			indexes: []index{
				{name: "attribute_name_idx_host_attributes", columns: "attribute_name"},
				{name: "attribute_value_idx_host_attributes", columns: "attribute_value"},
				{name: "expire_timestamp_idx_host_attributes", columns: "expire_timestamp"},
				{name: "submit_timestamp_idx_host_attributes", columns: "submit_timestamp"},
			},
		},
	}
}
