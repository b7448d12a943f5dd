package refactor

import (
	"fmt"
	"slices"

	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// relocateReplicas moves the replicas of the server below another.
func (d *relocation) relocateReplicas() *topology.Refusal {
	if d.below == nil {
		return d.all(nil, nil, d.place)
	}
	replicas := d.replicas(d.server)
	if d.below == d.server {
		return d.all(replicas, d.server, d.repoint)
	}
	for _, r := range replicas {
		if r != d.below && d.t.IsBelow(d.below.Key, r.Key) {
			return refuse("loop", "move "+d.below.Key.String()+" up first, or leave "+r.Key.String()+" out by a pattern",
				"%s is below %s, which is one of the replicas to be moved", d.below.Key, r.Key)
		}
	}
	return d.all(replicas, d.below, d.placeMany)
}

// moveUpReplicas makes the replicas of the server its siblings.
func (d *relocation) moveUpReplicas() *topology.Refusal {
	up, no := d.above(d.server)
	if no != nil {
		return no
	}
	return d.all(d.replicas(d.server), up, d.placeUp)
}

// repointReplicas points the replicas of the server at it again, or at another name of it.
func (d *relocation) repointReplicas() *topology.Refusal {
	s := d.server
	if d.below != nil {
		s = d.below
	}
	return d.all(d.replicas(d.server), s, d.repoint)
}

// takeSiblings moves the siblings of the server below it.
func (d *relocation) takeSiblings() *topology.Refusal {
	m, no := d.source()
	if no != nil {
		return no
	}
	return d.all(d.replicas(m), d.server, d.placeMany)
}

// regroup puts the best replica of the server above the others.
func (d *relocation) regroup() *topology.Refusal {
	replicas := d.replicas(d.server)
	if d.request.Command == RegroupReplicas && len(replicas) > 0 && !slices.ContainsFunc(replicas, func(r *topology.Instance) bool { return !r.IsBinlogServer() }) {
		return d.regroupBinlogServers()
	}
	best, no := d.best(replicas)
	if no != nil {
		return no
	}
	if best == nil {
		d.plan.Title = fmt.Sprintf("%s has no replicas", d.server.Key)
		return nil
	}
	how := d.placeMany
	switch d.request.Command {
	case RegroupReplicasGTID:
		how = d.byGTID
	case RegroupReplicasPseudo:
		how = d.byMarker
	}
	// One that cannot follow does not keep the others from it, nor the command from telling who was chosen.
	_ = d.all(replicas, best, how)
	d.plan.Title = fmt.Sprintf("%s is placed above %d of the %d replicas of %s", best.Key, len(d.plan.Steps), len(replicas), d.server.Key)
	return nil
}

// best is the replica that is placed above the others; nil when there are none.
func (d *relocation) best(replicas []*topology.Instance) (*topology.Instance, *topology.Refusal) {
	if len(replicas) < 2 {
		if len(replicas) == 0 {
			return nil, nil
		}
		return replicas[0], nil
	}
	choice := failover.Choose(d.server, replicas, d.policy)
	d.plan.Rejected = choice.Rejected
	d.plan.Warnings = append(d.plan.Warnings, choice.Warnings...)
	if choice.Best == nil {
		return nil, refuse("no-candidate", "mend one of them, or name one with relocate-replicas", "none of the replicas of %s can be placed above the others: %s", d.server.Key, join(choice.Rejected))
	}
	return choice.Best, nil
}

// Candidate is the replica that a regrouping of the replicas of a server would place above the others, and why none of
// the others.
func Candidate(t *topology.Topology, server topology.Key, p failover.Policy) (*topology.Instance, []plan.Verdict, *topology.Refusal) {
	d := &relocation{t: t, policy: p}
	var no *topology.Refusal
	if d.server, no = d.known(server); no != nil {
		return nil, nil, no
	}
	best, no := d.best(t.Replicas(server))
	if no == nil && best == nil {
		no = refuse("no-replicas", "name a server that has replicas", "%s has no replicas", server)
	}
	return best, d.plan.Rejected, no
}

// Concerned are the servers whose state decides a relocation, beside the one it names and that one's source: those that
// may be moved and those that they may go below.
func Concerned(t *topology.Topology, r Relocation) []topology.Key {
	var keys []topology.Key
	add := func(is ...*topology.Instance) {
		for _, i := range is {
			if i != nil && !slices.Contains(keys, i.Key) {
				keys = append(keys, i.Key)
			}
		}
	}
	if focused, no := onChannel(t, r.Server, r.Channel); no == nil {
		t = focused
	}
	server, below := t.Instance(r.Server), t.Instance(r.Below)
	if server == nil {
		return nil
	}
	add(below)
	source := t.Source(server)
	add(source)
	if source != nil && (r.Command == MoveUp || r.Command == TakeSource || r.Command == MakeLocalPrimary || r.Command == MatchUp) {
		add(t.Source(source))
	}
	if source != nil && (r.Command == TakeSiblings || r.Command == MakePrimary || r.Command == MakeLocalPrimary) {
		add(t.Replicas(source.Key)...)
	}
	if r.Command == MatchUpReplicas {
		add(t.Source(server))
	}
	if r.Command.Bulk() {
		add(t.Replicas(server.Key)...)
	}
	if r.Command == Relocate && below != nil && !server.UsesGTID() { // it may go by way of those above the two
		for _, k := range (&relocation{t: t, server: server, below: below}).way() {
			add(t.Instance(k))
		}
	}
	return keys
}
