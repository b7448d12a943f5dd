package refactor

import (
	"fmt"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// setting plans what is about a server, whether or not it is a replica.
func (s *single) setting() *topology.Refusal {
	i, super := s.i, s.policy.SuperReadOnly
	switch s.r.Operation {
	case SetReadOnly:
		s.p.Title = fmt.Sprintf("close %s for writing", i.Key)
		if !i.ReadOnly || super && !i.SuperReadOnly && i.IsOracleMySQL() {
			s.add(plan.Change, plan.Action{Verb: plan.SetReadOnly, Super: super}, "", nil)
		}
		if i.SemiSyncPriority > 0 && i.SemiSync.SourceEnabled {
			s.add(plan.Change, plan.Action{Verb: plan.SemiSyncSource}, "it takes no writes", nil)
		}
	case SetWritable:
		s.p.Title = fmt.Sprintf("open %s for writing", i.Key)
		if i.SemiSyncPriority > 0 && !i.SemiSync.SourceEnabled {
			s.add(plan.Change, plan.Action{Verb: plan.SemiSyncSource, On: true}, "its writes are to be acknowledged", &plan.Action{Verb: plan.SemiSyncSource})
		}
		if i.ReadOnly || i.SuperReadOnly {
			s.add(plan.Change, plan.Action{Verb: plan.SetWritable, Super: super || i.SuperReadOnly}, "", nil)
		}
		if source := s.t.Source(i); source != nil && !source.ReadOnly {
			s.p.Warnings = append(s.p.Warnings, fmt.Sprintf("%s is a replica of %s, which takes writes too", i.Key, source.Key))
		}
	case EnableSemiSyncSource, DisableSemiSyncSource:
		on := s.r.Operation == EnableSemiSyncSource
		s.p.Title = fmt.Sprintf("switch the source side of semi-sync on %s %s", i.Key, onOff(on))
		if i.SemiSync.SourceEnabled != on {
			s.add(plan.Change, plan.Action{Verb: plan.SemiSyncSource, On: on}, "", nil)
		}
	case KillQuery:
		s.p.Title = fmt.Sprintf("end the statement of connection %d of %s", s.r.Number, i.Key)
		if s.r.Number <= 0 {
			return no("no-connection", "give the number of a connection", "connection %d is none", s.r.Number)
		}
		s.add(plan.Change, plan.Action{Verb: plan.KillQuery, Number: s.r.Number}, "", nil)
	}
	return nil
}

// logs plans what is about binary logs.
func (s *single) logs() *topology.Refusal {
	if !s.i.LogBin || s.i.SelfCoordinates.IsEmpty() {
		return no("no-binary-log", "set log_bin there", "%s writes no binary log", s.i.Key)
	}
	now := topology.Coordinates{LogFile: s.i.SelfCoordinates.LogFile}
	to := topology.Coordinates{LogFile: s.r.File}
	if s.r.File == LatestLog && s.r.Operation == PurgeBinaryLogs {
		to = now
	}
	base, number, ok := topology.SplitLogFile(now.LogFile)
	if s.r.Operation == PurgeBinaryLogs && to.IsEmpty() {
		return no("no-file", "give a binary log, or latest", "up to which binary log was not said")
	}
	if !to.IsEmpty() {
		if toBase, _, toOK := topology.SplitLogFile(to.LogFile); !ok || !toOK || toBase != base {
			return no("foreign-file", "", "%s is no name of a binary log of %s, which is at %s", to.LogFile, s.i.Key, now.LogFile)
		}
	}
	if s.r.Operation == FlushBinaryLogs {
		_, target, _ := topology.SplitLogFile(to.LogFile)
		s.p.Title = fmt.Sprintf("begin a new binary log on %s", s.i.Key)
		switch {
		case to.IsEmpty():
		case target < number:
			return no("file-behind", "", "%s is at %s already, behind %s", s.i.Key, now.LogFile, to.LogFile)
		case target-number > flushAtMost:
			return no("file-too-far", "give a nearer one", "%s is %d binary logs ahead of %s; at most %d are begun at once", to.LogFile, target-number, now.LogFile, flushAtMost)
		case target == number:
			return nil
		}
		s.add(plan.Change, plan.Action{Verb: plan.FlushLogs, At: to}, "", nil)
		return nil
	}
	s.p.Title = fmt.Sprintf("delete the binary logs of %s before %s", s.i.Key, to.LogFile)
	if now.Less(to) {
		return no("file-ahead", "", "%s has not come to %s yet, it is at %s", s.i.Key, to.LogFile, now.LogFile)
	}
	if refusal := s.needed(to); refusal != nil {
		if !s.r.Force {
			return refusal
		}
		s.p.Warnings = append(s.p.Warnings, refusal.Reason)
	}
	s.add(plan.Change, plan.Action{Verb: plan.PurgeLogs, At: to}, "", nil)
	return nil
}

// needed says which replica may still need a binary log before a file.
func (s *single) needed(to topology.Coordinates) *topology.Refusal {
	const remedy = "wait for it, or use force"
	for _, r := range Readers(s.t, s.i) {
		switch {
		case s.t.Instance(r.Server) == nil:
			return no("replica-unknown", remedy, "its replica %s is not known", r.Server)
		case r.Unknown():
			return no("replica-unknown", remedy, "how far its replica %s has come is not known", r.Server)
		case r.MayNeedBefore(to.LogFile):
			return no("replica-behind", remedy, "its replica %s has only applied up to %s", r.Server, r.At)
		}
	}
	return nil
}

// Reader is a replica that goes through the binary logs of a server, and up to where it has applied them.
type Reader struct {
	Server topology.Key
	At     topology.Coordinates
}

// Unknown says whether it is not known how far the replica has come.
func (r Reader) Unknown() bool { return r.At.IsEmpty() }

// MayNeedBefore says whether the replica may still need what is logged before a file begins.
func (r Reader) MayNeedBefore(file string) bool {
	return r.Unknown() || r.At.Compare(topology.Coordinates{LogFile: file}) <= 0
}

// Readers are whatever replicates from the server, or would if it were not detached or down; a replica that only the server
// itself knows of is at an unknown place.
func Readers(t *topology.Topology, i *topology.Instance) []Reader {
	var list []Reader
	for _, r := range followers(t, i.Key) {
		for _, c := range append([]topology.Channel{r.Channel}, r.Others...) {
			if c.Source.Reattached() == i.Key {
				list = append(list, Reader{r.Key, c.Exec})
			}
		}
	}
	for _, k := range i.Reported {
		if t.Instance(k) == nil {
			list = append(list, Reader{Server: k})
		}
	}
	return list
}

// Errant are the transactions that a replica has and its source and what is above have not, as both were last read. In
// a ring a transaction may be under way between two looks: there only what was found errant before counts.
func Errant(t *topology.Topology, i *topology.Instance) (gtid.Set, error) {
	source := t.Source(i)
	if source == nil || !source.LastCheckValid() {
		return gtid.Parse(i.ErrantSet)
	}
	text, err := topology.Errant(i, source)
	if err != nil {
		return gtid.Set{}, err
	}
	now, err := gtid.Parse(text)
	if err != nil || !i.IsCoPrimary && !source.IsCoPrimary {
		return now, err
	}
	before, err := gtid.Parse(i.ErrantSet)
	return now.Intersect(before), err
}

// errant plans what is about transactions that a replica alone has.
func (s *single) errant() *topology.Refusal {
	errant, err := Errant(s.t, s.i)
	switch {
	case !s.i.SupportsOracleGTID:
		return no("gtid-unsupported", "", "%s does not use MySQL's GTID", s.i.Key)
	case err != nil:
		return no("gtid-unreadable", "", "the errant transactions of %s: %v", s.i.Key, err)
	case errant.IsEmpty():
		return no("no-errant", "", "%s has no errant transactions", s.i.Key)
	}
	if s.r.Operation == ErrantReset {
		return s.errantReset(errant)
	}
	s.p.Title = fmt.Sprintf("commit empty transactions for the errant ones of %s: %s", s.i.Key, errant)
	primary := primaryOf(s.t, s.i)
	switch {
	case primary == nil || !primary.LastCheckValid():
		return no("no-primary", "set-writeable on its primary", "no primary of %s takes writes", s.i.Key)
	case !primary.SupportsOracleGTID:
		return no("gtid-unsupported", "", "its primary %s does not use MySQL's GTID", primary.Key)
	case errant.Count() > injectAtMost:
		return no("too-many", "rebuild it, or use gtid-errant-reset-master", "%s has %d errant transactions; at most %d empty ones are committed", s.i.Key, errant.Count(), injectAtMost)
	}
	s.p.Add(1, plan.Step{
		Phase: plan.Change, Server: primary.Key, Action: plan.Action{Verb: plan.InjectEmpty, Set: errant.String()},
		Why: "what " + s.i.Key.String() + " has executed counts as executed everywhere",
	})
	return nil
}

func (s *single) errantReset(errant gtid.Set) *topology.Refusal {
	s.p.Title = fmt.Sprintf("let %s forget its errant transactions: %s", s.i.Key, errant)
	if refusal := s.replica(); refusal != nil {
		return refusal
	}
	if below := followers(s.t, s.i.Key); len(below) > 0 {
		return no("has-replicas", "move them away first", "%s has replicas, which would break: %s", s.i.Key, topology.JoinKeys(topology.Keys(below)))
	}
	if len(s.i.Reported) > 0 {
		return no("has-replicas", "move them away first", "%s has replicas, which would break: %s", s.i.Key, topology.JoinKeys(s.i.Reported))
	}
	if refusal := s.keeps(true); refusal != nil {
		return refusal
	}
	s.halt()
	s.add(plan.Change, plan.Action{Verb: plan.ForgetErrant, Set: errant.String()}, "", nil)
	s.restore()
	return nil
}
