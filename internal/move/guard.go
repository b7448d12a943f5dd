package move

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"orchestrator/internal/plan"
)

// undisturbed is an error while the cluster of the subject, or that of the plan, is being recovered or taken over: a
// failover has the right of way.
func (r *Runner) undisturbed(j Job, cluster string) error {
	busy := cluster != "" && r.o.Busy(cluster)
	if i := r.o.Picture.Snapshot().Instance(j.Subject); i != nil && !busy {
		cluster, busy = i.ClusterName, r.o.Busy(i.ClusterName)
	}
	if busy {
		return fmt.Errorf("a recovery or takeover is under way in cluster %s; ask again when it has ended (audit-recovery)", cluster)
	}
	return nil
}

// mayWrite is asked before each step.
func (r *Runner) mayWrite(j Job, cluster string) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := r.undisturbed(j, cluster); err != nil {
			return err
		}
		return r.o.Leader.Confirm(ctx)
	}
}

// sure makes what is asked right before the point of no return of a plan.
func (r *Runner) sure(j Job, p *plan.Plan) func(context.Context) error {
	return func(ctx context.Context) error {
		now, err := r.lookOnce(ctx, j)
		switch {
		case err != nil:
			return fmt.Errorf("by a last look it must not be done: %w", err)
		case !slices.EqualFunc(afterNoReturn(p), afterNoReturn(&now), func(a, b plan.Step) bool {
			return a.Server == b.Server && a.Action.Verb == b.Action.Verb && a.Action.Source == b.Action.Source
		}):
			return errors.New("by a last look the servers have changed since, and it would be done otherwise now")
		}
		return nil
	}
}

// afterNoReturn are the steps of a plan from its point of no return on.
func afterNoReturn(p *plan.Plan) []plan.Step {
	return p.Steps[max(0, slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.NoReturn })):]
}
