package refactor

import (
	"fmt"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// source is what the server replicates from.
func (d *relocation) source() (*topology.Instance, *topology.Refusal) {
	switch s := d.t.Source(d.server); {
	case s != nil:
		return s, nil
	case d.server.HasSource():
		return nil, refuse("unknown-source", "discover it first", "%s, the source of %s, is not known", d.server.SourceKey(), d.server.Key)
	}
	return nil, refuse("not-a-replica", "name a replica", "%s replicates from nobody", d.server.Key)
}

// moveUp makes the server a sibling of its source.
func (d *relocation) moveUp() *topology.Refusal {
	m, no := d.source()
	if no != nil {
		return no
	}
	up, no := d.above(m)
	if no != nil {
		return no
	}
	return d.one(up, d.placeOne)
}

// above is what a server replicates from, for those below it to go there.
func (d *relocation) above(m *topology.Instance) (*topology.Instance, *topology.Refusal) {
	switch up := d.t.Source(m); {
	case up != nil:
		return up, nil
	case m.HasSource():
		return nil, refuse("unknown-source", "discover it first", "%s, the source of %s, is not known", m.SourceKey(), m.Key)
	}
	return nil, refuse("top", "name a server that replicates from a replica", "%s is at the top: nothing can go up beside it", m.Key)
}

// moveBelow puts the server below its sibling.
func (d *relocation) moveBelow() *topology.Refusal {
	m, no := d.source()
	if no != nil {
		return no
	}
	if d.below != nil && d.t.Source(d.below) != m {
		return refuse("not-siblings", "use relocate", "%s replicates from %s and %s does not: they are no siblings", d.server.Key, m.Key, d.below.Key)
	}
	return d.one(d.below, d.placeOne)
}

// repointOne points the server at another name of its source, or at its source again.
func (d *relocation) repointOne() *topology.Refusal {
	if d.below != nil {
		return d.one(d.below, d.repoint)
	}
	m, no := d.source()
	if no != nil {
		return no
	}
	return d.one(m, d.repoint)
}

// makeCoPrimary makes the server's source, the primary, a replica of the server.
func (d *relocation) makeCoPrimary() *topology.Refusal {
	m, no := d.source()
	if no != nil {
		return no
	}
	r := d.server
	for _, i := range []*topology.Instance{r, m} {
		if no := topology.Answers(i); no != nil {
			return no
		}
		if i.Group.IsMember() {
			return refuse("group", "take it out of the group first", "%s is a member of replication group %s, which has its own primary", i.Key, i.Group.Name)
		}
	}
	switch {
	case d.t.Source(m) == r:
		return refuse("co-primary", "reset-replica on one of them takes the ring apart", "%s and %s replicate from each other already", r.Key, m.Key)
	case m.Channel.Source.IsDetached():
		return refuse("detached", "reattach-replica or reset-replica there first", "%s is detached from %s: as a replica of %s it would lose the way back", m.Key, m.Channel.Source.Reattached(), r.Key)
	case m.HasSource():
		return refuse("has-source", "reset-replica there first, if that is what is meant", "%s replicates from %s: it cannot replicate from %s as well", m.Key, m.SourceKey(), r.Key)
	case !r.ReadOnly:
		return refuse("writable", "set-read-only there first", "%s takes writes, and so does %s: their changes would meet", r.Key, m.Key)
	case !r.Replicating():
		return refuse("not-replicating", "start replication there", "replication on %s does not run (error %d: %s)", r.Key, max(r.Channel.LastIOErrno, r.Channel.LastSQLErrno), r.Channel.LastIOError+r.Channel.LastSQLError)
	case r.IsMultiSource():
		return refuse("multi-source", "reset-replica that channel first", "%s also replicates from %s, which would reach %s", r.Key, r.Others[0].Source, m.Key)
	}
	if no := d.lags(r); no != nil {
		return no
	}
	if no := topology.CanReplicate(m, r, d.policy.Replication); no != nil {
		return no
	}
	a := plan.Action{Verb: plan.BecomeReplica, Source: r.Key}
	switch r.Channel.GTID {
	case topology.OracleGTID:
		a.Place = plan.ByOracleGTID
	case topology.MariaDBGTID:
		a.Place = plan.ByMariaDBGTID
	default:
		// From the end of the replica's log on there is only what comes from the primary itself, which passes it over.
		a.Place = plan.AtEnd
	}
	if !r.CredentialsAvailable && !m.HasCredentials {
		d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf("the replication credentials of %s cannot be read: %s may be unable to sign in there (set ReplicationCredentialsQuery)", r.Key, m.Key))
	}
	if r.ErrantSet != "" {
		d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf("the errant transactions of %s (%s) will reach %s", r.Key, r.ErrantSet, m.Key))
	}
	d.plan.Title = fmt.Sprintf("%s replicates from its replica %s", m.Key, r.Key)
	d.plan.Successor = r.Key
	d.plan.Add(1, plan.Step{
		Phase: plan.Gather, Server: r.Key, Action: plan.Action{Verb: plan.ReadCredentials}, MayFail: m.HasCredentials,
		Why: m.Key.String() + " signs in with the same", Until: "they have been read",
	})
	d.plan.Add(2, plan.Step{
		Phase: plan.Repoint, Server: m.Key, Action: a,
		Why: "it was asked for", Until: "it names " + r.Key.String() + " as its source", Undo: &plan.Action{Verb: plan.ForgetSource},
	})
	d.plan.Add(3, plan.Step{
		Phase: plan.CatchUp, Server: r.Key, Action: plan.Action{Verb: plan.AwaitSource, Source: m.Key, Channel: r.Channel.Name},
		Why: "it must have what " + m.Key.String() + " begins after", Until: "it has applied what " + m.Key.String() + " holds",
	})
	d.plan.Add(4, plan.Step{
		Phase: plan.Repoint, Server: m.Key, Action: plan.Action{Verb: plan.StartReplica},
		Why: "it receives what " + r.Key.String() + " will write", Until: "its threads run",
	})
	return nil
}

// lags says that a server is too far behind for a change that waits for it.
func (d *relocation) lags(r *topology.Instance) *topology.Refusal {
	limit := int64(d.policy.Replication.MaintenanceLag.Seconds())
	switch {
	case !r.Lag.Known:
		return refuse("lag", "look why its lag cannot be read", "the lag of %s is unknown", r.Key)
	case limit > 0 && r.Lag.N > limit:
		return refuse("lag", "wait until it has caught up", "%s lags %d s, and ReasonableMaintenanceReplicationLagSeconds allows %d", r.Key, r.Lag.N, limit)
	}
	return nil
}
