package move

import (
	"context"
	"sync"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// cloneable is a server that can be asked for its part in a clone.
type cloneable interface {
	CloneAbility(ctx context.Context) (server.CloneAbility, error)
	CloneStatus(ctx context.Context) (server.CloneStatus, error)
}

const (
	// rebuildWithin is how long a server stays locked for its rebuilding when nobody is left to release it.
	rebuildWithin = 24 * time.Hour
	// ableWithin bounds asking one server for its part in a clone.
	ableWithin = 3 * time.Second
)

// rebuilding is what is special about rebuilding a replica: the servers are asked for their part in a clone before, and
// all is looked at once more right before its data are thrown away.
func (r *Runner) rebuilding(j *Job, want refactor.Request) {
	j.Sure, j.LockFor = true, rebuildWithin
	j.Recall = func(ctx context.Context, t *topology.Topology) error {
		want.Able = r.able(ctx, t, want.Server, want.Donor)
		return ctx.Err()
	}
	j.Plan = func(t *topology.Topology) (plan.Plan, *topology.Refusal) {
		return refactor.Single(t, want, policyOf(r.o.Config()))
	}
}

// Donors are the servers by whose data those of a server may be replaced, the best first, after a look at the best few. The
// refusal says why none may.
func (r *Runner) Donors(ctx context.Context, key topology.Key) ([]refactor.Donor, *topology.Refusal, error) {
	i, err := r.fresh(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	t, limit := r.o.Picture.Snapshot(), policyOf(r.o.Config()).Patience
	able := r.able(ctx, t, key, topology.Key{})
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	return refactor.Donors(t, i, able, limit), refactor.Rebuildable(t, i, able), nil
}

// able asks a server and its possible donors for their part in a clone, all at the same time.
func (r *Runner) able(ctx context.Context, t *topology.Topology, key, donor topology.Key) map[topology.Key]refactor.CloneAbility {
	able := make(map[topology.Key]refactor.CloneAbility)
	i := t.Instance(key)
	if i == nil || refactor.Rebuildable(t, i, nil) != nil {
		return able // nobody needs to be asked
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, k := range append(refactor.DonorsToAsk(t, i, donor, policyOf(r.o.Config()).Patience), key) {
		all.Go(func() {
			says := r.ableAt(ctx, k)
			mu.Lock()
			defer mu.Unlock()
			able[k] = says
		})
	}
	all.Wait()
	return able
}

// ableAt asks one server. One that does not tell cannot have a part.
func (r *Runner) ableAt(ctx context.Context, k topology.Key) refactor.CloneAbility {
	ctx, cancel := context.WithTimeout(ctx, ableWithin)
	defer cancel()
	s, ok := r.o.Servers(k).(cloneable)
	if !ok {
		return refactor.CloneAbility{Why: "it cannot be asked whether it can be cloned"}
	}
	is, err := s.CloneAbility(ctx)
	if err != nil {
		return refactor.CloneAbility{Why: err.Error()}
	}
	out := refactor.CloneAbility{Platform: is.Platform, Admin: is.Admin, Backup: is.Backup, Bytes: is.Bytes, Elsewhere: is.Elsewhere}
	status, err := s.CloneStatus(ctx)
	switch {
	case err != nil:
		out.Why = err.Error()
	case status.State == server.Cloning:
		out.Cloning = status.Source
	}
	return out
}
