package observe

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// memory is a Store that remembers.
type memory struct {
	mu        sync.Mutex
	instances map[topology.Key]*topology.Instance
	names     topology.Names
	overrides map[string]string
	rules     map[topology.Key]topology.PromotionRule
	downtimes map[topology.Key]topology.Downtime
	forgotten []topology.Key
	care      int
	saves     int
	broken    bool
}

func newMemory() *memory {
	return &memory{
		instances: make(map[topology.Key]*topology.Instance), overrides: make(map[string]string),
		rules: make(map[topology.Key]topology.PromotionRule), downtimes: make(map[topology.Key]topology.Downtime),
	}
}

// locked runs f while nobody else touches the store.
func (m *memory) locked(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

var errBroken = errors.New("disk full")

func (m *memory) err() error {
	if m.broken {
		return errBroken
	}
	return nil
}

func (m *memory) LoadInstances(context.Context) ([]*topology.Instance, topology.Names, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.instances)), m.names, m.err()
}

func (m *memory) LoadAliasOverrides(context.Context) (map[string]string, error) {
	return m.overrides, m.err()
}

func (m *memory) Observe(i *topology.Instance) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.instances[i.Key] = i
}

func (m *memory) ForgetInstances(_ context.Context, keys ...topology.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range keys {
		delete(m.instances, k)
	}
	m.forgotten = append(m.forgotten, keys...)
	return m.err()
}

func (m *memory) SaveNames(_ context.Context, n topology.Names) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.names = n
	m.saves++
	return m.err()
}

func (m *memory) BeginDowntime(_ context.Context, k topology.Key, d topology.Downtime) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.downtimes[k] = d
	return m.err()
}

func (m *memory) EndDowntime(_ context.Context, k topology.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.downtimes, k)
	return m.err()
}

func (m *memory) RegisterCandidate(_ context.Context, k topology.Key, r topology.PromotionRule) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rules[k] = r
	return m.err()
}

func (m *memory) Caretake(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.care++
	return m.err()
}

func withStore(m *memory) func(*Options) { return func(o *Options) { o.Store = m } }

func TestRestartShowsTheLastKnownPicture(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(2)
		f.set("p", func(s *pretended) { s.alias = "orders" })
		m := newMemory()
		first := observe(t, f, seeds("p"), withStore(m))
		time.Sleep(6 * time.Second)
		first.stop()
		if len(m.instances) != 3 || m.names.Aliases["p:3306"] != "orders" {
			t.Fatalf("stored: %d instances, names %v", len(m.instances), m.names.Aliases)
		}
		for _, i := range m.instances {
			if i.ClusterName != "p:3306" {
				t.Errorf("stored %s is in cluster %q", i.Key, i.ClusterName)
			}
		}
		ended := time.Now()
		time.Sleep(time.Hour)
		f.delay = time.Second
		for _, n := range []string{"p", "r0", "r1"} {
			f.set(n, func(s *pretended) { s.alias = "" })
		}
		second := observe(t, f, nil, withStore(m))
		defer second.stop()
		synctest.Wait()
		p := second.Instance(key("p"))
		if p == nil || !p.LastCheckValid() || p.Check.Seen.After(ended) || p.ClusterName != "p:3306" {
			t.Fatalf("the last known picture: %+v", p)
		}
		if got := second.Snapshot().Cluster("p:3306").Alias; got != "orders" {
			t.Errorf("alias %q", got)
		}
		if second.Complete("p:3306") {
			t.Error("complete before anybody was asked")
		}
		f.set("r1", func(s *pretended) { s.down = true })
		time.Sleep(2 * time.Second)
		if !second.Complete("p:3306") {
			t.Error("not complete though everybody was asked, well or not")
		}
		if second.Complete("nowhere:3306") {
			t.Error("a cluster that does not exist is complete")
		}
	})
}

func TestDeclaredFactsAreLoaded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(1)
		m := newMemory()
		now := time.Now()
		stored := &topology.Instance{Key: key("r0"), PromotionRule: topology.PreferPromote, UnresolvedHostname: "vip",
			Tags: []topology.Tag{{Name: "a"}}, Downtime: &topology.Downtime{Begin: now, End: now.Add(time.Hour)}}
		m.instances[stored.Key] = stored
		m.overrides["p:3306"] = "by-hand"
		o := observe(t, f, seeds("p"), withStore(m))
		defer o.stop()
		time.Sleep(11 * time.Second)
		i := o.Instance(key("r0"))
		if i.PromotionRule != topology.PreferPromote || len(i.Tags) != 1 || i.Downtime == nil || i.UnresolvedHostname != "vip" {
			t.Errorf("declared facts: %+v", i)
		}
		if got := o.Snapshot().Cluster("p:3306").Alias; got != "by-hand" {
			t.Errorf("alias %q", got)
		}
	})
}

