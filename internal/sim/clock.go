package sim

import (
	"slices"
	"time"
)

// event is something that the world does at a moment.
type event struct {
	at  time.Duration // since the beginning
	seq int           // events of one moment happen in the order in which they were planned
	do  func()
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

// events is a heap: the first of them is what is due next. It is one of its own, as there are thousands in each scenario.
type events []event

func (q *events) push(e event) {
	h := append(*q, e)
	n := len(h) - 1
	for n > 0 {
		up := (n - 1) / 2
		if !e.before(&h[up]) {
			break
		}
		h[n] = h[up]
		n = up
	}
	h[n] = e
	*q = h
}

func (q *events) pop() event {
	h := *q
	first, last := h[0], h[len(h)-1]
	h[len(h)-1] = event{}
	h = h[:len(h)-1]
	*q = h
	if len(h) == 0 {
		return first
	}
	n := 0
	for {
		down := 2*n + 1
		if down >= len(h) {
			break
		}
		if down+1 < len(h) && h[down+1].before(&h[down]) {
			down++
		}
		if !h[down].before(&last) {
			break
		}
		h[n] = h[down]
		n = down
	}
	h[n] = last
	return first
}

// lock is for whoever looks at the world or changes it. What has happened in it without anybody looking (World.quietly) is made
// up for first, each thing at its own time.
func (w *World) lock() {
	w.mu.Lock()
	w.catchUp()
}

func (w *World) unlock() { w.mu.Unlock() }

// elapsed is the time since the beginning, for those who do not hold the lock.
func (w *World) elapsed() time.Duration { return time.Since(w.start) }

// now is the time since the beginning: that of the event which is happening, where one is. The caller holds the lock.
func (w *World) now() time.Duration {
	if w.turning {
		return w.moment
	}
	return w.elapsed()
}

// after plans something that somebody notices by himself: whose connection ends, who is killed, who has waited for the network. It
// happens at its time. The caller holds the lock, and so does what is planned when it happens.
func (w *World) after(d time.Duration, do func()) { w.at(w.now()+max(d, 0), do) }

func (w *World) at(t time.Duration, do func()) {
	w.plan(t, do)
	now := w.elapsed()
	if t < now {
		w.awake("an event whose time is over")
	}
	n, _ := slices.BinarySearch(w.calls, t)
	w.calls = slices.Insert(w.calls, n, t)
	if n == 0 {
		w.alarm.Reset(t - now)
	}
}

// quietly plans something that nobody notices before he looks, as servers and applications do among themselves all the time. It
// is done when somebody looks next, and everything is then as if it had been done in time: that saves most of the cost of a
// scenario. It must wake nobody up.
func (w *World) quietly(d time.Duration, do func()) { w.plan(w.now()+max(d, 0), do) }

func (w *World) plan(t time.Duration, do func()) {
	w.planned++
	w.queue.push(event{t, w.planned, do})
}

// turn is called when an event is due that somebody notices.
func (w *World) turn() {
	w.lock()
	defer w.unlock()
	now := w.now()
	for len(w.calls) > 0 && w.calls[0] <= now {
		w.calls = slices.Delete(w.calls, 0, 1)
	}
	if len(w.calls) > 0 && !w.over {
		w.alarm.Reset(w.calls[0] - now)
	}
}

// catchUp does what is due.
func (w *World) catchUp() {
	if len(w.queue) == 0 || w.over {
		return
	}
	now := w.elapsed()
	if w.queue[0].at > now {
		return
	}
	w.turning = true
	for len(w.queue) > 0 && w.queue[0].at <= now {
		e := w.queue.pop()
		w.moment = e.at
		e.do()
	}
	w.turning = false
}

// awake is called by what wakes somebody up, who would be late if that were planned quietly: a mistake in the simulator.
func (w *World) awake(what string) {
	if w.turning && w.moment != w.elapsed() {
		panic("sim: " + what + " in an event that was planned quietly: plan it with World.after")
	}
}

// latency is how long a message takes from one node to another. No two are the same, down to the nanosecond, so that
// nothing depends on the order in which goroutines happen to run: what is sent at one moment arrives at different ones.
func (w *World) latency(from, to node, kind int) time.Duration {
	w.sent[from][to][kind]++
	h := w.luck(from, to, kind)
	d := 80*time.Microsecond + time.Duration(h%240_000)
	return d + w.slow[from][to]
}

// luck is chance about the newest message of a kind from one node to another. It counts each kind for itself: which of
// two messages that leave at the same moment is counted first depends on the scheduler.
func (w *World) luck(from, to node, kind int) uint64 {
	return hash(w.seed, uint64(from), uint64(to), uint64(kind), uint64(w.sent[from][to][kind]))
}

// kinds is how many kinds of messages there may be.
const kinds = 80
