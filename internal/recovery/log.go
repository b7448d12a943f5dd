package recovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// recoveryLog writes the course of a recovery to the ledger without holding the recovery up: the critical second
// belongs to the servers. The journal goes first, then the lines in their order.
type recoveryLog struct {
	e    *Engine
	r    *Recovery
	ctx  context.Context
	stop context.CancelFunc
	done sync.WaitGroup
	wake chan struct{} // holds one token when there is something to write

	saving chan struct{} // holds a token while the journal is written, so that what is older never comes later

	mu      sync.Mutex
	journal Journal
	changed bool  // the journal is newer than what is written
	kept    bool  // it has been written
	failed  error // of the last attempt to write it
	lines   []logLine
	closed  bool
	running []*cancellable // steps and hooks
	ceased  error          // why no more steps are to be done; nil where they are
}

type logLine struct {
	at   time.Time
	text string
}

// writeOutWithin bounds how long the end of a recovery waits for its log to be written.
const writeOutWithin = 30 * time.Second

// newJournal is that of a recovery of which nothing has been done.
func newJournal(r *Recovery, hooks bool) Journal {
	j := Journal{Plan: r.Plan, Hooks: hooks, Command: r.Finding.CommandHint, ByHand: r.ByHand, Asked: r.Asked, Found: r.begun}
	j.Steps = slices.Clone(r.Plan.Steps)
	if j.Failed.IsZero() { // hooks may run before there is a plan
		j.Cluster, j.Failed, j.Operation = r.Finding.ClusterName, r.Finding.Key, string(r.Finding.Code)
	}
	return j
}

// newLog begins to write a recovery's log; kept says that its journal is written already.
func (e *Engine) newLog(ctx context.Context, r *Recovery, j Journal, kept bool) *recoveryLog {
	l := &recoveryLog{e: e, r: r, wake: make(chan struct{}, 1), saving: make(chan struct{}, 1), journal: j, kept: kept}
	l.ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.done.Go(l.write)
	e.mu.Lock()
	e.logs[r.UID] = l
	e.mu.Unlock()
	return l
}

func (l *recoveryLog) logger() *slog.Logger { return l.e.o.Logger.With("uid", l.r.UID) }

// write takes what is new and writes it, until the log is closed and everything is written.
func (l *recoveryLog) write() {
	for {
		journal := l.save()
		lines, closed := l.take()
		for n, line := range lines {
			err := l.e.o.Ledger.AddStep(l.ctx, l.r.UID, line.at, line.text)
			if err != nil {
				l.logger().Error("writing the recovery's log", "line", line.text, "error", err)
			}
			if l.journalWaits() { // it goes first
				l.putBack(lines[n+1:])
				break
			}
		}
		if journal || len(lines) > 0 {
			continue
		}
		if closed {
			l.save() // what changed right before
			return
		}
		<-l.wake
	}
}

func (l *recoveryLog) take() (lines []logLine, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines, l.lines = l.lines, nil
	return lines, l.closed
}

// save writes the journal down if it has changed, and says whether it had.
func (l *recoveryLog) save() bool {
	l.saving <- struct{}{}
	defer func() { <-l.saving }()
	l.mu.Lock()
	j, changed := l.journal, l.changed
	j.Steps, j.Begun, j.Ended = slices.Clone(j.Steps), maps.Clone(j.Begun), maps.Clone(j.Ended)
	l.changed = false
	l.mu.Unlock()
	if !changed {
		return false
	}
	err := l.e.o.Ledger.SaveProgress(l.ctx, l.r.UID, &j)
	if err != nil {
		l.logger().Error("writing the recovery's journal", "error", err)
	}
	l.mu.Lock()
	l.kept = l.kept || err == nil
	l.failed = err
	l.mu.Unlock()
	return true
}

var errNotWritten = errors.New("not written yet")

