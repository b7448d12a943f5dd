package failover

import (
	"cmp"
	"fmt"
	"slices"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// DeadGroupMember plans where the replicas of a lost member of a replication group go: below a member that is online
// and may take them, one in the lost member's place first, then the most advanced. Each goes to the first of the
// members that lacks nothing of what it has received; those that none can take are in Lost. Who is the group's primary
// is left to the group.
func DeadGroupMember(t *topology.Topology, r Request, p Policy) plan.Plan {
	d := newIntermediate(t, &r, &p)
	d.above, d.plan.Warnings, d.designated = nil, nil, nil
	d.plan.Title = fmt.Sprintf("move the replicas of the lost group member %s", r.Failed)
	members := d.members()
	if len(members) == 0 {
		d.plan.Warnings = append(d.plan.Warnings, "no other member of the group can take replicas")
	}
	if !r.Designated.IsZero() {
		if n := slices.IndexFunc(members, func(i *topology.Instance) bool { return i.Key == r.Designated }); n < 0 {
			d.plan.Warnings = append(d.plan.Warnings, r.Designated.String()+" was asked for, but it is no member that can take replicas")
		} else {
			members = slices.Concat(members[n:n+1], members[:n], members[n+1:])
		}
	}
	var moves []move
	for _, i := range t.Replicas(r.Failed) {
		v, ok := d.first(i, members)
		switch {
		case !i.LastCheckValid():
			d.plan.Lost = append(d.plan.Lost, plan.Verdict{Server: i.Key, Rule: "unreachable", Reason: "the last check failed: " + cmp.Or(i.Check.Err, "no answer")})
		case !ok:
			d.plan.Lost = append(d.plan.Lost, d.homeless(i, members, nil))
		default:
			moves = append(moves, v)
		}
	}
	d.write(&d.plan, moves)
	if !d.plan.Successor.IsZero() {
		d.plan.Title += " below " + d.plan.Successor.String()
	}
	return d.plan
}

// members are the other members of the lost one's group that can take replicas, best first. The others are rejected.
func (d *intermediate) members() []*topology.Instance {
	keys := slices.Clone(d.failed.Group.Members)
	for _, i := range d.t.Instances() {
		if d.failed.Group.Name != "" && i.Group.Name == d.failed.Group.Name {
			keys = append(keys, i.Key)
		}
	}
	slices.SortFunc(keys, topology.Key.Compare)
	var members []*topology.Instance
	held := make(map[topology.Key]gtid.Set)
	for _, k := range slices.Compact(keys) {
		if k == d.failed.Key {
			continue
		}
		set, v := d.barMember(k)
		if v != nil {
			d.plan.Rejected = append(d.plan.Rejected, *v)
			continue
		}
		held[k] = set
		members = append(members, d.t.Instance(k))
	}
	slices.SortFunc(members, func(a, b *topology.Instance) int {
		return cmp.Or(
			topology.TrueFirst(d.isNear(a), d.isNear(b)),
			topology.TrueFirst(a.DataCenter == d.failed.DataCenter, b.DataCenter == d.failed.DataCenter),
			compareSets(held[a.Key], held[b.Key]),
			cmp.Compare(a.PromotionRule, b.PromotionRule),
			a.Key.Compare(b.Key))
	})
	return members
}

func (d *intermediate) isNear(i *topology.Instance) bool {
	return i.DataCenter == d.failed.DataCenter && i.PhysicalEnvironment == d.failed.PhysicalEnvironment
}

// compareSets orders sets by how many transactions they have, the most first. Unlike containment that is an order even
// among sets of which none contains the other.
func compareSets(a, b gtid.Set) int { return cmp.Compare(b.Count(), a.Count()) }

// barMember says by which rule a member takes no replicas, or what it has executed.
func (d *intermediate) barMember(k topology.Key) (gtid.Set, *plan.Verdict) {
	i := d.t.Instance(k)
	bar := func(rule, format string, args ...any) (gtid.Set, *plan.Verdict) {
		return gtid.Set{}, &plan.Verdict{Server: k, Rule: rule, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case i == nil:
		return bar("unknown", "it is a member of the group that has never been seen")
	case !i.LastCheckValid():
		return bar("unreachable", "the last check failed: %s", cmp.Or(i.Check.Err, "no answer"))
	case i.Group.Name != d.failed.Group.Name:
		return bar("other-group", "it is not in the group any more")
	case i.Group.MemberState != "ONLINE":
		return bar("member-state", "its state in the group is %s", cmp.Or(i.Group.MemberState, "unknown"))
	case i.PromotionRule == topology.MustNotPromote:
		return bar("must-not", "its promotion rule is must_not")
	case d.policy.ignored(k):
		return bar("ignored-hostname", "PromotionIgnoreHostnameFilters matches it")
	case !i.LogsUpdates():
		return bar("no-log-replica-updates", "it does not log what it applies, so nobody could replicate from it")
	}
	set, err := gtid.Parse(i.ExecutedSet)
	if err != nil {
		return bar("unknown-history", "its executed GTID set cannot be read: %v", err)
	}
	return set, nil
}
