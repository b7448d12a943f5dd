package config

// Keys of moving replicas, detection, recovery and hooks.

func keysRefactoring() []Key {
	return []Key{
		{Name: "VerifyReplicationFilters", Default: false, Reload: Live,
			Meaning: `Refuse to replicate from a source that has replication filters when the replica has none.`},
		{Name: "ReasonableReplicationLagSeconds", Default: 10, Reload: Live, Range: atLeast(0),
			Meaning: `A replica with more lag than this counts as lagging (list of problems, analysis, waits for the SQL thread, default of the semi-sync lock time).`},
		{Name: "ReasonableMaintenanceReplicationLagSeconds", Default: 20, Reload: Live, Range: atLeast(0),
			Meaning: `With more lag than this move-up, move-below and graceful takeover are refused; also the longest wait for catching up in a graceful takeover, and the bound on SQL_Delay.`},
		{Name: "LowerReplicaVersionAllowed", Default: false, Reload: Live,
			Meaning: `Allow a replica of a lower major version than its source (a warning instead of a refusal).`},
		{Name: "MaxConcurrentReplicaOperations", Default: 5, Reload: Live, Range: atLeast(1),
			Meaning: `How many replicas are moved at the same time when many are moved by GTID. At least 1.`},
		{Name: "OSCIgnoreHostnameFilters", Default: []string{}, Reload: Live,
			Meaning: "Regular expressions on `host:port`, or literal IP addresses: matching replicas are not proposed as control replicas for online schema changes."},
		{Name: "PostTakeMasterProcesses", Default: []string{}, Reload: Live, Status: Planned, Alias: "PostTakeSourceProcesses",
			Meaning: `Hooks after a successful take-master (also when called inside a failover). They have a calling convention of their own.`},
	}
}

func keysDetection() []Key {
	return []Key{
		{Name: "ReduceReplicationAnalysisCount", Default: true, Reload: Live,
			Meaning: `Leave instances of no interest (leaves without a problem) out of the analysis.`},
		{Name: "FailureDetectionPeriodBlockMinutes", Default: 60, Reload: Live, Range: atLeast(0),
			Meaning: `A detection stays active for this long; meanwhile the same detection on the same instance does not run the hooks again.`},
		{Name: "OnFailureDetectionProcesses", Default: []string{}, Reload: Live,
			Meaning: `Hooks on detection; when a synchronous hook fails, this round of recovery is given up.`},
		{Name: "ExpectFailureAnalysisConcensus", Default: true, Reload: Live,
			Meaning: `With three or more raft nodes that vote: a failure is recovered automatically only when most of the nodes that can see the replicas find it too. The spelling is part of the name.`},
		{Name: "RecoveryIgnoreHostnameFilters", Default: []string{}, Reload: Live,
			Meaning: `Regular expressions on the host name (without port); matching instances are left out of the analysis altogether.`},
		{Name: "ReasonableLockedSemiSyncMasterSeconds", Default: 0, Reload: Live, Alias: "ReasonableLockedSemiSyncSourceSeconds",
			Meaning: "How long the binary log position must not have moved before LockedSemiSyncMaster; 0 → `ReasonableReplicationLagSeconds` (taken when loaded; a later reload of that key does not change it)."},
	}
}

