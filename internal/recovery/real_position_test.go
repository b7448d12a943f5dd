package recovery_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// TestASiblingThatReceivedLessByPosition loses a primary when one replica has received less than the other: it must be
// attached to the successor where that is proven to be right, and be left alone, with the reason, where it is not.
func TestASiblingThatReceivedLessByPosition(t *testing.T) {
	for _, f := range []sandbox.Flavor{sandbox.MariaDB, sandbox.MySQL, sandbox.MySQL56} {
		for name, c := range map[string]struct {
			apart func(t *testing.T, c *sandbox.Cluster, f sandbox.Flavor) // is done while node 2 does not receive
			lost  string                                                   // what is said of it when it is lost

			pseudo bool // pseudo-GTID is in use
		}{
			"it follows": {apart: func(t *testing.T, c *sandbox.Cluster, f sandbox.Flavor) {
				insert(t, c.Node(0), 11, 60)
				awaitApplied(t, c.Node(0), c.Node(1))
				do(t, c.Node(1), threads(f, "STOP", "IO_THREAD"), threads(f, "START", "IO_THREAD")) // a new relay log
				do(t, c.Node(0), "UPDATE test.sandbox_load SET id = id + 1000 WHERE id > 50", "CREATE TABLE test.later (v VARCHAR(20)) /* why */",
					"INSERT INTO test.later VALUES ('one'), ('two')", "DELETE FROM test.sandbox_load WHERE id = 12")
			}},
			"its relay log is gone":                   {lost: "what it lacks begins at", apart: withoutRelayLog},
			"its relay log is gone, with pseudo-GTID": {pseudo: true, apart: withoutRelayLog},
			"the successor has written itself": {lost: "is not", apart: func(t *testing.T, c *sandbox.Cluster, _ sandbox.Flavor) {
				insert(t, c.Node(0), 11, 15)
				awaitApplied(t, c.Node(0), c.Node(1))
				if err := c.Node(1).SetReadOnly(bounded(t), false); err != nil {
					t.Fatal(err)
				}
				do(t, c.Node(1), "CREATE TABLE test.own (id INT)")
				if err := c.Node(1).SetReadOnly(bounded(t), true); err != nil {
					t.Fatal(err)
				}
				insert(t, c.Node(0), 16, 20)
			}},
		} {
			if c.lost != "" && f == sandbox.MySQL56 {
				continue // refused like the others
			}
			t.Run(f.String()+", "+name, func(t *testing.T) {
				cluster := sandboxtest.New(t, sandbox.Options{Flavor: f})
				more := `, "DetachLostReplicasAfterMasterFailover": true`
				if c.pseudo {
					more += `, "PseudoGTIDPattern": "drop view if exists .*pseudo_gtid"`
				}
				m := startManager(t, cluster, settings{config: more})
				do(t, cluster.Node(0), "drop view if exists `_pseudo_gtid_`.`_asc:1`")
				insert(t, cluster.Node(0), 1, 10)
				awaitApplied(t, cluster.Node(0), cluster.Node(2))
				do(t, cluster.Node(2), threads(f, "STOP", "IO_THREAD"))
				m.await(t, "the stopped receiver to be seen", func() bool {
					return m.observer.Probe(bounded(t), keyOf(cluster.Node(2))) == nil && !m.observer.Instance(keyOf(cluster.Node(2))).Channel.IOThread.Running()
				})
				c.apart(t, cluster, f)
				awaitReceived(t, cluster, cluster.Node(1))
				if err := cluster.Node(0).Kill(); err != nil {
					t.Fatal(err)
				}
				guard(t, cluster, &m.returning)
				if promoted := m.finished(t, cluster); promoted != cluster.Node(1) {
					t.Fatalf("%s was promoted", promoted)
				}
				insert(t, cluster.Node(1), 2001, 2010)
				if c.lost == "" {
					caughtUpWith(t, m, cluster)
					return
				}
				leftBehind(t, m, cluster, c.lost)
			})
		}
	}
}

// withoutRelayLog makes the successor delete the relay log in which what node 2 lacks begins.
func withoutRelayLog(t *testing.T, c *sandbox.Cluster, f sandbox.Flavor) {
	for n := int64(11); n < 19; n += 2 { // a server keeps the relay log before the one that it applies
		insert(t, c.Node(0), n, n+1)
		awaitApplied(t, c.Node(0), c.Node(1))
		do(t, c.Node(1), threads(f, "STOP", "IO_THREAD"), threads(f, "START", "IO_THREAD"))
		follows(t, c.Node(1), c.Node(0))
	}
	insert(t, c.Node(0), 19, 20)
}

