package observe

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

func TestServerStandsUnderItsOwnName(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("db1.example", "").own = "db1.example"
		f.add("db2.example", "vip").own = "db2.example"
		f.aliases[key("vip")] = key("db1.example")
		o := observe(t, f, nil)
		defer o.stop()
		i, err := o.Discover(t.Context(), key("vip"))
		if err != nil {
			t.Fatal(err)
		}
		if i.Key != key("db1.example") {
			t.Errorf("stands as %s", i.Key)
		}
		synctest.Wait()
		all := o.Snapshot()
		if all.Instance(key("vip")) != nil || all.Len() != 2 {
			t.Errorf("servers: %v", topology.Keys(all.Instances()))
		}
		r := all.Instance(key("db2.example"))
		if r.Channel.Source != key("db1.example") || r.Channel.SourceHost != "vip" || r.ClusterName != "db1.example:3306" {
			t.Errorf("replica: source %s (as written %s) cluster %s", r.Channel.Source, r.Channel.SourceHost, r.ClusterName)
		}
		if got := all.Names().Resolved["vip"]; got != "db1.example" {
			t.Errorf("vip resolves to %q", got)
		}
		before := len(f.seen("vip"))
		time.Sleep(20 * time.Second)
		if n := len(f.seen("vip")) - before; n != 0 {
			t.Errorf("the old name was asked %d times more", n)
		}
	})
}

func TestReplicaThatNamesItsSourceByAnotherName(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		for _, s := range []*pretended{f.add("db1", ""), f.add("db2", "vip")} {
			s.inst.ServerUUID, s.inst.Flavor = "", topology.FlavorMariaDB // nothing but the names to go by
		}
		f.set("db1", func(s *pretended) { s.own = "db1" })
		f.set("db2", func(s *pretended) { s.own = "db2" })
		f.aliases[key("vip")] = key("db1")
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "db2")
		if n, r := o.Snapshot().Len(), o.Instance(key("db2")); n != 2 || r.Channel.Source != key("db1") || r.ClusterName != "db1:3306" {
			t.Errorf("%d servers, the replica's source is %s, its cluster %s", n, r.Channel.Source, r.ClusterName)
		}
	})
}

func TestNameThatMovesToAnotherServer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("db1", "").own = "db1"
		f.add("db2", "").own = "db2"
		f.add("r", "vip").own = "r"
		f.aliases[key("vip")] = key("db1")
		o := observe(t, f, seeds("db1", "db2", "r"))
		defer o.stop()
		time.Sleep(time.Second)
		if got := o.Instance(key("r")).ClusterName; got != "db1:3306" {
			t.Fatalf("r is in %s", got)
		}
		f.mu.Lock()
		f.aliases[key("vip")] = key("db2")
		f.mu.Unlock()
		time.Sleep(6 * time.Second) // much less than the time for which names are remembered
		if got := o.Instance(key("r")).ClusterName; got != "db2:3306" {
			t.Errorf("r is in %s after its source's name moved", got)
		}
	})
}

func TestReplicasUseTwoNamesOfTheirSource(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "").inst.Reported = []topology.Key{key("r1"), key("second-name-of-r1")}
		f.add("r1", "p")
		f.add("r2", "second-name")
		f.aliases[key("second-name")] = key("p")
		f.aliases[key("second-name-of-r1")] = key("r1")
		o := observe(t, f, seeds("r1", "r2"))
		defer o.stop()
		time.Sleep(time.Second)
		check := func(step string) {
			t.Helper()
			all := o.Snapshot()
			if all.Len() != 3 || len(all.Clusters()) != 1 {
				t.Errorf("%s: servers %v in %d clusters", step, topology.Keys(all.Instances()), len(all.Clusters()))
			}
		}
		check("at first")
		before := make(map[string]int)
		pairs := [][2]string{{"p", "second-name"}, {"r1", "second-name-of-r1"}}
		for _, pair := range pairs {
			before[pair[0]], before[pair[1]] = len(f.seen(pair[0])), len(f.seen(pair[1]))
		}
		time.Sleep(time.Minute)
		check("after a minute")
		for _, pair := range pairs {
			a, b := len(f.seen(pair[0]))-before[pair[0]], len(f.seen(pair[1]))-before[pair[1]]
			if a+b != 12 || a != 0 && b != 0 {
				t.Errorf("%s was asked %d times by this name and %d times by the other", pair[0], a, b)
			}
		}
	})
}

func TestOwnNameThatCannotBeLookedUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("10.0.0.1", "").own = "3f2a6c1b9d0e"
		o := observe(t, f, nil, func(o *Options) { o.Resolver = noDNS{unknown: map[string]bool{"3f2a6c1b9d0e": true}} })
		defer o.stop()
		o.discover(t, "10.0.0.1")
		if o.Instance(key("10.0.0.1")) == nil {
			t.Error("the server was moved to a name under which nobody can reach it")
		}
	})
}

func TestRejectedOwnName(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("db1", "").own = "localhost"
		o := observe(t, f, func(c *config.Config) { c.RejectHostnameResolvePattern = "^localhost" })
		defer o.stop()
		o.discover(t, "db1")
		if o.Instance(key("db1")) == nil {
			t.Error("RejectHostnameResolvePattern was not heeded")
		}
	})
}

func TestResolveMethods(t *testing.T) {
	dns := noDNS{
		unknown: map[string]bool{"nowhere": true},
		cname:   map[string]string{"alias": "real.example"},
		ips:     map[string][]string{"alias": {"2001:db8::7", "10.0.0.7"}, "six": {"2001:db8::6"}},
	}
	for _, c := range []struct {
		name, method, host, want string
		fails                    bool
	}{
		{"none", "none", "alias", "alias", false},
		{"default", "default", "alias", "alias", false},
		{"cname", "cname", "alias", "real.example", false},
		{"cname of a name without one", "cname", "plain", "plain", false},
		{"cname fails", "cname", "nowhere", "nowhere", true},
		{"ip prefers IPv4", "ip", "alias", "10.0.0.7", false},
		{"ip takes IPv6", "ip", "six", "2001:db8::6", false},
		{"ip of a name without address", "ip", "plain", "plain", true},
		{"detached stays", "ip", "//alias", "//alias", false},
		{"trimmed", "none", " alias ", "alias", false},
		{"empty", "none", " ", "", true},
		{"a list", "none", "a,b", "a,b", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newResolver(dns, testConfig(func(cfg *config.Config) { cfg.HostnameResolveMethod = c.method }), time.Now)
			got, err := r.host(t.Context(), c.host)
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestResolveCache(t *testing.T) {
	now := time.Unix(1000, 0)
	dns := noDNS{cname: map[string]string{"a": "b"}, unknown: map[string]bool{"x": true}}
	r := newResolver(dns, testConfig(func(c *config.Config) {
		c.HostnameResolveMethod = "cname"
		c.RejectHostnameResolvePattern = "^bad"
	}), func() time.Time { return now })
	resolve := func(host, want string) {
		t.Helper()
		if got, _ := r.host(t.Context(), host); got != want {
			t.Errorf("%s resolves to %s, want %s", host, got, want)
		}
	}
	resolve("a", "b")
	dns.cname["a"] = "c"
	resolve("a", "b") // remembered
	now = now.Add(61 * time.Minute)
	resolve("a", "c")
	dns.cname["a"] = "bad.name"
	now = now.Add(61 * time.Minute)
	resolve("a", "a") // rejected
	resolve("x", "x")
	delete(dns.unknown, "x")
	dns.cname["x"] = "y"
	resolve("x", "x") // the failure is remembered
	now = now.Add(61 * time.Second)
	resolve("x", "y")
	if n := len(r.all()); n != 1 {
		t.Errorf("%d names remembered", n)
	}
	if r.forget() == 0 || len(r.all()) != 0 {
		t.Error("forget did not forget")
	}
}

func TestSourceByUnknownNameIsFoundByUUID(t *testing.T) {
	for _, c := range []struct {
		name  string
		first string
	}{
		{"source known first", "p"},
		{"replica known first", "r"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFleet()
				f.add("p", "")
				f.add("r", "internal-name")
				f.aliases[key("internal-name")] = key("p")
				f.set("r", func(s *pretended) { s.inst.Channel.SourceUUID = f.servers[key("p")].inst.ServerUUID })
				o := observe(t, f, nil)
				defer o.stop()
				f.mu.Lock()
				delete(f.aliases, key("internal-name")) // it cannot be reached from here
				f.mu.Unlock()
				o.discover(t, c.first)
				if c.first == "p" {
					o.discover(t, "r")
				} else {
					o.discover(t, "p")
				}
				all := o.Snapshot()
				if all.Len() != 2 || len(all.Clusters()) != 1 {
					t.Fatalf("servers %v", topology.Keys(all.Instances()))
				}
				if r := all.Instance(key("r")); r.ClusterName != "p:3306" {
					t.Errorf("r is in %s", r.ClusterName)
				}
			})
		})
	}
}

