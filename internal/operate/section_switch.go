package operate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// clusterSwitches are the switches for the automatic recoveries of single clusters.
func clusterSwitches() []*Operation {
	const off = "disable-cluster-recoveries"
	return []*Operation{
		{
			Name: off, Summary: "Stop the automatic recoveries of one cluster for some time", Rights: Write,
			Details: "Without a duration it is 10 minutes. Failures are still detected, and a person can still have them repaired. The switch follows the cluster to its new name.",
			Example: "orchestrator -c " + off + ` -alias orders -reason "moving house" -duration 2h`,
			Args:    []Arg{{Param: ParamCluster, Required: true}, {Param: ParamOwner}, {Param: ParamReason, Required: true}, {Param: ParamDuration}},
			Routes:  []string{off + "/:clusterHint/:owner/:reason", off + "/:clusterHint/:owner/:reason/:duration"},
			Client:  []Client{{Path: off + "/:clusterHint/:owner/:reason/:duration", Needs: []Param{ParamCluster, ParamReason}, Print: PrintText}},
			Run:     switchOff,
		},
		{
			Name: "enable-cluster-recoveries", Summary: "Allow the automatic recoveries of a cluster again", Rights: Write,
			Args: []Arg{{Param: ParamCluster, Required: true}}, Routes: []string{"enable-cluster-recoveries/:clusterHint"},
			Client: []Client{{Path: "enable-cluster-recoveries/:clusterHint", Needs: []Param{ParamCluster}, Print: PrintText}},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if e.Clusters == nil {
					return Result{}, unavailable("the switch for recoveries")
				}
				was, err := e.Clusters.SwitchOn(ctx, a.Cluster)
				if err != nil {
					return Result{}, fmt.Errorf("enable-cluster-recoveries: %w", err)
				}
				message := "Recoveries of cluster " + a.Cluster + " are on"
				if was {
					message += " again"
					e.audit(ctx, "enable-cluster-recoveries", topology.Key{}, a.Cluster, message)
				}
				return Result{Value: Told(message), Message: message}, nil
			},
		},
		{
			Name: "check-cluster-recoveries", Summary: "List the clusters whose automatic recoveries are stopped, and until when", NoFleet: true,
			Routes: []string{"check-cluster-recoveries"},
			Client: []Client{{Path: "check-cluster-recoveries", Print: PrintText}},
			Run: func(ctx context.Context, e *Engine, _ Args) (Result, error) {
				if e.Clusters == nil {
					return Result{}, unavailable("the switch for recoveries")
				}
				list, err := e.Clusters.SwitchedOff(ctx)
				if err != nil {
					return Result{}, fmt.Errorf("check-cluster-recoveries: %w", err)
				}
				message := "Recoveries of no cluster are off"
				if len(list) > 0 {
					message = fmt.Sprintf("Recoveries of %d clusters are off", len(list))
				}
				return Result{Value: slices.Clone(list), Message: message}, nil
			},
		},
	}
}

func switchOff(ctx context.Context, e *Engine, a Args) (Result, error) {
	if e.Clusters == nil {
		return Result{}, unavailable("the switch for recoveries")
	}
	now := e.Now()
	c := ClusterSwitch{Cluster: a.Cluster, Owner: a.Owner, Reason: a.Text(ParamReason), Begin: now, End: now.Add(a.hold())}
	if err := e.Clusters.SwitchOff(ctx, c); err != nil {
		return Result{}, fmt.Errorf("disable-cluster-recoveries: %w", err)
	}
	message := fmt.Sprintf("Recoveries of cluster %s are off until %s", c.Cluster, c.End.UTC().Format(time.RFC3339))
	e.audit(ctx, "disable-cluster-recoveries", topology.Key{}, c.Cluster, fmt.Sprintf("%s; owner: %s, reason: %s", message, c.Owner, c.Reason))
	return Result{Value: Told(message), Message: message}, nil
}

// running are the operations on recoveries that are under way.
func running() []*Operation {
	return []*Operation{
		{
			Name: "running-recoveries", Summary: "List the recoveries that are under way on this node, with their steps", Faces: OnlyHTTP, NoFleet: true,
			Routes: []string{"running-recoveries"}, Shape: Bare,
			Run: func(_ context.Context, e *Engine, _ Args) (Result, error) {
				if e.Running == nil {
					return Result{}, unavailable("recovery")
				}
				return Result{Value: e.Running.Running()}, nil
			},
		},
		{
			Name: "cancel-recovery", Summary: "End the step or hook at which the recovery of a cluster stands", Rights: Write, Faces: OnlyHTTP,
			Details: "It counts as failed then. Where nobody has been opened for writing yet, that ends the recovery, and what was done is taken back; otherwise it is noted, and the rest goes on.",
			Args:    []Arg{{Param: ParamCluster, Required: true}, {Param: ParamOwner}},
			Routes:  []string{"cancel-recovery/:clusterHint"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if e.Running == nil {
					return Result{}, unavailable("recovery")
				}
				n, err := e.Running.Cancel(a.Cluster, a.Owner)
				if err != nil {
					return Result{}, fmt.Errorf("cancel-recovery: %w", err)
				}
				message := fmt.Sprintf("%d steps or hooks of the recovery of cluster %s were cancelled", n, a.Cluster)
				e.audit(ctx, "cancel-recovery", topology.Key{}, a.Cluster, message+" by "+a.Owner)
				return Result{Value: Told(message), Message: message}, nil
			},
		},
	}
}
