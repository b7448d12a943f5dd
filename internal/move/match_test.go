package move_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/move"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/topology"
)

// Equivalents and RecordEquivalence keep places in memory.
func (r *rig) Equivalents(_ context.Context, key topology.Key, at topology.Coordinates) (found []refactor.Equivalent, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, pair := range r.same {
		if n := slices.Index(pair[:], refactor.Equivalent{Key: key, At: at}); n >= 0 {
			found = append(found, pair[1-n])
		}
	}
	return found, nil
}

func (r *rig) RecordEquivalence(_ context.Context, key topology.Key, at topology.Coordinates, same refactor.Equivalent) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.same = append(r.same, [2]refactor.Equivalent{{Key: key, At: at}, same})
	return nil
}

func (r *rig) Injected(context.Context) (map[string]time.Time, error) { return r.injected, nil }

// marker makes the primary write a pseudo-GTID entry, and a few rows after it.
func (r *rig) marker(t *testing.T) string {
	t.Helper()
	r.markers++
	n := r.markers
	text := fmt.Sprintf("drop view if exists `_pseudo_gtid_`.`_asc:%08x:01:ab`", n)
	r.write(t, text)
	for i := range 5 {
		r.write(t, fmt.Sprintf("INSERT INTO test.t VALUES (%d, 'row %d') /* of %d */", 100*n+i, i, n))
	}
	return text
}

// below says that a server replicates from another, and holds the same.
func (r *rig) below(t *testing.T, n, source int) {
	t.Helper()
	must(t, r.Probe(limited(t), keyOf(r.Node(n))))
	if i := r.Snapshot().Instance(keyOf(r.Node(n))); i.Channel.Source != keyOf(r.Node(source)) {
		t.Errorf("node %d is below %s", n, i.Channel.Source)
	}
	r.followed(t)
	must(t, r.SameData(limited(t), "t"))
}

func TestMatchingOnRealServers(t *testing.T) {
	for name, f := range map[string]sandbox.Flavor{"MariaDB": sandbox.MariaDB, "MySQL": sandbox.MySQL, "MySQL 5.6": sandbox.MySQL56} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, sandbox.Options{Flavor: f})
			r.Config.PseudoGTIDPattern, r.Config.PseudoGTIDPatternIsFixedSubstring, r.Config.PseudoGTIDMonotonicHint = "drop view if exists `_pseudo_gtid_`", true, "asc:"
			r.Config.BinlogEventsChunkSize = 7
			r.write(t, "CREATE TABLE test.t (id INT PRIMARY KEY, v VARCHAR(20))")
			r.marker(t)
			r.write(t, "FLUSH BINARY LOGS")
			r.followed(t)
			t.Run("one", r.matchOne)
			t.Run("known places", r.matchKnown)
			t.Run("tools", r.matchTools)
			t.Run("all", r.matchAll)
			t.Run("injected", r.matchInjected)
			t.Run("refused", r.matchRefused)
		})
	}
}

func (r *rig) matchOne(t *testing.T) {
	one, two := keyOf(r.Node(1)), keyOf(r.Node(2))
	r.marker(t)
	r.relocation(t, refactor.Relocation{Command: refactor.Match, Server: two, Below: one})
	r.marker(t)
	r.below(t, 2, 1)
	r.relocation(t, refactor.Relocation{Command: refactor.Rematch, Server: two})
	r.below(t, 2, 1)
	r.write(t, "FLUSH BINARY LOGS")
	r.relocation(t, refactor.Relocation{Command: refactor.MatchUp, Server: two})
	r.marker(t)
	r.below(t, 2, 0)
	r.relocation(t, refactor.Relocation{Command: refactor.Match, Server: two, Below: one, Markers: refactor.Markers{RelayOnly: true}})
	r.marker(t)
	r.below(t, 2, 1)

	// With threads that somebody had stopped.
	r.do(t, refactor.Request{Operation: refactor.StopReplica, Server: two})
	r.relocation(t, refactor.Relocation{Command: refactor.MatchUp, Server: two})
	if i := r.Snapshot().Instance(two); !i.ThreadsStopped() {
		t.Error("a replica that somebody had stopped was started")
	}
	r.do(t, refactor.Request{Operation: refactor.StartReplica, Server: two})
	r.below(t, 2, 0)
}

