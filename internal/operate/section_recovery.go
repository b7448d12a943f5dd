package operate

import (
	"context"
	"fmt"
	"slices"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// analyses are the questions what is wrong.
func analyses() []*Operation {
	return []*Operation{
		{
			Name: "replication-analysis", Summary: "List what is wrong with the fleet",
			Args:   []Arg{{Param: ParamClusterName}, {Param: ParamInstance}},
			Routes: []string{"replication-analysis", "replication-analysis/:clusterName", "replication-analysis/instance/:host/:port"},
			Client: []Client{{Path: "replication-analysis", Print: PrintSpecial}},
			Run: func(_ context.Context, e *Engine, a Args) (Result, error) {
				p := e.policy()
				if a.Cluster == "" && !a.Given(ParamInstance) {
					all := e.sight(a.Topology).findings(p, e.Now)
					return Result{Value: Findings(all.list), Message: "Analysis", Shared: all.shared}, nil
				}
				p.ClusterName = a.Cluster
				if i := a.Topology.Instance(a.Instance); i != nil && p.ClusterName == "" {
					p.ClusterName = i.ClusterName
				}
				found := analysis.Analyze(a.Topology, p, e.Now())
				if a.Given(ParamInstance) {
					found = slices.DeleteFunc(found, func(f analysis.Finding) bool { return f.Key != a.Instance })
				}
				return Result{Value: Findings(notNil(found)), Message: "Analysis"}, nil
			},
		},
		{
			Name: "replication-analysis-changelog", Summary: "List how the analysis of each instance changed",
			Shape: Bare, NoFleet: true, Routes: []string{"replication-analysis-changelog"},
			Run: func(ctx context.Context, e *Engine, _ Args) (Result, error) {
				if e.Records == nil {
					return Result{}, unavailable("records")
				}
				list, err := e.Records.Changelog(ctx, topology.Key{})
				return Result{Value: list}, err
			},
		},
		{
			Name: "automated-recovery-filters", Summary: "Show which clusters and instances are recovered automatically",
			NoFleet: true, Routes: []string{"automated-recovery-filters"},
			Run: func(_ context.Context, e *Engine, _ Args) (Result, error) {
				c := e.Config()
				return Result{Message: "Automated recovery configuration details", Value: Filters{
					RecoverMasterClusterFilters:             c.RecoverMasterClusterFilters,
					RecoverIntermediateMasterClusterFilters: c.RecoverIntermediateMasterClusterFilters,
					RecoveryIgnoreHostnameFilters:           c.RecoveryIgnoreHostnameFilters,
				}}, nil
			},
		},
	}
}

// recoveries are what starts, stops and acknowledges recoveries.
func recoveries() []*Operation {
	return append([]*Operation{
		repair("recover", "Repair the failure of an instance now, whether or not automatic recovery would", true),
		repair("recover-lite", "Repair the failure of an instance as recover does, without running hooks", false),
		explain(),
		suggestReplacement(),
		{
			Name: "ack-cluster-recoveries", Summary: "Acknowledge the recoveries of a cluster", Rights: Write,
			Args: []Arg{{Param: ParamCluster, Required: true, Verbatim: true}, {Param: ParamInstance}, {Param: ParamClusterAlias},
				{Param: ParamReason, Required: true}, {Param: ParamOwner}},
			Routes: []string{"ack-recovery/cluster/:clusterHint", "ack-recovery/cluster/alias/:clusterAlias"},
			Client: []Client{{Path: "ack-recovery/cluster/:clusterHint?comment", Needs: []Param{ParamCluster, ParamReason}, Print: PrintText}},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				return e.acknowledgeCluster(ctx, a)
			},
		},
		{
			Name: "ack-instance-recoveries", Summary: "Acknowledge the recoveries of a failed instance", Rights: Write,
			Args:   append(instanceArg(), Arg{Param: ParamReason, Required: true}, Arg{Param: ParamOwner}),
			Routes: []string{"ack-recovery/instance/:host/:port"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				return e.acknowledge(ctx, a, AckQuery{Instance: a.Instance}, a.Instance)
			},
		},
		{
			Name: "ack-recovery", Summary: "Acknowledge one recovery, by its number", Rights: Write, Faces: OnlyHTTP, NoFleet: true,
			Args:   []Arg{{Param: ParamID, Required: true}, {Param: ParamReason, Required: true}, {Param: ParamOwner}},
			Routes: []string{"ack-recovery/:recoveryId"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				return e.acknowledge(ctx, a, AckQuery{ID: a.Number}, a.Text(ParamID))
			},
		},
		{
			Name: "ack-recovery-uid", Summary: "Acknowledge one recovery, by its unique name", Rights: Write, Faces: OnlyHTTP, NoFleet: true,
			Args:   []Arg{{Param: ParamUID, Required: true}, {Param: ParamReason, Required: true}, {Param: ParamOwner}},
			Routes: []string{"ack-recovery/uid/:uid"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				return e.acknowledge(ctx, a, AckQuery{UID: a.Text(ParamUID)}, a.Text(ParamUID))
			},
		},
		{
			Name: "ack-all-recoveries", Summary: "Acknowledge all recoveries", Rights: Write, NoFleet: true,
			Args:   []Arg{{Param: ParamReason, Required: true}, {Param: ParamOwner}},
			Routes: []string{"ack-all-recoveries"},
			Client: []Client{{Path: "ack-all-recoveries?comment", Needs: []Param{ParamReason}, Print: PrintText}},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				return e.acknowledge(ctx, a, AckQuery{All: true}, a.Text(ParamReason))
			},
		},
	}, slices.Concat(switches(), clusterSwitches(), running())...)
}

