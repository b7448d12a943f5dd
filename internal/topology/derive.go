package topology

import (
	"slices"
	"strings"
)

// Derive computes what follows from the graph for each of the instances: cluster name, depth, whether it is part of
// a ring, and the UUIDs of its ancestors. The instances must hold whole connected components. Those whose values
// change are replaced by changed copies in the result; the others are returned as they are, in the same order.
//
// The rules are the original's (a cluster is named after its topmost server, a server whose source is unknown is
// its own cluster), made independent of the order of probes, and extended to rings of any size: a ring keeps the
// name it had as long as the owner of that name is part of it, otherwise it takes its smallest key.
func Derive(instances []*Instance, names Names) []*Instance {
	g := graph{
		byKey:  make(map[Key]*Instance, len(instances)),
		places: make(map[Key]place, len(instances)),
	}
	t := &Topology{byKey: g.byKey, names: names}
	byUUID := make(map[string]*Instance, len(instances))
	for _, i := range instances {
		g.byKey[i.Key] = i
		if _, double := byUUID[i.ServerUUID]; double {
			byUUID[i.ServerUUID] = nil
		} else if i.ServerUUID != "" {
			byUUID[i.ServerUUID] = i
		}
	}
	g.parent = func(i *Instance) *Instance {
		if i.Group.IsSecondary() && i.Group.Primary != i.Key {
			return g.byKey[i.Group.Primary]
		}
		return g.byKey[t.sourceOf(i, byUUID)]
	}
	out := make([]*Instance, len(instances))
	for n, i := range instances {
		p := g.place(i)
		if i.ClusterName == p.cluster && i.Depth == p.depth && i.IsCoPrimary == p.ring && i.AncestryUUID == p.ancestry {
			out[n] = i
			continue
		}
		c := i.Clone()
		c.ClusterName, c.Depth, c.IsCoPrimary, c.AncestryUUID = p.cluster, p.depth, p.ring, p.ancestry
		out[n] = c
	}
	return out
}

type place struct {
	cluster  string
	depth    int
	ring     bool
	ancestry string
}

type graph struct {
	byKey  map[Key]*Instance
	parent func(*Instance) *Instance
	places map[Key]place
}

func (g *graph) place(i *Instance) place {
	if p, ok := g.places[i.Key]; ok {
		return p
	}
	var path []*Instance // from i upwards, until something known, the top, or a ring
	onPath := make(map[Key]int)
	for at := i; at != nil; at = g.parent(at) {
		if _, known := g.places[at.Key]; known {
			break
		}
		if from, again := onPath[at.Key]; again {
			g.placeRing(path[from:])
			path = path[:from]
			break
		}
		onPath[at.Key] = len(path)
		path = append(path, at)
	}
	for _, at := range slices.Backward(path) {
		g.places[at.Key] = g.below(g.parent(at), at)
	}
	return g.places[i.Key]
}

// below places a server under its (already placed) parent, or at the top when there is none.
func (g *graph) below(parent, i *Instance) place {
	if parent == nil {
		return place{cluster: i.Key.String(), ancestry: joinUUIDs("", i.ServerUUID, i.Group.Name)}
	}
	p := g.places[parent.Key]
	return place{
		cluster:  p.cluster,
		depth:    p.depth + 1,
		ancestry: joinUUIDs(p.ancestry, i.ServerUUID, i.Group.Name),
	}
}

// placeRing places the members of a ring, given in the order in which each replicates from the next.
func (g *graph) placeRing(ring []*Instance) {
	owner := slices.MinFunc(ring, func(a, b *Instance) int {
		// A member that carries its own name gave it to the ring already. There are several when clusters of their
		// own have just been joined.
		aOwn, bOwn := a.ClusterName == a.Key.String(), b.ClusterName == b.Key.String()
		switch {
		case aOwn && !bOwn:
			return -1
		case bOwn && !aOwn:
			return 1
		}
		return a.Key.Compare(b.Key)
	})
	start := slices.Index(ring, owner)
	for n := range ring {
		// Walking against the direction of replication from the owner gives each member its distance.
		i := ring[(start-n+len(ring))%len(ring)]
		source := g.parent(i)
		g.places[i.Key] = place{
			cluster:  owner.Key.String(),
			depth:    n,
			ring:     true,
			ancestry: joinUUIDs("", source.ServerUUID, i.ServerUUID),
		}
	}
}

func joinUUIDs(ancestry string, uuids ...string) string {
	for _, u := range uuids {
		switch {
		case u == "" || slices.Contains(strings.Split(ancestry, ","), u):
		case ancestry == "":
			ancestry = u
		default:
			ancestry += "," + u
		}
	}
	return ancestry
}

// Component returns the instances connected to the keys through sources, replicas and group primaries, among those
// that lookup and replicasOf know. It is what Derive needs to see after one of them changed.
func Component(lookup func(Key) *Instance, replicasOf func(Key) []Key, keys ...Key) []*Instance {
	seen := make(map[Key]bool)
	var out []*Instance
	for len(keys) > 0 {
		k := keys[len(keys)-1]
		keys = keys[:len(keys)-1]
		if seen[k] {
			continue
		}
		seen[k] = true
		i := lookup(k)
		if i == nil {
			continue
		}
		out = append(out, i)
		if i.HasSource() {
			keys = append(keys, i.Channel.Source)
		}
		if i.Group.IsMember() {
			keys = append(keys, i.Group.Members...)
			if i.Group.Primary.IsValid() {
				keys = append(keys, i.Group.Primary)
			}
		}
		keys = append(keys, replicasOf(k)...)
	}
	return out
}
