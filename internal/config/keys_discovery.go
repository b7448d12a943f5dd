package config

// Keys of finding, naming and classifying servers.

func keysDiscovery() []Key {
	return []Key{
		{Name: "DiscoverySeeds", Default: []string{}, Reload: Restart,
			Meaning: "`host[:port]` list, written once at start as servers to discover, unless they are known."},
		{Name: "DiscoverByShowSlaveHosts", Default: false, Reload: Live, Alias: "DiscoverByShowReplicas",
			Meaning: `Find replicas by SHOW REPLICAS (SHOW SLAVE HOSTS) first; when that finds none, by the process list.`},
		{Name: "InstancePollSeconds", Default: 5, Reload: Partly, Range: raisedTo(1),
			Meaning: `Target interval between probes of one instance. Timers built at start keep the old value; tests of staleness use the new one.`},
		{Name: "ReasonableInstanceCheckSeconds", Default: 1, Reload: Live,
			Meaning: `Extra time a probe may take before the last check no longer counts as valid.`},
		{Name: "DiscoveryMaxConcurrency", Default: 300, Reload: Restart,
			Meaning: `Number of discovery workers.`},
		{Name: "DiscoveryQueueCapacity", Default: 100000, Reload: Restart, Status: Settled,
			Settled: "each server is asked on a schedule of its own, and there is no queue that could be full",
			Meaning: `Buffer of discovery queue; a full queue blocks producers.`},
		{Name: "DiscoveryQueueMaxStatisticsSize", Default: 120, Reload: Live, Range: atLeast(0),
			Meaning: `How many per-second queue samples are kept.`},
		{Name: "DiscoveryCollectionRetentionSeconds", Default: 120, Reload: Live,
			Meaning: `How long discovery metrics are kept.`},
		{Name: "DeadInstancePollSecondsMultiplyFactor", Default: 1, Reload: Live,
			Meaning: "Back-off factor (at least 1) for instances that cannot be connected to: the n-th delay is factor^n × `InstancePollSeconds`."},
		{Name: "DeadInstancePollSecondsMax", Default: 300, Reload: Live,
			Meaning: "Longest back-off delay; must be at least `InstancePollSeconds`."},
		{Name: "DeadInstanceDiscoveryMaxConcurrency", Default: 0, Reload: Restart,
			Meaning: `Above 0: a separate queue with this many workers for dead instances; 0: they share the normal queue.`},
		{Name: "DeadInstanceDiscoveryLogsEnabled", Default: false, Reload: Live,
			Meaning: `Debug logs for the back-off logic.`},
		{Name: "UnseenInstanceForgetHours", Default: 240, Reload: Live,
			Meaning: `Forget instances (and cluster aliases, position equivalences, analysis changelog) not seen for this long.`},
		{Name: "SnapshotTopologiesIntervalHours", Default: 0, Reload: Restart,
			Meaning: `Interval of topology snapshots into history table; 0 = off.`},
		{Name: "InstanceBulkOperationsWaitTimeoutSeconds", Default: 10, Reload: Live, Status: Settled,
			Settled: "receivers are stopped and appliers go on, so that nothing waits for replicas to stop before a successor is chosen",
			Meaning: `Longest wait for one instance to stop nicely during bulk operations (regroup, failover).`},
		{Name: "SkipMaxScaleCheck", Default: true, Reload: Live,
			Meaning: `Do not test whether a server is a MaxScale binlog server.`},
		{Name: "ReplicationLagQuery", Default: "", Reload: Live,
			Meaning: `Query returning the lag in seconds (one row, one column), used instead of Seconds_Behind; on an error that is used; negative counts as 0.`},
		{Name: "SlaveLagQuery", Default: "", Reload: Live, Status: Legacy, Instead: "ReplicationLagQuery",
			Meaning: "Old name of `ReplicationLagQuery`. It is an error to give both with different values; it is empty again once the file is read."},
		{Name: "DiscoveryIgnoreReplicaHostnameFilters", Default: []string{}, Reload: Live,
			Meaning: "Regular expressions on `host:port`, or literal IP addresses: matching replicas are not discovered by themselves."},
		{Name: "DiscoveryIgnoreMasterHostnameFilters", Default: []string(nil), Reload: Live, Alias: "DiscoveryIgnoreSourceHostnameFilters",
			Meaning: `Same for sources.`},
		{Name: "DiscoveryIgnoreHostnameFilters", Default: []string(nil), Reload: Live,
			Meaning: `Same for any server: it is never discovered.`},
		{Name: "DiscoveryIgnoreReplicationUsernameFilters", Default: []string{}, Reload: Live,
			Meaning: `Regular expressions on the replication user: instances that replicate with it are skipped, and so are replicas reported with it.`},
		{Name: "EnableDiscoveryFiltersLogs", Default: true, Reload: Live,
			Meaning: `Log when the filter on the replication user skips something.`},
	}
}

