package recovery_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/recovery"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/binlogserver"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// unlogged is a cluster whose replicas do not log what they replicate, all below binlog servers. Its primary is some logs
// ahead of theirs.
func unlogged(t *testing.T, nodes int, below ...[]int) (*sandbox.Cluster, []*binlogserver.Server) {
	t.Helper()
	o := sandbox.Options{Nodes: nodes, NodeOptions: map[int]map[string]string{}}
	for n := 1; n < nodes; n++ {
		o.NodeOptions[n] = map[string]string{"log_slave_updates": "OFF"}
	}
	c, relays := relayedWith(t, o, below...)
	for range 5 {
		do(t, c.Node(0), "FLUSH BINARY LOGS")
	}
	return c, relays
}

// continued sees that a recovery has promoted a replica of a binlog server, that all others follow it in files of the same
// names, and that they hold the same.
func continued(t *testing.T, c *sandbox.Cluster, m *manager, load *sandbox.Load, r store.Recovery, relays ...*binlogserver.Server) *sandbox.Node {
	t.Helper()
	if !r.Successful || !strings.HasPrefix(r.Analysis, "DeadMaster") {
		m.print(t, time.Now())
		t.Fatalf("record %+v", r)
	}
	promoted := nodeAt(t, c, r.Successor.String())
	if err := load.AwaitCommitAt(bounded(t), promoted.Addr()); err != nil {
		t.Fatal(err)
	}
	if err := load.AwaitCommits(bounded(t), 20); err != nil {
		t.Fatal(err)
	}
	do(t, promoted, "FLUSH BINARY LOGS") // the next file is the same for all as well
	if err := load.AwaitCommits(bounded(t), 20); err != nil {
		t.Fatal(err)
	}
	load.Stop()
	// A commit whose client has gone may still come in, so each look compares with where the new primary stands then.
	for _, s := range relays {
		m.await(t, s.Addr()+" to hold the log of the new primary", func() bool {
			file, pos, err := promoted.Position(bounded(t))
			f, p := s.Position()
			return err == nil && f == file && uint64(p) == pos
		})
	}
	for _, n := range c.Nodes() {
		if n == promoted || !n.Running() {
			continue
		}
		m.await(t, n.Addr()+" to have applied the log of the new primary", func() bool {
			file, pos, err := promoted.Position(bounded(t))
			row, unread := n.Row(bounded(t), "SHOW SLAVE STATUS")
			return err == nil && unread == nil && row["Relay_Master_Log_File"] == file && row["Exec_Master_Log_Pos"] == fmt.Sprint(pos)
		})
	}
	same(t, c, m, promoted)
	if row, err := promoted.Row(bounded(t), "SHOW SLAVE STATUS"); err != nil || len(row) > 0 {
		t.Errorf("the new primary still has a source: %v %v", row["Master_Port"], err)
	}
	if open := writers(t.Context(), c); !slices.Equal(open, []string{promoted.Addr()}) {
		t.Errorf("writable: %v, want the successor alone", open)
	}
	if left, err := m.store.OpenJournals(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("journals still open: %v %v", left, err)
	}
	return promoted
}

// onlyBinlogServers: a replica of a binlog server is promoted, and its log continues that of the lost primary.
func onlyBinlogServers(t *testing.T) {
	c, relays := unlogged(t, 4, []int{1, 2}, []int{3})
	m := manageRelayed(t, c, relays)
	load := startLoad(t, c)
	if err := c.Node(0).Kill(); err != nil {
		t.Fatal(err)
	}
	guard(t, c, &m.returning)
	r := m.ended(t)
	promoted := continued(t, c, m, load, r, relays...)
	if len(r.Lost) > 0 {
		t.Errorf("lost: %v", r.Lost)
	}
	first, err := promoted.Row(bounded(t), "SHOW BINARY LOGS")
	if err != nil || first["Log_name"] < "binlog.000006" {
		t.Errorf("its first log is %s (%v): it has the name of one of the lost primary's", first["Log_name"], err)
	}
}

// onlyBinlogServersTwoManagers ends the manager right after the successor was opened: the next one has the binlog servers go on.
func onlyBinlogServersTwoManagers(t *testing.T) {
	c, relays := unlogged(t, 4, []int{1, 2}, []int{3})
	file := filepath.Join(t.TempDir(), "o.sqlite3")
	opened := make(chan topology.Key, 1)
	first := startManager(t, c, settings{config: intermediates, unsettled: true, file: file, token: "first", afterOpening: func(m *manager, k topology.Key) {
		m.board.dead.Store(true)
		opened <- k
	}})
	settle(t, first, c, relays)
	load := startLoad(t, c)
	if err := c.Node(0).Kill(); err != nil {
		t.Fatal(err)
	}
	guard(t, c, &first.returning)
	var promoted topology.Key
	select {
	case promoted = <-opened:
	case <-bounded(t).Done():
		first.print(t, time.Now())
		t.Fatal("nobody was opened for writing")
	}
	first.stop()
	second := startManager(t, c, settings{config: intermediates, unsettled: true, file: file, token: "second"})
	r := second.ended(t)
	if r.Successor != promoted {
		t.Errorf("promoted %s beside %s", r.Successor, promoted)
	}
	continued(t, c, second, load, r, relays...)
}

