package failover

import (
	"cmp"
	"fmt"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Request is a lost primary to be replaced.
type Request struct {
	Failed    topology.Key
	Operation string // the failure code or command that asks

	// Designated is the server that somebody wants promoted; the zero Key leaves the choice to the rules.
	Designated topology.Key
	// Quiet are replicas whose receivers were told to end and can receive nothing more, even where their status
	// does not show it yet.
	Quiet map[topology.Key]bool
	// Unlocked are replicas whose semi-sync source side was switched off so that they could apply what they have received.
	Unlocked map[topology.Key]bool
	// Fenced says that the primary, which lives, has been closed for writing already. Only Unwritable asks.
	Fenced bool
	// Formers are primaries that the lost one replaced. Only DeadPrimary asks.
	Formers []Former
	// DemotedLately says that the server was a primary that somebody demoted a short while ago: then it is read-only
	// on purpose. Only NonWriteable asks.
	DemotedLately bool
}

// The stages of a plan for a lost primary. Steps of one stage run at the same time.
const (
	// GatherStage is the stage that ends reception; a plan is made anew after it has run.
	GatherStage = iota + 1
	stageCatchUp
	stageFetch
	stageFetched
	stagePrepare
	stageOpen
	stageNote
	stageFollow
	stageLost
	stageAlign // of who follows by way of somebody else until then
)

// DeadPrimary plans the promotion of a replica of a lost primary. When nobody can be promoted the plan has no
// Successor and no steps after the gathering, and says in Rejected why.
//
// Until every receiver has stopped, what the replicas hold may still grow: such a plan begins with the steps that
// stop them (phase Gather), and what follows is a forecast, to be made again after they have run.
func DeadPrimary(t *topology.Topology, r Request, p Policy) plan.Plan {
	failed := t.Instance(r.Failed)
	if failed == nil {
		failed = &topology.Instance{Key: r.Failed, ClusterName: r.Failed.String()}
	}
	servers, relays := splitRelays(t.Replicas(r.Failed))
	if f := familyOf(t, r.Failed); f.stands(servers) {
		return replaceRelayed(t, f, r, p, failed)
	}
	d := &deadPrimary{
		request: r, policy: &p, failed: failed,
		chooser: newChooser(failed, servers, &p),
		plan:    replacing(failed, r),
	}
	d.chooser.addFormers(r.Formers)
	d.gather()
	successor, rejected, warnings := d.chooser.choose(r.Designated)
	d.plan.Rejected = rejected
	d.plan.Warnings = append(d.plan.Warnings, warnings...)
	if successor == nil {
		return d.plan
	}
	d.plan.Successor, d.plan.SuccessorWasOpen = successor.Key, !successor.ReadOnly
	d.plan.Title += " by " + successor.Key.String()
	final := d.catchUp(successor)
	d.open(successor)
	d.follow(successor, final)
	d.followRelays(relays, successor, final)
	return d.plan
}

// replacing is the plan without its steps.
func replacing(failed *topology.Instance, r Request) plan.Plan {
	return plan.Plan{
		Title:     fmt.Sprintf("replace the lost primary %s", r.Failed),
		Operation: r.Operation,
		Cluster:   failed.ClusterName,
		Failed:    r.Failed,
	}
}

type deadPrimary struct {
	request Request
	policy  *Policy
	failed  *topology.Instance
	chooser *chooser
	plan    plan.Plan
}

// quiet says whether the replica can receive nothing more from its source.
func (d *deadPrimary) quiet(k *candidate) bool {
	io := k.Channel.IOThread
	return io == topology.ThreadStopped || io == topology.NoThread || d.request.Quiet[k.Key]
}

// gather ends reception on every replica that can be reached, so that a primary that comes back in the middle
// cannot make them differ.
func (d *deadPrimary) gather() {
	for _, k := range d.chooser.candidates {
		if k.LastCheckValid() && waitsForNobody(k.Instance) {
			d.plan.Add(GatherStage, plan.Step{
				Phase: plan.Gather, Server: k.Key, MayFail: true,
				Action: plan.Action{Verb: plan.SemiSyncSource},
				Why:    "its applier waits for acknowledgements, and nobody replicates from it",
				Until:  "the source side is off",
				Undo:   &plan.Action{Verb: plan.SemiSyncSource, On: true},
			})
		}
		if !k.LastCheckValid() || d.quiet(k) || k.IsBinlogServer() {
			continue
		}
		d.plan.Add(GatherStage, plan.Step{
			Phase:  plan.Gather,
			Server: k.Key,
			Action: plan.Action{Verb: plan.StopReceiving},
			Why:    "what it holds must not change while the successor is chosen",
			Until:  "the IO thread has been told to end",
			Undo:   &plan.Action{Verb: plan.StartReceiving},
			// A replica that fails here keeps receiving from a source that is gone; it can be pointed elsewhere later.
			MayFail: true,
		})
	}
}

// waitsForNobody says whether the applier of a replica waits for acknowledgements that nobody will give: MySQL's does, like a
// client, on a server that was a primary once and has semi-sync's source side on by its option file. On one that is open
// clients may wait as well: switching it off would tell them that their transactions are safe.
func waitsForNobody(i *topology.Instance) bool {
	s := i.SemiSync
	return i.IsOracleMySQL() && i.ReadOnly && s.SourceEnabled && s.SourceStatus && s.SourceClients < max(s.SourceWaitCount, 1)
}

// catchUp lets the successor apply what it received and fetch what only a sibling has. It returns the history that
// the successor will have then.
func (d *deadPrimary) catchUp(successor *candidate) history {
	d.applyAll(successor, "nothing that was received may be thrown away")
	donor, final, lacking := d.chooser.donor(successor)
	for _, k := range lacking {
		d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf(
			"%s has received %s that %s lacks and cannot fetch from it", k.Key, transactions(final.missing(&k.history)), successor.Key))
	}
	if donor == nil {
		return final
	}
	from := donor.from.Key
	why, needs := "to fetch what only its sibling has received", from.String()+" has applied everything that it received"
	switch {
	case donor.former:
		why, needs = "to fetch what only a former primary holds", from.String()+" is closed, and holds all that the others do"
	case donor.held:
		needs = from.String() + " has applied as much already; what it holds back is not waited for"
	default:
		d.applyAll(donor.from, fmt.Sprintf("it has received %s more than %s", transactions(successor.history.missing(&donor.history)), successor.Key))
	}
	d.plan.Add(stageFetch, plan.Step{
		Phase: plan.CatchUp, Server: successor.Key,
		Action: plan.Action{Verb: plan.ChangeSource, Source: from},
		Why:    why,
		Needs:  needs,
		Until:  "it receives from " + from.String(),
		Undo:   &plan.Action{Verb: plan.ChangeSource, Source: successor.Channel.Source},
	})
	d.plan.Add(stageFetched, plan.Step{
		Phase: plan.CatchUp, Server: successor.Key,
		Action: plan.Action{Verb: plan.AwaitExecuted, Set: donor.history.target()},
		Why:    "it becomes the most advanced server",
		Until:  "it has applied " + donor.history.target(),
	})
	d.plan.Add(stagePrepare, plan.Step{
		Phase: plan.CatchUp, Server: successor.Key,
		Action: plan.Action{Verb: plan.StopReplica},
		Why:    "it must receive nothing any more when it is opened for writing",
		Until:  "both threads have ended",
	})
	return final
}

