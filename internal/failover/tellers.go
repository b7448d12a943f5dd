package failover

import (
	"slices"

	"orchestrator/internal/topology"
)

// tellersAtMost bounds who is asked for credentials, the former primary aside.
const tellersAtMost = 6

// Tellers are the servers that may tell what a former primary can sign in to its successor with, the best first: the
// successor, which answers a query and, until it forgets its source, tells its own; its replicas; the other replicas of the
// cluster, which are to follow it; and last the former one itself, which may have been a replica before.
func Tellers(t *topology.Topology, successor, former topology.Key) []topology.Key {
	out := []topology.Key{successor}
	add := func(list []*topology.Instance, replicating bool) {
		for _, i := range list {
			if i.LastCheckValid() && i.HasSource() && i.Key != former && i.Replicating() == replicating && !slices.Contains(out, i.Key) && len(out) < tellersAtMost {
				out = append(out, i.Key)
			}
		}
	}
	below := slices.Concat(t.Replicas(successor), t.Replicas(former))
	add(below, true)
	add(below, false)
	if s := t.Instance(successor); s != nil {
		same := slices.DeleteFunc(slices.Clone(t.Instances()), func(i *topology.Instance) bool { return i.ClusterName != s.ClusterName })
		add(same, true)
		add(same, false)
	}
	return append(out, former)
}