// onlyBinlogServersAnew ends the manager right before the successor is opened: the next one takes back what was done, and begins
// anew, with a server whose log has come to the next file already.
func onlyBinlogServersAnew(t *testing.T) {
	c, relays := unlogged(t, 2, []int{1})
	file := filepath.Join(t.TempDir(), "o.sqlite3")
	ended := make(chan struct{}, 1)
	first := startManager(t, c, settings{config: intermediates, unsettled: true, file: file, token: "first", beforeOpening: func(m *manager) {
		m.board.dead.Store(true)
		ended <- struct{}{}
	}})
	settle(t, first, c, relays)
	load := startLoad(t, c)
	if err := c.Node(0).Kill(); err != nil {
		t.Fatal(err)
	}
	guard(t, c, &first.returning)
	select {
	case <-ended:
	case <-bounded(t).Done():
		first.print(t, time.Now())
		t.Fatal("nobody was about to be opened for writing")
	}
	first.stop()
	if begun, _, err := c.Node(1).Position(bounded(t)); err != nil || begun != "binlog.000007" {
		t.Fatalf("its log is at %s (%v): the test shows nothing", begun, err)
	}
	second := startManager(t, c, settings{config: intermediates, unsettled: true, file: file, token: "second"})
	second.await(t, "a successor", func() bool { return second.saw(recovery.Promoted) })
	second.await(t, "the end of the recovery", func() bool {
		found, err := second.store.Recoveries(t.Context(), store.RecoveryFilter{})
		return err == nil && slices.ContainsFunc(found, func(r store.Recovery) bool { return r.Successful && !r.End.IsZero() })
	})
	found, err := second.store.Recoveries(t.Context(), store.RecoveryFilter{})
	if err != nil {
		t.Fatal(err)
	}
	n := slices.IndexFunc(found, func(r store.Recovery) bool { return r.Successful })
	continued(t, c, second, load, found[n], relays...)
}

// onlyBinlogServersOneDead: a binlog server is lost before the primary, and nobody saw to its replicas.
func onlyBinlogServersOneDead(t *testing.T) {
	c, relays := unlogged(t, 5, []int{1, 2}, []int{3, 4})
	m := startManager(t, c, settings{unsettled: true}) // without a filter for intermediate sources
	settle(t, m, c, relays)
	load := startLoad(t, c)
	relays[1].Close()
	if err := load.AwaitCommits(bounded(t), 20); err != nil {
		t.Fatal(err)
	}
	m.await(t, "the binlog server to be missed", func() bool { return !m.observer.Instance(keyOfRelay(relays[1])).LastCheckValid() })
	if err := c.Node(0).Kill(); err != nil {
		t.Fatal(err)
	}
	guard(t, c, &m.returning)
	r := m.ended(t)
	continued(t, c, m, load, r, relays[0])
	if !slices.Equal(r.Lost, []topology.Key{keyOfRelay(relays[1])}) {
		t.Errorf("lost: %v, want the binlog server that is gone", r.Lost)
	}
}

// onlyBinlogServersShutDown: the log of a primary that was shut down ends with an event that replicas do not count.
func onlyBinlogServersShutDown(t *testing.T) {
	c, relays := unlogged(t, 3, []int{1, 2})
	m := manageRelayed(t, c, relays)
	load := startLoad(t, c)
	if err := c.Node(0).Stop(bounded(t)); err != nil {
		t.Fatal(err)
	}
	r := m.ended(t)
	continued(t, c, m, load, r, relays...)
}

// onlyBinlogServersInVain: where nobody's log can continue that of the lost primary, nobody is promoted, and all goes on when
// that comes back.
func onlyBinlogServersInVain(t *testing.T) {
	c, relays := relayed(t, 3, []int{1, 2})
	for _, n := range c.Nodes()[1:] {
		for range 6 {
			do(t, n, "FLUSH BINARY LOGS")
		}
	}
	m := manageRelayed(t, c, relays)
	load := startLoad(t, c)
	load.Stop()
	same(t, c, m, c.Node(0))
	if err := c.Node(0).Kill(); err != nil {
		t.Fatal(err)
	}
	r := m.ended(t)
	if r.Successful || r.Analysis != "DeadMaster" {
		t.Errorf("record %+v", r)
	}
	for _, n := range c.Nodes()[1:] {
		below(t, m, n, relays[0].Port)
	}
	if open := writers(t.Context(), c); len(open) > 0 {
		t.Errorf("writable: %v", open)
	}

	// It comes back, and all goes on by itself.
	if err := c.Node(0).Restart(bounded(t)); err != nil {
		t.Fatal(err)
	}
	if err := c.Node(0).SetReadOnly(bounded(t), false); err != nil {
		t.Fatal(err)
	}
	insert(t, c.Node(0), 1_000_001, 1_000_010)
	same(t, c, m, c.Node(0))
}
