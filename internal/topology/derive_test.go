package topology

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// placed is what Derive says of one server, as short text: cluster, depth, ring, ancestors.
func placed(i *Instance) string {
	text := fmt.Sprintf("%s %d", strings.TrimSuffix(i.ClusterName, ":3306"), i.Depth)
	if i.IsCoPrimary {
		text += " ring"
	}
	if i.AncestryUUID != "" {
		text += " " + i.AncestryUUID
	}
	return text
}

// server makes a server whose UUID is its name with U before it. The source may be a host name or empty.
func server(host, source string, changes ...func(*Instance)) *Instance {
	i := &Instance{Key: Key{host, 3306}, ServerUUID: "U" + host}
	if source != "" {
		i.Channel.Source = Key{source, 3306}
	}
	for _, change := range changes {
		change(i)
	}
	return i
}

func knownByUUID(uuid string) func(*Instance) {
	return func(i *Instance) { i.Channel.SourceUUID = uuid }
}

func named(cluster string) func(*Instance) {
	return func(i *Instance) { i.ClusterName = cluster + ":3306" }
}

func inGroup(primary string) func(*Instance) {
	return func(i *Instance) {
		i.Group = Group{Name: "G", MemberState: "ONLINE", MemberRole: "SECONDARY"}
		if primary == i.Key.Hostname {
			i.Group.MemberRole = "PRIMARY"
		}
		if primary != "" {
			i.Group.Primary = Key{primary, 3306}
		}
	}
}

