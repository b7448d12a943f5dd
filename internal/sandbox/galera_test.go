package sandbox_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// TestGalera writes everywhere, loses a node, and takes it in again with what it missed.
func TestGalera(t *testing.T) {
	t.Parallel()
	c := sandboxtest.New(t, sandbox.Options{Layout: sandbox.Galera})
	ctx := deadline(t)
	check(t, c.Node(1).ExecAs(ctx, sandbox.UserApp, "CREATE TABLE test.t (id INT PRIMARY KEY)", "INSERT INTO test.t VALUES (1)"))
	check(t, c.Node(2).Kill())
	check(t, c.Node(0).ExecAs(ctx, sandbox.UserApp, "INSERT INTO test.t VALUES (2)"))
	check(t, c.Node(2).Restart(ctx))
	check(t, c.Node(2).ExecAs(ctx, sandbox.UserApp, "INSERT INTO test.t VALUES (3)"))
	everywhere(t, ctx, c, 3)
}

// TestGaleraCopies loses a node amid a change of a table. It does not know what it has then, and gets everything anew.
func TestGaleraCopies(t *testing.T) {
	t.Parallel()
	c := sandboxtest.New(t, sandbox.Options{Layout: sandbox.Galera})
	ctx := deadline(t)
	check(t, c.Node(0).ExecAs(ctx, sandbox.UserApp, "CREATE TABLE test.t (id INT PRIMARY KEY)", "INSERT INTO test.t VALUES (1)"))
	killAmidChange(t, ctx, c.Node(1), c.Node(2))
	check(t, c.Node(0).ExecAs(ctx, sandbox.UserApp, "INSERT INTO test.t VALUES (2)"))
	check(t, c.Node(2).Restart(ctx))
	check(t, c.Node(2).ExecAs(ctx, sandbox.UserApp, "INSERT INTO test.t VALUES (3)"))
	everywhere(t, ctx, c, 3)
}

// killAmidChange has writer change the table again and again, and kills victim while it takes part in that.
func killAmidChange(t *testing.T, ctx context.Context, writer, victim *sandbox.Node) {
	t.Helper()
	changing, enough := context.WithCancel(ctx)
	var work sync.WaitGroup
	var failed error
	work.Go(func() {
		for failed == nil && changing.Err() == nil {
			failed = writer.ExecAs(ctx, sandbox.UserApp, "ALTER TABLE test.t FORCE, ALGORITHM=COPY")
		}
	})
	defer func() {
		enough()
		work.Wait()
		check(t, failed)
	}()
	amid := func() bool {
		state, err := os.ReadFile(filepath.Join(victim.DataDir(), "grastate.dat"))
		check(t, err)
		return strings.Contains(string(state), "00000000-0000-0000-0000-000000000000")
	}
	for { // what it says may be over before it stands still
		for !amid() {
			check(t, ctx.Err())
			time.Sleep(time.Millisecond)
		}
		check(t, victim.Freeze())
		if amid() {
			check(t, victim.Kill())
			return
		}
		check(t, victim.Thaw())
	}
}

// everywhere wants so many rows on all nodes, and the same ones.
func everywhere(t *testing.T, ctx context.Context, c *sandbox.Cluster, want int) {
	t.Helper()
	for _, n := range c.Nodes() {
		conn, err := n.DB(sandbox.UserApp).Conn(ctx)
		check(t, err)
		// It waits for what the others have written.
		_, err = conn.ExecContext(ctx, "SET SESSION wsrep_sync_wait = 1")
		check(t, err)
		var rows int
		check(t, conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM test.t").Scan(&rows))
		check(t, conn.Close())
		if rows != want {
			t.Errorf("%s has %d rows", n, rows)
		}
	}
	check(t, c.SameData(ctx, "t"))
}
