package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/observe"
	"orchestrator/internal/plan"
	"orchestrator/internal/publish"
	"orchestrator/internal/topology"
)

const (
	// concludeWithin bounds what follows a recovery, so that it ends even when the ledger or a hook does not answer.
	concludeWithin = 10 * time.Minute
	// stopWithin is how long it may still take once the engine is being stopped. What is not done by then is done by
	// the next process: the journal stays open.
	stopWithin = 30 * time.Second
)

// conclude settles what follows from a recovery: downtime, names, published keys, hooks, and the record. It goes on for
// a while when the engine is being stopped. Its own failures are noted and change nothing else.
func (e *Engine) conclude(parent context.Context, r *Recovery, ask request, log *recoveryLog, failure error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), concludeWithin)
	defer cancel()
	defer context.AfterFunc(parent, func() {
		late := time.NewTimer(stopWithin)
		defer late.Stop()
		select {
		case <-late.C:
			cancel()
		case <-ctx.Done():
		}
	})()
	e.awaitFirst(ctx, r)
	e.mu.Lock()
	e.concluded[r.UID] = r
	e.mu.Unlock()
	if failure != nil {
		r.Errors = append(r.Errors, failure.Error())
		log.problem("the recovery failed", failure)
	}
	f := &r.Finding
	k := r.kind()
	err := e.writeDown(ctx, r, log)
	if err == nil && ask.hooks {
		err = e.hooksAfter(ctx, r, log)
	}
	if err != nil {
		e.passOn(r, log, err)
		return
	}
	outcome := "no successor"
	if r.Successful() {
		outcome = "successor " + r.Successor.String()
	}
	if r.planned() && !r.unresolved {
		log.check("acknowledging the takeover", e.o.Ledger.Acknowledge(ctx, r.UID, PlannedComment))
	}
	if !r.unresolved { // the ledger works by now, whatever it did before
		e.payDebts(ctx, r)
	}
	e.audit(plan.WithOrigin(ctx, plan.Origin{Recovery: r.UID}), r.auditKind(), f.Key, f.ClusterName, fmt.Sprintf("%s: %s, %d lost, %s", f.Code, outcome, len(r.Lost), r.Ended.Sub(r.Started).Round(time.Millisecond)))
	log.close()
	if closed := !r.unresolved && ctx.Err() == nil && e.closeJournal(ctx, r.UID); !closed && e.handOver(ctx, log) != nil {
		e.passOn(r, log, nil)
	}
	e.o.Logger.Warn("recovery ended", "failed", f.Key.String(), "outcome", outcome, "took", r.Ended.Sub(r.Started).String(), "errors", len(r.Errors))
	e.progress(Progress{Kind: Finished, Cluster: f.ClusterName, Server: f.Key, Text: outcome, Recovery: r.UID, Repair: k.name, Success: r.Successful()})
}

// hooksAfter runs the hooks that follow a recovery. An error says that the rest of them is another process's.
func (e *Engine) hooksAfter(ctx context.Context, r *Recovery, log *recoveryLog) error {
	cfg, v := e.o.Config(), e.values(&r.Finding, r)
	run := func(name string, commands []string) error {
		err := e.recoveryHooks(ctx, log, name, commands, publish.RunAll, v)
		if leftOpen(err) {
			return err
		}
		log.check(name, err)
		return nil
	}
	if !r.Successful() {
		return run("PostUnsuccessfulFailoverProcesses", cfg.PostUnsuccessfulFailoverProcesses)
	}
	if k := r.kind(); k.post != nil {
		if err := run(k.post(cfg)); err != nil {
			return err
		}
	}
	if !e.overtaken(r) {
		e.o.Observer.Apply(observe.SetDowntime{Key: r.Successor})
		log.owe(ctx, debt{"ending the successor's downtime", func(ctx context.Context) error { return e.o.Ledger.EndDowntime(ctx, r.Successor) },
			func() bool { return e.downtimeOf(r.Successor) == nil }})
	}
	if err := run("PostFailoverProcesses", cfg.PostFailoverProcesses); err != nil || !r.planned() {
		return err
	}
	return run("PostGracefulTakeoverProcesses", cfg.PostGracefulTakeoverProcesses)
}

