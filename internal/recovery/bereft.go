package recovery

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/topology"
)

// Somebody else may have replaced a lost primary: a person, or a manager whose records could not be written and that leads no
// more. What tells it is that one of the replicas which it had takes writes and replicates from nobody. So every manager
// notes whom a server leaves behind, whether or not it leads, and the return of the server does not change that at once:
// the manager that replaced it could not close it either.

// bereftFor is how long after its return a server may still have been replaced without anybody knowing. By then a leader has
// learned of it, or those that take writes beside it do so on purpose.
const bereftFor = time.Minute

// noteBereft notes whom a server leaves behind that does not answer any more.
func (e *Engine) noteBereft(k topology.Key, replicas []topology.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.addBereft(k, replicas)
	delete(e.returned, k)
}

// noteReturned notes that a server answers again.
func (e *Engine) noteReturned(k topology.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.bereft[k] != nil {
		e.returned[k] = e.o.Now()
	}
}

// bereftBy returns the replicas that a primary had at any time since it was found lost.
func (e *Engine) bereftBy(f *analysis.Finding) []topology.Key {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.addBereft(f.Key, f.Replicas))
}

// addBereft adds to those whom a server has left behind, and forgets those of servers that came back long ago. The caller holds
// the lock.
func (e *Engine) addBereft(k topology.Key, replicas []topology.Key) []topology.Key {
	now := e.o.Now()
	for key, at := range e.returned {
		if now.After(at.Add(bereftFor)) {
			delete(e.bereft, key)
			delete(e.returned, key)
		}
	}
	all := append(slices.Clone(e.bereft[k]), replicas...)
	slices.SortFunc(all, topology.Key.Compare)
	if all = slices.Compact(all); len(all) > 0 {
		e.bereft[k] = all
	}
	return all
}

// otherWriter says which former replica of the failed primary takes writes already and replicates from nobody: one
// that somebody else has promoted.
func (e *Engine) otherWriter(r *Recovery) string {
	t := e.o.Observer.Snapshot()
	for _, k := range e.bereftBy(&r.Finding) {
		if k == r.Plan.Successor {
			continue
		}
		if i := t.Instance(k); i != nil && openPrimary(i) {
			return fmt.Sprintf("%s, which was a replica of %s, is open for writing already", k, r.Finding.Key)
		}
	}
	return ""
}

// errServes says that a replica receives from a server that was taken for dead.
var errServes = errors.New("it serves a replica")

// stillServes says which replica receives from the failed primary: one that was out of sight when that was found lost, and tells
// now that it lives. Those that were stopped for the recovery tell nothing.
func (e *Engine) stillServes(r *Recovery) error {
	t := e.o.Observer.Snapshot()
	for _, k := range e.bereftBy(&r.Finding) {
		i := t.Instance(k)
		if i == nil || !i.LastCheckValid() || i.Channel.Source != r.Finding.Key || !i.Channel.IOThread.Running() || !i.Check.Began().After(r.Started) {
			continue
		}
		if !gathered(&r.Plan, k) {
			return fmt.Errorf("%w: %s answers again, and receives from %s", errServes, k, r.Finding.Key)
		}
	}
	return nil
}
