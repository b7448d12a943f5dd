package failover

import (
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// FenceStage is the stage of a forced takeover that closes a primary which still answers. It comes before the gathering
// and may fail.
const FenceStage = 0

// fenceWithin bounds the fencing of a primary that is given up: one that hangs must not hold its replacement up.
const fenceWithin = 3 * time.Second

// forcedTakeover replaces a primary as if it were dead, after closing it for writing as far as it still answers.
func forcedTakeover(t *topology.Topology, r TakeoverRequest, p Policy) (plan.Plan, *topology.Refusal) {
	primary, refusal := forcedPrimary(t, r)
	if refusal != nil {
		return plan.Plan{Operation: r.Operation}, refusal
	}
	replicas := t.Replicas(primary.Key)
	if !r.Designated.IsZero() && !slices.ContainsFunc(replicas, func(i *topology.Instance) bool { return i.Key == r.Designated }) {
		return plan.Plan{Operation: r.Operation}, refuse("not-a-direct-replica", "name one of "+topology.JoinKeys(topology.Keys(replicas)),
			"%s is not a direct replica of %s", r.Designated, primary.Key)
	}
	out := DeadPrimary(t, Request{Failed: primary.Key, Operation: r.Operation, Designated: r.Designated}, p)
	if out.Successor.IsZero() {
		return out, refuse("nobody", "", "no replica of %s can be promoted: %s", primary.Key, join(out.Rejected))
	}
	out.Title = fmt.Sprintf("replace %s by %s by force", primary.Key, out.Successor)
	if !primary.LastCheckValid() {
		out.Warnings = append(out.Warnings, primary.Key.String()+" does not answer, so it cannot be closed for writing: if it lives, there may be two writers")
		return out, nil
	}
	out.Warnings = append(out.Warnings, primary.Key.String()+" answers: what it commits until it is closed, and its replicas have not received, is lost; a planned takeover loses nothing")
	fence := plan.Step{
		Stage: FenceStage, Phase: plan.Fence, Server: primary.Key, MayFail: true, Deadline: fenceWithin,
		Action: plan.Action{Verb: plan.SetReadOnly, Super: true},
		Why:    "it still answers, and there must not be two writers",
		Until:  "read_only is 1",
	}
	if !primary.ReadOnly {
		fence.Undo = &plan.Action{Verb: plan.SetWritable, Super: true}
	}
	out.Prepend([]plan.Step{fence})
	return out, nil
}

// forcedPrimary is the server to be replaced by force: the only top of its cluster, or, where a successor is
// designated, the only one that takes writes.
func forcedPrimary(t *topology.Topology, r TakeoverRequest) (*topology.Instance, *topology.Refusal) {
	c, refusal := clusterOf(t, r.Cluster, r.Primary)
	if refusal != nil {
		return nil, refusal
	}
	tops, what := c.Primaries(), "primaries"
	if !r.Designated.IsZero() {
		what = "writable primaries"
		tops = slices.DeleteFunc(tops, func(i *topology.Instance) bool { return i.ReadOnly })
	}
	switch {
	case len(tops) != 1:
		return nil, refuse("several-primaries", "", "cluster %s has %d %s, so which of them is meant cannot be deduced", c.Name, len(tops), what)
	case !r.Primary.IsZero() && tops[0].Key != r.Primary:
		return nil, refuse("not-primary", "name "+tops[0].Key.String(), "%s is not the primary of its cluster, %s is", r.Primary, tops[0].Key)
	}
	return tops[0], nil
}
