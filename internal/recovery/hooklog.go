package recovery

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"orchestrator/internal/execute"
	"orchestrator/internal/publish"
)

// What the journal says of hooks: each is on record before it begins, and when it has ended.

// mayRunHook writes down that a hook is about to begin. An error says that it must not: another process leads, finds on
// record how far the hooks have come, and runs the rest.
func (l *recoveryLog) mayRunHook(ctx context.Context, list string, number int) error {
	err := l.hookBegins(list, number)
	if err == nil {
		return nil
	}
	if !errors.Is(err, ErrTakenUp) {
		lost := l.e.o.Leader.Confirm(ctx)
		if lost == nil || !l.isKept() {
			return nil // the ledger fails, and nobody else does it
		}
		err = lost
	}
	l.mu.Lock()
	l.journal.Begun[list] = number - 1
	l.mu.Unlock()
	return fmt.Errorf("%w: %w", execute.ErrMayNotWrite, err)
}

// hookBegins writes down that a hook is about to begin, and waits for that.
func (l *recoveryLog) hookBegins(list string, number int) error {
	l.mu.Lock()
	l.journal.Begun = with(l.journal.Begun, list, number)
	l.changed = true
	l.mu.Unlock()
	l.save()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

// hookEnds writes down that a hook has ended. What forbids the recovery is waited for: who carries on must know it.
func (l *recoveryLog) hookEnds(list string, number int, mode publish.Mode, err error) {
	l.post(func() {
		l.journal.Ended = with(l.journal.Ended, list, number)
		if err != nil && mode == publish.StopAtFirst {
			l.journal.Veto = fmt.Sprintf("%s: %v", list, err)
		}
		l.changed = true
	})
	if err != nil && mode == publish.StopAtFirst {
		l.save()
	}
}

// with is a map with one more entry; the old one stays as it is.
func with(m map[string]int, key string, value int) map[string]int {
	m = maps.Clone(m)
	if m == nil {
		m = make(map[string]int)
	}
	m[key] = value
	return m
}

// hooksRun is how many hooks of a list have begun, in this process or an earlier one, and how many are known to have ended.
func (l *recoveryLog) hooksRun(list string) (begun, ended int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.journal.Begun[list], l.journal.Ended[list]
}
