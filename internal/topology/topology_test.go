package topology

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// derived builds a topology of servers whose places are computed.
func derived(names Names, servers ...*Instance) *Topology {
	return New(Derive(servers, names), names)
}

// hosts prints the host names of instances.
func hosts(is []*Instance) string {
	var names []string
	for _, i := range is {
		names = append(names, i.Key.Hostname)
	}
	return strings.Join(names, " ")
}

func TestTopologyLooksUp(t *testing.T) {
	names := Names{Aliases: map[string]string{"a:3306": "orders"}, Domains: map[string]string{"a:3306": "orders.example.com"}}
	top := derived(names, server("c", "b"), server("b", "a"), server("a", ""), server("d", "a"), server("z", ""))

	if got := hosts(top.Instances()); got != "a b c d z" || top.Len() != 5 {
		t.Errorf("instances %q, %d of them", got, top.Len())
	}
	if top.Instance(Key{"b", 3306}) == nil || top.Instance(Key{"b", 3307}) != nil {
		t.Error("a server is known under its key alone")
	}
	if got := hosts(top.Replicas(Key{"a", 3306})); got != "b d" {
		t.Errorf("replicas of a: %q", got)
	}
	if got := top.ReplicaKeys(Key{"b", 3306}); !slices.Equal(got, []Key{{"c", 3306}}) {
		t.Errorf("replicas of b: %v", got)
	}
	if got := top.Replicas(Key{"c", 3306}); len(got) != 0 {
		t.Errorf("replicas of c: %q", hosts(got))
	}
	if s := top.Source(top.Instance(Key{"c", 3306})); s == nil || s.Key.Hostname != "b" {
		t.Errorf("source of c: %v", s)
	}
	if s := top.Source(top.Instance(Key{"a", 3306})); s != nil {
		t.Errorf("source of a: %v", s.Key)
	}
	if got := hosts(top.Descendants(Key{"a", 3306})); got != "b d c" {
		t.Errorf("below a: %q", got)
	}
	if got := top.Names(); got.Aliases["a:3306"] != "orders" {
		t.Errorf("names %v", got)
	}
}

func TestTopologyClusters(t *testing.T) {
	names := Names{Aliases: map[string]string{"a:3306": "orders"}, Domains: map[string]string{"a:3306": "orders.example.com"}}
	top := derived(names, server("z", ""), server("b", "a"), server("a", ""))

	clusters := top.Clusters()
	if len(clusters) != 2 || clusters[0].Name != "a:3306" || clusters[1].Name != "z:3306" {
		t.Fatalf("clusters %v", clusters)
	}
	if c := clusters[0]; c.Alias != "orders" || c.Domain != "orders.example.com" || hosts(c.Members) != "a b" {
		t.Errorf("%+v", c)
	}
	if c := clusters[1]; c.Alias != "z:3306" || c.Domain != "" || hosts(c.Members) != "z" {
		t.Errorf("a cluster without an alias goes by its name: %+v", c)
	}
	if top.Cluster("a:3306") != clusters[0] || top.Cluster("orders") != nil {
		t.Error("a cluster is known under its exact name")
	}
	if top.ClusterByAlias("orders") != clusters[0] || top.ClusterByAlias("z:3306") != clusters[1] || top.ClusterByAlias("z") != nil {
		t.Error("a cluster is found by its exact alias")
	}
}

func TestOfClustersWithOneAliasTheFirstIsFound(t *testing.T) {
	names := Names{Aliases: map[string]string{}}
	var servers []*Instance
	for _, host := range []string{"d", "b", "c", "a", "e"} {
		servers = append(servers, server(host, ""))
		names.Aliases[host+":3306"] = "same"
	}
	top := derived(names, servers...)
	for range 20 {
		if c := top.ClusterByAlias("same"); c.Name != "a:3306" {
			t.Fatalf("found %s", c.Name)
		}
	}
}

