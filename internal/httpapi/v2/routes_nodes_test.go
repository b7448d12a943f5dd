package v2

import (
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
		"two":          {operate.Health{Token: "b", Active: one, Available: []operate.NodeHealth{one, two}}, "lease", "2 managers are here.", true},
		"one":          {operate.Health{Token: "a", Active: one, Available: []operate.NodeHealth{one}}, "alone", "One manager. If it stops, nobody fails over.", false},
		"nobody leads": {operate.Health{Token: "a", Available: []operate.NodeHealth{one, two}}, "lease", "Nobody leads at this moment: nothing would be failed over.", false},
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
