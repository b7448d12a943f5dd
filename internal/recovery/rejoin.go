package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

const (
	// rejoinPause is between two attempts to take a former primary back while something is not ready for it.
	rejoinPause = time.Second
	// takeBackWithin bounds how long a command waits for the return of the primary that it replaced.
	takeBackWithin = 10 * time.Second
	// rejoinWithin bounds all attempts after one return.
	rejoinWithin = 10 * time.Minute
)

// errNotReady says that a former primary may be taken back a little later.
var errNotReady = errors.New("not yet")

// errNotLeading says that another node, or nobody, closes former primaries for writing and takes them back.
var errNotLeading = errors.New("this node does not lead")

// TakeBack makes a primary that was replaced by force, and answers, a replica of its successor, as a running engine does by
// itself: it is for a process that ends after one command. The error says why not; a running manager looks again.
func (e *Engine) TakeBack(ctx context.Context, k topology.Key) error {
	if e.o.Config().Rejoin() == "off" {
		return errors.New("AutoRejoin is off")
	}
	e.look(ctx, k)
	i := e.o.Observer.Snapshot().Instance(k)
	switch {
	case i == nil || !i.LastCheckValid():
		return errors.New("it does not answer")
	case !i.ReadOnly:
		return errors.New("it is not closed for writing")
	}
	ctx, cancel := context.WithTimeout(ctx, takeBackWithin)
	defer cancel()
	return e.rejoinPatiently(ctx, k)
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
		return errNotLeading
	}
	if e.beingFenced(k) { // it may have come back closed, and the closing has still to be told of and to end
		return fmt.Errorf("%w: %s is being closed for writing", errNotReady, k)
	}
	i := e.o.Observer.Snapshot().Instance(k)
	if to, err := e.strayTo(ctx, i); err != nil || !to.IsZero() {
		if err == nil {
			err = e.reattach(ctx, k, to)
		}
		return err
	}
	to, err := e.heir(ctx, k)
	switch {
	case i != nil && i.HasSource() && errors.Is(err, errNoSuccessor):
		return nil // a replica that was left behind, and has its source still
	case errors.Is(err, errPromotedAgain):
		return nil // while it was being looked at
	}
	if err != nil {
		return err
	}
	e.look(ctx, k, to)
	request, clone, err := e.rejoinRequest(ctx, k, to)
	if err != nil || request == nil {
		return err
	}
	if err := e.compareHoldings(ctx, request); err != nil {
		return err
	}
	p, refusal := failover.Rejoin(*request, failover.PolicyOf(e.o.Config()))
	if clone.State == server.CloneFailed {
		refusal = failedClone(k, clone)
	}
	switch {
	case refusal == nil:
		if err := e.rejoinBy(ctx, &p); err != nil {
			return err
		}
		e.noteNothingLost(ctx, request)
		return nil
	case refusal.Rule == "not-closed" || refusal.Rule == "no-primary":
		return fmt.Errorf("%w: %w", errNotReady, refusal)
	}
	return &notTakenBack{Refusal: refusal, request: *request}
}

// rejoinRequest says what is known of a former primary and of the one that took its place; nil when there is nothing to
// do, because somebody has made it a replica.
func (e *Engine) rejoinRequest(ctx context.Context, k, to topology.Key) (*failover.RejoinRequest, server.CloneStatus, error) {
	t := e.o.Observer.Snapshot()
	returned, primary := t.Instance(k), top(t, to)
	none := server.CloneStatus{State: server.NeverCloned}
	switch {
	case returned == nil:
		return nil, none, errors.New("it is not known any more")
	case returned.Maintenance != nil:
		return nil, none, fmt.Errorf("it is under maintenance by %s", returned.Maintenance.Owner)
	}
	clone, err := e.cloneOf(ctx, returned)
	if err != nil {
		return nil, clone, err
	}
	cloned := returned.HasSource() && clone.State != server.NeverCloned
	begun := false
	if !cloned {
		if begun, err = e.begun(ctx, returned, to); err != nil {
			return nil, clone, err
		}
	}
	switch {
	case returned.HasSource() && !cloned && !begun:
		return nil, clone, nil
	case primary == nil || primary.Key == k || !primary.LastCheckValid() || !returned.LastCheckValid():
		return nil, clone, fmt.Errorf("%w: %s and its successor are not both in sight", errNotReady, k)
	case cloned && !returned.ReadOnly:
		e.fence(k, primary.ClusterName)
		return nil, clone, fmt.Errorf("%w: it came back from its clone open for writing", errNotReady)
	}
	return &failover.RejoinRequest{Returned: returned, Primary: primary, Tellers: failover.Tellers(t, primary.Key, k), Cloned: cloned, Begun: begun}, clone, nil
}

// standsBelow says whether a server names a source and stands still: it may have been begun to be made a replica.
func standsBelow(i *topology.Instance) bool {
	return i.HasSource() && i.ReadOnly && !i.IsMultiSource() && (i.ThreadsStopped() || !i.HasCredentials && !i.Channel.IOThread.Running())
}