func TestDerive(t *testing.T) {
	noUUID := func(i *Instance) { i.ServerUUID = "" }
	uuid := func(u string) func(*Instance) { return func(i *Instance) { i.ServerUUID = u } }
	for name, c := range map[string]struct {
		servers []*Instance
		names   Names
		want    map[string]string
	}{
		"a server alone": {
			servers: []*Instance{server("a", "")},
			want:    map[string]string{"a": "a 0 Ua"},
		},
		"a primary with two replicas": {
			servers: []*Instance{server("b", "a"), server("a", ""), server("c", "a")},
			want:    map[string]string{"a": "a 0 Ua", "b": "a 1 Ua,Ub", "c": "a 1 Ua,Uc"},
		},
		"a chain, the lowest first": {
			servers: []*Instance{server("d", "c"), server("c", "b"), server("b", "a"), server("a", "")},
			want:    map[string]string{"a": "a 0 Ua", "b": "a 1 Ua,Ub", "c": "a 2 Ua,Ub,Uc", "d": "a 3 Ua,Ub,Uc,Ud"},
		},
		"servers without UUIDs": {
			servers: []*Instance{server("a", "", noUUID), server("b", "a", noUUID)},
			want:    map[string]string{"a": "a 0", "b": "a 1"},
		},
		"an old name is given up": {
			servers: []*Instance{server("a", "", named("z")), server("b", "a", named("b"))},
			want:    map[string]string{"a": "a 0 Ua", "b": "a 1 Ua,Ub"},
		},
		"an unknown source": {
			servers: []*Instance{server("b", "gone"), server("c", "b")},
			want:    map[string]string{"b": "b 0 Ub", "c": "b 1 Ub,Uc"},
		},
		"a detached source": {
			servers: []*Instance{server("a", ""), server("b", "//a")},
			want:    map[string]string{"a": "a 0 Ua", "b": "b 0 Ub"},
		},
		"a detached source is not found by its UUID either": {
			servers: []*Instance{server("a", ""), server("b", "//a", knownByUUID("Ua"))},
			want:    map[string]string{"a": "a 0 Ua", "b": "b 0 Ub"},
		},
		"a placeholder as source": {
			servers: []*Instance{server("a", ""), server("b", "_", knownByUUID("Ua"))},
			want:    map[string]string{"a": "a 0 Ua", "b": "b 0 Ub"},
		},
		"a source by the name that it resolves to": {
			servers: []*Instance{server("a", ""), server("b", "vip")},
			names:   Names{Resolved: map[string]string{"vip": "a"}},
			want:    map[string]string{"a": "a 0 Ua", "b": "a 1 Ua,Ub"},
		},
		"a name that resolves to nobody known": {
			servers: []*Instance{server("a", ""), server("b", "vip")},
			names:   Names{Resolved: map[string]string{"vip": "elsewhere"}},
			want:    map[string]string{"a": "a 0 Ua", "b": "b 0 Ub"},
		},
		"a source known only by its UUID": {
			servers: []*Instance{server("a", ""), server("b", "nat", knownByUUID("Ua"))},
			want:    map[string]string{"a": "a 0 Ua", "b": "a 1 Ua,Ub"},
		},
		"the name counts more than the UUID": {
			servers: []*Instance{server("a", ""), server("b", ""), server("c", "b", knownByUUID("Ua"))},
			want:    map[string]string{"a": "a 0 Ua", "b": "b 0 Ub", "c": "b 1 Ub,Uc"},
		},
		"a UUID that two servers have tells nothing": {
			servers: []*Instance{server("a", "", uuid("U")), server("b", "", uuid("U")), server("c", "nat", knownByUUID("U"))},
			want:    map[string]string{"a": "a 0 U", "b": "b 0 U", "c": "c 0 Uc"},
		},
		"nor one that three have": {
			servers: []*Instance{server("a", "", uuid("U")), server("b", "", uuid("U")), server("c", "", uuid("U")), server("d", "nat", knownByUUID("U"))},
			want:    map[string]string{"a": "a 0 U", "b": "b 0 U", "c": "c 0 U", "d": "d 0 Ud"},
		},
		"a copied server is not its own source": {
			servers: []*Instance{server("a", "nat", knownByUUID("Ua"))},
			want:    map[string]string{"a": "a 0 Ua"},
		},
		"two servers with one UUID, one below the other": {
			servers: []*Instance{server("a", "", uuid("U")), server("b", "a", uuid("U"), knownByUUID("U"))},
			want:    map[string]string{"a": "a 0 U", "b": "a 1 U"},
		},
		"secondaries stand under the primary of their group": {
			servers: []*Instance{server("c", "", inGroup("b")), server("b", "", inGroup("b")), server("a", "", inGroup("b"))},
			want:    map[string]string{"a": "b 1 Ub,G,Ua", "b": "b 0 Ub,G", "c": "b 1 Ub,G,Uc"},
		},
		"a secondary stands there even when it names a source": {
			servers: []*Instance{server("x", ""), server("a", "", inGroup("a")), server("b", "x", inGroup("a"))},
			want:    map[string]string{"x": "x 0 Ux", "a": "a 0 Ua,G", "b": "a 1 Ua,G,Ub"},
		},
		"a group whose primary replicates from outside": {
			servers: []*Instance{server("x", ""), server("a", "x", inGroup("a")), server("b", "", inGroup("a"))},
			want:    map[string]string{"x": "x 0 Ux", "a": "x 1 Ux,Ua,G", "b": "x 2 Ux,Ua,G,Ub"},
		},
		"a replica of a secondary": {
			servers: []*Instance{server("a", "", inGroup("a")), server("b", "", inGroup("a")), server("r", "b")},
			want:    map[string]string{"a": "a 0 Ua,G", "b": "a 1 Ua,G,Ub", "r": "a 2 Ua,G,Ub,Ur"},
		},
		"a group whose primary is not known": {
			servers: []*Instance{server("b", "", inGroup("")), server("c", "", inGroup("gone"))},
			want:    map[string]string{"b": "b 0 Ub,G", "c": "c 0 Uc,G"},
		},
		"a secondary that takes itself for the primary follows its source": {
			servers: []*Instance{server("x", ""), server("a", "x", inGroup("a"), func(i *Instance) { i.Group.MemberRole = "SECONDARY" })},
			want:    map[string]string{"x": "x 0 Ux", "a": "x 1 Ux,Ua,G"},
		},
		"a server that got a new UUID": {
			servers: []*Instance{
				server("a", "", named("a"), uuid("new"), func(i *Instance) { i.AncestryUUID = "old" }),
				server("b", "a", named("a"), func(i *Instance) { i.Depth, i.AncestryUUID = 1, "old,Ub" }),
			},
			want: map[string]string{"a": "a 0 new", "b": "a 1 new,Ub"},
		},
		"a ring of two takes the smaller key": {
			servers: []*Instance{server("b", "a"), server("a", "b")},
			want:    map[string]string{"a": "a 0 ring Ub,Ua", "b": "a 1 ring Ua,Ub"},
		},
		"a ring keeps the name of its member": {
			servers: []*Instance{server("a", "b", named("b")), server("b", "a", named("b"))},
			want:    map[string]string{"a": "b 1 ring Ub,Ua", "b": "b 0 ring Ua,Ub"},
		},
		"a ring gives up the name of a server outside": {
			servers: []*Instance{server("z", ""), server("a", "b", named("z")), server("b", "a", named("z"))},
			want:    map[string]string{"z": "z 0 Uz", "a": "a 0 ring Ub,Ua", "b": "a 1 ring Ua,Ub"},
		},
		"two primaries become a ring": {
			servers: []*Instance{server("b", "a", named("b")), server("a", "b", named("a"))},
			want:    map[string]string{"a": "a 0 ring Ub,Ua", "b": "a 1 ring Ua,Ub"},
		},
		"a ring of three, each replicating from the next": {
			servers: []*Instance{server("a", "b"), server("b", "c"), server("c", "a")},
			want:    map[string]string{"a": "a 0 ring Ub,Ua", "c": "a 1 ring Ua,Uc", "b": "a 2 ring Uc,Ub"},
		},
		"replicas below a ring": {
			servers: []*Instance{server("s", "r"), server("r", "b"), server("a", "b"), server("b", "a")},
			want:    map[string]string{"a": "a 0 ring Ub,Ua", "b": "a 1 ring Ua,Ub", "r": "a 2 Ua,Ub,Ur", "s": "a 3 Ua,Ub,Ur,Us"},
		},
		"a server that names itself": {
			servers: []*Instance{server("a", "a"), server("b", "a")},
			want:    map[string]string{"a": "a 0 ring Ua", "b": "a 1 Ua,Ub"},
		},
		"a ring that has been broken": {
			servers: []*Instance{
				server("a", "", named("b"), func(i *Instance) { i.IsCoPrimary, i.Depth, i.AncestryUUID = true, 1, "Ub,Ua" }),
				server("b", "a", named("b"), func(i *Instance) { i.IsCoPrimary, i.AncestryUUID = true, "Ua,Ub" }),
			},
			want: map[string]string{"a": "a 0 Ua", "b": "a 1 Ua,Ub"},
		},
		"no servers": {want: map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Derive(c.servers, c.names)
			if len(got) != len(c.want) {
				t.Fatalf("%d servers, want %d", len(got), len(c.want))
			}
			for n, i := range got {
				if i.Key != c.servers[n].Key {
					t.Errorf("place %d holds %s, want %s", n, i.Key, c.servers[n].Key)
				}
				if want := c.want[i.Key.Hostname]; placed(i) != want {
					t.Errorf("%s: %q, want %q", i.Key.Hostname, placed(i), want)
				}
			}
		})
	}
}