// passOn leaves what follows a recovery to who leads: this process has come to its end with it. why is nil where nothing
// is left but to close its journal.
func (e *Engine) passOn(r *Recovery, log *recoveryLog, why error) {
	e.mu.Lock()
	delete(e.concluded, r.UID)
	e.mu.Unlock()
	if why == nil {
		e.giveUp(log)
		return
	}
	e.leave(r, log, why)
}

// bookkeepWithin bounds what is written down before the hooks run: they tell the world where to write, and must not
// wait for a ledger that hangs.
const bookkeepWithin = 10 * time.Second

// writeDown settles what follows from the recovery and closes its record. An error says that the rest is another process's.
func (e *Engine) writeDown(ctx context.Context, r *Recovery, log *recoveryLog) error {
	books, cancel := context.WithTimeout(ctx, bookkeepWithin)
	defer cancel()
	switch {
	case !r.Successful():
		for _, k := range r.notBack {
			log.owe(books, e.markLost(k))
		}
	case !r.kind().promotes:
		e.lookBriefly(books, r.Participants) // the picture follows the facts at once
	default:
		if !e.overtaken(r) {
			e.noteSuccessor(r.Finding.Key, r.Successor)
			if !r.planned() && !e.closedSince(r.Finding.Key, r.Started) { // else it was closed before, or at the opening
				e.fence(r.Finding.Key, r.Finding.ClusterName)
			}
		}
		e.settle(books, r, log)
	}
	r.Ended = e.o.Now()
	if r.unregistered {
		log.check("registering the recovery late", e.registerLate(books, r))
	}
	err := e.o.Ledger.ResolveRecovery(books, r)
	r.unresolved = err != nil
	if errors.Is(err, ErrTakenUp) {
		return fmt.Errorf("%w: %w", execute.ErrMayNotWrite, err)
	}
	log.check("closing the record", err)
	if err != nil {
		return e.handOver(ctx, log)
	}
	return nil
}

// settle writes down what a successful promotion changes.
func (e *Engine) settle(ctx context.Context, r *Recovery, log *recoveryLog) {
	f := &r.Finding
	for _, k := range r.leftBehind() {
		if !e.overtaken(r) || !e.settledElsewhere(r, k) {
			log.owe(ctx, e.markLost(k))
		}
	}
	log.check("ending the detection", e.o.Ledger.ClearDetections(ctx, f.Key))
	e.mu.Lock()
	delete(e.told, detectionID{f.Key, true})
	delete(e.told, detectionID{f.Key, false})
	e.mu.Unlock()
	if r.bygone {
		return // names and keys are those of a later one
	}

	alias := f.ClusterAlias
	if alias == f.ClusterName {
		alias = ""
	}
	still := func() bool {
		i := e.o.Observer.Snapshot().Instance(r.Successor)
		return i != nil && i.ClusterName == r.clusterAfter()
	}
	log.owe(ctx, debt{"renaming the cluster", func(ctx context.Context) error {
		return e.o.Ledger.RenameCluster(ctx, f.ClusterName, r.clusterAfter(), alias)
	}, still})
	log.owe(ctx, debt{"publishing the primary", func(ctx context.Context) error {
		return e.o.Ledger.PublishPrimary(ctx, NewPrimary{
			Cluster: r.clusterAfter(), Alias: alias, Domain: f.ClusterDomain, Primary: r.Successor, Began: r.Started,
		})
	}, still})
	// The picture follows the facts at once, so that whoever asks next sees the new cluster.
	e.look(ctx, append(topology.SortKeys(r.Participants), r.Successor)...)
}

// markLost puts a server that a recovery leaves behind into downtime, and returns what is to be written down of that.
func (e *Engine) markLost(k topology.Key) debt {
	now := e.o.Now()
	d := topology.Downtime{Owner: e.owner(), Reason: topology.ReasonLostInRecovery, Begin: now, End: now.Add(e.o.Config().LostInstancesDowntime())}
	e.o.Observer.Apply(observe.SetDowntime{Key: k, Downtime: &d})
	return debt{"downtime of " + k.String(), func(ctx context.Context) error { return e.o.Ledger.Downtime(ctx, k, d) },
		func() bool { now := e.downtimeOf(k); return now != nil && now.Begin.Equal(d.Begin) }}
}

func (e *Engine) owner() string { return e.o.Node.Hostname }
