package observe

import "sync"

// inbox is the queue of what others want the loop to do. Posting never waits.
type inbox struct {
	mu     sync.Mutex
	queue  []func()
	closed bool
	signal chan struct{}
}

func newInbox() *inbox { return &inbox{signal: make(chan struct{}, 1)} }

// post leaves f for the loop; it reports false when the loop has ended and f will not run.
func (b *inbox) post(f func()) bool {
	b.mu.Lock()
	closed := b.closed
	if !closed {
		b.queue = append(b.queue, f)
	}
	b.mu.Unlock()
	if closed {
		return false
	}
	select {
	case b.signal <- struct{}{}:
	default:
	}
	return true
}

// take empties the queue.
func (b *inbox) take() []func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.queue
	b.queue = nil
	return q
}

// close refuses what comes later and returns what is left.
func (b *inbox) close() []func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	q := b.queue
	b.queue = nil
	return q
}
