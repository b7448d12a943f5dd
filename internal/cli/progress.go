package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"orchestrator/internal/plan"
)

// followed shows on a terminal how an operation of several steps gets on, in one line that is written over; elsewhere it
// shows nothing. The returned function takes the line away.
func (p *program) followed(ctx context.Context) (context.Context, func()) {
	if !isTerminal(p.Stderr) || p.options.DryRun {
		return ctx, func() {}
	}
	m := &meter{out: p.Stderr}
	return plan.WithFollower(ctx, plan.Follower{Agree: m.begin, Step: m.step}), m.end
}

// isTerminal says whether a person reads what is written there.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	i, err := f.Stat()
	return err == nil && i.Mode()&os.ModeCharDevice != 0
}

// meter counts the steps of a plan.
type meter struct {
	out io.Writer

	mu                  sync.Mutex
	all, ended, failing int
	shown               bool
}

// begin is told of the plan that is about to run, and agrees to it.
func (m *meter) begin(p *plan.Plan) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all, m.ended, m.failing = len(p.Steps), 0, 0
	return nil
}

// step is told of each change of a step.
func (m *meter) step(s plan.Step) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch s.State {
	case plan.Done, plan.Skipped:
		m.ended++
	case plan.Failed:
		m.ended++
		m.failing++
	}
	if m.all < 2 {
		return
	}
	failed := ""
	if m.failing > 0 {
		failed = fmt.Sprintf(", %d failed", m.failing)
	}
	m.shown = true
	// Back to the beginning of the line, and away with what stood there.
	_, _ = fmt.Fprintf(m.out, "\r\x1b[K%d of %d steps%s: %s %s", m.ended, m.all, failed, s.Server, s.Action)
}

func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shown {
		_, _ = io.WriteString(m.out, "\r\x1b[K")
	}
}
