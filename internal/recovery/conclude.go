package recovery

import (
	"context"
	"fmt"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/publish"
	"orchestrator/internal/topology"
)

// concludeWithin bounds what follows a recovery, so that it ends even when the ledger or a hook does not answer.
const concludeWithin = 10 * time.Minute

// conclude settles what follows from a recovery: downtime, names, published keys, hooks, and the record. It runs to
// its end even while the engine is being stopped. Its own failures are noted and change nothing else.
func (e *Engine) conclude(parent context.Context, r *Recovery, ask request, log *recoveryLog, failure error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), concludeWithin)
	defer cancel()
	if failure != nil {
		r.Errors = append(r.Errors, failure.Error())
		log.problem("the recovery failed", failure)
	}
	cfg := e.o.Config()
	f := &r.Finding
	if r.Successful() {
		e.fence(f.Key, f.ClusterName)
		e.settle(ctx, r, log)
	}
	r.Ended = e.o.Now()
	log.check("closing the record", e.o.Ledger.ResolveRecovery(ctx, r))
	if ask.hooks {
		v := e.values(f, r)
		if r.Successful() {
			log.check("PostMasterFailoverProcesses", e.hooks(ctx, "PostMasterFailoverProcesses", cfg.PostMasterFailoverProcesses, publish.RunAll, v))
			log.check("ending the successor's downtime", e.o.Ledger.EndDowntime(ctx, r.Successor))
			e.o.Observer.Apply(observe.SetDowntime{Key: r.Successor})
			log.check("PostFailoverProcesses", e.hooks(ctx, "PostFailoverProcesses", cfg.PostFailoverProcesses, publish.RunAll, v))
		} else {
			log.check("PostUnsuccessfulFailoverProcesses", e.hooks(ctx, "PostUnsuccessfulFailoverProcesses", cfg.PostUnsuccessfulFailoverProcesses, publish.RunAll, v))
		}
	}
	outcome := "no successor"
	if r.Successful() {
		outcome = "successor " + r.Successor.String()
	}
	e.audit(ctx, "recover-dead-master", f.Key, f.ClusterName, fmt.Sprintf("%s: %s, %d lost, %s", f.Code, outcome, len(r.Lost), r.Ended.Sub(r.Started).Round(time.Millisecond)))
	log.close()
	e.o.Logger.Warn("recovery ended", "failed", f.Key.String(), "outcome", outcome, "took", r.Ended.Sub(r.Started).String(), "errors", len(r.Errors))
	e.progress(Progress{Kind: Finished, Cluster: f.ClusterName, Server: f.Key, Text: outcome, Recovery: r.UID})
}

// settle writes down what a successful promotion changes.
func (e *Engine) settle(ctx context.Context, r *Recovery, log *recoveryLog) {
	f := &r.Finding
	now := e.o.Now()
	for _, k := range append([]topology.Key{f.Key}, r.Lost...) {
		d := topology.Downtime{Owner: e.owner(), Reason: topology.ReasonLostInRecovery, Begin: now, End: now.Add(lostDowntime)}
		log.check("downtime of "+k.String(), e.o.Ledger.Downtime(ctx, k, d))
		e.o.Observer.Apply(observe.SetDowntime{Key: k, Downtime: &d})
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
	log.check("renaming the cluster", e.o.Ledger.RenameCluster(ctx, f.ClusterName, r.Successor.String(), alias))
	log.check("publishing the primary", e.o.Ledger.PublishPrimary(ctx, r.Successor.String(), alias, f.ClusterDomain, r.Successor))
	// The picture follows the facts at once, so that whoever asks next sees the new cluster.
	e.look(ctx, append(topology.SortKeys(r.Participants), r.Successor)...)
}

func (e *Engine) owner() string { return e.o.Node.Hostname }

func (e *Engine) audit(ctx context.Context, kind string, k topology.Key, cluster, message string) {
	if err := e.o.Ledger.Audit(ctx, kind, k, cluster, message); err != nil {
		e.o.Logger.Error("audit", "kind", kind, "server", k.String(), "message", message, "error", err)
	}
}
