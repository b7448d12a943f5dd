package observe

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// waitFor reads events until one fulfils a condition, and returns it.
func waitFor(t *testing.T, events <-chan Event, what string, ok func(Event) bool) Event {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case e, open := <-events:
			if !open {
				t.Fatalf("%s: the channel was closed", what)
			}
			if ok(e) {
				return e
			}
		case <-limit:
			t.Fatalf("%s: no such event within a minute", what)
		}
	}
}

// deadAndAgreed says whether a topology shows the primary invalid and no replica receiving from it.
func deadAndAgreed(e Event, primary string) bool {
	if e.Topology == nil {
		return false
	}
	p := e.Topology.Instance(key(primary))
	if p == nil || p.LastCheckValid() {
		return false
	}
	for _, r := range e.Topology.Replicas(p.Key) {
		if r.Channel.IOThread.Running() {
			return false
		}
	}
	return true
}

func star(replicas int) *fleet {
	f := newFleet()
	f.add("p", "")
	for n := range replicas {
		f.add(fmt.Sprintf("r%d", n), "p")
	}
	return f
}

func TestKilledPrimaryIsPublishedAtOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		notice time.Duration // replicas notice after this
		within time.Duration
	}{
		{"replicas notice at once", 0, 10 * time.Millisecond},
		{"replicas notice within 3 ms", 3 * time.Millisecond, 20 * time.Millisecond},
		{"replicas notice after 300 ms", 300 * time.Millisecond, 410 * time.Millisecond},
		{"replicas notice after 4 s", 4 * time.Second, 4600 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := star(3)
				o := observe(t, f, nil)
				defer o.stop()
				o.discover(t, "p")
				if !f.watched("p") || f.watched("r0") {
					t.Fatal("a sentinel shall stand by p and by no replica")
				}
				time.Sleep(7 * time.Second)
				events, cancel := o.Subscribe(10)
				defer cancel()
				killed := time.Now()
				f.kill("p", c.notice)
				agreed := false // the cluster's event may come first, and then shows everything already
				agrees := func(e Event) bool {
					agreed = agreed || e.Kind == ClusterChanged && e.Urgent && deadAndAgreed(e, "p")
					return agreed
				}
				lost := waitFor(t, events, "lost", func(e Event) bool {
					agrees(e)
					return e.Kind == InstanceLost && e.Key == key("p")
				})
				if got := lost.At.Sub(killed); got > 5*time.Millisecond || !lost.Urgent {
					t.Errorf("lost after %v, urgent %v", got, lost.Urgent)
				}
				if !agreed {
					waitFor(t, events, "agreed", agrees)
				}
				if got := time.Since(killed); got > c.within {
					t.Errorf("published after %v, want within %v", got, c.within)
				}
				if l := f.seen("p"); !l[len(l)-1].fresh {
					t.Error("a suspected server shall be asked on a fresh connection")
				}
			})
		})
	}
}

func TestBrokenConnectionOfAHealthyServerIsNoLoss(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(2)
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "p")
		time.Sleep(time.Second)
		events, cancel := o.Subscribe(100)
		defer cancel()
		before := o.Stats().Suspicions
		for range 3 {
			f.mu.Lock()
			var tell []func(error)
			for _, lost := range f.lost[key("p")] {
				tell = append(tell, lost)
			}
			f.mu.Unlock()
			if len(tell) == 0 {
				t.Fatal("nobody watches p")
			}
			for _, lost := range tell {
				lost(errors.New("killed by an administrator"))
			}
			time.Sleep(2 * time.Second)
		}
		if got := o.Stats().Suspicions - before; got != 3 {
			t.Errorf("%d suspicions, want one for each broken connection", got)
		}
		if !o.Instance(key("p")).LastCheckValid() {
			t.Error("p is shown as lost")
		}
		for len(events) > 0 {
			if e := <-events; e.Kind != ClusterChanged {
				t.Errorf("event %v", e.Kind)
			}
		}
	})
}

func TestHangingPrimaryIsNoticedByPing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(2)
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "p")
		time.Sleep(3 * time.Second)
		events, cancel := o.Subscribe(10)
		defer cancel()
		frozen := time.Now()
		f.set("p", func(s *pretended) { s.hung = true })
		lost := waitFor(t, events, "lost", func(e Event) bool { return e.Kind == InstanceLost })
		// At most a pause between pings, the deadline of a ping, and the deadline of an urgent probe.
		if got := lost.At.Sub(frozen); got > 1750*time.Millisecond {
			t.Errorf("noticed after %v", got)
		}
		if i := lost.Topology.Instance(key("p")); !i.Check.Hung {
			t.Error("the check does not say that the server hangs")
		}
		f.set("p", func(s *pretended) { s.hung = false })
		back := waitFor(t, events, "back", func(e Event) bool { return e.Kind == InstanceBack })
		if back.Key != key("p") {
			t.Errorf("back: %v", back.Key)
		}
		synctest.Wait()
		if !f.watched("p") {
			t.Error("no sentinel by the server that is back")
		}
	})
}

