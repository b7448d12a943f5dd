package recovery

import (
	"context"
	"fmt"

	"orchestrator/internal/topology"
)

// A lost primary may come back while its successor still applies what it has received. It is not replaced then, so nobody
// waits any longer: its replicas receive again at once, and not only when the successor was to be opened.

// untilItIsBack returns a context that ends when the failed server of a recovery answers again, until settled is called: from
// the opening on its return changes nothing any more.
func (e *Engine) untilItIsBack(ctx context.Context, r *Recovery, ask request, k *kind) (_ context.Context, settled func()) {
	if ask.forced || k.alive || !k.promotes {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	failed := r.Finding.Key
	e.mu.Lock()
	e.awaited[failed] = cancel
	e.mu.Unlock()
	return ctx, func() {
		e.mu.Lock()
		delete(e.awaited, failed)
		e.mu.Unlock()
	}
}

// noteBack ends the waiting of a recovery for a server that answers again.
func (e *Engine) noteBack(k topology.Key) {
	e.mu.Lock()
	cancel := e.awaited[k]
	e.mu.Unlock()
	if cancel != nil {
		cancel(answersAgain(k))
	}
}

func answersAgain(k topology.Key) error { return fmt.Errorf("%s answers again", k) }
