package move

import (
	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

// Relocation is the job of moving replicas.
func (r *Runner) Relocation(q refactor.Relocation) Job {
	c := r.o.Config()
	policy := failover.PolicyOf(c)
	return Job{
		Operation: string(q.Command), Subject: q.Server, Parallel: max(c.MaxConcurrentReplicaOperations, 1),
		Look: func(t *topology.Topology) []topology.Key { return refactor.Concerned(t, q) },
		Plan: func(t *topology.Topology) (plan.Plan, *topology.Refusal) {
			return refactor.PlanRelocation(t, q, policy)
		},
	}
}
