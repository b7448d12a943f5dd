package refactor

import (
	"fmt"

	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// makePrimary opens the server, a replica of a primary that is gone, for writing, and puts its siblings below it. It
// chooses nothing and proves no death, as a failover does: that the primary is gone is what the caller says, and it is
// refused where anything shows the contrary.
func (d *relocation) makePrimary() *topology.Refusal {
	m, no := d.source()
	if no != nil {
		return no
	}
	r := d.server
	if no := topology.Answers(r); no != nil {
		return no
	}
	siblings := d.t.Replicas(m.Key)
	switch {
	case m.LastCheckValid():
		return refuse("source-alive", "graceful-master-takeover-auto replaces a primary that works", "%s, the source of %s, answers", m.Key, r.Key)
	case m.HasSource():
		return refuse("has-source", "use make-local-master, or relocate-replicas", "%s replicated from %s: it is no primary that %s could replace", m.Key, m.SourceKey(), r.Key)
	case r.Group.IsMember():
		return refuse("group", "let the group elect its primary", "%s is a member of replication group %s, which has its own primary", r.Key, r.Group.Name)
	case r.IsMultiSource():
		return refuse("multi-source", "reset-replica its other channels first", "%s also replicates from %s", r.Key, r.Others[0].Source)
	case r.Channel.LastSQLErrno != 0:
		return refuse("not-replicating", "skip-query, or repair it", "the applier of %s stopped with error %d: %s", r.Key, r.Channel.LastSQLErrno, r.Channel.LastSQLError)
	case unapplied(r) && !runs(r.Channel.SQLThread):
		return refuse("unapplied", "start its SQL thread", "%s has received up to %s, has applied up to %s, and its applier does not run", r.Key, r.Channel.Read, r.Channel.Exec)
	case unapplied(r) && r.Channel.SQLDelay > 0:
		return refuse("delayed", "set its delay to 0 first", "%s applies with a delay of %d s, and has received what it has not applied", r.Key, r.Channel.SQLDelay)
	}
	for _, i := range siblings {
		if i.LastCheckValid() && i.Channel.IOThread.Running() {
			return refuse("source-alive", "stop-replica there, if the primary is gone all the same", "%s is connected to its source %s, which so seems to live", i.Key, m.Key)
		}
	}
	var follow []*topology.Instance
	for _, i := range siblings {
		if i.Key == r.Key {
			continue
		}
		no := topology.Answers(i)
		if no == nil {
			no = d.aheadOf(i, r)
		}
		if no != nil && no.Rule == "ahead" {
			return no
		}
		if no == nil {
			no = d.t.CanMove(i, r, d.policy.Replication)
		}
		if no == nil {
			no = d.canFollow(i, r)
		}
		if no != nil {
			d.lose(i, no)
			continue
		}
		follow = append(follow, i)
	}
	d.plan.Title = fmt.Sprintf("%s becomes the primary in place of %s", r.Key, m.Key)
	d.plan.Successor, d.plan.Failed = r.Key, m.Key
	s := sequence{d: d}
	s.halt(r, true)
	s.follow(r, follow)
	s.next()
	s.add(r, plan.Detach, plan.Action{Verb: plan.DetachSource}, "it must not replicate from "+m.Key.String()+" should that come back", "its source cannot be reached", &plan.Action{Verb: plan.ReattachSource})
	s.next()
	s.add(r, plan.Promote, plan.Action{Verb: plan.SetWritable, Super: true}, "it was asked for", "read_only is off", nil).NoReturn = true
	return nil
}

// aheadOf says that i holds what r lacks.
func (d *relocation) aheadOf(i, r *topology.Instance) *topology.Refusal {
	const remedy = "name the one that is ahead"
	if i.UsesGTID() && r.UsesGTID() {
		if v := failover.Covers(i, r); v != nil {
			return refuse("ahead", remedy, "%s holds what %s lacks: %s", i.Key, r.Key, v.Reason)
		}
		return nil
	}
	if r.Channel.Read.Less(i.Channel.Read) {
		return refuse("ahead", remedy, "%s has received up to %s, and %s up to %s", i.Key, i.Channel.Read, r.Key, r.Channel.Read)
	}
	return nil
}

// canFollow says whether i finds its place below r when both have applied what they have received.
func (d *relocation) canFollow(i, r *topology.Instance) *topology.Refusal {
	if i.UsesGTID() {
		return topology.CanReplicateByGTID(i, r)
	}
	switch {
	case r.UsesGTID() || i.IsMultiSource():
		return tooComplex(i, r, "only one that replicates as it does, on one channel, can follow")
	case i.Channel.Read != r.Channel.Read:
		return refuse("behind", "use match, where pseudo-GTID is in use", "%s has received up to %s, and %s up to %s: its place in the log of %s cannot be told", i.Key, i.Channel.Read, r.Key, r.Channel.Read, r.Key)
	case i.Channel.LastSQLErrno != 0 || unapplied(i) && (!runs(i.Channel.SQLThread) || i.Channel.SQLDelay > 0):
		return refuse("unapplied", "let it apply everything first (stop-replica-nice)", "%s has received up to %s and has applied up to %s", i.Key, i.Channel.Read, i.Channel.Exec)
	}
	return nil
}

// follow puts replicas below r, which stands still and has applied all it has.
func (s *sequence) follow(r *topology.Instance, replicas []*topology.Instance) {
	var byPosition []*topology.Instance
	s.next()
	for _, i := range replicas {
		if i.UsesGTID() {
			s.d.plan.Add(s.stage, func() plan.Step {
				move := step(i, plan.Action{Verb: plan.ChangeSource, Source: r.Key, Channel: i.Channel.Name}, "it follows the new primary")
				move.MayFail = true
				return move
			}())
			continue
		}
		byPosition = append(byPosition, i)
	}
	for _, i := range byPosition {
		s.halt(i, true)
		s.point(i, plan.Action{Source: r.Key, Place: plan.AtEnd}, plan.Action{Source: i.SourceKey(), Place: plan.Beside, Former: r.Key})
	}
	s.next()
	for _, i := range byPosition {
		s.add(i, plan.Start, plan.Action{Verb: plan.StartReplica}, "it goes on", "its threads run", &plan.Action{Verb: plan.StopReplica}).MayFail = true
	}
}