func keysHostnames() []Key {
	return []Key{
		{Name: "HostnameResolveMethod", Default: "default", Reload: Live, OneOf: []string{"", "none", "default", "cname", "ip"}, Otherwise: "names are left as they are",
			Meaning: "How names are normalised: `default` and `none` leave them as they are (`none` also keeps no resolve cache in the backend), `cname` (DNS CNAME), `ip` (first address found, IPv4 preferred)."},
		{Name: "MySQLHostnameResolveMethod", Default: "@@hostname", Reload: Live, OneOf: []string{"", "none", "default", "hostname", "@@hostname", "report_host", "@@report_host"}, Otherwise: "the server is not asked for its name",
			Meaning: "Which name of itself is asked of the server: `@@hostname` (also `default`, `hostname`), `@@report_host` (also `report_host`; empty there is a discovery error), `none` or empty = do not ask."},
		{Name: "SkipBinlogServerUnresolveCheck", Default: true, Reload: Live,
			Meaning: `Do not ask of binlog servers that the name by which replicas shall be pointed at them (register-hostname-unresolve) leads to them.`},
		{Name: "ExpiryHostnameResolvesMinutes", Default: 60, Reload: Partly, Range: raisedTo(1),
			Meaning: "How long a resolved name stays in memory. In the backend `hostname_resolve` expires after twice this time, `hostname_unresolve` and `cluster_domain_name` after once. At least 1."},
		{Name: "RejectHostnameResolvePattern", Default: "", Reload: Live,
			Meaning: `Regular expression; a resolved name that matches is rejected (the name is kept as it is).`},
	}
}

func keysClassification() []Key {
	return []Key{
		{Name: "ClusterNameToAlias", Default: map[string]string{}, Reload: Live,
			Meaning: `Map from a regular expression on the cluster name to an alias, for clusters without an alias from a query. A pattern equal to the name goes first, then patterns in alphabetical order. Several files are merged entry by entry.`},
		{Name: "DetectClusterAliasQuery", Default: "", Reload: Live,
			Meaning: `Query for one row and column: the alias of the cluster. Run on instances whose cluster has no alias yet (meant for the primary).`},
		{Name: "DetectClusterDomainQuery", Default: "", Reload: Live,
			Meaning: `Query for one row and column: the VIP or CNAME of the primary. Run on instances with replication depth 0.`},
		{Name: "DetectInstanceAliasQuery", Default: "", Reload: Live,
			Meaning: `Query for one row and column: the alias of the instance.`},
		{Name: "DetectPromotionRuleQuery", Default: "", Reload: Live,
			Meaning: "Query for the promotion rule of the instance: prefer, neutral, prefer_not or must_not (`must` is rejected). It is registered with each probe."},
		{Name: "DataCenterPattern", Default: "", Reload: Live,
			Meaning: `Regular expression with one group on the host name; the group is the data center.`},
		{Name: "RegionPattern", Default: "", Reload: Live,
			Meaning: `Regular expression with one group on the host name; the group is the region.`},
		{Name: "PhysicalEnvironmentPattern", Default: "", Reload: Live,
			Meaning: `Regular expression with one group on the host name; the group is the physical environment.`},
		{Name: "DetectDataCenterQuery", Default: "", Reload: Live,
			Meaning: "Query for the data center; goes before `DataCenterPattern`."},
		{Name: "DetectRegionQuery", Default: "", Reload: Live,
			Meaning: "Query for the region; goes before `RegionPattern`."},
		{Name: "DetectPhysicalEnvironmentQuery", Default: "", Reload: Live,
			Meaning: "Query for the physical environment; goes before `PhysicalEnvironmentPattern`."},
		{Name: "DetectSemiSyncEnforcedQuery", Default: "", Reload: Live,
			Meaning: `Query returning an unsigned integer: the semi-sync priority of the instance (0 = always asynchronous; higher number = higher priority).`},
		{Name: "SupportFuzzyPoolHostnames", Default: true, Reload: Live,
			Meaning: `submit-pool-instances accepts partial host names.`},
		{Name: "InstancePoolExpiryMinutes", Default: 60, Reload: Live,
			Meaning: `Pool membership expires unless resubmitted.`},
		{Name: "CandidateInstanceExpireMinutes", Default: 60, Reload: Live,
			Meaning: `Registered promotion rules expire unless re-registered.`},
	}
}

