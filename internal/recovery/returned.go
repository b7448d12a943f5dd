package recovery

import (
	"context"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/topology"
)

// A lost primary that comes back open is closed for writing. Its return may be seen as such, or found by who begins to lead, or
// told by its uptime.

// noteOpened notices that somebody has opened a lost primary since it was closed for writing here: one that has been
// running since it was seen closed, as its connection proves, or its uptime. It returns those that were opened by a restart after they
// were closed. Uptimes are full seconds: where one more or less decides, it counts as started anew if the connection is another one, and as neither if that
// is not known.
func (e *Engine) noteOpened(ev observe.Event) (reopened []topology.Key) {
	if ev.Kind != observe.ClusterChanged {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for k, closed := range e.closed {
		was := e.seenClosed[k]
		seen := was.Began()
		if seen.Before(closed) { // not since
			seen, was = closed, topology.Check{}
		}
		i := ev.Topology.Instance(k)
		switch {
		case i == nil:
		case !i.Downtime.LostInRecovery() && !e.isReplaced(k):
			e.forgetClosed(k)
		case i.ReadOnly || !i.LastCheckValid() || !i.Check.Began().After(seen): // what it read may be older than its end
		case i.Check.SameLife(was), i.Uptime > i.Check.Seen.Sub(seen)+time.Second:
			e.opened[k] = true
		case !i.Replicating() && (!i.Check.Connected.IsZero() || i.Uptime < i.Check.Seen.Sub(closed)-time.Second):
			// It was started anew, so fast that nobody saw it gone.
			reopened = append(reopened, k)
		}
	}
	return topology.SortKeys(reopened)
}

// noteClosed keeps when lost primaries that were closed for writing here were last seen to be closed. Most are closed right
// after their start, so that by the time of the closing a restart and an opening on purpose cannot be told apart.
func (e *Engine) noteClosed(t *topology.Topology) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for k, at := range e.closed {
		if i := t.Instance(k); i != nil && i.LastCheckValid() && i.ReadOnly && i.Check.Began().After(at) {
			e.seenClosed[k] = i.Check
		}
	}
}

// forgetClosed forgets that a server was closed, and what became of it. The caller holds the lock.
func (e *Engine) forgetClosed(k topology.Key) {
	delete(e.closed, k)
	delete(e.seenClosed, k)
	delete(e.opened, k)
}

// reviewLost looks, when this node has begun to lead, once at each server that counts as lost, whatever else of its cluster
// has not answered yet.
func (e *Engine) reviewLost() {
	leads := e.o.Leader.IsLeader()
	if !leads {
		e.reviewed = nil
		return
	}
	if e.reviewed == nil {
		e.reviewed = make(map[topology.Key]bool)
	}
	for _, i := range e.o.Observer.Snapshot().Instances() {
		if i.Downtime.LostInRecovery() && !e.reviewed[i.Key] {
			e.reviewed[i.Key] = true
			e.goTracked(func() { e.review(i.Key) })
		}
	}
}

// review looks at a server that counts as lost, as the picture may show what an earlier process knew. One that came back
// open while nobody led, or while nobody watched, is closed for writing, and one that is still away is closed as soon as it is
// back.
func (e *Engine) review(k topology.Key) {
	e.look(e.lifetime(), k)
	i := e.o.Observer.Snapshot().Instance(k)
	switch {
	case i == nil || !i.Downtime.LostInRecovery() || i.HasSource():
	case i.LastCheckValid():
		e.closeReturned(i)
	default: // the leader that was waiting for it to close it is gone
		e.fenceUnlessPromoted(i)
	}
}

// fenceReturned closes a server for writing when it comes back while it counts as lost in a recovery and would take
// writes. It does so on its return only, however short it was away, and not after somebody has opened it on purpose.
func (e *Engine) fenceReturned(ev observe.Event) {
	for _, k := range e.noteOpened(ev) {
		e.closeReturned(ev.Topology.Instance(k)) // unless it was promoted meanwhile
	}
	if ev.Kind != observe.InstanceBack && ev.Kind != observe.InstanceDiscovered {
		return
	}
	if i := ev.Topology.Instance(ev.Key); i != nil {
		e.closeReturned(i)
	}
}

// closeReturned closes a server that counts as lost in a recovery, unless somebody opened it on purpose, or it was promoted
// since and only its downtime is stale.
func (e *Engine) closeReturned(i *topology.Instance) {
	if i.ReadOnly || !i.LastCheckValid() || !e.countsAsLost(i) || i.Replicating() || !e.o.Leader.IsLeader() {
		return
	}
	if !e.openedOnPurpose(i.Key) && !e.promotes(i.Key) {
		e.fenceUnlessPromoted(i)
	}
}

// countsAsLost says whether a recovery has left a server behind, or is about to.
func (e *Engine) countsAsLost(i *topology.Instance) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return i.Downtime.LostInRecovery() || e.isReplaced(i.Key)
}

// isReplaced says whether a recovery under way has opened another server in place of this one, which counts as lost on record
// only when that has ended. The caller holds the lock.
func (e *Engine) isReplaced(k topology.Key) bool {
	for _, r := range e.promoters {
		if r.Finding.Key == k && !r.planned() && r.next == nil {
			return true
		}
	}
	return false
}

// fenceUnlessPromoted begins to close a server, unless it was promoted since it was replaced.
func (e *Engine) fenceUnlessPromoted(i *topology.Instance) {
	e.goTracked(func() {
		promoted, err := e.promotedSince(context.WithoutCancel(e.lifetime()), i.Key)
		if err != nil {
			e.o.Logger.Error("whether a lost primary was promoted since cannot be read; it is closed for writing", "server", i.Key.String(), "error", err)
		}
		if promoted { // the end of its downtime may not have been written down when its leader died
			e.o.Logger.Info("a server counts as lost although it was promoted since; it stays open", "server", i.Key.String())
			return
		}
		e.mu.Lock()
		closed := !e.closed[i.Key].Before(i.Check.Began()) // while the ledger was asked, for another event
		e.mu.Unlock()
		if !closed {
			e.fence(i.Key, i.ClusterName)
		}
	})
}

// openedOnPurpose says whether somebody has opened a lost server since it was closed here.
func (e *Engine) openedOnPurpose(k topology.Key) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.opened[k]
}