func TestADeathIsSeenAlthoughTheLastCheckWasNotedByAClockThatWasAhead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(1)
		m := newMemory()
		first := observe(t, f, seeds("p"), withStore(m), func(o *Options) {
			o.Now = func() time.Time { return time.Now().Add(time.Hour) }
		})
		time.Sleep(6 * time.Second)
		first.stop()
		f.kill("p", 0)
		second := observe(t, f, nil, withStore(m))
		defer second.stop()
		time.Sleep(6 * time.Second)
		if p := second.Instance(key("p")); p.LastCheckValid() || p.Check.Seen.After(time.Now()) {
			t.Errorf("the check of a dead server: %+v", p.Check)
		}
	})
}

// TestAFormerPrimaryThatIsLostRightAfterIsAReplica: nobody has looked at it since it was made one.
func TestAFormerPrimaryThatIsLostRightAfterIsAReplica(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(2)
		o := observe(t, f, seeds("p"))
		defer o.stop()
		time.Sleep(time.Second)
		o.Apply(Promoted{key("r0")})
		o.Apply(Repointed{Key: key("p"), Source: key("r0")})
		f.kill("p", 0)
		synctest.Wait()
		p := o.Instance(key("p"))
		if p.Channel.Source != key("r0") || !p.ReadOnly || p.ClusterName != "r0:3306" {
			t.Errorf("it replicates from %s in the cluster %s, closed: %t", p.Channel.Source, p.ClusterName, p.ReadOnly)
		}
	})
}

func TestLoadFails(t *testing.T) {
	m := newMemory()
	m.broken = true
	o := New(Options{Prober: newFleet(), Store: m, Config: testConfig(nil)})
	if err := o.Run(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("Run: %v", err)
	}
}

func TestStoreFailuresDoNotStopObservation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(1)
		m := newMemory()
		o := observe(t, f, nil, withStore(m))
		defer o.stop()
		synctest.Wait()
		m.locked(func() { m.broken = true })
		o.discover(t, "p")
		time.Sleep(2 * time.Minute)
		if i := o.Instance(key("r0")); i == nil || !i.LastCheckValid() {
			t.Error("observation stopped")
		}
	})
}

func TestHousekeeping(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(1)
		m := newMemory()
		o := observe(t, f, func(c *config.Config) { c.DiscoverySeeds = []string{"p"}; c.UnseenInstanceForgetHours = 2 }, withStore(m))
		defer o.stop()
		time.Sleep(time.Minute)
		f.set("r0", func(s *pretended) { s.down = true })
		time.Sleep(time.Hour)
		if o.Instance(key("r0")) == nil {
			t.Fatal("forgotten too early")
		}
		var saves int
		m.locked(func() { saves = m.saves })
		time.Sleep(61 * time.Minute)
		m.locked(func() {
			if o.Instance(key("r0")) != nil || !slices.Contains(m.forgotten, key("r0")) {
				t.Error("not forgotten after UnseenInstanceForgetHours")
			}
			if m.care < 100 {
				t.Errorf("%d rounds of caretaking in two hours", m.care)
			}
			if n := m.saves - saves; n < 5 || n > 8 {
				t.Errorf("names that do not change were written %d times in an hour", n)
			}
		})
	})
}

func TestConfiguredDowntimeOfServersLeftBehindIsNotRenewed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("dead", "")
		f.set("dead", func(s *pretended) { s.down = true })
		o := observe(t, f, func(c *config.Config) {
			c.DiscoverySeeds = []string{"dead"}
			c.MasterFailoverLostInstancesDowntimeMinutes = 180
		}, withStore(newMemory()))
		defer o.stop()
		time.Sleep(time.Second)
		begin := time.Now()
		o.Apply(SetDowntime{key("dead"), &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: begin, End: begin.Add(3 * time.Hour)}})
		time.Sleep(2 * time.Hour)
		if d := o.Instance(key("dead")).Downtime; d == nil || !d.End.Equal(begin.Add(3*time.Hour)) {
			t.Errorf("downtime after two hours: %+v", d)
		}
		time.Sleep(time.Hour + time.Minute)
		if d := o.Instance(key("dead")).Downtime; d != nil {
			t.Errorf("downtime after its end: %+v", d)
		}
	})
}