// suggestReplacement shows one choice of a recovery, for whoever wants to follow it by hand.
func suggestReplacement() *Operation {
	return &Operation{
		Name: "internal-suggest-promoted-replacement", Summary: "Show who should take over from a replica that was promoted after a failure", Faces: OnlyCLI,
		Details: "It is the promoted replica itself unless a replica of it is wanted more, by promotion rule, data center and environment.",
		Example: "orchestrator -c internal-suggest-promoted-replacement -i db-a1 -d db-a2", Args: pairArgs(),
		Run: func(_ context.Context, e *Engine, a Args) (Result, error) {
			failed, promoted := a.Topology.Instance(a.Instance), a.Topology.Instance(a.Destination)
			switch {
			case failed == nil:
				return Result{}, unknownInstance(a.Instance)
			case promoted == nil:
				return Result{}, unknownInstance(a.Destination)
			}
			return Result{Value: failover.Replacement(a.Topology, failed, promoted, failover.PolicyOf(e.Config()))}, nil
		},
	}
}

func repair(name, summary string, hooks bool) *Operation {
	return &Operation{
		Name: name, Summary: summary, Rights: Write,
		Details: "A preferred successor may be given. Downtime, filters and the pause between two recoveries are ignored.",
		Example: "orchestrator -c " + name + " -i db-a1:3306 -d db-a2:3306",
		Args:    []Arg{{Param: ParamInstance, Required: true}, {Param: ParamDestination}, {Param: ParamSkipHooks}, {Param: ParamDryRun}},
		Routes:  []string{name + "/:host/:port", name + "/:host/:port/:candidateHost/:candidatePort"},
		Client:  []Client{{Path: name + "/:host/:port/:candidateHost/:candidatePort?dry-run", Needs: []Param{ParamInstance}, Print: PrintSpecial}},
		Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
			if a.Flag(ParamDryRun) {
				if e.Takeovers == nil {
					return Result{}, unavailable("recovery")
				}
				p, err := e.Takeovers.PlanRecovery(ctx, a.Instance, a.Destination)
				return planned(p, err)
			}
			if e.Repairer == nil {
				return Result{}, unavailable("recovery")
			}
			done, err := e.Repairer.Recover(ctx, a.Instance, a.Destination, hooks && !a.Flag(ParamSkipHooks))
			return e.repaired(ctx, a, done, err)
		},
	}
}

// repaired says what became of a repair. What went wrong after a promotion does not undo it.
func (e *Engine) repaired(ctx context.Context, a Args, done Repair, err error) (Result, error) {
	switch {
	case !done.Attempted:
		return Result{}, &Failure{Message: "Recovery not attempted", Details: a.Instance, Err: err, Answer: err == nil || done.UncalledFor}
	case done.Promoted.IsZero():
		return Result{}, &Failure{Message: "Recovery attempted; no instance promoted", Details: a.Instance, Err: err}
	}
	message := successMessage(a, done.Promoted)
	if err != nil {
		e.Log.ErrorContext(ctx, "the recovery promoted an instance, but not all went well", "instance", a.Instance.String(), "error", err)
		message += fmt.Sprintf("; not all went well: %v", err)
	}
	return Result{Value: done.Promoted, Message: message}, nil
}

// successMessage says plainly when another server than the preferred one was promoted.
func successMessage(a Args, promoted topology.Key) string {
	text := fmt.Sprintf("Recovery executed on %s; promoted %s", a.Instance, promoted)
	if !a.Destination.IsZero() && a.Destination != promoted {
		text += fmt.Sprintf(", not %s", a.Destination)
	}
	return text
}

// acknowledgeCluster acknowledges the recoveries of a cluster, which may be known by another name since.
func (e *Engine) acknowledgeCluster(ctx context.Context, a Args) (Result, error) {
	c := a.Topology.Cluster(a.Cluster)
	q := AckQuery{Cluster: a.Cluster, Alias: a.Cluster}
	if c != nil {
		q.Alias = c.Alias
	}
	r, err := e.acknowledge(ctx, a, q, a.Cluster)
	if done, ok := r.Value.(Acknowledged); ok && done.Count == 0 && c == nil {
		return Result{}, noCluster(a.Cluster)
	}
	return r, err
}

func (e *Engine) acknowledge(ctx context.Context, a Args, q AckQuery, of any) (Result, error) {
	if e.Records == nil {
		return Result{}, unavailable("records")
	}
	n, err := e.Records.Acknowledge(ctx, q, a.Owner, a.Text(ParamReason))
	if err != nil {
		return Result{}, fmt.Errorf("acknowledge the recoveries of %v: %w", of, err)
	}
	if q.UID != "" {
		ctx = plan.WithOrigin(ctx, plan.Origin{Recovery: q.UID})
	}
	e.audit(ctx, "ack-recovery", q.Instance, q.Cluster, fmt.Sprintf("%d acknowledged by %s: %s", n, a.Owner, a.Text(ParamReason)))
	return Result{Value: Acknowledged{Count: n, Of: of}, Message: fmt.Sprintf("%d recoveries acknowledged", n)}, nil
}
