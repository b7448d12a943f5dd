package observe

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// signals is what looks for what hinders writes find.
type signals struct {
	mu    sync.Mutex
	signs []topology.WriteSign
	err   error
	looks map[string][]time.Time
}

func (s *signals) look(_ context.Context, k topology.Key) ([]topology.WriteSign, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.looks == nil {
		s.looks = make(map[string][]time.Time)
	}
	s.looks[k.Hostname] = append(s.looks[k.Hostname], time.Now())
	return s.signs, s.err
}

func (s *signals) set(err error, signs ...topology.WriteSign) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signs, s.err = signs, err
}

func (s *signals) count(host string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.looks[host])
}

// at says whether a server was looked at just then.
func (s *signals) at(host string, when time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.looks[host], when.Equal)
}

func TestWritablePrimariesAreLookedAt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, s := newFleet(), &signals{}
		f.add("p", "")
		f.add("r", "p")
		f.add("alone", "")
		o := observe(t, f, seeds("p", "r", "alone"), func(o *Options) { o.Signs = s.look })
		defer o.stop()
		time.Sleep(30 * time.Second)
		if n := s.count("p"); n < 4 || s.count("r")+s.count("alone") > 0 {
			t.Errorf("looks at p: %d, r: %d, alone: %d", n, s.count("r"), s.count("alone"))
		}
		troubles := func() topology.WriteTroubles { return o.Instance(key("p")).Troubles }
		full := topology.WriteSign{Obstacle: topology.DiskFull}
		s.set(nil, full)
		time.Sleep(20 * time.Second)
		if now := troubles(); len(now) != 1 || time.Since(now[0].Since) < 14*time.Second || time.Since(now[0].Seen) > time.Second {
			t.Errorf("troubles %+v", now)
		}
		o.Apply(SetWriteCheck{Key: key("p"), Sign: &full, Until: time.Now().Add(time.Minute)})
		if now := troubles(); len(now) != 2 {
			t.Errorf("with the write check's: %+v", now)
		}
		o.Apply(SetWriteCheck{Key: key("p"), Again: true, Until: time.Now().Add(time.Minute)})
		if now := troubles(); len(now) != 2 {
			t.Errorf("when the write check is still stuck: %+v", now)
		}
		s.set(errors.New("gone"))
		time.Sleep(2 * time.Second)
		o.Apply(SetWriteCheck{Key: key("p")})
		if now := troubles(); len(now) > 0 {
			t.Errorf("when nothing is known any more: %+v", now)
		}
		s.set(nil, full)
		time.Sleep(10 * time.Second)
		f.set("p", func(p *pretended) { p.inst.ReadOnly = true })
		time.Sleep(10 * time.Second)
		before := s.count("p")
		time.Sleep(20 * time.Second)
		if now := troubles(); len(now) > 0 || s.count("p") > before {
			t.Errorf("of a server that is closed: %+v, %d looks", now, s.count("p")-before)
		}
	})
}

func TestASuspectedPrimaryIsAskedWhyAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, s := newFleet(), &signals{}
		f.add("p", "")
		f.add("r", "p")
		o := observe(t, f, func(c *config.Config) { seeds("p", "r")(c); c.InstancePollSeconds = 60 }, func(o *Options) { o.Signs = s.look })
		defer o.stop()
		time.Sleep(130 * time.Second)
		before := s.count("p")
		f.kill("p", time.Second)
		time.Sleep(time.Second)
		if s.count("p") == before {
			t.Error("it was not asked")
		}
	})
}

// TestAServerWhoseProbeTakesLongIsLookedAt: the probe may be stuck in a write, and the look must not come too late.
func TestAServerWhoseProbeTakesLongIsLookedAt(t *testing.T) {
	for delay, slow := range map[time.Duration]bool{slowProbe / 2: false, slowProbe * 2: true} {
		t.Run(delay.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f, s := newFleet(), &signals{}
				f.add("p", "")
				f.add("r", "p")
				f.delay = delay
				o := observe(t, f, func(c *config.Config) { seeds("p", "r")(c); c.InstancePollSeconds = 60 }, func(o *Options) { o.Signs = s.look })
				defer o.stop()
				time.Sleep(5 * time.Minute)
				known := len(f.seen("p"))
				time.Sleep(5 * time.Minute)
				for _, p := range f.seen("p")[known:] {
					if looked := s.at("p", p.began.Add(slowProbe)); looked != slow {
						t.Errorf("looked at while it is probed: %t, want %t", looked, slow)
					}
				}
			})
		})
	}
}
