package sim

import (
	"container/heap"
	"time"
)

// event is something that the world does at a moment.
type event struct {
	at  time.Duration // since the beginning
	seq int           // events of one moment happen in the order in which they were planned
	do  func()
}

type events []event

// Len, Less, Swap, Push and Pop make it a heap.Interface.

func (q events) Len() int { return len(q) }
func (q events) Less(a, b int) bool {
	return q[a].at < q[b].at || q[a].at == q[b].at && q[a].seq < q[b].seq
}
func (q events) Swap(a, b int) { q[a], q[b] = q[b], q[a] }

// Push appends an event; only package heap calls it.
func (q *events) Push(x any) { *q = append(*q, x.(event)) }

// Pop takes the last event; only package heap calls it.
func (q *events) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = event{}
	*q = (*q)[:last]
	return e
}

// now is the time since the beginning.
func (w *World) now() time.Duration { return time.Since(w.start) }

// after plans something. The caller holds mu, and so does what is planned when it happens.
func (w *World) after(d time.Duration, do func()) { w.at(w.now()+max(d, 0), do) }

func (w *World) at(t time.Duration, do func()) {
	w.planned++
	heap.Push(&w.queue, event{t, w.planned, do})
	if w.queue[0].seq == w.planned && !w.turning {
		w.alarm.Reset(t - w.now())
	}
}

// turn does what is due, and has itself called again when the next event is.
func (w *World) turn() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	w.turning = true
	for len(w.queue) > 0 && w.queue[0].at <= w.now() {
		heap.Pop(&w.queue).(event).do()
	}
	w.turning = false
	if len(w.queue) > 0 {
		w.alarm.Reset(w.queue[0].at - w.now())
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
