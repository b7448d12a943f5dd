package server_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// losses collects what a sentinel reports.
type losses struct {
	c chan loss
}

type loss struct {
	key topology.Key
	err error
	at  time.Time
}

func newLosses() *losses { return &losses{make(chan loss, 100)} }

func (l *losses) report(key topology.Key, err error) { l.c <- loss{key, err, time.Now()} }

func (l *losses) await(t testing.TB) loss {
	t.Helper()
	select {
	case got := <-l.c:
		return got
	case <-limited(t).Done():
		t.Fatal("the sentinel said nothing")
	}
	return loss{}
}

func (l *losses) none(t testing.TB) {
	t.Helper()
	select {
	case got := <-l.c:
		t.Fatalf("the sentinel reported %v", got.err)
	default:
	}
}

func TestSentinelNoticesTheEnd(t *testing.T) {
	f := newFake(t, mysql80()...)
	l := newLosses()
	s := f.open(t, func(o *server.Options) { o.OnLost = l.report })
	s.Watch(true) // before there is a connection
	for range 3 {
		_ = must1(s.Probe(limited(t)))(t)
		l.none(t)
		f.drop()
		got := l.await(t)
		if got.key != f.key || !errors.Is(got.err, io.EOF) || server.KindOf(got.err) != server.ConnectionLost {
			t.Errorf("reported %v of %v", got.err, got.key)
		}
	}
	l.none(t)
}

func TestSentinelNoticesAWord(t *testing.T) {
	f := newFake(t, mysql80()...)
	l := newLosses()
	s := f.open(t, func(o *server.Options) { o.OnLost = l.report })
	_ = must1(s.Probe(limited(t)))(t)
	s.Watch(true)
	f.sayToAll(t, "\x07\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00") // an OK packet
	if got := l.await(t); errors.Is(got.err, io.EOF) {
		t.Errorf("reported %v, the connection stands", got.err)
	}
	if obs := must1(s.Probe(limited(t)))(t); !obs.Connected {
		t.Error("a connection that spoke unasked was used again")
	}
}

func TestSentinelIsQuietWhenNotAsked(t *testing.T) {
	f := newFake(t, mysql80()...)
	l := newLosses()
	s := f.open(t, func(o *server.Options) { o.OnLost = l.report })
	_ = must1(s.Probe(limited(t)))(t)
	s.Watch(true)
	s.Watch(false)
	f.drop()
	eventually(t, "connections dropped", func() bool { return f.connected() == 0 })
	_ = must1(s.Probe(limited(t)))(t)
	l.none(t)
}

func TestSentinelIsQuietOnForgetAndClose(t *testing.T) {
	f := newFake(t, mysql80()...)
	l := newLosses()
	servers := server.New(server.Options{OnLost: l.report})
	for range 2 {
		s := servers.For(f.key)
		s.Watch(true)
		_ = must1(s.Probe(limited(t)))(t)
		servers.Forget(f.key)
		if n := servers.Stats(); n.ConnectionsOpen != 0 || n.Servers != 0 {
			t.Errorf("after Forget: %+v", n)
		}
	}
	s := servers.For(f.key)
	s.Watch(true)
	_ = must1(s.Probe(limited(t)))(t)
	must(t, servers.Close())
	l.none(t)
}