func TestDeriveLeavesWhatItWasGiven(t *testing.T) {
	before := []*Instance{server("a", ""), server("b", "a")}
	after := Derive(before, Names{})
	if before[0].ClusterName != "" || before[1].Depth != 0 {
		t.Errorf("the given instances were changed: %+v, %+v", before[0], before[1])
	}
	again := Derive(after, Names{})
	if again[0] != after[0] || again[1] != after[1] {
		t.Error("unchanged instances must be returned as they are")
	}
}

func TestRingsKeepTheirName(t *testing.T) {
	for size := 2; size <= 5; size++ {
		for owner := range size {
			t.Run(fmt.Sprintf("%d servers, named after number %d", size, owner), func(t *testing.T) {
				var ring []*Instance
				for n := range size {
					ring = append(ring, server(strconv.Itoa(n), strconv.Itoa((n+1)%size), named(strconv.Itoa(owner))))
				}
				for range 6 {
					shuffle(ring)
					for _, i := range Derive(ring, Names{}) {
						n, _ := strconv.Atoi(i.Key.Hostname)
						distance := (owner - n + size) % size // each replicates from the next
						want := Instance{ClusterName: strconv.Itoa(owner) + ":3306", Depth: distance, IsCoPrimary: true}
						if i.ClusterName != want.ClusterName || i.Depth != want.Depth || !i.IsCoPrimary {
							t.Errorf("%s: %s, want cluster %s, depth %d", i.Key, placed(i), want.ClusterName, distance)
						}
					}
				}
			})
		}
	}
}