func TestTwoNamesOfOneServer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "")
		f.add("r", "p")
		f.aliases[key("other-name")] = key("p")
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "p")
		i, err := o.Discover(t.Context(), key("other-name"))
		if err != nil || i.Key != key("p") {
			t.Errorf("discovered %v, %v; want the server under the name that its replicas use", i, err)
		}
		if n := o.Snapshot().Len(); n != 2 {
			t.Errorf("%d servers", n)
		}
	})
}

func TestCopiedUUIDIsNoDouble(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(a, b *pretended, f *fleet)
	}{
		{"another server id", func(_, b *pretended, _ *fleet) { b.inst.ServerID = 77 }},
		{"started at another time", func(a, b *pretended, _ *fleet) {
			b.inst.ServerID = a.inst.ServerID
			b.started = b.started.Add(-time.Hour)
		}},
		{"another own name", func(a, b *pretended, _ *fleet) {
			b.inst.ServerID = a.inst.ServerID
			a.own, b.own = "a", "b"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFleet()
				a, b := f.add("a", ""), f.add("b", "")
				b.inst.ServerUUID = a.inst.ServerUUID
				c.change(a, b, f)
				o := observe(t, f, nil)
				defer o.stop()
				o.discover(t, "a")
				o.discover(t, "b")
				time.Sleep(20 * time.Second)
				if n := o.Snapshot().Len(); n != 2 {
					t.Errorf("%d servers, want both", n)
				}
			})
		})
	}
}

func TestTwoPortsOfOneHostAreTwoServers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		a := f.add("h", "")
		second := topology.Key{Hostname: "h", Port: 3307}
		copied := *a
		f.servers[second] = &copied
		o := observe(t, f, nil)
		defer o.stop()
		o.discover(t, "h")
		if _, err := o.Discover(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		if n := o.Snapshot().Len(); n != 2 {
			t.Errorf("%d servers", n)
		}
	})
}

func TestAliases(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "").alias = "orders"
		f.add("r", "p").alias = "from-the-replica"
		f.add("lone", "")
		o := observe(t, f, func(c *config.Config) {
			c.DiscoverySeeds = []string{"p", "lone"}
			c.ClusterNameToAlias = map[string]string{"^lone": "solo"}
		})
		defer o.stop()
		time.Sleep(time.Second)
		alias := func(cluster, want string) {
			t.Helper()
			c := o.Snapshot().Cluster(cluster)
			if c == nil || c.Alias != want {
				t.Errorf("cluster %s: %+v, want alias %s", cluster, c, want)
				return
			}
			if v := o.Cluster(cluster).Cluster(cluster); v.Alias != want {
				t.Errorf("cluster view of %s has alias %s", cluster, v.Alias)
			}
		}
		alias("p:3306", "orders")
		alias("lone:3306", "solo")
		if got := o.Instance(key("r")).SuggestedClusterAlias; got != "orders" {
			t.Errorf("the replica suggests %q, not what its source does", got)
		}
		o.Apply(SetClusterAlias{Cluster: "p:3306", Alias: "by-hand"})
		alias("p:3306", "by-hand")
		o.Apply(SetClusterAlias{Cluster: "p:3306"})
		alias("p:3306", "orders")
		f.set("p", func(s *pretended) { s.alias = "renamed" })
		time.Sleep(6 * time.Second)
		alias("p:3306", "renamed")
	})
}

