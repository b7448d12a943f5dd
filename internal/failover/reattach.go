package failover

import (
	"fmt"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Reattaching is Plan.Operation of what Reattach plans.
const Reattaching = "reattach"

// Reattach plans to point a replica at the present primary that was away when its source was replaced, and has come back
// below the old one. It is refused where the replica holds, applied or only received, what the primary does not.
func Reattach(r RejoinRequest, p Policy) (plan.Plan, *topology.Refusal) {
	k, to, from := r.Returned.Key, r.Primary.Key, r.Returned.Channel.Source
	out := plan.Plan{
		Title:     fmt.Sprintf("point %s, which was away when %s was replaced, at %s", k, from, to),
		Operation: Reattaching, Cluster: r.Primary.ClusterName, Failed: k, Successor: to,
	}
	if refusal := mayReattach(r, p); refusal != nil {
		return out, refusal
	}
	out.Add(1, plan.Step{
		Phase: plan.Repoint, Server: k,
		Action: plan.Action{Verb: plan.ChangeSource, Source: to, Channel: r.Returned.Channel.Name},
		Why:    fmt.Sprintf("its source %s was replaced, and everything that it holds is on %s", from, to),
		Until:  "it receives from " + to.String(),
		Undo:   &plan.Action{Verb: plan.ChangeSource, Source: from, Channel: r.Returned.Channel.Name},
	})
	return out, nil
}

func mayReattach(r RejoinRequest, p Policy) *topology.Refusal {
	k, to := r.Returned.Key, r.Primary.Key
	switch {
	case !r.Returned.LastCheckValid() || !r.Returned.HasSource() || r.Returned.IsMultiSource():
		return &topology.Refusal{Rule: "no-replica", Reason: fmt.Sprintf("%s is not known to be a replica of one source", k)}
	case !r.Primary.LastCheckValid() || r.Primary.ReadOnly || r.Primary.HasSource():
		return noPrimary(to)
	case r.Returned.Channel.GTID == topology.FilePosition:
		return withoutGTID(k)
	}
	if refusal := sameHistory(r, p); refusal != nil {
		return refusal
	}
	return r.receivedMore()
}

// receivedMore refuses a replica that has received and not applied what the primary does not have: pointed there it would
// drop that, though it may hold the only copy.
func (r *RejoinRequest) receivedMore() *topology.Refusal {
	k, to, received := r.Returned.Key, r.Primary.Key, r.Returned.Channel.RetrievedSet
	extra, err := ExtraOf(Holding{Executed: received, Position: received}, r.PrimaryHas, r.Returned.IsMariaDB())
	switch {
	case err != nil:
		return unknownHolding(k, to, err)
	case extra.IsEmpty():
		return nil
	}
	return &topology.Refusal{Rule: "received-more",
		Reason: fmt.Sprintf("%s has received and not applied what %s lacks: %s", k, to, extra),
		Remedy: "let it apply that, and bring it in by hand"}
}
