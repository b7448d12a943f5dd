package observe

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

func TestEveryServerIsAskedOncePerPollSpreadEvenly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const servers, poll = 1000, 5 * time.Second
		f := newFleet()
		var names []string
		for n := range servers {
			name := fmt.Sprintf("s%04d", n)
			names = append(names, name)
			f.add(name, "")
		}
		o := observe(t, f, seeds(names...))
		defer o.stop()
		synctest.Wait()
		start := time.Now()
		time.Sleep(4 * poll)
		synctest.Wait()
		slots := make([]int, poll/(100*time.Millisecond))
		for _, name := range names {
			var last time.Time
			for _, l := range f.seen(name) {
				if !last.IsZero() && l.began.Sub(last) > poll {
					t.Fatalf("%s was left alone for %v", name, l.began.Sub(last))
				}
				last = l.began
				if l.began.After(start) {
					slots[l.began.Sub(start)%poll/(100*time.Millisecond)]++
				}
			}
			if n := len(f.seen(name)); n != 5 {
				t.Fatalf("%s was asked %d times", name, n)
			}
		}
		even := 4 * servers / len(slots)
		for n, got := range slots {
			if got < even/3 || got > 3*even {
				t.Errorf("tenth %d of the poll interval: %d probes, evenly it were %d", n, got, even)
			}
		}
	})
}

func TestBackOff(t *testing.T) {
	for _, c := range []struct {
		name   string
		factor float32
		max    uint
		want   []time.Duration // between the first probes, rounded to seconds
	}{
		{"factor 1 is the poll interval", 1, 300, []time.Duration{5, 5, 5, 5}},
		{"factor 2 doubles", 2, 300, []time.Duration{5, 10, 20, 40, 80}},
		{"up to the most", 3, 30, []time.Duration{5, 15, 30, 30, 30}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFleet()
				f.add("p", "")
				o := observe(t, f, func(cfg *config.Config) {
					cfg.DeadInstancePollSecondsMultiplyFactor = c.factor
					cfg.DeadInstancePollSecondsMax = c.max
				})
				defer o.stop()
				o.discover(t, "p")
				f.set("p", func(s *pretended) { s.down = true })
				time.Sleep(10 * time.Minute)
				var failed []time.Time
				for _, l := range f.seen("p") {
					if l.err != nil {
						failed = append(failed, l.began)
					}
				}
				for n, want := range c.want {
					if got := failed[n+1].Sub(failed[n]).Round(time.Second); got != want*time.Second {
						t.Errorf("pause %d: %v, want %v", n, got, want*time.Second)
					}
				}
				f.set("p", func(s *pretended) { s.down = false })
				if err := o.Probe(t.Context(), key("p")); err != nil {
					t.Fatal(err)
				}
				before := len(f.seen("p"))
				time.Sleep(20 * time.Second)
				if n := len(f.seen("p")) - before; n < 4 {
					t.Errorf("back again, but asked only %d times in 20 s", n)
				}
			})
		})
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.delay = 100 * time.Millisecond
		var names []string
		for n := range 200 {
			name := fmt.Sprintf("s%03d", n)
			names = append(names, name)
			f.add(name, "")
		}
		o := observe(t, f, func(c *config.Config) { c.DiscoverySeeds = names; c.DiscoveryMaxConcurrency = 7 })
		defer o.stop()
		time.Sleep(10 * time.Second)
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.most != 7 {
			t.Errorf("%d probes at the same time, the limit is 7", f.most)
		}
	})
}

func TestDeadServersDoNotDelayTheLiving(t *testing.T) {
	for _, c := range []struct {
		name    string
		deadMax uint
	}{
		{"shared budget", 0},
		{"own budget", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFleet()
				f.delay = time.Millisecond
				var names []string
				for n := range 500 {
					name := fmt.Sprintf("s%03d", n)
					names = append(names, name)
					f.add(name, "")
				}
				o := observe(t, f, func(cfg *config.Config) {
					cfg.DiscoverySeeds = names
					cfg.DiscoveryMaxConcurrency = 30
					cfg.DeadInstanceDiscoveryMaxConcurrency = c.deadMax
				})
				defer o.stop()
				time.Sleep(6 * time.Second)
				for _, name := range names[:100] {
					f.set(name, func(s *pretended) { s.hung = true })
				}
				from := time.Now()
				time.Sleep(time.Minute)
				// While the first of them run into their deadlines they hold more places than later on.
				onset := from.Add(15 * time.Second)
				for _, name := range names[100:] {
					last := from
					for _, l := range f.seen(name) {
						if l.began.Before(from) {
							continue
						}
						limit := 5100 * time.Millisecond
						if l.began.Before(onset) {
							limit += 2 * time.Second
						}
						if gap := l.began.Sub(last); gap > limit {
							t.Fatalf("%s was left alone for %v", name, gap)
						}
						last = l.began
					}
				}
			})
		})
	}
}

