package move

import (
	"context"

	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

// Places remembers which places in the binary logs of different servers are the same.
type Places interface {
	// Equivalents are the places that are known to be the same as one in the log of a server.
	Equivalents(ctx context.Context, key topology.Key, at topology.Coordinates) ([]refactor.Equivalent, error)
	RecordEquivalence(ctx context.Context, key topology.Key, at topology.Coordinates, same refactor.Equivalent) error
}

// Relocation is the job of moving replicas.
func (r *Runner) Relocation(q refactor.Relocation) Job {
	c := r.o.Config()
	policy := failover.PolicyOf(c)
	q.Markers.InUse = c.PseudoGTIDPattern != ""
	return Job{
		Operation: string(q.Command), AuditType: q.Command.AuditType(), Subject: q.Server, Parallel: max(c.MaxConcurrentReplicaOperations, 1),
		Look: func(t *topology.Topology) []topology.Key { return refactor.Concerned(t, q) },
		Recall: func(ctx context.Context, t *topology.Topology) (err error) {
			q.Equivalents, err = r.equivalents(ctx, t, q)
			return err
		},
		Plan: func(t *topology.Topology) (plan.Plan, *topology.Refusal) {
			return refactor.PlanRelocation(t, q, policy)
		},
	}
}

// equivalents are the places that are known to be the same as where the server of a relocation stands, where that may be
// of use.
func (r *Runner) equivalents(ctx context.Context, t *topology.Topology, q refactor.Relocation) ([]refactor.Equivalent, error) {
	i := t.Instance(q.Server)
	if r.o.Places == nil || i == nil || i.UsesGTID() || i.Channel.Exec.IsEmpty() || q.Command != refactor.Relocate && q.Command != refactor.MoveEquivalent {
		return nil, nil
	}
	return r.o.Places.Equivalents(ctx, i.SourceKey(), i.Channel.Exec)
}