func keysRecovery() []Key {
	return []Key{
		{Name: "RecoverMasterClusterFilters", Default: []string{}, Reload: Live, Alias: "RecoverPrimaryClusterFilters",
			Meaning: "Clusters whose primary (or co-primary) is replaced automatically when it fails; empty = automatic recovery is off. An entry is `*` (all), a cluster name or alias, `alias=NAME`, `alias~=REGEX`, or a regular expression on the cluster name `host:port`."},
		{Name: "RecoverIntermediateMasterClusterFilters", Default: []string{}, Reload: Live, Alias: "RecoverIntermediateSourceClusterFilters",
			Meaning: "Clusters whose intermediate sources and group members are recovered automatically; same syntax as `RecoverMasterClusterFilters`."},
		{Name: "RecoveryPeriodBlockSeconds", Default: 3600, Reload: Live, Range: raisedTo(0),
			Meaning: `Anti-flapping: after a recovery of a cluster no further automatic recovery of it happens for this long.`},
		{Name: "RecoveryPeriodBlockMinutes", Default: 60, Reload: Live, Status: Legacy, Instead: "RecoveryPeriodBlockSeconds", Range: raisedTo(0),
			Meaning: "Old key, used (times 60) only when `RecoveryPeriodBlockSeconds` is given as 0."},
		{Name: "PromotionIgnoreHostnameFilters", Default: []string{}, Reload: Live,
			Meaning: "Regular expressions on `host:port`, or literal IP addresses: never promote a matching instance."},
		{Name: "ApplyMySQLPromotionAfterMasterFailover", Default: true, Reload: Live, Alias: "ApplyMySQLPromotionAfterPrimaryFailover",
			Meaning: `After a promotion reset replication and set read_only=0 on the new primary; try to set read_only=1 on the old one.`},
		{Name: "PreventCrossDataCenterMasterFailover", Default: false, Reload: Live, Alias: "PreventCrossDataCenterPrimaryFailover",
			Meaning: `Cancel the promotion of a server in another data center.`},
		{Name: "PreventCrossRegionMasterFailover", Default: false, Reload: Live, Alias: "PreventCrossRegionPrimaryFailover",
			Meaning: `Cancel the promotion of a server in another region.`},
		{Name: "CoMasterRecoveryMustPromoteOtherCoMaster", Default: true, Reload: Live, Alias: "CoPrimaryRecoveryMustPromoteOtherCoPrimary",
			Meaning: `When a co-primary fails, only the other co-primary may be promoted.`},
		{Name: "DetachLostReplicasAfterMasterFailover", Default: true, Reload: Live, Alias: "DetachLostReplicasAfterPrimaryFailover",
			Meaning: "Detach replicas that were lost in a failover (they get a source host that does not exist, so that they do not come back by themselves). When given it wins over `DetachLostSlavesAfterMasterFailover`."},
		{Name: "DetachLostSlavesAfterMasterFailover", Default: true, Reload: Live, Status: Legacy, Instead: "DetachLostReplicasAfterMasterFailover",
			Meaning: "Old name of `DetachLostReplicasAfterMasterFailover`; counts when that is not given."},
		{Name: "MasterFailoverDetachReplicaMasterHost", Default: false, Reload: Live, Alias: "PrimaryFailoverDetachReplicaSourceHost",
			Meaning: `Detach the promoted server from the old primary (when promotion statements are not applied).`},
		{Name: "MasterFailoverDetachSlaveMasterHost", Default: false, Reload: Live, Status: Legacy, Instead: "MasterFailoverDetachReplicaMasterHost",
			Meaning: "Old name of `MasterFailoverDetachReplicaMasterHost`; true here makes that true."},
		{Name: "AutoRejoin", Default: "clean", Reload: Live, OneOf: []string{"clean", "clone", "off"}, Otherwise: "off",
			Meaning: "What becomes of a primary that was replaced and comes back; it is closed for writing in any case. `clean`: it becomes a replica of the new primary if its GTIDs prove that it holds nothing extra, otherwise it stays as it is, and the extra transactions are named and saved as SQL (`ExtraTransactionsDirectory`). `clone`: the same, but one that holds extra transactions, or lacks some that the new primary has purged, is rebuilt from a replica by the clone plugin (MySQL 8.0.17 or newer, active on both), once the extra transactions are saved. **All its data is replaced.** `off`: it stays as it is. A key of this program's own."},
		{Name: "ExtraTransactionsDirectory", Default: "", Reload: Live,
			Meaning: "Where the transactions that only a replaced primary holds are saved as files of SQL, readable by the user of the service alone. Empty: the directory `extra-transactions` beside the SQLite file, or in the working directory where there is none. A key of this program's own."},
		{Name: "ExtraTransactionsMaxMegabytes", Default: 256, Reload: Live, Range: atLeast(1),
			Meaning: "Such a file is cut when it becomes larger than this; it says so at its end, and the server is then not rebuilt by itself. A key of this program's own."},
		{Name: "MasterFailoverLostInstancesDowntimeMinutes", Default: 0, Reload: Live, Alias: "PrimaryFailoverLostInstancesDowntimeMinutes",
			Meaning: `Length of the downtime given to servers lost in a failover; 0 = 365 days, renewed.`},
		{Name: "FailMasterPromotionOnLagMinutes", Default: 0, Reload: Live, Alias: "FailPrimaryPromotionOnLagMinutes",
			Meaning: "When above 0, cancel a promotion if the candidate lags by this much or more. Requires `ReplicationLagQuery`."},
		{Name: "FailMasterPromotionIfSQLThreadNotUpToDate", Default: false, Reload: Live, Alias: "FailPrimaryPromotionIfSQLThreadNotUpToDate",
			Meaning: `Cancel the promotion if the candidate has relay logs that are not applied.`},
		{Name: "DelayMasterPromotionIfSQLThreadNotUpToDate", Default: false, Reload: Live, Alias: "DelayPrimaryPromotionIfSQLThreadNotUpToDate",
			Meaning: "Before the promotion wait until the candidate has applied its relay logs. Not together with `FailMasterPromotionIfSQLThreadNotUpToDate`."},
		{Name: "PostponeReplicaRecoveryOnLagMinutes", Default: 0, Reload: Live,
			Meaning: `When above 0, replicas that are delayed on purpose (SQL_Delay) by more than this are moved after all others when an intermediate source is lost.`},
		{Name: "PostponeSlaveRecoveryOnLagMinutes", Default: 0, Reload: Live, Status: Legacy, Instead: "PostponeReplicaRecoveryOnLagMinutes",
			Meaning: "Old name of `PostponeReplicaRecoveryOnLagMinutes`. It is an error to give both with different values."},
		{Name: "RecoverNonWriteableMaster", Default: false, Reload: Live, Alias: "RecoverNonWritablePrimary",
			Meaning: `Treat a read-only primary with running replicas as a failure and make it writable, unless another server of its cluster may take writes or it was demoted within the last day.`},
		{Name: "RecoverLockedSemiSyncMaster", Default: false, Reload: Live, Alias: "RecoverLockedSemiSyncSource",
			Meaning: `On LockedSemiSyncMaster enable semi-sync on enough replicas.`},
		{Name: "EnforceExactSemiSyncReplicas", Default: false, Reload: Live,
			Meaning: "Enable and disable semi-sync so that exactly as many replicas as the primary waits for have it, by priority; also turns on the analysis MasterWithTooManySemiSyncReplicas. Supersedes `RecoverLockedSemiSyncMaster`."},
	}
}

