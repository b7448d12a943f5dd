package topology

import (
	"slices"
	"sort"
	"strings"
)

// Names are the names that clusters and hosts have beside the keys of their servers.
type Names struct {
	Aliases  map[string]string // cluster name → alias
	Domains  map[string]string // cluster name → domain
	Resolved map[string]string // host name as somebody wrote it → canonical host name
}

// Topology is a set of servers and the graph of who replicates from whom, at one moment. It is immutable and safe
// for concurrent use; the instances that it hands out must not be changed.
type Topology struct {
	instances []*Instance // by key
	byKey     map[Key]*Instance
	sources   map[Key]Key         // by the replica's key, where the source is known
	replicas  map[Key][]*Instance // by the source's key, each list by key
	clusters  map[string]*Cluster
	names     Names
}

// Cluster is the servers that share a cluster name.
type Cluster struct {
	Name    string      // host:port of the topmost server
	Alias   string      // the name itself when there is no alias
	Domain  string      // "" when none is known
	Members []*Instance // by key
}

// New builds a topology of the instances. It takes ownership of them: nobody may change them afterwards.
func New(instances []*Instance, names Names) *Topology {
	t := &Topology{
		instances: slices.Clone(instances),
		byKey:     make(map[Key]*Instance, len(instances)),
		sources:   make(map[Key]Key, len(instances)),
		replicas:  make(map[Key][]*Instance),
		clusters:  make(map[string]*Cluster),
		names:     names,
	}
	if byKey := func(a, b *Instance) int { return a.Key.Compare(b.Key) }; !slices.IsSortedFunc(t.instances, byKey) {
		slices.SortFunc(t.instances, byKey)
	}
	byUUID := make(map[string]*Instance, len(instances))
	for _, i := range t.instances {
		t.byKey[i.Key] = i
		if i.ServerUUID == "" {
			continue
		}
		if _, double := byUUID[i.ServerUUID]; double {
			byUUID[i.ServerUUID] = nil // a copied data directory: the UUID tells nothing
			continue
		}
		byUUID[i.ServerUUID] = i
	}
	var c *Cluster
	for _, i := range t.instances {
		if s := t.sourceOf(i, byUUID); !s.IsZero() {
			t.sources[i.Key] = s
			t.replicas[s] = append(t.replicas[s], i)
		}
		if c == nil || c.Name != i.ClusterName { // neighbours by name are often of one cluster
			c = t.clusters[i.ClusterName]
		}
		if c == nil {
			c = &Cluster{Name: i.ClusterName, Alias: names.Aliases[i.ClusterName], Domain: names.Domains[i.ClusterName]}
			if c.Alias == "" {
				c.Alias = c.Name
			}
			t.clusters[i.ClusterName] = c
		}
		c.Members = append(c.Members, i)
	}
	return t
}

// sourceOf finds under which key the source of i stands in the topology: by the name that i uses, by what that name
// resolves to, or, when i uses a name that nobody knows, by the source's UUID. It returns the key that i names when
// the source is not in the topology.
func (t *Topology) sourceOf(i *Instance, byUUID map[string]*Instance) Key {
	s := i.Channel.Source
	if !s.IsValid() {
		return Key{}
	}
	if _, ok := t.byKey[s]; ok {
		return s
	}
	if name, ok := t.names.Resolved[s.Hostname]; ok {
		if k := (Key{name, s.Port}); t.byKey[k] != nil {
			return k
		}
	}
	if i.Channel.SourceUUID != "" {
		if src := byUUID[i.Channel.SourceUUID]; src != nil && src != i {
			return src.Key
		}
	}
	return s
}

// Instance returns the server known under the key, or nil.
func (t *Topology) Instance(k Key) *Instance { return t.byKey[k] }

// Instances returns all servers ordered by key. The slice must not be changed.
func (t *Topology) Instances() []*Instance { return t.instances }

// Len is the number of servers.
func (t *Topology) Len() int { return len(t.instances) }

// Replicas returns the servers that replicate from the key on their main channel, ordered by key. The slice must not
// be changed.
func (t *Topology) Replicas(k Key) []*Instance { return t.replicas[k] }

// ReplicaKeys returns the keys of Replicas.
func (t *Topology) ReplicaKeys(k Key) []Key { return Keys(t.replicas[k]) }

// Source returns the server that i replicates from, or nil when it is unknown.
func (t *Topology) Source(i *Instance) *Instance { return t.byKey[t.sources[i.Key]] }

// Cluster returns the cluster of that exact name, or nil.
func (t *Topology) Cluster(name string) *Cluster { return t.clusters[name] }

// ClusterByAlias returns the cluster with that alias, or nil. Where several have it, it is the first by name.
func (t *Topology) ClusterByAlias(alias string) *Cluster {
	var found *Cluster
	for _, c := range t.clusters {
		if c.Alias == alias && (found == nil || c.Name < found.Name) {
			found = c
		}
	}
	return found
}

// Clusters returns all clusters ordered by name.
func (t *Topology) Clusters() []*Cluster {
	cs := make([]*Cluster, 0, len(t.clusters))
	for _, c := range t.clusters {
		cs = append(cs, c)
	}
	sort.Slice(cs, func(a, b int) bool { return cs[a].Name < cs[b].Name })
	return cs
}

// Names returns the names the topology was built with.
func (t *Topology) Names() Names { return t.names }

// Descendants returns everything below the key, however deep, without the key itself. Rings end where they began.
func (t *Topology) Descendants(k Key) []*Instance {
	seen := map[Key]bool{k: true}
	var out []*Instance
	queue := []Key{k}
	for len(queue) > 0 {
		for _, r := range t.replicas[queue[0]] {
			if !seen[r.Key] {
				seen[r.Key] = true
				out = append(out, r)
				queue = append(queue, r.Key)
			}
		}
		queue = queue[1:]
	}
	return out
}

// IsPrimary says whether the server is the top of its tree in the sense of the analysis: it names no source (or a
// detached one), and in a replication group it is the primary.
func IsPrimary(i *Instance) bool {
	s := i.Channel.Source
	noSource := s.Hostname == "" || s.Hostname == "_" || s.IsDetached() || s.Port == 0
	return noSource && (i.Group.Name == "" || i.Group.MemberRole == "PRIMARY")
}

// Primaries returns the members of a cluster that are at its top: depth 0 or co-primary, ordered by depth.
func (c *Cluster) Primaries() []*Instance {
	var ps []*Instance
	for _, i := range c.Members {
		if i.Depth == 0 || i.IsCoPrimary {
			ps = append(ps, i)
		}
	}
	slices.SortStableFunc(ps, func(a, b *Instance) int { return a.Depth - b.Depth })
	return ps
}

// Keys returns the keys of the instances in their order.
func Keys(is []*Instance) []Key {
	ks := make([]Key, len(is))
	for n, i := range is {
		ks[n] = i.Key
	}
	return ks
}

// Fuzzy returns the keys that a text like `host:port` or a part of a host name with a port may mean: the exact key
// when it is known, otherwise all servers with that port whose host name contains the text. IPv4 literals only
// match exactly.
func (t *Topology) Fuzzy(k Key) []Key {
	if t.byKey[k] != nil {
		return []Key{k}
	}
	if k.IsIPv4() || k.Hostname == "" {
		return nil
	}
	var ks []Key
	for _, i := range t.instances {
		if i.Key.Port == k.Port && strings.Contains(i.Key.Hostname, k.Hostname) {
			ks = append(ks, i.Key)
		}
	}
	return ks
}
