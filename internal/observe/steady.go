package observe

import (
	"slices"

	"orchestrator/internal/topology"
)

// placement is what decides where a server stands in the graph and what its cluster is called.
type placement struct {
	key, source      topology.Key
	uuid, sourceUUID string
	group            string
	state, role      string
	primary          topology.Key
}

func placing(i *topology.Instance) placement {
	return placement{
		key: i.Key, source: i.Channel.Source,
		uuid: i.ServerUUID, sourceUUID: i.Channel.SourceUUID,
		group: i.Group.Name, state: i.Group.MemberState, role: i.Group.MemberRole, primary: i.Group.Primary,
	}
}

// steadyFacts are the facts about a server that do not change with every transaction and every probe. When one of
// them changes, subscribers hear of it.
type steadyFacts struct {
	alias                    string
	valid, partial, hung     bool
	everSeen                 bool
	err                      string
	serverID                 uint32
	version                  string
	readOnly, superReadOnly  bool
	offline                  bool
	binlogFormat, rowImage   string
	logBin, logUpdates       bool
	gtidMode                 string
	errant, purged           string
	accepted                 *topology.AcceptedErrant
	io, sql                  topology.ThreadState
	ioErrno, sqlErrno        int
	ioError, sqlError        string
	gtid                     topology.GTIDUse
	delay                    int64
	filters                  bool
	lagKnown                 bool
	semiSync                 topology.SemiSync
	cluster, suggested       string
	domain                   string
	depth                    int
	ring                     bool
	dc, region, env          string
	priority                 uint
	rule                     topology.PromotionRule
	downtime                 *topology.Downtime
	maintenance              *topology.Maintenance
	unresolved               string
	hasCredentials, readable bool
	stale                    bool
	snapshots                int
	obstacles                string
}

func steadyOf(i *topology.Instance) steadyFacts {
	return steadyFacts{
		alias: i.Alias, valid: i.LastCheckValid(), partial: i.Check.PartialSuccess, hung: i.Check.Hung,
		everSeen: !i.Check.Seen.IsZero(), err: i.Check.Err, serverID: i.ServerID, version: i.Version,
		readOnly: i.ReadOnly, superReadOnly: i.SuperReadOnly, offline: i.OfflineMode, binlogFormat: i.BinlogFormat,
		rowImage: i.BinlogRowImage, logBin: i.LogBin, logUpdates: i.LogReplicaUpdates, gtidMode: i.GTIDMode,
		errant: i.ErrantSet, accepted: i.Accepted, purged: i.PurgedSet, io: i.Channel.IOThread, sql: i.Channel.SQLThread,
		ioErrno: i.Channel.LastIOErrno, sqlErrno: i.Channel.LastSQLErrno, ioError: i.Channel.LastIOError,
		sqlError: i.Channel.LastSQLError, gtid: i.Channel.GTID, delay: i.Channel.SQLDelay, filters: i.Channel.HasFilters,
		lagKnown: i.Lag.Known, semiSync: i.SemiSync, cluster: i.ClusterName, suggested: i.SuggestedClusterAlias,
		domain: i.ClusterDomain, depth: i.Depth, ring: i.IsCoPrimary, dc: i.DataCenter, region: i.Region,
		env: i.PhysicalEnvironment, priority: i.SemiSyncPriority, rule: i.PromotionRule, downtime: i.Downtime,
		maintenance: i.Maintenance, unresolved: i.UnresolvedHostname, hasCredentials: i.HasCredentials,
		readable: i.CredentialsAvailable, stale: !i.StaleSince.IsZero(), snapshots: i.Snapshots,
		obstacles: obstacles(i.Troubles),
	}
}

// sameSteady says whether nothing changed but figures that run all the time.
func sameSteady(a, b *topology.Instance) bool {
	return steadyOf(a) == steadyOf(b) && slices.Equal(a.Tags, b.Tags) && len(a.Others) == len(b.Others)
}
