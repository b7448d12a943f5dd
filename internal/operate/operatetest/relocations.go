package operatetest

import (
	"cmp"
	"context"

	"orchestrator/internal/failover"
	"orchestrator/internal/move"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
)

// Relocate notes the call and pretends that every step of the plan was done, except those of Stubborn.
func (b *Backend) Relocate(ctx context.Context, r refactor.Relocation) (move.Done, error) {
	p, err := b.PlanRelocation(ctx, r)
	if err != nil {
		return move.Done{Subject: r.Server}, err
	}
	follower := plan.FollowerOf(ctx)
	if err := follower.Agrees(&p); err != nil {
		return move.Done{Subject: r.Server}, err
	}
	for i := range p.Steps {
		p.Steps[i].State = plan.Done
		if p.Steps[i].Server == b.Stubborn {
			p.Steps[i].State, p.Steps[i].Error = plan.Failed, "it would not"
		}
		follower.Told(p.Steps[i])
		if b.OnStep != nil {
			b.OnStep(p.Steps[i])
		}
	}
	return move.Done{Plan: p, Topology: b.Fleet, Subject: r.Server}, b.note("%s %s below=%s", r.Command, r.Server, cmp.Or(r.Below.Hostname, "-"))
}

// PlanRelocation plans on the fleet.
func (b *Backend) PlanRelocation(_ context.Context, r refactor.Relocation) (plan.Plan, error) {
	r.Markers.InUse = b.Conf.PseudoGTIDPattern != ""
	p, refusal := refactor.PlanRelocation(b.Fleet, r, failover.PolicyOf(b.Conf))
	if refusal != nil {
		return p, refusal
	}
	return p, nil
}
