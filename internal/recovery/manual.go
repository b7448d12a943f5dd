package recovery

import (
	"context"
	"fmt"

	"orchestrator/internal/analysis"
	"orchestrator/internal/topology"
)

// Recover recovers a failed server because somebody asks for it: filters, downtime and the anti-flapping period do not
// count, but the failure must be there. hooks false runs none (recover-lite). The Recovery is nil when nothing was
// attempted.
func (e *Engine) Recover(ctx context.Context, key, designated topology.Key, hooks bool) (*Recovery, error) {
	if !e.o.Leader.IsLeader() {
		return nil, fmt.Errorf("recover %s: this node is not the leader", key)
	}
	defer e.news.flush()
	t := e.o.Observer.Snapshot()
	i := t.Instance(key)
	if i == nil {
		return nil, fmt.Errorf("recover %s: the instance is not known", key)
	}
	if !e.runs() {
		// Nobody else in this process carries on with what earlier ones left, and it would be in the way.
		e.resume(ctx)
		e.work.Wait()
	}
	e.look(ctx, append(t.ReplicaKeys(key), key)...)
	cluster := e.o.Observer.Cluster(i.ClusterName)
	if cluster == nil {
		return nil, fmt.Errorf("recover %s: cluster %s is not known any more", key, i.ClusterName)
	}
	policy := analysis.PolicyOf(e.o.Config())
	policy.Live, policy.IncludeDowntimed, policy.IncludeNoProblem = true, true, true
	for _, f := range analysis.Analyze(cluster, policy, e.o.Now()) {
		if f.Key != key {
			continue
		}
		switch {
		case analysis.Actionable(f.Code):
			r := &Recovery{Finding: f}
			r.DetectionID, _ = e.detect(ctx, &f, true)
			return r, e.recover(ctx, r, request{hooks: hooks, forced: true, first: true, designated: designated})
		case f.Code == analysis.NoProblem:
			return nil, fmt.Errorf("recover %s: nothing is wrong with it", key)
		default:
			return nil, fmt.Errorf("recover %s: %s calls for no recovery: %s", key, f.Code, f.Description)
		}
	}
	return nil, fmt.Errorf("recover %s: it is left out of the analysis (maintenance, or RecoveryIgnoreHostnameFilters)", key)
}
