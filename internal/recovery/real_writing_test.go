package recovery_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/recovery"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// lively is what is asked of a server that answers and cannot write.
type lively interface {
	Processlist(ctx context.Context) ([]server.Process, error)
	KillConnection(ctx context.Context, id uint64) error
	BeginClosing(ctx context.Context, super bool) (closed func(context.Context) error)
	WriteSigns(ctx context.Context) ([]topology.WriteSign, error)
	CheckWrite(ctx context.Context, table string) (*topology.WriteSign, error)
}

func (m *manager) signsOf(servers *server.Servers) func(context.Context, topology.Key) ([]topology.WriteSign, error) {
	return func(ctx context.Context, k topology.Key) ([]topology.WriteSign, error) {
		defer m.looks.Add(1)
		return servers.For(k).WriteSigns(ctx)
	}
}

// TestPrimariesThatCannotWriteOnRealServers has, for each family, what keeps a living primary from taking writes.
func TestPrimariesThatCannotWriteOnRealServers(t *testing.T) {
	slots := make(chan struct{}, 2)
	for _, flavor := range []sandbox.Flavor{sandbox.MariaDB, sandbox.MySQL} {
		for name, run := range map[string]func(*testing.T, sandbox.Flavor){
			"full disk":                    fullDisk,
			"full disk, clients crowd in":  fullDiskAndCrowd,
			"connections used up, locked":  usedUpAndLocked,
			"commits stalled by semi-sync": stalledBySemiSync,
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

// TestAHealthyServerHasOneConnection of ours on real servers, also a primary that is looked at all the time.
func TestAHealthyServerHasOneConnection(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, f sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: f, GTID: true})
		m := startManager(t, c, settings{config: soon, servers: func(o *server.Options) {
			o.SharedLook = patience         // a machine that has other work to do is no reason for another connection
			o.ControlIdle = 5 * time.Second // longer than from one look to the next
		}})
		ours := func(n *sandbox.Node) (count int) {
			if err := n.Scan(bounded(t), "SELECT COUNT(*) FROM information_schema.processlist WHERE USER = '"+sandbox.UserOrc+"'", &count); err != nil {
				t.Fatal(err)
			}
			return count
		}
		before := m.looks.Load()
		m.await(t, "three looks", func() bool { return m.looks.Load() >= before+3 })
		for _, n := range c.Nodes() {
			m.await(t, "one connection to "+n.String(), func() bool { return ours(n) == 1 })
		}
	})
}

// soon makes findings after two seconds.
const soon = `, "CannotWriteSeconds": 2, "InstancePollSeconds": 1`

// checked has a small transaction tried now and then, in the table that writeCheckTable makes.
const checked = `, "WriteCheckTable": "meta.write_check", "WriteCheckSeconds": 1`

var writeCheckTable = []string{"CREATE DATABASE IF NOT EXISTS meta",
	"CREATE TABLE meta.write_check (id TINYINT UNSIGNED NOT NULL PRIMARY KEY, checked_at DATETIME(6) NOT NULL) ENGINE=InnoDB"}

// found says whether the manager finds the code about a server, and with which evidence.
func (m *manager) found(n *sandbox.Node, code analysis.Code) (evidence string, ok bool) {
	policy := analysis.Policy{InstancePoll: time.Second, ReasonableCheck: time.Second, ReasonableLag: 10 * time.Second,
		CannotWriteAfter: 2 * time.Second, IncludeAdditional: true, Live: true}
	for _, f := range analysis.Analyze(m.observer.Snapshot(), policy, time.Now()) {
		if f.Key == keyOf(n) && f.Has(code) {
			return strings.Join(f.Evidence, "\n"), true
		}
	}
	return "", false
}

func (m *manager) awaitFound(t *testing.T, n *sandbox.Node, code analysis.Code, says string) {
	t.Helper()
	var evidence string
	m.await(t, string(code), func() (ok bool) { evidence, ok = m.found(n, code); return ok })
	if !strings.Contains(evidence, says) {
		t.Errorf("evidence of %s:\n%s\nwant %q in it", code, evidence, says)
	}
}

// stuckWrite begins a write that will not end, and returns how it ends after all.
func stuckWrite(t *testing.T, n *sandbox.Node, id int) <-chan error {
	ended := make(chan error, 1)
	go func() {
		ended <- n.ExecAs(t.Context(), sandbox.UserApp, fmt.Sprintf("INSERT INTO %s.%s (id) VALUES (%d)", sandbox.Database, sandbox.LoadTable, id))
	}()
	return ended
}

// refusesWrites sees that nobody is told by a server that a transaction was committed.
func refusesWrites(t *testing.T, n *sandbox.Node, id int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := n.ExecAs(ctx, sandbox.UserApp, fmt.Sprintf("INSERT INTO %s.%s (id) VALUES (%d)", sandbox.Database, sandbox.LoadTable, id)); err == nil {
		t.Errorf("%s, which was replaced, took a write", n)
	}
}

