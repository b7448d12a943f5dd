package v2

import (
	"fmt"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// TestLostUnderThePresentName: a cluster without an alias bears another name after each failover.
func TestLostUnderThePresentName(t *testing.T) {
	begin := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	replaced := func(n int, from, to string, lost uint64) operate.Recovery {
		at := begin.Add(time.Duration(n) * time.Hour)
		key := func(host string) topology.Key { return topology.Key{Hostname: host, Port: 1} }
		return operate.Recovery{
			UID: fmt.Sprintf("%d:a", at.UnixNano()), Start: at, IsSuccessful: true, SuccessorKey: key(to), Loss: &operate.Loss{Transactions: lost},
			Finding: analysis.Finding{Key: key(from), Code: analysis.DeadPrimary, ClusterName: from + ":1", ClusterAlias: from + ":1"},
		}
	}
	all := []operate.Recovery{replaced(4, "b", "a", 4), replaced(3, "x", "y", 8), replaced(2, "a", "b", 2), replaced(1, "c", "a", 1)} // newest first
	sum, by := lostBy(all, all)
	if sum.Transactions != 15 || sum.Failovers != 4 {
		t.Errorf("in all %+v", sum)
	}
	if len(by) != 2 || by["a:1"].Transactions != 7 || by["y:1"].Transactions != 8 {
		t.Errorf("by cluster %+v", by)
	}
}
