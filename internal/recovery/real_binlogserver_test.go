package recovery_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"orchestrator/internal/recovery"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/binlogserver"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// TestBinlogServersOnRealServers loses servers of a MariaDB cluster of which some replicas follow through binlog servers.
func TestBinlogServersOnRealServers(t *testing.T) {
	slots := make(chan struct{}, 2)
	for name, run := range map[string]func(*testing.T){
		"a binlog server":                deadBinlogServer,
		"a binlog server with a sibling": deadBinlogServerWithSibling,
		"the primary":                    deadPrimaryOfBinlogServers,
		"nothing but binlog servers":     onlyBinlogServers,
		"and the manager dies":           onlyBinlogServersTwoManagers,
		"and it dies before the opening": onlyBinlogServersAnew,
		"and one binlog server dies":     onlyBinlogServersOneDead,
		"and it was shut down":           onlyBinlogServersShutDown,
		"and nobody can be promoted":     onlyBinlogServersInVain,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			t.Cleanup(func() { <-slots })
			run(t)
		})
	}
}

// relayed starts a cluster that replicates by position, and a binlog server below its primary for each list of nodes,
// which replicate from that.
func relayed(t *testing.T, nodes int, below ...[]int) (*sandbox.Cluster, []*binlogserver.Server) {
	t.Helper()
	return relayedWith(t, sandbox.Options{Nodes: nodes}, below...)
}

