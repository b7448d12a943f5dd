package observe

import (
	"context"
	"time"

	"orchestrator/internal/topology"
)

const (
	// signsWithin bounds one look for what hinders writes.
	signsWithin = 3 * time.Second
	// signsTroubled is the time from one look to the next while there is something: it must be shorter than what the
	// analysis takes for a sign of life.
	signsTroubled = 400 * time.Millisecond
	// slowProbe is how long a probe may take before the server is looked at because of it.
	slowProbe = 200 * time.Millisecond
)

// writeWatch looks, again and again, for what keeps a server from taking writes.
type writeWatch struct {
	cancel context.CancelFunc
	kick   chan struct{} // asks for a look at once
}

// look asks for a look at once. It does not wait.
func (w *writeWatch) look() {
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

// reviewWriteWatch begins or ends the looks at one server. Each that should take writes, and that others replicate from,
// is looked at, also while probes of it fail: a server whose binary log is stuck answers no probe, but these looks.
func (o *Observer) reviewWriteWatch(k topology.Key, i *topology.Instance) {
	need := o.signs != nil && i != nil && takesWrites(i) && o.hasReplicas(k) && o.picture.members[k].asked &&
		o.config().CannotWriteAfter() > 0 && o.ctx.Err() == nil && o.active()
	w := o.writeWatches[k]
	switch {
	case need && w == nil:
		o.watchWrites(k)
	case !need && w != nil:
		w.cancel()
		delete(o.writeWatches, k)
		o.showTroubles(k, nil)
	}
}

// takesWrites says whether the server is a primary that was open for writing when it was last seen.
func takesWrites(i *topology.Instance) bool {
	return !i.ReadOnly && !i.Check.Seen.IsZero() && !i.IsBinlogServer() && (!i.HasSource() || i.IsCoPrimary)
}

func (o *Observer) watchWrites(k topology.Key) {
	ctx, cancel := context.WithCancel(o.ctx)
	w := &writeWatch{cancel, make(chan struct{}, 1)}
	o.writeWatches[k] = w
	o.work.Go(func() {
		defer cancel()
		pause := phaseOf(k) % o.signsEvery(false)
		for w.rest(ctx, pause) {
			look, end := context.WithTimeout(ctx, signsWithin)
			signs, err := o.signs(look, k)
			end()
			if err != nil {
				signs = nil // nothing is known; whether the server is there is the probes' business
			}
			pause = o.signsEvery(len(signs) > 0)
			o.inbox.post(func() { o.takeSigns(k, w, signs) })
		}
	})
}

// rest waits for the next look; it reports false when ctx has ended.
func (w *writeWatch) rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-w.kick:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// signsEvery is the time from one look to the next.
func (o *Observer) signsEvery(troubled bool) time.Duration {
	if troubled {
		return signsTroubled
	}
	return o.poll()
}

// lookIfSlow has a server looked at for what hinders writes when a probe of it that begins now takes long; ended stops that.
// The probe may be stuck behind a write. The look then needs another connection, and wants to have it before those are used
// up: by clients that wait for the same, or by more probes that get stuck.
func (o *Observer) lookIfSlow(k topology.Key) (ended func()) {
	w := o.writeWatches[k]
	if w == nil {
		return func() {}
	}
	slow := time.AfterFunc(slowProbe, w.look)
	return func() { slow.Stop() }
}

// takeSigns shows what a look has found.
func (o *Observer) takeSigns(k topology.Key, w *writeWatch, signs []topology.WriteSign) {
	i := o.picture.instance(k)
	if o.writeWatches[k] != w || i == nil {
		return
	}
	now := o.now()
	until := now.Add(2*o.signsEvery(true) + signsWithin)
	o.showTroubles(k, i.Troubles.Renewed(topology.BySigns, now, until, signs))
}

// showTroubles puts them into the picture. They are not stored.
func (o *Observer) showTroubles(k topology.Key, troubles topology.WriteTroubles) {
	i := o.picture.instance(k)
	if i == nil || len(i.Troubles) == 0 && len(troubles) == 0 {
		return
	}
	o.picture.trouble(i, troubles)
}

// trouble replaces the troubles of a server.
func (p *picture) trouble(i *topology.Instance, troubles topology.WriteTroubles) {
	c := i.Clone()
	c.Troubles = troubles
	p.put(c)
}

// SetWriteCheck shows how a write check of a server has ended: what kept it from being done, or a nil Sign. Until is until
// when that counts.
type SetWriteCheck struct {
	Key   topology.Key
	Sign  *topology.WriteSign
	Until time.Time
	Again bool // it could not be made, because what was seen before is in its way still
}

func (c SetWriteCheck) apply(p *picture, now time.Time) {
	i := p.instance(c.Key)
	if i == nil {
		return
	}
	var signs []topology.WriteSign
	switch {
	case c.Again:
		signs = i.Troubles.Again(topology.ByWriteCheck)
	case c.Sign != nil && takesWrites(i):
		signs = append(signs, *c.Sign)
	}
	if len(i.Troubles) > 0 || len(signs) > 0 {
		p.trouble(i, i.Troubles.Renewed(topology.ByWriteCheck, now, c.Until, signs))
	}
}

// obstacles are the kinds of troubles as one text, for comparison.
func obstacles(troubles topology.WriteTroubles) (text string) {
	for _, t := range troubles {
		text += string(t.Obstacle) + ";"
	}
	return text
}
