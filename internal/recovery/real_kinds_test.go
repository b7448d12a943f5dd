package recovery_test

import (
	"slices"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/store"
)

// TestOtherFailuresOnRealServers has, for each family, a cluster for each failure but a primary's death.
func TestOtherFailuresOnRealServers(t *testing.T) {
	slots := make(chan struct{}, 3) // clusters at the same time; they wait more than they work
	for _, flavor := range []sandbox.Flavor{sandbox.MariaDB, sandbox.MySQL} {
		for name, run := range map[string]func(*testing.T, sandbox.Flavor){
			"intermediate source below the primary": deadIntermediateInChain,
			"intermediate source with a sibling":    deadIntermediateWithSibling,
			"co-primary":                            deadCoPrimary,
			"primary and one of its replicas":       deadPrimaryAndReplica,
			"read-only primary":                     readOnlyPrimary,
		} {
			t.Run(flavor.String()+", "+name, func(t *testing.T) {
				t.Parallel()
				slots <- struct{}{}
				t.Cleanup(func() { <-slots })
				run(t, flavor)
			})
		}
	}
}

const intermediates = `, "RecoverIntermediateMasterClusterFilters": ["*"]`

// catchesUp waits until a node holds the rows of another one.
func catchesUp(t *testing.T, m *manager, n, source *sandbox.Node) {
	t.Helper()
	m.await(t, n.Addr()+" to hold what "+source.Addr()+" holds", func() bool { return len(rows(t, n)) == len(rows(t, source)) })
}

// recorded looks at the only recovery on record.
func recorded(t *testing.T, m *manager, code string, successor *sandbox.Node) {
	t.Helper()
	found, err := m.store.Recoveries(t.Context(), store.RecoveryFilter{})
	if err != nil || len(found) != 1 || !found[0].Successful || found[0].Analysis != code || found[0].Successor != keyOf(successor) {
		t.Errorf("recoveries on record: %+v %v, want one of %s with %s", found, err, code, successor)
	}
	down, err := m.store.Downtimes(t.Context())
	if err != nil || len(down) > 0 {
		t.Errorf("downtimes: %+v %v", down, err)
	}
}

func deadIntermediateInChain(t *testing.T, f sandbox.Flavor) {
	c := sandboxtest.New(t, sandbox.Options{Flavor: f, GTID: true, Layout: sandbox.Chain})
	m := startManager(t, c, settings{config: intermediates})
	moves(t, c, m, c.Node(1), c.Node(0), "DeadIntermediateMasterWithSingleReplicaFailingToConnect", c.Node(2))
}

func deadIntermediateWithSibling(t *testing.T, f sandbox.Flavor) {
	c := sandboxtest.New(t, sandbox.Options{Flavor: f, GTID: true, Nodes: 5})
	for _, n := range []int{3, 4} {
		if err := c.Node(n).Follow(bounded(t), c.Node(1)); err != nil {
			t.Fatal(err)
		}
	}
	m := startManager(t, c, settings{config: intermediates})
	moves(t, c, m, c.Node(1), c.Node(2), "DeadIntermediateMaster", c.Node(3), c.Node(4))
}

// moves kills an intermediate source under load, and sees its replicas go below another server.
func moves(t *testing.T, c *sandbox.Cluster, m *manager, lost, target *sandbox.Node, code string, replicas ...*sandbox.Node) {
	t.Helper()
	load := startLoad(t, c)
	if err := lost.Kill(); err != nil {
		t.Fatal(err)
	}
	if got := m.finished(t, c); got != target {
		m.print(t, time.Now())
		t.Errorf("the replicas went below %s, want %s", got, target)
	}
	for _, n := range replicas {
		follows(t, n, target)
	}
	if err := load.AwaitCommits(bounded(t), 20); err != nil {
		t.Fatal(err)
	}
	load.Stop()
	for _, n := range replicas {
		catchesUp(t, m, n, c.Node(0))
	}
	if open := writers(t.Context(), c); !slices.Equal(open, []string{c.Node(0).Addr()}) {
		t.Errorf("writable: %v, want the primary alone", open)
	}
	recorded(t, m, code, target)
}

func deadCoPrimary(t *testing.T, f sandbox.Flavor) {
	scenario{options: sandbox.Options{Flavor: f, GTID: true, Layout: sandbox.CoPrimary}, want: 1}.run(t)
}

func deadPrimaryAndReplica(t *testing.T, f sandbox.Flavor) {
	c := sandboxtest.New(t, sandbox.Options{Flavor: f, GTID: true, Nodes: 4})
	m := startManager(t, c, settings{})
	load := startLoad(t, c)
	if err := c.Node(3).Kill(); err != nil {
		t.Fatal(err)
	}
	m.await(t, "the dead replica to be noticed", func() bool { return !m.observer.Instance(keyOf(c.Node(3))).LastCheckValid() })
	if err := c.Node(0).Kill(); err != nil {
		t.Fatal(err)
	}
	guard(t, c, &m.returning)
	promoted := m.finished(t, c)
	follows(t, c.Node(3-promoted.Index()), promoted)
	if err := load.AwaitCommitAt(bounded(t), promoted.Addr()); err != nil {
		t.Fatal(err)
	}
	load.Stop()
	found, err := m.store.Recoveries(t.Context(), store.RecoveryFilter{})
	if err != nil || len(found) != 1 || found[0].Analysis != "DeadMasterAndSomeReplicas" || !slices.Contains(found[0].Lost, keyOf(c.Node(3))) {
		t.Errorf("recoveries on record: %+v %v", found, err)
	}
}

func readOnlyPrimary(t *testing.T, f sandbox.Flavor) {
	c := sandboxtest.New(t, sandbox.Options{Flavor: f, GTID: true})
	m := startManager(t, c, settings{config: `, "RecoverNonWriteableMaster": true, "InstancePollSeconds": 1`})
	if err := c.Node(0).SetReadOnly(bounded(t), true); err != nil {
		t.Fatal(err)
	}
	if got := m.finished(t, c); got != c.Node(0) {
		t.Errorf("successor %s", got)
	}
	insert(t, c.Node(0), 1, 10)
	recorded(t, m, "NoWriteableMasterStructureWarning", c.Node(0))

	// Who closes it once more within the anti-flapping period finds it left alone.
	if err := c.Node(0).SetReadOnly(bounded(t), true); err != nil {
		t.Fatal(err)
	}
	m.await(t, "the block to be noted", func() bool {
		blocked, err := m.store.BlockedRecoveries(t.Context(), "")
		return err == nil && len(blocked) > 0
	})
	if ro, err := c.Node(0).ReadOnly(bounded(t)); err != nil || !ro {
		t.Errorf("it was opened again (%v)", err)
	}
}
