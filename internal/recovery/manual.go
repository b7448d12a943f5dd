package recovery

import (
	"context"
	"errors"
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
	if e.o.Observer.Snapshot().Instance(key) == nil {
		return nil, fmt.Errorf("recover %s: the instance is not known", key)
	}
	if !e.runs() {
		// Nobody else in this process carries on with what earlier ones left, and it would be in the way.
		e.resume(ctx)
		e.work.Wait()
	}
	_, f, err := e.recoverable(ctx, key)
	if err != nil {
		return nil, err
	}
	r := &Recovery{Finding: f}
	r.DetectionID, _ = e.detect(ctx, &f, true)
	return r, e.recover(ctx, r, request{hooks: hooks, forced: true, first: true, designated: designated})
}

// ErrUncalledFor is in the error of Recover when the state of the server calls for no recovery.
var ErrUncalledFor = errors.New("no recovery is called for")

// uncalledFor is such an error in words.
type uncalledFor struct{ text string }

func (u uncalledFor) Error() string        { return u.text }
func (u uncalledFor) Is(target error) bool { return target == ErrUncalledFor }

// recoverable looks at a server and its replicas, and returns the failure that calls for a recovery, with the cluster.
func (e *Engine) recoverable(ctx context.Context, key topology.Key) (*topology.Topology, analysis.Finding, error) {
	refused := func(format string, args ...any) (*topology.Topology, analysis.Finding, error) {
		return nil, analysis.Finding{}, fmt.Errorf("recover %s: %s", key, fmt.Sprintf(format, args...))
	}
	uncalled := func(format string, args ...any) (*topology.Topology, analysis.Finding, error) {
		return nil, analysis.Finding{}, uncalledFor{fmt.Sprintf("recover %s: %s", key, fmt.Sprintf(format, args...))}
	}
	t := e.o.Observer.Snapshot()
	i := t.Instance(key)
	if i == nil {
		return refused("the instance is not known")
	}
	e.look(ctx, append(t.ReplicaKeys(key), key)...)
	cluster := e.o.Observer.Cluster(i.ClusterName)
	if cluster == nil {
		return refused("cluster %s is not known any more", i.ClusterName)
	}
	policy := analysis.PolicyOf(e.o.Config())
	policy.Live, policy.IncludeDowntimed, policy.IncludeNoProblem, policy.IncludeAdditional = true, true, true, true
	for _, f := range analysis.Analyze(cluster, policy, e.o.Now()) {
		switch {
		case f.Key != key:
		case analysis.Actionable(f.Code):
			return cluster, f, nil
		case len(f.CannotWrite()) > 0: // whatever it is to be replaced for by itself
			f.Code, f.Actionable = f.CannotWrite()[0], true
			f.Description = analysis.Describe(f.Code)
			return cluster, f, nil
		case f.Code == analysis.NoProblem:
			return uncalled("nothing is wrong with it")
		default:
			return uncalled("%s calls for no recovery: %s", f.Code, f.Description)
		}
	}
	return uncalled("it is left out of the analysis (maintenance, or RecoveryIgnoreHostnameFilters)")
}
