package observe

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

func TestCrawlFromOneServer(t *testing.T) {
	for _, c := range []struct {
		name  string
		start string
	}{
		{"from the primary down", "p"},
		{"from a replica up and down", "r1"},
		{"from the end of a chain", "rr"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFleet()
				f.add("p", "")
				f.add("r1", "p")
				f.add("r2", "p")
				f.add("rr", "r2")
				o := observe(t, f, nil)
				defer o.stop()
				o.discover(t, c.start)
				all := o.Snapshot()
				if all.Len() != 4 || len(all.Clusters()) != 1 {
					t.Fatalf("got %d servers in %d clusters", all.Len(), len(all.Clusters()))
				}
				rr := all.Instance(key("rr"))
				if rr.ClusterName != "p:3306" || rr.Depth != 2 {
					t.Errorf("rr: cluster %s depth %d", rr.ClusterName, rr.Depth)
				}
				if got := o.ClusterOf(key("rr")); got.Len() != 4 {
					t.Errorf("ClusterOf has %d servers", got.Len())
				}
				if !o.Complete("p:3306") {
					t.Error("every server was asked, but the cluster is not complete")
				}
			})
		})
	}
}

func TestSeeds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "")
		f.add("gone", "")
		f.set("gone", func(s *pretended) { s.down = true })
		o := observe(t, f, seeds("p", "gone:3306", "bad:port"))
		defer o.stop()
		synctest.Wait()
		if i := o.Instance(key("p")); i == nil || !i.LastCheckValid() {
			t.Error("seed p is not in the picture")
		}
		i := o.Instance(key("gone"))
		if i == nil || i.LastCheckValid() || i.Check.Err == "" {
			t.Errorf("an unreachable seed shall stay visible with its error: %+v", i)
		}
		if got := len(o.Seeds()); got != 2 {
			t.Errorf("%d seeds", got)
		}
	})
}

func TestUnknownSourceStaysAStub(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("r", "nowhere")
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "r")
		stub := o.Instance(key("nowhere"))
		if stub == nil || !stub.Check.Seen.IsZero() || !strings.Contains(stub.Check.Err, "refused") {
			t.Fatalf("stub: %+v", stub)
		}
		if r := o.Instance(key("r")); r.ClusterName != "nowhere:3306" || r.Depth != 1 {
			t.Errorf("r is in %s at depth %d", r.ClusterName, r.Depth)
		}
		f.set("r", func(s *pretended) { s.source, s.io = topology.Key{}, topology.NoThread })
		if err := o.Probe(t.Context(), key("r")); err != nil {
			t.Fatal(err)
		}
		if o.Instance(key("nowhere")) != nil {
			t.Error("the stub stayed after its last replica left")
		}
		if r := o.Instance(key("r")); r.ClusterName != "r:3306" {
			t.Errorf("r is in %s", r.ClusterName)
		}
	})
}

func TestDiscoverRefuses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "")
		f.add("filtered", "")
		f.add("dead", "")
		f.set("dead", func(s *pretended) { s.down = true })
		o := observe(t, f, func(c *config.Config) { c.DiscoveryIgnoreHostnameFilters = []string{"^filtered"} })
		defer o.stop()
		for _, c := range []struct {
			name string
			key  topology.Key
			want string
		}{
			{"detached", key("//p"), "not the address"},
			{"no port", topology.Key{Hostname: "p"}, "not the address"},
			{"filtered", key("filtered"), "DiscoveryIgnoreHostnameFilters"},
			{"dead", key("dead"), "refused"},
		} {
			if _, err := o.Discover(t.Context(), c.key); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if n := o.Snapshot().Len(); n != 0 {
			t.Errorf("%d servers in the picture", n)
		}
		time.Sleep(time.Minute)
		if n := len(f.seen("dead")); n != 1 {
			t.Errorf("a server that nobody vouches for was asked %d times", n)
		}
	})
}

