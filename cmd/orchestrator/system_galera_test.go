package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// galeraGroup is three managers on one Galera cluster of three members: each begins with the member beside it.
type galeraGroup struct {
	backend *sandbox.Cluster
	cluster *sandbox.Cluster // that is managed
	nodes   []*serviceProcess
	records int
}

// TestManagersOnGalera kills the manager that leads together with the backend's member that it uses, and then the primary
// of the managed cluster; and once more all three at the same instant. Another manager, with another member, goes on. At
// last a member dies whose manager lives.
func TestManagersOnGalera(t *testing.T) {
	t.Parallel()
	g := &galeraGroup{
		backend: sandboxtest.New(t, sandbox.Options{Layout: sandbox.Galera}),
		cluster: sandboxtest.New(t, sandbox.Options{Nodes: 4, GTID: true}),
		nodes:   make([]*serviceProcess, 3),
	}
	for i := range g.nodes {
		g.start(t, i)
	}
	g.awaitPicture(t, 4)

	began := time.Now()
	lost := g.loseLeader(t)
	next := g.leader(t)
	t.Logf("%s after leader and member died, another manager led", time.Since(began).Round(time.Millisecond))
	g.losePrimary(t)
	g.awaitFailover(t, next)
	g.takeBack(t, lost)
	g.awaitPicture(t, 3)

	began = time.Now()
	g.losePrimary(t)
	lost = g.loseLeader(t)
	next = g.leader(t)
	g.awaitFailover(t, next)
	t.Logf("%s after primary, leader and member died, the primary was replaced", time.Since(began).Round(time.Millisecond))
	g.takeBack(t, lost)
	g.sameEverywhere(t)

	// A manager whose member dies goes on with another one.
	n := g.nodes[lost]
	must(t, g.backend.Node(lost).Kill())
	n.await(t, "a decision through another member", func() bool { return n.ask(t, "disable-global-recoveries").Code == "OK" })
}

func (g *galeraGroup) start(t *testing.T, i int) {
	t.Helper()
	hosts := append(g.backend.Addrs()[i:], g.backend.Addrs()[:i]...)
	keys := append(raftSettings(g.cluster), fmt.Sprintf(`"DiscoverySeeds": [%q], "RecoveryPeriodBlockSeconds": 1`, g.cluster.Node(0).Addr()),
		fmt.Sprintf(`"BackendDB": "mysql", "MySQLOrchestratorHost": %q, "MySQLOrchestratorDatabase": "orc", "MySQLOrchestratorUser": %q, "MySQLOrchestratorPassword": %q`,
			strings.Join(hosts, ","), sandbox.UserAdmin, sandbox.Password(sandbox.UserAdmin)))
	g.nodes[i] = startProcess(t, keys...)
}

// leader waits until one manager leads.
func (g *galeraGroup) leader(t *testing.T) int {
	t.Helper()
	late := time.Now().Add(systemWithin)
	for time.Now().Before(late) {
		for i, n := range g.nodes {
			if n != nil && n.leads(t) {
				return i
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("nobody leads")
	return 0
}

// loseLeader kills the leader and the member beside it.
func (g *galeraGroup) loseLeader(t *testing.T) int {
	t.Helper()
	l := g.leader(t)
	must(t, g.backend.Node(l).Kill())
	must(t, g.nodes[l].cmd.Process.Kill())
	<-g.nodes[l].ended
	g.nodes[l] = nil
	return l
}

// losePrimary kills the one server that takes writes.
func (g *galeraGroup) losePrimary(t *testing.T) {
	t.Helper()
	open := writers(t, g.cluster)
	if len(open) != 1 {
		t.Fatalf("%d servers take writes", len(open))
	}
	must(t, open[0].Kill())
}

// awaitFailover waits for the record of one more failover, and sees that there is one server that takes writes.
func (g *galeraGroup) awaitFailover(t *testing.T, by int) {
	t.Helper()
	g.records++
	var list []systemRecovery
	n := g.nodes[by]
	n.await(t, "the failover", func() bool {
		status, _ := n.get(t, "/api/audit-recovery")
		if status != http.StatusOK {
			return false
		}
		n.api(t, "audit-recovery", &list)
		return len(list) >= g.records && list[0].RecoveryEndTimestamp != ""
	})
	if len(list) != g.records || !list[0].IsSuccessful || list[0].AnalysisEntry.Analysis != "DeadMaster" {
		t.Errorf("want %d recoveries: %+v", g.records, list)
	}
	if open := writers(t, g.cluster); len(open) != 1 || open[0].Port != list[0].SuccessorKey.Port {
		t.Errorf("%v take writes after %+v", open, list[0])
	}
}

// takeBack starts a member and the manager beside it again.
func (g *galeraGroup) takeBack(t *testing.T, i int) {
	t.Helper()
	must(t, g.backend.Node(i).Restart(t.Context()))
	g.start(t, i)
}

// awaitPicture waits until every manager has so many servers in good order.
func (g *galeraGroup) awaitPicture(t *testing.T, servers int) {
	t.Helper()
	for i, n := range g.nodes {
		n.await(t, fmt.Sprintf("manager %d to see %d servers", i, servers), func() bool {
			var all []struct {
				IsLastCheckValid, Slave_SQL_Running bool
				ReplicationDepth                    int
			}
			n.api(t, "all-instances", &all)
			good := 0
			for _, i := range all {
				if i.IsLastCheckValid && (i.ReplicationDepth == 0 || i.Slave_SQL_Running) {
					good++
				}
			}
			return good == servers
		})
	}
}

// sameEverywhere waits until each manager shows the same recoveries, from the member beside it.
func (g *galeraGroup) sameEverywhere(t *testing.T) {
	t.Helper()
	uids := func(n *serviceProcess) (list []string) {
		var all []systemRecovery
		n.api(t, "audit-recovery", &all)
		for _, r := range all {
			list = append(list, r.UID)
		}
		return slices.Sorted(slices.Values(list))
	}
	for i, n := range g.nodes {
		var diff string
		n.await(t, fmt.Sprintf("manager %d to show the same recoveries", i), func() bool {
			diff = cmp.Diff(uids(g.nodes[0]), uids(n))
			return diff == ""
		})
	}
}