func TestAliasGoesToTheClusterThatLives(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(2)
		f.set("p", func(s *pretended) { s.alias = "orders" })
		f.set("r0", func(s *pretended) { s.alias = "orders" })
		o := observe(t, f, seeds("p"))
		defer o.stop()
		time.Sleep(time.Second)
		f.kill("p", 0)
		time.Sleep(time.Second)
		f.set("r0", func(s *pretended) { s.source, s.io, s.inst.ReadOnly = topology.Key{}, topology.NoThread, false })
		f.set("r1", func(s *pretended) { s.source, s.io = key("r0"), topology.ThreadRunning })
		if err := o.Probe(t.Context(), key("r0"), key("r1")); err != nil {
			t.Fatal(err)
		}
		all := o.Snapshot()
		if got := all.Cluster("r0:3306").Alias; got != "orders" {
			t.Errorf("the new cluster has alias %s", got)
		}
		if got := all.Cluster("p:3306").Alias; got != "p:3306" {
			t.Errorf("what is left of the old cluster has alias %s", got)
		}
	})
}

func TestServersLeftBehindHaveNoSayInTheAlias(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("a", "").alias = "orders"
		f.add("b", "").alias = "orders"
		o := observe(t, f, seeds("a", "b"))
		defer o.stop()
		time.Sleep(6 * time.Second)
		if got := o.Snapshot().Cluster("a:3306").Alias; got != "orders" {
			t.Fatalf("of two equals a has the alias, but it is %s", got)
		}
		o.Apply(SetDowntime{key("a"), &topology.Downtime{
			Reason: topology.ReasonLostInRecovery, Begin: time.Now(), End: time.Now().Add(time.Hour)}})
		time.Sleep(6 * time.Second)
		if got := o.Snapshot().Cluster("b:3306").Alias; got != "orders" {
			t.Errorf("b has alias %s", got)
		}
	})
}

func TestDomainOfThePrimaryOnly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := star(1)
		f.set("p", func(s *pretended) { s.domain = "db.example" })
		f.set("r0", func(s *pretended) { s.domain = "wrong.example" })
		o := observe(t, f, seeds("p"))
		defer o.stop()
		time.Sleep(time.Second)
		if got := o.Snapshot().Cluster("p:3306").Domain; got != "db.example" {
			t.Errorf("domain %q", got)
		}
		if got := o.Instance(key("p")).ClusterDomain; got != "db.example" {
			t.Errorf("the primary's domain is %q", got)
		}
		if got := o.Instance(key("r0")).ClusterDomain; got != "" {
			t.Errorf("the replica's domain is %q", got)
		}
		f.set("p", func(s *pretended) { s.domain = "" })
		time.Sleep(62 * time.Minute)
		if got := o.Snapshot().Cluster("p:3306").Domain; got != "" {
			t.Errorf("domain %q did not expire", got)
		}
	})
}

func TestClassification(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("db1.east.example", "")
		f.add("db2.west.example", "").inst.DataCenter = "said-by-query"
		o := observe(t, f, func(c *config.Config) {
			c.DiscoverySeeds = []string{"db1.east.example", "db2.west.example"}
			c.DataCenterPattern = `[.]([^.]+)[.]example`
		})
		defer o.stop()
		time.Sleep(time.Second)
		if got := o.Instance(key("db1.east.example")).DataCenter; got != "east" {
			t.Errorf("by pattern: %q", got)
		}
		if got := o.Instance(key("db2.west.example")).DataCenter; got != "said-by-query" {
			t.Errorf("by query: %q", got)
		}
	})
}

func TestClassificationSurvivesAFailedQuery(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "").inst.Region = "eu"
		o := observe(t, f, seeds("p"))
		defer o.stop()
		time.Sleep(time.Second)
		f.set("p", func(s *pretended) { s.inst.Region = "" })
		time.Sleep(10 * time.Second)
		if got := o.Instance(key("p")).Region; got != "eu" {
			t.Errorf("region %q", got)
		}
	})
}

func TestHung(t *testing.T) {
	if hung(errors.New("refused")) || !hung(timeout{}) {
		t.Error("a refusal is no hang, a time-out is")
	}
	if !strings.Contains(timeout{}.Error(), "timeout") {
		t.Error("the fake says nothing")
	}
}

type timeout struct{}

func (timeout) Error() string   { return "i/o timeout" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return false }
