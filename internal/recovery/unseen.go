package recovery

import (
	"context"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/observe"
	"orchestrator/internal/topology"
)

// The picture that is judged may be older than what is on record: a server that dies right after its promotion was seen last
// as the replica that it was, by every node but the one that promoted it. A dead replica calls for something else than a dead
// primary, or for nothing at all.

// outdated says why what was found is not so any more: the picture that was judged may be older than what is known now. A
// manager that stood still sees much at once when it goes on.
func (e *Engine) outdated(ctx context.Context, t *topology.Topology, f *analysis.Finding) string {
	was, now := t.Instance(f.Key), e.o.Observer.Snapshot().Instance(f.Key)
	switch {
	case was == nil || now == nil || was.LastCheckValid():
		return ""
	case now.LastCheckValid():
		return "it answers again"
	case now.HasSource():
		return e.promotedUnseen(ctx, now)
	}
	return ""
}

// seenWithin is how exactly the end of a recovery is on record.
const seenWithin = 2 * time.Second

// promotedUnseen says whether what looks like a replica was promoted since it was last seen, and lost before its next
// look. The picture follows the record then, and all is judged anew.
func (e *Engine) promotedUnseen(ctx context.Context, i *topology.Instance) string {
	at, err := e.o.Ledger.PromotedAt(ctx, i.Key)
	switch {
	case err != nil:
		return "whether it was promoted cannot be read: " + err.Error()
	case at.IsZero() || i.Check.Seen.After(at.Add(seenWithin)):
		return ""
	}
	e.o.Observer.Apply(observe.Promoted{Key: i.Key})
	return "it was promoted right before it was lost"
}

// switchKnown is how long the global switch counts as on after it was last read so, where it cannot be read any more: a
// ledger that hangs in the very moment of a failure must not cost the recovery.
const switchKnown = 30 * time.Second

// learnPromotion has a server that was lost right after it was promoted look like what it was, and says so.
func (e *Engine) learnPromotion(ctx context.Context, k topology.Key) string {
	if i := e.o.Observer.Snapshot().Instance(k); isLostReplica(i) {
		return e.promotedUnseen(ctx, i)
	}
	return ""
}

// isLostReplica says whether a server does not answer, and was a replica when it did.
func isLostReplica(i *topology.Instance) bool {
	return i != nil && !i.LastCheckValid() && i.HasSource()
}

// doubtDowntime looks into a finding that nobody would act on, because all replicas of a lost server are in downtime, and it
// was a replica itself when it was seen last. The downtime of its replicas covers no dead primary.
func (e *Engine) doubtDowntime(ctx context.Context, f *analysis.Finding) {
	if f.IsDowntimed || !isLostReplica(e.o.Observer.Snapshot().Instance(f.Key)) {
		return
	}
	if !e.o.Leader.IsLeader() || e.triedLately(f.Key) || !e.take(f, analysis.Handling{}) {
		return
	}
	e.goTracked(func() {
		if why := e.learnPromotion(ctx, f.Key); why != "" {
			e.hold(f, false, failover.Hold{Rule: "outdated", Reason: why})
		}
		if cluster := e.release(f); cluster != "" && ctx.Err() == nil {
			e.judge(ctx, e.o.Observer.Cluster(cluster))
		}
	})
}

// triedLately says whether a finding about the server was handled within the last second.
func (e *Engine) triedLately(k topology.Key) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.o.Now().Before(e.attempted[k].Add(retryAfter))
}