func keysPseudoGTID() []Key {
	return []Key{
		{Name: "AutoPseudoGTID", Default: false, Reload: Partly,
			Meaning: "Inject pseudo-GTID entries on writable primaries every 5 s, where the managing user may DROP in the schema `_pseudo_gtid_`. Sets `PseudoGTIDPattern`, `PseudoGTIDPatternIsFixedSubstring`, `PseudoGTIDMonotonicHint` and `DetectPseudoGTIDQuery`."},
		{Name: "PseudoGTIDPattern", Default: "", Reload: Live,
			Meaning: `Pattern that finds pseudo-GTID entries; empty = pseudo-GTID operations are refused.`},
		{Name: "PseudoGTIDPatternIsFixedSubstring", Default: false, Reload: Live,
			Meaning: `The pattern is a substring, not a regular expression.`},
		{Name: "PseudoGTIDMonotonicHint", Default: "", Reload: Live,
			Meaning: `Substring that marks entries as monotonic ascending (allows early stop).`},
		{Name: "DetectPseudoGTIDQuery", Default: "", Reload: Live,
			Meaning: `Query whose first cell is 1 when the instance uses pseudo-GTID.`},
		{Name: "BinlogEventsChunkSize", Default: 10000, Reload: Live, Range: atLeast(1),
			Meaning: `How many events one SHOW BINLOG/RELAYLOG EVENTS reads. At least 1.`},
		{Name: "SkipBinlogEventsContaining", Default: []string{}, Reload: Live,
			Meaning: `Substrings; events containing them are ignored in matching.`},
	}
}

func keysMetadata() []Key {
	return []Key{
		{Name: "MetaDBHost", Default: "", Reload: Live,
			Meaning: "Host of a metadata database (CMDB). When given, the classification queries `DetectDataCenterQuery`, `DetectClusterDomainQuery` and `DetectClusterAliasQuery` run there instead of on the instance, with placeholders for its host (`{host}` or `dc_vaild_host_flag`) and port (`{port}` or `dc_vaild_port_flag`). They are asked there once a minute for each server, with the account for managed servers; while it does not answer, what it said last counts. Empty = off."},
		{Name: "MetaDBPort", Default: 3307, Reload: Live, Range: between(1, 65535),
			Meaning: `Port of the metadata database.`},
		{Name: "MetaDBName", Default: "", Reload: Live,
			Meaning: `Schema of the metadata database.`},
		{Name: "SlaveBinLogEnableMaxLagSeconds", Default: 0, Reload: Live, Status: Settled, Alias: "ReplicaBinLogEnableMaxLagSeconds", Range: atLeast(0),
			Settled: "a candidate applies all that it received before it is opened",
			Meaning: "A candidate whose lag is above `ReasonableReplicationLagSeconds` and below this is promoted without waiting, and the missing binary log is applied to it; 0 = off."},
	}
}