func TestDowntimeOfServersLeftBehind(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "").alias = "orders"
		f.add("back", "p")
		f.add("dead", "")
		f.set("dead", func(s *pretended) { s.down = true })
		f.add("alone", "").alias = "other"
		m := newMemory()
		o := observe(t, f, seeds("p", "dead", "alone"), withStore(m))
		defer o.stop()
		f.set("back", func(s *pretended) { s.io = topology.ThreadStopped })
		time.Sleep(time.Second)
		begin := time.Now()
		for _, n := range []string{"back", "dead", "alone"} {
			o.Apply(SetDowntime{key(n), &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: begin, End: begin.Add(lostDowntime)}})
		}
		time.Sleep(30 * time.Second)
		if o.Instance(key("alone")).Downtime == nil {
			t.Error("ended within its first minute")
		}
		time.Sleep(2 * time.Hour)
		if d := o.Instance(key("back")).Downtime; d == nil || !d.End.After(begin.Add(lostDowntime)) {
			t.Errorf("not renewed: %+v", d)
		}
		if o.Instance(key("dead")).Downtime == nil {
			t.Error("the downtime of a dead server ended")
		}
		if o.Instance(key("alone")).Downtime != nil {
			t.Error("the only owner of its alias is still in downtime")
		}
		f.set("back", func(s *pretended) { s.io = topology.ThreadRunning })
		time.Sleep(11 * time.Second)
		if o.Instance(key("back")).Downtime != nil {
			t.Error("a server that replicates again is still in downtime")
		}
		m.locked(func() {
			if _, ok := m.downtimes[key("back")]; ok {
				t.Error("the end of the downtime was not stored")
			}
		})
	})
}

func TestErrantTransactions(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(2)
		up, ur := f.servers[key("p")].inst.ServerUUID, f.servers[key("r0")].inst.ServerUUID
		executed := func(name, set string) { f.set(name, func(s *pretended) { s.inst.ExecutedSet = set }) }
		executed("p", up+":1-10")
		executed("r0", up+":1-10")
		executed("r1", up+":1-8")
		o := observe(t, f, seeds("p"))
		defer o.stop()
		errant := func(step, name, want string) {
			t.Helper()
			if got := o.Instance(key(name)).ErrantSet; got != want {
				t.Errorf("%s: %s has errant set %q, want %q", step, name, got, want)
			}
		}
		time.Sleep(11 * time.Second)
		errant("clean", "r0", "")
		executed("r0", up+":1-10,"+ur+":1-2")
		time.Sleep(5100 * time.Millisecond)
		errant("own writes", "r0", ur+":1-2")
		errant("own writes", "r1", "")
		executed("r0", up+":1-12")
		time.Sleep(5100 * time.Millisecond)
		errant("gone, and ahead of the last look at the source", "r0", "")
		// Transactions of a former primary reach the source first; a replica that was read later has more of them.
		const former = "00000000-0000-0000-0000-00000000beef"
		for n := range 20 {
			set := up + ":1-12," + former + ":1-" + string(rune('1'+n%9))
			executed("p", set)
			executed("r0", set)
			executed("r1", set)
			time.Sleep(777 * time.Millisecond)
			errant("moving", "r0", "")
			errant("moving", "r1", "")
		}
	})
}

func TestMetrics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(2)
		o := observe(t, f, func(c *config.Config) {
			c.DiscoverySeeds = []string{"p"}
			c.DiscoveryCollectionRetentionSeconds = 20
			c.DiscoveryQueueMaxStatisticsSize = 5
		})
		defer o.stop()
		time.Sleep(time.Minute)
		records := o.ProbeRecords(time.Time{})
		if n := len(records); n < 12 || n > 15 {
			t.Errorf("%d records of three servers in 20 s", n)
		}
		if n := len(o.ProbeRecords(time.Now().Add(-6 * time.Second))); n < 3 || n > 4 {
			t.Errorf("%d records of the last 6 s", n)
		}
		if n := len(o.QueueSamples(DefaultQueue, 100)); n != 5 {
			t.Errorf("%d queue samples", n)
		}
		if n := len(o.QueueSamples(DeadQueue, 3)); n != 3 {
			t.Errorf("%d samples of the three wanted", n)
		}
		if o.QueueSamples("OTHER", 3) != nil {
			t.Error("samples of a queue that does not exist")
		}
		s := o.Stats()
		if s.Servers != 3 || s.Clusters != 1 || s.Sentinels != 1 || s.Invalid != 0 || s.Probes < 36 {
			t.Errorf("%+v", s)
		}
	})
}
