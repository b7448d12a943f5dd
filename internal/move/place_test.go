package move_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/refactor"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// TestRealPlaceIsProven: a MariaDB replica by GTID that has connected and applied nothing shows the beginning of its source's
// log file as its place. When it is switched to file and position in that moment it must not begin there.
func TestRealPlaceIsProven(t *testing.T) {
	r := newRig(t, sandbox.Options{Flavor: sandbox.MariaDB, GTID: true, Nodes: 4})
	stop := r.load(t)
	k := keyOf(r.Node(3))
	refused, tries := 0, 0
	for began := time.Now(); refused < 2 && time.Since(began) < 15*time.Second; tries++ {
		if !r.justConnected(t, r.Node(1+tries%2)) {
			continue
		}
		done, err := r.runner.Run(limited(t), r.runner.Single(refactor.Request{Operation: refactor.DisableGTID, Server: k}))
		if err == nil {
			t.Fatalf("switched from %s\n%s", r.Snapshot().Instance(k).Channel.Exec, done.Plan.String())
		}
		if !errors.Is(err, execute.ErrNoPlace) {
			t.Fatal(err)
		}
		t.Logf("try %d: %v", tries, err)
		refused++
	}
	must(t, r.Servers.For(k).StartReplica(limited(t), server.AllThreads, ""))
	r.followed(t)
	r.look(t)
	if i := r.do(t, refactor.Request{Operation: refactor.DisableGTID, Server: k}); i.UsesGTID() {
		t.Error("it goes on by GTID")
	}
	stop()
	if refused == 0 {
		t.Skipf("the moment was not met in %d tries", tries)
	}
}

// justConnected points node 3 at another source and stops it at once. It says whether the place that it shows is the
// beginning of a log file, although it has applied more.
func (r *rig) justConnected(t *testing.T, source *sandbox.Node) bool {
	t.Helper()
	s := r.Servers.For(keyOf(r.Node(3)))
	must(t, s.StopReplica(limited(t), server.AllThreads, ""))
	must(t, s.ChangeSource(limited(t), server.SourceChange{Source: keyOf(source)}))
	must(t, s.StartReplica(limited(t), server.AllThreads, ""))
	time.Sleep(time.Duration(rand.IntN(15000)) * time.Microsecond)
	must(t, s.StopReplica(limited(t), server.IOThread, ""))
	must(t, s.StopReplica(limited(t), server.SQLThread, ""))
	must(t, r.Probe(limited(t), keyOf(r.Node(3)), keyOf(source)))
	at := r.Snapshot().Instance(keyOf(r.Node(3))).Channel.Exec
	return at.LogFile != "" && at == topology.Coordinates{LogFile: at.LogFile, LogPos: 4}
}

// TestRealGTIDPosIsMended: a MariaDB replica by position that connects sets gtid_slave_pos to what it has received. Switched to
// GTID with that unapplied, it must not leave it out.
func TestRealGTIDPosIsMended(t *testing.T) {
	r := newRig(t, sandbox.Options{Flavor: sandbox.MariaDB})
	r.write(t, "CREATE TABLE test.t (id INT PRIMARY KEY, v VARCHAR(20))")
	r.marker(t)
	r.followed(t)
	k := keyOf(r.Node(1))
	r.look(t)
	r.do(t, refactor.Request{Operation: refactor.DelayReplication, Server: k, Number: 3600})
	r.marker(t)
	end, err := r.Servers.For(keyOf(r.Node(0))).SelfCoordinates(limited(t))
	must(t, err)
	for ctx := limited(t); r.Snapshot().Instance(k).Channel.Read.Less(end); {
		must(t, r.Probe(ctx, k))
	}
	r.do(t, refactor.Request{Operation: refactor.RestartReplica, Server: k})
	position := func() (pos string) {
		t.Helper()
		must(t, r.Node(1).Scan(limited(t), "SELECT @@gtid_slave_pos", &pos))
		return pos
	}
	// Both are as the server says; only one is what it has applied.
	var applied, there string
	at := r.Snapshot().Instance(k).Channel.Exec
	must(t, r.Node(0).Scan(limited(t), fmt.Sprintf("SELECT BINLOG_GTID_POS('%s', %d)", at.LogFile, at.LogPos), &applied))
	if there = position(); there == applied {
		t.Fatalf("it stands at %s by both: it is not seen whether anything is mended", there)
	}
	r.do(t, refactor.Request{Operation: refactor.EnableGTID, Server: k})
	if got := position(); got != applied {
		t.Errorf("it goes on from %s, and has applied %s", got, applied)
	}
	r.do(t, refactor.Request{Operation: refactor.DelayReplication, Server: k})
	r.below(t, 1, 0)
}
