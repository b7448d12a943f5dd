package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

// GameDay is the record of a server that was struck on purpose: what was expected, by people and by the forecast.
type GameDay struct {
	Begun      time.Time
	Server     topology.Key
	Cluster    string // by name, as it was
	Alias      string
	Owner      string
	Hypothesis string        // what they expected who did it
	Successor  topology.Key  // who was to take over; zero: nobody was to
	Pause      time.Duration // for how long nobody was to write
	AtRisk     *uint64       // transactions; nil: it could not be known
	Error      string        // why the server was not struck after all
}

const (
	gameDaysName = "game-days" // the attribute that holds the records
	gameDaysKept = 200
)

// GameDays are the records, newest first.
func (e *Engine) GameDays(ctx context.Context) ([]GameDay, error) {
	if e.Attributes == nil {
		return nil, unavailable("the records of game days")
	}
	text, ok, err := e.Attributes.Attribute(ctx, gameDaysName)
	if err != nil || !ok {
		return nil, err
	}
	var list []GameDay
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read the records of game days: %w", err)
	}
	return list, nil
}

// keepGameDay writes a record, in place of what was written of the same blow before.
func (e *Engine) keepGameDay(ctx context.Context, d GameDay) error {
	list, err := e.GameDays(ctx)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(o GameDay) bool { return o.Server == d.Server && o.Begun.Equal(d.Begun) })
	list = slices.Insert(list, 0, d)
	text, err := json.Marshal(list[:min(len(list), gameDaysKept)])
	if err != nil {
		return err
	}
	return e.Attributes.PutAttribute(ctx, gameDaysName, string(text))
}

// gameDay strikes a server of a cluster that is marked for it, and nowhere else.
func gameDay() *Operation {
	return &Operation{
		Name: string(refactor.GameDay), Summary: "Shut a server down on purpose, in a cluster whose servers all carry the tag " + refactor.GameDayMark.String(), Rights: Write, Faces: OnlyHTTP,
		Details: "Refused unless its failure would be repaired by itself. The alias of the cluster has to be named, and what is expected, as the reason. Nobody starts the server again.",
		Args:    []Arg{{Param: ParamInstance, Required: true}, {Param: ParamCluster}, {Param: ParamReason}, {Param: ParamOwner}, {Param: ParamDryRun}},
		Routes:  []string{"game-day/:host/:port/:clusterHint/:reason"},
		Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
			request := refactor.Request{Operation: refactor.GameDay, Server: a.Instance}
			if e.Moves == nil || e.Takeovers == nil {
				return Result{}, unavailable("a game day")
			}
			// The rules come first: whoever may not strike here needs no forecast.
			p, err := e.Moves.PlanSingle(ctx, request)
			if err != nil {
				return Result{}, err
			}
			i := a.Topology.Instance(a.Instance)
			if i == nil {
				return Result{}, fmt.Errorf("game-day: %s is not known any more", a.Instance)
			}
			x, err := e.Takeovers.Explain(ctx, i.ClusterName, a.Instance, "")
			if err != nil {
				return Result{}, err
			}
			if refusal := rehearsable(&x); refusal != nil {
				return Result{}, fmt.Errorf("game-day of %s: %w", a.Instance, refusal)
			}
			if a.Flag(ParamDryRun) {
				return planned(p, nil)
			}
			record, err := beginGameDay(&a, i.ClusterName, &x, e.Now())
			if err != nil {
				return Result{}, err
			}
			if err := e.keepGameDay(ctx, record); err != nil {
				return Result{}, fmt.Errorf("game-day of %s: nothing was done, because it cannot be recorded: %w", a.Instance, err)
			}
			e.audit(ctx, string(refactor.GameDay), a.Instance, i.ClusterName, fmt.Sprintf("%s begins a game day; expected: %s; forecast: %s", record.Owner, record.Hypothesis, x.Plan.Title))
			result, err := e.tend(ctx, a, request, "Shut down")
			if err != nil {
				record.Error = err.Error()
				if unkept := e.keepGameDay(context.WithoutCancel(ctx), record); unkept != nil {
					e.Log.ErrorContext(ctx, "cannot record that a game day failed", "instance", a.Instance.String(), "error", unkept)
				}
			}
			return result, err
		},
	}
}

// rehearsable refuses a blow that nobody would answer: it would be an outage and no rehearsal.
func rehearsable(x *failover.Explanation) *topology.Refusal {
	if x.Would {
		return nil
	}
	reason, remedy := "nothing would be done about its failure by itself", ""
	if len(x.Holds) > 0 {
		reason, remedy = reason+": "+x.Holds[0].Reason, x.Holds[0].Change
	}
	return &topology.Refusal{Rule: "would-not", Reason: reason, Remedy: remedy}
}

// beginGameDay makes the record, where all that must be said has been said.
func beginGameDay(a *Args, cluster string, x *failover.Explanation, now time.Time) (GameDay, error) {
	d := GameDay{Begun: now, Server: a.Instance, Cluster: cluster, Owner: a.Owner, Hypothesis: a.Text(ParamReason), Successor: x.Plan.Successor, Pause: x.Expected.Total}
	if c := a.Topology.Cluster(cluster); c != nil {
		d.Alias = c.Alias
	}
	switch confirmed := a.Text(ParamCluster); {
	case d.Hypothesis == "":
		return d, errors.New("game-day: what you expect has to be said, as the reason")
	case d.Alias == "" || confirmed != d.Alias:
		return d, fmt.Errorf("game-day: %q is not the alias of the cluster of %s", confirmed, a.Instance)
	}
	if x.Risk.Known {
		d.AtRisk = &x.Risk.Transactions
	}
	return d, nil
}
