package operatetest

import (
	"sync"

	"orchestrator/internal/observe"
)

// Events are what an observer tells: each who subscribes hears all of them, those as well that were told before, as a test does
// not wait for who is about to subscribe.
type Events struct {
	mu   sync.Mutex
	told []observe.Event
	hear map[chan observe.Event]bool
}

// Subscribe returns what is told, and what ends that.
func (e *Events) Subscribe(int) (<-chan observe.Event, func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.hear == nil {
		e.hear = make(map[chan observe.Event]bool)
	}
	c := make(chan observe.Event, 64+len(e.told))
	for _, ev := range e.told {
		c <- ev
	}
	e.hear[c] = true
	return c, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.hear, c)
	}
}

// Tell tells everybody who has subscribed. More than 64 events that one has not taken make it wait.
func (e *Events) Tell(ev observe.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.told = append(e.told, ev)
	for c := range e.hear {
		c <- ev
	}
}
