package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/consensus"
	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// standing is a service's parts whose observer runs over a fleet, among others on one file.
type standing struct {
	*parts
	lease  *consensus.Lease
	engine *operate.Engine
	writer *store.Writer
	seen   *observe.Observer
	fleet  *fleetNews
}

func stand(t *testing.T, file string, f fleet) *standing {
	t.Helper()
	s := &standing{parts: testParts(t, file, "")}
	s.log = slog.New(slog.DiscardHandler)
	s.lease = s.standForLeader(nil)
	s.writer = s.writesPicture(func(k topology.Key) { forgetShown(s.seen, k) })
	kept := s.pictureStore(s.writer)
	s.seen = observe.New(observe.Options{Prober: f, Store: leadersStore{kept, s.leader.IsLeader}, Config: s.config, Logger: s.log})
	servers := server.New(server.Options{})
	s.engine = s.serviceEngine(s.seen, kept, s.recoveryEngine(s.seen, servers), servers, nil)
	s.fleet = s.fleetNews(s.seen)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.seen.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		must(t, errors.Join(<-ended, servers.Close(), s.writer.Close(context.Background())))
		leave, now := context.WithCancel(context.Background())
		now()
		must(t, s.lease.Run(leave))
	})
	return s
}

func (s *standing) knows(host string) func() bool {
	return func() bool { return s.seen.Instance(key(host)) != nil }
}

func not(cond func() bool) func() bool { return func() bool { return !cond() } }

