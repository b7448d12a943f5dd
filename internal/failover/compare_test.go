package failover

import (
	"testing"

	"orchestrator/internal/topology"
)

func TestChoose(t *testing.T) {
	for name, c := range map[string]struct {
		replicas []*topology.Instance
		best     string
		equal    int
		rejected int
	}{
		"nobody":              {nil, "", 0, 0},
		"who has most":        {[]*topology.Instance{follower("a", "f", has(90, 90)), follower("b", "f", has(100, 100))}, "b", 0, 1},
		"the first of equals": {[]*topology.Instance{follower("a", "f"), follower("b", "f"), follower("c", "f", has(50, 50))}, "a", 1, 2},
		"who is there":        {[]*topology.Instance{follower("a", "f", down), follower("b", "f")}, "b", 0, 1},
		"none is there":       {[]*topology.Instance{follower("a", "f", down)}, "", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			choice := Choose(top("f"), c.replicas, Policy{})
			best := ""
			if choice.Best != nil {
				best = choice.Best.Key.Hostname
			}
			if best != c.best || choice.Equal != c.equal || len(choice.Rejected) != c.rejected {
				t.Errorf("best %q, equal %d, rejected %v", best, choice.Equal, choice.Rejected)
			}
		})
	}
}

func TestCovers(t *testing.T) {
	for name, c := range map[string]struct {
		r, target *topology.Instance
		rule      string
	}{
		"the same":          {follower("a", "f"), follower("b", "f"), ""},
		"ahead":             {follower("a", "f", has(110, 110)), follower("b", "f"), "ahead"},
		"behind":            {follower("a", "f", has(90, 90)), follower("b", "f"), ""},
		"behind the purged": {follower("a", "f", has(90, 90)), follower("b", "f", purged("1-95")), "purged"},
	} {
		t.Run(name, func(t *testing.T) {
			v := Covers(c.r, c.target)
			if v == nil && c.rule != "" || v != nil && v.Rule != c.rule {
				t.Errorf("verdict %v, want rule %q", v, c.rule)
			}
		})
	}
}
