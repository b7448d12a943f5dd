package observe

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

func TestSlowSubscriberLosesNoCluster(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		var names []string
		for n := range 20 {
			name := fmt.Sprintf("s%02d", n)
			names = append(names, name)
			f.add(name, "")
		}
		o := observe(t, f, seeds(names...))
		defer o.stop()
		time.Sleep(time.Second)
		events, cancel := o.Subscribe(0)
		defer cancel()
		for round := range 5 { // nobody reads
			for _, n := range names {
				f.set(n, func(s *pretended) { s.inst.ReadOnly = round%2 == 0 })
			}
			time.Sleep(5 * time.Second)
		}
		got := make(map[string]int)
		for len(got) < len(names) {
			select {
			case e := <-events:
				got[e.Cluster]++
				if !e.Topology.Instances()[0].ReadOnly {
					if got[e.Cluster] > 1 { // the very first one was handed to the channel long ago
						t.Errorf("%s: an old picture", e.Cluster)
					}
				}
			case <-time.After(time.Minute):
				t.Fatalf("events of %d clusters only", len(got))
			}
		}
		total := 0
		for quiet := false; !quiet; {
			synctest.Wait()
			select {
			case e := <-events:
				got[e.Cluster]++
			default:
				quiet = true
			}
		}
		for _, count := range got {
			total += count
		}
		if total > len(names)+1 { // one was on its way to the channel when the next ones came
			t.Errorf("%d events of %d clusters, they were not joined: %v", total, len(names), got)
		}
	})
}

func TestEventsOfALife(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "")
		o := observe(t, f, nil)
		defer o.stop()
		events, cancel := o.Subscribe(100)
		defer cancel()
		expect := func(kind EventKind) {
			t.Helper()
			e := waitFor(t, events, kind.String(), func(e Event) bool { return e.Kind != ClusterChanged })
			if e.Kind != kind || e.Key != key("p") || e.Cluster != "p:3306" {
				t.Errorf("got %v of %v in %s, want %v", e.Kind, e.Key, e.Cluster, kind)
			}
		}
		o.discover(t, "p")
		expect(InstanceDiscovered)
		f.set("p", func(s *pretended) { s.down = true })
		expect(InstanceLost)
		f.set("p", func(s *pretended) { s.down = false })
		expect(InstanceBack)
		if err := o.Forget(key("p")); err != nil {
			t.Fatal(err)
		}
		expect(InstanceForgotten)
	})
}

func TestFiguresAloneAreNoEvent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "")
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "p")
		events, cancel := o.Subscribe(100)
		defer cancel()
		for n := range 5 {
			f.set("p", func(s *pretended) { s.inst.SelfCoordinates = topology.Coordinates{LogFile: "b.1", LogPos: int64(n)} })
			time.Sleep(5 * time.Second)
		}
		if n := len(events); n != 0 {
			t.Errorf("%d events for a moving position", n)
		}
		if got := o.Snapshot().Instance(key("p")).SelfCoordinates.LogPos; got < 3 {
			t.Errorf("the snapshot still shows position %d", got)
		}
	})
}

func TestSubscriptionEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "")
		o := observe(t, f, nil)
		a, cancel := o.Subscribe(0)
		b, _ := o.Subscribe(0)
		o.discover(t, "p") // nobody reads
		cancel()
		cancel()
		if _, open := <-a; open {
			t.Error("a is open after cancelling")
		}
		o.stop()
		for range b {
		}
		c, end := o.Subscribe(0)
		if _, open := <-c; open {
			t.Error("a subscription after the end is open")
		}
		end()
		if err := o.Probe(t.Context(), key("p")); err == nil {
			t.Error("a probe after the end gave no error")
		}
	})
}

func TestSnapshotIsCached(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(3)
		o := observe(t, f, seeds("p"))
		defer o.stop()
		time.Sleep(7 * time.Second)
		a := o.Snapshot()
		if b := o.Snapshot(); a != b {
			t.Error("two snapshots of the same moment")
		}
		if err := o.Probe(t.Context(), key("p")); err != nil {
			t.Fatal(err)
		}
		if b := o.Snapshot(); a != b {
			t.Error("a new snapshot within the time in which figures may be old")
		}
		time.Sleep(200 * time.Millisecond)
		if b := o.Snapshot(); a == b {
			t.Error("the snapshot shows old figures for too long")
		}
		a = o.Snapshot()
		o.Apply(PutTag{Key: key("r0"), Tag: topology.Tag{Name: "n", Value: "v"}})
		if got := o.Snapshot().Instance(key("r0")).Tags; len(got) != 1 {
			t.Errorf("tags %v: a declared fact is not shown at once", got)
		}
		if len(a.Instance(key("r0")).Tags) != 0 {
			t.Error("an old snapshot changed")
		}
	})
}