func relayedWith(t *testing.T, o sandbox.Options, below ...[]int) (*sandbox.Cluster, []*binlogserver.Server) {
	t.Helper()
	o.Flavor = sandbox.MariaDB
	c := sandboxtest.New(t, o)
	p := c.Node(0)
	var relays []*binlogserver.Server
	for n, replicas := range below {
		s, err := binlogserver.Start(binlogserver.Options{
			Dir: t.TempDir(), ID: uint32(n + 1), From: binlogserver.Source{Host: p.Host, Port: p.Port}, File: "binlog.000001",
			User: sandbox.UserRepl, Password: sandbox.Password(sandbox.UserRepl),
			Accounts: func(user string) (string, bool) { return sandbox.Password(user), true },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		relays = append(relays, s)
		file, pos, err := p.Position(bounded(t))
		if err != nil {
			t.Fatal(err)
		}
		for ctx := bounded(t); ; { // until it has what is there
			if have, at := s.Position(); have == file && uint64(at) == pos {
				break
			} else if ctx.Err() != nil {
				t.Fatalf("the binlog server stands at %s:%d, its source at %s:%d", have, at, file, pos)
			}
			time.Sleep(5 * time.Millisecond)
		}
		for _, r := range replicas {
			row, err := c.Node(r).Row(bounded(t), "SHOW SLAVE STATUS")
			if err != nil {
				t.Fatal(err)
			}
			var pos uint64
			if _, err := fmt.Sscan(row["Exec_Master_Log_Pos"], &pos); err != nil {
				t.Fatal(err)
			}
			if err := c.Node(r).FollowAt(bounded(t), s.Host, s.Port, row["Relay_Master_Log_File"], pos); err != nil {
				t.Fatal(err)
			}
		}
	}
	return c, relays
}

func keyOfRelay(s *binlogserver.Server) topology.Key {
	return topology.Key{Hostname: s.Host, Port: s.Port}
}

// manageRelayed starts a manager, and waits until it has seen all.
func manageRelayed(t *testing.T, c *sandbox.Cluster, relays []*binlogserver.Server) *manager {
	t.Helper()
	m := startManager(t, c, settings{config: intermediates, unsettled: true})
	settle(t, m, c, relays)
	return m
}

// settle waits until a manager has seen all.
func settle(t *testing.T, m *manager, c *sandbox.Cluster, relays []*binlogserver.Server) {
	t.Helper()
	m.await(t, "the whole cluster in good order", func() bool {
		s := m.observer.Snapshot()
		for _, r := range relays {
			if i := s.Instance(keyOfRelay(r)); i == nil || !i.IsBinlogServer() || !i.Replicating() {
				return false
			}
		}
		return s.Len() == len(c.Nodes())+len(relays) && len(s.Clusters()) == 1 && m.observer.Complete(s.Clusters()[0].Name) &&
			!slices.ContainsFunc(s.Instances(), func(i *topology.Instance) bool { return !i.LastCheckValid() || i.HasSource() && !i.Replicating() })
	})
}

// below waits until a node replicates from a port.
func below(t *testing.T, m *manager, n *sandbox.Node, port int) {
	t.Helper()
	m.await(t, fmt.Sprintf("%s to replicate from port %d", n, port), func() bool {
		s, ok, err := n.Replica(bounded(t))
		return err == nil && ok && s.SourcePort == port && s.Running()
	})
}

// ended waits for the end of the only recovery, and returns its record.
func (m *manager) ended(t *testing.T) store.Recovery {
	t.Helper()
	m.await(t, "the end of the recovery", func() bool { return m.saw(recovery.Finished) })
	found, err := m.store.Recoveries(t.Context(), store.RecoveryFilter{})
	if err != nil || len(found) != 1 {
		t.Fatalf("recoveries on record: %+v %v", found, err)
	}
	return found[0]
}

// same waits until nodes hold the rows of another one, and compares them.
func same(t *testing.T, c *sandbox.Cluster, m *manager, source *sandbox.Node) {
	t.Helper()
	for _, n := range c.Nodes() {
		if n.Running() {
			catchesUp(t, m, n, source)
		}
	}
	if err := c.SameData(bounded(t), sandbox.LoadTable); err != nil {
		t.Error(err)
	}
}

// deadBinlogServer: its replicas go on in the log of the primary, which is the same; or one does, and the other below it
// where both have received the same.
func deadBinlogServer(t *testing.T) {
	c, relays := relayed(t, 3, []int{1, 2})
	m := manageRelayed(t, c, relays)
	load := startLoad(t, c)
	relays[0].Close()
	r := m.ended(t)
	if !r.Successful || r.Analysis != "DeadIntermediateMaster" {
		m.print(t, time.Now())
		t.Errorf("record %+v", r)
	}
	for _, n := range c.Nodes()[1:] {
		if r.Successor == keyOf(n) {
			below(t, m, n, c.Node(0).Port)
		} else {
			below(t, m, n, r.Successor.Port)
		}
	}
	if err := load.AwaitCommits(bounded(t), 20); err != nil {
		t.Fatal(err)
	}
	load.Stop()
	same(t, c, m, c.Node(0))
}

// deadBinlogServerWithSibling: its replicas go on below another binlog server, in the same log.
func deadBinlogServerWithSibling(t *testing.T) {
	c, relays := relayed(t, 4, []int{1, 2}, []int{3})
	m := manageRelayed(t, c, relays)
	load := startLoad(t, c)
	relays[0].Close()
	r := m.ended(t)
	if !r.Successful || r.Analysis != "DeadIntermediateMaster" || r.Successor != keyOfRelay(relays[1]) {
		m.print(t, time.Now())
		t.Errorf("record %+v", r)
	}
	for _, n := range c.Nodes()[1:] {
		below(t, m, n, relays[1].Port)
	}
	if err := load.AwaitCommits(bounded(t), 20); err != nil {
		t.Fatal(err)
	}
	load.Stop()
	same(t, c, m, c.Node(0))
}

// deadPrimaryOfBinlogServers: a replica below the primary itself is promoted. The binlog servers gather below the one that
// has received the most; that one is left to a person, because its log does not go on in the successor's.
func deadPrimaryOfBinlogServers(t *testing.T) {
	c, relays := relayed(t, 4, []int{2}, []int{3})
	m := manageRelayed(t, c, relays)
	load := startLoad(t, c)
	if err := c.Node(0).Kill(); err != nil {
		t.Fatal(err)
	}
	guard(t, c, &m.returning)
	r := m.ended(t)
	top, other, gathered := relays[0], relays[1], c.Node(3)
	if slices.Contains(r.Lost, keyOfRelay(relays[1])) {
		top, other, gathered = relays[1], relays[0], c.Node(2)
	}
	if !r.Successful || r.Analysis != "DeadMaster" || r.Successor != keyOf(c.Node(1)) || !slices.Equal(r.Lost, []topology.Key{keyOfRelay(top)}) {
		m.print(t, time.Now())
		t.Errorf("record %+v", r)
	}
	if err := load.AwaitCommitAt(bounded(t), c.Node(1).Addr()); err != nil {
		t.Fatal(err)
	}
	load.Stop()
	m.await(t, "one binlog server below the other", func() bool {
		i := m.observer.Instance(keyOfRelay(other))
		return i.SourceKey() == keyOfRelay(top) && i.Replicating()
	})
	file, pos := top.Position()
	m.await(t, "both at the same place", func() bool { f, p := other.Position(); return f == file && p == pos })
	m.await(t, "both replicas to have received that and applied the same", func() bool {
		var applied []string
		for _, n := range c.Nodes()[2:] {
			row, err := n.Row(bounded(t), "SHOW SLAVE STATUS")
			if err != nil || row["Master_Log_File"] != file || row["Read_Master_Log_Pos"] != fmt.Sprint(pos) {
				return false
			}
			applied = append(applied, row["Relay_Master_Log_File"]+row["Exec_Master_Log_Pos"])
		}
		return applied[0] == applied[1]
	})
	below(t, m, gathered, other.Port)
	if a, b := len(rows(t, c.Node(2))), len(rows(t, c.Node(3))); a != b || a == 0 {
		t.Errorf("%d rows below one binlog server, %d below the other", a, b)
	}
	if open := writers(t.Context(), c); !slices.Equal(open, []string{c.Node(1).Addr()}) {
		t.Errorf("writable: %v, want the successor alone", open)
	}
}