func (r *rig) matchKnown(t *testing.T) {
	one, two := keyOf(r.Node(1)), keyOf(r.Node(2))
	r.do(t, refactor.Request{Operation: refactor.StopReplica, Server: two})
	r.marker(t)
	r.relocation(t, refactor.Relocation{Command: refactor.Match, Server: two, Below: one})
	p := r.relocation(t, refactor.Relocation{Command: refactor.Relocate, Server: two, Below: keyOf(r.Node(0))})
	if p.Steps[0].Action.Verb != plan.PlaceAt {
		t.Errorf("planned %s", p.Steps[0].Action)
	}
	r.relocation(t, refactor.Relocation{Command: refactor.MoveEquivalent, Server: two, Below: one})
	r.do(t, refactor.Request{Operation: refactor.StartReplica, Server: two})
	r.below(t, 2, 1)
	r.relocation(t, refactor.Relocation{Command: refactor.MatchUp, Server: two})
	r.below(t, 2, 0)
	r.marker(t) // it moves on
	r.below(t, 2, 0)
	_, err := r.runner.Run(limited(t), r.runner.Relocation(refactor.Relocation{Command: refactor.MoveEquivalent, Server: two, Below: one}))
	if err == nil || !strings.Contains(err.Error(), "is known to be the same") {
		t.Errorf("a place that nobody knows: %v", err)
	}
}

func (r *rig) matchTools(t *testing.T) {
	zero, one := keyOf(r.Node(0)), keyOf(r.Node(1))
	text := r.marker(t)
	r.followed(t)
	at, found, err := r.runner.LastPseudoGTID(limited(t), one, false)
	if err != nil || found != text {
		t.Errorf("the last entry is %q, %v", found, err)
	}
	if again, err := r.runner.FindEntry(limited(t), one, text); err != nil || again != at {
		t.Errorf("the entry is at %s and found at %s, %v", at, again, err)
	}
	if _, err := r.runner.FindEntry(limited(t), one, text+" "+"nowhere"); err == nil {
		t.Error("found what is not there")
	}
	end, err := r.Servers.For(zero).SelfCoordinates(limited(t))
	must(t, err)
	if place, err := r.runner.CorrelateBinlog(limited(t), one, topology.Coordinates{}, zero); err != nil || place != end {
		t.Errorf("the end of one is at %s, want %s, %v", place, end, err)
	}
	origin, err := r.runner.FindEntry(limited(t), zero, text)
	must(t, err)
	// The entry takes a place of its own, after which rows follow.
	after, err := r.runner.CorrelateBinlog(limited(t), zero, end, one)
	if own, unknown := r.Servers.For(one).SelfCoordinates(limited(t)); err != nil || unknown != nil || after != own || !origin.Less(end) {
		t.Errorf("the end of zero is at %s, want %s, %v, %v", after, own, err, unknown)
	}
	own, same, err := r.runner.CorrelateRelay(limited(t), one, topology.Coordinates{}, keyOf(r.Node(2)))
	if err != nil || own.Event.EventType != same.Event.EventType || own.Source != same.Source {
		t.Errorf("relay logs: %+v, %+v, %v", own, same, err)
	}
	is, err := r.Servers.For(one).Probe(limited(t)) // the picture may be older
	must(t, err)
	if last, err := r.runner.LastRelayEntry(limited(t), one); err != nil || last.Event.EventType != "Xid" || last.Source != is.Instance.Channel.Exec {
		t.Errorf("the last entry that was applied: %+v, %v; it is at %s", last, err, is.Instance.Channel.Exec)
	}
}

func (r *rig) matchAll(t *testing.T) {
	zero := keyOf(r.Node(0))
	r.marker(t)
	r.followed(t)
	p := r.relocation(t, refactor.Relocation{Command: refactor.RegroupReplicasPseudo, Server: zero})
	best := slices.IndexFunc(r.Nodes(), func(n *sandbox.Node) bool { return keyOf(n) == p.Successor })
	if best < 1 || len(p.Steps) != len(r.Nodes())-2 {
		t.Fatalf("regrouped as\n%s", p.String())
	}
	all := func(source int) {
		t.Helper()
		r.marker(t)
		for n := 1; n < len(r.Nodes()); n++ {
			if n != best {
				r.below(t, n, source)
			}
		}
	}
	all(best)
	r.relocation(t, refactor.Relocation{Command: refactor.MatchUpReplicas, Server: p.Successor})
	all(0)
	r.relocation(t, refactor.Relocation{Command: refactor.MatchReplicas, Server: zero, Below: p.Successor})
	all(best)
	r.relocation(t, refactor.Relocation{Command: refactor.MatchReplicas, Server: p.Successor, Below: zero})
	all(0)
}

