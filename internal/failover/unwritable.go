package failover

import (
	"fmt"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// drainStage comes between the fencing and the gathering where the primary that is replaced lives.
const drainStage = FenceStage + 1

const (
	// barWithin bounds closing a primary that lives: its commits may be stuck, and then its clients are sent away.
	barWithin = 8 * time.Second
	// drainWithin bounds waiting for replicas to apply what a closed primary holds. What they have received by then is not
	// lost anyway.
	drainWithin = 5 * time.Second
)

// Unwritable plans to replace a primary that lives and cannot write. It is closed for writing first, and that must not
// fail: it may come to life. Then its replicas receive what it still has to give, and the rest is as with a dead one.
//
// Nobody is promoted who suffers from the same obstacles: a disk that the servers share is full for all of them.
func Unwritable(t *topology.Topology, r Request, p Policy) plan.Plan {
	i := t.Instance(r.Failed)
	if why := notReplaced(i, r.Fenced); why != "" {
		out := plan.Plan{Title: "replace the primary " + r.Failed.String() + ", which cannot write", Operation: r.Operation, Cluster: r.Failed.String(), Failed: r.Failed}
		if i != nil {
			out.Cluster = i.ClusterName
		}
		out.Warnings = append(out.Warnings, why)
		return out
	}
	out := DeadPrimary(t, r, p)
	for n := range out.Steps {
		out.Steps[n].Stage++ // after drainStage
	}
	out.Title = fmt.Sprintf("replace the primary %s, which cannot write", r.Failed)
	if out.Successor.IsZero() {
		if !r.Fenced {
			out.Steps = nil // it is left as it is
		}
		return out
	}
	out.Title += ", by " + out.Successor.String()
	if r.Fenced {
		return out
	}
	before := []plan.Step{{
		Stage: FenceStage, Phase: plan.Fence, Server: i.Key, Deadline: barWithin,
		Action: plan.Action{Verb: plan.BarWrites, Super: true},
		Why:    "it lives, and may be able to write again at any moment",
		Until:  "read_only is 1, or will be before any other write",
		Undo:   &plan.Action{Verb: plan.LiftBar, Super: true},
	}}
	if i.LastCheckValid() { // otherwise it cannot say what it holds
		for _, k := range t.Replicas(i.Key) {
			if !k.LastCheckValid() || !k.Replicating() || k.IsBinlogServer() || k.Channel.SQLDelay > 0 {
				continue
			}
			before = append(before, plan.Step{
				Stage: drainStage, Phase: plan.Gather, Server: k.Key, Deadline: drainWithin, MayFail: true,
				Action: plan.Action{Verb: plan.AwaitSource, Source: i.Key, Timeout: drainWithin},
				Why:    "what it has committed must not be lost",
				Needs:  i.Key.String() + " takes no writes",
				Until:  "it has applied all of it",
			})
		}
	}
	out.Prepend(before)
	return out
}

// notReplaced says why a primary that lives is not replaced, or "".
func notReplaced(i *topology.Instance, fenced bool) string {
	switch {
	case i == nil:
		return "it is not known"
	case !topology.IsPrimary(i) || i.IsCoPrimary:
		return i.Key.String() + " is not the only primary of its cluster: only such a one is replaced while it lives"
	case i.ReadOnly && !fenced:
		return i.Key.String() + " is read-only: it is not to take writes"
	}
	return ""
}
