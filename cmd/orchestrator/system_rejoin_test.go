package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/recovery"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/topology"
)

// guarded is a service over a sandbox, with what it told.
type guarded struct {
	*service
	mu   sync.Mutex
	told []recovery.Progress
	stop func() // ends it; may be called more than once
}

// guard runs a service over the cluster until the test ends, and waits until it sees the cluster in good order.
func guard(t *testing.T, c *sandbox.Cluster, more string) *guarded {
	t.Helper()
	return guardAt(t, t.TempDir(), c, more)
}

// guardAt does so with what an earlier service has left in a directory.
func guardAt(t *testing.T, dir string, c *sandbox.Cluster, more string) *guarded {
	t.Helper()
	return guardAs(t, dir, c, sandbox.UserOrc, sandbox.Password(sandbox.UserOrc), more)
}

// guardAs does so by another account.
func guardAs(t *testing.T, dir string, c *sandbox.Cluster, user, password, more string) *guarded {
	t.Helper()
	set, err := settingsFrom(filepath.Join(dir, "orchestrator.conf.json"), fmt.Sprintf(`{
		"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverySeeds": [%q], "RecoverMasterClusterFilters": ["*"],
		"BackendDB": "sqlite", "SQLite3DataFile": %q, "ListenAddress": "127.0.0.1:0",
		"HostnameResolveMethod": "none", "MySQLHostnameResolveMethod": "", "DiscoverByShowSlaveHosts": true %s}`,
		user, password, c.Node(0).Addr(), filepath.Join(dir, "o.sqlite3"), more))
	must(t, err)
	g := &guarded{}
	g.service, err = newService(t.Context(), serviceOptions{
		Settings: set, Discovery: true,
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		Progress: func(p recovery.Progress) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.told = append(g.told, p)
		},
	})
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.run(ctx) }()
	g.stop = sync.OnceFunc(func() {
		stop()
		must(t, <-ended)
	})
	t.Cleanup(g.stop)
	g.await(t, "the whole cluster in good order", func() bool {
		s := g.observer.Snapshot()
		return s.Len() == len(c.Nodes()) && len(s.Clusters()) == 1 && g.observer.Complete(s.Clusters()[0].Name) &&
			!slices.ContainsFunc(s.Instances(), func(i *topology.Instance) bool { return !i.LastCheckValid() })
	})
	return g
}

// await waits until something holds, within bounds.
func (g *guarded) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			g.mu.Lock()
			defer g.mu.Unlock()
			for _, p := range g.told {
				t.Logf("%s %s %s", p.Kind, p.Server, p.Text)
			}
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// said returns what was told of the kind, and whether anything was.
func (g *guarded) said(k recovery.ProgressKind) (recovery.Progress, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.told, func(p recovery.Progress) bool { return p.Kind == k })
	if i < 0 {
		return recovery.Progress{}, false
	}
	return g.told[i], true
}

func (g *guarded) has(k recovery.ProgressKind) func() bool {
	return func() bool { _, ok := g.said(k); return ok }
}

// lost awaits that what was lost with the primary is counted, and is so on record.
func (g *guarded) lost(t *testing.T, transactions uint64) {
	t.Helper()
	g.await(t, "the number of lost transactions", g.has(recovery.Counted))
	list, err := records{store: g.parts.store}.Recoveries(t.Context(), operate.RecoveryQuery{All: true})
	must(t, err)
	if len(list) != 1 || list[0].Loss == nil || list[0].Loss.Transactions != transactions {
		told, _ := g.said(recovery.Counted)
		t.Errorf("%d were lost, and told was %q; on record is %+v", transactions, told.Text, list)
	}
}

const credentials = `, "ReplicationCredentialsQuery": "SELECT 'repl', 'repl_pw'"`

func TestFormerPrimaryIsTakenBack(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true, NodeOptions: map[int]map[string]string{
			0: {"read_only": "OFF", "skip_slave_start": "ON"}, // it comes back open, as many do
		}})
		g := guard(t, c, credentials)
		// Something of its own, by which a server of MariaDB is known again.
		must(t, c.Node(0).ExecAs(t.Context(), sandbox.UserApp, "CREATE TABLE test.earlier (id INT PRIMARY KEY)"))
		for _, n := range c.Nodes()[1:] {
			g.await(t, "the table on the replicas", func() bool {
				var rows int
				return n.Scan(t.Context(), "SELECT COUNT(*) FROM test.earlier", &rows) == nil
			})
		}
		must(t, c.Node(0).Kill())
		g.await(t, "the end of the recovery", g.has(recovery.Finished))
		must(t, c.Node(0).Restart(t.Context()))
		g.await(t, "the former primary to be taken back", g.has(recovery.Rejoined))
		back, _ := g.said(recovery.Rejoined)
		if closed, ok := g.said(recovery.Fenced); !ok || closed.At.After(back.At) {
			t.Errorf("closed for writing at %s, and taken back at %s", closed.At, back.At)
		}
		g.lost(t, 0)

		promoted, _ := g.said(recovery.Promoted)
		for _, n := range c.Nodes() {
			if n.Addr() != promoted.Server.String() {
				continue
			}
			must(t, n.ExecAs(t.Context(), sandbox.UserApp, "CREATE TABLE test.since (id INT PRIMARY KEY)", "INSERT INTO test.since VALUES (7)"))
		}
		g.await(t, "a row of the new primary on the former one", func() bool {
			var id int
			return c.Node(0).Scan(t.Context(), "SELECT id FROM test.since", &id) == nil && id == 7
		})
		if closed, err := c.Node(0).ReadOnly(t.Context()); err != nil || !closed {
			t.Errorf("the former primary takes writes (%v)", err)
		}
	})
}

