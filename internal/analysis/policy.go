package analysis

import "time"

// Policy is by what a topology is judged and which findings the caller wants.
type Policy struct {
	// InstancePoll is the target time between two probes of a server (InstancePollSeconds).
	InstancePoll time.Duration
	// ReasonableCheck is how much longer than InstancePoll an attempt may hang before the last check counts as
	// invalid (ReasonableInstanceCheckSeconds).
	ReasonableCheck time.Duration
	// ReasonableLag is the lag above which a replica is lagging (ReasonableReplicationLagSeconds).
	ReasonableLag time.Duration
	// ReasonableLockedSemiSync is how long the binary log of a primary that waits for acknowledgements must have
	// stood still before the primary counts as locked (ReasonableLockedSemiSyncMasterSeconds, which the
	// configuration replaces by ReasonableLag when it is zero).
	ReasonableLockedSemiSync time.Duration
	// EnforceExactSemiSync makes too many semi-sync replicas a failure (EnforceExactSemiSyncReplicas).
	EnforceExactSemiSync bool
	// RecoverNonWriteable makes a read-only primary a failure (RecoverNonWriteableMaster).
	RecoverNonWriteable bool

	// CannotWriteAfter is how long something must have kept a primary that answers from taking writes (CannotWriteSeconds);
	// 0 is never.
	CannotWriteAfter time.Duration
	// FailoverOnCannotWrite are those of CannotWriteCodes for which a primary is replaced (FailoverOnCannotWrite).
	FailoverOnCannotWrite []Code

	// ReduceAnalysisCount leaves out healthy servers without replicas (ReduceReplicationAnalysisCount).
	ReduceAnalysisCount bool
	// IgnoreHostname says which hosts are left out altogether (RecoveryIgnoreHostnameFilters); nil is none.
	IgnoreHostname func(hostname string) bool
	// ClusterName, when not empty, limits the findings to the cluster of exactly this name.
	ClusterName string
	// IncludeNoProblem asks for the servers that have no problem, too.
	IncludeNoProblem bool
	// IncludeDowntimed asks for the findings that are skippable because of a downtime, too.
	IncludeDowntimed bool
	// IncludeAdditional asks for the findings that have nothing but additional codes, too.
	IncludeAdditional bool

	// Live says that the topology is what the running service sees right now. Then a server that nobody has probed
	// for longer than MaxAge is not valid (as a replica, it counts as it was last seen). Rows read from a store are judged by their own time stamps alone,
	// however old they are.
	Live bool
	// MaxAge is the oldest check that counts in a live topology; zero is five times InstancePoll.
	MaxAge time.Duration
	// HungAfter is how long no probe of a server may have succeeded before it counts as hung; zero is the time
	// after which a check becomes invalid.
	HungAfter time.Duration

	// RecoversPrimary and RecoversIntermediate say whether automated recovery is switched on for a cluster; they
	// only fill in the two fields of the same meaning. nil is no.
	RecoversPrimary, RecoversIntermediate func(clusterName, clusterAlias string) bool
}

// window is how much newer than the last success an attempt may be without making the last check invalid.
func (p *Policy) window() time.Duration { return p.InstancePoll + p.ReasonableCheck }

func (p *Policy) maxAge() time.Duration {
	if p.MaxAge > 0 {
		return p.MaxAge
	}
	return 5 * p.InstancePoll
}

func (p *Policy) hungAfter() time.Duration {
	if p.HungAfter > 0 {
		return p.HungAfter
	}
	return p.window()
}

func (p *Policy) ignores(hostname string) bool {
	return p.IgnoreHostname != nil && p.IgnoreHostname(hostname)
}
