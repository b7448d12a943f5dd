package observe

import (
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// declared is what people, recoveries and agents said about one server. It outlives the server's observations.
type declared struct {
	downtime    *topology.Downtime
	maintenance *topology.Maintenance
	rule        topology.PromotionRule
	ruleUntil   time.Time // zero: no rule is registered
	tags        []topology.Tag
	accepted    *topology.AcceptedErrant
	snapshots   int
}

type declarations struct {
	servers    map[topology.Key]declared
	unresolved map[string]string // host → the name to be used for it in statements
	behind     map[string]string // the same the other way round
}

func newDeclarations() declarations {
	return declarations{servers: make(map[topology.Key]declared), unresolved: make(map[string]string), behind: make(map[string]string)}
}

// onto writes what is declared about a server into an instance that nobody else has yet.
func (d *declarations) onto(i *topology.Instance) {
	x := d.servers[i.Key]
	i.Downtime, i.Maintenance, i.Tags, i.Accepted, i.Snapshots = x.downtime, x.maintenance, x.tags, x.accepted, x.snapshots
	i.PromotionRule = topology.NeutralPromote
	if !x.ruleUntil.IsZero() {
		i.PromotionRule = x.rule
	}
	i.UnresolvedHostname = d.unresolved[i.Key.Hostname]
}

// from takes over what a stored instance carries.
func (d *declarations) from(i *topology.Instance, ruleUntil time.Time) {
	x := declared{downtime: i.Downtime, maintenance: i.Maintenance, tags: i.Tags, accepted: i.Accepted, snapshots: i.Snapshots}
	if i.PromotionRule != topology.NeutralPromote {
		x.rule, x.ruleUntil = i.PromotionRule, ruleUntil
	}
	if x.downtime != nil || x.maintenance != nil || len(x.tags) > 0 || x.accepted != nil || x.snapshots != 0 || !x.ruleUntil.IsZero() {
		d.servers[i.Key] = x
	}
	if i.UnresolvedHostname != "" {
		d.nameHost(i.Key.Hostname, i.UnresolvedHostname)
	}
}

// nameHost declares the name to be used for a host in statements; an empty one takes it away.
func (d *declarations) nameHost(host, name string) {
	if old := d.unresolved[host]; d.behind[old] == host {
		delete(d.behind, old)
	}
	if name == "" {
		delete(d.unresolved, host)
		return
	}
	d.unresolved[host], d.behind[name] = name, host
}

// Change is one declared fact. The types that implement it are listed below; whoever decides also stores the fact,
// Apply only makes it visible.
type Change interface {
	apply(p *picture, now time.Time)
}

// SetDowntime begins a server's downtime, or ends it when Downtime is nil.
type SetDowntime struct {
	Key      topology.Key
	Downtime *topology.Downtime
}

// SetMaintenance locks a server, or unlocks it when Maintenance is nil.
type SetMaintenance struct {
	Key         topology.Key
	Maintenance *topology.Maintenance
}

// SetPromotionRule registers a rule until a moment. A zero Until takes the rule away.
type SetPromotionRule struct {
	Key   topology.Key
	Rule  topology.PromotionRule
	Until time.Time
}

// SetTags replaces all tags of a server.
type SetTags struct {
	Key  topology.Key
	Tags []topology.Tag
}

// PutTag gives a server a tag, in place of one of the same name.
type PutTag struct {
	Key topology.Key
	Tag topology.Tag
}

// RemoveTag takes the tag of that name away.
type RemoveTag struct {
	Key  topology.Key
	Name string
}

// SetAcceptedErrant says which errant transactions of a server may stay; nil: none.
type SetAcceptedErrant struct {
	Key      topology.Key
	Accepted *topology.AcceptedErrant
}

// SetSnapshots says how many snapshots an agent reported on a server.
type SetSnapshots struct {
	Key   topology.Key
	Count int
}

// SetUnresolved says which name statements shall use for a host. An empty Name takes it away.
type SetUnresolved struct {
	Hostname string
	Name     string
}

// SetClusterAlias overrides the alias of a cluster. An empty Alias takes the override away.
type SetClusterAlias struct {
	Cluster string
	Alias   string
}

// Promoted says that a server was made a primary, by a statement that succeeded: it takes writes and replicates from
// nobody. The next probe of it tells more. Until then, or for ever where it is lost before, it must not look like the
// replica that it was.
type Promoted struct {
	Key topology.Key
}

func (c Promoted) apply(p *picture, _ time.Time) {
	i := p.instance(c.Key)
	if i == nil || !i.HasSource() && !i.ReadOnly {
		return
	}
	now := i.Clone()
	now.ReadOnly, now.SuperReadOnly = false, false
	now.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
	p.put(now)
}

// Repointed says that a recovery gave a server another source, by a statement that succeeded. A replica's threads are
// started next; a primary was closed for writing before. The next probe tells how they do. Until then, or for ever where the
// server is lost before, it must not look like a replica of the source that it had, or like the primary that it was.
type Repointed struct {
	Key     topology.Key
	Channel string
	Source  topology.Key
}

func (c Repointed) apply(p *picture, at time.Time) {
	i := p.instance(c.Key)
	if i == nil || i.Channel.Name != c.Channel || i.Channel.Source == c.Source {
		return
	}
	now := i.Clone()
	ch, threads := &now.Channel, topology.ThreadRunning
	if !i.HasSource() {
		now.ReadOnly, threads = true, topology.ThreadStopped
	}
	ch.Source, ch.SourceHost, ch.SourceUUID = c.Source, c.Source.Hostname, ""
	ch.IOThread, ch.SQLThread = threads, threads
	ch.LastIOErrno, ch.LastIOError = 0, ""
	p.put(now).repointed = at
}

func (c SetDowntime) apply(p *picture, _ time.Time) {
	p.declare(c.Key, func(d *declared) { d.downtime = c.Downtime })
}

func (c SetMaintenance) apply(p *picture, _ time.Time) {
	p.declare(c.Key, func(d *declared) { d.maintenance = c.Maintenance })
}

func (c SetPromotionRule) apply(p *picture, _ time.Time) {
	p.declare(c.Key, func(d *declared) { d.rule, d.ruleUntil = c.Rule, c.Until })
}

func (c SetTags) apply(p *picture, _ time.Time) {
	p.declare(c.Key, func(d *declared) { d.tags = slices.Clone(c.Tags) })
}

func (c PutTag) apply(p *picture, _ time.Time) {
	p.declare(c.Key, func(d *declared) {
		d.tags = append(without(d.tags, c.Tag.Name), c.Tag)
		slices.SortFunc(d.tags, func(a, b topology.Tag) int { return compareText(a.Name, b.Name) })
	})
}

func (c RemoveTag) apply(p *picture, _ time.Time) {
	p.declare(c.Key, func(d *declared) { d.tags = without(d.tags, c.Name) })
}

func (c SetAcceptedErrant) apply(p *picture, _ time.Time) {
	p.declare(c.Key, func(d *declared) { d.accepted = c.Accepted })
}

func (c SetSnapshots) apply(p *picture, _ time.Time) {
	p.declare(c.Key, func(d *declared) { d.snapshots = c.Count })
}

func (c SetUnresolved) apply(p *picture, _ time.Time) {
	p.declared.nameHost(c.Hostname, c.Name)
	for k := range p.members {
		if k.Hostname == c.Hostname {
			p.redeclare(k)
		}
	}
}

func (c SetClusterAlias) apply(p *picture, _ time.Time) {
	if c.Alias == "" {
		delete(p.names.overrides, c.Cluster)
	} else {
		p.names.overrides[c.Cluster] = c.Alias
	}
	for k := range p.clusters[c.Cluster] {
		p.unsettled[k] = struct{}{}
	}
}

func without(tags []topology.Tag, name string) []topology.Tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t topology.Tag) bool { return t.Name == name })
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// declare changes what is declared about a server and shows it on the instance, if there is one.
func (p *picture) declare(k topology.Key, change func(*declared)) {
	d := p.declared.servers[k]
	change(&d)
	if d.downtime == nil && d.maintenance == nil && d.ruleUntil.IsZero() && len(d.tags) == 0 && d.accepted == nil && d.snapshots == 0 {
		delete(p.declared.servers, k)
	} else {
		p.declared.servers[k] = d
	}
	p.redeclare(k)
}

func (p *picture) redeclare(k topology.Key) {
	i := p.instance(k)
	if i == nil {
		return
	}
	c := i.Clone()
	p.declared.onto(c)
	p.put(c)
}
