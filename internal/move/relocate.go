package move

import (
	"context"
	"time"

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
	// Injected returns when a pseudo-GTID entry was last written by AutoPseudoGTID, by cluster.
	Injected(ctx context.Context) (map[string]time.Time, error)
}

// Relocation is the job of moving replicas.
func (r *Runner) Relocation(q refactor.Relocation) Job {
	c := r.o.Config()
	policy := failover.PolicyOf(c)
	q.Markers.InUse = c.PseudoGTIDPattern != ""
	j := Job{
		Operation: string(q.Command), AuditType: q.Command.AuditType(), Subject: q.Server, Parallel: max(c.MaxConcurrentReplicaOperations, 1),
		Look: func(t *topology.Topology) []topology.Key { return refactor.Concerned(t, q) },
		Recall: func(ctx context.Context, t *topology.Topology) (err error) {
			if q.Markers.Absent, err = r.unmarked(ctx); err != nil {
				return err
			}
			q.Equivalents, err = r.equivalents(ctx, t, q)
			return err
		},
		Plan: func(t *topology.Topology) (plan.Plan, *topology.Refusal) {
			return refactor.PlanRelocation(t, q, policy)
		},
	}
	if q.Command == refactor.TakeSource && r.o.TookPlace != nil {
		j.Then = func(ctx context.Context, p *plan.Plan) error { return r.o.TookPlace(ctx, p.Successor, p.Failed) }
	}
	return j
}

// unmarked tells the clusters that AutoPseudoGTID has written nothing into of late; nil where it is not in use.
func (r *Runner) unmarked(ctx context.Context) (func(cluster string) bool, error) {
	if r.o.Places == nil || !r.o.Config().AutoPseudoGTID {
		return nil, nil
	}
	last, err := r.o.Places.Injected(ctx)
	since := r.o.Now().Add(-InjectedFor)
	return func(cluster string) bool { return last[cluster].Before(since) }, err
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