// begun says whether a former primary was being made a replica and that was not brought to its end: it stands below
// its successor, and either cannot sign in there, or was not left so by a planned takeover that does not start it.
func (e *Engine) begun(ctx context.Context, i *topology.Instance, to topology.Key) (bool, error) {
	switch {
	case !standsBelow(i):
		return false, nil
	case !i.HasCredentials:
		return true, nil
	case i.Channel.Source != to:
		return false, nil
	}
	planned, err := e.o.Ledger.ReplacedOnPurpose(ctx, i.Key, e.o.Now())
	if err != nil {
		return false, fmt.Errorf("%w: how it was replaced cannot be read: %w", errNotReady, err)
	}
	return !planned, nil
}

// rejoinBy carries a plan out while nothing else is done in the cluster. What was compared still holds then: the former
// primary is closed, and the new one is the same.
func (e *Engine) rejoinBy(ctx context.Context, p *plan.Plan) error {
	k, to, cluster := p.Failed, p.Successor, p.Cluster
	if !e.occupy(cluster) {
		return fmt.Errorf("%w: cluster %s is being worked on", errNotReady, cluster)
	}
	defer e.vacate(cluster)
	primary := e.o.Observer.Snapshot().Instance(to)
	if primary == nil || !primary.LastCheckValid() || primary.ReadOnly || primary.HasSource() {
		return fmt.Errorf("%w: %s is not a primary that takes writes any more", errNotReady, to)
	}
	run := execute.New(e.executorOptions(cluster, "", nil)).NewRun()
	if err := run.Plan(ctx, p, 0); err != nil {
		return err
	}
	text := "replicates from " + to.String()
	e.o.Logger.Warn("a server that was left behind was taken back", "server", k.String(), "source", to.String())
	what := "a former primary was taken back: "
	if p.Operation == failover.Reattaching {
		what = "a replica that was away during a recovery was taken back: "
	}
	e.audit(context.WithoutCancel(ctx), "rejoin", k, cluster, what+text)
	e.progress(Progress{Kind: Rejoined, Cluster: cluster, Server: k, Text: text})
	e.look(ctx, k, to)
	return nil
}

// notTakenBack is why a former primary was not taken back, with what was compared.
type notTakenBack struct {
	*topology.Refusal
	request failover.RejoinRequest
}

func (n *notTakenBack) Unwrap() error { return n.Refusal }

// succession is that a primary was replaced.
type succession struct {
	by topology.Key
	at time.Time
}

// noteSuccessor remembers who replaced a primary.
func (e *Engine) noteSuccessor(failed, successor topology.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.successors[failed] = succession{successor, e.o.Now()}
	delete(e.successors, successor)
	e.unfence(successor)
	// Whoever replicates from either of them from now on has not been asked yet whether it can.
	for _, k := range []topology.Key{failed, successor} {
		delete(e.asked, k)
	}
}

// knownSuccessor returns who replaced a server according to this process; the zero Key when it does not know, or when the
// server was left behind much later: that was by another process.
func (e *Engine) knownSuccessor(k topology.Key) topology.Key { return e.knownSuccession(k).by }

// knownSuccession is knownSuccessor with when that was.
func (e *Engine) knownSuccession(k topology.Key) succession {
	var lost *topology.Downtime
	if i := e.o.Observer.Snapshot().Instance(k); i != nil {
		lost = i.Downtime
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	last := e.successors[k]
	if lost.LostInRecovery() && lost.Begin.Sub(last.at) > time.Minute {
		return succession{}
	}
	return last
}

// replacedBy returns the server that the newest successful recovery of k promoted.
func (e *Engine) replacedBy(ctx context.Context, k topology.Key) (topology.Key, error) {
	if to := e.knownSuccessor(k); !to.IsZero() {
		return to, nil
	}
	to, err := e.o.Ledger.SuccessorOf(ctx, k)
	switch {
	case err != nil:
		return to, fmt.Errorf("%w: who replaced it cannot be read: %w", errNotReady, err)
	case to.IsZero():
		return to, errNoSuccessor
	}
	return to, nil
}

// errNoSuccessor says that a server is not known to have been a primary that was replaced.
var errNoSuccessor = errors.New("no record says who replaced it")

// settledPurpose is after how long the record of a recovery says how it came about: a planned one is acknowledged a moment
// after it has ended.
const settledPurpose = 10 * time.Second

// ReplacedOnPurpose implements Ledger.
func (l *StoreLedger) ReplacedOnPurpose(ctx context.Context, key topology.Key, now time.Time) (bool, error) {
	rows, err := l.store.Recoveries(ctx, store.RecoveryFilter{Key: key, All: true})
	if err != nil {
		return false, err
	}
	for _, r := range rows { // newest first
		planned := r.AckComment == PlannedComment
		switch {
		case !planned && (r.End.IsZero() || now.Sub(r.End) < settledPurpose):
			return false, errors.New("the record of its recovery is not complete yet")
		case r.Successful && hasPromoted(&r):
			return planned, nil
		}
	}
	return false, nil
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

// holding reads what a server holds now.
func (e *Engine) holding(ctx context.Context, k topology.Key) (failover.Holding, error) {
	g, err := e.o.Servers(k).GTIDs(ctx)
	return failover.Holding{Executed: g.Executed, Purged: g.Purged, Position: g.CurrentPos, BinlogState: g.BinlogState}, err
}
