package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/refactor"
	"orchestrator/internal/rehearsal"
	"orchestrator/internal/topology"
)

// GameDay is the record of a server that was struck on purpose: what was expected, by people and by the forecast.
type GameDay struct {
	Begun      time.Time
	Server     topology.Key
	Cluster    string // by name, as it was
	Alias      string
	Owner      string
	Blow       refactor.Blow // how it was struck; "": it was told to end, before there was another way
	Hypothesis string        // what they expected who did it
	Successor  topology.Key  // who was to take over; zero: nobody was to
	Pause      time.Duration // for how long nobody was to write
	AtRisk     *uint64       // transactions; nil: it could not be known
	Error      string        // why the server was not struck after all
	// Writes are what the servers answered meanwhile; nil as long as they are asked, and where nobody asks.
	Writes *rehearsal.Series `json:",omitempty"`
}

// GameDayLog keeps the records of game days.
type GameDayLog interface {
	// GameDays are the records, newest first.
	GameDays(ctx context.Context) ([]GameDay, error)
	// PutGameDay writes a record, in place of what was written of the same blow before.
	PutGameDay(ctx context.Context, d GameDay) error
}

// Machines know which servers' processes can be reached where they run.
type Machines interface {
	Reach(k topology.Key) bool
}

// BlowReach is how a server of a cluster may be struck, or why it may not be in that way.
type BlowReach struct {
	Blow refactor.Blow
	Why  string // it cannot be done; "": it can
}

// Blows are how the servers of a cluster may be struck. Whether the rules of game days allow it at all is not asked here.
func (e *Engine) Blows(members []*topology.Instance) []BlowReach {
	why := ""
	for _, i := range members {
		if e.Machines == nil || !e.Machines.Reach(i.Key) {
			why = "orchestrator does not reach the machine that " + i.Key.String() + " runs on; it does in orchestrator demo, whose servers are its own"
			break
		}
	}
	return []BlowReach{{Blow: refactor.BlowShutDown}, {refactor.BlowKill, why}, {refactor.BlowFreeze, why}}
}

// unreached refuses a blow that cannot be dealt to a server from here.
func (e *Engine) unreached(i *topology.Instance, blow refactor.Blow) *topology.Refusal {
	for _, b := range e.Blows([]*topology.Instance{i}) {
		if b.Blow == blow && b.Why != "" {
			return &topology.Refusal{Rule: "no-machine", Reason: b.Why, Remedy: "use the blow " + string(refactor.BlowShutDown)}
		}
	}
	return nil
}

// GameDays are the records, newest first.
func (e *Engine) GameDays(ctx context.Context) ([]GameDay, error) {
	if e.GameDayLog == nil {
		return nil, unavailable("the records of game days")
	}
	return e.GameDayLog.GameDays(ctx)
}

// watchGameDay begins to ask the servers of a cluster whether they take writes, before one of them is struck. That it
// cannot be done keeps nobody from striking; nil is returned then.
func (e *Engine) watchGameDay(ctx context.Context, t *topology.Topology, cluster string, struck topology.Key) *rehearsal.Watch {
	c := t.Cluster(cluster)
	if e.Rehearsals == nil || c == nil {
		return nil
	}
	var keys []topology.Key
	for _, i := range c.Members {
		if !i.IsBinlogServer() {
			keys = append(keys, i.Key)
		}
	}
	w, err := e.Rehearsals.Begin(struck, keys)
	if err != nil {
		e.Log.WarnContext(ctx, "nobody asks whether writes are taken during a game day", "instance", struck.String(), "error", err)
		return nil
	}
	w.Await(ctx)
	return w
}

// keepWrites keeps with a record what its servers answered.
func (e *Engine) keepWrites(d GameDay) func(context.Context, rehearsal.Series) {
	return func(ctx context.Context, s rehearsal.Series) {
		d.Writes = &s
		if err := e.GameDayLog.PutGameDay(ctx, d); err != nil {
			e.Log.WarnContext(ctx, "what servers answered during a game day cannot be kept", "instance", d.Server.String(), "error", err)
		}
	}
}

