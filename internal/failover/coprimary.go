package failover

import (
	"fmt"
	"slices"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// DeadCoPrimary plans the promotion of the other co-primary, the source of the lost one, or, where the policy leaves
// the choice and no other member of the ring takes writes, of any replica of the lost one. It chooses and catches up
// by the rules of DeadPrimary, and makes the same kind of plan: it begins with the gathering, and is to be made again
// after that has run.
//
// The ring ends here: the promoted server forgets its source. When a second server of the ring might take writes,
// nobody is promoted.
func DeadCoPrimary(t *topology.Topology, r Request, p Policy) plan.Plan {
	failed := t.Instance(r.Failed)
	if failed == nil {
		failed = &topology.Instance{Key: r.Failed, ClusterName: r.Failed.String()}
	}
	d := &coPrimary{deadPrimary: deadPrimary{
		request: r, policy: &p, failed: failed,
		plan: plan.Plan{
			Title:     fmt.Sprintf("replace the lost co-primary %s", r.Failed),
			Operation: r.Operation, Cluster: failed.ClusterName, Failed: r.Failed,
		},
	}, other: t.Source(failed)}
	replicas, relays := splitRelays(d.replicas(t))
	d.chooser = newChooser(failed, replicas, &p)
	d.barDistant()
	d.gather()
	successor := d.choose(t)
	if successor == nil {
		return d.plan
	}
	d.plan.Successor, d.plan.SuccessorWasOpen = successor.Key, !successor.ReadOnly
	d.plan.Title += " by " + successor.Key.String()
	final := d.catchUp(successor)
	d.open(successor)
	d.breakRing(successor)
	d.barUnprovable(successor)
	d.follow(successor, final)
	d.followRelays(relays, successor, final)
	return d.plan
}

type coPrimary struct {
	deadPrimary
	other *topology.Instance // the source of the lost server; nil when it is not known
	// distant says that the other co-primary replicates from a third server, in a ring of more than two.
	distant bool
}

// replicas are those who shall replicate from the successor: the replicas of the lost server and the other co-primary.
func (d *coPrimary) replicas(t *topology.Topology) []*topology.Instance {
	var all []*topology.Instance
	for _, i := range t.Replicas(d.failed.Key) {
		all = append(all, withOwnWrites(i))
	}
	if d.other != nil && d.other.Key != d.failed.Key && !slices.ContainsFunc(all, func(i *topology.Instance) bool { return i.Key == d.other.Key }) {
		d.distant = true
		all = append(all, withOwnWrites(d.other))
		slices.SortFunc(all, func(a, b *topology.Instance) int { return a.Key.Compare(b.Key) })
	}
	return all
}

// withOwnWrites is a member of a ring whose applied position counts what it wrote itself: MariaDB leaves that out of
// gtid_slave_pos, though the others have it from there.
func withOwnWrites(i *topology.Instance) *topology.Instance {
	if !i.IsCoPrimary || i.Channel.GTID != topology.MariaDBGTID {
		return i
	}
	applied, err := gtid.ParseMariaPos(i.Channel.AppliedSet)
	if err != nil {
		return i // the chooser meets it again and says so
	}
	own, err := gtid.ParseMariaPos(i.ExecutedSet)
	if err != nil {
		return i
	}
	c := i.Clone()
	c.Channel.AppliedSet = applied.Union(own).String()
	return c
}

// barDistant bars who does not replicate from the lost server itself where positions in its log are all there is to
// compare: that is the other co-primary in a ring of more than two.
func (d *coPrimary) barDistant() {
	for _, k := range d.chooser.candidates {
		if d.distant && d.chooser.method == byPosition && k.Key == d.other.Key && (k.barred == nil || k.soft) {
			k.soft = false
			k.barred = &plan.Verdict{Server: k.Key, Rule: "unknown-history", Reason: fmt.Sprintf(
				"it replicates from %s, so by file and position it cannot be compared with the replicas of %s", k.Channel.Source, d.failed.Key)}
		}
	}
}

// choose finds the successor, or nil and the reasons in the plan.
func (d *coPrimary) choose(t *topology.Topology) *candidate {
	must, why := d.must(t)
	if why != "" && must.IsZero() {
		d.refuseAll(why)
		return nil
	}
	if must.IsZero() {
		best, rejected, warnings := d.chooser.choose(d.request.Designated)
		d.plan.Rejected = rejected
		d.plan.Warnings = append(d.plan.Warnings, warnings...)
		return best
	}
	n := slices.IndexFunc(d.chooser.candidates, func(k *candidate) bool { return k.Key == must })
	if n < 0 {
		d.refuseAll(fmt.Sprintf("%s must be promoted (%s), but it does not replicate from %s", must, why, d.failed.Key))
		return nil
	}
	if k := d.chooser.candidates[n]; k.barred != nil && !k.soft {
		d.refuseAll(fmt.Sprintf("%s must be promoted (%s), but %s", must, why, k.barred.Reason))
		return nil
	}
	if asked := d.request.Designated; !asked.IsZero() && asked != must {
		d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf("%s was asked for, but %s must be promoted: %s", asked, must, why))
	}
	best, rejected, warnings := d.chooser.choose(must)
	for n := range rejected {
		if rejected[n].Rule == "outranked" {
			rejected[n].Rule, rejected[n].Reason = "other-co-primary", fmt.Sprintf("%s must be promoted: %s", must, why)
		}
	}
	d.plan.Rejected = rejected
	d.plan.Warnings = append(d.plan.Warnings, warnings...)
	return best
}