func TestARingThatLosesItsOwnerTakesTheSmallestKey(t *testing.T) {
	for size := 2; size <= 5; size++ {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			var ring []*Instance
			for n := range size {
				ring = append(ring, server(strconv.Itoa(n), strconv.Itoa((n+1)%size), named("gone")))
			}
			for range 6 {
				shuffle(ring)
				for _, i := range Derive(ring, Names{}) {
					if i.ClusterName != "0:3306" {
						t.Errorf("%s: %s", i.Key, placed(i))
					}
				}
			}
		})
	}
}

func shuffle(is []*Instance) {
	rand.Shuffle(len(is), func(a, b int) { is[a], is[b] = is[b], is[a] })
}

// fleet is a random graph with what it is known to be: parent is the index of each server's true source, or -1.
type fleet struct {
	servers []*Instance
	parent  []int
	names   Names
}

// drawFleet lets every server have any other as its source, named in any of the ways in which a source can be named,
// so that trees, chains, rings and servers alone come up.
func drawFleet(t *rapid.T) fleet {
	n := rapid.IntRange(1, 10).Draw(t, "servers")
	f := fleet{parent: make([]int, n), names: Names{Resolved: map[string]string{}}}
	host := func(n int) string { return fmt.Sprintf("h%02d", n) }
	for k := range n {
		i := server(host(k), "")
		f.servers = append(f.servers, i)
		f.parent[k] = -1
		if rapid.Bool().Draw(t, "was named") {
			i.ClusterName = host(rapid.IntRange(0, n).Draw(t, "name")) + ":3306"
		}
		source := rapid.IntRange(0, n-1).Draw(t, "source")
		switch way := rapid.SampledFrom([]string{"none", "unknown", "detached", "key", "resolved", "uuid", "group"}).Draw(t, "way"); {
		case way == "none" || source == k:
		case way == "unknown":
			i.Channel.Source = Key{"nobody", 3306}
		case way == "detached":
			i.Channel.Source = Key{host(source), 3306}.Detached()
		case way == "key":
			i.Channel.Source = Key{host(source), 3306}
			f.parent[k] = source
		case way == "resolved":
			i.Channel.Source = Key{"vip-" + host(source), 3306}
			f.names.Resolved["vip-"+host(source)] = host(source)
			f.parent[k] = source
		case way == "uuid":
			i.Channel.Source, i.Channel.SourceUUID = Key{"nat", 3306}, "U"+host(source)
			f.parent[k] = source
		case way == "group":
			i.Group = Group{Name: "G", MemberState: "ONLINE", MemberRole: "SECONDARY", Primary: Key{host(source), 3306}}
			f.parent[k] = source
		}
	}
	return f
}

// inRing says whether following the parents from server k comes back to k.
func (f *fleet) inRing(k int) bool {
	at := f.parent[k]
	for range f.servers {
		if at < 0 || at == k {
			break
		}
		at = f.parent[at]
	}
	return at == k
}

// connected says of any two servers whether parents connect them, in either direction.
func (f *fleet) connected() [][]bool {
	n := len(f.servers)
	reach := make([][]bool, n)
	for a := range reach {
		reach[a] = make([]bool, n)
		reach[a][a] = true
	}
	for k, p := range f.parent {
		if p >= 0 {
			reach[k][p], reach[p][k] = true, true
		}
	}
	for via := range n {
		for a := range n {
			for b := range n {
				reach[a][b] = reach[a][b] || reach[a][via] && reach[via][b]
			}
		}
	}
	return reach
}

func TestDeriveIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFleet(t)
		once := Derive(f.servers, f.names)
		for n, i := range Derive(once, f.names) {
			if i != once[n] {
				t.Fatalf("%s: first %s, then %s", i.Key, placed(once[n]), placed(i))
			}
		}
	})
}

func TestDeriveDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFleet(t)
		want := make(map[Key]string)
		for _, i := range Derive(f.servers, f.names) {
			want[i.Key] = placed(i)
		}
		for _, i := range Derive(rapid.Permutation(f.servers).Draw(t, "order"), f.names) {
			if placed(i) != want[i.Key] {
				t.Fatalf("%s: %s in one order, %s in another", i.Key, want[i.Key], placed(i))
			}
		}
	})
}

