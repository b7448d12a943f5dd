package operate

import (
	"context"
	"fmt"
	"time"

	"orchestrator/internal/topology"
)

// switches are the switch for all automatic recoveries.
func switches() []*Operation {
	const off = "disable-global-recoveries"
	return []*Operation{
		{
			Name: off, Summary: "Stop all automatic recoveries", Rights: Write, NoFleet: true,
			Details: "Without a duration they stay off until enable-global-recoveries; with one, they are on again by themselves when it is over.",
			Example: "orchestrator -c " + off + ` -duration 2h -reason "the network is rebuilt"`,
			Args:    []Arg{{Param: ParamOwner}, {Param: ParamReason}, {Param: ParamDuration}},
			Routes:  []string{off, off + "/:owner/:reason/:duration"},
			Client:  []Client{{Path: off, Print: PrintText}},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				to := GlobalSwitch{Disabled: true}
				if a.Duration > 0 {
					now := e.Now()
					to = GlobalSwitch{Disabled: true, Begin: now, Until: now.Add(a.Duration), Owner: a.Owner, Reason: a.Text(ParamReason)}
				}
				return setGlobalSwitch(ctx, e, off, to)
			},
		},
		{
			Name: "enable-global-recoveries", Summary: "Allow automatic recoveries again", Rights: Write, NoFleet: true, Routes: []string{"enable-global-recoveries"},
			Client: []Client{{Path: "enable-global-recoveries", Print: PrintText}},
			Run: func(ctx context.Context, e *Engine, _ Args) (Result, error) {
				return setGlobalSwitch(ctx, e, "enable-global-recoveries", GlobalSwitch{})
			},
		},
		{
			Name: "check-global-recoveries", Summary: "Tell whether automatic recoveries are stopped", NoFleet: true,
			Routes: []string{"check-global-recoveries"},
			Client: []Client{{Path: "check-global-recoveries", Print: PrintText}},
			Run: func(ctx context.Context, e *Engine, _ Args) (Result, error) {
				if e.Switch == nil {
					return Result{}, unavailable("the switch for recoveries")
				}
				now, err := e.Switch.GlobalSwitch(ctx)
				if err != nil {
					return Result{}, fmt.Errorf("check-global-recoveries: %w", err)
				}
				return Result{Value: Recoveries{GlobalSwitch: now}, Message: fmt.Sprintf("Global recoveries disabled: %t", now.Disabled)}, nil
			},
		},
	}
}

func setGlobalSwitch(ctx context.Context, e *Engine, name string, to GlobalSwitch) (Result, error) {
	if e.Switch == nil {
		return Result{}, unavailable("the switch for recoveries")
	}
	if err := e.Switch.SetGlobalSwitch(ctx, to); err != nil {
		return Result{}, fmt.Errorf("%s: %w", name, err)
	}
	message := "Globally enabled recoveries"
	if to.Disabled {
		message = "Globally disabled recoveries"
	}
	told := message
	if !to.Until.IsZero() {
		message += " until " + to.Until.UTC().Format(time.RFC3339)
		told = fmt.Sprintf("%s; owner: %s, reason: %s", message, to.Owner, to.Reason)
	}
	e.audit(ctx, name, topology.Key{}, "", told)
	return Result{Value: Recoveries{GlobalSwitch: to, Changed: true}, Message: message}, nil
}

// switchWarnings say that nothing is repaired by itself, and until when.
func switchWarnings(ctx context.Context, e *Engine) []string {
	if e.Switch == nil {
		return nil
	}
	switch now, err := e.Switch.GlobalSwitch(ctx); {
	case err != nil:
		return []string{"whether automatic recoveries are switched off cannot be read: " + err.Error()}
	case !now.Disabled:
		return nil
	case now.Until.IsZero():
		return []string{"automatic recoveries of all clusters are switched off until somebody switches them on"}
	default:
		return []string{fmt.Sprintf("automatic recoveries of all clusters are switched off by %s until %s: %s", now.Owner, now.Until.UTC().Format(time.RFC3339), now.Reason)}
	}
}
