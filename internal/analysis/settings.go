package analysis

import "orchestrator/internal/config"

// PolicyOf is the policy that a configuration asks for. What a caller wants to see, and whether the topology is live,
// is for the caller to add.
func PolicyOf(c *config.Config) Policy {
	var replaced []Code
	for _, name := range c.FailoverOnCannotWrite {
		replaced = append(replaced, Code(name))
	}
	return Policy{
		CannotWriteAfter:         c.CannotWriteAfter(),
		FailoverOnCannotWrite:    replaced,
		InstancePoll:             c.InstancePoll(),
		ReasonableCheck:          c.ReasonableInstanceCheck(),
		ReasonableLag:            c.ReasonableReplicationLag(),
		ReasonableLockedSemiSync: c.ReasonableLockedSemiSync(),
		EnforceExactSemiSync:     c.EnforceExactSemiSyncReplicas,
		RecoverNonWriteable:      c.RecoverNonWriteableMaster,
		ReduceAnalysisCount:      c.ReduceReplicationAnalysisCount,
		IgnoreHostname:           c.RecoveryIgnore().Match,
		RecoversPrimary:          c.RecoverPrimaryClusters().Match,
		RecoversIntermediate:     c.RecoverIntermediateClusters().Match,
	}
}
