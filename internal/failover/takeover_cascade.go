package failover

import (
	"slices"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// CascadeTakeover plans that the read-only one of two co-primaries takes over from the writable one, with the replicas
// below (cascade-master-takeover-auto). The ring stays as it is: both go on replicating from each other, only who
// takes writes changes. Primary may be any member of the cluster; Designated and Auto do not count. Order, undo and refusals are those of Takeover.
func CascadeTakeover(t *topology.Topology, r TakeoverRequest, p Policy) (plan.Plan, *topology.Refusal) {
	r.Auto, r.Designated = true, topology.Key{}
	d := newTakeover(t, r, p)
	if refusal := d.examineRing(); refusal != nil {
		return d.plan, refusal
	}
	d.ready()
	d.relocate()
	d.switchOver()
	d.demote()
	return d.plan, nil
}

// examineRing finds the pair and checks that it can swap roles.
func (d *takeover) examineRing() *topology.Refusal {
	c, refusal := clusterOf(d.topology, d.request.Cluster, d.request.Primary)
	if refusal != nil {
		return refusal
	}
	tops := c.Primaries()
	open := slices.DeleteFunc(slices.Clone(tops), func(i *topology.Instance) bool { return i.ReadOnly })
	closed := slices.DeleteFunc(slices.Clone(tops), func(i *topology.Instance) bool { return !i.ReadOnly || !i.IsCoPrimary })
	switch {
	case len(open) != 1:
		return refuse("writable-primaries", "set read_only on all but one", "cluster %s has %d writable primaries (%s), and exactly one is needed", c.Name, len(open), topology.JoinKeys(topology.Keys(open)))
	case len(closed) != 1:
		return refuse("read-only-co-primaries", "", "cluster %s has %d read-only co-primaries, and exactly one is needed to take over", c.Name, len(closed))
	case !slices.ContainsFunc(c.Members, func(i *topology.Instance) bool { return !i.IsCoPrimary }):
		return refuse("no-replicas", "graceful-master-takeover is for a primary with replicas", "cluster %s has nothing but co-primaries", c.Name)
	}
	d.primary = open[0]
	other := closed[0]
	switch {
	case d.topology.Source(other) != d.primary || d.topology.Source(d.primary) != other:
		return refuse("no-ring", "", "%s and %s do not replicate from each other", d.primary.Key, other.Key)
	case !d.primary.Replicating():
		return refuse("not-replicating", "start replication there", "replication on %s does not run, so it could not follow %s (receiver: %s, applier: %s)", d.primary.Key, other.Key,
			threadError(d.primary.Channel.IOThread, d.primary.Channel.LastIOErrno, d.primary.Channel.LastIOError),
			threadError(d.primary.Channel.SQLThread, d.primary.Channel.LastSQLErrno, d.primary.Channel.LastSQLError))
	}
	d.chooser = newChooser(d.primary, d.topology.Replicas(d.primary.Key), &d.policy)
	for _, check := range []func() *topology.Refusal{
		d.checkPrimary,
		func() *topology.Refusal { return d.elect(other.Key) },
		d.checkSiblings,
	} {
		if refusal := check(); refusal != nil {
			return refusal
		}
	}
	d.name()
	d.foresee()
	return nil
}