func TestDeclaredFacts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(1)
		o := observe(t, f, seeds("p"))
		defer o.stop()
		now := time.Now()
		k := key("r0")
		o.Apply(SetTags{Key: k, Tags: []topology.Tag{{Name: "a"}}}) // before it is known
		time.Sleep(time.Second)
		o.Apply(SetDowntime{Key: k, Downtime: &topology.Downtime{Reason: "test", Begin: now, End: now.Add(time.Minute)}})
		o.Apply(SetMaintenance{Key: k, Maintenance: &topology.Maintenance{Key: k, Owner: "me", End: now.Add(2 * time.Minute)}})
		o.Apply(SetPromotionRule{Key: k, Rule: topology.PreferPromote, Until: now.Add(3 * time.Minute)})
		o.Apply(PutTag{Key: k, Tag: topology.Tag{Name: "b", Value: "1"}})
		o.Apply(SetUnresolved{Hostname: "r0", Name: "vip"})
		o.Apply(SetSnapshots{Key: k, Count: 2})
		for _, c := range []struct {
			name  string
			after time.Duration
			check func(i *topology.Instance) bool
		}{
			{"all of them", time.Second, func(i *topology.Instance) bool {
				return i.IsDowntimed(time.Now()) && i.Maintenance != nil && i.PromotionRule == topology.PreferPromote &&
					len(i.Tags) == 2 && i.UnresolvedHostname == "vip" && i.Snapshots == 2
			}},
			{"after probes still", 20 * time.Second, func(i *topology.Instance) bool {
				return i.Downtime != nil && i.Maintenance != nil && i.PromotionRule == topology.PreferPromote && len(i.Tags) == 2
			}},
			{"downtime is over", 50 * time.Second, func(i *topology.Instance) bool { return i.Downtime == nil && i.Maintenance != nil }},
			{"maintenance is over", 60 * time.Second, func(i *topology.Instance) bool {
				return i.Maintenance == nil && i.PromotionRule == topology.PreferPromote
			}},
			{"rule is over", 60 * time.Second, func(i *topology.Instance) bool { return i.PromotionRule == topology.NeutralPromote }},
		} {
			time.Sleep(c.after)
			if i := o.Instance(k); !c.check(i) {
				t.Errorf("%s: downtime %v maintenance %v rule %v tags %v", c.name, i.Downtime, i.Maintenance, i.PromotionRule, i.Tags)
			}
		}
		o.Apply(RemoveTag{Key: k, Name: "a"})
		o.Apply(SetUnresolved{Hostname: "r0"})
		if i := o.Instance(k); len(i.Tags) != 1 || i.UnresolvedHostname != "" {
			t.Errorf("tags %v unresolved %q", i.Tags, i.UnresolvedHostname)
		}
	})
}

func TestPromotionRuleOfTheServersQuery(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		rule := topology.MustNotPromote
		f.add("p", "").rule = &rule
		o := observe(t, f, func(c *config.Config) { c.DiscoverySeeds = []string{"p"} })
		defer o.stop()
		time.Sleep(2 * time.Hour)
		if got := o.Instance(key("p")).PromotionRule; got != rule {
			t.Errorf("rule %v", got)
		}
		f.set("p", func(s *pretended) { s.rule = nil })
		time.Sleep(2 * time.Hour)
		if got := o.Instance(key("p")).PromotionRule; got != topology.NeutralPromote {
			t.Errorf("rule %v did not expire", got)
		}
	})
}

// TestAServerThatWasStartedAnewBetweenTwoLooksIsBack: nobody saw it gone, and its option file may have opened it.
func TestAServerThatWasStartedAnewBetweenTwoLooksIsBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "")
		o := observe(t, f, seeds("p"))
		defer o.stop()
		time.Sleep(time.Minute)
		events, cancel := o.Subscribe(64)
		defer cancel()
		back := func() (n int) {
			time.Sleep(20 * time.Second)
			for {
				select {
				case e := <-events:
					if e.Kind == InstanceBack && e.Key == key("p") {
						n++
					}
				default:
					return n
				}
			}
		}
		if n := back(); n != 0 {
			t.Errorf("%d returns of a server that was never away", n)
		}
		f.set("p", func(s *pretended) { s.started = s.started.Add(time.Minute) })
		if n := back(); n != 0 {
			t.Errorf("%d returns of a server whose clock was set back", n)
		}
		f.set("p", func(s *pretended) { s.started = time.Now() })
		if n := back(); n != 1 {
			t.Errorf("%d returns, want 1", n)
		}
	})
}

// TestAcceptedErrantAlone: what is accepted stays when nothing else is declared about the server, and over probes.
func TestAcceptedErrantAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := observe(t, star(1), seeds("p"))
		defer o.stop()
		time.Sleep(time.Second)
		k := key("r0")
		o.Apply(SetAcceptedErrant{Key: k, Accepted: &topology.AcceptedErrant{Set: "x:1", Owner: "alice"}})
		time.Sleep(20 * time.Second)
		if i := o.Instance(k); i.Accepted == nil || i.Accepted.Set != "x:1" {
			t.Errorf("accepted: %+v", i.Accepted)
		}
		o.Apply(SetAcceptedErrant{Key: k})
		if i := o.Instance(k); i.Accepted != nil {
			t.Errorf("taken back: %+v", i.Accepted)
		}
	})
}
