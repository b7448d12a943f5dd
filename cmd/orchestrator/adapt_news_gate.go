package main

import (
	"sync"

	"orchestrator/internal/observe"
)

// gate keeps what is read from the backend from being shown after something newer that this process declared itself:
// an operation's lock that was read just before its end would otherwise stay in the picture until the next look. The
// zero value is ready.
type gate struct {
	mu      sync.Mutex
	version uint64 // counts what this process declared
}

// own makes of apply one for what this process declares.
func (g *gate) own(apply func(observe.Change)) func(observe.Change) {
	return func(c observe.Change) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.version++
		apply(c)
	}
}

func (g *gate) now() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.version
}

// unless runs do, unless this process declared something since that version, and says whether it ran.
func (g *gate) unless(since uint64, do func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.version != since {
		return false
	}
	do()
	return true
}
