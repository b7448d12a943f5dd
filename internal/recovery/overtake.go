package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// A successor may be lost before the recovery that opened it has ended: a slow replica is still being waited for, or a
// hook runs. Its replacement does not wait for that. The first recovery overtaken by the second one leads no more replicas
// to a server that is gone, and leaves alone what the second one sees to; its records and hooks come before those of the
// second, so that what is told last is true.

const (
	// cutShortWithin bounds how long a second recovery waits for the steps of the first to end that it has cut short.
	cutShortWithin = 5 * time.Second
	// aheadWithin bounds how long the end of a second recovery waits for that of the first.
	aheadWithin = 10 * time.Second
)

// course is what other recoveries of this process have to know of one. Engine.mu guards next.
type course struct {
	next  *Recovery     // which has overtaken this one
	after *Recovery     // which this one has overtaken; of its own goroutine alone
	still chan struct{} // closed when its steps have ended
	ended chan struct{} // closed when its record has

	bygone bool // one that has ended before this has overtaken it; of its own goroutine alone
}

// announcePromoted lets everybody know at once that a server was opened in place of another one: the picture, who plans what
// comes next if it is lost in turn, and who was about to close it.
func (e *Engine) announcePromoted(r *Recovery, successor topology.Key) {
	e.showPromoted(r, successor)
	e.countPromoted(r, successor)
}

// countPromoted has a recovery under way count as the one that opened a server: whom that replaced counts as lost, and if it is
// lost in turn, its replacement does not wait for the end of this one.
func (e *Engine) countPromoted(r *Recovery, successor topology.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.promoters[successor] = r
	if !r.planned() { // the anti-flapping period holds from the beginning, not only once the record says who the successor is
		e.recent[recentKind{successor.String(), true}] = r.Started
	}
	delete(e.successors, successor)
	delete(e.bereft, successor) // those of an earlier life
	e.endFencing(successor)
}

// showPromoted puts the successor into the picture as a primary, unless it goes on replicating by plan.
func (e *Engine) showPromoted(r *Recovery, successor topology.Key) {
	if slices.ContainsFunc(r.Plan.Steps, func(s plan.Step) bool { return s.Server == successor && s.Action.Verb == plan.ForgetSource }) {
		e.o.Observer.Apply(observe.Promoted{Key: successor})
	}
}

// overtake cuts the recovery short that opened the server which is lost now, if there is one under way, and waits for the
// end of its steps. An error says why the second recovery must not begin yet.
func (e *Engine) overtake(ctx context.Context, r *Recovery) error {
	e.mu.Lock()
	first := e.promoters[r.Finding.Key]
	if first == nil {
		e.mu.Unlock()
		return nil
	}
	e.mu.Unlock()
	if block := e.remembered(r); block.Blocked() && !r.Forced {
		return errors.New(block.Reason)
	}
	e.mu.Lock()
	first.next, r.after = r, first
	log := e.logs[first.UID]
	e.mu.Unlock()
	if log != nil {
		log.cutShort(fmt.Errorf("%s is lost again", r.Finding.Key))
	}
	if !endsWithin(ctx, cutShortWithin, first.still) {
		return fmt.Errorf("the recovery of %s, which opened it, is still at work", first.Finding.Key)
	}
	return nil
}

// overtaken says whether a later recovery has replaced the successor already.
func (e *Engine) overtaken(r *Recovery) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return r.next != nil || r.bygone
}

// awaitFirst has the end of an overtaken recovery be told before that of the one which has overtaken it.
func (e *Engine) awaitFirst(ctx context.Context, r *Recovery) {
	if r.after != nil && !endsWithin(ctx, aheadWithin, r.after.ended) {
		e.o.Logger.Warn("the end of an earlier recovery is not waited for any longer", "earlier", r.after.UID, "uid", r.UID)
	}
}

// endsWithin waits for something, and says whether it has happened.
func endsWithin(ctx context.Context, bound time.Duration, done <-chan struct{}) bool {
	late := time.NewTimer(bound)
	defer late.Stop()
	select {
	case <-done:
		return true
	case <-ctx.Done():
	case <-late.C:
	}
	return false
}

// begins prepares what others wait for; ends lets them go on.
func (r *Recovery) begins() { r.still, r.ended = make(chan struct{}), make(chan struct{}) }

// settledElsewhere says whether a server that an overtaken recovery leaves behind is well where it is: it was opened or
// pointed elsewhere since, and must be neither closed nor counted as lost. One that stands below a server of which the
// recovery was is not.
func (e *Engine) settledElsewhere(r *Recovery, k topology.Key) bool {
	i := e.o.Observer.Snapshot().Instance(k)
	switch {
	case i == nil || !i.LastCheckValid() || e.beingFenced(k):
		return false
	case i.HasSource():
		return i.Channel.Source != r.Finding.Key && i.Channel.Source != r.Successor
	}
	return !i.ReadOnly
}
