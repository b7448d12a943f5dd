package sandbox_test

import (
	"testing"

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
	for _, n := range c.Nodes() {
		conn, err := n.DB(sandbox.UserApp).Conn(ctx)
		check(t, err)
		// It waits for what the others have written.
		_, err = conn.ExecContext(ctx, "SET SESSION wsrep_sync_wait = 1")
		check(t, err)
		var rows int
		check(t, conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM test.t").Scan(&rows))
		check(t, conn.Close())
		if rows != 3 {
			t.Errorf("%s has %d rows", n, rows)
		}
	}
	check(t, c.SameData(ctx, "t"))
}
