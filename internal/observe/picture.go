package observe

import (
	"maps"
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// keySet is a set of servers.
type keySet map[topology.Key]struct{}

// member is one server in the picture.
type member struct {
	inst  *topology.Instance
	asked bool   // in this process, well or not
	alias string // what DetectClusterAliasQuery last said here
	face  face
	seed  bool      // named by the configuration
	since time.Time // when it came into the picture of this process

	repointed time.Time // when a manager gave it another source: what was begun to be read before still shows the old one

	judged [2]string // the executed sets, its own and its source's, from which its errant set was computed
}

// picture is the fleet as it is known: the instances and the indexes that make every question about one server or
// one cluster cost no more than that cluster. It is not safe for concurrent use.
type picture struct {
	members map[topology.Key]*member

	replicas   map[topology.Key]keySet // by the key of the source
	byUUID     map[string]keySet       // by server UUID
	sourceUUID map[string]keySet       // replicas by the UUID of their source
	clusters   map[string]keySet       // by cluster name

	names    names
	declared declarations

	unsettled keySet          // changed in a way that may move servers in the graph
	touched   map[string]bool // clusters to publish; the value says whether it is urgent
	steady    uint64          // counts changes that a snapshot must show at once
	moving    uint64          // counts all changes
	views     map[string]*topology.Topology
	open      keySet // reported by others and not asked yet
	watch     keySet // servers whose need of a sentinel may have changed
}

func newPicture() *picture {
	return &picture{
		members:    make(map[topology.Key]*member),
		replicas:   make(map[topology.Key]keySet),
		byUUID:     make(map[string]keySet),
		sourceUUID: make(map[string]keySet),
		clusters:   make(map[string]keySet),
		names:      newNames(),
		declared:   newDeclarations(),
		unsettled:  make(keySet),
		touched:    make(map[string]bool),
		views:      make(map[string]*topology.Topology),
		open:       make(keySet),
		watch:      make(keySet),
	}
}

// instance returns the server, or nil.
func (p *picture) instance(k topology.Key) *topology.Instance {
	if m := p.members[k]; m != nil {
		return m.inst
	}
	return nil
}

// replicaKeys returns who replicates from the key, in no particular order.
func (p *picture) replicaKeys(k topology.Key) []topology.Key {
	return slices.Collect(maps.Keys(p.replicas[k]))
}

// put takes an instance in, in place of the one that stood under its key. Whether the graph must be settled and
// whether the cluster must be published follows from what is different.
func (p *picture) put(i *topology.Instance) *member {
	m := p.members[i.Key]
	if m == nil {
		m = &member{}
		p.members[i.Key] = m
	}
	old := m.inst
	m.inst = i
	p.moving++
	p.index(old, i)
	switch {
	case old == nil || placing(old) != placing(i) || !slices.Equal(old.Group.Members, i.Group.Members):
		p.unsettle(old)
		p.unsettle(i)
	case !sameSteady(old, i):
		p.touch(i.ClusterName, false)
	}
	delete(p.views, i.ClusterName)
	return m
}

// remove takes a server out of the picture. Its replicas keep naming it as their source.
func (p *picture) remove(k topology.Key) {
	m := p.members[k]
	if m == nil {
		return
	}
	p.unsettle(m.inst)
	p.index(m.inst, nil)
	p.touch(m.inst.ClusterName, false)
	delete(p.members, k)
	delete(p.unsettled, k)
	p.moving++
}

// touch marks a cluster as worth publishing.
func (p *picture) touch(cluster string, urgent bool) {
	p.steady++
	p.moving++
	delete(p.views, cluster)
	p.touched[cluster] = p.touched[cluster] || urgent
}

// unsettle marks a server and its neighbours, so that settle derives the components of all of them.
func (p *picture) unsettle(i *topology.Instance) {
	if i == nil {
		return
	}
	p.unsettled[i.Key] = struct{}{}
	if i.HasSource() {
		p.unsettled[i.Channel.Source] = struct{}{}
	}
	for _, k := range i.Group.Members {
		p.unsettled[k] = struct{}{}
	}
	for k := range p.replicas[i.Key] {
		p.unsettled[k] = struct{}{}
	}
}

// index moves a server from where old stood in the indexes to where now belongs; either may be nil.
func (p *picture) index(old, now *topology.Instance) {
	was, is := indexed(old), indexed(now)
	if was == is {
		return
	}
	drop := func(k topology.Key, w *indexKeys) {
		removeFrom(p.replicas, w.source, k)
		removeFrom(p.byUUID, w.uuid, k)
		removeFrom(p.sourceUUID, w.sourceUUID, k)
		removeFrom(p.clusters, w.cluster, k)
	}
	if old != nil {
		drop(old.Key, &was)
		p.watch[was.source] = struct{}{}
	}
	if now != nil {
		addTo(p.replicas, is.source, now.Key)
		addTo(p.byUUID, is.uuid, now.Key)
		addTo(p.sourceUUID, is.sourceUUID, now.Key)
		addTo(p.clusters, is.cluster, now.Key)
		p.watch[is.source] = struct{}{}
	}
}

// indexKeys are the places of one server in the indexes; zero values are not indexed.
type indexKeys struct {
	source           topology.Key
	uuid, sourceUUID string
	cluster          string
}

func indexed(i *topology.Instance) indexKeys {
	if i == nil {
		return indexKeys{}
	}
	x := indexKeys{uuid: i.ServerUUID, cluster: i.ClusterName}
	if i.HasSource() {
		x.source = i.Channel.Source
		x.sourceUUID = i.Channel.SourceUUID
	}
	return x
}

func addTo[K comparable](index map[K]keySet, at K, k topology.Key) {
	var none K
	if at == none {
		return
	}
	set := index[at]
	if set == nil {
		set = make(keySet, 1)
		index[at] = set
	}
	set[k] = struct{}{}
}

func removeFrom[K comparable](index map[K]keySet, at K, k topology.Key) {
	set := index[at]
	delete(set, k)
	if len(set) == 0 {
		delete(index, at)
	}
}

// settle derives the place in the graph of every server that may have moved, and the aliases of their clusters;
// aliasOf is what the configuration makes of a cluster's name.
func (p *picture) settle(aliasOf func(cluster string) string) {
	for len(p.unsettled) > 0 {
		start := anyOf(p.unsettled)
		delete(p.unsettled, start)
		component := topology.Component(p.instance, p.replicaKeys, start)
		for _, i := range component {
			delete(p.unsettled, i.Key)
		}
		p.settleComponent(component, aliasOf)
	}
}

func (p *picture) settleComponent(component []*topology.Instance, aliasOf func(string) string) {
	derived := topology.Derive(component, p.names.current())
	p.suggestAliases(derived, component, aliasOf)
	clusters := make(map[string]struct{}, 1)
	for n, i := range derived {
		old := component[n]
		clusters[i.ClusterName] = struct{}{}
		if i == old {
			continue
		}
		clusters[old.ClusterName] = struct{}{}
		p.members[i.Key].inst = i
		p.index(old, i)
	}
	for c := range clusters {
		if c == "" {
			continue
		}
		p.touch(c, false)
		p.chooseAlias(c)
	}
}

func anyOf(set keySet) topology.Key {
	for k := range set {
		return k
	}
	return topology.Key{}
}

// view returns the topology of one cluster, or nil when there is none of that name.
func (p *picture) view(cluster string) *topology.Topology {
	if t := p.views[cluster]; t != nil {
		return t
	}
	set := p.clusters[cluster]
	if len(set) == 0 {
		return nil
	}
	members := make([]*topology.Instance, 0, len(set))
	for k := range set {
		members = append(members, p.members[k].inst)
	}
	t := topology.New(members, p.names.of(cluster))
	p.views[cluster] = t
	return t
}

// all returns every instance, in no particular order.
func (p *picture) all() []*topology.Instance {
	is := make([]*topology.Instance, 0, len(p.members))
	for _, m := range p.members {
		is = append(is, m.inst)
	}
	return is
}
