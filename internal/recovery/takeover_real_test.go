package recovery_test

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/recovery"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// whole is what a run asks of a real server beside execute.Server.
type whole interface {
	Credentials(ctx context.Context) (server.Credentials, error)
	Processlist(ctx context.Context) ([]server.Process, error)
	KillConnection(ctx context.Context, id uint64) error
	SetMariaDBSlavePos(ctx context.Context, pos string) error
}

func (w wire) Credentials(ctx context.Context) (server.Credentials, error) {
	return w.Server.(whole).Credentials(ctx)
}
func (w wire) Processlist(ctx context.Context) ([]server.Process, error) {
	return w.Server.(whole).Processlist(ctx)
}
func (w wire) KillConnection(ctx context.Context, id uint64) error {
	return w.Server.(whole).KillConnection(ctx, id)
}
func (w wire) SetMariaDBSlavePos(ctx context.Context, pos string) error {
	return w.Server.(whole).SetMariaDBSlavePos(ctx, pos)
}

// cluster is the name that a manager knows the servers under.
func (m *manager) cluster(t *testing.T) string {
	t.Helper()
	return m.observer.Snapshot().Clusters()[0].Name
}

// takeOver asks for a takeover and prints the course of one that fails.
func (m *manager) takeOver(t *testing.T, want recovery.TakeoverRequest) (*recovery.Recovery, error) {
	t.Helper()
	began := time.Now()
	r, err := m.engine.Takeover(bounded(t), want)
	if err != nil {
		m.print(t, began)
	}
	return r, err
}

func TestTakeoverOnRealServers(t *testing.T) {
	for name, c := range map[string]struct {
		options    sandbox.Options
		designated int // 0 leaves it open
		command    recovery.Command
	}{
		"MariaDB, the best":      {options: sandbox.Options{Flavor: sandbox.MariaDB, GTID: true}},
		"MySQL, the best":        {options: sandbox.Options{Flavor: sandbox.MySQL, GTID: true}},
		"MariaDB, designated":    {options: sandbox.Options{Flavor: sandbox.MariaDB, GTID: true}, designated: 2},
		"MySQL, designated":      {options: sandbox.Options{Flavor: sandbox.MySQL, GTID: true}, designated: 2},
		"MariaDB, semi-sync":     {options: sandbox.Options{Flavor: sandbox.MariaDB, GTID: true, SemiSync: true}},
		"MySQL, semi-sync":       {options: sandbox.Options{Flavor: sandbox.MySQL, GTID: true, SemiSync: true}},
		"MySQL, by position":     {options: sandbox.Options{Flavor: sandbox.MySQL}},
		"MariaDB, one only":      {options: sandbox.Options{Flavor: sandbox.MariaDB, GTID: true, Nodes: 2}},
		"MySQL, a pair":          {options: sandbox.Options{Flavor: sandbox.MySQL, GTID: true, Layout: sandbox.CoPrimary}, command: recovery.CascadeTakeover},
		"MariaDB, a pair":        {options: sandbox.Options{Flavor: sandbox.MariaDB, GTID: true, Layout: sandbox.CoPrimary}, command: recovery.CascadeTakeover},
		"MySQL, there and again": {options: sandbox.Options{Flavor: sandbox.MySQL, GTID: true}, designated: 1},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := sandboxtest.New(t, c.options)
			m := startManager(t, cluster, settings{})
			load := startLoad(t, cluster)
			guard(t, cluster, &m.returning)
			want := recovery.TakeoverRequest{Command: cmp.Or(c.command, recovery.GracefulTakeoverAuto), Cluster: m.cluster(t)}
			if c.designated != 0 {
				want.Designated = keyOf(cluster.Node(c.designated))
			}
			r, err := m.takeOver(t, want)
			if err != nil {
				t.Fatal(err)
			}
			if c.designated != 0 && r.Successor != want.Designated || r.SuccessorCoordinates.IsEmpty() || len(r.Lost)+len(r.Errors) > 0 {
				t.Errorf("successor %s at %s, lost %v, errors %v", r.Successor, r.SuccessorCoordinates, r.Lost, r.Errors)
			}
			m.settled(t, cluster, load, r.Successor)
			if !strings.HasSuffix(name, "again") {
				m.checkTakeover(t, cluster, load, r.Successor)
				return
			}
			m.await(t, "the new picture", func() bool { return m.observer.Complete(r.Successor.String()) })
			back, err := m.takeOver(t, recovery.TakeoverRequest{Command: recovery.GracefulTakeoverAuto, Cluster: r.Successor.String(), Designated: keyOf(cluster.Node(0))})
			if err != nil || back.Successor != keyOf(cluster.Node(0)) {
				t.Fatalf("the way back ended with %v", err)
			}
			m.settled(t, cluster, load, back.Successor)
			m.checkTakeover(t, cluster, load, back.Successor)
		})
	}
}