func (d *deadPrimary) applyAll(k *candidate, why string) {
	if k.history.allApplied() && d.quiet(k) {
		return
	}
	d.plan.Add(stageCatchUp, plan.Step{
		Phase: plan.CatchUp, Server: k.Key,
		Action:   plan.Action{Verb: plan.AwaitApplied, Timeout: d.policy.ApplyPatience},
		Why:      why,
		Needs:    "its receiver has ended",
		Until:    "applied equals received (" + k.history.target() + ")",
		Deadline: 24 * time.Hour, // as long as it makes progress; Timeout bounds standing still
	})
}

// open makes the successor the primary.
func (d *deadPrimary) open(successor *candidate) {
	if !d.policy.ApplyPromotion {
		if d.policy.DetachPromoted {
			d.plan.Add(stageFollow, plan.Step{
				Phase: plan.Detach, Server: successor.Key, MayFail: true,
				Action: plan.Action{Verb: plan.DetachSource},
				Why:    "MasterFailoverDetachReplicaMasterHost is set",
				Until:  "its source's name carries the detach mark",
			})
		}
		d.plan.Warnings = append(d.plan.Warnings, "ApplyMySQLPromotionAfterMasterFailover is off: "+successor.Key.String()+" stays as it is, hooks have to open it for writing")
		return
	}
	unlocked := d.request.Unlocked[successor.Key]
	if (successor.SemiSyncPriority > 0 || unlocked) && successor.SemiSync.Available && !successor.SemiSync.SourceEnabled {
		why := "its semi-sync priority is above 0"
		if unlocked {
			why = "it was on before its applier had to get on"
		}
		d.plan.Add(stagePrepare, plan.Step{
			Phase: plan.Promote, Server: successor.Key,
			Action: plan.Action{Verb: plan.SemiSyncSource, On: true},
			Why:    why,
			Until:  "the source side is on",
			Undo:   &plan.Action{Verb: plan.SemiSyncSource},
		})
	}
	d.plan.Add(stageOpen, plan.Step{
		Phase: plan.Promote, Server: successor.Key, NoReturn: true,
		Action: plan.Action{Verb: plan.SetWritable, Super: d.policy.SuperReadOnly},
		Why:    "writes come back",
		Needs:  "it has applied all that was received, and receives no more",
		Until:  "read_only is 0",
	})
	d.plan.Add(stageFollow, plan.Step{
		Phase: plan.Promote, Server: successor.Key, MayFail: true,
		Action: plan.Action{Verb: plan.ForgetSource},
		Why:    "a primary replicates from nobody",
		Until:  "it is configured as no replica",
	})
}

