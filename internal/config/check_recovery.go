package config

import (
	"fmt"
	"slices"
	"time"
)

func (s *statements) detection() {
	s.group = GroupDetection
	c := s.c
	s.ok("FailureDetectionPeriodBlockMinutes", "Failures are detected and reported in every cluster, whether or not recovery is on; the same failure runs its hooks once in %s.",
		plain(c.FailureDetectionPeriodBlock()))
	if len(c.RecoveryIgnoreHostnameFilters) > 0 {
		s.note("RecoveryIgnoreHostnameFilters", "Hosts matching %s are left out: their failures are not noticed.", quotedList(c.RecoveryIgnoreHostnameFilters))
	}
	if c.RecoverNonWriteableMaster {
		s.ok("RecoverNonWriteableMaster", "A primary that has been read-only for %s, with running replicas and no other writer in its cluster, is opened for writing, unless it was demoted lately.",
			plain(c.InstancePoll()))
	}
	s.writeAbility()
	switch {
	case c.EnforceExactSemiSyncReplicas:
		s.ok("EnforceExactSemiSyncReplicas", "Semi-sync is switched on and off on replicas, so that as many acknowledge as the primary waits for.")
	case c.RecoverLockedSemiSyncMaster:
		s.ok("RecoverLockedSemiSyncMaster", "Where a primary is locked by semi-sync for %s, semi-sync is enabled on as many replicas as it lacks.", plain(c.ReasonableLockedSemiSync()))
	}
}

// writeAbility tells of primaries that answer and cannot write.
func (s *statements) writeAbility() {
	c := s.c
	if c.CannotWriteAfter() == 0 {
		s.note("CannotWriteSeconds", "Nobody looks whether a primary that answers can write.")
		return
	}
	s.ok("CannotWriteSeconds", "A primary that answers, but has not been able to write for %s, is reported.", plain(c.CannotWriteAfter()))
	if c.WriteCheckTable != "" {
		s.note("WriteCheckTable", "Every %s the leader writes a row of %s on the writable primary of each cluster.", plain(c.WriteCheckEvery()), c.WriteCheckTable)
	}
	if len(c.FailoverOnCannotWrite) > 0 {
		s.note("FailoverOnCannotWrite", "Such a primary is closed for writing and replaced for %s, where failed primaries are replaced.", quotedList(c.FailoverOnCannotWrite))
	}
}

func (s *statements) recovery() {
	s.group = GroupRecovery
	c := s.c
	s.recoveryOf("RecoverMasterClusterFilters", c.RecoverMasterClusterFilters, c.RecoverPrimaryClusters(),
		"a failed primary", "is replaced", "Without it a person must act when a primary fails.")
	const intermediate = "RecoverIntermediateMasterClusterFilters"
	if len(c.RecoverIntermediateMasterClusterFilters) > 0 {
		s.recoveryOf(intermediate, c.RecoverIntermediateMasterClusterFilters, c.RecoverIntermediateClusters(),
			"a failed intermediate source", "is worked around", "Its replicas wait until a person moves them.")
	} else {
		s.note(intermediate, "A failed intermediate source is reported; its replicas wait until a person moves them.")
	}
	if !c.RecoverPrimaryClusters().chooses() {
		return
	}
	if block := c.RecoveryPeriodBlock(); block > 0 {
		s.ok("RecoveryPeriodBlockSeconds", "After a recovery, the same cluster is not recovered automatically again for %s.", plain(block))
	} else {
		s.concern("RecoveryPeriodBlockSeconds", "There is no anti-flapping period: recoveries of a cluster can follow each other at once.").
			Example = `"RecoveryPeriodBlockSeconds": 3600`
	}
}

// usable leaves out the cluster filters that can never match.
func usable(entries []string) []string {
	bad := map[string]bool{"": true}
	NewClusterFilters(entries, func(entry string, _ error) { bad[entry] = true })
	return slices.DeleteFunc(slices.Clone(entries), func(entry string) bool { return bad[entry] })
}

func (s *statements) recoveryOf(key string, entries []string, filters *ClusterFilters, what, does, otherwise string) {
	switch {
	case filters.All():
		s.ok(key, "On for all clusters: %s %s automatically.", what, does)
	case filters.chooses():
		s.note(key, "On for the clusters chosen by %s only: %s there %s automatically.", quotedList(usable(entries)), what, does).
			Example = fmt.Sprintf(`%q: ["*"]`, key)
	case len(entries) > 0:
		s.concern(key, "Off: no entry of %s can match. %s", quotedList(entries), otherwise).Example = fmt.Sprintf(`%q: ["*"]`, key)
	default:
		s.concern(key, "Off: %s is not dealt with automatically in any cluster. %s", what, otherwise).
			Example = fmt.Sprintf(`%q: ["*"]`, key)
	}
}

