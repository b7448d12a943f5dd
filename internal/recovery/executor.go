package recovery

import (
	"context"

	"orchestrator/internal/execute"
	"orchestrator/internal/observe"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// executorOptions are those of a run that belongs to a recovery; uid is empty where there is none.
func (e *Engine) executorOptions(cluster, uid string, log *recoveryLog) execute.Options {
	cfg := e.o.Config()
	return execute.Options{
		Server:   e.o.Servers,
		MayWrite: func(ctx context.Context) error { return e.o.Leader.Confirm(ctx) },
		OnStep: func(s plan.Step) {
			if log != nil {
				log.step(s)
			}
			e.progress(Progress{Kind: StepChanged, Cluster: cluster, Server: s.Server, Text: s.Action.String(), Step: &s, Recovery: uid})
			if s.NoReturn && s.State == plan.Done {
				e.progress(Progress{Kind: Promoted, Cluster: cluster, Server: s.Server, Text: "accepts writes", Recovery: uid})
			}
		},
		Cancellable: func(ctx context.Context) (context.Context, func()) {
			if log == nil {
				return ctx, func() {}
			}
			return log.cancellable(ctx, "")
		},
		OnRepointed: func(k topology.Key, channel string, source topology.Key) {
			e.o.Observer.Apply(observe.Repointed{Key: k, Channel: channel, Source: source})
		},
		Identities: &e.identities,
		Parallel:   max(cfg.MaxConcurrentReplicaOperations, 1),
		Patience:   cfg.ReasonableReplicationLag(),
		Events:     execute.EventOptionsOf(cfg),
		Now:        e.o.Now,
		Logger:     e.o.Logger,
	}
}
