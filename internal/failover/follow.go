package failover

import (
	"fmt"
	"slices"
	"strings"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Opened is a successor that was opened for writing by a failover that did not come to its end.
type Opened struct {
	Successor topology.Key
	// At is where its own binary log stood when it was opened; empty when that is not known.
	At topology.Coordinates
	// Followers are the servers that the failover was going to point at the successor, having received the same. By file
	// and position nobody else may follow but Behind, those that were to be placed by what the logs hold: what the others
	// received cannot be compared with what the successor held then.
	Followers, Behind []topology.Key
	// Former are the replicas that the lost primary had. One that stands below the successor was pointed there by the
	// failover, though that may not have been written down.
	Former []topology.Key
	// Relayed are the steps after the opening where binlog servers were to go on in the successor's log. They say where that
	// is, and hold as long as it exists.
	Relayed []plan.Step
}

// Follow plans what is left of a failover whose successor has been opened for writing: the successor forgets its
// source, and those that still name the lost primary follow the successor. Who follows it already is left alone but
// for threads that stand still. The topology must hold the successor and the former replicas of the lost primary,
// whatever clusters they count to by now; nothing else in it is touched.
func Follow(t *topology.Topology, r Request, o Opened, p Policy) plan.Plan {
	failed := t.Instance(r.Failed)
	if failed == nil {
		failed = &topology.Instance{Key: r.Failed, ClusterName: r.Failed.String()}
	}
	out := plan.Plan{
		Title:     fmt.Sprintf("carry on with replacing the lost primary %s by %s", r.Failed, o.Successor),
		Operation: r.Operation, Cluster: failed.ClusterName, Failed: r.Failed, Successor: o.Successor,
	}
	successor := t.Instance(o.Successor)
	if successor == nil || !successor.LastCheckValid() {
		out.Warnings = append(out.Warnings, o.Successor.String()+" cannot be reached")
		return out
	}
	left := slices.DeleteFunc(slices.Clone(t.Replicas(r.Failed)), func(i *topology.Instance) bool { return i.Key == o.Successor })
	method := methodOf(slices.DeleteFunc(slices.Clone(left), func(i *topology.Instance) bool { return !i.LastCheckValid() }))
	d := &deadPrimary{request: r, policy: &p, failed: failed, plan: out, chooser: &chooser{failed: failed, policy: &p, method: method}}
	d.openAgain(successor)
	if len(o.Relayed) > 0 {
		d.goOnRelaying(t, o.Relayed, left)
		return d.plan
	}
	d.wake(t.Replicas(o.Successor), slices.Concat(o.Followers, o.Former))
	for _, i := range left {
		k := &candidate{Instance: i}
		var unknown error
		if k.history, unknown = historyOf(method, i); unknown != nil {
			k.barred = &plan.Verdict{Server: i.Key, Rule: "unknown-history", Reason: unknown.Error()}
		}
		d.chooser.candidates = append(d.chooser.candidates, k)
	}
	d.followOpened(&candidate{Instance: successor}, o)
	return d.plan
}

// openAgain makes sure that the successor is a primary: it takes writes and replicates from nobody.
func (d *deadPrimary) openAgain(successor *topology.Instance) {
	if !d.policy.ApplyPromotion {
		return
	}
	if successor.ReadOnly {
		d.plan.Add(stageOpen, plan.Step{
			Phase: plan.Promote, Server: successor.Key, NoReturn: true,
			Action: plan.Action{Verb: plan.SetWritable, Super: d.policy.SuperReadOnly},
			Why:    "it had been opened for writing and is closed again",
			Until:  "read_only is 0",
		})
	}
	if successor.HasSource() {
		d.plan.Add(stageFollow, plan.Step{
			Phase: plan.Promote, Server: successor.Key, MayFail: true,
			Action: plan.Action{Verb: plan.ForgetSource},
			Why:    "a primary replicates from nobody",
			Until:  "it is configured as no replica",
		})
	}
}

// wake starts replicas of the successor that were pointed at it and not started.
func (d *deadPrimary) wake(replicas []*topology.Instance, followers []topology.Key) {
	for _, i := range replicas {
		if i.Key == d.request.Failed || !i.LastCheckValid() || i.Channel.LastSQLErrno != 0 || !d.leftAsleep(i, slices.Contains(followers, i.Key)) {
			continue
		}
		d.plan.Add(stageFollow, plan.Step{
			Phase: plan.Repoint, Server: i.Key, MayFail: true,
			Action: plan.Action{Verb: plan.StartReplica},
			Why:    "it was pointed at the new primary and not started",
			Until:  "both threads run",
		})
	}
}

// leftAsleep says whether a replica stands still because nobody came to start it. One that the failover was pointing at
// the successor may have been left with one thread stopped.
func (d *deadPrimary) leftAsleep(i *topology.Instance, pointed bool) bool {
	if pointed {
		return stands(i.Channel.IOThread) || stands(i.Channel.SQLThread)
	}
	return i.ThreadsStopped() && !d.receiverFailed(i)
}

func stands(t topology.ThreadState) bool { return t == topology.ThreadStopped }

// receiverFailed says whether a receiver stopped with an error of its own. That it lost its connection to the primary that
// is gone is none: MariaDB shows that until the thread is started again, whatever source it has by then.
func (d *deadPrimary) receiverFailed(i *topology.Instance) bool {
	return i.Channel.LastIOErrno != 0 && !strings.Contains(i.Channel.LastIOError, d.request.Failed.String())
}

// followOpened points at a successor that takes writes already.
func (d *deadPrimary) followOpened(successor *candidate, o Opened) {
	if d.chooser.method != byPosition {
		history, err := historyOf(d.chooser.method, asReplica(d.chooser.method, successor.Instance))
		if err != nil {
			d.plan.Warnings = append(d.plan.Warnings, err.Error())
		}
		successor.history = history
		d.follow(successor, history)
		return
	}
	var behind []*candidate
	for _, k := range d.chooser.candidates {
		var v *plan.Verdict
		switch {
		case !k.LastCheckValid():
			v = d.cannotFollow(k, successor, &k.history)
		case o.At.IsEmpty():
			v = &plan.Verdict{Server: k.Key, Rule: "unknown-history", Reason: "where in its log " + o.Successor.String() + " was opened for writing is not known"}
		case slices.Contains(o.Behind, k.Key) && !k.Channel.IOThread.Running():
			if v = d.stillBehind(k, successor); v == nil {
				behind = append(behind, k)
				continue
			}
		case !slices.Contains(o.Followers, k.Key) || k.Channel.IOThread.Running():
			v = &plan.Verdict{Server: k.Key, Rule: "unknown-history", Reason: "whether it had received the same as " + o.Successor.String() + " cannot be told by file and position"}
		default:
			// It had received the same, as the failover saw to it, and has received nothing since.
			successor.history = k.history
			v = d.cannotFollow(k, successor, &k.history)
		}
		if v != nil {
			d.plan.Lost = append(d.plan.Lost, *v)
			continue
		}
		d.plan.Add(stageFollow, plan.Step{
			Phase: plan.Repoint, Server: k.Key, MayFail: true,
			Action: plan.Action{Verb: plan.ChangeSource, Source: o.Successor, Place: plan.ByCoordinates, At: o.At},
			Why:    "it follows the new primary",
			Until:  "it receives from " + o.Successor.String(),
		})
	}
	d.followBehind(behind, successor, o.At)
}

// stillBehind says why a replica that had received less than the successor cannot follow it any more, or nil.
func (d *deadPrimary) stillBehind(k, successor *candidate) *plan.Verdict {
	if successor.SourceKey() != d.request.Failed && !(k.UsingPseudoGTID && successor.UsingPseudoGTID) {
		return &plan.Verdict{Server: k.Key, Rule: "behind", Reason: fmt.Sprintf("it has received up to %s, and %s has forgotten what it had received itself", k.history.read, successor.Key)}
	}
	history := k.history // as far as is known; that it held more, the failover saw to
	if at := successor.Channel.Read; successor.SourceKey() == d.request.Failed && !at.IsEmpty() {
		history.read = at
	}
	successor.history = history
	if v := d.cannotFollow(k, successor, &history); v != nil {
		return v
	}
	return d.cannotFollowBehind(k, successor)
}

// asReplica is a primary as historyOf wants to see it: what it has written itself is part of its history.
func asReplica(m method, i *topology.Instance) *topology.Instance {
	c := i.Clone()
	c.ErrantSet = ""
	if m == byMariaDB {
		c.Channel.AppliedSet = i.ExecutedSet
	}
	return c
}
