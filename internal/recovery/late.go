package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// A ledger may fail or hang when a recovery ends. What it did not take is written when it works again.

// debt is something that follows from a recovery and has to be written down.
type debt struct {
	what  string
	write func(context.Context) error
	still func() bool // whether it is still so, when it is written late
}

// owe writes something down. Where that fails it is noted, and owed.
func (l *recoveryLog) owe(ctx context.Context, d debt) {
	err := d.write(ctx)
	l.check(d.what, err)
	if err != nil {
		l.r.owed = append(l.r.owed, d)
	}
}

// payDebts writes what a ledger did not take that takes the record by now.
func (e *Engine) payDebts(ctx context.Context, r *Recovery) {
	owed := r.owed
	r.owed = nil
	for _, d := range owed {
		if !d.still() {
			continue
		}
		if err := d.write(ctx); err != nil {
			e.o.Logger.Error(d.what, "uid", r.UID, "error", err)
		}
	}
}

// downtimeOf is the downtime in which a server is seen to be; nil where it is in none.
func (e *Engine) downtimeOf(k topology.Key) *topology.Downtime {
	if i := e.o.Observer.Snapshot().Instance(k); i != nil {
		return i.Downtime
	}
	return nil
}

// catchUp writes down what could not be written at the end of recoveries of this process.
func (e *Engine) catchUp(ctx context.Context) {
	e.mu.Lock()
	var due []*Recovery
	for uid, r := range e.concluded {
		if e.active[uid] == nil {
			due = append(due, r)
		}
	}
	e.mu.Unlock()
	slices.SortFunc(due, func(a, b *Recovery) int { return a.Started.Compare(b.Started) })
	for _, r := range due {
		if r.unresolved {
			err := e.o.Ledger.ResolveRecovery(ctx, r)
			if errors.Is(err, ErrTakenUp) {
				e.closeJournal(ctx, r.UID)
				continue
			}
			if err != nil && r.unregistered {
				err = errors.Join(err, e.registerLate(ctx, r)) // the next time there may be a record to close
			}
			if errors.Is(err, store.ErrNotAgreed) {
				continue // nodes that keep their records by raft leave them to who leads, and that one carries on with it
			}
			if err != nil {
				e.o.Logger.Error("closing the record of a recovery", "uid", r.UID, "error", err)
				continue
			}
			r.unresolved = false
			e.payDebts(ctx, r)
		}
		e.closeJournal(ctx, r.UID)
	}
}

// registerLate writes down a recovery that could not be registered when it began.
func (e *Engine) registerLate(ctx context.Context, r *Recovery) error {
	block, err := e.o.Ledger.RegisterRecovery(ctx, r, nil)
	switch {
	case err == nil && block.Blocked():
		err = errors.New(block.Reason)
	case err == nil:
		r.unregistered = false
	}
	return err
}

// closeJournal ends what somebody would have to finish, and says whether nothing is left of that here. Where it fails, resume
// tries again.
func (e *Engine) closeJournal(ctx context.Context, uid string) bool {
	if err := e.o.Ledger.CloseJournal(ctx, uid); err != nil && !errors.Is(err, ErrTakenUp) {
		e.o.Logger.Error("closing a recovery's journal", "uid", uid, "error", err)
		return false
	}
	e.mu.Lock()
	delete(e.concluded, uid)
	delete(e.pending, uid)
	delete(e.doubtful, uid)
	e.mu.Unlock()
	return true
}

// auditEntry is something that was done, as it is audited.
type auditEntry struct {
	kind, cluster, message string
	server                 topology.Key
	at                     time.Time
	of                     plan.Origin
}

// unauditedAtMost bounds what is kept for the audit while nothing can be written there.
const unauditedAtMost = 1000

// audit writes down what was done to a server. Where the ledger does not take it, it is written when it does.
func (e *Engine) audit(ctx context.Context, kind string, k topology.Key, cluster, message string) {
	err := e.o.Ledger.Audit(ctx, kind, k, cluster, message)
	if err == nil {
		return
	}
	e.o.Logger.Error("audit", "kind", kind, "server", k.String(), "message", message, "error", err)
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.unaudited) < unauditedAtMost {
		e.unaudited = append(e.unaudited, auditEntry{kind, cluster, message, k, e.o.Now(), plan.OriginOf(ctx)})
	}
}

// auditLate writes what the audit did not take when it was done, until it does not take that either.
func (e *Engine) auditLate(ctx context.Context) {
	for ctx.Err() == nil {
		e.mu.Lock()
		owed := e.unaudited
		e.mu.Unlock()
		if len(owed) == 0 {
			return
		}
		a := owed[0] // others only append
		message := fmt.Sprintf("%s (done at %s, and written down later)", a.message, a.at.UTC().Format(time.RFC3339))
		if err := e.o.Ledger.Audit(plan.WithOrigin(ctx, a.of), a.kind, a.server, a.cluster, message); err != nil {
			return // it has been logged
		}
		e.mu.Lock()
		e.unaudited = e.unaudited[1:]
		e.mu.Unlock()
	}
}
