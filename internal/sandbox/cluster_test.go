package sandbox_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// deadline bounds a test's waits, so that a condition that never comes fails with its reason.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sourceOf says which node the node was told to replicate from, or -1.
func sourceOf(t *testing.T, c *sandbox.Cluster, n *sandbox.Node) int {
	t.Helper()
	status, replicates, err := n.Replica(t.Context())
	check(t, err)
	if !replicates {
		return -1
	}
	for i, other := range c.Nodes() {
		if other.Port == status.SourcePort && other.Host == status.SourceHost {
			return i
		}
	}
	t.Fatalf("%s replicates from a stranger: %s", n, status)
	return -1
}

func TestLayouts(t *testing.T) {
	layouts := []struct {
		name    string
		options sandbox.Options
		sources []int
	}{
		{"star by GTID", sandbox.Options{Layout: sandbox.Star, GTID: true}, []int{-1, 0, 0}},
		{"chain by file and position", sandbox.Options{Layout: sandbox.Chain}, []int{-1, 0, 1}},
		{"co-primary by GTID", sandbox.Options{Layout: sandbox.CoPrimary, GTID: true}, []int{1, 0, 0}},
	}
	for _, layout := range layouts {
		t.Run(layout.name, func(t *testing.T) {
			sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
				options := layout.options
				options.Flavor = flavor
				layoutHolds(t, options, layout.sources)
			})
		})
	}
	t.Run("star of MySQL 5.6 by GTID", func(t *testing.T) {
		layoutHolds(t, sandbox.Options{Flavor: sandbox.MySQL56, GTID: true}, []int{-1, 0, 0})
	})
}

// layoutHolds starts the cluster and looks at what Start promises.
func layoutHolds(t *testing.T, options sandbox.Options, sources []int) {
	c, ctx := sandboxtest.New(t, options), deadline(t)
	for i, n := range c.Nodes() {
		if got := sourceOf(t, c, n); got != sources[i] {
			t.Errorf("node %d replicates from %d, want %d", i, got, sources[i])
		}
		if status, replicates, err := n.Replica(ctx); err != nil || (replicates && status.UsesGTID != options.GTID) {
			t.Errorf("node %d replicates by GTID: %t, want %t (%v)", i, status.UsesGTID, options.GTID, err)
		}
		readOnly, err := n.ReadOnly(ctx)
		check(t, err)
		if want := i != 0; readOnly != want {
			t.Errorf("node %d is read-only: %t, want %t", i, readOnly, want)
		}
		if err := n.ExecAs(ctx, sandbox.UserApp, "CREATE TABLE t (id INT PRIMARY KEY)"); (err == nil) != (i == 0) {
			t.Errorf("the application made a table on node %d: %v", i, err)
		}
	}
	check(t, c.Node(0).ExecAs(ctx, sandbox.UserApp, "INSERT INTO t VALUES (1), (2)"))
	check(t, c.AwaitCaughtUp(ctx))
	check(t, c.SameData(ctx, "t"))
	for i, n := range c.Nodes() {
		var rows int
		check(t, n.Scan(ctx, "SELECT COUNT(*) FROM test.t", &rows))
		if rows != 2 {
			t.Errorf("node %d has %d rows, want 2", i, rows)
		}
	}
	// Different data must show.
	last := c.Node(len(sources) - 1)
	check(t, last.SetReadOnly(ctx, false))
	check(t, last.Exec(ctx, "SET SESSION sql_log_bin=0", "DELETE FROM test.t WHERE id=1"))
	if err := c.SameData(ctx, "t"); err == nil {
		t.Error("SameData saw no difference after a row was deleted on one node")
	}
}

