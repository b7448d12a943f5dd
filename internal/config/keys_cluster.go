package config

// Keys of the neighbours: raft, key-value stores, audit, Graphite, agents.

func keysRaft() []Key {
	return []Key{
		{Name: "RaftEnabled", Default: false, Reload: Restart,
			Meaning: "Run several nodes as a raft group, each with a backend of its own. Commands that act directly on the backend are then refused (unless `--ignore-raft-setup`)."},
		{Name: "RaftBind", Default: "127.0.0.1:10008", Reload: Restart,
			Meaning: "`host[:port]` to listen on for the other nodes; `[::1]:10008` for IPv6. Must not be empty."},
		{Name: "RaftAdvertise", Default: "", Reload: Restart,
			Meaning: "Address announced to the other nodes; default: `RaftBind`. A host name is resolved by the others at each connection, so a node may change its IP address."},
		{Name: "RaftDataDir", Default: "", Reload: Restart,
			Meaning: `Required with raft. Holds who this node is, the raft log and snapshots. Each node needs a directory of its own.`},
		{Name: "DefaultRaftPort", Default: 10008, Reload: Restart, Range: between(0, 65535),
			Meaning: `Port for raft nodes given without one.`},
		{Name: "RaftNodes", Default: []string{}, Reload: Live,
			Meaning: `The members that form the group, this node included. Empty, or this node alone = single node mode. Once the group is formed it keeps its members itself (raft-add-peer, raft-remove-peer, raft-replace-peer); a new node that the leader's list names is taken in by itself.`},
		{Name: "RaftWitness", Default: false, Reload: Restart,
			Meaning: `This node votes and never leads: the third vote of a site with two nodes. It needs no access to the managed servers.`},
		{Name: "RaftElectionTimeoutMilliseconds", Default: 500, Reload: Restart, Range: between(100, 30000),
			Meaning: `When the others have heard nothing of the leader for this long, they elect another one. Raise it where nodes are far apart: it must be many times the round trip between them.`},
		{Name: "RaftClusterSecret", Default: "", Reload: Restart, Secret: true,
			Meaning: `What all nodes of the group know and nobody else: connections to the raft port without it are refused. The same on all nodes. It encrypts nothing; for that, give certificates.`},
		{Name: "RaftSSLCertFile", Default: "", Reload: Restart,
			Meaning: "PEM certificate of this node for the raft port. With it, nodes talk TLS and show each other their certificates. It must name the host of `RaftAdvertise`."},
		{Name: "RaftSSLPrivateKeyFile", Default: "", Reload: Restart,
			Meaning: `PEM key of that certificate.`},
		{Name: "RaftSSLCAFile", Default: "", Reload: Restart,
			Meaning: `CA bundle that the certificates of all raft nodes must be signed by; required with a certificate.`},
	}
}

func keysKV() []Key {
	return []Key{
		{Name: "KVClusterMasterPrefix", Default: "mysql/master", Reload: Live, Alias: "KVClusterPrimaryPrefix",
			Meaning: "Prefix of the keys that name each cluster's primary. Normalised to end in one `/`."},
		{Name: "ConsulAddress", Default: "", Reload: Restart,
			Meaning: "Consul HTTP `host:port`; empty = no Consul."},
		{Name: "ConsulScheme", Default: "http", Reload: Restart, OneOf: []string{"http", "https"}, Otherwise: "Consul cannot be reached",
			Meaning: "`http` or `https`. The certificate is checked with `SSLCAFile`, or else the system's authorities, unless `SSLSkipVerify` says not to."},
		{Name: "ConsulAclToken", Default: "", Reload: Restart, Secret: true,
			Meaning: `Consul ACL token.`},
		{Name: "ConsulCrossDataCenterDistribution", Default: false, Reload: Live,
			Meaning: `The leader writes the keys to all Consul data centers, and not to that of the agent alone.`},
		{Name: "ConsulKVStoreProvider", Default: "consul", Reload: Restart, OneOf: []string{"consul", "consul-txn", "consul_txn"}, Otherwise: "consul",
			Meaning: "`consul` or `consul-txn`/`consul_txn`. Both write the keys of a cluster in one transaction (Consul 0.7 or newer)."},
		{Name: "ConsulMaxKVsPerTransaction", Default: 5, Reload: Live,
			Meaning: `Most keys in one consul-txn batch; brought into 5 to 64. The keys of one cluster are always one transaction, and those of two never are.`},
		{Name: "ZkAddress", Default: "", Reload: Restart,
			Meaning: "ZooKeeper `srv1[:port][,srv2…]`, default port 2181; empty = no ZooKeeper. No authentication."},
		{Name: "EtcdAddress", Default: "", Reload: Restart,
			Meaning: "etcd 3 `host[:port]` or URLs of its members, comma separated, default port 2379; empty = no etcd. https is checked like that of Consul."},
		{Name: "EtcdUser", Default: "", Reload: Restart,
			Meaning: "etcd user; empty = none."},
		{Name: "EtcdPassword", Default: "", Reload: Restart, Secret: true,
			Meaning: `Password of the etcd user.`},
	}
}

