package observe

import (
	"container/heap"
	"time"
)

// timer is one thing that the loop does at a moment. It is in the heap exactly while it is armed.
type timer struct {
	when  time.Time
	fire  func()
	index int // place in the heap, counted from 1; 0 when not armed
}

// timers orders what is due by time.
type timers []*timer

// arm sets the moment of t, whether or not it is armed already.
func (h *timers) arm(t *timer, when time.Time) {
	t.when = when
	if t.index > 0 {
		heap.Fix(h, t.index-1)
		return
	}
	heap.Push(h, t)
}

// disarm takes t out; it does nothing when t is not armed.
func (h *timers) disarm(t *timer) {
	if t.index > 0 {
		heap.Remove(h, t.index-1)
	}
}

// due takes out and returns the first timer whose moment has come, or nil.
func (h *timers) due(now time.Time) *timer {
	if len(*h) == 0 || (*h)[0].when.After(now) {
		return nil
	}
	t := (*h)[0]
	heap.Remove(h, 0)
	return t
}

// Len, Less, Swap, Push and Pop make it a heap.Interface.

func (h timers) Len() int           { return len(h) }
func (h timers) Less(a, b int) bool { return h[a].when.Before(h[b].when) }
func (h timers) Swap(a, b int) {
	h[a], h[b] = h[b], h[a]
	h[a].index, h[b].index = a+1, b+1
}

// Push appends a timer; only package heap calls it.
func (h *timers) Push(x any) {
	t := x.(*timer)
	*h = append(*h, t)
	t.index = len(*h)
}

// Pop takes the last timer; only package heap calls it.
func (h *timers) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.index = 0
	return t
}
