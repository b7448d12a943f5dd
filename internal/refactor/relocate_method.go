package refactor

import (
	"slices"
	"strings"
	"time"

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
		return plan.Action{Verb: plan.ChangeSource, Source: s.Key, Place: plan.OwnPosition, Channel: r.Channel.Name, On: d.waitsForEnd(r)}, nil
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

// placeAny is the choice for a single replica: a place that is known already, or else as for one of many.
func (d *relocation) placeAny(r, s *topology.Instance) (plan.Action, *topology.Refusal) {
	if a, ok := d.placeKnown(r, s); ok {
		return a, nil
	}
	return d.placeMany(r, s)
}

// placeMany is the choice for each of many replicas: place, by pseudo-GTID, beside another.
func (d *relocation) placeMany(r, s *topology.Instance) (plan.Action, *topology.Refusal) {
	a, no := d.placeMatched(r, s)
	if no == nil || no.Rule != "too-complex" {
		return a, no
	}
	return d.placeOne(r, s)
}

// placeOne is place, and by file and position beside a sibling or the source, which are stopped for as long as it takes.
func (d *relocation) placeOne(r, s *topology.Instance) (plan.Action, *topology.Refusal) {
	a, no := d.place(r, s)
	if no == nil || no.Rule != "too-complex" || r.UsesGTID() || r.IsBinlogServer() || s.IsBinlogServer() {
		return a, no
	}
	old := d.t.Source(r)
	switch {
	case old == nil || old.IsBinlogServer():
		return a, no
	case d.t.Source(s) == old && (!s.IsCoPrimary || s.ReadOnly):
		a = plan.Action{Verb: plan.AlignBelow, Source: s.Key, Channel: r.Channel.Name, On: d.waitsForEnd(r)}
		return a, d.canAlign(r, s)
	case d.t.Source(old) == s:
		return d.placeUp(r, s)
	}
	return a, no
}

// placeUp is place, and by file and position beside the source of r, which is stopped for as long as it takes.
func (d *relocation) placeUp(r, s *topology.Instance) (plan.Action, *topology.Refusal) {
	a, no := d.place(r, s)
	if no == nil || no.Rule != "too-complex" || r.UsesGTID() || r.IsBinlogServer() {
		return a, no
	}
	old := d.t.Source(r)
	a = plan.Action{Verb: plan.AlignUp, Source: s.Key, Former: old.Key, Channel: r.Channel.Name}
	return a, d.canAlign(r, old)
}

// canAlign says whether two servers can be brought to the same place: both replicate, on one channel, and not far behind.
func (d *relocation) canAlign(r, beside *topology.Instance) *topology.Refusal {
	for _, i := range []*topology.Instance{r, beside} {
		switch {
		case !i.LastCheckValid():
			return topology.Answers(i)
		case i == beside && i.IsMultiSource():
			return refuse("multi-source", "let it use GTID first (enable-gtid)", "%s replicates on %d channels, and by position only one that has a single channel can be stopped beside another", i.Key, 1+len(i.Others))
		case i == beside && d.leadsRing(i):
			return refuse("writable", "let it use GTID first (enable-gtid)", "%s takes writes, and its log grows on when its replication stops: beside it no place can be found by position", i.Key)
		case !i.Replicating() && runs(i.Channel.IOThread) && runs(i.Channel.SQLThread) && i.Channel.LastIOErrno == 0 && i.Channel.LastSQLErrno == 0:
			return refuse(JustBegun, "try again in a moment", "replication on %s has only just begun", i.Key)
		case !i.Replicating():
			return refuse("not-replicating", "start replication there", "replication on %s does not run (error %d: %s)", i.Key, max(i.Channel.LastIOErrno, i.Channel.LastSQLErrno), i.Channel.LastIOError+i.Channel.LastSQLError)
		case i.Channel.SQLDelay > 0:
			return refuse("delayed", "set its delay to 0 first", "%s applies with a delay of %d s, for which the other would stand still", i.Key, i.Channel.SQLDelay)
		}
		if no := d.lags(i); no != nil {
			return no
		}
	}
	if beside.UsesGTID() || r.UsesGTID() {
		a, b := r, beside
		if r.UsesGTID() {
			a, b = beside, r
		}
		return refuse("no-gtid", "let it use GTID first (enable-gtid)", "%s replicates by file and position and %s by GTID", a.Key, b.Key)
	}
	return nil
}

// leadsRing says whether a server that replicates takes writes all the same: it is in a ring, or was until its source was
// detached from it.
func (d *relocation) leadsRing(i *topology.Instance) bool {
	source := d.t.Source(i)
	return !i.ReadOnly && source != nil && (i.IsCoPrimary || source.Channel.Source.Reattached() == i.Key)
}

// waitsForEnd says whether the applier of a replica waits for the end of a transaction of which only the beginning was
// received, and its source will send that.
func (d *relocation) waitsForEnd(r *topology.Instance) bool {
	source := d.t.Source(r)
	return source != nil && source.LastCheckValid() && !r.IsMariaDB()
}

// halts is the server that has to stand still for a move; zero when there is none.
func halts(a plan.Action) topology.Key {
	switch a.Verb {
	case plan.AlignBelow:
		return a.Source
	case plan.AlignUp:
		return a.Former
	}
	return topology.Key{}
}

// write adds the moves to the plan, all at the same time. Servers beside which they find their places are stopped
// before, and started afterwards.
func (d *relocation) write(moves ...plan.Step) {
	var still []topology.Key
	for _, m := range moves {
		if k := halts(m.Action); !k.IsZero() && !slices.Contains(still, k) {
			still = append(still, k)
		}
	}
	stage := 1
	if n := len(d.plan.Steps); n > 0 {
		stage = d.plan.Steps[n-1].Stage + 1
	}
	for _, k := range still {
		name := d.t.Instance(k).Channel.Name
		d.plan.Add(stage, plan.Step{
			Phase: plan.Gather, Server: k, Action: plan.Action{Verb: plan.StopReplica, Channel: name},
			Why: "by file and position a place can be told only beside a server that stands still", Until: "its threads have stopped",
			Undo: &plan.Action{Verb: plan.StartReplica, Channel: name},
		})
	}
	if len(still) > 0 {
		stage++
	}
	for _, m := range moves {
		d.plan.Add(stage, m)
	}
	for _, k := range still {
		d.plan.Add(stage+1, plan.Step{
			Phase: plan.Repoint, Server: k, Action: plan.Action{Verb: plan.StartReplica, Channel: d.t.Instance(k).Channel.Name},
			Why: "it goes on", Until: "its threads run",
		})
	}
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
		s.IsBinlogServer() && beside == old,                                           // below a sibling
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
	if s.Channel.SQLDelay > 0 { // it may take that long until it holds what r holds
		a.Timeout = time.Duration(s.Channel.SQLDelay)*time.Second + patience
	}
	old, fed := d.t.Source(r), d.feeds(r, s)
	stalled := d.stalled(s, old)
	if fed && stalled == nil {
		return a, nil
	}
	// Nobody will send s what only r has received.
	switch v := failover.Covers(r, s); {
	case v != nil && fed:
		return plan.Action{}, refuse("not-replicating", "start replication there", "%s cannot go below %s, because that lacks what it holds and does not get it: replication on %s does not run (error %d: %s); %s",
			r.Key, s.Key, stalled.Key, max(stalled.Channel.LastIOErrno, stalled.Channel.LastSQLErrno), stalled.Channel.LastIOError+stalled.Channel.LastSQLError, v.Reason)
	case v != nil:
		return plan.Action{}, refuse(v.Rule, "move what is ahead first, or rebuild it", "%s cannot go below %s: %s", r.Key, s.Key, v.Reason)
	}
	a.On = !fed // where it was, it could not go on; here it can
	return a, nil
}

// patience is how long is waited for a server to get what another holds, beside its own delay.
const patience = 10 * time.Second

// stalled is the first server, from s upwards to the source that a replica has now, that does not replicate; nil when s
// gets all that this source gets.
func (d *relocation) stalled(s, source *topology.Instance) *topology.Instance {
	seen := make(map[topology.Key]bool)
	for ; s != nil && s != source && s.HasSource() && !seen[s.Key]; s = d.t.Source(s) {
		seen[s.Key] = true
		if !runs(s.Channel.SQLThread) || !runs(s.Channel.IOThread) {
			return s
		}
	}
	return nil
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
		a.Place, a.On = plan.OwnPosition, d.waitsForEnd(r)
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