func keysAudit() []Key {
	return []Key{
		{Name: "AuditLogFile", Default: "", Reload: Live,
			Meaning: `Tab-separated audit file; empty = off.`},
		{Name: "AuditToSyslog", Default: false, Reload: Restart,
			Meaning: `Audit to syslog.`},
		{Name: "AuditToBackendDB", Default: false, Reload: Live,
			Meaning: "Audit to the table `audit`."},
		{Name: "AuditPurgeDays", Default: 7, Reload: Live,
			Meaning: `Audit, detection, recovery and recovery-step rows older than this are removed.`},
	}
}

func keysGraphite() []Key {
	return []Key{
		{Name: "GraphiteAddr", Default: "", Reload: Restart,
			Meaning: "`host:port`; empty = off."},
		{Name: "GraphitePath", Default: "", Reload: Restart,
			Meaning: "Prefix; `{hostname}` is a placeholder. Empty with `GraphiteAddr` given: Graphite stays off, with a warning."},
		{Name: "GraphiteConvertHostnameDotsToUnderscores", Default: true, Reload: Restart,
			Meaning: "Dots of host name become `_`."},
		{Name: "GraphitePollSeconds", Default: 60, Reload: Restart,
			Meaning: `Interval between pushes; 0 or less switches Graphite off.`},
	}
}

func keysAgents() []Key {
	return []Key{
		{Name: "ServeAgentsHttp", Default: false, Reload: Restart, Status: Planned,
			Meaning: `Start a second listener for orchestrator-agent, and poll agents.`},
		{Name: "AgentsServerPort", Default: ":3001", Reload: Restart, Status: Planned,
			Meaning: "Address (`host:port` or `:port`) of that listener."},
		{Name: "AgentsUseSSL", Default: false, Reload: Restart, Status: Planned,
			Meaning: `TLS for the agent listener and for calls to agents.`},
		{Name: "AgentsUseMutualTLS", Default: false, Reload: Restart, Status: Planned,
			Meaning: `Ask agents for a client certificate and test its OrganizationalUnit.`},
		{Name: "AgentSSLSkipVerify", Default: false, Reload: Restart, Status: Planned,
			Meaning: `Do not verify the certificates of agents.`},
		{Name: "AgentSSLPrivateKeyFile", Default: "", Reload: Restart, Status: Planned,
			Meaning: `PEM key of the agent listener.`},
		{Name: "AgentSSLCertFile", Default: "", Reload: Restart, Status: Planned,
			Meaning: `PEM certificate of the agent listener.`},
		{Name: "AgentSSLCAFile", Default: "", Reload: Restart, Status: Planned,
			Meaning: `CA bundle for the certificates of agents.`},
		{Name: "AgentSSLValidOUs", Default: []string{}, Reload: Restart, Status: Planned,
			Meaning: `Accepted OrganizationalUnit values of the certificates of agents.`},
		{Name: "AgentPollMinutes", Default: 60, Reload: Live, Status: Planned,
			Meaning: `Interval between polls of an agent.`},
		{Name: "UnseenAgentForgetHours", Default: 6, Reload: Live,
			Meaning: `Forget agents that have been silent for this long.`},
		{Name: "StaleSeedFailMinutes", Default: 60, Reload: Live,
			Meaning: `Fail seeds that make no progress for this long.`},
		{Name: "SeedAcceptableBytesDiff", Default: 8192, Reload: Restart, Status: Dead,
			Meaning: `Has no effect.`},
		{Name: "SeedWaitSecondsBeforeSend", Default: 2, Reload: Live, Status: Planned, Range: raisedTo(0),
			Meaning: `Wait between "the target listens" and "the source sends".`},
	}
}
