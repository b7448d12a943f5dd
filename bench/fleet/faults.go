package fleet

import (
	"fmt"
	"time"
)

// Kill ends the i-th server as kill -9 does: its connections end, and it refuses new ones. Its replicas show at once
// that they cannot connect, and go on when it is revived. A dead server stays as it is. When Kill returns, nothing of
// the server answers any more.
func (f *Fleet) Kill(i int) error {
	f.mu.Lock()
	n := f.nodes[i]
	if err := f.usable(); err != nil {
		f.mu.Unlock()
		return fmt.Errorf("kill %s: %w", n.key, err)
	}
	stopped := n.stopped
	if n.alive {
		n.alter(f.tick(), func() {
			n.alive = false
			n.unfreeze()
			n.stop()
		})
	}
	f.mu.Unlock()
	<-stopped
	return nil
}

// Freeze makes the i-th server hang: it accepts connections and does not answer. Its replicas notice when their net
// timeout is over. A server that is dead or frozen stays as it is.
func (f *Fleet) Freeze(i int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.nodes[i]
	if err := f.usable(); err != nil {
		return fmt.Errorf("freeze %s: %w", n.key, err)
	}
	if n.alive && n.thaw == nil {
		n.alter(f.tick(), func() { n.thaw, n.froze = make(chan struct{}), time.Now() })
	}
	return nil
}

// Revive starts the i-th server again after Kill, or lets it go on after Freeze, with the state that it had.
func (f *Fleet) Revive(i int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.nodes[i]
	if err := f.usable(); err != nil {
		return fmt.Errorf("revive %s: %w", n.key, err)
	}
	tick := f.tick()
	switch {
	case !n.alive:
		var err error
		n.alter(tick, func() { err = n.listen() })
		if err != nil {
			return fmt.Errorf("revive %s: %w", n.key, err)
		}
	case n.thaw != nil:
		n.alter(tick, n.unfreeze)
	}
	return nil
}

// Alive says whether the i-th server is neither dead nor frozen.
func (f *Fleet) Alive(i int) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.nodes[i].alive && f.nodes[i].thaw == nil
}

func (f *Fleet) usable() error {
	switch {
	case f.life == nil:
		return errNotStarted
	case !f.running:
		return errClosed
	}
	return nil
}

func (n *node) unfreeze() {
	if n.thaw != nil {
		close(n.thaw)
		n.thaw = nil
	}
}