// must is the only server that may be promoted, and why; the zero Key with a reason when nobody may, and without one
// when the choice is free.
func (d *coPrimary) must(t *topology.Topology) (topology.Key, string) {
	if d.other == nil {
		return topology.Key{}, "the other co-primary is not known"
	}
	var open []*topology.Instance
	for _, i := range d.ring(t) {
		if !i.ReadOnly {
			open = append(open, i)
		}
	}
	switch {
	case len(open) > 1:
		return topology.Key{}, fmt.Sprintf("%s and %s both take writes: promoting one would not stop the other", open[0].Key, open[1].Key)
	case len(open) == 1 && d.policy.MustPromoteOther && open[0].Key != d.other.Key:
		return topology.Key{}, fmt.Sprintf("%s takes writes, and CoMasterRecoveryMustPromoteOtherCoMaster allows nobody but %s", open[0].Key, d.other.Key)
	case len(open) == 1:
		return open[0].Key, "it takes writes"
	case d.policy.MustPromoteOther:
		return d.other.Key, "CoMasterRecoveryMustPromoteOtherCoMaster is set"
	}
	return topology.Key{}, ""
}

// ring are the members of the ring but for the lost one, upwards from it.
func (d *coPrimary) ring(t *topology.Topology) []*topology.Instance {
	var ring []*topology.Instance
	for i := d.other; i != nil && i.Key != d.failed.Key && !slices.Contains(ring, i); i = t.Source(i) {
		ring = append(ring, i)
	}
	return ring
}

// refuseAll leaves the plan without a successor, and the servers as they are.
func (d *coPrimary) refuseAll(why string) {
	d.plan.Steps = nil
	d.plan.Warnings = append(d.plan.Warnings, why)
	for _, k := range d.chooser.candidates {
		v := plan.Verdict{Server: k.Key, Rule: "other-co-primary", Reason: why}
		if k.barred != nil {
			v = *k.barred
		}
		d.plan.Rejected = append(d.plan.Rejected, v)
	}
}

// breakRing cuts the successor off from its source where opening it does not do so already and the ring would close
// without the lost server, or through it with another server at the top.
func (d *coPrimary) breakRing(successor *candidate) {
	if d.policy.ApplyPromotion || d.policy.DetachPromoted {
		return
	}
	if successor.Key == d.other.Key && successor.Channel.Source == d.failed.Key {
		return
	}
	d.plan.Add(stageFollow, plan.Step{
		Phase: plan.Detach, Server: successor.Key, MayFail: true,
		Action: plan.Action{Verb: plan.DetachSource},
		Why:    "the ring must not close without " + d.failed.Key.String(),
		Until:  "its source's name carries the detach mark",
	})
}

// barUnprovable keeps the others from a successor that took writes all along where replicas find their place by file and
// position: which of its own writes they have received through the lost server cannot be told.
func (d *coPrimary) barUnprovable(successor *candidate) {
	if d.chooser.method != byPosition || successor.ReadOnly {
		return
	}
	for _, k := range d.chooser.candidates {
		if k != successor && k.LastCheckValid() {
			k.barred, k.soft = &plan.Verdict{Server: k.Key, Rule: "unknown-history", Reason: fmt.Sprintf(
				"%s took writes all along, and by file and position it cannot be told which of them it has received", successor.Key)}, false
		}
	}
}