// promotedFor sees that a primary was replaced for that reason by somebody who takes writes, and takes none itself.
//
// A MySQL that is told to end a connection which waits for disk space ends itself instead (binlog_error_action). Then it
// is replaced as one that is dead.
func promotedFor(t *testing.T, c *sandbox.Cluster, m *manager, old *sandbox.Node, code analysis.Code) *sandbox.Node {
	t.Helper()
	var done []store.Recovery
	m.await(t, "a successful recovery", func() bool {
		all, err := m.store.Recoveries(t.Context(), store.RecoveryFilter{})
		done = slices.DeleteFunc(all, func(r store.Recovery) bool { return !r.Successful || r.End.IsZero() })
		return err == nil && len(done) > 0
	})
	died := !old.Running()
	if want := map[bool]analysis.Code{false: code, true: analysis.DeadPrimary}[died]; len(done) != 1 || done[0].Analysis != string(want) {
		t.Errorf("successful recoveries on record: %+v, want one of %s", done, want)
	}
	if died && code != analysis.PrimaryDiskFull {
		t.Errorf("%s died", old)
	}
	next := c.Nodes()[slices.IndexFunc(c.Nodes(), func(n *sandbox.Node) bool { return keyOf(n) == done[0].Successor })]
	if next == old {
		t.Fatal("it succeeded itself")
	}
	refusesWrites(t, old, 900)
	insert(t, next, 901, 901)
	return next
}

// diskToFill starts a manager of a cluster whose primary has its binary log on a small file system, and returns what fills it.
func diskToFill(t *testing.T, f sandbox.Flavor) (c *sandbox.Cluster, m *manager, fillIt func()) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("a file system of limited size cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	c = sandboxtest.New(t, sandbox.Options{Flavor: f, GTID: true, NodeOptions: map[int]map[string]string{0: {"log-bin": filepath.Join(dir, "binlog")}}})
	insert(t, c.Node(0), 1, 10)
	m = startManager(t, c, settings{config: soon})
	return c, m, func() {
		if err := fill(filepath.Join(dir, "filler")); err != nil {
			t.Fatal(err)
		}
	}
}

// fullDisk fills the file system of the primary's binary log. First that is only reported; then the primary is replaced.
func fullDisk(t *testing.T, f sandbox.Flavor) {
	c, m, fillIt := diskToFill(t, f)
	p := c.Node(0)
	fillIt()
	var stuck []<-chan error
	for id := 11; id < 200 && len(stuck) < 2; id++ { // some pages may be left
		w := stuckWrite(t, p, id)
		select {
		case <-w:
		case <-time.After(time.Second):
			stuck = append(stuck, w)
		}
	}
	m.awaitFound(t, p, analysis.PrimaryDiskFull, "space")
	if m.saw(recovery.Began) {
		t.Error("it was recovered, and was only to be reported")
	}
	held := time.Now() // for as long as it takes to find a primary that hangs dead
	m.await(t, "a few seconds", func() bool { return time.Since(held) > 4*time.Second })
	if m.saw(recovery.Began) {
		t.Error("it was recovered for another reason: it answers, and is not dead")
	}
	cfg := *m.config.Load()
	cfg.FailoverOnCannotWrite = []string{string(analysis.PrimaryDiskFull)}
	m.config.Store(&cfg)
	next := promotedFor(t, c, m, p, analysis.PrimaryDiskFull)
	for _, w := range stuck {
		select {
		case err := <-w:
			if err == nil {
				t.Error("a client was told that its transaction was committed, which the new primary does not have")
			}
		case <-bounded(t).Done():
			t.Error("a client of the old primary still waits")
		}
	}
	othersFollow(t, c, next)
}

// othersFollow waits until all that were replicas of the first primary, but for its successor, replicate from that.
func othersFollow(t *testing.T, c *sandbox.Cluster, next *sandbox.Node) {
	t.Helper()
	for _, n := range c.Nodes()[1:] {
		if n != next {
			follows(t, n, next)
		}
	}
}

// fullDiskAndCrowd has so many clients write that all connections are used up at the moment when the first one is held up.
// That nobody can connect must not hide why.
func fullDiskAndCrowd(t *testing.T, f sandbox.Flavor) {
	c, m, fillIt := diskToFill(t, f)
	p := c.Node(0)
	do(t, p, "SET GLOBAL max_connections = 30")
	fillIt()
	for id := range 40 {
		stuckWrite(t, p, 11+id)
	}
	m.awaitFound(t, p, analysis.PrimaryConnectionsUsedUp, "max_connections")
	m.awaitFound(t, p, analysis.PrimaryDiskFull, "space")
	if m.saw(recovery.Began) {
		t.Error("it was recovered, and was only to be reported")
	}
}

