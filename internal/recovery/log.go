package recovery

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/plan"
)

// recoveryLog writes the course of a recovery to the ledger, in order, without holding the recovery up: the critical
// second belongs to the servers.
type recoveryLog struct {
	e    *Engine
	r    *Recovery
	ctx  context.Context
	work chan func(context.Context) error
	done sync.WaitGroup

	shown plan.Plan // as far as it is written down; only the writing goroutine touches it
}

// logBuffer is how many lines may wait for the ledger. A recovery of hundreds of replicas has a few thousand.
const logBuffer = 8192

func (e *Engine) newLog(ctx context.Context, r *Recovery) *recoveryLog {
	l := &recoveryLog{e: e, r: r, ctx: context.WithoutCancel(ctx), work: make(chan func(context.Context) error, logBuffer)}
	l.done.Go(func() {
		for write := range l.work {
			ctx, cancel := context.WithTimeout(l.ctx, 10*time.Second)
			if err := write(ctx); err != nil {
				l.logger().Error("writing the recovery's log", "error", err)
			}
			cancel()
		}
	})
	return l
}

func (l *recoveryLog) logger() *slog.Logger { return l.e.o.Logger.With("uid", l.r.UID) }

// close waits until everything has been written.
func (l *recoveryLog) close() {
	close(l.work)
	l.done.Wait()
}

func (l *recoveryLog) line(format string, args ...any) {
	at, text := l.e.o.Now(), fmt.Sprintf(format, args...)
	l.work <- func(ctx context.Context) error { return l.e.o.Ledger.AddStep(ctx, l.r.UID, at, text) }
}

// problem notes an error that the recovery goes on with, or ends by.
func (l *recoveryLog) problem(what string, err error) {
	l.logger().Error(what, "failed", l.r.Finding.Key.String(), "error", err)
	l.line("%s: %v", what, err)
}

// check notes the error of something that must not stop the recovery.
func (l *recoveryLog) check(what string, err error) {
	if err == nil {
		return
	}
	l.r.Errors = append(l.r.Errors, fmt.Sprintf("%s: %v", what, err))
	l.problem(what, err)
}

// step notes the end of a step, and keeps the state of each for the next leader.
func (l *recoveryLog) step(s plan.Step) {
	l.work <- func(ctx context.Context) error {
		i := slices.IndexFunc(l.shown.Steps, func(k plan.Step) bool { return k.N == s.N && k.Action == s.Action })
		if i < 0 {
			l.shown.Steps = append(l.shown.Steps, s) // an undo, or a step of the gathering
		} else {
			l.shown.Steps[i] = s
		}
		return l.e.o.Ledger.SaveProgress(ctx, l.r.UID, &l.shown)
	}
	switch s.State {
	case plan.Done:
		l.line("%s: %s: done in %s%s", s.Server, s.Action, s.Took().Round(10*time.Microsecond), note(s.Note))
	case plan.Failed:
		l.line("%s: %s: failed after %s: %s", s.Server, s.Action, s.Took().Round(10*time.Microsecond), s.Error)
	case plan.Skipped:
		l.line("%s: %s: nothing to do%s", s.Server, s.Action, note(s.Note))
	}
}

func note(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// plan notes what was decided and why.
func (l *recoveryLog) plan(p *plan.Plan) {
	decided := *p
	decided.Steps = slices.Clone(p.Steps)
	l.work <- func(ctx context.Context) error {
		l.shown = decided
		return l.e.o.Ledger.SaveProgress(ctx, l.r.UID, &l.shown)
	}
	for line := range strings.Lines(p.String()) {
		l.line("plan: %s", strings.TrimRight(line, "\n"))
	}
}
