package operate

import (
	"context"
	"fmt"
	"strings"

	"orchestrator/internal/move"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

// Relocations place replicas below other servers.
type Relocations interface {
	// Relocate does what the relocation says. With an error Done.Plan says how far things went; it has no steps where
	// nothing was begun.
	Relocate(ctx context.Context, r refactor.Relocation) (move.Done, error)
	// PlanRelocation says what Relocate would do, and changes nothing.
	PlanRelocation(ctx context.Context, r refactor.Relocation) (plan.Plan, error)
}

type (
	// Placed is a replica that was put below a server; the command line prints both.
	Placed struct {
		Instance
		Below topology.Key
	}

	// PlacedAll are replicas that were put below a server.
	PlacedAll struct {
		Instances
		Below topology.Key
		Pairs bool // the command line prints each with the server
	}

	// Regrouped is the replica that was placed above the others, and what became of those.
	Regrouped struct {
		Key     topology.Key
		Outcome string
	}
)

// relocation makes an operation of a command that moves replicas.
func relocation(o Operation, command refactor.RelocationCommand, answer func(e *Engine, a Args, done move.Done) (Result, error)) *Operation {
	o.Rights = Write
	queries := "?dry-run"
	if !command.Bulk() && command != refactor.TakeSource && command != refactor.MakeCoPrimary && command != refactor.MakePrimary && command != refactor.MakeLocalPrimary {
		o.Args = append(o.Args, Arg{Param: ParamChannel})
		queries += "&channel"
	}
	if o.Takes(ParamPattern) {
		queries += "&pattern"
	}
	o.Args = append(o.Args, Arg{Param: ParamDryRun})
	for i := range o.Client {
		o.Client[i].Path += queries
		o.Client[i].Print = PrintSpecial
	}
	o.Run = func(ctx context.Context, e *Engine, a Args) (Result, error) {
		if e.Relocations == nil {
			return Result{}, unavailable("moving replicas")
		}
		r := refactor.Relocation{Command: command, Server: a.Instance, Below: a.Destination, Only: a.Pattern, Channel: a.Text(ParamChannel)}
		r.Markers.RelayOnly = a.Flag(ParamRelayOnly)
		if a.Flag(ParamDryRun) {
			p, err := e.Relocations.PlanRelocation(ctx, r)
			return planned(p, err)
		}
		done, err := e.Relocations.Relocate(ctx, r)
		if err != nil {
			return Result{}, err
		}
		return answer(e, a, done)
	}
	return &o
}

// placed answers with the instance and its new source.
func placed(_ *Engine, a Args, done move.Done) (Result, error) {
	i, message, err := relocated(a, done)
	return Result{Value: Placed{i, done.Plan.Successor}, Message: message}, err
}

// relocatedOne answers with the instance alone.
func relocatedOne(_ *Engine, a Args, done move.Done) (Result, error) {
	i, message, err := relocated(a, done)
	return Result{Value: i, Message: message}, err
}

// withLost answers with the instance; those that could not follow it are in the message.
func withLost(_ *Engine, a Args, done move.Done) (Result, error) {
	i, message, err := relocated(a, done)
	if _, failed := outcome(done); err == nil && len(failed) > 0 {
		message += "; not moved: " + sentences(failed)
	}
	return Result{Value: i, Message: message}, err
}

func relocated(a Args, done move.Done) (Instance, string, error) {
	i := done.Instance()
	if i == nil {
		return Instance{}, "", fmt.Errorf("%s is not known any more", a.Instance)
	}
	return Instance{i, done.Topology}, withWarnings(done.Plan.Title, done.Plan.Warnings), nil
}

func withWarnings(text string, warnings []string) string {
	return strings.Join(append([]string{text}, warnings...), "; ")
}

// outcome tells the replicas that were moved from those that were not.
func outcome(done move.Done) (moved Instances, failed []plan.Verdict) {
	moved = Instances{List: []*topology.Instance{}, Of: done.Topology}
	for i := range done.Plan.Steps {
		s := &done.Plan.Steps[i]
		switch {
		case s.Action.Source.IsZero(): // it is about a server beside which others were moved
		case s.State == plan.Failed:
			failed = append(failed, plan.Verdict{Server: s.Server, Rule: "failed", Reason: s.Error})
		case done.Topology.Instance(s.Server) != nil:
			moved.List = append(moved.List, done.Topology.Instance(s.Server))
		}
	}
	return moved, append(failed, done.Plan.Lost...)
}

// movedAll answers with the replicas that were moved. Where some were not, that is a failure, which names them.
func movedAll(pairs bool) func(*Engine, Args, move.Done) (Result, error) {
	return func(_ *Engine, _ Args, done move.Done) (Result, error) {
		moved, failed := outcome(done)
		value := PlacedAll{moved, done.Plan.Successor, pairs}
		message := fmt.Sprintf("%d replicas moved below %s", len(moved.List), done.Plan.Successor)
		if len(failed) > 0 {
			return Result{}, &Failure{Message: message + "; not moved: " + sentences(failed), Details: value}
		}
		return Result{Value: value, Message: withWarnings(message, done.Plan.Warnings)}, nil
	}
}

func sentences(vs []plan.Verdict) string { return strings.Join(verdicts(vs), "; ") }

func verdicts(vs []plan.Verdict) []string {
	texts := make([]string, len(vs))
	for n, v := range vs {
		texts[n] = v.String()
	}
	return texts
}

// tookSiblings answers with the instance; how many it took is in the message.
func tookSiblings(_ *Engine, a Args, done move.Done) (Result, error) {
	moved, failed := outcome(done)
	message := fmt.Sprintf("Took %d siblings of %s", len(moved.List), a.Instance)
	i := done.Instance()
	switch {
	case i == nil:
		return Result{}, fmt.Errorf("%s is not known any more", a.Instance)
	case len(failed) > 0:
		return Result{}, &Failure{Message: message + "; not taken: " + sentences(failed), Details: Instance{i, done.Topology}}
	}
	return Result{Value: Instance{i, done.Topology}, Message: withWarnings(message, done.Plan.Warnings)}, nil
}

// regroupedAny is regrouped where replicas may be placed by pseudo-GTID.
func regroupedAny(e *Engine, a Args, done move.Done) (Result, error) {
	matched := 0
	for _, s := range done.Plan.Steps {
		if s.Action.Verb == plan.Match && s.State != plan.Failed {
			matched++
		}
	}
	return regrouped(func(lost, moved int) string {
		return fmt.Sprintf("promoted lost: %d, trivial: %d, pseudo-gtid: %d", lost, moved-matched, matched)
	})(e, a, done)
}

// regrouped answers with the replica that was chosen, and the counts in the given form.
func regrouped(form func(lost, moved int) string) func(*Engine, Args, move.Done) (Result, error) {
	return func(_ *Engine, _ Args, done move.Done) (Result, error) {
		moved, failed := outcome(done)
		value := Regrouped{Key: done.Plan.Successor, Outcome: form(len(failed), len(moved.List))}
		if value.Key.IsZero() {
			return Result{Value: value.Key, Message: done.Plan.Title}, nil
		}
		message := fmt.Sprintf("promoted replica: %s, %s", value.Key, strings.TrimPrefix(value.Outcome, "promoted "))
		if len(failed) > 0 {
			message += "; lost: " + sentences(failed)
		}
		return Result{Value: value, Message: withWarnings(message, done.Plan.Warnings)}, nil
	}
}