// settled waits until the new primary takes the load and all others follow it.
func (m *manager) settled(t *testing.T, c *sandbox.Cluster, load *sandbox.Load, primary topology.Key) {
	t.Helper()
	promoted := nodeAt(t, c, primary.String())
	if err := load.AwaitCommitAt(bounded(t), promoted.Addr()); err != nil {
		t.Fatal(err)
	}
	if err := load.AwaitCommits(bounded(t), 20); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes() {
		if n != promoted {
			follows(t, n, promoted)
		}
	}
	if open := writers(t.Context(), c); !slices.Equal(open, []string{promoted.Addr()}) {
		t.Errorf("writable: %v, want %s alone", open, promoted)
	}
}

// checkTakeover ends the load and compares what all servers hold; nobody may have been left in downtime.
func (m *manager) checkTakeover(t *testing.T, c *sandbox.Cluster, load *sandbox.Load, primary topology.Key) {
	t.Helper()
	result := load.Stop()
	outage, _, _ := result.Outage()
	t.Logf("writes were blocked for %s", outage)
	s := scenario{options: c.Options(), complete: true}
	promoted := nodeAt(t, c, primary.String())
	others := slices.DeleteFunc(c.Nodes(), func(n *sandbox.Node) bool { return n == promoted })
	last := result
	last.Commits = slices.DeleteFunc(slices.Clone(result.Commits), func(c sandbox.Commit) bool { return c.Addr != primary.String() })
	s.checkData(t, m, promoted, others, nil, last)
	if missing, err := result.Missing(bounded(t), promoted); err != nil || len(missing) > 0 {
		t.Errorf("%d acknowledged rows are lost: %v %v", len(missing), missing, err)
	}
	m.await(t, "the picture of the new primary", func() bool {
		i := m.observer.Instance(primary)
		return i != nil && !i.ReadOnly && len(m.observer.Snapshot().Clusters()) == 1
	})
	for _, i := range m.observer.Snapshot().Instances() {
		if i.Downtime.ActiveAt(time.Now()) {
			t.Errorf("%s is in downtime: %+v", i.Key, i.Downtime)
		}
	}
	found, err := m.store.Recoveries(t.Context(), store.RecoveryFilter{Unacknowledged: true})
	if err != nil || len(found) > 0 {
		t.Errorf("unacknowledged recoveries %+v %v", found, err)
	}
	if open, err := m.store.OpenJournals(t.Context()); err != nil || len(open) > 0 {
		t.Errorf("open journals %v %v", open, err)
	}
}

