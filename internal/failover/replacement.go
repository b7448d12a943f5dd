package failover

import (
	"slices"

	"orchestrator/internal/topology"
)

// Replacement says which server should take over from the one that was promoted after a failure: the promoted one
// itself when no replica of it is a better place for the primary. A better one is wanted by its promotion rule, or
// stands where the failed server stood, and the promoted server can replicate from it.
func Replacement(t *topology.Topology, failed, promoted *topology.Instance, p Policy) topology.Key {
	r := replacer{topology: t, failed: failed, promoted: promoted, policy: &p}
	wanted, neutral := r.successors()
	near := func(a *topology.Instance) func(*topology.Instance) bool {
		return func(b *topology.Instance) bool {
			return a.DataCenter == b.DataCenter && a.PhysicalEnvironment == b.PhysicalEnvironment
		}
	}
	steps := []struct {
		among []*topology.Instance
		place func(*topology.Instance) bool
	}{
		{wanted, near(failed)}, {wanted, near(promoted)}, {wanted, r.allowed},
	}
	keep := promoted.PromotionRule.IsCandidate()
	if keep && near(failed)(promoted) {
		return promoted.Key
	}
	for n, s := range steps {
		if x := last(s.among, s.place); x != nil {
			return x.Key
		}
		if n == 0 && keep && r.allowed(promoted) {
			return promoted.Key
		}
	}
	if r.allowed(promoted) && promoted.PromotionRule != topology.PreferNotPromote {
		return promoted.Key
	}
	for _, place := range []func(*topology.Instance) bool{near(failed), near(promoted), r.allowed} {
		if x := last(neutral, place); x != nil {
			return x.Key
		}
	}
	return promoted.Key
}

type replacer struct {
	topology         *topology.Topology
	failed, promoted *topology.Instance
	policy           *Policy
}

// successors are the direct replicas that could take over from the promoted server: those whose promotion rule asks
// for it, and those whose rule leaves it open.
func (r *replacer) successors() (wanted, neutral []*topology.Instance) {
	for _, x := range r.topology.Replicas(r.promoted.Key) {
		switch {
		case x.Key == r.failed.Key || !r.canTakeOver(x):
		case x.PromotionRule.IsCandidate():
			wanted = append(wanted, x)
		case x.PromotionRule == topology.NeutralPromote:
			neutral = append(neutral, x)
		}
	}
	return wanted, neutral
}

func (r *replacer) canTakeOver(x *topology.Instance) bool {
	return x.LastCheckValid() && x.LogsUpdates() && !x.IsBinlogServer() &&
		x.PromotionRule != topology.MustNotPromote && !r.policy.ignored(x.Key) &&
		topology.CanReplicate(r.promoted, x, r.policy.Replication) == nil
}

// allowed says whether the guards of data center and region let a server stand in for the failed one.
func (r *replacer) allowed(x *topology.Instance) bool {
	return !(r.policy.PreventCrossDataCenter && differs(x.DataCenter, r.failed.DataCenter)) &&
		!(r.policy.PreventCrossRegion && differs(x.Region, r.failed.Region))
}

// last is the last of a list that passes, as the published choice has it.
func last(list []*topology.Instance, pass func(*topology.Instance) bool) *topology.Instance {
	for _, x := range slices.Backward(list) {
		if pass(x) {
			return x
		}
	}
	return nil
}