func TestUrgentProbeDoesNotWaitForAHungOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(1)
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "p")
		f.set("r0", func(s *pretended) { s.hung = true })
		time.Sleep(6 * time.Second) // an ordinary probe of r0 hangs now, for up to 12 s
		f.set("r0", func(s *pretended) { s.hung = false })
		ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
		defer cancel()
		if err := o.Probe(ctx, key("r0")); err != nil {
			t.Errorf("the urgent probe waited: %v", err)
		}
		l := f.seen("r0")
		if n := len(l); l[n-1].err != nil || !errors.Is(l[n-2].err, context.Canceled) {
			t.Errorf("last two probes: %v, %v", l[n-2].err, l[n-1].err)
		}
		if i := o.Instance(key("r0")); i.Check.Err != "" {
			t.Errorf("the cancelled probe counts against the server: %s", i.Check.Err)
		}
	})
}

func TestUrgentProbeLetsAQuickOneEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(1)
		f.delay = patience / 2
		o := observe(t, f, seeds("p"))
		defer o.stop()
		time.Sleep(time.Minute)
		for range 5 {
			for busy := false; !busy; {
				time.Sleep(time.Millisecond)
				f.mu.Lock()
				busy = f.running[key("r0")] > 0
				f.mu.Unlock()
			}
			if err := o.Probe(t.Context(), key("r0")); err != nil {
				t.Fatal(err)
			}
		}
		for _, l := range f.seen("r0") {
			if l.err != nil {
				t.Fatalf("a probe was ended: %v", l.err)
			}
		}
	})
}

func TestBrittleConnectionsDoNotKeepTheObserverBusy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(1)
		f.brittle = true
		o := observe(t, f, seeds("p"))
		defer o.stop()
		time.Sleep(10 * time.Second)
		if n := len(f.seen("p")); n > 30 {
			t.Errorf("p was asked %d times in 10 s", n)
		}
	})
}

func TestSuspicionEndsWhenAllAgree(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(1)
		o := observe(t, f, seeds("p"))
		defer o.stop()
		time.Sleep(6 * time.Second)
		f.kill("p", 0)
		time.Sleep(time.Second)
		before := len(f.seen("p"))
		time.Sleep(9 * time.Second)
		if n := len(f.seen("p")) - before; n > 4 {
			t.Errorf("p was asked %d times after all agreed that it is dead", n)
		}
	})
}

func TestSuspicionEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(2)
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "p")
		f.set("p", func(s *pretended) { s.down = true }) // and the replicas never notice
		time.Sleep(12 * time.Second)
		a := len(f.seen("r0"))
		if a < 20 || a > 80 {
			t.Errorf("a replica was asked %d times in the ten seconds of a suspicion", a)
		}
		f.set("r0", func(s *pretended) { s.io = topology.ThreadOther })
		f.set("r1", func(s *pretended) { s.io = topology.ThreadOther })
		time.Sleep(10 * time.Second)
		b := len(f.seen("r0"))
		time.Sleep(time.Minute)
		if n := len(f.seen("r0")) - b; n != 12 {
			t.Errorf("asked %d times in a minute after all agreed, the poll interval gives 12", n)
		}
	})
}

func TestTenPrimariesLostAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		var names []string
		for n := range 50 {
			p := fmt.Sprintf("p%02d", n)
			names = append(names, p)
			f.add(p, "")
			for r := range 4 {
				f.add(fmt.Sprintf("%s-r%d", p, r), p)
			}
		}
		o := observe(t, f, seeds(names...))
		defer o.stop()
		time.Sleep(6 * time.Second)
		events, cancel := o.Subscribe(0)
		defer cancel()
		killed := time.Now()
		for n := range 10 {
			f.kill(names[n], 50*time.Millisecond)
		}
		agreed := make(map[string]bool)
		waitFor(t, events, "all ten", func(e Event) bool {
			for n := range 10 {
				if deadAndAgreed(e, names[n]) {
					agreed[names[n]] = true
				}
			}
			return len(agreed) == 10
		})
		if got := time.Since(killed); got > 200*time.Millisecond {
			t.Errorf("all ten named after %v", got)
		}
	})
}

func TestSuspicionDoesNotDriveTheBackOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(1)
		o := observe(t, f, func(c *config.Config) {
			c.DiscoverySeeds = []string{"p"}
			c.DeadInstancePollSecondsMultiplyFactor = 2
		})
		defer o.stop()
		time.Sleep(6 * time.Second)
		f.kill("p", time.Minute) // the replica does not notice, so p is asked again and again
		time.Sleep(12 * time.Second)
		n := len(f.seen("p"))
		if n < 20 {
			t.Fatalf("p was asked %d times only", n)
		}
		time.Sleep(20 * time.Second)
		if len(f.seen("p")) == n {
			t.Error("p is left alone as if it had been dead for minutes")
		}
	})
}

func TestGroup(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		members := []topology.Key{key("g1"), key("g2"), key("g3")}
		join := func(name, role string) {
			f.set(name, func(s *pretended) {
				s.inst.Group = topology.Group{Name: "g", SinglePrimary: true, MemberState: "ONLINE", MemberRole: role,
					Members: members, Primary: key("g1")}
			})
		}
		for n, k := range members {
			f.add(k.Hostname, "")
			join(k.Hostname, []string{"PRIMARY", "SECONDARY", "SECONDARY"}[n])
		}
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "g3")
		for n, k := range members {
			i := o.Instance(k)
			if i == nil || i.ClusterName != "g1:3306" || i.Depth != min(n, 1) {
				t.Errorf("%s: %+v", k, i)
			}
		}
	})
}