// TestFailoverByHand goes through what a failover does, with the managing account and no word of the replication
// credentials, while an application writes.
func TestFailoverByHand(t *testing.T) {
	statements := map[sandbox.Flavor]struct{ reset, repoint []string }{
		sandbox.MariaDB: {
			[]string{"STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only=0"},
			[]string{"STOP SLAVE", "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=", "START SLAVE"},
		},
		sandbox.MySQL: {
			[]string{"STOP REPLICA", "RESET REPLICA ALL", "SET GLOBAL read_only=0"},
			[]string{"STOP REPLICA", "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=", "START REPLICA"},
		},
		sandbox.MySQL56: {
			[]string{"STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only=0"},
			[]string{"STOP SLAVE", "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=", "START SLAVE"},
		},
	}
	for _, flavor := range sandbox.Flavors() {
		t.Run(flavor.String(), func(t *testing.T) {
			// Receipts make the loss of a committed row impossible; 5.6 cannot give them and so is asked for less.
			c, ctx := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true, SemiSync: flavor != sandbox.MySQL56}), deadline(t)
			old, next, other := c.Node(0), c.Node(1), c.Node(2)
			load, err := sandbox.StartLoad(ctx, c.Addrs, sandbox.LoadOptions{})
			check(t, err)
			check(t, load.AwaitCommits(ctx, 20))
			check(t, old.Kill())
			if old.PID() != 0 {
				t.Errorf("killed, and still there as %d", old.PID())
			}
			next, other = furthest(ctx, t, next, other)
			check(t, next.ExecAs(ctx, sandbox.UserOrc, statements[flavor].reset...))
			repoint := append([]string(nil), statements[flavor].repoint...)
			_, port, err := net.SplitHostPort(next.Addr())
			check(t, err)
			repoint[1] += port
			check(t, other.ExecAs(ctx, sandbox.UserOrc, repoint...))
			check(t, load.AwaitCommitAt(ctx, next.Addr()))
			check(t, load.AwaitCommits(ctx, 10))
			result := load.Stop()

			check(t, c.AwaitCaughtUp(ctx))
			check(t, c.SameData(ctx, sandbox.LoadTable))
			missing, err := result.Missing(ctx, next)
			check(t, err)
			if flavor != sandbox.MySQL56 && len(missing) > 0 {
				t.Errorf("lost %v of %d committed rows", missing, len(result.Commits))
			}
			outage, last, first := result.Outage()
			if last.Addr != old.Addr() || first.Addr != next.Addr() || outage <= 0 {
				t.Errorf("outage of %s from %+v to %+v: want it between %s and %s", outage, last, first, old, next)
			}
			if result.Refused == 0 {
				t.Error("no replica refused a write before the promotion")
			}
			t.Logf("%d commits, outage %s", len(result.Commits), outage)

			check(t, old.Restart(ctx))
			if readOnly, err := old.ReadOnly(ctx); err != nil || !readOnly {
				t.Errorf("the old primary came back writable (%v)", err)
			}
		})
	}
}

// furthest gives the replica that has applied more first, after both have applied what they have received.
func furthest(ctx context.Context, t *testing.T, a, b *sandbox.Node) (next, other *sandbox.Node) {
	t.Helper()
	rows := func(n *sandbox.Node) (count int) {
		// Both appliers are idle when the count stands still over a round trip of the other; a semi-sync receipt means
		// that at least one of them has everything.
		check(t, n.Scan(ctx, "SELECT COUNT(*) FROM test."+sandbox.LoadTable, &count))
		return count
	}
	var atA, atB int
	for same := 0; same < 20; {
		nowA, nowB := rows(a), rows(b)
		if nowA == atA && nowB == atB {
			same++
		} else {
			same = 0
		}
		atA, atB = nowA, nowB
	}
	if atB > atA {
		return b, a
	}
	return a, b
}

func TestSemiSync(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		word := map[sandbox.Flavor]string{sandbox.MariaDB: "master", sandbox.MySQL: "source"}[flavor]
		c, ctx := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 2, GTID: true, SemiSync: true,
			ExtraOptions: map[string]string{"loose-rpl_semi_sync_" + word + "_timeout": "600000"}}), deadline(t)
		primary, replica := c.Node(0), c.Node(1)
		if count, err := primary.SemiSyncReplicas(ctx); err != nil || count != 1 {
			t.Fatalf("%d semi-sync replicas (%v), want 1", count, err)
		}
		check(t, primary.ExecAs(ctx, sandbox.UserApp, "CREATE TABLE t (id INT PRIMARY KEY)"))
		// Without a receipt no acknowledgement: the only replica is frozen, and the statement must still be waiting
		// when the server itself says that a session waits for a receipt.
		check(t, replica.Freeze())
		written := make(chan error, 1)
		go func() { written <- primary.ExecAs(ctx, sandbox.UserApp, "INSERT INTO t VALUES (1)") }()
		for waiting := "0"; waiting == "0"; {
			var name string
			check(t, primary.Scan(ctx, "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_"+word+"_wait_sessions'", &name, &waiting))
			if len(written) > 0 {
				t.Fatalf("acknowledged before anything waited (%v)", <-written)
			}
		}
		select {
		case err := <-written:
			t.Fatalf("acknowledged without a receipt (%v)", err)
		default:
		}
		check(t, replica.Thaw())
		check(t, <-written)
	})
}

func TestFreeze(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c, ctx := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 2, GTID: true, NetTimeout: time.Second}), deadline(t)
		primary, replica := c.Node(0), c.Node(1)
		check(t, primary.Freeze())
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		if err := primary.ExecAs(short, sandbox.UserOrc, "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a frozen server answered %v, want the deadline's error", err)
		}
		// The short net timeout makes the replica notice.
		for running := true; running; {
			status, _, err := replica.Replica(ctx)
			check(t, err)
			running = status.IO == "Yes"
		}
		check(t, primary.Thaw())
		check(t, c.AwaitReplication(ctx))
	})
}

func TestStopAndRestart(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c, ctx := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 2}), deadline(t)
		replica := c.Node(1)
		check(t, replica.Stop(ctx))
		if replica.Running() || !strings.Contains(strings.ToLower(replica.LogTail()), "shutdown complete") {
			t.Errorf("running: %t; no orderly shutdown in the log:\n%s", replica.Running(), replica.LogTail())
		}
		if err := replica.ExecAs(ctx, sandbox.UserOrc, "SELECT 1"); err == nil {
			t.Error("a stopped server answered")
		}
		check(t, c.Node(0).ExecAs(ctx, sandbox.UserApp, "CREATE TABLE t (id INT PRIMARY KEY)"))
		before := c.Node(0).PID()
		check(t, c.Node(0).Restart(ctx))
		if c.Node(0).PID() == before {
			t.Error("restarted, and still the same process")
		}
		check(t, replica.Restart(ctx))
		check(t, c.AwaitReplication(ctx))
		check(t, c.AwaitCaughtUp(ctx))
		check(t, c.SameData(ctx, "t"))
	})
}

