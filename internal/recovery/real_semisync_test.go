package recovery_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/recovery"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// TestSemiSyncOnRealServers has, for each family, replicas that acknowledge and shall not, or shall and do not.
func TestSemiSyncOnRealServers(t *testing.T) {
	slots := make(chan struct{}, 3)
	for _, flavor := range []sandbox.Flavor{sandbox.MariaDB, sandbox.MySQL} {
		for name, run := range map[string]func(*testing.T, sandbox.Flavor){
			"too many":                     tooManySemiSync,
			"locked, enough are wanted":    lockedForEnough,
			"locked, exactly as many":      lockedForExactly,
			"locked, and nothing is asked": lockedUnasked,
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

// acked starts a cluster of four whose replicas all acknowledge. Its primary waits for ever.
func acked(t *testing.T, f sandbox.Flavor) *sandbox.Cluster {
	t.Helper()
	c := sandboxtest.New(t, sandbox.Options{Flavor: f, GTID: true, SemiSync: true, Nodes: 4})
	do(t, c.Node(0), "SET GLOBAL "+semiSyncSource(f)+"_timeout = 3600000")
	insert(t, c.Node(0), 1, 10)
	return c
}

func semiSyncSource(f sandbox.Flavor) string {
	if f == sandbox.MySQL {
		return "rpl_semi_sync_source"
	}
	return "rpl_semi_sync_master"
}

func semiSyncReplica(f sandbox.Flavor) string {
	if f == sandbox.MySQL {
		return "rpl_semi_sync_replica"
	}
	return "rpl_semi_sync_slave"
}

// priorities are the nodes' priorities as a setting, by index; the others have 0.
func priorities(c *sandbox.Cluster, of map[int]int) string {
	query := "SELECT CASE @@port"
	for n, priority := range of {
		query += fmt.Sprintf(" WHEN %d THEN %d", c.Node(n).Port, priority)
	}
	return fmt.Sprintf(`, "InstancePollSeconds": 1, "DetectSemiSyncEnforcedQuery": "%s ELSE 0 END"`, query)
}

// silence has all of the replicas but some give no acknowledgements any more, and waits until the primary knows.
func silence(t *testing.T, f sandbox.Flavor, c *sandbox.Cluster, but ...int) {
	t.Helper()
	for _, n := range c.Nodes()[1:] {
		if !slices.Contains(but, n.Index()) {
			do(t, n, "SET GLOBAL "+semiSyncReplica(f)+"_enabled = 0", threads(f, "STOP", "IO_THREAD"), threads(f, "START", "IO_THREAD"))
			follows(t, n, c.Node(0))
		}
	}
	for ctx, clients := bounded(t), -1; clients != len(but); {
		var err error
		if clients, err = c.Node(0).SemiSyncReplicas(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// acknowledge waits until these nodes and no others are set to acknowledge, and until the primary counts as many.
func acknowledge(t *testing.T, c *sandbox.Cluster, m *manager, want ...int) {
	t.Helper()
	var on []int
	clients := -1
	defer func() {
		if t.Failed() {
			t.Logf("set to acknowledge: %v; the primary counts %d", on, clients)
		}
	}()
	m.await(t, fmt.Sprintf("nodes %v alone to acknowledge", want), func() bool {
		on = nil
		for _, n := range c.Nodes()[1:] {
			var enabled bool
			if n.Running() && n.Scan(bounded(t), "SELECT @@GLOBAL."+semiSyncReplica(c.Options().Flavor)+"_enabled", &enabled) == nil && enabled {
				on = append(on, n.Index())
			}
		}
		var err error
		clients, err = c.Node(0).SemiSyncReplicas(bounded(t))
		return err == nil && clients == len(want) && slices.Equal(on, want)
	})
}

// tooManySemiSync: three acknowledge and one is waited for. The best by priority goes on, while all is written to.
func tooManySemiSync(t *testing.T, f sandbox.Flavor) {
	c := acked(t, f)
	load := startLoad(t, c)
	m := startManager(t, c, settings{config: priorities(c, map[int]int{1: 1, 2: 3})})
	m.await(t, "three that acknowledge to be seen", func() bool {
		for _, n := range c.Nodes()[1:] {
			if i := m.observer.Instance(keyOf(n)); !i.LastCheckValid() || !i.Replicating() || !i.SemiSync.ReplicaEnabled {
				return false
			}
		}
		return m.observer.Instance(keyOf(c.Node(0))).SemiSync.SourceClients == 3
	})
	cfg := *m.config.Load()
	cfg.EnforceExactSemiSyncReplicas = true // now that all are known
	m.config.Store(&cfg)
	if got := m.finished(t, c); got != c.Node(0) {
		t.Errorf("successor %s", got)
	}
	acknowledge(t, c, m, 2)
	if err := load.AwaitCommits(bounded(t), 20); err != nil {
		t.Fatal(err)
	}
	load.Stop()
	for _, n := range c.Nodes()[1:] {
		follows(t, n, c.Node(0))
		catchesUp(t, m, n, c.Node(0))
	}
	recorded(t, m, "MasterWithTooManySemiSyncReplicas", c.Node(0))
}

const impatient = `, "ReasonableLockedSemiSyncMasterSeconds": 1`

// released waits for the end of a write that waited for an acknowledgement. The replica had received the row before it
// acknowledged anything: it is released by the next acknowledgement.
func released(t *testing.T, p *sandbox.Node, written <-chan error) {
	t.Helper()
	insert(t, p, 12, 12)
	select {
	case err := <-written:
		if err != nil {
			t.Errorf("the waiting write: %v", err)
		}
	case <-bounded(t).Done():
		t.Fatal("the write still waits")
	}
}

// lockedForEnough: nobody acknowledges, and as many as are waited for shall.
func lockedForEnough(t *testing.T, f sandbox.Flavor) {
	c := acked(t, f)
	m := startManager(t, c, settings{config: priorities(c, map[int]int{1: 1, 2: 3}) + impatient + `, "RecoverLockedSemiSyncMaster": true`})
	silence(t, f, c)
	written := stuckWrite(t, c.Node(0), 11)
	if got := m.finished(t, c); got != c.Node(0) {
		t.Errorf("successor %s", got)
	}
	released(t, c.Node(0), written)
	acknowledge(t, c, m, 2)
	for _, n := range c.Nodes()[1:] {
		follows(t, n, c.Node(0))
		catchesUp(t, m, n, c.Node(0))
	}
	recorded(t, m, "LockedSemiSyncMaster", c.Node(0))
}

// lockedForExactly: who acknowledged is dead, and the next one by priority takes its place; not the one that never shall,
// although it comes first by name.
func lockedForExactly(t *testing.T, f sandbox.Flavor) {
	c := acked(t, f)
	silence(t, f, c, 2)
	m := startManager(t, c, settings{config: priorities(c, map[int]int{2: 3, 3: 1}) + impatient + `, "EnforceExactSemiSyncReplicas": true`})
	if err := c.Node(2).Kill(); err != nil {
		t.Fatal(err)
	}
	written := stuckWrite(t, c.Node(0), 11)
	if got := m.finished(t, c); got != c.Node(0) {
		t.Errorf("successor %s", got)
	}
	released(t, c.Node(0), written)
	acknowledge(t, c, m, 3)
	for _, n := range []*sandbox.Node{c.Node(1), c.Node(3)} {
		follows(t, n, c.Node(0))
		catchesUp(t, m, n, c.Node(0))
	}
	recorded(t, m, "LockedSemiSyncMaster", c.Node(0))
}

// lockedUnasked: with both switches off it is only detected, and nothing is recorded that would block a failover.
func lockedUnasked(t *testing.T, f sandbox.Flavor) {
	c := acked(t, f)
	m := startManager(t, c, settings{config: priorities(c, map[int]int{1: 1, 2: 3}) + impatient})
	silence(t, f, c)
	stuckWrite(t, c.Node(0), 11)
	m.await(t, "the lock to be detected", func() bool {
		p, ok := m.first(recovery.Detected)
		return ok && strings.HasPrefix(p.Text, "LockedSemiSyncMaster")
	})
	held := time.Now()
	m.await(t, "a few seconds", func() bool { return time.Since(held) > 3*time.Second })
	if m.saw(recovery.Began) {
		t.Error("it was recovered, and nobody asked for that")
	}
	acknowledge(t, c, m)
	if err := c.Node(0).Kill(); err != nil {
		t.Fatal(err)
	}
	if promoted := m.finished(t, c); promoted == c.Node(0) {
		t.Error("it succeeded itself")
	}
}