func keysHooks() []Key {
	return []Key{
		{Name: "ProcessesShellCommand", Default: "bash", Reload: Live,
			Meaning: `Shell that runs the hook commands.`},
		{Name: "PreGracefulTakeoverProcesses", Default: []string{}, Reload: Live,
			Meaning: `Hooks before a graceful takeover touches anything, while writes go on; a failure stops the takeover.`},
		{Name: "PreFailoverProcesses", Default: []string{}, Reload: Live,
			Meaning: `Hooks before any recovery acts; a failure stops the recovery.`},
		{Name: "PostMasterFailoverProcesses", Default: []string{}, Reload: Live, Alias: "PostPrimaryFailoverProcesses",
			Meaning: `Hooks after a successful recovery of a primary or co-primary.`},
		{Name: "PostIntermediateMasterFailoverProcesses", Default: []string{}, Reload: Live, Alias: "PostIntermediateSourceFailoverProcesses",
			Meaning: `Hooks after a successful recovery of an intermediate source or group member.`},
		{Name: "PostFailoverProcesses", Default: []string{}, Reload: Live,
			Meaning: `Hooks after any successful recovery.`},
		{Name: "PostUnsuccessfulFailoverProcesses", Default: []string{}, Reload: Live,
			Meaning: `Hooks after a recovery that found no successor.`},
		{Name: "PostGracefulTakeoverProcesses", Default: []string{}, Reload: Live,
			Meaning: `Hooks at the end of a graceful takeover that made another server the primary.`},
	}
}