// follow points everybody else at the successor, and settles what cannot follow it.
func (d *deadPrimary) follow(successor *candidate, final history) {
	var lost []plan.Verdict
	var behind []*candidate
	for _, k := range d.chooser.candidates {
		if k == successor {
			continue
		}
		if v := d.cannotFollow(k, successor, &final); v != nil {
			lost = append(lost, *v)
			continue
		}
		action := plan.Action{Verb: plan.ChangeSource, Source: successor.Key}
		if d.chooser.method == byPosition {
			if k.history.read.Less(final.read) {
				behind = append(behind, k)
				continue
			}
			action.Place = plan.AtSuccessor
		}
		d.plan.Add(stageFollow, plan.Step{
			Phase: plan.Repoint, Server: k.Key, MayFail: true,
			Action: action,
			Why:    "it follows the new primary",
			Needs:  "nothing that it received is missing on " + successor.Key.String(),
			Until:  "it receives from " + successor.Key.String(),
		})
	}
	d.followBehind(behind, successor, topology.Coordinates{})
	d.plan.Lost = lost
	d.detachLost()
}

// detachLost cuts off what cannot follow, where the policy asks for it.
func (d *deadPrimary) detachLost() {
	if !d.policy.DetachLost {
		return
	}
	for _, v := range d.plan.Lost {
		if v.Rule == "unreachable" {
			continue // nothing can be said to it
		}
		d.plan.Add(stageLost, plan.Step{
			Phase: plan.Detach, Server: v.Server, MayFail: true,
			Action: plan.Action{Verb: plan.DetachSource},
			Why:    v.Reason,
			Until:  "its source's name carries the detach mark",
		})
	}
}

// cannotFollow says why a replica cannot replicate from the successor, or nil. final is what the successor will hold.
func (d *deadPrimary) cannotFollow(k, successor *candidate, final *history) *plan.Verdict {
	lost := func(rule, format string, args ...any) *plan.Verdict {
		return &plan.Verdict{Server: k.Key, Rule: rule, Reason: fmt.Sprintf(format, args...)}
	}
	// The successor will be nobody's replica, so what it would forbid as one does not count.
	source := *successor.Instance
	source.Channel.Source = topology.Key{}
	source.Channel.SQLDelay = 0
	switch refusal := topology.CanReplicate(k.Instance, &source, d.policy.Replication); {
	case !k.LastCheckValid():
		return lost("unreachable", "the last check failed: %s", cmp.Or(k.Check.Err, "no answer"))
	case refusal != nil:
		return lost(refusal.Rule, "%s", refusal.Error())
	case k.is("unknown-history"), k.is(diverged):
		return k.barred
	case !final.covers(&k.history):
		return lost("ahead", "it holds %s that %s lacks", transactions(final.missing(&k.history)), successor.Key)
	case !successor.LogReplicaUpdates && !final.sameApplied(&k.history):
		return lost("no-log-replica-updates", "it lacks transactions that %s did not log", successor.Key)
	case d.chooser.method == byPosition && k.history.read.Less(final.read):
		return d.cannotFollowBehind(k, successor)
	}
	return nil
}

func transactions(n uint64) string {
	switch n {
	case 0:
		return "transactions"
	case 1:
		return "1 transaction"
	}
	return fmt.Sprintf("%d transactions", n)
}
