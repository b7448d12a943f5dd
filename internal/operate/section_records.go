package operate

import (
	"context"
	"fmt"
	"time"

	"orchestrator/internal/topology"
)

// recently is how long after its end a recovery counts as recent.
const recently = 5 * time.Minute

// records are what was recorded of recoveries and of what people did.
func records() []*Operation {
	return []*Operation{
		{
			Name: "audit-recovery", Summary: "List recoveries, newest first", Shape: Bare,
			Args: []Arg{{Param: ParamPage}, {Param: ParamID}, {Param: ParamUID}, {Param: ParamClusterName}, {Param: ParamClusterAlias, Verbatim: true}, {Param: ParamUnacked}},
			Routes: []string{"audit-recovery", "audit-recovery/:page", "audit-recovery/id/:id", "audit-recovery/uid/:uid",
				"audit-recovery/cluster/:clusterName", "audit-recovery/cluster/:clusterName/:page",
				"audit-recovery/alias/:clusterAlias", "audit-recovery/alias/:clusterAlias/:page"},
			Run: readRecoveries(func(_ *Engine, a Args) RecoveryQuery { return a.recoveryQuery() }),
		},
		{
			Name: "audit-recovery-steps", Summary: "List the steps of a recovery in their order", Shape: Bare, NoFleet: true,
			Args: []Arg{{Param: ParamUID, Required: true}}, Routes: []string{"audit-recovery-steps/:uid"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if e.Records == nil {
					return Result{}, unavailable("records")
				}
				list, err := e.Records.Steps(ctx, a.Text(ParamUID))
				return Result{Value: list}, recordError("the steps of a recovery", err)
			},
		},
		{
			Name: "active-cluster-recovery", Summary: "List the recoveries of a cluster that are active", Shape: Bare,
			Args: []Arg{{Param: ParamClusterName, Required: true}}, Routes: []string{"active-cluster-recovery/:clusterName"},
			Run: readRecoveries(func(_ *Engine, a Args) RecoveryQuery {
				return RecoveryQuery{Cluster: a.Cluster, Active: true, All: true}
			}),
		},
		{
			Name: "recently-active-cluster-recovery", Summary: "List the recoveries of a cluster that ended in the last five minutes",
			Shape: Bare,
			Args:  []Arg{{Param: ParamClusterName, Required: true}}, Routes: []string{"recently-active-cluster-recovery/:clusterName"},
			Run: readRecoveries(func(_ *Engine, a Args) RecoveryQuery {
				return RecoveryQuery{Cluster: a.Cluster, EndedWithin: recently, All: true}
			}),
		},
		{
			Name: "recently-active-instance-recovery", Summary: "List the recoveries that ended in the last five minutes and promoted an instance",
			Shape: Bare, Args: instanceArg(), Routes: []string{"recently-active-instance-recovery/:host/:port"},
			Run: readRecoveries(func(_ *Engine, a Args) RecoveryQuery {
				return RecoveryQuery{Successor: a.Instance, EndedWithin: recently, All: true}
			}),
		},
		{
			Name: "audit-failure-detection", Summary: "List detections of failures, newest first", Shape: Bare, NoFleet: true,
			Args: []Arg{{Param: ParamPage}, {Param: ParamID}, {Param: ParamClusterAlias, Verbatim: true}},
			Routes: []string{"audit-failure-detection", "audit-failure-detection/:page", "audit-failure-detection/id/:id",
				"audit-failure-detection/alias/:clusterAlias", "audit-failure-detection/alias/:clusterAlias/:page"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if e.Records == nil {
					return Result{}, unavailable("records")
				}
				list, err := e.Records.Detections(ctx, a.recoveryQuery())
				return Result{Value: notNil(list)}, recordError("detections", err)
			},
		},
		{
			Name: "blocked-recoveries", Summary: "List the recoveries that wait because another one was a short time ago", Shape: Bare,
			Args: []Arg{{Param: ParamClusterName}}, Routes: []string{"blocked-recoveries", "blocked-recoveries/cluster/:clusterName"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if e.Records == nil {
					return Result{}, unavailable("records")
				}
				list, err := e.Records.Blocked(ctx, a.Cluster)
				return Result{Value: list}, recordError("blocked recoveries", err)
			},
		},
		extraTransactions(),
		{
			Name: "audit", Summary: "List what was done, newest first", Shape: Bare,
			Args:   []Arg{{Param: ParamInstance}, {Param: ParamPage}},
			Routes: []string{"audit", "audit/:page", "audit/instance/:host/:port", "audit/instance/:host/:port/:page"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if e.Records == nil {
					return Result{}, unavailable("records")
				}
				list, err := e.Records.AuditLog(ctx, AuditQuery{Instance: a.Instance, Page: a.Page})
				return Result{Value: list}, recordError("the audit log", err)
			},
		},
	}
}

