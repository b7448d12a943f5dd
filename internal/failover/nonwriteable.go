package failover

import (
	"fmt"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// NonWriteable plans to open a primary that is read-only. The plan is empty, with the reason as a warning, where that is
// switched off or where it might make a second writer or undo what somebody did on purpose.
func NonWriteable(t *topology.Topology, r Request, p Policy) plan.Plan {
	out := plan.Plan{
		Title:     fmt.Sprintf("open the read-only primary %s", r.Failed),
		Operation: r.Operation, Cluster: r.Failed.String(), Failed: r.Failed,
	}
	i := t.Instance(r.Failed)
	if i != nil {
		out.Cluster = i.ClusterName
	}
	if why := keepClosed(t, i, &r, &p); why != "" {
		out.Warnings = append(out.Warnings, why)
		return out
	}
	out.Successor = i.Key
	out.Add(stageOpen, plan.Step{
		Phase: plan.Promote, Server: i.Key, NoReturn: true,
		Action: plan.Action{Verb: plan.SetWritable, Super: p.SuperReadOnly},
		Why:    "it is the primary, and nobody in the cluster takes writes",
		Needs:  "nobody else takes writes",
		Until:  "read_only is 0",
	})
	return out
}

// keepClosed says why the server is not to be opened, or "".
func keepClosed(t *topology.Topology, i *topology.Instance, r *Request, p *Policy) string {
	switch {
	case !p.OpenNonWriteable:
		return "RecoverNonWriteableMaster is off"
	case i == nil:
		return r.Failed.String() + " is not known"
	case !i.LastCheckValid():
		return i.Key.String() + " cannot be reached"
	case !topology.IsPrimary(i):
		return i.Key.String() + " is not a primary"
	case i.IsBinlogServer():
		return i.Key.String() + " is a binlog server"
	case !i.ReadOnly:
		return i.Key.String() + " takes writes already"
	case r.DemotedLately:
		return i.Key.String() + " was demoted lately: it is read-only on purpose"
	case i.Downtime.LostInRecovery():
		return i.Key.String() + " was left behind by a recovery (lost-in-recovery)"
	}
	for _, m := range t.Cluster(i.ClusterName).Members {
		switch {
		case m == i || m.IsBinlogServer() || m.ReadOnly:
		case m.LastCheckValid():
			return fmt.Sprintf("%s of the same cluster takes writes", m.Key)
		default:
			return fmt.Sprintf("%s of the same cluster took writes when it was last seen, and cannot be reached", m.Key)
		}
	}
	return ""
}
