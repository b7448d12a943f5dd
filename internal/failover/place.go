package failover

import (
	"cmp"
	"fmt"
	"time"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// The stages of a plan that moves the replicas of a lost intermediate source or group member. GatherStage comes first.
const (
	stageMove      = GatherStage + 1 + iota // below servers that replicate already
	stageMoveBelow                          // below a former sibling that was moved in the stage before
	stageMoveLate                           // replicas that are delayed on purpose
	stageResume                             // receivers that were stopped and have no place to go
)

// mover answers which replica of a lost server can go below which other server.
type mover struct {
	t       *topology.Topology
	request *Request
	policy  *Policy
	failed  *topology.Instance
	above   *topology.Instance // the source of the lost server; nil when it has none or it is not known
}

// place says how the replica r goes below the target, or by which rule it cannot. Nothing that r has received may be
// missing there, and everything that it lacks must be found there.
func (m *mover) place(r, target *topology.Instance) (plan.Action, *plan.Verdict) {
	no := func(rule, format string, args ...any) (plan.Action, *plan.Verdict) {
		return plan.Action{}, &plan.Verdict{Server: r.Key, Rule: rule, Reason: fmt.Sprintf(format, args...)}
	}
	refusal := topology.CanReplicate(r, asSource(target), m.policy.Replication)
	switch {
	case !r.LastCheckValid():
		return no("unreachable", "the last check failed: %s", cmp.Or(r.Check.Err, "no answer"))
	case !target.LastCheckValid():
		return no("source-unreachable", "%s cannot be reached: %s", target.Key, cmp.Or(target.Check.Err, "no answer"))
	case refusal != nil:
		return no(refusal.Rule, "%s", refusal.Error())
	case m.isBelow(target, r):
		return no("loop", "%s replicates from it", target.Key)
	}
	action := plan.Action{Verb: plan.ChangeSource, Source: target.Key, Channel: r.Channel.Name}
	var v *plan.Verdict
	switch r.Channel.GTID {
	case topology.OracleGTID:
		action.Proven, v = true, mysqlCovers(r, target)
	case topology.MariaDBGTID:
		action.Proven, v = true, mariadbCovers(r, target)
	default:
		action.Place = plan.ByCoordinates
		if action.At, v = m.coordinates(r, target); v == nil && m.sameLog(r, target) && !r.IsBinlogServer() {
			// It may have received the beginning of a transaction, and goes on where that begins.
			action.Place, action.At = plan.OwnPosition, topology.Coordinates{}
		}
	}
	return action, v
}

// asSource is the target as CanReplicate wants to see a source: a binlog server passes everything on.
func asSource(target *topology.Instance) *topology.Instance {
	if !target.IsBinlogServer() {
		return target
	}
	c := target.Clone()
	c.LogBin, c.LogReplicaUpdates = true, true
	return c
}

func (m *mover) isBelow(i, r *topology.Instance) bool {
	for _, d := range m.t.Descendants(r.Key) {
		if d.Key == i.Key {
			return true
		}
	}
	return false
}

// appliesOn says whether what is in the relay log of a server will be applied.
func appliesOn(i *topology.Instance) bool { return i.Channel.LastSQLErrno == 0 }

// mysqlHeld is everything that a server has and will have without further ado: what it wrote itself included.
func mysqlHeld(i *topology.Instance) (gtid.Set, error) {
	held, err := gtid.Parse(i.ExecutedSet)
	if err != nil {
		return held, fmt.Errorf("the executed GTID set of %s cannot be read: %w", i.Key, err)
	}
	if !appliesOn(i) {
		return held, nil
	}
	retrieved, err := gtid.Parse(i.Channel.RetrievedSet)
	if err != nil {
		return held, fmt.Errorf("the retrieved GTID set of %s cannot be read: %w", i.Key, err)
	}
	return held.Union(retrieved), nil
}

// mysqlCovers says by which rule a replica that finds its place by MySQL's GTID cannot go below the target, or nil.
func mysqlCovers(r, target *topology.Instance) *plan.Verdict {
	no := func(rule, format string, args ...any) *plan.Verdict {
		return &plan.Verdict{Server: r.Key, Rule: rule, Reason: fmt.Sprintf(format, args...)}
	}
	if target.ExecutedSet == "" {
		return no("no-gtid", "the GTID set of %s is not known", target.Key)
	}
	received, err := historyOf(byMySQL, r)
	if err != nil {
		return no("unknown-history", "%v", err)
	}
	held, err := mysqlHeld(target)
	if err != nil {
		return no("unknown-history", "%v", err)
	}
	if lacks := received.received.Subtract(held); !lacks.IsEmpty() {
		return no("ahead", "it has received %s that %s lacks", transactions(lacks.Count()), target.Key)
	}
	own, err := mysqlHeld(r)
	if err != nil {
		return no("unknown-history", "%v", err)
	}
	purged, err := gtid.Parse(target.PurgedSet)
	if err != nil {
		return no("unknown-history", "the purged GTID set of %s cannot be read: %v", target.Key, err)
	}
	if gone := purged.Subtract(own); !gone.IsEmpty() {
		return no("purged", "it lacks %s that %s has purged from its binary logs", transactions(gone.Count()), target.Key)
	}
	return nil
}

// mariadbHeld is what a MariaDB server has logged or applied, and what it will have without further ado.
func mariadbHeld(i *topology.Instance) (now, soon gtid.MariaPos, err error) {
	for _, text := range []string{i.ExecutedSet, i.Channel.AppliedSet} {
		p, err := gtid.ParseMariaPos(text)
		if err != nil {
			return now, soon, fmt.Errorf("the GTID position of %s cannot be read: %w", i.Key, err)
		}
		now = now.Union(p)
	}
	soon = now
	if appliesOn(i) && !i.ThreadsStopped() {
		p, err := gtid.ParseMariaPos(i.Channel.RetrievedSet)
		if err != nil {
			return now, soon, fmt.Errorf("the received GTID position of %s cannot be read: %w", i.Key, err)
		}
		soon = soon.Union(p)
	}
	return now, soon, nil
}

// mariadbCovers is mysqlCovers for MariaDB's GTID. What a server has purged cannot be told from its position.
func mariadbCovers(r, target *topology.Instance) *plan.Verdict {
	no := func(rule, format string, args ...any) *plan.Verdict {
		return &plan.Verdict{Server: r.Key, Rule: rule, Reason: fmt.Sprintf(format, args...)}
	}
	received, err := historyOf(byMariaDB, r)
	if err != nil {
		return no("unknown-history", "%v", err)
	}
	now, soon, err := mariadbHeld(target)
	switch {
	case err != nil:
		return no("unknown-history", "%v", err)
	case soon.IsEmpty():
		return no("no-gtid", "the GTID position of %s is not known", target.Key)
	case !soon.Contains(received.mariaIn):
		return no("ahead", "it has received %s that %s lacks", transactions(received.mariaIn.Ahead(soon)), target.Key)
	case target.BinlogState == "" || !now.Contains(received.mariaIn):
		return nil
	}
	state, err := gtid.ParseMariaState(target.BinlogState)
	if err != nil {
		return no("unknown-history", "the binary log state of %s cannot be read: %v", target.Key, err)
	}
	if foreign := state.NotLogged(received.mariaIn); len(foreign) > 0 {
		return no("not-logged", "%s has not logged %s, where it would begin to read", target.Key, foreign[0])
	}
	return nil
}

// coordinates finds where in the log of the target the replica r has to go on when it has applied what it received.
// By file and position that can be known in few cases only: binlog servers, and replicas of a lost one, count in the log
// of the server above; at rest the whole tree has everything; and there are replicas that have received the same.
func (m *mover) coordinates(r, target *topology.Instance) (topology.Coordinates, *plan.Verdict) {
	no := func(rule, format string, args ...any) (topology.Coordinates, *plan.Verdict) {
		return topology.Coordinates{}, &plan.Verdict{Server: r.Key, Rule: rule, Reason: fmt.Sprintf(format, args...)}
	}
	read := r.Channel.Read
	beside := target.Channel.Source == r.Channel.Source
	switch {
	case read.IsEmpty():
		return no("unknown-history", "its position in the log of %s is unknown", m.failed.Key)
	case m.sameLog(r, target):
		reached := target.Channel.Read
		if target == m.above && !target.IsBinlogServer() {
			reached = target.SelfCoordinates
		}
		if reached.Less(read) {
			return no("ahead", "it has received up to %s, %s has up to %s", read, target.Key, reached)
		}
		return read, nil
	case r.IsBinlogServer() && target.IsBinlogServer() && beside:
		if target.Channel.Read.Less(read) {
			return no("ahead", "it has received up to %s, %s up to %s", read, target.Key, target.Channel.Read)
		}
		return read, nil
	case r.IsBinlogServer():
		return no("binlog-server", "a binlog server goes on in the log of its own source only, and %s writes another log", target.Key)
	case target.SelfCoordinates.IsEmpty():
		return no("unknown-position", "the position of %s in its own log is unknown", target.Key)
	case beside && (target.Channel.Read.Compare(read) != 0 || !target.Channel.ReceivedAll() || target.Channel.IOThread.Running()):
		return no("behind", "it has received up to %s, and that %s has applied the same and no more is not certain", read, target.Key)
	case beside:
		return target.SelfCoordinates, nil
	case !m.atRest():
		return no("unknown-position", "by file and position its place in the log of %s can be known only when everything has come to rest", target.Key)
	case read.Compare(m.failed.SelfCoordinates) != 0:
		return no("behind", "it has received up to %s, %s had logged up to %s, and the rest cannot be found in another log", read, m.failed.Key, m.failed.SelfCoordinates)
	case target != m.above && (target.Channel.Exec.Compare(m.above.SelfCoordinates) != 0 || !target.Channel.ReceivedAll() || !m.above.Check.Seen.After(target.Check.Seen)):
		return no("unknown-position", "%s was not at rest when it was looked at", target.Key)
	}
	return target.SelfCoordinates, nil
}

// sameLog says whether a replica of the lost server finds the very log that it has read until now at the target.
func (m *mover) sameLog(r, target *topology.Instance) bool {
	return m.failed.IsBinlogServer() && target.Channel.Source != r.Channel.Source
}

// atRest says whether it is certain that the lost server had applied all there is: when it was last looked at it had
// applied everything up to where its source still stood at a later time. A probe reads what a server has applied before
// it reads how far its own log goes.
func (m *mover) atRest() bool {
	if m.above == nil || m.failed.SelfCoordinates.IsEmpty() || m.failed.Channel.Exec.IsEmpty() {
		return false
	}
	return m.failed.Channel.ReceivedAll() &&
		m.failed.Channel.Exec.Compare(m.above.SelfCoordinates) == 0 &&
		m.above.Check.Seen.After(m.failed.Check.Seen)
}

// stageOf is when a replica is moved: those that are delayed on purpose last.
func (m *mover) stageOf(r *topology.Instance, stage int) int {
	if limit := m.policy.PostponeDelayed; limit > 0 && time.Duration(r.Channel.SQLDelay)*time.Second > limit {
		return stageMoveLate
	}
	return stage
}

// quiet says whether the replica can receive nothing more from its source.
func (m *mover) quiet(r *topology.Instance) bool {
	io := r.Channel.IOThread
	return io == topology.ThreadStopped || io == topology.NoThread || m.request.Quiet[r.Key]
}

// move is a replica with the place that was found for it.
type move struct {
	replica *topology.Instance
	action  plan.Action
	stage   int
	why     string
	leads   bool // others go below it in the next stage
}

// write adds the moves to the plan, with what they need before and after.
func (m *mover) write(p *plan.Plan, moves []move) {
	for _, v := range moves {
		if v.action.Place != plan.ByCoordinates && v.action.Place != plan.OwnPosition || m.quiet(v.replica) {
			continue
		}
		p.Add(GatherStage, plan.Step{
			Phase: plan.Gather, Server: v.replica.Key, MayFail: true,
			Action: plan.Action{Verb: plan.StopReceiving, Channel: v.replica.Channel.Name},
			Why:    "its place below another server is known only as long as it receives nothing more",
			Until:  "the IO thread has been told to end",
			Undo:   &plan.Action{Verb: plan.StartReceiving, Channel: v.replica.Channel.Name},
		})
	}
	for _, stage := range []int{stageMove, stageMoveBelow, stageMoveLate} {
		for _, v := range moves {
			if v.stage != stage {
				continue
			}
			p.Add(stage, plan.Step{
				Phase: plan.Repoint, Server: v.replica.Key, MayFail: !v.leads,
				Action: v.action,
				Why:    v.why,
				Needs:  "nothing that it received is missing on " + v.action.Source.String(),
				Until:  "it receives from " + v.action.Source.String(),
			})
		}
	}
	for _, v := range p.Lost {
		r := m.t.Instance(v.Server)
		if r == nil || !r.LastCheckValid() || !m.request.Quiet[v.Server] {
			continue
		}
		p.Add(stageResume, plan.Step{
			Phase: plan.Repoint, Server: v.Server, MayFail: true,
			Action: plan.Action{Verb: plan.StartReceiving, Channel: r.Channel.Name},
			Why:    "it stays where it is, and goes on when its source comes back",
			Until:  "the IO thread has been started",
		})
	}
	p.Successor = mostWanted(moves)
}

// mostWanted is the server that most replicas go below; of several the one that takes the lost server's place, else the
// one that was filled first.
func mostWanted(moves []move) topology.Key {
	count := make(map[topology.Key]int)
	var best topology.Key
	for _, v := range moves {
		count[v.action.Source]++
	}
	for _, v := range moves {
		if v.leads {
			best = v.replica.Key
		}
	}
	for _, v := range moves {
		if k := v.action.Source; best.IsZero() || count[k] > count[best] {
			best = k
		}
	}
	return best
}