func TestReplicasByEveryWayOfNamingTheSource(t *testing.T) {
	for name, c := range map[string]struct {
		servers []*Instance
		names   Names
		want    string // replicas of a
	}{
		"by key":            {[]*Instance{server("a", ""), server("b", "a")}, Names{}, "b"},
		"by resolved name":  {[]*Instance{server("a", ""), server("b", "vip")}, Names{Resolved: map[string]string{"vip": "a"}}, "b"},
		"by UUID":           {[]*Instance{server("a", ""), server("b", "nat", knownByUUID("Ua"))}, Names{}, "b"},
		"a copied UUID":     {[]*Instance{server("a", ""), server("c", "", func(i *Instance) { i.ServerUUID = "Ua" }), server("b", "nat", knownByUUID("Ua"))}, Names{}, ""},
		"detached":          {[]*Instance{server("a", ""), server("b", "//a")}, Names{}, ""},
		"other port":        {[]*Instance{server("a", ""), server("b", "a", func(i *Instance) { i.Channel.Source.Port = 3307 })}, Names{}, ""},
		"resolved, unknown": {[]*Instance{server("a", ""), server("b", "vip")}, Names{Resolved: map[string]string{"vip": "x"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := hosts(derived(c.names, c.servers...).Replicas(Key{"a", 3306})); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestReplicasOfAnUnknownSourceAreKnown(t *testing.T) {
	top := derived(Names{}, server("b", "gone"), server("c", "gone"))
	if got := hosts(top.Replicas(Key{"gone", 3306})); got != "b c" {
		t.Errorf("%q: the replicas of a server that was never seen tell about it", got)
	}
	if s := top.Source(top.Instance(Key{"b", 3306})); s != nil {
		t.Errorf("source %v", s.Key)
	}
}

func TestDescendantsEndInRings(t *testing.T) {
	top := derived(Names{}, server("a", "b"), server("b", "a"), server("r", "b"))
	for from, want := range map[string]string{"a": "b r", "b": "a r", "r": ""} {
		if got := hosts(top.Descendants(Key{from, 3306})); got != want {
			t.Errorf("below %s: %q, want %q", from, got, want)
		}
	}
}

func TestIsPrimary(t *testing.T) {
	for name, c := range map[string]struct {
		server *Instance
		want   bool
	}{
		"no source":          {server("a", ""), true},
		"replica":            {server("a", "b"), false},
		"placeholder":        {server("a", "_"), true},
		"detached":           {server("a", "//b"), true},
		"source, no port":    {server("a", "b", func(i *Instance) { i.Channel.Source.Port = 0 }), true},
		"group primary":      {server("a", "", inGroup("a")), true},
		"group secondary":    {server("a", "", inGroup("b")), false},
		"primary with above": {server("a", "b", inGroup("a")), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := IsPrimary(c.server); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestClusterPrimaries(t *testing.T) {
	for name, c := range map[string]struct {
		servers []*Instance
		want    string
	}{
		"a tree": {[]*Instance{server("b", ""), server("a", "b")}, "b"},
		"a ring, the owner of the name first": {
			[]*Instance{server("a", "b", named("b")), server("b", "a", named("b")), server("c", "a")}, "b a",
		},
		"a ring of three": {[]*Instance{server("a", "b"), server("b", "c"), server("c", "a")}, "a c b"},
	} {
		t.Run(name, func(t *testing.T) {
			clusters := derived(Names{}, c.servers...).Clusters()
			if len(clusters) != 1 {
				t.Fatalf("%d clusters", len(clusters))
			}
			if got := hosts(clusters[0].Primaries()); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestFuzzy(t *testing.T) {
	top := New([]*Instance{
		{Key: Key{"db1.east.example.com", 3306}},
		{Key: Key{"db11.east.example.com", 3306}},
		{Key: Key{"db1.west.example.com", 3307}},
		{Key: Key{"db1", 3306}},
		{Key: Key{"10.0.0.12", 3306}},
	}, Names{})
	for name, c := range map[string]struct {
		ask  Key
		want string
	}{
		"exact, though it is part of others": {Key{"db1", 3306}, "db1"},
		"part of one name":                   {Key{"db11", 3306}, "db11.east.example.com"},
		"part in the middle":                 {Key{"1.east", 3306}, "db1.east.example.com db11.east.example.com"},
		"the port must be the same":          {Key{"db1", 3307}, "db1.west.example.com"},
		"another port":                       {Key{"db1", 3308}, ""},
		"exact address":                      {Key{"10.0.0.12", 3306}, "10.0.0.12"},
		"an address is no part of another":   {Key{"10.0.0.1", 3306}, ""},
		"nothing":                            {Key{"", 3306}, ""},
		"letters count":                      {Key{"DB11", 3306}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, k := range top.Fuzzy(c.ask) {
				got = append(got, k.Hostname)
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("%q, want %q", text, c.want)
			}
		})
	}
}

func TestNewDoesNotChangeItsInput(t *testing.T) {
	given := []*Instance{server("b", ""), server("a", "")}
	New(given, Names{})
	if hosts(given) != "b a" {
		t.Errorf("the given slice is now in the order %q", hosts(given))
	}
}

func TestTopologyAgreesWithDerive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFleet(t)
		top := New(Derive(f.servers, f.names), f.names)
		for k, i := range f.servers {
			p := f.parent[k]
			if p < 0 || i.Group.IsSecondary() { // replicas are those of the main channel
				continue
			}
			source := top.Source(top.Instance(i.Key))
			if source == nil || source.Key != f.servers[p].Key {
				t.Fatalf("the source of %s is %v, want %s", i.Key, source, f.servers[p].Key)
			}
			if !slices.Contains(top.ReplicaKeys(source.Key), i.Key) {
				t.Fatalf("%s is not among the replicas of %s", i.Key, source.Key)
			}
		}
		members := 0
		for _, c := range top.Clusters() {
			members += len(c.Members)
			if len(c.Primaries()) == 0 {
				t.Fatalf("cluster %s has no top", c.Name)
			}
		}
		if members != top.Len() {
			t.Fatalf("%d members in all clusters, %d servers", members, top.Len())
		}
	})
}
