package operate

import (
	"context"
	"fmt"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Takeovers replace the primaries of clusters, and tell beforehand what would be done.
type Takeovers interface {
	// Takeover does what a command says. The record is nil when nothing was attempted; with an error it says how far
	// things went.
	Takeover(ctx context.Context, r TakeoverRequest) (*Recovery, error)
	// PlanTakeover says what Takeover would do, and changes nothing.
	PlanTakeover(ctx context.Context, r TakeoverRequest) (plan.Plan, error)
	// PlanRecovery says what Repairer.Recover would do, and changes nothing.
	PlanRecovery(ctx context.Context, key, candidate topology.Key) (plan.Plan, error)
	// Explain says what would happen if a server failed; the zero Key is the primary of the cluster, the empty code
	// what is found or would be found.
	Explain(ctx context.Context, cluster string, key topology.Key, code analysis.Code) (failover.Explanation, error)
}

// TakeoverRequest asks for another primary of a cluster.
type TakeoverRequest struct {
	Command    string       // the operation's name
	Cluster    string       // by name
	Designated topology.Key // zero: nobody in particular
}

type (
	// Takeover is the record of a takeover that was attempted.
	Takeover struct {
		Recovery
		Located bool // the command line prints where the successor was opened, too
	}

	// Plan is what would be done.
	Plan plan.Plan

	// Explanation is what would happen automatically, and why.
	Explanation failover.Explanation
)

// String prints the plan for a person.
func (p Plan) String() string { return (*plan.Plan)(&p).String() }

// String prints the forecast for a person.
func (x Explanation) String() string { return (*failover.Explanation)(&x).String() }

// planned is the answer of a dry run.
func planned(p plan.Plan, err error) (Result, error) {
	if err != nil {
		return Result{}, err
	}
	return Result{Value: Plan(p), Message: "nothing was changed; the plan is: " + p.Title}, nil
}

// takeovers are the commands that replace a primary.
func takeovers() []*Operation {
	graceful := func(name, summary string) *Operation {
		o := takeover(name, summary, takeoverTexts{
			done: "graceful-master-takeover: successor promoted", located: true,
		})
		o.Details = "It refuses before anything is touched where it could do harm. What fails before the new primary takes writes is taken back: the old one is writable again."
		o.Example = "orchestrator -c " + name + " -alias orders -d db-a2:3306"
		return o
	}
	forced := takeoverTexts{done: "Master failed over", failed: "Master not failed over"}
	failover := takeover("force-master-failover", "Replace the primary of a cluster as if it were dead, even if it is not; transactions may be lost", forced)
	failover.Routes = []string{"force-master-failover/:host/:port", "force-master-failover/:clusterHint"}
	failover.Client[0].Path = "force-master-failover/:clusterHint?dry-run"
	failover.Args = []Arg{{Param: ParamCluster, Required: true}, {Param: ParamInstance}, {Param: ParamDryRun}}
	failover.Details = "Filters, downtime, the pause between two recoveries and the global switch do not count. A primary that still answers is closed for writing first."

	named := takeover("force-master-takeover", "Replace the primary of a cluster as if it were dead by a direct replica of it; transactions may be lost", forced)
	named.Routes = []string{"force-master-takeover/:clusterHint/:designatedHost/:designatedPort", "force-master-takeover/:host/:port/:designatedHost/:designatedPort"}
	named.Args = []Arg{{Param: ParamCluster, Required: true}, {Param: ParamInstance}, {Param: ParamDestination, Required: true}, {Param: ParamDryRun}}
	named.Client[0].Needs = []Param{ParamCluster, ParamDestination}
	named.Details = failover.Details
	return []*Operation{
		failover, named,
		graceful("graceful-master-takeover", "Let a replica take over from a primary that works; the old one is left stopped below it"),
		graceful("graceful-master-takeover-auto", "Let the best replica take over from a primary that works; the old one replicates from it"),
		takeover("cascade-master-takeover-auto", "Swap the roles of two co-primaries, one of which is read-only, with the replicas below", takeoverTexts{
			done: "cascade-master-takeover:successorpromoted",
		}),
	}
}

// takeoverTexts are what a takeover says of itself.
type takeoverTexts struct {
	done    string
	failed  string // before the cause; "" is the cause alone
	located bool
}

// takeover is a takeover with all forms of routes.
func takeover(name, summary string, say takeoverTexts) *Operation {
	return &Operation{
		Name: name, Summary: summary, Rights: Write,
		Args: []Arg{{Param: ParamCluster, Required: true}, {Param: ParamInstance}, {Param: ParamDestination}, {Param: ParamDryRun}},
		Routes: []string{
			name + "/:host/:port", name + "/:host/:port/:designatedHost/:designatedPort",
			name + "/:clusterHint", name + "/:clusterHint/:designatedHost/:designatedPort",
		},
		Client: []Client{{Path: name + "/:clusterHint/:designatedHost/:designatedPort?dry-run", Needs: []Param{ParamCluster}, Print: PrintSpecial}},
		Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
			if e.Takeovers == nil {
				return Result{}, unavailable("takeovers")
			}
			r := TakeoverRequest{Command: name, Cluster: a.Cluster, Designated: a.Destination}
			if a.Flag(ParamDryRun) {
				p, err := e.Takeovers.PlanTakeover(ctx, r)
				return planned(p, err)
			}
			done, err := e.Takeovers.Takeover(ctx, r)
			return e.tookOver(ctx, r, say, done, err)
		},
	}
}