// soon waits for a condition.
func soon(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func stored(t *testing.T, s *standing) []topology.Key {
	t.Helper()
	must(t, s.writer.Flush(t.Context()))
	keys, err := s.store.InstanceKeys(t.Context())
	must(t, err)
	return keys
}

func TestOnlyTheLeaderWritesAndRepairs(t *testing.T) {
	ctx := t.Context()
	file, f := testFile(t), fleet{}.put("db1", "", key("db2")).put("db2", "db1").put("db3", "")
	a, b := stand(t, file, f), stand(t, file, f)
	a.lease.Try(ctx)
	b.lease.Try(ctx)
	if !a.leader.IsLeader() || b.leader.IsLeader() {
		t.Fatalf("lead: %t, %t", a.leader.IsLeader(), b.leader.IsLeader())
	}
	// The one that stands by sees, and does not write.
	must(t, b.seen.Probe(ctx, key("db1")))
	soon(t, "db2 is seen", b.knows("db2"))
	if keys := stored(t, b); len(keys) != 0 {
		t.Errorf("it wrote %s", topology.JoinKeys(keys))
	}
	if _, err := b.engine.Repairer.Recover(ctx, key("db1"), topology.Key{}, false); err == nil {
		t.Error("it recovers")
	}
	if err := b.leader.Confirm(ctx); !errors.Is(err, consensus.ErrNotLeader) {
		t.Errorf("it may change servers: %v", err)
	}
	// What a person has it discover is stored all the same, and the leader finds it there.
	if _, err := b.engine.Discovery.Discover(ctx, key("db3")); err != nil {
		t.Fatal(err)
	}
	must(t, a.fleet.look(ctx))
	if keys := stored(t, b); !slices.Equal(keys, []topology.Key{key("db3")}) {
		t.Errorf("stored %s", topology.JoinKeys(keys))
	}
	must(t, a.fleet.look(ctx))
	soon(t, "the leader knows db3", a.knows("db3"))
	if h := b.health.Health(ctx); h.IsActive || h.Active.Token != a.node.Token {
		t.Errorf("health of the one that stands by: %+v", h)
	}
}

func TestServersThatCommandsDiscoverAndForget(t *testing.T) {
	ctx := t.Context()
	for _, leads := range []bool{true, false} {
		t.Run(map[bool]string{true: "the leader", false: "one that stands by"}[leads], func(t *testing.T) {
			file, f := testFile(t), fleet{}.put("db1", "").put("db2", "")
			s, command := stand(t, file, f), testParts(t, file, "")
			s.lease.Try(ctx)
			if !leads {
				must(t, s.store.GrabLease(ctx, store.Node{Hostname: "other", Token: "other"}))
				s.lease.Try(ctx)
			}
			must(t, s.fleet.look(ctx))
			now := time.Now()
			for _, host := range []string{"db1", "db2"} {
				i := f[key(host)].Clone()
				i.Check = topology.Check{Attempted: now, Checked: now, Seen: now}
				must(t, command.store.SaveInstances(ctx, i))
			}
			must(t, s.fleet.look(ctx))
			soon(t, "db1 is known", s.knows("db1"))
			soon(t, "db2 is known", s.knows("db2"))
			must(t, s.writer.Flush(ctx))

			if _, err := command.store.ForgetInstances(ctx, key("db1")); err != nil {
				t.Fatal(err)
			}
			must(t, s.seen.Probe(ctx, key("db1"), key("db2")))
			if keys := stored(t, s); !slices.Equal(keys, []topology.Key{key("db2")}) {
				t.Errorf("stored %s", topology.JoinKeys(keys))
			}
			must(t, s.fleet.look(ctx))
			soon(t, "db1 is forgotten", not(s.knows("db1")))
			if !s.knows("db2")() {
				t.Error("db2 is forgotten, too")
			}
			// Later it may be discovered again.
			now = time.Now()
			i := f[key("db1")].Clone()
			i.Check = topology.Check{Attempted: now, Checked: now, Seen: now}
			must(t, command.store.SaveInstances(ctx, i))
			must(t, s.fleet.look(ctx))
			soon(t, "db1 is known again", s.knows("db1"))
		})
	}
}

func TestBystanderNeverLeads(t *testing.T) {
	p := testParts(t, testFile(t), "")
	p.lead(bystander{})
	if p.leader.IsLeader() || p.health.Health(t.Context()).IsActive || !errors.Is(p.leader.Confirm(t.Context()), consensus.ErrNotLeader) {
		t.Error("it leads")
	}
	must(t, p.leader.Run(cancelled(t)))
}

func TestChronicle(t *testing.T) {
	ctx := t.Context()
	p := testParts(t, testFile(t), `"SnapshotTopologiesIntervalHours": 1`)
	at := &clock{time.Now()}
	p.now = at.now
	leads := true
	var fleet *topology.Topology
	c := p.chronicle(func() *topology.Topology { return fleet })
	c.leads = func() bool { return leads }
	saveCluster(t, p.store)
	see := func(primaryAnswers bool) {
		t.Helper()
		all, names, err := p.store.LoadInstances(ctx)
		must(t, err)
		for _, i := range all {
			i.Check = topology.Check{Attempted: at.at, Checked: at.at, Seen: at.at}
			if i.Key == key("db1") && !primaryAnswers {
				i.Check.Seen = at.at.Add(-time.Minute)
			}
			if i.Key == key("db2") && !primaryAnswers {
				i.Channel.IOThread = topology.ThreadStopped
			}
		}
		fleet = topology.New(topology.Derive(all, names), names)
		must(t, c.record(ctx))
		at.pass(analysisEvery)
	}
	see(true)
	see(true)
	see(false)
	see(false)
	changes, err := p.store.AnalysisChangelog(ctx, topology.Key{})
	must(t, err)
	if len(changes) != 1 || changes[0].Key != key("db1") || changes[0].Analysis != string(analysis.DeadPrimary) {
		t.Errorf("changes %+v", changes)
	}
	leads = false
	see(true)
	leads = true
	see(true)
	if changes, err = p.store.AnalysisChangelog(ctx, key("db1")); err != nil || len(changes) != 2 {
		t.Errorf("changes %+v, %v", changes, err)
	}

	// The tree is copied once an hour, also when another process begins to do it.
	snapshots := func() time.Time {
		t.Helper()
		last, err := p.store.LastTopologySnapshot(ctx)
		must(t, err)
		return last
	}
	first := snapshots()
	if first.IsZero() {
		t.Fatal("there is no snapshot")
	}
	c = p.chronicle(c.snapshot)
	c.leads = func() bool { return true }
	see(true)
	if !snapshots().Equal(first) {
		t.Error("another snapshot was taken at once")
	}
}

func TestChronicleRecordsWhereALockedPrimaryStands(t *testing.T) {
	ctx := t.Context()
	p := testParts(t, testFile(t), "")
	saveCluster(t, p.store)
	all, names, err := p.store.LoadInstances(ctx)
	must(t, err)
	for _, i := range all {
		if i.Key == key("db1") {
			i.SelfCoordinates = topology.Coordinates{LogFile: "binlog.000007", LogPos: 4711}
			i.SemiSync.SourceEnabled, i.SemiSync.SourceStatus, i.SemiSync.SourceWaitCount = true, true, 1
		}
	}
	must(t, p.store.SaveInstances(ctx, all...))
	c := p.chronicle(func() *topology.Topology { return topology.New(topology.Derive(all, names), names) })
	c.leads = func() bool { return true }
	must(t, c.record(ctx))
	all, _, err = p.store.LoadInstances(ctx)
	must(t, err)
	for _, i := range all {
		if i.StaleSince.IsZero() != (i.Key != key("db1")) {
			t.Errorf("%s stands still since %v", i.Key, i.StaleSince)
		}
	}
	if past, err := p.store.CoordinatesHistory(ctx, key("db1")); err != nil || len(past) != 1 {
		t.Errorf("positions %+v, %v", past, err)
	}
}