func extraTransactions() *Operation {
	const name = "extra-transactions"
	return &Operation{
		Name: name, Summary: "List the files with transactions that only a replaced primary held", Shape: Bare, NoFleet: true,
		Details: "Each file is SQL for the mysql or mariadb client; its first lines say what to think of before it is replayed.",
		Example: "orchestrator -c " + name + " -i db-a1:3306",
		Args:    []Arg{{Param: ParamInstance, Verbatim: true}},
		Routes:  []string{name, name + "/:host/:port"},
		Client:  []Client{{Path: name + "/:host/:port", Needs: []Param{ParamInstance}, Print: PrintSpecial}},
		Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
			if e.Extra == nil {
				return Result{}, unavailable(name)
			}
			list, err := e.Extra.ExtraTransactions(ctx, a.Instance)
			return Result{Value: notNil(list)}, recordError("saved transactions", err)
		},
	}
}

// recoveryQuery chooses records by what was given. An alias is that of the time of the record, which is why it is
// not looked up among the present clusters.
func (a *Args) recoveryQuery() RecoveryQuery {
	return RecoveryQuery{
		ID: a.Number, UID: a.Text(ParamUID), Cluster: a.Cluster, Alias: a.Text(ParamClusterAlias),
		Unacknowledged: a.Flag(ParamUnacked), Page: a.Page,
	}
}

func readRecoveries(query func(*Engine, Args) RecoveryQuery) func(context.Context, *Engine, Args) (Result, error) {
	return func(ctx context.Context, e *Engine, a Args) (Result, error) {
		if e.Records == nil {
			return Result{}, unavailable("records")
		}
		list, err := e.Records.Recoveries(ctx, query(e, a))
		return Result{Value: notNil(list)}, recordError("recoveries", err)
	}
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func recordError(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("read %s: %w", what, err)
}

// candidates are the promotion rules that people register.
func candidates() []*Operation {
	return []*Operation{{
		Name: "register-candidate", Summary: "Say how much an instance is wanted as a primary, for a limited time", Rights: Write,
		Details: "The rule is prefer, neutral, prefer_not or must_not. It expires after CandidateInstanceExpireMinutes, so it\n" +
			"is meant to be registered again and again.",
		Example: "orchestrator -c register-candidate -i db-a2 -promotion-rule prefer",
		Args:    []Arg{{Param: ParamInstance, Required: true}, {Param: ParamRule, Required: true}},
		Routes:  []string{"register-candidate/:host/:port/:promotionRule"},
		Client:  []Client{{Path: "register-candidate/:host/:port/:promotionRule", Needs: []Param{ParamInstance, ParamRule}, Print: PrintKey}},
		Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
			rule, err := topology.ParseRegisteredPromotionRule(a.Text(ParamRule))
			switch {
			case err != nil:
				return Result{}, err
			case e.Declarations == nil:
				return Result{}, unavailable("promotion rules")
			}
			if err := e.Declarations.RegisterCandidate(ctx, a.Instance, rule); err != nil {
				return Result{}, fmt.Errorf("register %s as %s: %w", a.Instance, rule, err)
			}
			e.audit(ctx, "register-candidate", a.Instance, "", rule.String())
			return Result{Value: a.Instance, Message: fmt.Sprintf("Registered candidate: %s as %s", a.Instance, rule)}, nil
		},
	}}
}

// bulk are lists for programs.
func bulk() []*Operation {
	return []*Operation{
		{
			Name: "bulk-instances", Summary: "List all instances, sorted", Shape: Bare, Routes: []string{"bulk-instances"},
			Run: func(_ context.Context, _ *Engine, a Args) (Result, error) {
				return Result{Value: topology.Keys(a.Topology.Instances())}, nil
			},
		},
		{
			Name: "bulk-promotion-rules", Summary: "List all registered promotion rules, sorted", Shape: Bare, NoFleet: true,
			Routes: []string{"bulk-promotion-rules"},
			Run: func(ctx context.Context, e *Engine, _ Args) (Result, error) {
				if e.Declarations == nil {
					return Result{}, unavailable("promotion rules")
				}
				list, err := e.Declarations.Candidates(ctx)
				return Result{Value: sortedCandidates(list)}, recordError("promotion rules", err)
			},
		},
	}
}
