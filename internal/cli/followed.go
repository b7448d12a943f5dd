package cli

import (
	"context"

	"orchestrator/internal/cli/progress"
	"orchestrator/internal/plan"
)

// followed shows on a terminal how an operation of several steps gets on; elsewhere it shows nothing. The returned
// function ends that.
func (p *program) followed(ctx context.Context) (context.Context, func()) {
	if !progress.OnTerminal(p.Stderr) || p.options.DryRun {
		return ctx, func() {}
	}
	line, tally := progress.NewLine(p.Stderr), new(plan.Tally)
	return plan.WithFollower(ctx, plan.Follower{
		Agree: func(made *plan.Plan) error {
			tally.Begin(made)
			return nil
		},
		Step: func(s plan.Step) { // one at a time, as promised
			tally.Note(s)
			line.Show(*tally, s.Server.String()+" "+s.Action.String())
		},
	}), line.End
}
