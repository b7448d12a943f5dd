package recovery

import (
	"cmp"
	"context"
	"strings"

	"orchestrator/internal/topology"
)

// A manager may end with two recoveries under way: the successor of the first was lost again, and the second one replaced it.
// Who carries on must not lead replicas to the successor of the first any more, nor let go of it: it is a lost primary itself.
// As in a process that overtakes its own recovery, the first ends before the second, with what it did, and touches no server.

// comesAfter says whether an unfinished recovery replaces the successor of an earlier one.
func (u *Unfinished) comesAfter(first *Recovery, successor topology.Key) bool {
	r := &u.Recovery
	return r.UID != first.UID && r.kind().promotes && first.kind().promotes && successor.IsValid() && r.Finding.Key == successor &&
		cmp.Or(startOf(first).Compare(startOf(r)), namedAt(first).Compare(namedAt(r)), strings.Compare(first.UID, r.UID)) < 0
}

// isNext says whether it is the turn of an unfinished recovery: one that opened the primary which this one replaces comes
// first. One that is parked, or another process's, is not waited for.
func (e *Engine) isNext(u *Unfinished) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for uid, first := range e.pending {
		if _, parked := e.parked[uid]; parked || e.concluded[uid] != nil || first.Running && !first.Own {
			continue
		}
		if u.comesAfter(&first.Recovery, first.Journal.Successor) {
			return false
		}
	}
	for uid, first := range e.active {
		if !u.comesAfter(first, e.successorOf(first)) {
			continue
		}
		if e.concluded[uid] == nil {
			return false
		}
		u.Recovery.after = first
	}
	return true
}

// successorOf is the server that a recovery under way opens or has opened. The caller holds the lock.
func (e *Engine) successorOf(r *Recovery) topology.Key {
	if l := e.logs[r.UID]; l != nil {
		return l.opens()
	}
	for k, by := range e.promoters {
		if by == r {
			return k
		}
	}
	return topology.Key{}
}

// nextOf returns the unfinished recovery that replaces the successor of this one, nil if there is none.
func (e *Engine) nextOf(u *Unfinished) *Unfinished {
	e.mu.Lock()
	defer e.mu.Unlock()
	for uid, next := range e.pending {
		if _, parked := e.parked[uid]; !parked && e.concluded[uid] == nil && next.comesAfter(&u.Recovery, u.Journal.Successor) {
			return &next
		}
	}
	return nil
}

// bypassed says whether the successor of an unfinished recovery has been replaced in turn: by one that is on record, or by one
// that is as unfinished as this and has opened its own. unclear is that this cannot be told of the latter yet.
func (e *Engine) bypassed(ctx context.Context, u *Unfinished, t *topology.Topology) fate {
	r := &u.Recovery
	if u.replaced && e.recordedSince(ctx, u) {
		r.bygone = true
		return promoted
	}
	next := e.nextOf(u)
	if next == nil {
		return undone
	}
	what, successor := next.fate(t)
	switch {
	case what == unclear && (next.opened(successor) || next.openedAndFollowed(t, successor)):
		what = promoted
	case what == unclear && !e.o.Now().Before(e.doubtSince(next.Recovery.UID).Add(doubtFor)):
		what = undone
	}
	if what == promoted {
		e.mu.Lock()
		r.next = &next.Recovery
		e.mu.Unlock()
	}
	return what
}

// recordedSince says whether a recovery that began clearly after this one has replaced its successor, and is on record.
func (e *Engine) recordedSince(ctx context.Context, u *Unfinished) bool {
	r := &u.Recovery
	replaced, err := e.o.Ledger.DemotedSince(ctx, u.Journal.Successor, startOf(r).Add(beganBefore))
	return replaced && err == nil && r.kind().promotes
}

// endBypassed ends a recovery whose successor has been replaced in turn. Of all that is left only the closing of its primary is
// done: nobody else knows of that.
func (e *Engine) endBypassed(ctx context.Context, u *Unfinished, ask request, log *recoveryLog) {
	r := &u.Recovery
	if i := e.o.Observer.Snapshot().Instance(r.Finding.Key); i != nil && !r.planned() {
		e.fenceUnlessPromoted(i)
	}
	e.remember(r)
	log.line("carried on by %s: %s had been opened for writing, and was replaced in turn", e.o.Node.Hostname, u.Journal.Successor)
	e.recordWithout(u, u.Journal.Successor)
	e.conclude(ctx, r, ask, log, nil)
}