// TestRealTakeoverFailsBeforeTheSwitch stops the target's applier at the moment when the primary is closed.
func TestRealTakeoverFailsBeforeTheSwitch(t *testing.T) {
	for _, f := range []sandbox.Flavor{sandbox.MariaDB, sandbox.MySQL} {
		t.Run(f.String(), func(t *testing.T) {
			c := sandboxtest.New(t, sandbox.Options{Flavor: f, GTID: true})
			var load *sandbox.Load
			var lock *sql.Conn
			block := sync.OnceFunc(func() {
				var err error
				if lock, err = c.Node(1).DB(sandbox.UserAdmin).Conn(t.Context()); err == nil {
					_, err = lock.ExecContext(t.Context(), "LOCK TABLES "+sandbox.Database+"."+sandbox.LoadTable+" READ")
				}
				if err = errors.Join(err, load.AwaitCommits(bounded(t), 5)); err != nil {
					t.Error(err)
				}
			})
			m := startManager(t, c, settings{config: `, "ReasonableReplicationLagSeconds": 1`, beforeClosing: func(k topology.Key) {
				if k == keyOf(c.Node(0)) {
					block()
				}
			}})
			load = startLoad(t, c)
			guard(t, c, &m.returning)
			r, err := m.engine.Takeover(bounded(t), recovery.TakeoverRequest{Command: recovery.GracefulTakeoverAuto, Cluster: m.cluster(t), Designated: keyOf(c.Node(1))})
			if err == nil || r == nil || r.Successful() || lock == nil {
				t.Fatalf("it ended with %v", err)
			}
			t.Logf("it failed: %v", err)
			if _, err := lock.ExecContext(t.Context(), "UNLOCK TABLES"); err != nil {
				t.Error(err)
			}
			_ = lock.Close()
			m.settled(t, c, load, keyOf(c.Node(0)))
			m.checkTakeover(t, c, load, keyOf(c.Node(0)))
		})
	}
}

func TestRealForcedFailoverOfALivingPrimary(t *testing.T) {
	for _, f := range []sandbox.Flavor{sandbox.MariaDB, sandbox.MySQL} {
		t.Run(f.String(), func(t *testing.T) {
			c := sandboxtest.New(t, sandbox.Options{Flavor: f, GTID: true})
			m := startManager(t, c, settings{config: `, "RecoverMasterClusterFilters": []`})
			load := startLoad(t, c)
			guard(t, c, &m.returning)
			r, err := m.takeOver(t, recovery.TakeoverRequest{Command: recovery.ForceFailover, Cluster: m.cluster(t)})
			if err != nil {
				t.Fatal(err)
			}
			promoted := nodeAt(t, c, r.Successor.String())
			if err := load.AwaitCommitAt(bounded(t), promoted.Addr()); err != nil {
				t.Fatal(err)
			}
			follows(t, c.Node(3-promoted.Index()), promoted)
			if open := writers(t.Context(), c); !slices.Equal(open, []string{promoted.Addr()}) {
				t.Errorf("writable: %v, want %s alone", open, promoted)
			}
			load.Stop()
		})
	}
}

// TestNextManagerCarriesOnWithATakeover ends the manager right after the successor has been opened.
func TestNextManagerCarriesOnWithATakeover(t *testing.T) {
	c := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MySQL, GTID: true})
	file := t.TempDir() + "/o.sqlite3"
	first := startManager(t, c, settings{file: file, token: "first", afterOpening: func(m *manager, _ topology.Key) { m.board.dead.Store(true) }})
	load := startLoad(t, c)
	guard(t, c, &first.returning)
	if _, err := first.engine.Takeover(bounded(t), recovery.TakeoverRequest{Command: recovery.GracefulTakeoverAuto, Cluster: first.cluster(t), Designated: keyOf(c.Node(1))}); err == nil {
		t.Fatal("the process was not ended in the middle")
	}
	first.stop()
	second := startManager(t, c, settings{file: file, token: "second", unsettled: true})
	if got := second.finished(t, c); got != c.Node(1) {
		t.Errorf("the second manager promoted %s", got)
	}
	second.settled(t, c, load, keyOf(c.Node(1)))
	second.checkTakeover(t, c, load, keyOf(c.Node(1)))
}