// gameDay strikes a server of a cluster that is marked for it, and nowhere else.
func gameDay() *Operation {
	return &Operation{
		Name: string(refactor.GameDay), Summary: "Strike a server on purpose, in a cluster whose servers all carry the tag " + refactor.GameDayMark.String(), Rights: Write, Faces: OnlyHTTP,
		Details: "Refused unless its failure would be repaired by itself. The alias of the cluster has to be named, and what is expected, as the reason. " +
			"The server is told to end. Where its process is reached (orchestrator demo), it can be killed or frozen instead. Nobody starts it again.",
		Args:   []Arg{{Param: ParamInstance, Required: true}, {Param: ParamCluster}, {Param: ParamReason}, {Param: ParamOwner}, {Param: ParamBlow}, {Param: ParamDryRun}},
		Routes: []string{"game-day/:host/:port/:clusterHint/:reason"},
		Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
			blow, err := refactor.BlowOf(a.Text(ParamBlow))
			if err != nil {
				return Result{}, fmt.Errorf("game-day: %w", err)
			}
			request := refactor.Request{Operation: refactor.GameDay, Server: a.Instance, Blow: blow}
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
			refusal := e.unreached(i, blow)
			if refusal == nil {
				refusal = rehearsable(&x)
			}
			if refusal != nil {
				return Result{}, fmt.Errorf("game-day of %s: %w", a.Instance, refusal)
			}
			if a.Flag(ParamDryRun) {
				return planned(p, nil)
			}
			record, err := beginGameDay(&a, i.ClusterName, blow, &x)
			if err != nil {
				return Result{}, err
			}
			watch := e.watchGameDay(ctx, a.Topology, i.ClusterName, a.Instance)
			result, err := e.strike(ctx, a, request, &record, x.Plan.Title)
			switch {
			case watch == nil:
			case err != nil:
				watch.Drop()
			default:
				watch.Struck(record.Begun, e.keepWrites(record))
			}
			return result, err
		},
	}
}

// wasStruck says what was done to a server by a blow.
var wasStruck = map[refactor.Blow]string{refactor.BlowShutDown: "Shut down", refactor.BlowKill: "Killed", refactor.BlowFreeze: "Frozen"}

// strike records a game day and strikes the server.
func (e *Engine) strike(ctx context.Context, a Args, request refactor.Request, record *GameDay, forecast string) (Result, error) {
	record.Begun = e.Now()
	if e.GameDayLog == nil {
		return Result{}, unavailable("the records of game days")
	}
	if err := e.GameDayLog.PutGameDay(ctx, *record); err != nil {
		return Result{}, fmt.Errorf("game-day of %s: nothing was done, because it cannot be recorded: %w", a.Instance, err)
	}
	e.audit(ctx, string(refactor.GameDay), a.Instance, record.Cluster, fmt.Sprintf("%s begins a game day (%s); expected: %s; forecast: %s", record.Owner, record.Blow, record.Hypothesis, forecast))
	result, err := e.tend(ctx, a, request, wasStruck[request.Blow])
	if err != nil {
		record.Error = err.Error()
		if unkept := e.GameDayLog.PutGameDay(context.WithoutCancel(ctx), *record); unkept != nil {
			e.Log.ErrorContext(ctx, "cannot record that a game day failed", "instance", a.Instance.String(), "error", unkept)
		}
	}
	return result, err
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
func beginGameDay(a *Args, cluster string, blow refactor.Blow, x *failover.Explanation) (GameDay, error) {
	d := GameDay{Server: a.Instance, Cluster: cluster, Blow: blow, Owner: a.Owner, Hypothesis: a.Text(ParamReason), Successor: x.Plan.Successor, Pause: x.Expected.Total}
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