// TestAccounts holds each account to what it is for.
func TestAccounts(t *testing.T) {
	for _, flavor := range sandbox.Flavors() {
		t.Run(flavor.String(), func(t *testing.T) {
			c, ctx := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 1, GTID: true}), deadline(t)
			n := c.Node(0)
			may := []string{"SET GLOBAL read_only=1", "SET GLOBAL read_only=0", "FLUSH BINARY LOGS", "SHOW PROCESSLIST", "SHOW BINARY LOGS"}
			switch flavor {
			case sandbox.MySQL:
				may = append(may, "SHOW REPLICA STATUS", "SHOW REPLICAS", "SET GLOBAL super_read_only=1", "SET GLOBAL read_only=0", "RESET REPLICA ALL",
					"SELECT User_name, User_password FROM mysql.slave_master_info", "SELECT * FROM performance_schema.replication_group_members",
					"SET GTID_NEXT='00000000-0000-0000-0000-000000000001:1'", "BEGIN", "COMMIT", "SET GTID_NEXT='AUTOMATIC'", "RESET BINARY LOGS AND GTIDS")
			case sandbox.MySQL56:
				may = append(may, "SHOW SLAVE STATUS", "SHOW SLAVE HOSTS", "RESET SLAVE ALL", "SELECT User_name, User_password FROM mysql.slave_master_info", "RESET MASTER")
			case sandbox.MariaDB:
				may = append(may, "SHOW ALL SLAVES STATUS", "SHOW SLAVE HOSTS", "RESET SLAVE ALL", "SET GLOBAL gtid_slave_pos=''",
					"SET GLOBAL rpl_semi_sync_master_enabled=0", "SET GLOBAL rpl_semi_sync_slave_enabled=0", "RESET MASTER")
			}
			for _, statement := range may {
				if err := n.ExecAs(ctx, sandbox.UserOrc, statement); err != nil {
					t.Errorf("the managing account: %v", err)
				}
			}
			for _, statement := range []string{"SET GLOBAL read_only=1", "SHOW BINARY LOGS", "CREATE DATABASE other"} {
				var refused *mysql.MySQLError
				if err := n.ExecAs(ctx, sandbox.UserApp, statement); !errors.As(err, &refused) {
					t.Errorf("the application ran %s: %v", statement, err)
				}
			}
		})
	}
}

func TestOptionsReachTheServers(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.3:0")
	check(t, err)
	port := free.Addr().(*net.TCPAddr).Port
	check(t, free.Close())
	dir := t.TempDir()
	c, ctx := sandboxtest.New(t, sandbox.Options{
		Flavor: sandbox.MariaDB, Nodes: 2, Dir: dir, Ports: []int{port}, BindAddress: "127.0.0.3", NetTimeout: time.Minute,
		ExtraOptions: map[string]string{"max_connections": "77", "skip-slave-start": ""},
		NodeOptions:  map[int]map[string]string{1: {"max_connections": "88"}},
	}), deadline(t)
	for i, want := range []int{77, 88} {
		var connections, timeout, reported int
		var host string
		n := c.Node(i)
		check(t, n.Scan(ctx, "SELECT @@max_connections, @@slave_net_timeout, @@report_port, @@report_host", &connections, &timeout, &reported, &host))
		if connections != want || timeout != 60 || reported != n.Port || host != "127.0.0.3" {
			t.Errorf("node %d: max_connections=%d (want %d) slave_net_timeout=%d report=%s:%d", i, connections, want, timeout, host, reported)
		}
	}
	if c.Node(0).Port != port {
		t.Errorf("node 0 has port %d, want %d", c.Node(0).Port, port)
	}
	if !strings.HasPrefix(c.Node(0).DataDir(), dir) {
		t.Errorf("data directory %s is not below %s", c.Node(0).DataDir(), dir)
	}
	if _, err := sandbox.Start(ctx, sandbox.Options{Nodes: 1, Dir: dir, Ports: []int{port}}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second sandbox on port %d: %v", port, err)
	}
	check(t, c.Close())
	check(t, c.Close())
	left, err := os.ReadDir(dir)
	check(t, err)
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestStartTellsWhy(t *testing.T) {
	if testing.Short() {
		t.Skip("needs real servers: left out in short mode")
	}
	dir := t.TempDir()
	_, err := sandbox.Start(deadline(t), sandbox.Options{Nodes: 1, Dir: dir, ExtraOptions: map[string]string{"no_such_option": "1"}})
	if err == nil || !strings.Contains(err.Error(), "no_such_option") {
		t.Errorf("error %v: want the server's own complaint in it", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