func TestFilters(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "up")
		f.add("up", "")
		f.add("r1", "p")
		f.add("skip-r", "p")
		user := f.add("byuser", "p")
		user.inst.Channel.User = "cdc"
		o := observe(t, f, func(c *config.Config) {
			c.DiscoveryIgnoreReplicaHostnameFilters = []string{"^skip"}
			c.DiscoveryIgnoreMasterHostnameFilters = []string{"^up:"}
			c.DiscoveryIgnoreReplicationUsernameFilters = []string{"^cdc$"}
		})
		defer o.stop()
		o.discover(t, "p")
		for name, want := range map[string]bool{"p": true, "r1": true, "skip-r": false, "up": false, "byuser": false} {
			if got := o.Instance(key(name)) != nil; got != want {
				t.Errorf("%s in the picture: %v", name, got)
			}
		}
	})
}

func TestForgetKeepsOutForThreePolls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "")
		f.add("r", "p")
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "p")
		if err := o.Forget(key("r")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(14 * time.Second)
		if o.Instance(key("r")) != nil {
			t.Fatal("r is back within three poll intervals")
		}
		time.Sleep(7 * time.Second)
		if o.Instance(key("r")) == nil {
			t.Error("r is not found again after three poll intervals though p reports it")
		}
		if err := o.ForgetCluster("p:3306"); err != nil {
			t.Fatal(err)
		}
		if n := o.Snapshot().Len(); n != 0 {
			t.Errorf("%d servers after forgetting the cluster", n)
		}
		if err := o.Forget(key("p")); err == nil {
			t.Error("forgetting an unknown server gave no error")
		}
		o.discover(t, "r")
		if o.Instance(key("r")) == nil {
			t.Error("an explicit discovery shall overrule forgetting")
		}
	})
}

func TestPhantomReplicaIsAskedEverMoreSeldom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		p := f.add("p", "")
		p.inst.Reported = []topology.Key{key("phantom")}
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "p")
		time.Sleep(2 * time.Minute)
		if o.Instance(key("phantom")) != nil {
			t.Error("a reported server that never answered is in the picture")
		}
		if n := len(f.seen("phantom")); n < 3 || n > 7 {
			t.Errorf("phantom was asked %d times in two minutes", n)
		}
	})
}

func TestGraphMoves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("a", "")
		f.add("b", "a")
		f.add("c", "b")
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "a")
		check := func(step string, want map[string]string) {
			t.Helper()
			for name, cluster := range want {
				if got := o.Instance(key(name)).ClusterName; got != cluster {
					t.Errorf("%s: %s is in %s, want %s", step, name, got, cluster)
				}
			}
			for _, c := range o.Snapshot().Clusters() {
				if got := o.Cluster(c.Name); got == nil || got.Len() != len(c.Members) {
					t.Errorf("%s: Cluster(%s) differs from the snapshot", step, c.Name)
				}
			}
		}
		move := func(name, source string) {
			f.set(name, func(s *pretended) {
				s.source, s.io = key(source), topology.ThreadRunning
				if source == "" {
					s.source, s.io = topology.Key{}, topology.NoThread
				}
			})
		}
		probe := func(names ...string) {
			for _, n := range names {
				if err := o.Probe(t.Context(), key(n)); err != nil {
					t.Fatal(err)
				}
			}
		}
		check("chain", map[string]string{"a": "a:3306", "b": "a:3306", "c": "a:3306"})
		move("b", "")
		probe("b")
		check("b promoted", map[string]string{"a": "a:3306", "b": "b:3306", "c": "b:3306"})
		move("a", "b")
		probe("a")
		check("a rejoined", map[string]string{"a": "b:3306", "b": "b:3306", "c": "b:3306"})
		if o.Cluster("a:3306") != nil {
			t.Error("cluster a:3306 still exists")
		}
		move("b", "a")
		probe("b")
		check("ring", map[string]string{"a": "b:3306", "b": "b:3306", "c": "b:3306"})
		if !o.Instance(key("a")).IsCoPrimary || !o.Instance(key("b")).IsCoPrimary || o.Instance(key("c")).IsCoPrimary {
			t.Error("a and b are co-primaries, c is not")
		}
	})
}
