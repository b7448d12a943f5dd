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

	// Loss is what an automatic failover may lose at most; what a person asks for is not bound by it.
	Loss LossLimit

	ApplyPromotion bool // ApplyMySQLPromotionAfterMasterFailover
	SuperReadOnly  bool // UseSuperReadOnly
	DetachLost     bool // DetachLostReplicasAfterMasterFailover
	DetachPromoted bool // MasterFailoverDetachReplicaMasterHost

	Replication topology.ReplicationRules

	// ApplyPatience is how long the applier of the successor may stand still before waiting for it is given up
	// (ReasonableReplicationLagSeconds).
	ApplyPatience time.Duration

	// MustPromoteOther promotes nobody but the other co-primary when a co-primary is lost; one that takes writes is
	// the only choice in any case (CoMasterRecoveryMustPromoteOtherCoMaster).
	MustPromoteOther bool
	// PostponeDelayed moves replicas that are delayed by more than this after all others; 0 makes no difference
	// (PostponeReplicaRecoveryOnLagMinutes).
	PostponeDelayed time.Duration
	// ExactSemiSync keeps as many semi-sync replicas as the primary waits for, no more and no fewer
	// (EnforceExactSemiSyncReplicas).
	ExactSemiSync bool
	// EnoughSemiSync enables as many more as a locked primary lacks (RecoverLockedSemiSyncMaster).
	EnoughSemiSync bool
	// OpenNonWriteable opens a primary that is read-only (RecoverNonWriteableMaster).
	OpenNonWriteable bool
}

func (p *Policy) ignored(k topology.Key) bool { return p.Ignored != nil && p.Ignored(k) }