// tookOver says what became of a takeover. What went wrong after the promotion does not undo it.
func (e *Engine) tookOver(ctx context.Context, r TakeoverRequest, say takeoverTexts, done *Recovery, err error) (Result, error) {
	if done == nil || done.SuccessorKey.IsZero() {
		f := &Failure{Message: say.failed, Err: err}
		if done != nil {
			f.Details = Takeover{*done, say.located}
		}
		if err == nil {
			f.Err = fmt.Errorf("%s of cluster %s: no successor was promoted", r.Command, r.Cluster)
		}
		return Result{}, f
	}
	message := say.done
	if !r.Designated.IsZero() && r.Designated != done.SuccessorKey {
		message += fmt.Sprintf("; %s was promoted, not %s", done.SuccessorKey, r.Designated)
	}
	if err != nil {
		e.Log.ErrorContext(ctx, "another primary has been opened, but not all went well", "cluster", r.Cluster, "error", err)
		message += fmt.Sprintf("; not all went well: %v", err)
	}
	return Result{Value: Takeover{*done, say.located}, Message: message}, nil
}

// explain says what would happen.
func explain() *Operation {
	return &Operation{
		Name: "explain", Summary: "Tell whether the failure of a server would be repaired by itself, why not, who would be promoted, and at what cost",
		Details: "Without a server it is the primary of the cluster; of a server that works, the answer is for the case that it died now. Nothing is changed.",
		Example: "orchestrator -c explain -alias orders",
		Args:    []Arg{{Param: ParamCluster, Required: true}, {Param: ParamInstance}, {Param: ParamFailure}},
		Routes:  []string{"explain/:clusterHint", "explain/:host/:port"},
		Client: []Client{
			{Path: "explain/:clusterHint?failure", Needs: []Param{ParamCluster}, Print: PrintSpecial},
		},
		Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
			if e.Takeovers == nil {
				return Result{}, unavailable("recovery")
			}
			if a.Cluster == "" {
				return Result{}, noCluster(firstOf(a.Text(ParamCluster), a.Text(ParamInstance)))
			}
			key := a.Instance
			if a.Given(ParamCluster) || a.Given(ParamClusterAlias) {
				key = topology.Key{}
			}
			x, err := e.Takeovers.Explain(ctx, a.Cluster, key, analysis.Code(a.Text(ParamFailure)))
			if err != nil {
				return Result{}, err
			}
			message := "it would not be recovered automatically"
			if x.Would {
				message = "it would be recovered automatically"
			}
			return Result{Value: Explanation(x), Message: message}, nil
		},
	}
}
