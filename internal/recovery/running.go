package recovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Running is a recovery or takeover that is under way, as it is at this moment.
type Running struct {
	UID     string
	Cluster string
	Failed  topology.Key
	Code    analysis.Code
	Began   time.Time
	Hooks   []string    // the hook lists that run
	Steps   []plan.Step // those that have run, run, and are planned
}

// Running returns what is under way in this process, oldest first.
func (e *Engine) Running() []Running {
	e.mu.Lock()
	logs := slices.Collect(maps.Values(e.logs))
	e.mu.Unlock()
	var all []Running
	for _, l := range logs {
		f := &l.r.Finding
		all = append(all, Running{
			UID: l.r.UID, Cluster: f.ClusterName, Failed: f.Key, Code: f.Code, Began: l.r.Started,
			Hooks: l.runningHooks(), Steps: l.steps(),
		})
	}
	slices.SortFunc(all, func(a, b Running) int { return a.Began.Compare(b.Began) })
	return all
}

// errNothingToCancel says that there was no step or hook to cancel.
var errNothingToCancel = errors.New("no step and no hook of a recovery runs there at this moment")

// Cancel ends the steps and hooks that run at this moment in the recovery of a cluster, as their deadlines would: what
// must not fail ends the recovery, which is taken back where nobody has been opened yet; the rest is noted and goes on.
// It returns how many there were.
func (e *Engine) Cancel(cluster, by string) (int, error) {
	e.mu.Lock()
	logs := slices.Collect(maps.Values(e.logs))
	e.mu.Unlock()
	n := 0
	for _, l := range logs {
		if l.concerns(cluster) {
			n += l.cancel(fmt.Errorf("cancelled by %s", by))
		}
	}
	if n == 0 {
		return 0, fmt.Errorf("cluster %s: %w", cluster, errNothingToCancel)
	}
	return n, nil
}

// concerns says whether the recovery is that of a cluster, by its name, its alias, or the name that it gets.
func (l *recoveryLog) concerns(cluster string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains([]string{l.r.Finding.ClusterName, l.r.Finding.ClusterAlias, l.journal.Successor.String()}, cluster)
}

// cancellable is a step or a hook list that runs.
type cancellable struct {
	hooks string // the key of the list; "" for a step
	end   context.CancelCauseFunc
}

// cancellable returns a context that Cancel ends, until ended is called. hooks is the key of a hook list, "" for a step.
func (l *recoveryLog) cancellable(ctx context.Context, hooks string) (_ context.Context, ended func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	c := &cancellable{hooks, cancel}
	l.mu.Lock()
	if l.ceased != nil && hooks == "" {
		cancel(l.ceased)
	}
	l.running = append(l.running, c)
	l.mu.Unlock()
	return ctx, func() {
		l.mu.Lock()
		l.running = slices.DeleteFunc(l.running, func(x *cancellable) bool { return x == c })
		l.mu.Unlock()
		cancel(nil)
	}
}

// cancel ends what runs, and returns how much that was.
func (l *recoveryLog) cancel(why error) int {
	l.mu.Lock()
	running := slices.Clone(l.running)
	l.mu.Unlock()
	for _, c := range running {
		c.end(why)
	}
	return len(running)
}

// cutShort ends the steps that run, and all that are still to come. Hooks go on.
func (l *recoveryLog) cutShort(why error) {
	l.mu.Lock()
	l.ceased = why
	running := slices.Clone(l.running)
	l.mu.Unlock()
	for _, c := range running {
		if c.hooks == "" {
			c.end(why)
		}
	}
}

func (l *recoveryLog) runningHooks() (lists []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.running {
		if c.hooks != "" {
			lists = append(lists, c.hooks)
		}
	}
	return lists
}
