package recovery_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/recovery"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/store"
)

// breakable mounts a file system of its own at a folder, and returns what makes it read-only under open files, as the
// kernel does with one that has met an error.
func breakable(t *testing.T, dir string) (breakNow func()) {
	t.Helper()
	run := func(name string, arguments ...string) error {
		out, err := exec.CommandContext(bounded(t), name, arguments...).CombinedOutput()
		if err != nil {
			t.Logf("%s: %v: %s", name, err, out)
		}
		return err
	}
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 512<<20); err != nil {
		t.Fatal(err)
	}
	if err := run("mkfs.ext4", "-q", image); err != nil {
		t.Skip("a file system that can break cannot be made here")
	}
	if err := run("mount", "-o", "loop,errors=remount-ro", image, dir); err != nil {
		t.Skip("a file system that can break cannot be mounted here")
	}
	t.Cleanup(func() {
		if err := exec.Command("umount", "--lazy", dir).Run(); err != nil {
			t.Error(err)
		}
	})
	return func() {
		t.Helper()
		if err := run("mount", "-o", "remount,abort", dir); err != nil {
			t.Fatal("the file system does not break")
		}
	}
}

// ontoBreakable moves a server's data directory to a file system that can break.
func ontoBreakable(t *testing.T, n *sandbox.Node) (breakNow func()) {
	t.Helper()
	if err := n.Stop(bounded(t)); err != nil {
		t.Fatal(err)
	}
	aside := n.DataDir() + ".aside"
	if err := errors.Join(os.Rename(n.DataDir(), aside), os.Mkdir(n.DataDir(), 0o700)); err != nil {
		t.Fatal(err)
	}
	breakNow = breakable(t, n.DataDir())
	if out, err := exec.CommandContext(bounded(t), "cp", "-a", aside+"/.", n.DataDir()).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := errors.Join(n.Restart(bounded(t)), n.SetReadOnly(bounded(t), false)); err != nil {
		t.Fatal(err)
	}
	return breakNow
}

// TestReadOnlyFileSystemsOnRealServers breaks the file system below a primary that is written to.
func TestReadOnlyFileSystemsOnRealServers(t *testing.T) {
	slots := make(chan struct{}, 2)
	for _, flavor := range []sandbox.Flavor{sandbox.MariaDB, sandbox.MySQL} {
		for name, run := range map[string]func(*testing.T, sandbox.Flavor){"its data": readOnlyData, "its binary log": readOnlyLog} {
			t.Run(flavor.String()+", "+name, func(t *testing.T) {
				t.Parallel()
				slots <- struct{}{}
				t.Cleanup(func() { <-slots })
				run(t, flavor)
			})
		}
	}
}

// readOnlyData: a server that cannot write its data ends itself at the next commit, and is replaced as one that is dead.
func readOnlyData(t *testing.T, f sandbox.Flavor) {
	c := sandboxtest.New(t, sandbox.Options{Flavor: f, GTID: true})
	breakNow := ontoBreakable(t, c.Node(0))
	m := startManager(t, c, settings{config: soon})
	diesOf(t, c, m, breakNow)
}

// diesOf breaks the file system under a load, which goes on elsewhere.
func diesOf(t *testing.T, c *sandbox.Cluster, m *manager, breakNow func()) {
	t.Helper()
	load := startLoad(t, c)
	breakNow()
	guard(t, c, &m.returning)
	promoted := m.finished(t, c)
	if err := load.AwaitCommitAt(bounded(t), promoted.Addr()); err != nil {
		t.Fatal(err)
	}
	load.Stop()
	if c.Node(0).Running() {
		t.Error("the old primary lives")
	}
	follows(t, c.Node(3-promoted.Index()), promoted)
	catchesUp(t, m, c.Node(3-promoted.Index()), promoted)
	if found, err := m.store.Recoveries(t.Context(), store.RecoveryFilter{}); err != nil || len(found) != 1 || found[0].Analysis != "DeadMaster" || found[0].Successor != keyOf(promoted) {
		t.Errorf("recoveries on record: %+v %v", found, err)
	}
}

// readOnlyLog: MySQL ends itself (binlog_error_action). MariaDB goes on and refuses each transaction, which only the write
// check tells; first that is only reported, and then the primary is replaced.
func readOnlyLog(t *testing.T, f sandbox.Flavor) {
	dir := t.TempDir()
	breakNow := breakable(t, dir)
	c := sandboxtest.New(t, sandbox.Options{Flavor: f, GTID: true, NodeOptions: map[int]map[string]string{0: {"log-bin": filepath.Join(dir, "binlog")}}})
	p := c.Node(0)
	insert(t, p, 1, 10)
	do(t, p, writeCheckTable...)
	m := startManager(t, c, settings{config: soon + checked})
	if f == sandbox.MySQL {
		diesOf(t, c, m, breakNow)
		return
	}
	breakNow()
	m.awaitFound(t, p, analysis.PrimaryFileSystemReadOnly, "Read-only file system")
	held := time.Now()
	m.await(t, "a few seconds", func() bool { return time.Since(held) > 3*time.Second })
	if m.saw(recovery.Began) {
		t.Error("it was recovered, and was only to be reported")
	}
	cfg := *m.config.Load()
	cfg.FailoverOnCannotWrite = []string{string(analysis.PrimaryFileSystemReadOnly)}
	m.config.Store(&cfg)
	next := promotedFor(t, c, m, p, analysis.PrimaryFileSystemReadOnly)
	othersFollow(t, c, next)
	if open := writers(t.Context(), c); !slices.Equal(open, []string{next.Addr()}) {
		t.Errorf("writable: %v, want %s alone", open, next)
	}
}
