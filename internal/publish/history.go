package publish

import (
	"errors"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// runsKept is how many runs of each list are remembered.
const runsKept = 20

// runs remembers the last runs of hooks, in the memory of the process: the log has them all.
type runs struct {
	mu   sync.Mutex
	list map[string][]Report // by list, oldest first
}

func (r *runs) add(report Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.list == nil {
		r.list = make(map[string][]Report)
	}
	kept := r.list[report.List]
	if len(kept) >= runsKept {
		kept = slices.Delete(kept, 0, len(kept)-runsKept+1)
	}
	r.list[report.List] = append(kept, report)
}

// Runs are the last runs that have ended, newest first.
func (h *Hooks) Runs() []Report {
	h.last.mu.Lock()
	defer h.last.mu.Unlock()
	var all []Report
	for _, list := range h.last.list {
		all = append(all, list...)
	}
	slices.SortStableFunc(all, func(a, b Report) int { return b.Began.Compare(a.Began) })
	return all
}

// ExitCode is what the shell of a hook ended with; nil when it was not started, was stopped, or still runs.
func (r Report) ExitCode() *int {
	code := 0
	var exit *exec.ExitError
	switch {
	case !r.Ended:
		return nil
	case errors.As(r.Err, &exit):
		code = exit.ExitCode()
	case r.Err != nil:
		return nil
	}
	if code < 0 { // a signal
		return nil
	}
	return &code
}

// Limit is for how long a hook may run: HookOptions.Timeout; 0 is no limit.
func (h *Hooks) Limit() time.Duration { return max(0, h.options.Timeout()) }