// caughtUpWith: node 2 follows node 1 and holds the same.
func caughtUpWith(t *testing.T, m *manager, c *sandbox.Cluster) {
	t.Helper()
	if m.lost(t, c.Node(2)) {
		found, err := m.store.Recoveries(t.Context(), store.RecoveryFilter{})
		t.Fatalf("it is lost: %v %v", found, err)
	}
	follows(t, c.Node(2), c.Node(1))
	m.await(t, "the same data", func() bool { return len(rows(t, c.Node(2))) == len(rows(t, c.Node(1))) })
	if err := c.SameData(bounded(t), sandbox.LoadTable, "later"); err != nil {
		t.Error(err)
	}
	follows(t, c.Node(2), c.Node(1)) // still: nothing was applied twice
}

// leftBehind: node 2 is lost and detached for a reason that is on record.
func leftBehind(t *testing.T, m *manager, c *sandbox.Cluster, reason string) {
	t.Helper()
	found, err := m.store.Recoveries(t.Context(), store.RecoveryFilter{})
	if err != nil || len(found) != 1 || !slices.Contains(found[0].Lost, keyOf(c.Node(2))) || slices.Contains(found[0].Lost, keyOf(c.Node(1))) {
		t.Fatalf("recoveries on record: %+v %v", found, err)
	}
	if text := fmt.Sprint(found[0].Errors); !strings.Contains(text, reason) {
		t.Errorf("the reason on record is %s", text)
	}
	m.await(t, "it to be detached", func() bool {
		return m.observer.Probe(bounded(t), keyOf(c.Node(2))) == nil && m.observer.Instance(keyOf(c.Node(2))).Channel.Source.IsDetached()
	})
	if there := rows(t, c.Node(2)); len(there) != 10 {
		t.Errorf("it holds %d rows", len(there))
	}
}

// awaitApplied waits until a node holds as many rows of the load as another.
func awaitApplied(t *testing.T, source, n *sandbox.Node) {
	t.Helper()
	ctx := bounded(t)
	want, got := 0, -1
	for want != got && ctx.Err() == nil {
		query := "SELECT COUNT(*) FROM " + sandbox.Database + "." + sandbox.LoadTable
		if err := source.Scan(ctx, query, &want); err != nil {
			t.Fatal(err)
		}
		if err := n.Scan(ctx, query, &got); err != nil {
			got = -1 // the table has not come yet
		}
	}
	if want != got {
		t.Fatalf("%s holds %d rows of %d", n, got, want)
	}
}

// TestNextManagerPlacesWhoReceivedLess ends the manager right after the successor has been opened, when one replica has
// received less: the next one must not take it for one that has received the same.
func TestNextManagerPlacesWhoReceivedLess(t *testing.T) {
	for _, f := range []sandbox.Flavor{sandbox.MariaDB, sandbox.MySQL} {
		t.Run(f.String(), func(t *testing.T) {
			c := sandboxtest.New(t, sandbox.Options{Flavor: f})
			file := filepath.Join(t.TempDir(), "o.sqlite3")
			opened := make(chan topology.Key, 1)
			first := startManager(t, c, settings{file: file, token: "first", afterOpening: func(m *manager, k topology.Key) {
				m.board.dead.Store(true)
				select {
				case opened <- k:
				default:
				}
			}})
			insert(t, c.Node(0), 1, 10)
			awaitApplied(t, c.Node(0), c.Node(2))
			do(t, c.Node(2), threads(f, "STOP", "IO_THREAD"))
			first.await(t, "the stopped receiver to be seen", func() bool {
				return first.observer.Probe(bounded(t), keyOf(c.Node(2))) == nil && !first.observer.Instance(keyOf(c.Node(2))).Channel.IOThread.Running()
			})
			insert(t, c.Node(0), 11, 40)
			awaitReceived(t, c, c.Node(1))
			if err := c.Node(0).Kill(); err != nil {
				t.Fatal(err)
			}
			guard(t, c, &first.returning)
			select {
			case <-opened:
			case <-bounded(t).Done():
				t.Fatal("nobody was opened for writing")
			}
			first.stop()
			insert(t, c.Node(1), 41, 50) // writes have come back
			second := startManager(t, c, settings{file: file, token: "second", unsettled: true})
			if got := second.finished(t, c); got != c.Node(1) {
				t.Errorf("the second manager promoted %s", got)
			}
			caughtUpWith(t, second, c)
		})
	}
}
