package v2

import (
	"slices"
	"testing"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
)

// TestNodesWithoutRaft: managers that share a backend have a lease, its owner and its age; one alone says what that means.
func TestNodesWithoutRaft(t *testing.T) {
	t.Parallel()
	now := operatetest.Now()
	one := operate.NodeHealth{Hostname: "m1", Token: "a", Version: "4.0.2", FirstSeen: now.Add(-time.Hour), LastSeen: now.Add(-time.Second)}
	two := operate.NodeHealth{Hostname: "m2", Token: "b", Version: "4.0.2", FirstSeen: now, LastSeen: now}
	for name, c := range map[string]struct {
		h              operate.Health
		mode, sentence string
		lease          bool
	}{
		"two":                  {operate.Health{Token: "b", Active: one, Available: []operate.NodeHealth{one, two}}, "lease", "2 managers are here.", true},
		"one":                  {operate.Health{Token: "a", Active: one, Available: []operate.NodeHealth{one}}, "alone", "One manager. If it stops, nobody fails over.", false},
		"one of two is missed": {operate.Health{Token: "a", Active: one, Available: []operate.NodeHealth{one}, Silent: []operate.NodeHealth{two}}, "lease", "1 of 2 managers is here.", true},
		"nobody leads":         {operate.Health{Token: "a", Available: []operate.NodeHealth{one, two}}, "lease", "Nobody leads at this moment: nothing would be failed over.", false},
	} {
		n := Nodes{Healthy: true, Mode: "alone", Leader: c.h.Active.Hostname, Nodes: []Node{}}
		n.leased(c.h)
		sentence, _ := n.sentences()
		if n.Mode != c.mode || sentence != c.sentence || (n.LeaseRenewed != nil) != c.lease {
			t.Errorf("%s: %q %q, renewed %v", name, n.Mode, sentence, n.LeaseRenewed)
		}
		for _, x := range n.Nodes {
			if leads := x.Hostname == n.Leader; x.Leader != leads || (x.Role == "leader") != leads || x.Self != (c.h.Token == map[string]string{"m1": "a", "m2": "b"}[x.Hostname]) {
				t.Errorf("%s: %+v", name, x)
			}
		}
	}
}

// TestNodesOnOneMachine: processes that share a backend are told apart although their host is the same, and what each has said is
// put to its name; how their clocks stand to each other follows from how each stands to the backend's.
func TestNodesOnOneMachine(t *testing.T) {
	t.Parallel()
	now := operatetest.Now()
	one, two := operate.NodeHealth{Hostname: "m1", Token: "aaaaaaaaaaaa", LastSeen: now}, operate.NodeHealth{Hostname: "m1", Token: "bbbbbbbbbbbb", LastSeen: now}
	is := Nodes{Healthy: true, Nodes: []Node{}}
	is.leased(operate.Health{Token: one.Token, Active: two, Available: []operate.NodeHealth{one, two}})
	if is.Self != "m1/aaaaaaaa" || is.Leader != "m1/bbbbbbbb" {
		t.Errorf("%+v", is)
	}
	ahead, behind := 700*time.Millisecond, -100*time.Millisecond
	out := reportsOf(is, []operate.NodeReport{
		{Node: "m1", Token: one.Token, Self: true, Facts: operate.NodeFacts{Clock: &behind, BackendTrip: 2 * time.Millisecond}},
		{Node: "m1", Token: two.Token, Age: 2 * time.Second, Facts: operate.NodeFacts{Clock: &ahead}},
	}, false, now)
	if a, b := out.Nodes[0], out.Nodes[1]; a.ID != "m1/aaaaaaaa" || a.ToldAt != nil || *a.BackendMS != 2 || b.ID != "m1/bbbbbbbb" || !b.ToldAt.Equal(now.Add(-2*time.Second)) {
		t.Errorf("%+v", out.Nodes)
	}
	if !slices.ContainsFunc(out.Attention, func(p AttentionPoint) bool {
		return p.Status == "warn" && p.Text == "The clock of m1/bbbbbbbb is 800 ms ahead of that of m1/aaaaaaaa"
	}) {
		t.Errorf("%+v", out.Attention)
	}
}
