package recovery

import (
	"context"
	"slices"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// formersWithin bounds looking for former primaries: a failover must not wait for the ledger or for one that hangs.
const formersWithin = 500 * time.Millisecond

// formers are the primaries that a lost one replaced and that stand closed beside the cluster, with what they hold. There are
// none as a rule: they are taken back when they return.
func (e *Engine) formers(ctx context.Context, failed topology.Key) (all []failover.Former) {
	ctx, cancel := context.WithTimeout(ctx, formersWithin)
	defer cancel()
	for _, i := range e.o.Observer.Snapshot().Instances() {
		if !i.LastCheckValid() || !i.ReadOnly || i.HasSource() || !i.Downtime.LostInRecovery() {
			continue
		}
		if to, err := e.heir(ctx, i.Key); err != nil || to != failed || e.failedToGive(i.Key) {
			continue
		}
		if has, err := e.holding(ctx, i.Key); err == nil {
			all = append(all, failover.Former{Instance: i, Has: has})
		}
	}
	return all
}

// formersBack looks once more at primaries that a lost one replaced and that did not stand beside the cluster a moment ago, and says
// whether one answers by now. Where a machine is gone that takes its time, so it is asked only where something would be lost.
func (e *Engine) formersBack(ctx context.Context, failed topology.Key, known []failover.Former) bool {
	ctx, cancel := context.WithTimeout(ctx, formersWithin)
	defer cancel()
	var keys []topology.Key
	for _, i := range e.o.Observer.Snapshot().Instances() {
		if i.HasSource() || !i.Downtime.LostInRecovery() || slices.ContainsFunc(known, func(f failover.Former) bool { return f.Key == i.Key }) {
			continue
		}
		if to, err := e.heir(ctx, i.Key); err == nil && to == failed {
			keys = append(keys, i.Key)
		}
	}
	if len(keys) == 0 {
		return false
	}
	e.look(ctx, keys...)
	t := e.o.Observer.Snapshot()
	return slices.ContainsFunc(keys, func(k topology.Key) bool {
		i := t.Instance(k)
		return i != nil && i.LastCheckValid()
	})
}

// noteFormers remembers the former primaries from which a recovery in vain was to fetch: the next attempt does without them.
func (e *Engine) noteFormers(r *Recovery, formers []failover.Former) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range formers {
		if slices.ContainsFunc(r.Plan.Steps, func(s plan.Step) bool { return s.Phase == plan.CatchUp && s.Action.Source == f.Key }) {
			e.gaveNothing[f.Key] = true
		}
	}
}

// failedToGive says whether an earlier attempt fetched from a former primary in vain, since that has come back.
func (e *Engine) failedToGive(k topology.Key) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.gaveNothing[k]
}

// notesWhoIsNotBack remembers servers that a recovery in vain leaves below another source than they had, that of a catch-up say:
// they count as lost, so that they are pointed to where they belong as soon as that can be done.
func (r *Recovery) notesWhoIsNotBack(told func(plan.Step)) func(plan.Step) {
	return func(s plan.Step) {
		told(s)
		if s.Phase == plan.Undo && s.State == plan.Failed && s.Action.Verb == plan.ChangeSource {
			r.notBack = append(r.notBack, s.Server)
		}
	}
}
