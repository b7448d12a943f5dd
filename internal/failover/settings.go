package failover

import (
	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// PolicyOf is the policy that a configuration asks for.
func PolicyOf(c *config.Config) Policy {
	return Policy{
		Ignored:                func(k topology.Key) bool { return c.PromotionIgnore().Match(k.Hostname, k.Port) },
		PreventCrossDataCenter: c.PreventCrossDataCenterMasterFailover,
		PreventCrossRegion:     c.PreventCrossRegionMasterFailover,
		FailOnLag:              c.FailPromotionOnLag(),
		FailIfNotApplied:       c.FailMasterPromotionIfSQLThreadNotUpToDate,
		Loss:                   LossLimit{limitOf(c.FailoverMaxLossTransactions), limitOf(c.FailoverMaxLossSeconds)},
		ApplyPromotion:         c.ApplyMySQLPromotionAfterMasterFailover,
		SuperReadOnly:          c.UseSuperReadOnly,
		DetachLost:             c.DetachLostReplicasAfterMasterFailover,
		DetachPromoted:         c.MasterFailoverDetachReplicaMasterHost,
		Replication: topology.ReplicationRules{
			VerifyFilters:       c.VerifyReplicationFilters,
			LowerVersionAllowed: c.LowerReplicaVersionAllowed,
			MaintenanceLag:      c.ReasonableMaintenanceReplicationLag(),
		},
		ApplyPatience:    c.ReasonableReplicationLag(),
		MustPromoteOther: c.CoMasterRecoveryMustPromoteOtherCoMaster,
		PostponeDelayed:  c.PostponeReplicaRecoveryOnLag(),
		ExactSemiSync:    c.EnforceExactSemiSyncReplicas,
		EnoughSemiSync:   c.RecoverLockedSemiSyncMaster,
		OpenNonWriteable: c.RecoverNonWriteableMaster,
	}
}
