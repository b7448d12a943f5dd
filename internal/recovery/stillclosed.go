package recovery

import (
	"context"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/plan"
)

// closedWithin bounds the last look at the old primary before a takeover opens the new one.
const closedWithin = 500 * time.Millisecond

// stillClosed says why a takeover must not open its successor: the primary that it has closed takes writes again, or did when it
// answered last, as one does that was started anew and is opened by its option file. One that has not answered since it was closed
// is told apart later: all that it held then is on the successor, and it is closed again when it is back.
func (e *Engine) stillClosed(ctx context.Context, r *Recovery) error {
	k := r.Finding.Key
	n := slices.IndexFunc(r.Plan.Steps, func(s plan.Step) bool {
		return s.Server == k && s.State == plan.Done && (s.Action.Verb == plan.ClosePrimary || s.Action.Verb == plan.SetReadOnly)
	})
	if n < 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, closedWithin)
	defer cancel()
	open := false
	if state, err := e.o.Servers(k).ReadOnly(ctx); err == nil {
		open = !state.ReadOnly
	} else if i := e.o.Observer.Snapshot().Instance(k); i != nil {
		open = !i.ReadOnly && i.Check.Began().After(r.Plan.Steps[n].Ended)
	}
	if open {
		return fmt.Errorf("%s was closed for writing and is open again: it was started anew, or somebody has opened it", k)
	}
	return nil
}
