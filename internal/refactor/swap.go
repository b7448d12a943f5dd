package refactor

import (
	"fmt"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// takeSource swaps the places of the server and its source, which is a replica itself.
func (d *relocation) takeSource() *topology.Refusal {
	m, no := d.source()
	if no != nil {
		return no
	}
	if m.IsCoPrimary {
		return refuse("co-primary", "use relocate on one of them", "%s is part of a ring of primaries", m.Key)
	}
	up, no := d.above(m)
	if no != nil {
		no.Remedy = "graceful-master-takeover-auto replaces a primary"
		return no
	}
	if no := topology.Answers(m); no != nil {
		return no
	}
	if no := runsOn(d.server, m.Key); no != nil {
		return no
	}
	if m.Group.IsSecondary() {
		return refuse("group-secondary", "take it out of the group first", "%s is a secondary of replication group %s and cannot be moved", m.Key, m.Group.Name)
	}
	if no := topology.CanReplicate(m, d.server, d.policy.Replication); no != nil {
		return no
	}
	d.plan.Title = fmt.Sprintf("%s takes the place of %s", d.server.Key, m.Key)
	d.plan.Successor, d.plan.Failed = d.server.Key, m.Key
	if !d.server.UsesGTID() && !m.UsesGTID() {
		return d.swapByPosition(m, up)
	}
	a, no := d.byGTID(d.server, up)
	if no != nil {
		return no
	}
	if no := topology.CanReplicateByGTID(m, d.server); no != nil {
		return no
	}
	// The server goes up first: while it is a sibling of its former source nothing is lost by a failure, and that is
	// where undo begins.
	first := step(d.server, a, "it takes the place of its source")
	first.Undo = &plan.Action{Verb: plan.Move, Source: m.Key, Channel: d.server.Channel.Name}
	d.plan.Add(1, first)
	d.plan.Add(2, step(m, plan.Action{Verb: plan.Move, Source: d.server.Key, Channel: m.Channel.Name}, "it gave its place to what replicated from it"))
	d.warnOf(d.server, up)
	return nil
}

// runsOn refuses a server below which others are to go, and which gets nothing because its threads do not run.
func runsOn(i *topology.Instance, others topology.Key) *topology.Refusal {
	if runs(i.Channel.IOThread) && runs(i.Channel.SQLThread) {
		return nil
	}
	return refuse("not-replicating", "start replication there", "replication on %s does not run (error %d: %s): %s would wait for it", i.Key, max(i.Channel.LastIOErrno, i.Channel.LastSQLErrno), i.Channel.LastIOError+i.Channel.LastSQLError, others)
}

// makeLocalPrimary puts the server beside its source, and its siblings below it.
func (d *relocation) makeLocalPrimary() *topology.Refusal {
	m, no := d.source()
	if no != nil {
		return no
	}
	up, no := d.above(m)
	if no != nil {
		return no
	}
	if no := runsOn(d.server, m.Key); no != nil {
		return no
	}
	var siblings []*topology.Instance
	for _, r := range d.t.Replicas(m.Key) {
		if r.Key != d.server.Key {
			siblings = append(siblings, r)
		}
	}
	d.plan.Successor = d.server.Key
	d.plan.Title = fmt.Sprintf("%s goes beside %s and takes %d siblings", d.server.Key, m.Key, len(siblings))
	if !d.server.UsesGTID() {
		return d.liftByPosition(m, up, siblings)
	}
	a, no := d.byGTID(d.server, up)
	if no != nil {
		return no
	}
	first := step(d.server, a, "it goes beside its source")
	first.Undo = &plan.Action{Verb: plan.Move, Source: m.Key, Channel: d.server.Channel.Name}
	d.plan.Add(1, first)
	for _, r := range siblings {
		a, no := d.byGTID(r, d.server)
		if no != nil {
			d.lose(r, no)
			continue
		}
		move := step(r, a, "each is moved for itself")
		move.MayFail = true
		d.plan.Add(2, move)
	}
	d.warnOf(d.server, up)
	return nil
}

// lose notes a server that cannot come along.
func (d *relocation) lose(r *topology.Instance, no *topology.Refusal) {
	d.plan.Lost = append(d.plan.Lost, plan.Verdict{Server: r.Key, Rule: no.Rule, Reason: no.Error()})
}

// swapByPosition swaps the server and its source m by file and position. Both come to stand at the same place; only
// then they are pointed elsewhere, so that each step can be taken back until replication goes on.
func (d *relocation) swapByPosition(m, up *topology.Instance) *topology.Refusal {
	r := d.server
	if no := d.t.CanMove(r, up, d.policy.Replication); no != nil {
		return no
	}
	for _, pair := range [][2]*topology.Instance{{r, m}, {m, r}} {
		if no := d.canAlign(pair[0], pair[1]); no != nil {
			return no
		}
	}
	s := sequence{d: d}
	s.halt(m, true)
	s.level(m, r)
	s.point(r, plan.Action{Source: up.Key, Place: plan.Beside, Former: m.Key}, plan.Action{Source: m.Key, Place: plan.AtEnd})
	s.point(m, plan.Action{Source: r.Key, Place: plan.AtEnd}, plan.Action{Source: up.Key, Place: plan.Beside, Former: r.Key})
	s.goOn(r, m)
	return nil
}

// liftByPosition puts the server beside its source m and the siblings below it, by file and position: all of them come
// to stand at the end of what m has logged.
func (d *relocation) liftByPosition(m, up *topology.Instance, siblings []*topology.Instance) *topology.Refusal {
	r := d.server
	if no := d.t.CanMove(r, up, d.policy.Replication); no != nil {
		return no
	}
	if no := d.canAlign(r, m); no != nil {
		return no
	}
	var able []*topology.Instance
	var later []plan.Step
	for _, b := range siblings {
		if b.UsesGTID() {
			a, no := d.byGTID(b, r)
			if no != nil {
				d.lose(b, no)
				continue
			}
			move := step(b, a, "it finds its place by GTID")
			move.MayFail = true
			later = append(later, move)
			continue
		}
		no := d.t.CanMove(b, r, d.policy.Replication)
		if no == nil {
			no = d.canAlign(b, r)
		}
		if no != nil {
			d.lose(b, no)
			continue
		}
		able = append(able, b)
	}
	s := sequence{d: d}
	s.halt(m, false)
	s.level(m, append([]*topology.Instance{r}, able...)...)
	for _, b := range able {
		s.point(b, plan.Action{Source: r.Key, Place: plan.AtEnd}, plan.Action{Source: m.Key, Place: plan.AtEnd, Former: r.Key})
	}
	s.point(r, plan.Action{Source: up.Key, Place: plan.Beside, Former: m.Key}, plan.Action{Source: m.Key, Place: plan.AtEnd})
	s.goOn(r, append(able, m)...)
	s.next()
	for _, move := range later {
		d.plan.Add(s.stage, move)
	}
	return nil
}

// sequence writes the stages of a change by position.
type sequence struct {
	d     *relocation
	stage int
}

func (s *sequence) next() { s.stage++ }

func (s *sequence) add(i *topology.Instance, phase plan.Phase, a plan.Action, why, until string, undo *plan.Action) *plan.Step {
	a.Channel = i.Channel.Name
	if undo != nil {
		undo.Channel = a.Channel
	}
	s.d.plan.Add(s.stage, plan.Step{Phase: phase, Server: i.Key, Action: a, Why: why, Until: until, Undo: undo})
	return &s.d.plan.Steps[len(s.d.plan.Steps)-1]
}

// halt stops m; dry, after it has applied all that it has received, which a change of its source drops.
func (s *sequence) halt(m *topology.Instance, dry bool) {
	if dry {
		s.next()
		s.add(m, plan.Gather, plan.Action{Verb: plan.StopReceiving}, "nothing more may be received", "it receives nothing more", &plan.Action{Verb: plan.StartReceiving})
		s.next()
		s.add(m, plan.CatchUp, plan.Action{Verb: plan.AwaitApplied}, "nothing received may be dropped", "applied equals received", nil)
	}
	s.next()
	s.add(m, plan.Gather, plan.Action{Verb: plan.StopReplica, On: s.d.waitsForEnd(m)}, "by file and position a place can be told only beside a server that stands still", "its threads have stopped", &plan.Action{Verb: plan.StartReplica})
}

// level brings replicas to the end of the log of m, where they stand.
func (s *sequence) level(m *topology.Instance, replicas ...*topology.Instance) {
	s.next()
	for _, r := range replicas {
		s.add(r, plan.CatchUp, plan.Action{Verb: plan.AwaitSource, Source: m.Key}, "it must hold the same", "it has applied what "+m.Key.String()+" has logged", nil)
	}
	s.next()
	for _, r := range replicas {
		s.add(r, plan.Gather, plan.Action{Verb: plan.StopReplica}, "it must stand still", "its threads have stopped", &plan.Action{Verb: plan.StartReplica})
	}
}

// point changes the source of a server that stands still; back is what takes it back.
func (s *sequence) point(r *topology.Instance, to, back plan.Action) {
	s.next()
	to.Verb, back.Verb = plan.PointAt, plan.PointAt
	s.add(r, plan.Repoint, to, "both hold the same", "it names "+to.Source.String()+" as its source", &back)
}

// goOn starts all of them. Whether the first can receive is seen before anything is applied, while it can be taken back.
func (s *sequence) goOn(first *topology.Instance, rest ...*topology.Instance) {
	const why = "it goes on"
	s.next()
	s.add(first, plan.Start, plan.Action{Verb: plan.StartReceiving}, "whether its new source serves it is seen before anything changes", "its receiver runs", &plan.Action{Verb: plan.StopReplica})
	s.next()
	s.add(first, plan.Start, plan.Action{Verb: plan.AwaitReceiving}, "", "it has connected", nil)
	s.next()
	s.add(first, plan.Start, plan.Action{Verb: plan.StartReplica}, why, "its threads run", nil).NoReturn = true
	s.next()
	for _, r := range rest {
		s.add(r, plan.Start, plan.Action{Verb: plan.StartReplica}, why, "its threads run", nil).MayFail = true
	}
	s.next()
	for _, r := range append([]*topology.Instance{first}, rest...) {
		s.add(r, plan.Start, plan.Action{Verb: plan.AwaitReplicating}, "", "both its threads run", nil).MayFail = true
	}
}