func TestHangGuardMarksTheAttempt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "")
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "p")
		f.set("p", func(s *pretended) { s.hung = true })
		seen := o.Instance(key("p")).Check.Seen
		time.Sleep(5*time.Second + 500*time.Millisecond)
		// By now the probe of this poll interval hangs, for less than a second or for longer.
		time.Sleep(time.Second)
		i := o.Instance(key("p"))
		if !i.Check.Attempted.After(seen) {
			t.Error("an attempt that hangs for more than a second is not shown")
		}
		if !i.Check.Checked.Equal(seen) || !i.LastCheckValid() {
			t.Error("the hanging probe counts as finished")
		}
		time.Sleep(4 * time.Second)
		if o.Instance(key("p")).ValidForAnalysis(time.Second) {
			t.Error("still valid for the analysis though the attempt is long overdue")
		}
		time.Sleep(10 * time.Second)
		i = o.Instance(key("p"))
		if i.LastCheckValid() || !i.Check.Hung {
			t.Errorf("after the deadline: %+v", i.Check)
		}
	})
}

func TestCheckTimes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "")
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "p")
		ok := o.Instance(key("p")).Check
		if !ok.Attempted.Equal(ok.Seen) || !ok.Checked.Equal(ok.Seen) || !ok.PartialSuccess || ok.Err != "" {
			t.Errorf("success: %+v", ok)
		}
		f.set("p", func(s *pretended) { s.down = true })
		time.Sleep(6 * time.Second)
		bad := o.Instance(key("p")).Check
		if !bad.Seen.Equal(ok.Seen) || !bad.Checked.After(ok.Seen) || bad.PartialSuccess || bad.Err == "" || bad.Hung {
			t.Errorf("failure: %+v", bad)
		}
	})
}

func TestInactiveAsksNobody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "")
		var active atomic.Bool
		active.Store(true)
		o := observe(t, f, seeds("p"), func(o *Options) { o.Active = active.Load })
		defer o.stop()
		time.Sleep(6 * time.Second)
		active.Store(false)
		time.Sleep(6 * time.Second)
		before := len(f.seen("p"))
		time.Sleep(time.Minute)
		if n := len(f.seen("p")); n != before {
			t.Errorf("asked %d times while inactive", n-before)
		}
		active.Store(true)
		time.Sleep(6 * time.Second)
		if n := len(f.seen("p")); n == before {
			t.Error("not asked again when active")
		}
		active.Store(false)
		time.Sleep(10 * time.Second)
		f.set("p", func(s *pretended) { s.hung = true })
		active.Store(true)
		time.Sleep(2 * time.Second)
		if o.Complete("p:3306") {
			t.Error("after a pause the picture is old, but it counts as complete")
		}
		time.Sleep(20 * time.Second)
		if !o.Complete("p:3306") {
			t.Error("not complete though p was asked")
		}
	})
}

func TestNextInGrid(t *testing.T) {
	base := time.Unix(1000, 0)
	for _, c := range []struct {
		name  string
		now   time.Time
		phase time.Duration
		want  time.Time
	}{
		{"later in this interval", base, 3 * time.Second, base.Add(3 * time.Second)},
		{"at the very moment: the next interval", base.Add(3 * time.Second), 3 * time.Second, base.Add(8 * time.Second)},
		{"passed: the next interval", base.Add(4 * time.Second), 3 * time.Second, base.Add(8 * time.Second)},
		{"a phase longer than the interval", base, 13 * time.Second, base.Add(3 * time.Second)},
	} {
		if got := nextInGrid(c.now, c.phase, 5*time.Second); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got.Sub(base), c.want.Sub(base))
		}
	}
}

func TestPhaseDiffers(t *testing.T) {
	a, b := phaseOf(topology.Key{Hostname: "a", Port: 1}), phaseOf(topology.Key{Hostname: "a", Port: 2})
	if a == b || a < 0 || b < 0 {
		t.Errorf("phases %v and %v", a, b)
	}
}
