package httpapi

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// throttle slows down who guesses passwords: after some failures from one address within a minute, none is checked from
// there until the minute is over.
type throttle struct {
	now func() time.Time

	mu     sync.Mutex
	failed map[string]failures
}

type failures struct {
	n     int
	since time.Time
}

const (
	failuresMost  = 20
	failureWindow = time.Minute
	addressesMost = 10_000
)

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, failed: make(map[string]failures)}
}

// blocked says for how long nothing is checked from the address of a request; 0: it is.
func (t *throttle) blocked(r *http.Request) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.failed[addressOf(r)]
	if f.n < failuresMost {
		return 0
	}
	return max(f.since.Add(failureWindow).Sub(t.now()), 0)
}

// fail notes a failure.
func (t *throttle) fail(r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if len(t.failed) >= addressesMost {
		clear(t.failed)
	}
	at := addressOf(r)
	f := t.failed[at]
	if now.Sub(f.since) >= failureWindow {
		f = failures{since: now}
	}
	f.n++
	t.failed[at] = f
}

func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
