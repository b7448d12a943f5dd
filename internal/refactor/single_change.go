package refactor

import (
	"fmt"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// JustBegun is the rule that ends by itself, in a moment: the threads of a replica do not run yet.
const JustBegun = "just-begun"

// configuration plans what changes how a replica replicates.
func (s *single) configuration() *topology.Refusal {
	switch s.r.Operation {
	case ResetReplica:
		s.p.Title = fmt.Sprintf("make %s a replica of nobody", s.i.Key)
		return s.changed(plan.Action{Verb: plan.ForgetSource}, false)
	case DetachReplica:
		return s.detach()
	case ReattachReplica:
		return s.reattach()
	case DelayReplication:
		return s.delay()
	case EnableGTID:
		return s.enableGTID()
	case DisableGTID:
		s.p.Title = fmt.Sprintf("let %s find its place by file and position", s.i.Key)
		switch {
		case !s.i.UsesGTID():
			return no("no-gtid", "", "%s does not use GTID", s.i.Key)
		case s.i.Channel.Source.IsDetached():
			return no("detached", "reattach-replica-master-host", "%s is detached from its source", s.i.Key)
		case s.i.Channel.Exec.IsEmpty() && runs(s.i.Channel.IOThread) && runs(s.i.Channel.SQLThread): // its receiver must not be stopped before it has begun
			return no(JustBegun, "try again in a moment", "%s has only just begun to replicate from %s, and its place in the log there is not known yet", s.i.Key, s.i.SourceKey())
		case s.i.Channel.Exec.IsEmpty():
			return no("no-position", "start-replica", "%s has not replicated from %s yet, and its place in the log there is not known", s.i.Key, s.i.SourceKey())
		}
		return s.changed(plan.Action{Verb: plan.UsePosition}, true)
	}
	s.p.Title = fmt.Sprintf("set the replication credentials of %s", s.i.Key)
	if runs(s.i.Channel.IOThread) || runs(s.i.Channel.SQLThread) {
		return no("replicating", "stop-replica", "the threads of %s have to be stopped first", s.i.Key)
	}
	return s.changed(plan.Action{Verb: plan.SetCredentials}, true)
}

// changed stops the threads, changes, and starts those that ran where they are to.
func (s *single) changed(a plan.Action, restored bool) *topology.Refusal {
	if refusal := s.keeps(true); refusal != nil {
		return refusal
	}
	if unapplied(s.i) && !s.applies() {
		s.p.Warnings = append(s.p.Warnings, fmt.Sprintf("what %s has received and not applied is dropped; its source %s has it", s.i.Key, s.i.SourceKey()))
	}
	s.halt()
	s.add(plan.Change, a, "", nil)
	if restored {
		s.restore()
	}
	return nil
}

func (s *single) detach() *topology.Refusal {
	c := &s.i.Channel
	s.p.Title = fmt.Sprintf("detach %s from its source %s", s.i.Key, c.Source)
	switch {
	case c.Source.IsDetached():
		return no("detached", "", "%s is detached already", s.i.Key)
	case unapplied(s.i) && !s.applies():
		return no("unapplied", "start its SQL thread, or use stop-replica-nice", "%s has received transactions that it does not apply, and would drop them", s.i.Key)
	}
	s.halt()
	s.add(plan.Change, plan.Action{Verb: plan.DetachSource}, "", nil)
	return nil
}

// alone says whether the server and the source that it was detached from would make a ring without anything to replicate:
// while it was detached, the source has come to be below it. In a ring of primaries one takes writes.
func (s *single) alone(source topology.Key) bool {
	at := s.t.Instance(source)
	return at != nil && s.t.IsBelow(source, s.i.Key) && at.ReadOnly && s.i.ReadOnly
}

func (s *single) reattach() *topology.Refusal {
	c := &s.i.Channel
	source := c.Source.Reattached()
	s.p.Title = fmt.Sprintf("reattach %s to its source %s", s.i.Key, source)
	s.p.Successor = source
	switch {
	case !c.Source.IsDetached():
		return no("not-detached", "", "%s is not detached", s.i.Key)
	case s.alone(source):
		return no("loop", "relocate it below another server, or move "+source.String()+" away first", "%s replicates, directly or not, from %s, and neither takes writes: they would replicate from each other alone", source, s.i.Key)
	case unapplied(s.i):
		at := s.t.Instance(source)
		if at == nil || !at.LastCheckValid() {
			return no("would-drop", "bring that server back first", "%s has received transactions that it has not applied, they would be dropped, and %s does not answer", s.i.Key, source)
		}
	}
	s.add(plan.Change, plan.Action{Verb: plan.ReattachSource}, "", &plan.Action{Verb: plan.DetachSource})
	s.semiSyncAtStart()
	s.add(plan.Start, plan.Action{Verb: plan.StartReplica}, "", nil)
	s.see()
	return nil
}

func (s *single) delay() *topology.Refusal {
	c := &s.i.Channel
	s.p.Title = fmt.Sprintf("delay replication on %s by %d s", s.i.Key, s.r.Number)
	switch {
	case s.r.Number < 0:
		return no("negative-delay", "give 0 or more", "a delay of %d s is less than none", s.r.Number)
	case s.r.Number == c.SQLDelay:
		return nil
	}
	a := plan.Action{Verb: plan.SetDelay, Number: s.r.Number}
	// Newer MySQL changes it while the receiver runs, and keeps what that has received. With both threads stopped any
	// change may drop it.
	if s.i.IsMariaDB() || topology.CompareVersions(s.i.Version, "5.7.4") < 0 || !runs(c.IOThread) {
		return s.changed(a, true)
	}
	if runs(c.SQLThread) {
		s.add(plan.Stop, plan.Action{Verb: plan.StopApplying}, "", &plan.Action{Verb: plan.StartApplying})
	}
	s.add(plan.Change, a, "", nil)
	if runs(c.SQLThread) {
		s.add(plan.Start, plan.Action{Verb: plan.StartApplying}, "as it was before", nil)
	}
	return nil
}

func (s *single) enableGTID() *topology.Refusal {
	s.p.Title = fmt.Sprintf("let %s find its place by GTID", s.i.Key)
	source := s.t.Source(s.i)
	switch {
	case s.i.UsesGTID():
		return no("uses-gtid", "", "%s uses GTID already", s.i.Key)
	case source == nil || !source.LastCheckValid():
		return no("source-unreachable", "look why it does not answer", "whether %s, the source of %s, uses GTID cannot be seen", s.i.SourceKey(), s.i.Key)
	case s.i.IsMariaDB() && source.IsMariaDB():
		return s.changed(plan.Action{Verb: plan.UseGTID, Place: plan.ByMariaDBGTID}, true)
	case !s.i.SupportsOracleGTID || !source.SupportsOracleGTID:
		return no("gtid-unsupported", "switch gtid_mode on, on both", "%s and its source %s do not both use GTID of the same kind", s.i.Key, source.Key)
	}
	purged, err := gtid.Parse(source.PurgedSet)
	executed, err2 := gtid.Parse(s.i.ExecutedSet)
	if err != nil || err2 != nil {
		return no("gtid-unreadable", "", "the GTID sets of %s and %s cannot be read", s.i.Key, source.Key)
	}
	if missing := purged.Subtract(executed); !missing.IsEmpty() {
		return no("gtid-purged", "rebuild it from a backup", "%s has purged transactions that %s lacks: %s", source.Key, s.i.Key, missing)
	}
	return s.changed(plan.Action{Verb: plan.UseGTID, Place: plan.ByOracleGTID}, true)
}
