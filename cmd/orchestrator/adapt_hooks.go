package main

import (
	"context"
	"log/slog"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/operate"
	"orchestrator/internal/publish"
)

// hookOptions are how hooks run, by the configuration in force.
func hookOptions(cfg func() *config.Config, log *slog.Logger) publish.HookOptions {
	return publish.HookOptions{
		Shell:   func() string { return cfg().ProcessesShellCommand },
		Timeout: func() time.Duration { return cfg().ProcessesTimeout() },
		Logger:  log,
	}
}

// hookRunner is what people can do with hooks.
type hookRunner struct {
	hooks *publish.Hooks
	node  string
	now   func() time.Time
}

// Runs implements operate.HookRunner.
func (h hookRunner) Runs() []operate.HookRun { return each(h.hooks.Runs(), hookRun) }

// Limit implements operate.HookRunner.
func (h hookRunner) Limit() time.Duration { return h.hooks.Limit() }

// Test implements operate.HookRunner.
func (h hookRunner) Test(ctx context.Context, list operate.HookList, number int, arguments bool) (operate.HookRun, error) {
	report, err := h.hooks.Test(ctx, publish.List{Name: list.Name, Commands: list.Commands, Arguments: arguments}, number, publish.Sample(h.node, h.now()))
	return hookRun(report), err
}

func hookRun(r publish.Report) operate.HookRun {
	run := operate.HookRun{
		List: r.List, Number: r.Number, Of: r.Of, Command: r.Command, RecoveryUID: r.RecoveryUID, Background: r.Async, Test: r.Test,
		Began: r.Began, Took: r.Duration, ExitCode: r.ExitCode(), Output: r.Output,
	}
	if r.Err != nil {
		run.Error = r.Err.Error()
	}
	return run
}
