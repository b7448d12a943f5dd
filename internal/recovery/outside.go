package recovery

import (
	"orchestrator/internal/failover"
	"orchestrator/internal/topology"
)

// outsideGroup says that a server stands outside the replication group that it is set up for while others are in it; nil
// where that is not so. A member that was started again and has not joined looks like a read-only primary, and like a dead
// one when it dies: to open it, or one of its replicas, would make a second writer beside the group's.
func (e *Engine) outsideGroup(k topology.Key) *failover.OutsideGroup {
	all := e.o.Observer.Snapshot()
	i := all.Instance(k)
	if i == nil || i.Group.Outside == "" {
		return nil
	}
	for _, m := range all.Instances() {
		if m.Group.IsMember() && m.Group.Name == i.Group.Outside {
			return &failover.OutsideGroup{Server: k, Group: m.Group.Name, Member: m.Key}
		}
	}
	return nil
}