func (s *statements) promotion() {
	s.group = GroupPromotion
	c := s.c
	if c.ApplyMySQLPromotionAfterMasterFailover {
		s.ok("ApplyMySQLPromotionAfterMasterFailover", "The promoted server is made writable by the service; the old primary, if it answers, read-only.")
	} else {
		s.concern("ApplyMySQLPromotionAfterMasterFailover", "The promoted server stays read-only until something else (a hook) makes it writable.").
			Example = `"ApplyMySQLPromotionAfterMasterFailover": true`
	}
	if len(c.PromotionIgnoreHostnameFilters) > 0 {
		s.note("PromotionIgnoreHostnameFilters", "Servers matching %s are never promoted.", quotedList(c.PromotionIgnoreHostnameFilters))
	}
	s.promotionPlace()
	s.promotionLag()
	if c.DetachLostReplicasAfterMasterFailover {
		s.ok("DetachLostReplicasAfterMasterFailover", "Replicas lost in a failover are detached, and in downtime for %s.", plain(c.LostInstancesDowntime()))
	} else {
		s.note("DetachLostReplicasAfterMasterFailover", "Replicas lost in a failover are not detached and may follow the old primary when it returns; they are in downtime for %s.", plain(c.LostInstancesDowntime()))
	}
}

func (s *statements) promotionPlace() {
	c := s.c
	switch {
	case c.PreventCrossDataCenterMasterFailover && c.PreventCrossRegionMasterFailover:
		s.note("PreventCrossDataCenterMasterFailover PreventCrossRegionMasterFailover", "Only a server in the data center and region of the failed primary is promoted; without one there is no recovery.")
	case c.PreventCrossDataCenterMasterFailover:
		s.note("PreventCrossDataCenterMasterFailover", "Only a server in the data center of the failed primary is promoted; without one there is no recovery.")
	case c.PreventCrossRegionMasterFailover:
		s.note("PreventCrossRegionMasterFailover", "Only a server in the region of the failed primary is promoted; without one there is no recovery.")
	}
	if c.PreventCrossDataCenterMasterFailover && c.DataCenterPattern == "" && c.DetectDataCenterQuery == "" {
		s.concern("DataCenterPattern DetectDataCenterQuery", "Nothing says in which data center a server is, so they all count as in the same one.")
	}
	if c.PreventCrossRegionMasterFailover && c.RegionPattern == "" && c.DetectRegionQuery == "" {
		s.concern("RegionPattern DetectRegionQuery", "Nothing says in which region a server is, so they all count as in the same one.")
	}
}

func (s *statements) promotionLag() {
	c := s.c
	if limit := c.FailPromotionOnLag(); limit > 0 {
		s.note("FailMasterPromotionOnLagMinutes", "A candidate that lags by %s or more is not promoted, and the recovery fails.", plain(limit))
	}
	switch {
	case c.FailMasterPromotionIfSQLThreadNotUpToDate:
		s.note("FailMasterPromotionIfSQLThreadNotUpToDate", "A candidate that has not applied all it received is not promoted, and the recovery fails.")
	case c.DelayMasterPromotionIfSQLThreadNotUpToDate:
		s.ok("DelayMasterPromotionIfSQLThreadNotUpToDate", "A candidate applies all it received before it is promoted, however long that takes.")
	}
	if limit := c.FailoverMaxLossTransactions; limit >= 0 {
		s.note("FailoverMaxLossTransactions", "Where more than %d transactions would be lost, or it is not known how many, a failed primary is not replaced automatically.", limit)
	}
	if limit := c.FailoverMaxLossSeconds; limit >= 0 {
		s.note("FailoverMaxLossSeconds", "Where transactions of more than %s would be lost, or it is not known of how long, a failed primary is not replaced automatically.", plain(time.Duration(limit)*time.Second))
	}
	if c.SlaveBinLogEnableMaxLagSeconds > c.ReasonableReplicationLagSeconds {
		s.note("SlaveBinLogEnableMaxLagSeconds", "A candidate that lags by more than %s and less than %s is not promoted before it has applied what it received.",
			plain(c.ReasonableReplicationLag()), plain(span(c.SlaveBinLogEnableMaxLagSeconds, time.Second)))
	}
}
