package recovery

import (
	"context"
	"slices"

	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Whether a successor was opened for writing is on record only after it was, and a leader that loses its office or dies in
// that moment does not write it down at all. Who carries on sees it by the servers, and writes it down for whoever comes after:
// the server may be gone by then.

// opened says whether a server is on record as one that was opened for writing in place of a lost primary: clients may have
// written there, whatever it looks like by now.
func (u *Unfinished) opened(k topology.Key) bool {
	opening := u.Journal.NoReturn()
	return opening != nil && opening.State == plan.Done && opening.Server == k && !u.Recovery.planned()
}

// closeFormer begins to close the lost primary of an unfinished recovery whose successor is on record as opened and takes
// writes: others that are asked before the rest is done may be long in answering.
func (e *Engine) closeFormer(ctx context.Context, u *Unfinished) {
	successor := u.Journal.Successor
	if !u.opened(successor) {
		return
	}
	e.look(ctx, successor)
	t := e.o.Observer.Snapshot()
	former, now := t.Instance(u.Recovery.Finding.Key), t.Instance(successor)
	if former != nil && now != nil && openPrimary(now) && !e.beingFenced(former.Key) {
		e.fenceUnlessPromoted(former)
	}
}

// openedAndFollowed says whether a successor that does not answer is known to have been opened, and a replica follows it:
// by that replica it is judged whether it is lost.
func (u *Unfinished) openedAndFollowed(t *topology.Topology, successor topology.Key) bool {
	opening := u.Journal.NoReturn()
	if opening == nil || opening.Server != successor || opening.State != plan.Done && !u.ledElsewhere(t, opening) {
		return false
	}
	return slices.ContainsFunc(t.Replicas(successor), func(i *topology.Instance) bool { return i.LastCheckValid() })
}

// ledElsewhere says whether a replica of the lost primary stands where the plan points it after the opening: then the server was
// opened, whether or not that is on record.
func (u *Unfinished) ledElsewhere(t *topology.Topology, opening *plan.Step) bool {
	return slices.ContainsFunc(u.Journal.Steps, func(s plan.Step) bool {
		if s.Phase != plan.Repoint || s.Action.Verb != plan.ChangeSource || s.Action.Source != opening.Server || s.Stage <= opening.Stage {
			return false
		}
		i := t.Instance(s.Server)
		return i != nil && i.LastCheckValid() && i.Channel.Source == opening.Server && slices.Contains(u.Recovery.Finding.Replicas, s.Server)
	})
}

// withOpening adds to the steps that were done the one that opened the successor, where that is seen and not on record.
func (u *Unfinished) withOpening(done []plan.Step, successor *topology.Instance) []plan.Step {
	if successor == nil || successor.ReadOnly || slices.ContainsFunc(done, func(s plan.Step) bool { return s.NoReturn && s.Server == successor.Key }) {
		return done
	}
	opening := plan.Step{Phase: plan.Promote, NoReturn: true, Action: plan.Action{Verb: plan.SetWritable}, Why: "writes come back", Until: "read_only is 0"}
	switch planned := u.Journal.NoReturn(); {
	case planned != nil && planned.Server == successor.Key:
		opening = *planned
	case planned == nil && u.Journal.Successor == successor.Key:
		return done // the policy leaves the opening to hooks
	}
	opening.Server, opening.State, opening.Note = successor.Key, plan.Done, "found open"
	return append(done, opening)
}

// openedBy is what the journal of a recovery tells of the successor that it opened and of who was to follow that, and the
// steps that were done.
func openedBy(u *Unfinished, successor topology.Key) (opened failover.Opened, before []plan.Step) {
	opened = failover.Opened{Successor: successor, At: u.Journal.OpenAt, Former: u.Recovery.Finding.Replicas}
	if u.Journal.Successor != successor {
		opened.At = topology.Coordinates{} // it was noted of another server
	}
	relayed := u.Journal.Successor == successor &&
		slices.ContainsFunc(u.Journal.Steps, func(s plan.Step) bool { return s.Action.Verb == plan.RelayFrom })
	for _, s := range u.Journal.Steps {
		if relayed && (s.Phase == plan.Repoint || s.Phase == plan.Detach || s.Action.Verb == plan.PurgeLogs) {
			opened.Relayed = append(opened.Relayed, s)
		}
		switch {
		case s.Phase != plan.Repoint || s.Action.Verb != plan.ChangeSource:
		case s.Action.Place == plan.ByContent:
			opened.Behind = append(opened.Behind, s.Server)
		default:
			opened.Followers = append(opened.Followers, s.Server)
		}
		if s.NoReturn && s.Server == successor && !s.Action.At.IsEmpty() {
			opened.At = s.Action.At
		}
		if s.State != plan.Waiting && s.State != plan.Running {
			before = append(before, s)
		}
	}
	return opened, before
}

// detached are those that the part of a recovery which was carried out by another process has cut off, because they cannot
// follow: they still count as lost.
func (u *Unfinished) detached(t *topology.Topology) (lost []plan.Verdict) {
	for _, v := range u.Journal.Lost {
		if i := t.Instance(v.Server); i != nil && i.Channel.Source == u.Recovery.Finding.Key.Detached() {
			lost = append(lost, v)
		}
	}
	return lost
}

// detachedBy returns the recovery under way in this process that has cut a server off from its lost primary, nil if there is
// none: it is no primary, and who replicates from it must not be opened beside the one that is. The caller holds the lock.
func (e *Engine) detachedBy(i *topology.Instance) *Recovery {
	if i == nil || !i.Channel.Source.IsDetached() {
		return nil
	}
	for uid, r := range e.active {
		l := e.logs[uid]
		if l != nil && l.opens() != i.Key && i.Channel.Source == r.Finding.Key.Detached() && slices.Contains(r.Finding.Replicas, i.Key) {
			return r
		}
	}
	return nil
}
