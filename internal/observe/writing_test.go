package observe

import (
	"context"
	"errors"
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
	looks map[string]int
}

func (s *signals) look(_ context.Context, k topology.Key) ([]topology.WriteSign, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.looks == nil {
		s.looks = make(map[string]int)
	}
	s.looks[k.Hostname]++
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
	return s.looks[host]
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
