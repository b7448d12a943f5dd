package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/failover"
	"orchestrator/internal/observe"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

const (
	// rejoinPause is between two attempts to take a former primary back while something is not ready for it.
	rejoinPause = time.Second
	// rejoinWithin bounds all attempts after one return.
	rejoinWithin = 10 * time.Minute
)

// errNotReady says that a former primary may be taken back a little later.
var errNotReady = errors.New("not yet")

// rejoinReturned sees to a former primary that came back and takes no writes already; one that does is closed first.
func (e *Engine) rejoinReturned(ev observe.Event) {
	switch ev.Kind {
	case observe.InstanceBack, observe.InstanceDiscovered:
		if i := ev.Topology.Instance(ev.Key); i != nil && awaitsRejoin(i) {
			e.rejoin(i.Key)
		}
	case observe.InstanceLost:
		e.mu.Lock()
		delete(e.considered, ev.Key)
		e.mu.Unlock()
	}
}

// rejoinOverlooked does the same for those that came back while nobody who leads was watching.
func (e *Engine) rejoinOverlooked(t *topology.Topology) {
	if !e.o.Leader.IsLeader() {
		return
	}
	for _, i := range t.Instances() {
		if !i.Downtime.LostInRecovery() || !awaitsRejoin(i) {
			continue
		}
		e.mu.Lock()
		due := !e.considered[i.Key] && i.Check.Seen.After(e.began)
		e.mu.Unlock()
		if due {
			e.rejoin(i.Key)
		}
	}
}

// awaitsRejoin says whether a server counts as lost and is closed, or may be a replica by having been cloned.
func awaitsRejoin(i *topology.Instance) bool {
	return i.LastCheckValid() && i.Downtime.LostInRecovery() && (i.ReadOnly && !i.HasSource() || i.HasSource() && failover.MayClone(i) == nil)
}

// rejoin takes a former primary, closed for writing, back as a replica of the server that replaced it, in the
// background, if the policy says so and nothing would be lost by it.
func (e *Engine) rejoin(k topology.Key) {
	e.mu.Lock()
	parent := e.ctx
	if parent == nil || parent.Err() != nil || e.rejoining[k] || e.o.Config().Rejoin() == "off" {
		e.mu.Unlock()
		return
	}
	e.rejoining[k], e.considered[k] = true, true
	e.mu.Unlock()
	e.goTracked(func() {
		defer func() {
			e.mu.Lock()
			delete(e.rejoining, k)
			e.mu.Unlock()
		}()
		err := e.rejoinPatiently(parent, k)
		if not := (*notTakenBack)(nil); errors.As(err, &not) {
			err = e.saveAndRebuild(parent, k, not)
		}
		if err != nil && parent.Err() == nil {
			e.o.Logger.Warn("the former primary was not taken back", "server", k.String(), "reason", err)
			e.audit(context.WithoutCancel(parent), "rejoin", k, "", "not taken back: "+err.Error())
			e.progress(Progress{Kind: Quarantined, Server: k, Text: err.Error()})
		}
	})
}

// rejoinPatiently tries to take a server back until that has succeeded or is out of the question.
func (e *Engine) rejoinPatiently(ctx context.Context, k topology.Key) error {
	ctx, cancel := context.WithTimeout(ctx, rejoinWithin)
	defer cancel()
	err := e.rejoinOnce(ctx, k)
	for errors.Is(err, errNotReady) && pause(ctx, rejoinPause) {
		err = e.rejoinOnce(ctx, k)
	}
	return err
}