func (r *rig) matchRefused(t *testing.T) {
	one, two := keyOf(r.Node(1)), keyOf(r.Node(2))
	refused := func(below topology.Key, says ...string) {
		t.Helper()
		_, err := r.runner.Run(limited(t), r.runner.Relocation(refactor.Relocation{Command: refactor.Match, Server: two, Below: below}))
		if err == nil {
			t.Fatal("matched")
		}
		for _, text := range says {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%q is not in: %v", text, err)
			}
		}
		r.marker(t)
		r.below(t, 2, 0)
	}
	// Only the target holds something more.
	must(t, r.Node(1).ExecAs(limited(t), sandbox.UserAdmin, append(r.open(), "SET sql_log_bin=1", "CREATE DATABASE stray")...))
	r.marker(t)
	r.followed(t)
	must(t, r.Node(1).ExecAs(limited(t), sandbox.UserAdmin, "SET sql_log_bin=1", "CREATE DATABASE stray1"))
	r.write(t, "INSERT INTO test.t VALUES (20000, 'later')")
	r.followed(t)
	refused(one, "is not proven", "test.t", "stray1", "server "+fmt.Sprint(r.Snapshot().Instance(one).ServerID))
	// No common entry is left.
	r.Config.PseudoGTIDPattern = "drop view if exists `nowhere`"
	refused(one, "no pseudo-GTID entry")
	r.Config.PseudoGTIDPattern = ""
	refused(one, "PseudoGTIDPattern")
}

// matchInjected matches by entries that were injected.
func (r *rig) matchInjected(t *testing.T) {
	one := keyOf(r.Node(1))
	r.Config.AutoPseudoGTID, r.Marked = true, true
	r.injected = map[string]time.Time{}
	for _, n := range r.Nodes() {
		must(t, r.Probe(limited(t), keyOf(n)))
	}
	j := move.NewInjector(move.InjectorOptions{
		Snapshot: r.Snapshot, Servers: func(k topology.Key) move.Injected { return r.Servers.For(k) }, Leader: r,
		Config: func() *config.Config { return &r.Config }, Busy: func(string) bool { return false }, Now: time.Now,
		Record: func(_ context.Context, cluster string) error { r.injected[cluster] = time.Now(); return nil },
	})
	unmarked := r.runner.Relocation(refactor.Relocation{Command: refactor.RelocateReplicas, Server: keyOf(r.Node(0)), Below: one})
	matches := func(s plan.Step) bool { return s.Action.Verb == plan.Match }
	if p, _ := r.runner.Preview(limited(t), unmarked); slices.ContainsFunc(p.Steps, matches) {
		t.Errorf("placed by entries that were never written:\n%s", p.String())
	}
	j.Round(limited(t))
	if len(r.injected) != 1 {
		t.Fatalf("injected into %v", r.injected)
	}
	r.followed(t)
	if _, text, err := r.runner.LastPseudoGTID(limited(t), one, false); err != nil || !strings.Contains(text, "_asc:") || !strings.Contains(text, fmt.Sprintf(":%08x:", r.Snapshot().Instance(keyOf(r.Node(0))).ServerID)) {
		t.Errorf("the last entry is %q, %v", text, err)
	}
	// By the choice of the program.
	if p := r.relocation(t, refactor.Relocation{Command: refactor.RelocateReplicas, Server: keyOf(r.Node(0)), Below: one}); !slices.ContainsFunc(p.Steps, matches) {
		t.Errorf("not placed by the entries:\n%s", p.String())
	}
	j.Round(limited(t))
	r.below(t, 2, 1)
	r.relocation(t, refactor.Relocation{Command: refactor.RelocateReplicas, Server: one, Below: keyOf(r.Node(0))})
	r.below(t, 2, 0)
}
