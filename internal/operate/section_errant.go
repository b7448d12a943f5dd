package operate

import (
	"context"
	"fmt"

	"orchestrator/internal/gtid"
	"orchestrator/internal/topology"
)

// errants say of errant transactions that they may stay, or take that back. No server is changed.
func errants() []*Operation {
	return []*Operation{
		{
			Name: "gtid-errant-accept", Summary: "Accept errant transactions of a replica: they stay, and are no finding any more", Rights: Write, Faces: OnlyHTTP,
			Details: "Only those that are named. The data of the replica stay different, and a failover counts them as ever.",
			Args:    []Arg{{Param: ParamInstance, Required: true}, {Param: ParamGTIDSet, Required: true}, {Param: ParamReason, Required: true}, {Param: ParamOwner}},
			Routes:  []string{"gtid-errant-accept/:host/:port"},
			Run:     acceptErrant,
		},
		{
			Name: "gtid-errant-withdraw", Summary: "Take back that errant transactions of a replica are accepted", Rights: Write, Faces: OnlyHTTP,
			Args:   []Arg{{Param: ParamInstance, Required: true}, {Param: ParamOwner}},
			Routes: []string{"gtid-errant-withdraw/:host/:port"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				i := a.Topology.Instance(a.Instance)
				switch {
				case e.Declarations == nil:
					return Result{}, unavailable("accepting errant transactions")
				case i == nil || i.Accepted == nil:
					return Result{}, fmt.Errorf("gtid-errant-withdraw: no errant transactions of %s are accepted", a.Instance)
				}
				if err := e.Declarations.AcceptErrant(ctx, a.Instance, nil); err != nil {
					return Result{}, fmt.Errorf("gtid-errant-withdraw of %s: %w", a.Instance, err)
				}
				e.audit(ctx, "gtid-errant-withdraw", a.Instance, i.ClusterName, fmt.Sprintf("%s accepts %s no longer", a.Owner, i.Accepted.Set))
				return Result{Value: a.Instance, Message: fmt.Sprintf("Errant transactions of %s are a finding again", a.Instance)}, nil
			},
		},
	}
}

// acceptErrant accepts what is named, if it is errant now, beside what is accepted and errant still: what has come since
// somebody looked is not accepted with it.
func acceptErrant(ctx context.Context, e *Engine, a Args) (Result, error) {
	fail := func(format string, args ...any) (Result, error) {
		return Result{}, fmt.Errorf("gtid-errant-accept of %s: %w", a.Instance, fmt.Errorf(format, args...))
	}
	i := a.Topology.Instance(a.Instance)
	switch {
	case e.Declarations == nil:
		return Result{}, unavailable("accepting errant transactions")
	case i == nil || i.ErrantSet == "":
		return fail("it has no errant transactions")
	}
	set, err := gtid.Parse(a.Text(ParamGTIDSet))
	if err != nil {
		return fail("%w", err)
	}
	errant, err := gtid.Parse(i.ErrantSet)
	if err != nil {
		return fail("its errant transactions cannot be read: %w", err)
	}
	switch {
	case set.IsEmpty():
		return fail("the set is empty")
	case !errant.Contains(set):
		return fail("%s is not errant there", set.Subtract(errant))
	}
	if i.Accepted != nil {
		if before, err := gtid.Parse(i.Accepted.Set); err == nil {
			set = set.Union(before.Intersect(errant))
		}
	}
	accepted := topology.AcceptedErrant{Set: set.String(), Owner: a.Owner, Reason: a.Text(ParamReason), Begin: e.Now()}
	if err := e.Declarations.AcceptErrant(ctx, a.Instance, &accepted); err != nil {
		return fail("%w", err)
	}
	e.audit(ctx, "gtid-errant-accept", a.Instance, i.ClusterName, fmt.Sprintf("%s accepts %s: %s", a.Owner, accepted.Set, accepted.Reason))
	return Result{Value: a.Instance, Message: fmt.Sprintf("%d errant transactions of %s are accepted", set.Count(), a.Instance)}, nil
}
