package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// demotedFor is how long a server that was demoted is taken to be read-only on purpose.
const demotedFor = 24 * time.Hour

// demotedLately says whether the server was demoted a short while ago, or is being demoted by this very process. Who
// cannot be told takes it for demoted.
func (e *Engine) demotedLately(ctx context.Context, r *Recovery) (bool, error) {
	key := r.Finding.Key
	e.mu.Lock()
	for uid, other := range e.active {
		if uid != r.UID && (other.Finding.Key == key || slices.Contains(other.Participants, key)) {
			e.mu.Unlock()
			return true, nil
		}
	}
	e.mu.Unlock()
	demoted, err := e.o.Ledger.DemotedSince(ctx, key, e.o.Now().Add(-demotedFor))
	return demoted || err != nil, err
}

// planRequest is what the planner is asked.
func (e *Engine) planRequest(ctx context.Context, r *Recovery, ask request, k *kind) (failover.Request, error) {
	want := failover.Request{Failed: r.Finding.Key, Operation: string(r.Finding.Code), Designated: ask.designated}
	if !k.heedsDemotion {
		return want, nil
	}
	var err error
	if want.DemotedLately, err = e.demotedLately(ctx, r); err != nil {
		err = fmt.Errorf("whether %s was demoted lately cannot be read: %w", r.Finding.Key, err)
	}
	return want, err
}

// lookAround looks afresh at what a plan of the kind rests on.
func (e *Engine) lookAround(ctx context.Context, f *analysis.Finding, k *kind) {
	t := e.o.Observer.Cluster(f.ClusterName)
	if t == nil {
		return
	}
	for _, keys := range k.around(t, f.Key) {
		e.lookBriefly(ctx, keys)
	}
}

// lookBriefly looks at servers of which one that hangs must not hold up a recovery.
func (e *Engine) lookBriefly(ctx context.Context, keys []topology.Key) {
	ctx, cancel := context.WithTimeout(ctx, lookAgain)
	defer cancel()
	e.look(ctx, keys...)
}

// beforeRegistering looks once more where there is time for it. An error says why there is nothing to be recovered.
func (e *Engine) beforeRegistering(ctx context.Context, r *Recovery, ask request, k *kind) error {
	switch {
	case k.alive:
		return e.stillUnwritable(ctx, r, ask, k)
	case !k.looksFirst:
		return nil
	}
	e.lookAround(ctx, &r.Finding, k)
	t := e.o.Observer.Cluster(r.Finding.ClusterName)
	if t == nil {
		return fmt.Errorf("cluster %s is not known any more", r.Finding.ClusterName)
	}
	if err := e.findAgain(t, r, ask, k); err != nil {
		return err
	}
	if !k.quietWhenIdle {
		return nil
	}
	want, err := e.planRequest(ctx, r, ask, k)
	if err != nil {
		return err
	}
	return idle(k.plan(t, want, failover.PolicyOf(e.o.Config())), k)
}

// idle is an error where a plan has nothing to do.
func idle(p plan.Plan, k *kind) error {
	if !p.Successor.IsZero() && len(p.Steps) > 0 {
		return nil
	}
	if len(p.Warnings) > 0 {
		return fmt.Errorf("%s: %s", k.vain, strings.Join(p.Warnings, "; "))
	}
	return errors.New(k.vain)
}

// findAgain sees whether the failure is still there, and takes over what is found of it now. Where a primary of the same
// cluster is to be replaced, that comes first: the anti-flapping period must not count against it.
func (e *Engine) findAgain(t *topology.Topology, r *Recovery, ask request, k *kind) error {
	err := fmt.Errorf("%s is found no more at a second look", r.Finding.Code)
	for _, f := range analysis.Analyze(t, e.analysisPolicy(), e.o.Now()) {
		other := kindOf(analysis.HandlingOf(f.Code).Recovery)
		switch {
		case !f.Actionable:
		case f.Key == r.Finding.Key && other.name == k.name:
			r.Finding, err = f, nil
		case f.Key == r.Finding.Key || ask.forced || !other.promotes || f.SkippableDueToDowntime || !f.AutomatedPrimaryRecovery:
		case !e.refusedLately(&f, &other):
			return fmt.Errorf("%s comes first (%s)", f.Key, f.Code)
		}
	}
	return err
}