func TestDeriveNamesEachComponentAfterItsTop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFleet(t)
		got, reach := Derive(f.servers, f.names), f.connected()
		for a := range got {
			owner := slices.IndexFunc(got, func(i *Instance) bool { return i.Key.String() == got[a].ClusterName })
			if owner < 0 || !reach[a][owner] {
				t.Fatalf("%s is named %s, which is no server of its component", got[a].Key, got[a].ClusterName)
			}
			if got[owner].Depth != 0 {
				t.Fatalf("%s gives the name of its cluster and has depth %d", got[owner].Key, got[owner].Depth)
			}
			for b := range got {
				if (got[a].ClusterName == got[b].ClusterName) != reach[a][b] {
					t.Fatalf("%s (%s) and %s (%s): connected %v", got[a].Key, placed(got[a]), got[b].Key, placed(got[b]), reach[a][b])
				}
			}
		}
	})
}

func TestDeriveDepth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFleet(t)
		got := Derive(f.servers, f.names)
		for k, i := range got {
			ring := f.inRing(k)
			switch p := f.parent[k]; {
			case i.IsCoPrimary != ring:
				t.Fatalf("%s: %s, in a ring: %v", i.Key, placed(i), ring)
			case p < 0 && i.Depth != 0:
				t.Fatalf("%s has no source and depth %d", i.Key, i.Depth)
			case p >= 0 && i.Depth != got[p].Depth+1 && !(ring && i.Depth == 0):
				t.Fatalf("%s has depth %d, its source %s has %d", i.Key, i.Depth, got[p].Key, got[p].Depth)
			case ring && i.Depth == 0 && i.ClusterName != i.Key.String():
				t.Fatalf("%s has depth 0 in a ring that is named %s", i.Key, i.ClusterName)
			}
		}
	})
}

func TestComponentIsWhatDeriveNeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFleet(t)
		// Component follows keys, so sources have to be named by keys.
		for k, p := range f.parent {
			if p >= 0 && !f.servers[k].Group.IsSecondary() {
				f.servers[k].Channel.Source = f.servers[p].Key
			}
		}
		byKey := make(map[Key]*Instance)
		below := make(map[Key][]Key)
		for k, i := range f.servers {
			byKey[i.Key] = i
			if p := f.parent[k]; p >= 0 {
				below[f.servers[p].Key] = append(below[f.servers[p].Key], i.Key)
			}
		}
		want := make(map[Key]string)
		for _, i := range Derive(f.servers, f.names) {
			want[i.Key] = placed(i)
		}
		start := rapid.SampledFrom(f.servers).Draw(t, "start")
		component := Component(func(k Key) *Instance { return byKey[k] }, func(k Key) []Key { return below[k] }, start.Key, start.Key)
		reach := f.connected()[slices.Index(f.servers, start)]
		if size := len(slices.DeleteFunc(reach, func(in bool) bool { return !in })); len(component) != size {
			t.Fatalf("the component of %s is %v, want %d servers", start.Key, Keys(component), size)
		}
		for _, i := range Derive(component, f.names) {
			if placed(i) != want[i.Key] {
				t.Fatalf("%s: %s in its component, %s in the fleet", i.Key, placed(i), want[i.Key])
			}
		}
	})
}

func TestComponentOfAnUnknownKeyIsEmpty(t *testing.T) {
	got := Component(func(Key) *Instance { return nil }, func(Key) []Key { return nil }, Key{"a", 1})
	if len(got) != 0 {
		t.Errorf("%v", Keys(got))
	}
}

func TestComponentFollowsGroupMembers(t *testing.T) {
	byKey := map[Key]*Instance{}
	for _, i := range []*Instance{server("a", "", inGroup("a")), server("b", "", inGroup("a"))} {
		byKey[i.Key] = i
	}
	byKey[Key{"a", 3306}].Group.Members = []Key{{"b", 3306}}
	for _, from := range []string{"a", "b"} {
		got := Component(func(k Key) *Instance { return byKey[k] }, func(Key) []Key { return nil }, Key{from, 3306})
		if len(got) != 2 {
			t.Errorf("from %s: %v", from, Keys(got))
		}
	}
}
