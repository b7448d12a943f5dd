package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
	"orchestrator/internal/wire"
)

// pretended is a server that signs everybody in and answers nothing but pings.
type pretended struct {
	key topology.Key

	mu       sync.Mutex
	sessions []*wire.Session
}

func newPretended(t *testing.T) *pretended {
	t.Helper()
	p := &pretended{}
	s := &wire.Server{
		Handler: wire.HandlerFunc(func(context.Context, *wire.Session, string) ([]wire.Result, error) {
			return nil, errors.New("not asked for")
		}),
		OnConnect: func(_ context.Context, s *wire.Session) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.sessions = append(p.sessions, s)
			return nil
		},
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p.key = topology.Key{Hostname: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-done)
	})
	return p
}

// users are those who are signed in, separated by blanks.
func (p *pretended) users() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for _, s := range p.sessions {
		names = append(names, s.User())
	}
	return strings.Join(names, " ")
}

// hangUp ends all connections.
func (p *pretended) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sessions {
		s.Close()
	}
	p.sessions = nil
}

func testProber(t *testing.T) *prober {
	t.Helper()
	p := newProber(server.Options{User: "u"})
	t.Cleanup(func() { must(t, p.servers.Close()) })
	return p
}

// counted is a function for Watch and the channel on which it reports.
func counted() (func(error), chan error) {
	c := make(chan error, 10)
	return func(err error) { c <- err }, c
}

func awaitLost(t *testing.T, lost chan error) {
	t.Helper()
	select {
	case err := <-lost:
		if server.KindOf(err) != server.ConnectionLost {
			t.Errorf("told %v, which is no lost connection", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nobody was told that the connection ended")
	}
}

func TestWatchTellsEachWatcherOnce(t *testing.T) {
	s, p := newPretended(t), testProber(t)
	must(t, p.Ping(t.Context(), s.key))
	first, firstLost := counted()
	second, secondLost := counted()
	stopped, stoppedLost := counted()
	stop := p.Watch(s.key, first)
	defer stop()
	defer p.Watch(s.key, second)()
	p.Watch(s.key, stopped)()

	s.hangUp()
	awaitLost(t, firstLost)
	awaitLost(t, secondLost)

	// The connection is made anew and watched by another; it ends too.
	must(t, p.Ping(t.Context(), s.key))
	third, thirdLost := counted()
	defer p.Watch(s.key, third)()
	stop() // of a watcher that was told already, takes nothing from the others
	s.hangUp()
	awaitLost(t, thirdLost)
	if len(firstLost)+len(secondLost)+len(stoppedLost) != 0 {
		t.Errorf("told again or after the stop: %d, %d, %d times", len(firstLost), len(secondLost), len(stoppedLost))
	}
}

func TestReleaseForgetsServerAndWatchers(t *testing.T) {
	s, p := newPretended(t), testProber(t)
	must(t, p.Ping(t.Context(), s.key))
	lost, told := counted()
	stop := p.Watch(s.key, lost)
	p.Release(s.key)
	stop()
	if got := p.servers.Stats(); got.Servers != 0 || got.ConnectionsOpen != 0 {
		t.Errorf("%d servers and %d connections are left", got.Servers, got.ConnectionsOpen)
	}
	if len(told) != 0 {
		t.Error("a release is no lost connection")
	}
}

func TestFailedProbeIsMeasured(t *testing.T) {
	s, p := newPretended(t), testProber(t)
	var failures int
	p.measured = func(_ time.Duration, err error) {
		if err != nil {
			failures++
		}
	}
	if _, err := p.Probe(t.Context(), s.key, observeAsk(false)); err == nil || failures != 1 {
		t.Errorf("error %v, %d failures measured", err, failures)
	}
}

// TestAnswerTellsOfItsConnection: by it a server that was started anew is told from one that ran on.
func TestAnswerTellsOfItsConnection(t *testing.T) {
	since := time.Unix(1000, 1)
	if a := answer(&server.Observation{Since: since}); !a.Connected.Equal(since) {
		t.Errorf("the connection is there since %v, want %v", a.Connected, since)
	}
}
