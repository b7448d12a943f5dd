package main

import (
	"fmt"
	"strings"
	"testing"

	"orchestrator/internal/operate"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// What one command discovers is what the next one reads; what recover does is on record.
func TestCommandsDiscoverAndRecover(t *testing.T) {
	c := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MySQL, GTID: true})
	file := testFile(t)
	document := fmt.Sprintf(`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true, "AuditToBackendDB": true,
		"DiscoverySeeds": ["127.0.0.1:1"], "DetectClusterAliasQuery": "SELECT 'orders'", "DetectClusterDomainQuery": "SELECT 'orders.example.com'"`, sandbox.UserOrc, sandbox.Password(sandbox.UserOrc))
	primary := c.Node(0).Addr()

	// discover follows from one server to the others, and goes to no seed.
	p := testParts(t, file, document)
	e, wait := p.commandEngine()
	if _, err := call(t.Context(), e, "discover", map[operate.Param]string{operate.ParamInstance: c.Node(1).Addr()}); err != nil {
		t.Fatal(err)
	}
	wait()
	instances, _, err := p.store.LoadInstances(t.Context())
	must(t, err)
	if len(instances) != len(c.Nodes()) {
		t.Fatalf("stored are %s", topology.JoinKeys(topology.Keys(instances)))
	}
	for _, i := range instances {
		if i.ClusterName != primary || !i.LastCheckValid() {
			t.Errorf("%s: cluster %s, error %q", i.Key, i.ClusterName, i.Check.Err)
		}
	}

	// The next command reads that, the names included.
	p = testParts(t, file, document)
	e, wait = p.commandEngine()
	for command, want := range map[string]any{"which-cluster-alias": "orders", "which-cluster-domain": "orders.example.com"} {
		if got, err := call(t.Context(), e, command, map[operate.Param]string{operate.ParamCluster: "orders"}); err != nil || got.Value != want {
			t.Errorf("%s: %v, %v", command, got.Value, err)
		}
	}
	got, err := call(t.Context(), e, "which-cluster", map[operate.Param]string{operate.ParamInstance: c.Node(2).Addr()})
	if err != nil || got.Value != primary {
		t.Errorf("cluster %v, %v", got.Value, err)
	}
	wait()

	// Nothing is wrong: nothing is recovered. Neither is what nobody knows.
	recover := map[operate.Param]string{operate.ParamInstance: primary}
	if _, err := call(t.Context(), e, "recover", recover); err == nil || !strings.Contains(err.Error(), "nothing is wrong") {
		t.Errorf("recovery of a primary that is well: %v", err)
	}

	unknown := map[operate.Param]string{operate.ParamInstance: "127.0.0.1:1"}
	if _, err := call(t.Context(), e, "recover", unknown); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("recovery of an unknown server: %v", err)
	}

	must(t, c.Node(0).Kill())
	got, err = call(t.Context(), e, "recover", recover)
	must(t, err)
	promoted, ok := got.Value.(topology.Key)
	if !ok || promoted.String() == primary {
		t.Fatalf("promoted %v", got.Value)
	}
	list, err := e.Records.Recoveries(t.Context(), operate.RecoveryQuery{All: true})
	must(t, err)
	if len(list) != 1 || !list[0].IsSuccessful || list[0].SuccessorKey != promoted || list[0].NodeToken != p.node.Token || list[0].End.IsZero() {
		t.Errorf("recoveries %+v", list)
	}
	entries, err := p.store.AuditLog(t.Context(), store.AuditFilter{})
	must(t, err)
	audited := func(kind string) bool {
		for _, a := range entries {
			if a.Type == kind {
				return true
			}
		}
		return false
	}
	if !audited("recover-dead-master") {
		t.Errorf("audited are %+v", entries)
	}
	// The picture shows the new primary.
	after, err := e.Picture.Topology(t.Context())
	must(t, err)
	if i := after.Instance(promoted); i == nil || i.ReadOnly {
		t.Errorf("the promoted server is stored as %+v", i)
	}
}

func TestFreshProbeProvesANewConnection(t *testing.T) {
	c := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MySQL, GTID: true})
	parts := testParts(t, testFile(t), fmt.Sprintf(`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q`,
		sandbox.UserOrc, sandbox.Password(sandbox.UserOrc)))
	options, err := serverOptions(parts.config(), parts.log)
	must(t, err)
	p := newProber(options)
	t.Cleanup(func() { must(t, p.servers.Close()) })
	k := topology.Key{Hostname: c.Node(0).Host, Port: c.Node(0).Port}
	opened := func(fresh bool) int64 {
		before := p.servers.Stats().ConnectionsOpened
		answer, err := p.Probe(t.Context(), k, observeAsk(fresh))
		must(t, err)
		if answer.Instance == nil || answer.Instance.Key != k || answer.Partial {
			t.Errorf("answer %+v", answer)
		}
		return p.servers.Stats().ConnectionsOpened - before
	}
	for _, step := range []struct {
		name   string
		fresh  bool
		opened int64
	}{
		{"the first probe connects, which is proof enough", true, 1},
		{"the next uses what is there", false, 0},
		{"one that shall be fresh makes another", true, 1},
	} {
		if got := opened(step.fresh); got != step.opened {
			t.Errorf("%s: %d connections were opened", step.name, got)
		}
	}
}
