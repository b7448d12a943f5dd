package server_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
	"orchestrator/internal/wire"
)

// looked is a fake that is looked at for what hinders writes.
type looked struct {
	*fake
	servers *server.Servers
	server  *server.Server
	losses  *losses
	options server.Options
	later   atomic.Int64 // by how much its clock is ahead
	full    atomic.Bool  // it lets nobody in any more
}

// ample is more than a look takes.
const ample = time.Minute

// newLooked makes one that was probed and is watched, and whose probe connection a look may keep for as long as given.
func newLooked(t *testing.T, shared time.Duration, connected int, waiting ...[]any) *looked {
	t.Helper()
	l := &looked{losses: newLosses()}
	l.fake = newFakeWith(t, func(f *fake) {
		next := f.srv.OnConnect
		f.srv.OnConnect = func(ctx context.Context, s *wire.Session) error {
			if l.full.Load() {
				return &wire.Error{Code: wire.CodeTooManyConnections, Message: "voll"}
			}
			return next(ctx, s)
		}
	}, mysql80()...)
	l.say(connected, waiting...)
	l.options = server.Options{User: "u", Password: "p", OnLost: l.losses.report, ControlIdle: time.Millisecond, ProbeTimeout: ample, SharedLook: shared,
		Now: func() time.Time { return time.Now().Add(time.Duration(l.later.Load())) }}
	l.servers = open(t, l.options)
	l.server = l.servers.For(l.key)
	l.server.Watch(true)
	_ = must1(l.server.Probe(limited(t)))(t)
	l.queries()
	return l
}

// say has it show so many of a hundred connections, and these as held up.
func (l *looked) say(connected int, waiting ...[]any) {
	l.change(
		answer{begins: "SELECT @@global.max_connections", result: row([]string{"limit", "ps"}, 100, 1)},
		answer{begins: "SHOW GLOBAL STATUS LIKE 'Threads_connected'", result: row([]string{"Variable_name", "Value"}, "Threads_connected", connected)},
		answer{begins: "SELECT DATA FROM performance_schema.error_log", result: rows([]string{"DATA"})},
		answer{begins: "SELECT ID, TIME, STATE", result: rows([]string{"ID", "TIME", "STATE", "INFO"}, waiting...)})
}

// look looks, and returns what is in the way.
func (l *looked) look(t *testing.T) (found []topology.Obstacle) {
	t.Helper()
	for _, s := range must1(l.server.WriteSigns(limited(t)))(t) {
		found = append(found, s.Obstacle)
	}
	return found
}

// awaitConnections waits until so many connections are open, and sees how many there have ever been.
func (l *looked) awaitConnections(t *testing.T, open, ever int64) {
	t.Helper()
	l.awaitOpen(t, open)
	if n := l.servers.Stats().ConnectionsOpened; n != ever {
		t.Errorf("%d connections were opened, want %d", n, ever)
	}
}

func (l *looked) awaitOpen(t *testing.T, open int64) {
	t.Helper()
	eventually(t, "connections closed", func() bool { return l.servers.Stats().ConnectionsOpen == open })
}

// allIsWellAgain sees that looks of a busy server go back to the probe connection when there has been no reason against it
// for long enough.
func (l *looked) allIsWellAgain(t *testing.T) {
	t.Helper()
	l.say(10, committing(0))
	l.options.SharedLook = ample
	l.servers.Reconfigure(l.options)
	for range 3 {
		l.later.Add(int64(40 * time.Second))
		l.look(t)
	}
	l.awaitOpen(t, 1)
	ever := l.servers.Stats().ConnectionsOpened
	for range 3 {
		l.look(t)
	}
	l.awaitConnections(t, 1, ever)
	l.losses.none(t)
}

// committing is a row of a connection that is about to commit.
func committing(seconds int) []any {
	return []any{7, seconds, "waiting for handler commit", "INSERT INTO "}
}

func TestLooksAtAHealthyServerNeedNoConnection(t *testing.T) {
	for name, waiting := range map[string][][]any{"idle": nil, "somebody is about to commit": {committing(0)}} {
		t.Run(name, func(t *testing.T) {
			l := newLooked(t, ample, 50, waiting...)
			for range 3 {
				l.look(t)
				must(t, l.server.Ping(limited(t)))
			}
			l.awaitConnections(t, 1, 1)
			l.losses.none(t)
		})
	}
}

