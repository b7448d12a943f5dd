package operate

import (
	"cmp"
	"slices"

	"orchestrator/internal/topology"
)

// perTier is how many control replicas are taken of each group.
const perTier = 2

// controlReplicas chooses a few replicas whose lag stands for that of the cluster: in each data centre two of the
// first tier, the busiest and most lagging; up to two busy replicas of each of those; two of the third tier.
func (e *Engine) controlReplicas(t *topology.Topology, members []*topology.Instance) []*topology.Instance {
	ignore := e.Config().OSCIgnore()
	usable := func(i *topology.Instance) bool {
		return i.LastCheckValid() && !i.IsBinlogServer() && !ignore.Match(i.Key.Hostname, i.Key.Port)
	}
	chosen := []*topology.Instance{}
	taken := map[topology.Key]bool{}
	take := func(is []*topology.Instance) {
		for _, i := range is {
			if !taken[i.Key] {
				taken[i.Key] = true
				chosen = append(chosen, i)
			}
		}
	}
	first := busiestOfEach(t, members, func(i *topology.Instance) bool { return i.Depth == 1 && usable(i) })
	take(first)
	for _, i := range first {
		take(busiest(t, t.Replicas(i.Key), usable))
	}
	take(busiestOfEach(t, members, func(i *topology.Instance) bool { return i.Depth == 3 && usable(i) }))
	slices.SortFunc(chosen, func(a, b *topology.Instance) int { return a.Key.Compare(b.Key) })
	return chosen
}

// busiestOfEach is busiest for each data centre.
func busiestOfEach(t *topology.Topology, members []*topology.Instance, wanted func(*topology.Instance) bool) []*topology.Instance {
	var centres []string
	for _, i := range members {
		if !slices.Contains(centres, i.DataCenter) {
			centres = append(centres, i.DataCenter)
		}
	}
	slices.Sort(centres)
	var all []*topology.Instance
	for _, dc := range centres {
		all = append(all, busiest(t, members, func(i *topology.Instance) bool { return i.DataCenter == dc && wanted(i) })...)
	}
	return all
}

// busiest takes those with the most replicas, of these those that lag most.
func busiest(t *topology.Topology, of []*topology.Instance, wanted func(*topology.Instance) bool) []*topology.Instance {
	var list []*topology.Instance
	for _, i := range of {
		if wanted(i) {
			list = append(list, i)
		}
	}
	slices.SortStableFunc(list, func(a, b *topology.Instance) int {
		return cmp.Or(cmp.Compare(len(t.Replicas(b.Key)), len(t.Replicas(a.Key))), cmp.Compare(b.Lag.N, a.Lag.N), a.Key.Compare(b.Key))
	})
	return list[:min(perTier, len(list))]
}

// heuristicLag is the greatest lag of the control replicas, in seconds; an unknown lag is none.
func (e *Engine) heuristicLag(t *topology.Topology, c *topology.Cluster) int64 {
	return greatestLag(e.controlReplicas(t, c.Members))
}

// ghostReplicas are the replicas that gh-ost can read changes from, those with the fewest replicas first.
func ghostReplicas(t *topology.Topology, members []*topology.Instance) []*topology.Instance {
	list := []*topology.Instance{}
	for _, i := range members {
		if i.Depth > 0 && i.BinlogFormat == "ROW" && i.LogsUpdates() && i.LastCheckValid() {
			list = append(list, i)
		}
	}
	slices.SortStableFunc(list, func(a, b *topology.Instance) int {
		return cmp.Or(cmp.Compare(len(t.Replicas(a.Key)), len(t.Replicas(b.Key))), a.Key.Compare(b.Key))
	})
	return list
}

// greatestLag is that of the servers whose lag is known, in seconds.
func greatestLag(list []*topology.Instance) int64 {
	var lag int64
	for _, i := range list {
		if i.Lag.Known {
			lag = max(lag, i.Lag.N)
		}
	}
	return lag
}