// pause waits; it reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (e *Engine) rejoinOnce(ctx context.Context, k topology.Key) error {
	if !e.o.Leader.IsLeader() {
		return errors.New("this node does not lead")
	}
	if i := e.o.Observer.Snapshot().Instance(k); i != nil && i.HasSource() {
		if clone, err := e.cloneOf(ctx, i); err != nil || clone.State == server.NeverCloned {
			return err // without an error, somebody has made it a replica, or it was one
		}
	}
	to, err := e.replacedBy(ctx, k)
	if err != nil {
		return err
	}
	e.look(ctx, k, to)
	t := e.o.Observer.Snapshot()
	returned, primary := t.Instance(k), top(t, to)
	switch {
	case returned == nil:
		return errors.New("it is not known any more")
	case returned.Maintenance != nil:
		return fmt.Errorf("it is under maintenance by %s", returned.Maintenance.Owner)
	case primary == nil || !primary.LastCheckValid() || !returned.LastCheckValid():
		return fmt.Errorf("%w: %s and its successor are not both in sight", errNotReady, k)
	}
	clone, err := e.cloneOf(ctx, returned)
	switch {
	case err != nil:
		return err
	case returned.HasSource() && clone.State == server.NeverCloned:
		return nil
	case returned.HasSource() && !returned.ReadOnly:
		e.fence(k, primary.ClusterName)
		return fmt.Errorf("%w: it came back from its clone open for writing", errNotReady)
	}
	if !e.occupy(primary.ClusterName) {
		return fmt.Errorf("%w: cluster %s is being worked on", errNotReady, primary.ClusterName)
	}
	defer e.vacate(primary.ClusterName)

	request := failover.RejoinRequest{Returned: returned, Primary: primary, Teller: follower(t, primary.Key), Cloned: returned.HasSource()}
	if request.Teller.IsZero() {
		request.Teller = primary.Key // nobody follows it yet, but a query for the credentials is answered there, too
	}
	if request.ReturnedHas, err = e.holding(ctx, k); err == nil {
		request.PrimaryHas, err = e.holding(ctx, primary.Key)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errNotReady, err)
	}
	p, refusal := failover.Rejoin(request, failover.PolicyOf(e.o.Config()))
	if clone.State == server.CloneFailed {
		refusal = failedClone(k, clone)
	}
	switch {
	case refusal == nil:
	case refusal.Rule == "not-closed" || refusal.Rule == "no-primary":
		return fmt.Errorf("%w: %w", errNotReady, refusal)
	default:
		return &notTakenBack{Refusal: refusal, request: request}
	}
	run := execute.New(e.executorOptions(primary.ClusterName, "", nil)).NewRun()
	if err := run.Plan(ctx, &p, 0); err != nil {
		return err
	}
	text := "replicates from " + primary.Key.String()
	e.o.Logger.Warn("the former primary was taken back", "server", k.String(), "source", primary.Key.String())
	e.audit(context.WithoutCancel(ctx), "rejoin", k, primary.ClusterName, "a former primary was taken back: "+text)
	e.progress(Progress{Kind: Rejoined, Cluster: primary.ClusterName, Server: k, Text: text})
	e.look(ctx, k, primary.Key)
	return nil
}

// notTakenBack is why a former primary was not taken back, with what was compared.
type notTakenBack struct {
	*topology.Refusal
	request failover.RejoinRequest
}

func (n *notTakenBack) Unwrap() error { return n.Refusal }

// noteSuccessor remembers who replaced a primary.
func (e *Engine) noteSuccessor(failed, successor topology.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.successors[failed] = successor
	// Whoever replicates from either of them from now on has not been asked yet whether it can.
	for _, k := range []topology.Key{failed, successor} {
		delete(e.asked, k)
	}
}

// replacedBy returns the server that the newest successful recovery of k promoted.
func (e *Engine) replacedBy(ctx context.Context, k topology.Key) (topology.Key, error) {
	e.mu.Lock()
	to := e.successors[k]
	e.mu.Unlock()
	if !to.IsZero() {
		return to, nil
	}
	to, err := e.o.Ledger.SuccessorOf(ctx, k)
	switch {
	case err != nil:
		return to, fmt.Errorf("%w: who replaced it cannot be read: %w", errNotReady, err)
	case to.IsZero():
		return to, errors.New("no record says who replaced it")
	}
	return to, nil
}

// SuccessorOf returns the server that the newest successful recovery of the failed one promoted; the zero Key when
// there is none on record.
func (l *StoreLedger) SuccessorOf(ctx context.Context, failed topology.Key) (topology.Key, error) {
	rows, err := l.store.Recoveries(ctx, store.RecoveryFilter{Key: failed, All: true})
	if err != nil {
		return topology.Key{}, err
	}
	for _, r := range rows { // newest first
		if r.Successful && hasPromoted(&r) {
			return r.Successor, nil
		}
	}
	return topology.Key{}, nil
}

// top follows sources upwards from a server; nil when it is not known or the sources form a ring.
func top(t *topology.Topology, k topology.Key) *topology.Instance {
	i := t.Instance(k)
	for range t.Len() {
		if i == nil || !i.HasSource() {
			return i
		}
		i = t.Source(i)
	}
	return nil
}

// follower is a replica that signs in to the primary as its replicas do; the zero Key when none is well.
func follower(t *topology.Topology, primary topology.Key) topology.Key {
	for _, r := range t.Replicas(primary) {
		if r.LastCheckValid() && r.Replicating() {
			return r.Key
		}
	}
	return topology.Key{}
}

// holding reads what a server holds now.
func (e *Engine) holding(ctx context.Context, k topology.Key) (failover.Holding, error) {
	g, err := e.o.Servers(k).GTIDs(ctx)
	return failover.Holding{Executed: g.Executed, Purged: g.Purged, Position: g.CurrentPos, BinlogState: g.BinlogState}, err
}