// fill writes a file until there is no space left.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for size := 1 << 16; size > 0; { // to the last byte
		if _, err = f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			break
		}
	}
	if errors.Is(err, syscall.ENOSPC) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// usedUpAndLocked sees what is only reported, whatever else the primary would be replaced for.
func usedUpAndLocked(t *testing.T, f sandbox.Flavor) {
	c := sandboxtest.New(t, sandbox.Options{Flavor: f, GTID: true, Nodes: 2})
	p := c.Node(0)
	insert(t, p, 1, 10)
	m := startManager(t, c, settings{config: soon + `, "FailoverOnCannotWrite": ["MasterDiskFull", "MasterCommitsStalled", "MasterWriteCheckFails"]` + checked})
	do(t, p, writeCheckTable...)
	last := func() (at string) {
		_ = p.Scan(t.Context(), "SELECT COALESCE(MAX(checked_at), '') FROM meta.write_check", &at)
		return at
	}
	var first string
	m.await(t, "a write check", func() bool { first = last(); return first != "" })
	m.await(t, "another write check", func() bool { return last() != first })

	holder, err := p.DB(sandbox.UserAdmin).Conn(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.ExecContext(t.Context(), "FLUSH TABLES WITH READ LOCK"); err != nil {
		t.Fatal(err)
	}
	waits := stuckWrite(t, p, 11)
	m.awaitFound(t, p, analysis.PrimaryWritesLocked, "backups")
	for _, other := range []analysis.Code{analysis.PrimaryCommitsStalled, analysis.PrimaryWriteCheckFails} {
		if evidence, ok := m.found(p, other); ok {
			t.Errorf("%s is found of a lock:\n%s", other, evidence)
		}
	}
	if _, err := holder.ExecContext(t.Context(), "UNLOCK TABLES"); err != nil {
		t.Fatal(err)
	}
	if err := <-waits; err != nil {
		t.Errorf("the write that waited for the lock: %v", err)
	}
	m.await(t, "the end of the lock", func() bool { _, ok := m.found(p, analysis.PrimaryWritesLocked); return !ok })

	do(t, p, "SET GLOBAL max_connections = 15")
	var open []*sql.Conn
	for range 40 {
		one, err := p.DB(sandbox.UserApp).Conn(bounded(t))
		if err != nil {
			break
		}
		open = append(open, one)
	}
	m.awaitFound(t, p, analysis.PrimaryConnectionsUsedUp, "max_connections")
	for _, one := range open {
		// Only this gives the connection up: Close would hand it back to the pool.
		_ = one.Raw(func(any) error { return driver.ErrBadConn })
	}
	m.await(t, "free connections", func() bool { _, ok := m.found(p, analysis.PrimaryConnectionsUsedUp); return !ok })
	if err := holder.Close(); err != nil {
		t.Error(err)
	}
	if m.saw(recovery.Began) {
		t.Error("something was recovered")
	}
}

// stalledBySemiSync freezes the replica whose receipt commits wait for.
func stalledBySemiSync(t *testing.T, f sandbox.Flavor) {
	c := sandboxtest.New(t, sandbox.Options{Flavor: f, GTID: true, SemiSync: true})
	p, silent, other := c.Node(0), c.Node(1), c.Node(2)
	insert(t, p, 1, 10)
	word, side := "master", "slave"
	if f == sandbox.MySQL {
		word, side = "source", "replica"
	}
	do(t, p, fmt.Sprintf("SET GLOBAL rpl_semi_sync_%s_timeout = 3600000", word))
	do(t, other, fmt.Sprintf("SET GLOBAL rpl_semi_sync_%s_enabled = 0", side), threads(f, "STOP", "IO_THREAD"), threads(f, "START", "IO_THREAD"))
	m := startManager(t, c, settings{config: soon + `, "FailoverOnCannotWrite": ["MasterCommitsStalled"]`})
	if err := silent.Freeze(); err != nil {
		t.Fatal(err)
	}
	stuck := stuckWrite(t, p, 11)
	m.awaitFound(t, p, analysis.PrimaryCommitsStalled, "held up in the commit")
	if next := promotedFor(t, c, m, p, analysis.PrimaryCommitsStalled); next != other {
		t.Errorf("successor %s, want %s", next, other)
	}
	if err := <-stuck; err == nil && !slices.Contains(idsOf(t, other), 11) {
		t.Error("a client was told that its transaction was committed, which the new primary does not have")
	}
	if err := silent.Thaw(); err != nil {
		t.Fatal(err)
	}
}

func idsOf(t *testing.T, n *sandbox.Node) (ids []int64) {
	t.Helper()
	for id := range rows(t, n) {
		ids = append(ids, id)
	}
	return ids
}
