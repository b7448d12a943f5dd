package failover

import (
	"fmt"
	"testing"

	"orchestrator/internal/topology"
)

// TestAReplicaThatHasWrittenItselfGivesWay: on MariaDB, by numbers alone, it has received the most.
func TestAReplicaThatHasWrittenItselfGivesWay(t *testing.T) {
	at := func(name string, seq int) *topology.Instance { // whose newest transaction is of that server's making
		position := fmt.Sprintf("0-%d-%d", replica(name).ServerID, seq)
		return replica("a", mariadb(position, position))
	}
	sibling := replica("b", mariadb("0-1-100", "0-1-100"))
	for name, c := range map[string]struct {
		seen    string // where the lost primary was seen to stand
		replica *topology.Instance
		want    string
		lost    bool // that it cannot follow
	}{
		"its newest is its own":                    {"0-1-100", at("a", 120), "b", true},
		"it was the primary, and nothing followed": {fmt.Sprintf("0-%d-120", replica("a").ServerID), at("a", 120), "a", false},
		"it was the primary, and is behind":        {"0-1-130", at("a", 120), "a", false},
		"of another server":                        {"0-1-100", at("c", 120), "a", false},
		"where the primary stood is unknown":       {"", at("a", 120), "a", false},
	} {
		t.Run(name, func(t *testing.T) {
			failed := lostPrimary()
			failed.ExecutedSet = c.seen
			p := DeadPrimary(topology.New([]*topology.Instance{c.replica, sibling, failed}, topology.Names{}), Request{Failed: primaryKey}, Policy{ApplyPromotion: true})
			if p.Successor.Hostname != c.want || (len(p.LostKeys()) > 0) != c.lost {
				t.Errorf("%s is promoted, %v are lost\n%s", p.Successor, p.LostKeys(), script(p))
			}
		})
	}
	failed := lostPrimary()
	failed.ExecutedSet = "0-1-100"
	p := DeadPrimary(topology.New([]*topology.Instance{at("a", 120), failed}, topology.Names{}), Request{Failed: primaryKey}, Policy{ApplyPromotion: true})
	if p.Successor.Hostname != "a" || len(p.Warnings) == 0 {
		t.Errorf("the only one left: %s is promoted, %q", p.Successor, p.Warnings)
	}
}
