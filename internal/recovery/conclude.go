package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/observe"
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
	e.mu.Lock()
	e.concluded[r.UID] = r
	e.mu.Unlock()
	if failure != nil {
		r.Errors = append(r.Errors, failure.Error())
		log.problem("the recovery failed", failure)
	}
	cfg := e.o.Config()
	f := &r.Finding
	k := r.kind()
	e.writeDown(ctx, r, log)
	if ask.hooks {
		v := e.values(f, r)
		if r.Successful() {
			if k.post != nil {
				name, commands := k.post(cfg)
				log.check(name, e.recoveryHooks(ctx, log, name, commands, publish.RunAll, v))
			}
			log.check("ending the successor's downtime", e.o.Ledger.EndDowntime(ctx, r.Successor))
			e.o.Observer.Apply(observe.SetDowntime{Key: r.Successor})
			log.check("PostFailoverProcesses", e.recoveryHooks(ctx, log, "PostFailoverProcesses", cfg.PostFailoverProcesses, publish.RunAll, v))
			if r.planned() {
				log.check("PostGracefulTakeoverProcesses", e.recoveryHooks(ctx, log, "PostGracefulTakeoverProcesses", cfg.PostGracefulTakeoverProcesses, publish.RunAll, v))
			}
		} else {
			log.check("PostUnsuccessfulFailoverProcesses", e.recoveryHooks(ctx, log, "PostUnsuccessfulFailoverProcesses", cfg.PostUnsuccessfulFailoverProcesses, publish.RunAll, v))
		}
	}
	outcome := "no successor"
	if r.Successful() {
		outcome = "successor " + r.Successor.String()
	}
	if r.planned() && !r.unresolved {
		log.check("acknowledging the takeover", e.o.Ledger.Acknowledge(ctx, r.UID, plannedComment))
	}
	e.audit(ctx, r.auditKind(), f.Key, f.ClusterName, fmt.Sprintf("%s: %s, %d lost, %s", f.Code, outcome, len(r.Lost), r.Ended.Sub(r.Started).Round(time.Millisecond)))
	log.close()
	if !r.unresolved && ctx.Err() == nil {
		e.closeJournal(ctx, r.UID)
	}
	e.o.Logger.Warn("recovery ended", "failed", f.Key.String(), "outcome", outcome, "took", r.Ended.Sub(r.Started).String(), "errors", len(r.Errors))
	e.progress(Progress{Kind: Finished, Cluster: f.ClusterName, Server: f.Key, Text: outcome, Recovery: r.UID, Repair: k.name, Success: r.Successful()})
}

// bookkeepWithin bounds what is written down before the hooks run: they tell the world where to write, and must not
// wait for a ledger that hangs.
const bookkeepWithin = 10 * time.Second

// writeDown settles what follows from the recovery and closes its record.
func (e *Engine) writeDown(ctx context.Context, r *Recovery, log *recoveryLog) {
	books, cancel := context.WithTimeout(ctx, bookkeepWithin)
	defer cancel()
	switch {
	case r.Successful() && !r.kind().promotes:
		e.lookBriefly(books, r.Participants) // the picture follows the facts at once
	case r.Successful():
		if !r.planned() { // there it was closed before
			e.noteSuccessor(r.Finding.Key, r.Successor)
			if !e.closedSince(r.Finding.Key, r.Started) {
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
	log.check("closing the record", err)
}

// catchUp writes down what could not be written at the end of recoveries of this process.
func (e *Engine) catchUp(ctx context.Context) {
	e.mu.Lock()
	var due []*Recovery
	for uid, r := range e.concluded {
		if e.active[uid] == nil {
			due = append(due, r)
		}
	}
	e.mu.Unlock()
	for _, r := range due {
		if r.unresolved {
			err := e.o.Ledger.ResolveRecovery(ctx, r)
			if err != nil && r.unregistered {
				err = errors.Join(err, e.registerLate(ctx, r)) // the next time there may be a record to close
			}
			if err != nil {
				e.o.Logger.Error("closing the record of a recovery", "uid", r.UID, "error", err)
				continue
			}
			r.unresolved = false
		}
		e.closeJournal(ctx, r.UID)
	}
}

// registerLate writes down a recovery that could not be registered when it began.
func (e *Engine) registerLate(ctx context.Context, r *Recovery) error {
	block, err := e.o.Ledger.RegisterRecovery(ctx, r)
	switch {
	case err == nil && block.Blocked():
		err = errors.New(block.Reason)
	case err == nil:
		r.unregistered = false
	}
	return err
}

// closeJournal ends what somebody would have to finish. Where that fails, resume tries again.
func (e *Engine) closeJournal(ctx context.Context, uid string) {
	if err := e.o.Ledger.CloseJournal(ctx, uid); err != nil {
		e.o.Logger.Error("closing a recovery's journal", "uid", uid, "error", err)
		return
	}
	e.mu.Lock()
	delete(e.concluded, uid)
	delete(e.pending, uid)
	delete(e.doubtful, uid)
	e.mu.Unlock()
}

// settle writes down what a successful promotion changes.
func (e *Engine) settle(ctx context.Context, r *Recovery, log *recoveryLog) {
	f := &r.Finding
	for _, k := range r.leftBehind() {
		e.markLost(ctx, k, log.check)
	}
	log.check("ending the detection", e.o.Ledger.ClearDetections(ctx, f.Key))
	e.mu.Lock()
	delete(e.told, detectionID{f.Key, true})
	delete(e.told, detectionID{f.Key, false})
	e.mu.Unlock()

	alias := f.ClusterAlias
	if alias == f.ClusterName {
		alias = ""
	}
	log.check("renaming the cluster", e.o.Ledger.RenameCluster(ctx, f.ClusterName, r.clusterAfter(), alias))
	log.check("publishing the primary", e.o.Ledger.PublishPrimary(ctx, NewPrimary{
		Cluster: r.clusterAfter(), Alias: alias, Domain: f.ClusterDomain, Primary: r.Successor, Began: r.Started,
	}))
	// The picture follows the facts at once, so that whoever asks next sees the new cluster.
	e.look(ctx, append(topology.SortKeys(r.Participants), r.Successor)...)
}

// markLost puts a server that a recovery leaves behind into downtime.
func (e *Engine) markLost(ctx context.Context, k topology.Key, check func(string, error)) {
	now := e.o.Now()
	d := topology.Downtime{Owner: e.owner(), Reason: topology.ReasonLostInRecovery, Begin: now, End: now.Add(e.o.Config().LostInstancesDowntime())}
	e.o.Observer.Apply(observe.SetDowntime{Key: k, Downtime: &d})
	check("downtime of "+k.String(), e.o.Ledger.Downtime(ctx, k, d))
}

func (e *Engine) owner() string { return e.o.Node.Hostname }

func (e *Engine) audit(ctx context.Context, kind string, k topology.Key, cluster, message string) {
	if err := e.o.Ledger.Audit(ctx, kind, k, cluster, message); err != nil {
		e.o.Logger.Error("audit", "kind", kind, "server", k.String(), "message", message, "error", err)
	}
}
