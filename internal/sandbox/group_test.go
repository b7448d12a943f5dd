package sandbox_test

import (
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// TestGroup writes to a replication group, loses the member that takes writes, writes to the one that was elected, and
// takes the lost one in again; below a member everything arrives at a replica.
func TestGroup(t *testing.T) {
	t.Parallel()
	c := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MySQL, GTID: true, Layout: sandbox.Group, Nodes: 4})
	ctx := deadline(t)
	check(t, c.Node(0).ExecAs(ctx, sandbox.UserApp, "CREATE TABLE test.t (id INT PRIMARY KEY)", "INSERT INTO test.t VALUES (1)"))
	if err := c.Node(2).ExecAs(ctx, sandbox.UserApp, "INSERT INTO test.t VALUES (2)"); err == nil {
		t.Error("a secondary takes writes")
	}
	check(t, c.Node(0).Kill())
	primary := c.Node(0)
	for primary == nil || primary == c.Node(0) {
		check(t, ctx.Err())
		var err error
		primary, err = c.GroupPrimary(ctx)
		check(t, err)
		time.Sleep(10 * time.Millisecond)
	}
	for primary.ExecAs(ctx, sandbox.UserApp, "INSERT INTO test.t VALUES (3)") != nil {
		check(t, ctx.Err())
		time.Sleep(10 * time.Millisecond)
	}
	check(t, c.Node(0).Restart(ctx))
	check(t, c.Node(0).JoinGroup(ctx))
	for _, n := range c.Nodes() {
		for rows := 0; rows != 2; {
			check(t, n.Scan(ctx, "SELECT COUNT(*) FROM test.t", &rows))
		}
	}
	check(t, c.AwaitCaughtUp(ctx))
	check(t, c.SameData(ctx, "t"))
}
