package refactor

import (
	"strings"

	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// place chooses the method by which r goes below s, in the original's order as far as the methods exist: it is there
// already; binlog servers; GTID.
func (d *relocation) place(r, s *topology.Instance) (plan.Action, *topology.Refusal) {
	if no := d.t.CanMove(r, s, d.policy.Replication); no != nil {
		return plan.Action{}, no
	}
	if d.t.Source(r) == s {
		return d.repoint(r, s)
	}
	if log, ok := d.relay(r, s); ok {
		if log.Less(r.Channel.Read) {
			return plan.Action{}, refuse("ahead", "wait until it has caught up", "%s has received up to %s, and %s has up to %s", r.Key, r.Channel.Read, s.Key, log)
		}
		return plan.Action{Verb: plan.ChangeSource, Source: s.Key, Place: plan.OwnPosition, Channel: r.Channel.Name}, nil
	}
	if r.IsBinlogServer() && !r.UsesGTID() {
		return plan.Action{}, tooComplex(r, s, "a binlog server goes on in the log of its own source only")
	}
	if !r.UsesGTID() {
		no := topology.CanReplicateByGTID(r, s)
		return plan.Action{}, tooComplex(r, s, no.Error(), "by file and position its place in the log of "+s.Key.String()+" cannot be told while both replicate")
	}
	return d.byGTID(r, s)
}

// tooComplex is the original's refusal of what no method can do.
func tooComplex(r, s *topology.Instance, reasons ...string) *topology.Refusal {
	return refuse("too-complex", "use GTID, or move it by hand", "relocating %s below %s turns out to be too complex; please do it manually: %s",
		r.Key, s.Key, strings.Join(reasons, "; "))
}

// relay says whether r, which replicates by file and position, would stay within a family of binlog servers, whose logs
// are all copies of that of the server above them; and up to where s has the log in which r counts.
func (d *relocation) relay(r, s *topology.Instance) (log topology.Coordinates, ok bool) {
	old := d.t.Source(r)
	if old == nil || r.UsesGTID() {
		return log, false
	}
	above, beside := d.t.Source(old), d.t.Source(s)
	switch up := old.IsBinlogServer() && above == s && above != nil; {
	case up && !s.IsBinlogServer(): // to the head of the family
		return s.SelfCoordinates, true
	case up, // within the family
		s.IsBinlogServer() && beside == old, // below a sibling
		s.IsBinlogServer() && old.IsBinlogServer() && above != nil && beside == above: // across
		return s.Channel.Read, true
	}
	return log, false
}

// byGTID moves r by GTID.
func (d *relocation) byGTID(r, s *topology.Instance) (plan.Action, *topology.Refusal) {
	if no := d.t.CanMove(r, s, d.policy.Replication); no != nil {
		return plan.Action{}, no
	}
	if no := topology.CanReplicateByGTID(r, s); no != nil {
		return plan.Action{}, no
	}
	a := plan.Action{Verb: plan.Move, Source: s.Key, Channel: r.Channel.Name}
	if d.feeds(r, s) {
		return a, nil
	}
	// Nobody will send s what only r has received.
	if v := failover.Covers(r, s); v != nil {
		return plan.Action{}, refuse(v.Rule, "move what is ahead first, or rebuild it", "%s cannot go below %s: %s", r.Key, s.Key, v.Reason)
	}
	a.Verb = plan.ChangeSource
	return a, nil
}

// feeds says whether s will get whatever r has got from its source by now: that source is s itself, or answers and is
// in the same tree.
func (d *relocation) feeds(r, s *topology.Instance) bool {
	old := d.t.Source(r)
	return old != nil && old.LastCheckValid() && old.ClusterName == s.ClusterName
}

// repoint points r at s, whose log is taken to be the one that r reads already.
func (d *relocation) repoint(r, s *topology.Instance) (plan.Action, *topology.Refusal) {
	if !r.HasSource() && !r.Channel.Source.IsDetached() {
		return plan.Action{}, refuse("not-a-replica", "set its source up first", "%s replicates from nobody", r.Key)
	}
	if no := topology.Answers(r); no != nil {
		return plan.Action{}, no
	}
	if r.Group.IsSecondary() {
		return plan.Action{}, refuse("group-secondary", "take it out of the group first", "%s is a secondary of replication group %s and cannot be moved", r.Key, r.Group.Name)
	}
	a := plan.Action{Verb: plan.ChangeSource, Source: s.Key, Channel: r.Channel.Name}
	old := d.t.Source(r)
	same := old == s
	if !same {
		if d.t.IsBelow(s.Key, r.Key) {
			return plan.Action{}, refuse("loop", "move "+s.Key.String()+" away first", "%s replicates, directly or not, from %s", s.Key, r.Key)
		}
		if no := topology.CanReplicate(r, s, d.policy.Replication); no != nil && !s.IsBinlogServer() {
			return plan.Action{}, no
		}
	}
	switch {
	case r.UsesGTID() && same:
	case r.UsesGTID():
		if no := topology.CanReplicateByGTID(r, s); no != nil {
			return plan.Action{}, no
		}
		a.Verb = plan.Move
	case same, s.IsBinlogServer(), sameLog(r, old, s):
		a.Place = plan.OwnPosition
		if s.IsBinlogServer() && s.Channel.Read.Less(r.Channel.Exec) {
			return plan.Action{}, refuse("ahead", "wait until it has caught up", "%s has applied up to %s, and the binlog server %s has up to %s", r.Key, r.Channel.Exec, s.Key, s.Channel.Read)
		}
	default:
		return plan.Action{}, refuse("other-log", "use relocate, or let it use GTID first (enable-gtid)",
			"%s replicates by file and position (%s of %s), which mean something else in the log of %s", r.Key, r.Channel.Exec, r.SourceKey(), s.Key)
	}
	return a, nil
}

// sameLog says whether s is the very server that r replicates from, under another name.
func sameLog(r, old, s *topology.Instance) bool {
	if s.ServerUUID != "" {
		return strings.EqualFold(r.Channel.SourceUUID, s.ServerUUID)
	}
	return old != nil && s.ServerID != 0 && old.ServerID == s.ServerID
}
