package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/store"
)

// raftGroup is several services of one raft group, each in a process of its own.
type raftGroup struct {
	nodes []*serviceProcess // nil: it does not run
	dirs  []string
	ports []string // raft addresses
	keys  []string
	as    string // under what name the program runs
}

// freePorts are addresses on which nobody listens at this moment.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var list []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer func() { must(t, l.Close()) }()
		list = append(list, l.Addr().String())
	}
	return list
}

// startRaft starts a group and waits until one of its nodes leads. keys are lines of every node's configuration.
func startRaft(t *testing.T, n int, keys ...string) *raftGroup {
	t.Helper()
	return startRaftAs(t, programName, n, keys...)
}

// startRaftAs is startRaft of the program, or of the one that dies when a test wants it to.
func startRaftAs(t *testing.T, name string, n int, keys ...string) *raftGroup {
	t.Helper()
	g := &raftGroup{ports: freePorts(t, n), keys: keys, nodes: make([]*serviceProcess, n), as: name}
	for range n {
		g.dirs = append(g.dirs, t.TempDir())
	}
	for k := range n {
		g.start(t, k)
	}
	g.leader(t)
	return g
}

// configuration is what a node of the group is started with.
func (g *raftGroup) configuration(k int) []string {
	members, _ := json.Marshal(g.ports) // a list of texts always has a form
	return append([]string{
		`"RaftEnabled": true`, `"RaftDataDir": "raft"`, fmt.Sprintf(`"RaftBind": %q`, g.ports[k]), `"RaftNodes": ` + string(members),
		`"RaftClusterSecret": "of the test"`, `"AuditToBackendDB": true`,
	}, g.keys...)
}

func (g *raftGroup) start(t *testing.T, k int) {
	t.Helper()
	g.nodes[k] = launchAs(t, g.as, g.dirs[k], g.configuration(k)...)
	g.nodes[k].awaitLog(t, "INFO listening ")
}

func (g *raftGroup) kill(t *testing.T, k int) {
	t.Helper()
	must(t, g.nodes[k].cmd.Process.Kill())
	<-g.nodes[k].ended
	g.nodes[k] = nil
}