// saveLate writes the journal of a recovery that this process has given up until that succeeds: as long as it does not say
// so, the next leader takes the recovery for one that runs here.
func (l *recoveryLog) saveLate(ctx context.Context) {
	l.mu.Lock()
	j, err := l.journal, l.failed
	if l.changed { // after the log's end
		err = errNotWritten
	}
	l.mu.Unlock()
	for err != nil && !errors.Is(err, ErrTakenUp) && pause(ctx, tick) {
		err = l.e.o.Ledger.SaveProgress(ctx, l.r.UID, &j)
	}
}

// isKept says whether another process can know of the recovery and carry on with it.
func (l *recoveryLog) isKept() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept
}

// openAt writes down that the successor is about to be opened, and where its log stands if that matters. It waits for that, and
// returns the error with which the journal was written.
func (l *recoveryLog) openAt(at topology.Coordinates) error {
	l.mu.Lock()
	if l.journal.OpenAt != at {
		l.journal.OpenAt, l.changed = at, true
	}
	l.mu.Unlock()
	l.save()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

func (l *recoveryLog) journalWaits() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

func (l *recoveryLog) putBack(lines []logLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(slices.Clip(lines), l.lines...)
}

// post changes what is to be written and has it written.
func (l *recoveryLog) post(change func()) {
	l.mu.Lock()
	change()
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// close waits until everything has been written, or the ledger has been given time enough.
func (l *recoveryLog) close() {
	l.post(func() { l.closed = true })
	late := time.AfterFunc(writeOutWithin, l.stop)
	l.done.Wait()
	late.Stop()
	l.stop()
	l.e.mu.Lock()
	delete(l.e.logs, l.r.UID)
	l.e.mu.Unlock()
}

func (l *recoveryLog) line(format string, args ...any) {
	line := logLine{l.e.o.Now(), fmt.Sprintf(format, args...)}
	l.post(func() { l.lines = append(l.lines, line) })
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
	l.post(func() {
		same := func(k plan.Step) bool {
			return k.N == s.N && k.Phase == s.Phase && k.Server == s.Server && k.Action.Verb == s.Action.Verb
		}
		if i := slices.IndexFunc(l.journal.Steps, same); i >= 0 {
			l.journal.Steps[i] = s
		} else {
			l.journal.Steps = append(l.journal.Steps, s) // an undo
		}
		l.changed = true
	})
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

// forecast keeps a plan that is about to be made anew: what it begins with must be known to who carries on.
func (l *recoveryLog) forecast(p *plan.Plan) {
	steps := slices.Clone(p.Steps)
	l.post(func() {
		l.journal.Plan = *p
		l.journal.Steps = steps
		l.changed = true
	})
	if !p.Successor.IsZero() {
		l.e.stopFencing(p.Successor)
	}
}

// opens is the server that the recovery opens for writing; the zero Key as long as that is not decided.
func (l *recoveryLog) opens() topology.Key {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.journal.Successor
}

// plan notes what was decided and why.
func (l *recoveryLog) plan(p *plan.Plan) {
	l.forecast(p)
	for line := range strings.Lines(p.String()) {
		l.line("plan: %s", strings.TrimRight(line, "\n"))
	}
}

// steps are those that have run so far, and what was taken back.
func (l *recoveryLog) steps() []plan.Step {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.journal.Steps)
}

// startOver leaves of the journal only what somebody must know who begins anew.
func (l *recoveryLog) startOver() {
	l.post(func() {
		was := l.journal
		l.journal = newJournal(&Recovery{Finding: l.r.Finding}, was.Hooks)
		l.journal.Begun, l.journal.Ended, l.journal.Command, l.journal.Found = was.Begun, was.Ended, was.Command, was.Found
		l.journal.ByHand, l.journal.Asked = was.ByHand, was.Asked
		l.changed = true
	})
}

// giveUp notes that this process will not finish the recovery.
func (l *recoveryLog) giveUp() {
	l.post(func() { l.journal.GivenUp, l.changed = true, true })
}
