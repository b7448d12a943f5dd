package failover

import (
	"time"

	"orchestrator/internal/topology"
)

// Policy is what an administrator wants of a promotion. The zero Policy promotes the most advanced server and opens
// it for writing only if ApplyPromotion is set.
type Policy struct {
	// Ignored says whether a server may never be promoted (PromotionIgnoreHostnameFilters); nil ignores none.
	Ignored func(topology.Key) bool

	PreventCrossDataCenter bool // PreventCrossDataCenterMasterFailover
	PreventCrossRegion     bool // PreventCrossRegionMasterFailover

	// FailOnLag refuses a server that lags as much or more, or whose lag is unknown; 0 is no limit
	// (FailMasterPromotionOnLagMinutes).
	FailOnLag time.Duration
	// FailIfNotApplied refuses a server that has not applied all that it received
	// (FailMasterPromotionIfSQLThreadNotUpToDate).
	FailIfNotApplied bool

	ApplyPromotion bool // ApplyMySQLPromotionAfterMasterFailover
	SuperReadOnly  bool // UseSuperReadOnly
	DetachLost     bool // DetachLostReplicasAfterMasterFailover
	DetachPromoted bool // MasterFailoverDetachReplicaMasterHost

	Replication topology.ReplicationRules

	// ApplyPatience is how long the applier of the successor may stand still before waiting for it is given up
	// (ReasonableReplicationLagSeconds).
	ApplyPatience time.Duration
}

func (p *Policy) ignored(k topology.Key) bool { return p.Ignored != nil && p.Ignored(k) }
