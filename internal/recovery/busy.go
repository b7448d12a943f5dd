package recovery

import (
	"time"
)

// occupy reserves a cluster for one recovery.
func (e *Engine) occupy(cluster string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.busy[cluster] {
		return false
	}
	e.busy[cluster] = true
	return true
}

// Busy says whether a recovery or takeover is under way in a cluster.
func (e *Engine) Busy(cluster string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.busy[cluster]
}

func (e *Engine) vacate(cluster string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.busy, cluster)
}

// recentKind tells apart the recoveries of a cluster that count in the anti-flapping rule: those that promote, and
// those that do not.
type recentKind struct {
	cluster  string
	promotes bool
}

func (r *Recovery) recentKind() recentKind {
	return recentKind{r.Finding.ClusterName, r.kind().promotes}
}

// remember keeps a recovery in the memory of this process: among the active ones, and as the newest of its cluster.
func (e *Engine) remember(r *Recovery) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.active[r.UID] = r
	e.recent[r.recentKind()] = r.Started
}

func (e *Engine) forgetActive(r *Recovery) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.active, r.UID)
	for k, by := range e.promoters {
		if by == r {
			delete(e.promoters, k)
		}
	}
	close(r.ended)
	if r.Successful() && r.kind().promotes && !r.planned() {
		// The cluster goes on under its successor's name, and so does the anti-flapping period.
		e.recent[recentKind{r.Successor.String(), true}] = r.Started
	}
}

// remembered is the anti-flapping rule by the memory of this process alone. A recovery that promotes nobody stands in
// the way of its like only.
func (e *Engine) remembered(r *Recovery) Block {
	e.mu.Lock()
	defer e.mu.Unlock()
	last := e.recent[recentKind{r.Finding.ClusterName, true}]
	if other := e.recent[recentKind{r.Finding.ClusterName, false}]; !r.kind().promotes && other.After(last) {
		last = other
	}
	if until := last.Add(e.o.Config().RecoveryPeriodBlock()); !last.IsZero() && r.Started.Before(until) {
		return Block{Until: until, Reason: "this process recovered the cluster a short time ago, which blocks it until " + until.Format(time.RFC3339)}
	}
	return Block{}
}