// TestLooksHaveAConnectionOfTheirOwn as soon as there is a reason, and no longer than there is.
func TestLooksHaveAConnectionOfTheirOwn(t *testing.T) {
	for name, c := range map[string]struct {
		connected int
		waiting   []any
		own       int64 // connections that come of it
	}{
		"a commit hangs":                    {10, committing(1), 1},
		"nearly all connections are in use": {90, nil, 1},
		"the last one is left to others":    {100, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLooked(t, ample, 10)
			l.look(t)
			if c.waiting != nil {
				l.say(c.connected, c.waiting)
			} else {
				l.say(c.connected)
			}
			l.look(t) // sees it
			l.look(t)
			if n := l.servers.Stats().ConnectionsOpened; n != 1+c.own {
				t.Errorf("%d connections were opened, want %d", n, 1+c.own)
			}
			l.awaitConnections(t, 1, 1+c.own)
			l.allIsWellAgain(t)
		})
	}
}

// TestALookThatHangsDelaysNoPing: the look gives the probe connection up.
func TestALookThatHangsDelaysNoPing(t *testing.T) {
	l := newLooked(t, 20*time.Millisecond, 10)
	release := make(chan struct{})
	letGo := sync.OnceFunc(func() { close(release) })
	defer letGo()
	l.change(answer{begins: "SELECT ID, TIME, STATE", result: rows([]string{"ID", "TIME", "STATE", "INFO"}), wait: release})
	done := make(chan error, 1)
	go func() {
		_, err := l.server.WriteSigns(limited(t))
		done <- err
	}()
	eventually(t, "asked", func() bool { return len(l.queries()) > 0 })
	must(t, l.server.Ping(limited(t)))
	_ = must1(l.server.Probe(limited(t)))(t)
	eventually(t, "asked again on another connection", func() bool { return l.servers.Stats().ConnectionsOpen == 2 })
	select {
	case err := <-done:
		t.Errorf("the look has ended: %v", err)
	default:
	}
	for range 3 {
		must(t, l.server.Ping(limited(t)))
	}
	letGo()
	must(t, <-done)
	l.awaitConnections(t, 1, 3)
	l.allIsWellAgain(t)
}

// TestAProbeThatHangsDelaysNoLook: that is when it matters most.
func TestAProbeThatHangsDelaysNoLook(t *testing.T) {
	l := newLooked(t, 20*time.Millisecond, 10)
	release := make(chan struct{})
	letGo := sync.OnceFunc(func() { close(release) })
	defer letGo()
	l.change(answer{begins: "SHOW MASTER STATUS", result: row([]string{"File", "Position"}, "binlog.000004", 197), wait: release})
	done := make(chan error, 1)
	go func() {
		_, err := l.server.Probe(limited(t))
		done <- err
	}()
	eventually(t, "asked", func() bool { return len(l.queries()) > 0 })
	l.say(10, committing(5))
	for range 3 {
		if found := l.look(t); len(found) != 1 || found[0] != topology.CommitsStalled {
			t.Errorf("found %q", found)
		}
	}
	letGo()
	must(t, <-done)
	l.allIsWellAgain(t)
}

// TestTheEndOfTheConnectionDuringALookIsNoticed: the sentinel sees nothing while there is a query.
func TestTheEndOfTheConnectionDuringALookIsNoticed(t *testing.T) {
	l := newLooked(t, ample, 10)
	release := make(chan struct{})
	defer close(release)
	l.setHang(release)
	done := make(chan error, 1)
	go func() {
		_, err := l.server.WriteSigns(limited(t))
		done <- err
	}()
	eventually(t, "asked", func() bool { return len(l.queries()) > 0 })
	l.losses.none(t)
	l.stop()
	wantKind(t, l.losses.await(t).err, server.ConnectionLost)
	wantKind(t, <-done, server.Refused)
	l.losses.none(t)
}

// TestConnectionsUsedUpAreSeenWithoutAnother: looks that want a connection of their own and get none.
func TestConnectionsUsedUpAreSeenWithoutAnother(t *testing.T) {
	l := newLooked(t, ample, 10, committing(5))
	l.look(t) // one commit hangs: a connection is wanted
	l.full.Store(true)
	l.awaitConnections(t, 1, 1)
	l.say(100, committing(6))
	signs := must1(l.server.WriteSigns(limited(t)))(t)
	if len(signs) != 2 || signs[0].Obstacle != topology.ConnectionsUsedUp || !strings.Contains(signs[0].Says, "100 connections are open") ||
		signs[1].Obstacle != topology.CommitsStalled {
		t.Errorf("%+v", signs)
	}
}

// TestAServerThatLetsNobodyIn says so, where there is no connection yet.
func TestAServerThatLetsNobodyIn(t *testing.T) {
	f := newFakeWith(t, func(f *fake) { f.refuseFirst(wire.CodeTooManyConnections) }, mysql80()...)
	signs := must1(f.open(t, nil).WriteSigns(limited(t)))(t)
	if len(signs) != 1 || signs[0].Obstacle != topology.ConnectionsUsedUp || !strings.Contains(signs[0].Says, "refuses a connection") {
		t.Errorf("%+v", signs)
	}
}
