package observe

import (
	"context"
	"hash/fnv"
	"math"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// class says out of which budget a probe is paid.
type class int

const (
	living  class = iota // ordinary probes of servers that answer, or were never asked
	dead                 // ordinary probes of servers that did not answer last time
	urgent               // what suspicions and callers ask for at once
	classes              // how many there are
)

// queue holds the entries of one class that wait for a free place, first come first served.
type queue struct {
	waiting []*entry
	running int
}

// entry is the schedule of one server: when it is asked next, and what is under way.
type entry struct {
	key      topology.Key
	phase    time.Duration // where in the poll interval the server is asked, so that the fleet is spread evenly
	failures int           // in a row
	refusal  server.Kind   // why the server refused when it failed last; 0 when it did not refuse
	timer    timer         // the next ordinary probe, or while one runs its hang guard

	queued  class    // the queue it waits in, if waiting is set
	waiting *request // wants a place
	running *job     // under way
	next    *request // to be done when running has ended

	tentative bool      // reported by others, never answered, not in the picture
	reported  time.Time // when it was last reported
	gone      bool      // forgotten
}

// request is a wish to have a server asked.
type request struct {
	urgent   bool
	fresh    bool
	deadline time.Duration // 0: the configured ones
	waiters  []func(topology.Key, error)
}

// merge adds what another wish asks for.
func (r *request) merge(o *request) {
	r.fresh = r.fresh || o.fresh
	if o.urgent && (!r.urgent || o.deadline > 0 && (r.deadline == 0 || o.deadline < r.deadline)) {
		r.deadline = o.deadline
	}
	r.urgent = r.urgent || o.urgent
	r.waiters = append(r.waiters, o.waiters...)
}

// job is one probe under way.
type job struct {
	request    *request
	class      class
	slow       bool // it runs for so long that it gave its place to another
	superseded bool // it was cancelled in favour of an urgent one
	started    time.Time
	cancel     context.CancelFunc
}

// enlist returns the schedule of a server, made anew when there is none. The first probe is due at once.
func (o *Observer) enlist(k topology.Key) *entry {
	if e := o.entries[k]; e != nil {
		return e
	}
	e := &entry{key: k, phase: phaseOf(k)}
	e.timer.fire = func() { o.onTimer(e) }
	o.entries[k] = e
	return e
}

// phaseOf spreads servers over the unit of time; it is scaled to the poll interval where it is used.
func phaseOf(k topology.Key) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(k.String())) // a hash never fails to write
	return time.Duration(h.Sum64() >> 1)
}

// onTimer is an entry's timer: the hang guard of a running probe, or the next ordinary probe.
func (o *Observer) onTimer(e *entry) {
	switch {
	case e.gone:
	case e.running != nil && e.next != nil && !e.running.superseded && e.next.overrides(e.running.request):
		o.supersede(e)
	case e.running != nil:
		o.guard(e)
	case e.waiting != nil:
	case !o.active():
		o.schedule(e)
	default:
		o.want(e, &request{})
	}
}

// leastSlow is how many hanging probes may at least be under way beside the budgets. Each is a goroutine and a
// connection that wait; what they must not do is keep servers that answer from being asked.
const leastSlow = 1024

// guard notes that a probe is hanging: it counts as an attempt from now on, and no longer against the budget of those
// that do their work.
func (o *Observer) guard(e *entry) {
	if i := o.picture.instance(e.key); i != nil {
		c := i.Clone()
		c.Check.Attempted = e.running.started
		if !i.Check.Attempted.After(e.running.started) {
			o.take(c)
		}
	}
	if !e.running.slow && e.running.class != urgent && o.slow < max(4*o.limit(living), leastSlow) {
		e.running.slow = true
		o.slow++
		o.queues[e.running.class].running--
		o.fill()
	}
}

// want gives a server's next probe. Probes of one server never overlap: an urgent wish ends an ordinary probe that is
// under way and follows it, any other wish follows or joins what is there.
func (o *Observer) want(e *entry, r *request) {
	switch {
	case e.running != nil:
		if !r.urgent {
			return
		}
		if e.next == nil {
			e.next = r
		} else {
			e.next.merge(r)
		}
		if !e.next.overrides(e.running.request) {
			break
		}
		if patient := e.running.started.Add(patience); !e.next.fresh && o.now().Before(patient) {
			o.timers.arm(&e.timer, patient)
		} else {
			o.supersede(e)
		}
	case e.waiting != nil:
		e.waiting.merge(r)
		if r.urgent && e.queued != urgent {
			o.queue(e, urgent)
		}
	default:
		e.waiting = r
		o.queue(e, o.classOf(e, r))
	}
	o.fill()
}

// overrides says whether a request is worth ending the other one for.
func (r *request) overrides(o *request) bool {
	return r.urgent && (!o.urgent || r.deadline > 0 && o.deadline == 0)
}

// patience is how long a probe under way may still go on when another one of the same server is urgent. To end it
// costs the connection, and nearly all probes end in less.
const patience = 50 * time.Millisecond

// supersede ends the probe under way in favour of the next one, which also answers those who waited for it.
func (o *Observer) supersede(e *entry) {
	old := e.running.request
	e.next.waiters = append(e.next.waiters, old.waiters...)
	old.waiters = nil
	e.running.superseded = true
	e.running.cancel()
}

func (o *Observer) classOf(e *entry, r *request) class {
	switch {
	case r.urgent:
		return urgent
	case e.failures > 0:
		return dead
	}
	return living
}

func (o *Observer) queue(e *entry, c class) {
	e.queued = c
	o.queues[c].waiting = append(o.queues[c].waiting, e)
}

