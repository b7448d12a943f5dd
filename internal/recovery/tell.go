package recovery

import "sync"

// teller hands what happens to a listener in its order, and lets nobody wait for the listener.
type teller struct {
	listen func(Progress)

	mu      sync.Mutex
	waiting []Progress
	idle    chan struct{} // closed when all has been told; nil while nothing is being told
}

// tell hands over a progress.
func (t *teller) tell(p Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = append(t.waiting, p)
	if t.idle == nil {
		t.idle = make(chan struct{})
		go t.pump(t.idle)
	}
}

// pump tells until nothing is left.
func (t *teller) pump(idle chan struct{}) {
	defer close(idle)
	for {
		t.mu.Lock()
		if len(t.waiting) == 0 {
			t.idle = nil
			t.mu.Unlock()
			return
		}
		p := t.waiting[0]
		t.waiting = t.waiting[1:]
		t.mu.Unlock()
		t.listen(p)
	}
}

// flush waits until what has been handed over so far has been told.
func (t *teller) flush() {
	t.mu.Lock()
	idle := t.idle
	t.mu.Unlock()
	if idle != nil {
		<-idle
	}
}
