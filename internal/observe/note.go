package observe

import "orchestrator/internal/topology"

// noteStale remembers since when a primary that waits for semi-sync acknowledgements stands still at its position.
func (o *Observer) noteStale(i, old *topology.Instance) {
	s := &i.SemiSync
	if !s.SourceEnabled || !s.SourceStatus || s.SourceWaitCount == 0 || s.SourceClients >= s.SourceWaitCount {
		return
	}
	i.StaleSince = i.Check.Checked
	if old != nil && !old.StaleSince.IsZero() && old.SelfCoordinates == i.SelfCoordinates {
		i.StaleSince = old.StaleSince
	}
}

// noteAlias keeps what the alias query said here; the graph is settled anew when that is different.
func (o *Observer) noteAlias(m *member, f finding) {
	if a := f.answer.ClusterAlias; a != nil && *a != m.alias {
		m.alias = *a
		o.picture.unsettle(m.inst)
	}
}

// noteDomain keeps the domain that a server at the top of its cluster says.
func (o *Observer) noteDomain(i *topology.Instance, f finding) {
	d := f.answer.Domain
	if d == nil || *d == "" || i.Depth > 0 || i.HasSource() {
		return
	}
	if i.ClusterName == "" {
		o.picture.settle(o.config().ClusterAlias) // a new server: its cluster gets its name here
		i = o.picture.instance(i.Key)
	}
	n := &o.picture.names
	old := n.domains[i.ClusterName].name
	n.domains[i.ClusterName] = domain{name: *d, expires: f.ended.Add(nameExpiry(o.config()))}
	if old != *d {
		n.stale = true
		o.picture.touch(i.ClusterName, false)
	}
	if i.ClusterDomain != *d {
		c := i.Clone()
		c.ClusterDomain = *d
		o.take(c)
	}
}
