package main

import (
	"context"

	"orchestrator/internal/move"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
)

// Relocate implements operate.Relocations.
func (m moves) Relocate(ctx context.Context, r refactor.Relocation) (done move.Done, err error) {
	err = m.with(ctx, r.Server, func(ctx context.Context, runner *move.Runner) error {
		done, err = runner.Run(ctx, runner.Relocation(r))
		return err
	})
	return done, err
}

// PlanRelocation implements operate.Relocations.
func (m moves) PlanRelocation(ctx context.Context, r refactor.Relocation) (p plan.Plan, err error) {
	err = m.with(ctx, r.Server, func(ctx context.Context, runner *move.Runner) error {
		p, err = runner.Preview(ctx, runner.Relocation(r))
		return err
	})
	return p, err
}