// TestSentinelAndQueries interleaves watching with probes and pings: none may disturb the other.
func TestSentinelAndQueries(t *testing.T) {
	f := newFake(t, mysql80()...)
	l := newLosses()
	s := f.open(t, func(o *server.Options) { o.OnLost = l.report })
	s.Watch(true)
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for range 100 {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				var err error
				switch n {
				case 0:
					err = s.Ping(ctx)
				case 1:
					s.Watch(true)
				default:
					_, err = s.Probe(ctx)
				}
				cancel()
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	l.none(t)
	f.drop()
	l.await(t)
}

// TestSentinelOutlivesDeadlines makes sure that the read deadline a query left behind does not end the watch.
func TestSentinelOutlivesDeadlines(t *testing.T) {
	f := newFake(t, mysql80()...)
	l := newLosses()
	s := f.open(t, func(o *server.Options) { o.OnLost, o.ProbeTimeout = l.report, 500*time.Millisecond })
	s.Watch(true)
	_ = must1(s.Probe(limited(t)))(t)
	select {
	case got := <-l.c:
		t.Fatalf("reported %v", got.err)
	case <-time.After(600 * time.Millisecond):
	}
	f.drop()
	l.await(t)
}

func TestPingHangs(t *testing.T) {
	f := newFake(t, mysql80()...)
	s := f.open(t, nil)
	_ = must1(s.Probe(limited(t)))(t)
	must(t, s.Ping(limited(t)))
	f.queries()
	release := make(chan struct{})
	f.setHang(release)
	probing := make(chan error, 1)
	go func() {
		_, err := s.Probe(limited(t))
		probing <- err
	}()
	eventually(t, "probe asked", func() bool { return len(f.queries()) > 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	wantKind(t, s.Ping(ctx), server.Hung) // behind the hanging probe
	close(release)
	must(t, <-probing)
	must(t, s.Ping(limited(t)))
}

func TestFresh(t *testing.T) {
	f := newFake(t, mysql80()...)
	s := f.open(t, nil)
	must(t, s.Fresh(limited(t)))
	eventually(t, "closed again", func() bool { return f.connected() == 0 })
	f.stop()
	wantKind(t, s.Fresh(limited(t)), server.Refused)
}

// TestRealSentinel kills and freezes real servers.
func TestRealSentinel(t *testing.T) {
	eachFamily(t, func(t *testing.T, flavor sandbox.Flavor) {
		for _, mode := range []server.TLSMode{server.TLSNever, server.TLSAlways} {
			if mode == server.TLSAlways && flavor != sandbox.MySQL {
				continue // no TLS there
			}
			t.Run(map[server.TLSMode]string{server.TLSNever: "plain", server.TLSAlways: "tls"}[mode], func(t *testing.T) {
				cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 1, GTID: true})
				node := cluster.Node(0)
				l := newLosses()
				o := options()
				o.OnLost, o.TLSMode, o.TLS = l.report, mode, insecure()
				s := open(t, o).For(keyOf(node))
				s.Watch(true)
				for range 20 {
					_ = must1(s.Probe(limited(t)))(t)
				}
				must(t, s.Ping(limited(t)))
				l.none(t)

				must(t, node.Freeze())
				eventually(t, "hanging", func() bool { // a signal takes its time
					ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
					defer cancel()
					err := s.Ping(ctx)
					if err != nil {
						wantKind(t, err, server.Hung)
					}
					return err != nil
				})
				must(t, node.Thaw())
				_ = must1(s.Probe(limited(t)))(t)
				l.none(t)

				killed := time.Now()
				must(t, node.Kill())
				got := l.await(t)
				t.Logf("noticed %v after the kill returned or began (%v)", got.at.Sub(killed), got.err)
				_, err := s.Probe(limited(t))
				wantKind(t, err, server.Refused)
			})
		}
	})
}

// TestRealShutdownAndKill ends connections in the server's own ways.
func TestRealShutdownAndKill(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 1})
		node := cluster.Node(0)
		l := newLosses()
		o := options()
		o.OnLost = l.report
		s := open(t, o).For(keyOf(node))
		s.Watch(true)
		_ = must1(s.Probe(limited(t)))(t)
		for _, p := range must1(s.Processlist(limited(t)))(t) {
			if p.User == sandbox.UserOrc {
				must(t, s.KillConnection(limited(t), p.ID))
			}
		}
		l.await(t)
		_ = must1(s.Probe(limited(t)))(t)
		wantKind(t, s.ShutDown(limited(t)), server.Unsupported) // without the privilege
		must(t, node.Exec(limited(t), "GRANT SHUTDOWN ON *.* TO '"+sandbox.UserOrc+"'@'%'"))
		must(t, s.ShutDown(limited(t)))
		l.await(t)
	})
}
