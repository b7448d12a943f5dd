package move

import (
	"context"

	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

// Relocation is the job of moving replicas.
func (r *Runner) Relocation(q refactor.Relocation) Job {
	c := r.o.Config()
	policy := failover.PolicyOf(c)
	j := Job{
		Operation: string(q.Command), Subject: q.Server, Parallel: max(c.MaxConcurrentReplicaOperations, 1),
		Look: func(t *topology.Topology) []topology.Key { return refactor.Concerned(t, q) },
		Plan: func(t *topology.Topology) (plan.Plan, *topology.Refusal) {
			return refactor.PlanRelocation(t, q, policy)
		},
	}
	if q.Command == refactor.TakeSource && r.o.TookPlace != nil {
		j.Then = func(ctx context.Context, p *plan.Plan) error { return r.o.TookPlace(ctx, p.Successor, p.Failed) }
	}
	return j
}