// fill starts waiting probes while there are free places, the urgent ones first.
func (o *Observer) fill() {
	for _, c := range [...]class{urgent, living, dead} {
		q := &o.queues[c]
		for len(q.waiting) > 0 && q.running < o.limit(c) {
			e := q.waiting[0]
			q.waiting[0] = nil
			q.waiting = q.waiting[1:]
			if e.waiting != nil && e.queued == c { // else it moved to another queue or was forgotten
				o.start(e, c)
			}
		}
	}
}

// limit is the budget of a class. Without a budget of their own the dead may use half of the places of the living, on
// top of them: a fifth of the fleet being dead then costs the living nothing.
func (o *Observer) limit(c class) int {
	cfg := o.config()
	most := max(int(cfg.DiscoveryMaxConcurrency), 1)
	switch c {
	case urgent:
		return urgentConcurrency
	case dead:
		if n := int(cfg.DeadInstanceDiscoveryMaxConcurrency); n > 0 {
			return n
		}
		return max(most/2, 1)
	}
	return most
}

// start sends a worker out.
func (o *Observer) start(e *entry, c class) {
	r := e.waiting
	e.waiting = nil
	limit := r.deadline
	if limit == 0 {
		cfg := o.config()
		limit = cfg.MySQLConnectTimeout() + cfg.MySQLDiscoveryReadTimeout()
	}
	ctx, cancel := context.WithTimeout(o.ctx, limit)
	j := &job{request: r, class: c, started: o.now(), cancel: cancel}
	e.running = j
	o.queues[c].running++
	o.timers.arm(&e.timer, j.started.Add(o.timing.HangGuard))
	ended := o.lookIfSlow(e.key)
	o.work.Go(func() {
		defer cancel()
		f := o.look(ctx, e.key, r)
		ended()
		o.inbox.post(func() { o.done(e, j, f) })
	})
}

// done takes a worker's findings in and decides when the server is asked next.
func (o *Observer) done(e *entry, j *job, f finding) {
	e.running = nil
	delete(o.picture.open, e.key)
	if j.slow {
		o.slow--
	} else {
		o.queues[j.class].running--
	}
	stopping := o.ctx.Err() != nil
	key, err := e.key, f.err
	switch {
	case e.gone:
		err = errForgotten(e.key)
	case f.err != nil && (j.superseded || stopping):
		// It was ended by us: that says nothing about the server.
	default:
		before := e.failures
		key = o.commit(e, f)
		if j.class == urgent && before > 0 && e.failures > before {
			e.failures = before // many looks in a short time are one failure, or the back-off would jump to its most
		}
	}
	for _, tell := range j.request.waiters {
		o.after = append(o.after, func() { tell(key, err) })
	}
	if next := e.next; next != nil {
		e.next = nil
		if to := o.entries[key]; to != nil { // the server may have got another name by now
			o.want(to, next)
		} else {
			o.refuse(next, errForgotten(e.key))
		}
	} else if !e.gone {
		o.schedule(e)
	}
	o.fill()
}

// schedule arms the timer of the next ordinary probe.
func (o *Observer) schedule(e *entry) {
	poll := o.poll()
	now := o.now()
	if delay := o.backOff(e, poll); delay > poll {
		o.timers.arm(&e.timer, now.Add(delay))
		return
	}
	o.timers.arm(&e.timer, nextInGrid(now, e.phase, poll))
}

// nextInGrid is the first moment after now at which a server of this phase is due.
func nextInGrid(now time.Time, phase, poll time.Duration) time.Time {
	into := time.Duration(now.UnixNano()) % poll
	wait := phase%poll - into
	if wait <= 0 {
		wait += poll
	}
	return now.Add(wait)
}

// backOff is how long a server is left alone after its last failures: factor^n poll intervals, up to the configured
// most. Servers that others merely report and that never answered back off by at least doubling.
func (o *Observer) backOff(e *entry, poll time.Duration) time.Duration {
	cfg := o.config()
	factor := float64(cfg.DeadInstancePollSecondsMultiplyFactor)
	if e.tentative {
		factor = max(factor, 2)
	}
	if e.failures == 0 || factor <= 1 {
		return poll
	}
	most := max(cfg.DeadInstancePollMax(), poll)
	delay := float64(poll) * math.Pow(factor, float64(e.failures-1))
	if delay >= float64(most) {
		return most
	}
	return time.Duration(delay)
}

func (o *Observer) poll() time.Duration {
	return max(o.config().InstancePoll(), time.Second)
}

// refuse tells those who wait for a request that it will not be done.
func (o *Observer) refuse(r *request, err error) {
	for _, tell := range r.waiters {
		o.after = append(o.after, func() { tell(topology.Key{}, err) })
	}
}

// strike takes a server out of the schedule. Those who wait for it are told why.
func (o *Observer) strike(e *entry, why error) {
	e.gone = true
	o.timers.disarm(&e.timer)
	if e.waiting != nil {
		o.refuse(e.waiting, why)
		e.waiting = nil
	}
	if e.running != nil {
		e.running.cancel()
	}
	delete(o.entries, e.key)
	delete(o.picture.open, e.key)
}

// abandon tells everyone who still waits that the run has ended.
func (o *Observer) abandon() {
	for _, e := range o.entries {
		for _, r := range []*request{e.waiting, e.next} {
			if r != nil {
				o.refuse(r, errStopped)
			}
		}
		if e.running != nil {
			o.refuse(e.running.request, errStopped)
		}
		e.waiting, e.next, e.running = nil, nil, nil
	}
}
