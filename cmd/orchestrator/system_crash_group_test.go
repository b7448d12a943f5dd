package main

import (
	"net/http"
	"os"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
)

// someMoments is at how many moments the leader of a group dies in the short form of the test.
const someMoments = 5

// TestLeaderThatDies kills the leader of a raft group of three (SIGKILL) in the middle of real failovers, each time at
// another moment. Another manager leads then. Whatever the moment: one server takes writes, all others replicate from it,
// there is one record, which says that the primary was replaced, and all managers have the same.
func TestLeaderThatDies(t *testing.T) {
	t.Parallel()
	flavors, most := []sandbox.Flavor{sandbox.MariaDB}, someMoments
	if os.Getenv(everyMoment) != "" {
		flavors, most = append(flavors, sandbox.MySQL), 0
	}
	for _, flavor := range flavors {
		t.Run(flavor.String(), func(t *testing.T) {
			c := newCrashes(t, flavor)
			c.most, c.rivals = most, true
			c.managers = &groupOfManagers{all: t, raftGroup: startRaftAs(t, doomedName, 3, c.keys...), servers: len(c.cluster.Nodes())}
			c.everywhere(t, scenario{"failover", c.killPrimary, c.primaryReturns})
			must(t, c.cluster.AwaitCaughtUp(t.Context()))
			must(t, c.cluster.SameData(t.Context(), "crash"))
		})
	}
}

// groupOfManagers are managers of whom another one leads when one dies.
type groupOfManagers struct {
	*raftGroup
	all     *testing.T // as long as which they live
	servers int        // that they look after
}

func (g *groupOfManagers) lead(t *testing.T) *serviceProcess {
	t.Helper()
	var leader *serviceProcess
	late := time.Now().Add(systemWithin)
	for leader == nil {
		if time.Now().After(late) {
			t.Fatal("nobody leads")
		}
		for _, n := range g.nodes {
			if g.leads(t, n) {
				leader = n
			}
		}
		pause(t.Context())
	}
	return leader
}

// leads is false for one that dies meanwhile.
func (g *groupOfManagers) leads(t *testing.T, m *serviceProcess) bool {
	t.Helper()
	w, err := m.client.Get(m.url + "/api/leader-check")
	if err != nil {
		return false
	}
	must(t, w.Body.Close())
	return w.StatusCode == http.StatusOK
}

// rest starts who has died, and waits until all have and see the same.
func (g *groupOfManagers) rest(t *testing.T) {
	t.Helper()
	for k, n := range g.nodes {
		if n.hasEnded() {
			g.start(g.all, k)
		}
	}
	for k := range g.nodes {
		g.sees(t, k, g.servers)
	}
	g.equal(t)
}
