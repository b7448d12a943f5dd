package observe

import (
	"time"

	"orchestrator/internal/topology"
)

// quickSteps are the pauses between the looks at the replicas of a server that has just been lost; the last one
// repeats until Timing.Settle has passed.
var quickSteps = [...]time.Duration{
	5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond, 80 * time.Millisecond,
	100 * time.Millisecond,
}

// suspicion is the closer look at a server that others depend on: it and its replicas are asked at the same time,
// with short deadlines, and then again and again until the server answers, no replica claims to receive from it any
// more, or Timing.Suspicion has passed.
type suspicion struct {
	key   topology.Key
	since time.Time
	step  int
	asked time.Time // when the server itself was last asked
	timer timer
}

// suspect begins a closer look. It does nothing for servers without replicas and for those already under suspicion.
func (o *Observer) suspect(k topology.Key, why error) {
	e := o.entries[k]
	if e == nil || o.suspicions[k] != nil || !o.hasReplicas(k) || !o.active() || o.ctx.Err() != nil {
		return
	}
	now := o.now()
	o.log.Warn("server suspected, asking it and its replicas", "instance", k.String(), "reason", why)
	s := &suspicion{key: k, since: now, asked: now}
	s.timer.fire = func() { o.lookAgain(s) }
	o.suspicions[k] = s
	o.metrics.suspicions.Add(1)
	if w := o.writeWatches[k]; w != nil {
		w.look() // it may answer no probe because it is stuck in a write
	}
	o.want(e, o.quick(true))
	for r := range o.picture.replicas[k] {
		if e := o.entries[r]; e != nil {
			o.want(e, o.quick(false))
		}
	}
	o.timers.arm(&s.timer, now.Add(quickSteps[0]))
}

func (o *Observer) quick(fresh bool) *request {
	return &request{urgent: true, fresh: fresh, deadline: o.timing.UrgentDeadline}
}

// lookAgain is the next step of a suspicion.
func (o *Observer) lookAgain(s *suspicion) {
	now := o.now()
	if o.suspicions[s.key] != s {
		return
	}
	if now.Sub(s.since) > o.timing.Suspicion {
		delete(o.suspicions, s.key)
		return
	}
	busy := o.busy(s.key)
	for r := range o.picture.replicas[s.key] {
		i := o.picture.instance(r)
		if o.busy(r) {
			busy = true
			continue
		}
		// A replica that did not answer may do so the next time; there is no haste with those.
		if i.LastCheckValid() && i.Channel.IOThread.Running() || s.slow(o, now) && !i.LastCheckValid() {
			o.want(o.entries[r], o.quick(false))
			busy = true
		}
	}
	if !busy && !o.someReplicate(s.key) {
		delete(o.suspicions, s.key) // all agree: nothing more to be learnt in haste
		return
	}
	step := quickSteps[min(s.step+1, len(quickSteps)-1)]
	s.step++
	if s.slow(o, now) {
		step = o.timing.SlowStep
	}
	if e := o.entries[s.key]; e != nil && !o.busy(s.key) && now.Sub(s.asked) >= quickSteps[len(quickSteps)-1] {
		s.asked = now
		o.want(e, o.quick(true))
	}
	o.timers.arm(&s.timer, now.Add(step))
}

func (s *suspicion) slow(o *Observer, now time.Time) bool { return now.Sub(s.since) > o.timing.Settle }

// busy says whether a server is being asked, or about to be.
func (o *Observer) busy(k topology.Key) bool {
	e := o.entries[k]
	return e == nil || e.running != nil || e.waiting != nil
}

// calm ends the suspicion of a server that has answered.
func (o *Observer) calm(k topology.Key) {
	if s := o.suspicions[k]; s != nil {
		o.timers.disarm(&s.timer)
		delete(o.suspicions, k)
		o.log.Info("suspected server answers", "instance", k.String(), "after", o.now().Sub(s.since))
	}
}

// suspected says whether a server of the cluster is under suspicion.
func (o *Observer) suspected(cluster string) bool {
	for k := range o.suspicions {
		if i := o.picture.instance(k); i != nil && i.ClusterName == cluster {
			return true
		}
	}
	return false
}
