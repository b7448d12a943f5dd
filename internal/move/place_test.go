package move_test

import (
	"errors"
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
