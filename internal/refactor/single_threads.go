package refactor

import (
	"fmt"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// threads plans what is about the threads of a replica alone.
func (s *single) threads() *topology.Refusal {
	c := &s.i.Channel
	switch s.r.Operation {
	case StopReplica:
		s.p.Title = fmt.Sprintf("stop replication on %s", s.i.Key)
		return s.stop()
	case StopReplicaNice:
		s.p.Title = fmt.Sprintf("stop replication on %s after it has applied what it has received", s.i.Key)
		return s.stopNicely()
	case StartReplica:
		s.p.Title = fmt.Sprintf("start replication on %s", s.i.Key)
		if s.i.Replicating() {
			return nil
		}
		return s.start()
	case RestartReplica:
		s.p.Title = fmt.Sprintf("stop and start replication on %s", s.i.Key)
		if refusal := s.stop(); refusal != nil {
			return refusal
		}
		return s.start()
	}
	s.p.Title = fmt.Sprintf("wait until %s has applied %s", s.i.Key, s.r.At)
	switch {
	case s.r.At.IsEmpty():
		return no("no-position", "give a position as file:position", "what to wait for was not given")
	case !runs(c.SQLThread):
		return no("not-applying", "start-replica", "%s does not apply: its SQL thread is stopped", s.i.Key)
	}
	s.add(plan.CatchUp, plan.Action{Verb: plan.AwaitPosition, At: s.r.At, Timeout: waitAtMost}, "", nil).Deadline = waitAtMost
	return nil
}

// startDrops says whether a later start of the threads would throw away what was received and not applied: MariaDB does
// so where a replica finds its place by GTID and neither thread runs.
func (s *single) startDrops() bool { return s.i.Channel.GTID == topology.MariaDBGTID }

func (s *single) stop() *topology.Refusal {
	c := &s.i.Channel
	if !runs(c.IOThread) && !runs(c.SQLThread) {
		return nil
	}
	if s.startDrops() {
		if refusal := s.keeps(false); refusal != nil {
			return refusal
		}
	}
	undo := plan.Action{Verb: plan.StartReplica}
	switch {
	case !runs(c.SQLThread):
		undo.Verb = plan.StartReceiving
	case !runs(c.IOThread):
		undo.Verb = plan.StartApplying
	}
	s.add(plan.Stop, plan.Action{Verb: plan.StopReplica, On: s.waitsForEnd()}, "", &undo)
	return nil
}

func (s *single) stopNicely() *topology.Refusal {
	c := &s.i.Channel
	if c.LastSQLErrno != 0 {
		return no("applier-stopped", "skip-query, or repair it", "the applier of %s stopped with error %d: %s", s.i.Key, c.LastSQLErrno, c.LastSQLError)
	}
	if c.SQLDelay > 0 && s.startDrops() {
		if refusal := s.keeps(false); refusal != nil {
			return refusal
		}
	}
	switch stands := !runs(c.IOThread) && !runs(c.SQLThread); {
	case stands && !unapplied(s.i):
		return nil
	case stands && s.startDrops():
		return no("would-drop", "start-replica, and then again", "%s has stopped and not applied all that it has received, and drops that when its applier starts; its source sends it again", s.i.Key)
	}
	if runs(c.IOThread) {
		s.add(plan.Stop, plan.Action{Verb: plan.StopReceiving}, "nothing more may be received", &plan.Action{Verb: plan.StartReceiving})
	}
	if c.SQLDelay > 0 {
		s.p.Warnings = append(s.p.Warnings, fmt.Sprintf("%s is delayed by %d s: what it has received is not waited for", s.i.Key, c.SQLDelay))
	} else {
		s.add(plan.CatchUp, plan.Action{Verb: plan.AwaitApplied, Timeout: s.policy.Patience}, "", nil).Deadline = waitAtMost
	}
	s.add(plan.Stop, plan.Action{Verb: plan.StopReplica, On: s.waitsForEnd()}, "", nil)
	return nil
}

func (s *single) start() *topology.Refusal {
	c := &s.i.Channel
	if c.Source.IsDetached() {
		return no("detached", "reattach-replica-master-host", "%s is detached from its source", s.i.Key)
	}
	if s.startDrops() && !runs(c.IOThread) && !runs(c.SQLThread) {
		if refusal := s.keeps(false); refusal != nil {
			return refusal
		}
	}
	s.semiSyncAtStart()
	s.add(plan.Start, plan.Action{Verb: plan.StartReplica}, "", nil)
	s.see()
	return nil
}

// semiSyncAtStart makes a server that takes part in semi-sync a replica in that sense.
func (s *single) semiSyncAtStart() {
	if s.i.SemiSyncPriority == 0 {
		return
	}
	if s.i.SemiSync.SourceEnabled {
		s.add(plan.Start, plan.Action{Verb: plan.SemiSyncSource}, "it is a replica", &plan.Action{Verb: plan.SemiSyncSource, On: true})
	}
	if want := s.i.PromotionRule != topology.MustNotPromote; !s.policy.SemiSyncByCount && want != s.i.SemiSync.ReplicaEnabled {
		s.add(plan.Start, plan.Action{Verb: plan.SemiSyncReplica, On: want}, "its semi-sync priority and promotion rule", nil)
	}
}

// semiSyncReplica switches the replica side, which takes effect when the receiver connects anew.
func (s *single) semiSyncReplica(on bool) *topology.Refusal {
	s.p.Title = fmt.Sprintf("switch the replica side of semi-sync on %s %s", s.i.Key, onOff(on))
	if s.i.SemiSync.ReplicaEnabled == on {
		return nil
	}
	c := &s.i.Channel
	if s.startDrops() && runs(c.IOThread) && !s.applies() && unapplied(s.i) {
		return no("would-drop", "start its SQL thread first", "%s has received transactions that it does not apply, and would drop them when its receiver is started anew", s.i.Key)
	}
	s.add(plan.Change, plan.Action{Verb: plan.SemiSyncReplica, On: on}, "", &plan.Action{Verb: plan.SemiSyncReplica, On: !on})
	if runs(c.IOThread) {
		s.add(plan.Stop, plan.Action{Verb: plan.StopReceiving}, "so that it takes effect", &plan.Action{Verb: plan.StartReceiving})
		s.add(plan.Start, plan.Action{Verb: plan.StartReceiving}, "as it was before", nil)
	}
	return nil
}

// skip plans to go on behind a statement that fails.
func (s *single) skip() *topology.Refusal {
	c := &s.i.Channel
	s.p.Title = fmt.Sprintf("skip what the applier of %s stopped at", s.i.Key)
	switch {
	case runs(c.SQLThread):
		return no("applier-runs", "stop-replica, if something is to be skipped", "the applier of %s runs", s.i.Key)
	case c.LastSQLErrno == 0:
		return no("no-error", "start-replica", "the applier of %s was stopped, not by an error", s.i.Key)
	case s.i.UsesMariaDBGTID():
		return no("mariadb-gtid", "set gtid_slave_pos by hand, or use disable-gtid first", "%s replicates by MariaDB's GTID, by which nothing can be skipped", s.i.Key)
	}
	a := plan.Action{Verb: plan.SkipStatement}
	if s.i.UsesOracleGTID() || s.i.GTIDMode == "ON" {
		a.Place = plan.ByOracleGTID
	}
	s.add(plan.Change, a, fmt.Sprintf("error %d: %s", c.LastSQLErrno, c.LastSQLError), nil)
	if !runs(c.IOThread) {
		s.add(plan.Start, plan.Action{Verb: plan.StartApplying}, "so that it goes on; its receiver stays stopped", nil)
		return nil
	}
	s.add(plan.Start, plan.Action{Verb: plan.StartApplying}, "so that it goes on", nil)
	s.see()
	return nil
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
