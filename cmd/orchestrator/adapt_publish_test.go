package main

import (
	"strings"
	"testing"
	"time"

	"orchestrator/internal/publish"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// pairOf is a primary db1 with a replica db2, as they were seen at a moment.
func pairOf(seen time.Time, change func(primary, replica *topology.Instance)) *topology.Topology {
	check := topology.Check{Attempted: seen, Checked: seen, Seen: seen}
	primary := &topology.Instance{Key: key("db1"), ServerID: 1, Version: "8.4.0", Check: check}
	replica := &topology.Instance{Key: key("db2"), ServerID: 2, Version: "8.4.0", ReadOnly: true, Check: check}
	replica.Channel.Source = primary.Key
	replica.Channel.IOThread, replica.Channel.SQLThread = topology.ThreadRunning, topology.ThreadRunning
	change(primary, replica)
	return topology.New(topology.Derive([]*topology.Instance{primary, replica}, topology.Names{}), topology.Names{Aliases: map[string]string{"db1:3306": "orders"}})
}

func TestWhoClientsMayBeSentTo(t *testing.T) {
	seen := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	before, later := seen.Add(-time.Second), seen.Add(time.Second)
	same := func(*topology.Instance, *topology.Instance) {}
	for name, test := range map[string]struct {
		host    string
		decided time.Time
		change  func(primary, replica *topology.Instance)
		want    string
	}{
		"the primary":                            {"db1", before, same, ""},
		"one that is not known":                  {"db9", before, same, "not known"},
		"a replica":                              {"db2", before, same, "takes no writes"},
		"a replica that takes writes":            {"db2", before, func(_, r *topology.Instance) { r.ReadOnly = false }, "is a replica"},
		"a successor that was not looked at yet": {"db2", later, same, ""},
		"a primary that is closed":               {"db1", before, func(p, _ *topology.Instance) { p.ReadOnly = true }, "takes no writes"},
		"a primary that has died":                {"db1", before, func(p, _ *topology.Instance) { p.Check.Seen = before }, "cannot be reached"},
		"a primary that was left behind": {"db1", before, func(p, _ *topology.Instance) {
			p.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: before, End: seen.Add(time.Hour)}
		}, "left behind"},
	} {
		err := mayBeSent(pairOf(seen, test.change), publish.Primary{Key: key(test.host), Decided: test.decided}, later)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhatIsSeenIsPublished publishes who is seen to be the primary, and not who was seen before a recovery decided.
func TestWhatIsSeenIsPublished(t *testing.T) {
	ctx := t.Context()
	p := testParts(t, testFile(t), "")
	leads := true
	p.leader = leaderWhen{leads: &leads}
	picture := pairOf(time.Now(), func(*topology.Instance, *topology.Instance) {})
	busy := false
	must(t, p.publishes(nil))
	job := publication{p, func() *topology.Topology { return picture }, func(string) bool { return busy }}
	says := func(want string) {
		t.Helper()
		must(t, job.observed(ctx))
		if got, _, err := p.store.GetKV(ctx, "mysql/master/orders"); err != nil || got != want {
			t.Errorf("published: %q, %v; want %q", got, err, want)
		}
	}
	leads = false
	says("")
	leads, busy = true, true
	says("")
	busy = false
	says("db1:3306")
	list, err := p.store.PublishedPrimaries(ctx)
	must(t, err)
	says("db1:3306")
	if again, err := p.store.PublishedPrimaries(ctx); err != nil || again[0].Revision != list[0].Revision {
		t.Errorf("what was published already was published again: %+v, %v", again, err)
	}
	if _, done, err := p.store.PublishPrimary(ctx, store.Publication{
		Alias: "orders", Primary: key("db2"), Pairs: []store.KV{{Key: "mysql/master/orders", Value: "db2:3306"}}, Began: time.Now(),
	}); err != nil || !done {
		t.Fatal(done, err)
	}
	says("db2:3306")
	picture = pairOf(time.Now().Add(time.Second), func(p, _ *topology.Instance) { p.ReadOnly = true })
	says("db2:3306")
	picture = pairOf(time.Now().Add(time.Second), func(*topology.Instance, *topology.Instance) {})
	says("db1:3306") // somebody has opened it again by hand, after the recovery
}

// leaderWhen leads when its condition holds.
type leaderWhen struct {
	standalone
	leads *bool
}

func (l leaderWhen) IsLeader() bool { return *l.leads }
