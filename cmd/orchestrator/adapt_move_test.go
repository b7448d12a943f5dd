package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/operate"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// Each command looks at the servers for itself, locks, works, and leaves what the next one reads.
func TestCommandsTendServers(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true, Nodes: 2})
		file := testFile(t)
		document := fmt.Sprintf(`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true, "AuditToBackendDB": true`,
			sandbox.UserOrc, sandbox.Password(sandbox.UserOrc))
		replica := c.Node(1).Addr()
		p := testParts(t, file, document)
		run := func(command string, values map[operate.Param]string) (operate.Result, error) {
			t.Helper()
			e, wait := p.commandEngine()
			defer wait()
			if values == nil {
				values = map[operate.Param]string{}
			}
			values[operate.ParamInstance] = replica
			return call(t.Context(), e, command, values)
		}
		_, err := run("stop-replica", nil)
		if err == nil || !strings.Contains(err.Error(), "discover it first") {
			t.Errorf("a server that nobody knows: %v", err)
		}
		_, err = run("discover", nil)
		must(t, err)

		planned, err := run("stop-replica", map[operate.Param]string{operate.ParamDryRun: "true"})
		must(t, err)
		if x, ok := planned.Value.(operate.Plan); !ok || len(x.Steps) != 1 {
			t.Errorf("plan %+v", planned.Value)
		}
		replicating := func(want bool) {
			t.Helper()
			state, _, err := c.Node(1).Replica(t.Context())
			must(t, err)
			if state.Running() != want {
				t.Errorf("replicating: %s", state)
			}
		}
		replicating(true)
		done, err := run("stop-replica", nil)
		must(t, err)
		if i, ok := done.Value.(operate.Instance); !ok || i.Key.String() != replica || !i.ThreadsStopped() {
			t.Errorf("answer %+v", done.Value)
		}
		replicating(false)
		e, wait := p.commandEngine()
		known, err := e.Picture.Topology(t.Context())
		wait()
		must(t, err)
		if key, _ := topology.ParseKey(replica, 0); !known.Instance(key).ThreadsStopped() {
			t.Error("what was seen afterwards is not stored")
		}
		_, err = run("start-replica", nil)
		must(t, err)
		replicating(true)
		_, err = run("skip-query", nil)
		if err == nil || !strings.Contains(err.Error(), "the applier of "+replica+" runs") {
			t.Errorf("a refusal: %v", err)
		}

		// Somebody's maintenance is respected, and the operations leave none.
		_, err = run("begin-maintenance", map[operate.Param]string{operate.ParamReason: "mine", operate.ParamOwner: "me"})
		must(t, err)
		if _, err = run("disable-gtid", nil); err == nil || !strings.Contains(err.Error(), "held by me") {
			t.Errorf("a server under maintenance: %v", err)
		}
		_, err = run("stop-replica", nil)
		must(t, err)
		_, err = run("start-replica", nil)
		must(t, err)
		_, err = run("end-maintenance", nil)
		must(t, err)
		held, err := p.store.Maintenances(t.Context())
		if err != nil || len(held) != 0 {
			t.Errorf("locks left: %v, %v", held, err)
		}
		entries, err := p.store.AuditLog(t.Context(), store.AuditFilter{})
		must(t, err)
		for _, kind := range []string{"stop-replica", "start-replica"} {
			if !slices.ContainsFunc(entries, func(a store.AuditRow) bool { return a.Type == kind && a.Key.String() == replica }) {
				t.Errorf("%s is not audited", kind)
			}
		}
	})
}
