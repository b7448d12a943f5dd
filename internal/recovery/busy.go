package recovery

import (
	"fmt"
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

// remember keeps a recovery in the memory of this process: among the active ones, and as the newest of its cluster.
func (e *Engine) remember(r *Recovery) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.active[r.UID] = r
	e.recent[r.Finding.ClusterName] = r.Started
}

func (e *Engine) forgetActive(r *Recovery) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.active, r.UID)
	if r.Successful() && r.kind().promotes && !r.planned() {
		// The cluster goes on under its successor's name, and so does the anti-flapping period.
		e.recent[r.Successor.String()] = r.Started
	}
}

// remembered is the anti-flapping rule by the memory of this process alone.
func (e *Engine) remembered(r *Recovery) Block {
	e.mu.Lock()
	defer e.mu.Unlock()
	last, ok := e.recent[r.Finding.ClusterName]
	period := e.o.Config().RecoveryPeriodBlock()
	if ok && r.Started.Before(last.Add(period)) {
		return Block{Reason: fmt.Sprintf("this process recovered the cluster less than %s ago", period)}
	}
	return Block{}
}