func TestFormerPrimaryWithExtraTransactionsIsNotTakenBack(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true})
		g := guard(t, c, credentials)
		stop := "STOP REPLICA IO_THREAD"
		if flavor == sandbox.MariaDB {
			stop = "STOP SLAVE IO_THREAD"
		}
		for _, n := range c.Nodes()[1:] {
			must(t, n.Exec(t.Context(), stop))
		}
		must(t, c.Node(0).ExecAs(t.Context(), sandbox.UserApp, "CREATE TABLE test.extra (id INT PRIMARY KEY, text VARCHAR(50))",
			"INSERT INTO test.extra VALUES (1, 'one'), (2, 'two')", "UPDATE test.extra SET text = 'three' WHERE id = 2"))
		must(t, c.Node(0).Kill())
		g.await(t, "the end of the recovery", g.has(recovery.Finished))
		must(t, c.Node(0).Restart(t.Context()))
		g.await(t, "a verdict about the former primary", g.has(recovery.Quarantined))

		verdict, _ := g.said(recovery.Quarantined)
		if verdict.Server.String() != c.Node(0).Addr() || !strings.Contains(verdict.Text, "lacks") && !strings.Contains(verdict.Text, "not in the log") {
			t.Errorf("the verdict %q about %s does not name the extra transactions", verdict.Text, verdict.Server)
		}
		if g.has(recovery.Rejoined)() {
			t.Error("it was taken back")
		}
		g.lost(t, 3)
		if closed, err := c.Node(0).ReadOnly(t.Context()); err != nil || !closed {
			t.Errorf("it takes writes (%v)", err)
		}
		g.replaysInto(t, c, verdict)
	})
}

// TestFormerPrimaryOfAPairWithoutQuery: nobody follows the new primary, which has forgotten what it signed in with. On MySQL
// that was read before; of MariaDB it cannot be read, so the server is left as it is until somebody tells.
func TestFormerPrimaryOfAPairWithoutQuery(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true, Nodes: 2})
		g := guard(t, c, "")
		must(t, c.Node(0).Kill())
		g.await(t, "the end of the recovery", g.has(recovery.Finished))
		must(t, c.Node(0).Restart(t.Context()))
		if flavor == sandbox.MariaDB {
			g.await(t, "word of what is lacking", g.has(recovery.Quarantined))
			if p, _ := g.said(recovery.Quarantined); !strings.Contains(p.Text, "set ReplicationCredentialsQuery") {
				t.Errorf("it says %q", p.Text)
			}
			if _, ok, err := c.Node(0).Replica(t.Context()); err != nil || ok {
				t.Errorf("it was made something of a replica (%v)", err)
			}
			read := g.parts.settings.options.ReadFile
			g.parts.settings.options.ReadFile = func(name string) ([]byte, error) {
				text, err := read(name)
				return []byte(strings.TrimSuffix(strings.TrimSpace(string(text)), "}") + credentials + "}"), err
			}
			_, err := g.parts.settings.Reload(t.Context(), "")
			must(t, err)
		}
		g.await(t, "the former primary to be taken back", g.has(recovery.Rejoined))
		must(t, c.AwaitReplication(t.Context()))
	})
}

// TestHalfMadeReplicaIsFinished: somebody, an earlier version say, has pointed the former primary at the new one without
// credentials.
func TestHalfMadeReplicaIsFinished(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true, Nodes: 2})
		dir := t.TempDir()
		g := guardAt(t, dir, c, credentials)
		must(t, c.Node(0).Kill())
		g.await(t, "the end of the recovery", g.has(recovery.Finished))
		g.stop()
		must(t, c.Node(0).Restart(t.Context()))
		change := "CHANGE REPLICATION SOURCE TO SOURCE_HOST='%s', SOURCE_PORT=%d, SOURCE_AUTO_POSITION=1"
		if flavor == sandbox.MariaDB {
			change = "CHANGE MASTER TO MASTER_HOST='%s', MASTER_PORT=%d, MASTER_USE_GTID=current_pos"
		}
		must(t, c.Node(0).Exec(t.Context(), fmt.Sprintf(change, c.Node(1).Host, c.Node(1).Port)))
		g = guardAt(t, dir, c, credentials)
		g.await(t, "the former primary to be taken back", g.has(recovery.Rejoined))
		must(t, c.AwaitReplication(t.Context()))
	})
}

