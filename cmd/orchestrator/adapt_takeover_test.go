package main

import (
	"fmt"
	"strings"
	"testing"

	"orchestrator/internal/operate"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/topology"
)

// Each command looks at the servers for itself, forecasts, and takes over; the next one reads what it left.
func TestCommandsTakeOver(t *testing.T) {
	c := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MySQL, GTID: true})
	file := testFile(t)
	document := fmt.Sprintf(`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true,
		"RecoverMasterClusterFilters": ["nothing"], "ReplicationCredentialsQuery": "SELECT '%s', '%s'"`,
		sandbox.UserOrc, sandbox.Password(sandbox.UserOrc), sandbox.UserRepl, sandbox.Password(sandbox.UserRepl))
	primary, target := c.Node(0).Addr(), c.Node(2).Addr()
	run := func(command string, values map[operate.Param]string) (operate.Result, error) {
		t.Helper()
		e, wait := testParts(t, file, document).commandEngine()
		defer wait()
		return call(t.Context(), e, command, values)
	}
	must(t, c.Node(0).Exec(t.Context(), "CREATE DATABASE shop"))
	must(t, c.AwaitCaughtUp(t.Context()))
	_, err := run("discover", map[operate.Param]string{operate.ParamInstance: primary})
	must(t, err)

	forecast, err := run("explain", map[operate.Param]string{operate.ParamInstance: primary})
	must(t, err)
	x, ok := forecast.Value.(operate.Explanation)
	if !ok || x.Would || len(x.Holds) != 1 || x.Holds[0].Setting != "RecoverMasterClusterFilters" || x.Plan.Successor.IsZero() {
		t.Errorf("explanation %+v", forecast.Value)
	}
	t.Logf("explain:\n%s", x)

	want := map[operate.Param]string{operate.ParamCluster: primary, operate.ParamDestination: target, operate.ParamDryRun: "true"}
	planned, err := run("graceful-master-takeover-auto", want)
	must(t, err)
	if p, ok := planned.Value.(operate.Plan); !ok || p.Successor.String() != target {
		t.Errorf("plan %+v", planned.Value)
	}
	t.Logf("dry run:\n%s", planned.Value)
	if ro, err := c.Node(0).ReadOnly(t.Context()); err != nil || ro {
		t.Errorf("the dry run closed the primary: %v", err)
	}

	delete(want, operate.ParamDryRun)
	done, err := run("graceful-master-takeover-auto", want)
	must(t, err)
	if got, ok := done.Value.(operate.Takeover); !ok || got.SuccessorKey.String() != target || got.SuccessorCoordinates == nil || len(got.Errors) > 0 {
		t.Errorf("record %+v", done.Value)
	}
	// The picture that is stored is the new one, under the new primary's name.
	now, err := run("which-cluster-master", map[operate.Param]string{operate.ParamCluster: target})
	if err != nil || shown(now.Value) != target {
		t.Errorf("the primary is %v, %v", shown(now.Value), err)
	}
	replicas, err := run("which-replicas", map[operate.Param]string{operate.ParamInstance: target})
	if err != nil || !strings.Contains(shown(replicas.Value), primary) {
		t.Errorf("replicas %s, %v", shown(replicas.Value), err)
	}

	// By force, back to the first.
	forced, err := run("force-master-takeover", map[operate.Param]string{operate.ParamCluster: target, operate.ParamDestination: primary})
	must(t, err)
	if got, ok := forced.Value.(operate.Takeover); !ok || got.SuccessorKey.String() != primary || got.Finding.CommandHint != "force-master-takeover" {
		t.Errorf("record %+v", forced.Value)
	}
	// No manager runs that could take the old primary back: the command has.
	if status, ok, err := c.Node(2).Replica(t.Context()); err != nil || !ok || status.SourcePort != c.Node(0).Port {
		t.Errorf("who was replaced by force does not follow: %v (%v)", status, err)
	}
	if _, err := run("force-master-failover", map[operate.Param]string{operate.ParamCluster: "nowhere"}); err == nil {
		t.Error("a cluster that nobody knows has failed over")
	}
}

// shown is a value of instances as text.
func shown(value any) string {
	switch v := value.(type) {
	case operate.Instance:
		return v.Key.String()
	case operate.Instances:
		return topology.JoinKeys(topology.Keys(v.List))
	}
	return fmt.Sprint(value)
}