// leader waits until a node leads, and returns its number.
func (g *raftGroup) leader(t *testing.T) int {
	t.Helper()
	late := time.Now().Add(systemWithin)
	for time.Now().Before(late) {
		for k, n := range g.nodes {
			if n != nil && !n.frozen && n.leads(t) {
				return k
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("nobody leads")
	return 0
}

// follower is the number of a node that runs and does not lead.
func (g *raftGroup) follower(t *testing.T) int {
	t.Helper()
	l := g.leader(t)
	return slices.IndexFunc(g.nodes, func(n *serviceProcess) bool { return n != nil && n != g.nodes[l] })
}

// agreed are the rows that a node has of what was agreed on.
func (g *raftGroup) agreed(t *testing.T, k int) map[string]store.TableData {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{File: filepath.Join(g.dirs[k], "orchestrator.db"), SkipUpdate: true})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	tables, err := s.ExportTables(t.Context(), store.AgreedTables()...)
	must(t, err)
	return tables
}

// equal waits until every node that runs has what the leader has.
func (g *raftGroup) equal(t *testing.T) {
	t.Helper()
	l := g.leader(t)
	for k, n := range g.nodes {
		if n == nil || k == l {
			continue
		}
		var diff string
		for late := time.Now().Add(systemWithin); ; time.Sleep(20 * time.Millisecond) {
			if diff = cmp.Diff(g.agreed(t, l), g.agreed(t, k)); diff == "" {
				break
			}
			if time.Now().After(late) {
				t.Fatalf("node %d has other rows than the leader (-leader +node):\n%s", k, diff)
			}
		}
	}
}

// TestRaftGroup is the life of three nodes without servers: what is asked of one is known to all, whoever dies.
func TestRaftGroup(t *testing.T) {
	t.Parallel()
	g := startRaft(t, 3)
	l, f := g.leader(t), g.follower(t)
	text := func(k int, path string) string {
		t.Helper()
		var s string
		g.nodes[k].api(t, path, &s)
		return s
	}
	for path, want := range map[string]string{"raft-leader": g.ports[l], "raft-health": "healthy"} {
		for k := range g.nodes {
			if got := text(k, path); got != want {
				t.Errorf("%s of node %d: %s", path, k, got)
			}
		}
	}
	if a, b := text(l, "raft-state"), text(f, "raft-state"); a != "Leader" || b != "Follower" {
		t.Errorf("states %s, %s", a, b)
	}
	var peers []string
	g.nodes[f].api(t, "raft-peers", &peers)
	if diff := cmp.Diff(slices.Sorted(slices.Values(g.ports)), peers); diff != "" {
		t.Errorf("peers (-want +got):\n%s", diff)
	}
	var status struct {
		RaftBind, RaftAdvertise, State, Leader, LeaderURI string
		Healthy, IsPartOfQuorum                           bool
		Peers                                             []string
		VotersNeeded, VotersReachable                     int
		Members                                           []struct {
			Healthy, IsLeader bool
			Lag               uint64
		}
	}
	g.nodes[f].await(t, "every member is well", func() bool {
		g.nodes[f].api(t, "raft-status", &status)
		return status.VotersReachable == 3
	})
	if status.RaftBind != g.ports[f] || status.RaftAdvertise != g.ports[f] || status.Leader != g.ports[l] || status.LeaderURI != g.nodes[l].url ||
		!status.Healthy || !status.IsPartOfQuorum || len(status.Peers) != 3 || status.VotersNeeded != 2 || len(status.Members) != 3 {
		t.Errorf("status %+v", status)
	}
	// A follower passes on what changes something, and answers what it is asked, by itself or through the leader.
	must(t, writeOutside(t.Context(), filepath.Join(g.dirs[f], "orchestrator.db"), "SELECT 1"))
	g.nodes[f].ok(t, "disable-global-recoveries")
	for k := range g.nodes {
		if r := g.nodes[k].ok(t, "check-global-recoveries"); !strings.Contains(string(r.Details), "disabled") {
			t.Errorf("node %d: %+v", k, r)
		}
	}
	g.nodes[f].ok(t, "enable-global-recoveries")
	if status, body := g.nodes[f].get(t, "/api/raft-yield/"+g.ports[f]); status != http.StatusInternalServerError || !strings.Contains(body, "Unauthorized") {
		t.Errorf("a follower yields: %d %s", status, body)
	}
	if text(f, "raft-snapshot") != "snapshot created" {
		t.Error("no snapshot")
	}
	g.nodes[l].ok(t, "raft-yield/"+g.ports[f])
	g.nodes[f].await(t, "the leadership", func() bool { return g.leader(t) == f })
	g.nodes[f].ok(t, "raft-yield/"+strings.Replace(g.ports[l], ":", "%3A", 1))
	g.nodes[l].await(t, "the leadership", func() bool { return g.leader(t) == l })
	g.equal(t)

	// The leader dies; what was agreed on stays, and it finds it when it returns.
	g.nodes[l].ok(t, "disable-global-recoveries")
	g.kill(t, l)
	next := g.leader(t)
	if r := g.nodes[next].ok(t, "check-global-recoveries"); !strings.Contains(string(r.Details), "disabled") {
		t.Errorf("after the death of the leader: %+v", r)
	}
	g.nodes[next].ok(t, "enable-global-recoveries")
	g.start(t, l)
	g.equal(t)

	// The leader sleeps, another one leads, and it notices when it wakes.
	l = g.leader(t)
	g.freeze(t, l, true)
	if g.leader(t) == l {
		t.Error("who sleeps leads")
	}
	g.freeze(t, l, false)
	g.nodes[l].await(t, "it to notice", func() bool { return text(l, "raft-state") == "Follower" })

	// Too few are left: nobody leads, reads are answered, changes are refused with the reason.
	last := g.leader(t)
	for k := range g.nodes {
		if k != last {
			g.kill(t, k)
		}
	}
	n := g.nodes[last]
	n.await(t, "the end of its leadership", func() bool { return !n.leads(t) })
	if status, body := n.get(t, "/api/clusters"); status != http.StatusOK {
		t.Errorf("a read without quorum: %d %s", status, body)
	}
	n.await(t, "the reason", func() bool {
		status, body := n.get(t, "/api/disable-global-recoveries")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "1 of 3 raft nodes answer and 2 are needed")
	})
	if status, _ := n.get(t, "/api/raft-health"); status != http.StatusInternalServerError {
		t.Errorf("raft-health without quorum: %d", status)
	}
	n.await(t, "the status to tell", func() bool {
		status, body := n.get(t, "/api/status")
		return status == http.StatusInternalServerError && strings.Contains(body, "no raft node leads")
	})
}

// freeze stops a node, or lets it go on.
func (g *raftGroup) freeze(t *testing.T, k int, on bool) {
	t.Helper()
	g.nodes[k].frozen = on
	g.nodes[k].signal(t, map[bool]syscall.Signal{true: syscall.SIGSTOP, false: syscall.SIGCONT}[on])
	if on {
		node := g.nodes[k]
		t.Cleanup(func() { _ = node.cmd.Process.Signal(syscall.SIGCONT) }) // it may have ended
	}
}

// TestRaftReplacesNodes replaces all three nodes of a group, one by one, while it works.
func TestRaftReplacesNodes(t *testing.T) {
	t.Parallel()
	g := startRaft(t, 3)
	g.nodes[0].ok(t, "disable-global-recoveries")
	for k := range 3 {
		old := g.ports[k]
		g.ports = append(slices.Clone(g.ports), freePorts(t, 1)...)
		g.dirs, g.nodes = append(g.dirs, t.TempDir()), append(g.nodes, nil)
		fresh := len(g.ports) - 1
		g.start(t, fresh)
		any := g.follower(t)
		var answer string
		g.nodes[any].api(t, "raft-replace-peer/"+old+"/"+g.ports[fresh], &answer)
		if answer != g.ports[fresh] {
			t.Errorf("answer %q", answer)
		}
		g.nodes[k].stop(t)
		g.nodes[k] = nil
	}
	var peers []string
	g.nodes[g.leader(t)].api(t, "raft-peers", &peers)
	if diff := cmp.Diff(slices.Sorted(slices.Values(g.ports[3:])), peers); diff != "" {
		t.Errorf("peers (-want +got):\n%s", diff)
	}
	if r := g.nodes[3].ok(t, "check-global-recoveries"); !strings.Contains(string(r.Details), "disabled") {
		t.Errorf("a new node: %+v", r)
	}
	g.equal(t)
}

// raftSettings are the keys of nodes that manage a cluster.
func raftSettings(c *sandbox.Cluster) []string {
	quoted := func(s string) string { text, _ := json.Marshal(s); return string(text) } // a text always has a form
	return []string{
		`"MySQLTopologyUser": ` + quoted(sandbox.UserOrc), `"MySQLTopologyPassword": ` + quoted(sandbox.Password(sandbox.UserOrc)),
		`"DiscoverByShowSlaveHosts": true`, `"RecoverMasterClusterFilters": ["*"]`, `"DetectClusterAliasQuery": "SELECT 'orders'"`,
		`"ReplicationCredentialsQuery": ` + quoted(fmt.Sprintf("SELECT '%s', '%s'", sandbox.UserRepl, sandbox.Password(sandbox.UserRepl))),
	}
}

// sees waits until a node has the whole cluster in good order.
func (g *raftGroup) sees(t *testing.T, k, servers int) {
	t.Helper()
	g.nodes[k].await(t, fmt.Sprintf("node %d to see the cluster", k), func() bool {
		var all []struct {
			IsLastCheckValid, Slave_SQL_Running bool
			ReplicationDepth                    int
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.nodes[k].url+"/api/all-instances", nil)
		must(t, err)
		r.Header.Set("X-Orchestrator-Local", "1")
		w, err := g.nodes[k].client.Do(r)
		must(t, err)
		defer func() { must(t, w.Body.Close()) }()
		must(t, json.NewDecoder(w.Body).Decode(&all))
		return len(all) == servers && !slices.ContainsFunc(all, func(i struct {
			IsLastCheckValid, Slave_SQL_Running bool
			ReplicationDepth                    int
		}) bool {
			return !i.IsLastCheckValid || i.ReplicationDepth > 0 && !i.Slave_SQL_Running
		})
	})
}

// TestRaftPrimaryAndLeaderDieTogether kills the primary and the leading manager in the same instant: another manager
// replaces the primary, and there is one record of it, the same on all.
func TestRaftPrimaryAndLeaderDieTogether(t *testing.T) {
	t.Parallel()
	c := sandboxtest.New(t, sandbox.Options{Nodes: 3, GTID: true})
	g := startRaft(t, 3, raftSettings(c)...)
	g.nodes[g.follower(t)].ok(t, "discover/"+strings.Replace(c.Node(0).Addr(), ":", "/", 1)) // passed on, and told to all
	for k := range g.nodes {
		g.sees(t, k, 3)
	}
	l := g.leader(t)
	began := time.Now()
	must(t, c.Node(0).Kill())
	g.kill(t, l)
	next := g.leader(t)
	var list []systemRecovery
	g.nodes[next].await(t, "the failover", func() bool {
		g.nodes[next].api(t, "audit-recovery", &list)
		return len(list) == 1 && list[0].RecoveryEndTimestamp != ""
	})
	t.Logf("failed over %s after primary and leader died", time.Since(began).Round(time.Millisecond))
	if !list[0].IsSuccessful || list[0].AnalysisEntry.Analysis != "DeadMaster" {
		t.Errorf("recovery %+v", list[0])
	}
	g.start(t, l)
	g.equal(t)
	var writable int
	for _, n := range c.Nodes()[1:] {
		var readOnly bool
		must(t, n.Scan(t.Context(), "SELECT @@read_only", &readOnly))
		if !readOnly {
			writable++
		}
	}
	if writable != 1 {
		t.Errorf("%d servers are writable", writable)
	}
}

// TestDemoWithRaft is the demo with three managers, from the first line to the last.
func TestDemoWithRaft(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs real servers: left out in short mode")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*systemWithin)
	defer cancel()
	home, err := os.UserHomeDir()
	must(t, err)
	cmd, err := program(ctx, t.TempDir(), "demo", "--raft", "--port", "0", "--scenario", "kill-primary", "--exit")
	must(t, err)
	client, err := buildClient()
	must(t, err)
	programs := t.TempDir()
	must(t, os.WriteFile(filepath.Join(programs, clientName), client, 0o755))
	cmd.Env = append(cmd.Env, "HOME="+home, "PATH="+programs+":"+os.Getenv("PATH")) // where the servers are, and the client
	out, err := cmd.CombinedOutput()
	if text := string(out); err != nil || strings.Count(text, "web and API: http://") != 3 || !strings.Contains(text, "verified on the servers") ||
		!strings.Contains(text, "$ "+clientName+" -c topology -i 127.0.0.1:") {
		t.Errorf("%v\n%s", err, text)
	}
}