// TestTwoForcedFailoversAtOnce: the second comes while the first one's servers are still being settled.
func TestTwoForcedFailoversAtOnce(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true})
		more := `, "RecoveryPeriodBlockSeconds": 1`
		if flavor == sandbox.MariaDB {
			more += credentials
		}
		g := guard(t, c, more)
		primary := c.Node(0).Addr()
		for range 2 {
			// The first may still be at what follows for a moment: there is one recovery of a cluster at a time.
			g.await(t, "a forced failover of "+primary, func() bool {
				done, err := g.engine.Takeover(t.Context(), recovery.TakeoverRequest{Command: recovery.ForceFailover, Cluster: primary})
				if err != nil && strings.Contains(err.Error(), "another recovery is running") {
					return false
				}
				must(t, err)
				primary = done.Successor.String()
				return true
			})
		}
		g.await(t, "two servers that follow the third", func() bool {
			follow := 0
			for _, i := range g.observer.Snapshot().Instances() {
				if i.HasSource() && i.Channel.Source.String() == primary && i.Replicating() && i.ReadOnly {
					follow++
				}
			}
			return follow == 2
		})
	})
}

// TestFormerPrimaryIsRebuilt: what it alone holds is saved, then its data are replaced by a clone. The sandbox supervises
// no server, so one that restarts has to be started, here also while no manager watches.
func TestFormerPrimaryIsRebuilt(t *testing.T) {
	for name, crash := range map[string]bool{"": false, "the manager ends meanwhile": true} {
		t.Run(name, func(t *testing.T) {
			c := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MySQL, GTID: true,
				ExtraOptions: map[string]string{"plugin-load-add": "mysql_clone.so"},
				NodeOptions:  map[int]map[string]string{0: {"super_read_only": "OFF", "read_only": "OFF"}}, // it comes back open
			})
			const settings = credentials + `, "AutoRejoin": "clone"`
			dir := t.TempDir()
			g := guardAt(t, dir, c, settings)
			old := c.Node(0)
			for _, n := range c.Nodes()[1:] {
				must(t, n.Exec(t.Context(), "STOP REPLICA IO_THREAD"))
			}
			must(t, old.ExecAs(t.Context(), sandbox.UserApp, "CREATE TABLE test.extra (id INT PRIMARY KEY)"))
			must(t, old.Kill())
			g.await(t, "the end of the recovery", g.has(recovery.Finished))
			must(t, old.Restart(t.Context()))
			g.await(t, "the rebuilding to begin", g.has(recovery.Rebuilding))
			if crash {
				g.await(t, "the end of the clone", func() bool { return old.DB(sandbox.UserAdmin).PingContext(t.Context()) != nil })
				g.stop()
			}
			must(t, old.StartAgain(t.Context()))
			if crash {
				g = guardAt(t, dir, c, settings)
			}
			g.await(t, "the former primary to be taken back", g.has(recovery.Rejoined))
			must(t, c.AwaitReplication(t.Context()))
			var n int
			if err := old.Scan(t.Context(), "SELECT COUNT(*) FROM test.extra", &n); err == nil {
				t.Error("it still has what only it held")
			}
			if closed, err := old.ReadOnly(t.Context()); err != nil || !closed {
				t.Errorf("it takes writes (%v)", err)
			}
			found, err := extraFiles{g.parts.config}.ExtraTransactions(t.Context(), topology.Key{})
			must(t, err)
			if len(found) != 1 || found[0].Count != 1 || len(found[0].Gaps) > 0 {
				t.Errorf("the files are %+v", found)
			}
		})
	}
}

// replaysInto wants the extra transactions in a file that replays into the new primary.
func (g *guarded) replaysInto(t *testing.T, c *sandbox.Cluster, verdict recovery.Progress) {
	t.Helper()
	found, err := extraFiles{g.parts.config}.ExtraTransactions(t.Context(), verdict.Server)
	must(t, err)
	if len(found) != 1 || found[0].Count != 3 || len(found[0].Gaps) > 0 {
		t.Fatalf("the files are %+v", found)
	}
	if !strings.Contains(verdict.Text, found[0].File) {
		t.Errorf("the verdict %q does not name the file %s", verdict.Text, found[0].File)
	}
	promoted, _ := g.said(recovery.Promoted)
	primary := c.Nodes()[slices.IndexFunc(c.Nodes(), func(n *sandbox.Node) bool { return n.Addr() == promoted.Server.String() })]
	must(t, primary.Replay(t.Context(), found[0].File))
	var name, want, got string
	must(t, c.Node(0).Scan(t.Context(), "CHECKSUM TABLE test.extra", &name, &want))
	must(t, primary.Scan(t.Context(), "CHECKSUM TABLE test.extra", &name, &got))
	if got != want {
		t.Errorf("the checksum is %s, want %s", got, want)
	}
}
