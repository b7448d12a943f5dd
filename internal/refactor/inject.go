package refactor

import (
	"cmp"
	"slices"

	"orchestrator/internal/topology"
)

// Injectable are the servers into whose binary log pseudo-GTID entries may be written: of each cluster the one primary that
// takes writes. Where more than one does, none: an entry in both would not be common to them. A server that a recovery has left
// behind gets none, nor one that does not answer: it would come back with a transaction that nobody else has.
func Injectable(t *topology.Topology) []*topology.Instance {
	var found []*topology.Instance
	taking := make(map[string]int)
	for _, i := range t.Instances() {
		if i.ReadOnly || i.HasSource() && !i.IsCoPrimary {
			continue
		}
		taking[i.ClusterName]++
		if i.LastCheckValid() && i.LogBin && !i.SuperReadOnly && !i.IsBinlogServer() && !i.Group.IsSecondary() && !leftBehind(i) && i.Maintenance == nil {
			found = append(found, i)
		}
	}
	found = slices.DeleteFunc(found, func(i *topology.Instance) bool { return taking[i.ClusterName] != 1 })
	slices.SortFunc(found, func(a, b *topology.Instance) int {
		return cmp.Or(cmp.Compare(a.ClusterName, b.ClusterName), a.Key.Compare(b.Key))
	})
	return found
}

func leftBehind(i *topology.Instance) bool {
	return i.Downtime != nil && i.Downtime.Reason == topology.ReasonLostInRecovery
}
