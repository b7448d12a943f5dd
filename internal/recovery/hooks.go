package recovery

import (
	"context"

	"orchestrator/internal/analysis"
	"orchestrator/internal/publish"
)

// hooks runs a list of hooks, named after its configuration key; an empty one is nothing.
func (e *Engine) hooks(ctx context.Context, name string, list []string, mode publish.Mode, v publish.Values) error {
	if len(list) == 0 {
		return nil
	}
	return e.o.Hooks.Run(ctx, publish.List{Name: name, Commands: list}, v, mode)
}

// recoveryHooks runs a list of hooks of a recovery, once: each is written down before it begins, and who carries on with
// the recovery leaves out those that have begun. The error matches execute.ErrMayNotWrite where the rest of them is
// another process's.
func (e *Engine) recoveryHooks(ctx context.Context, log *recoveryLog, name string, list []string, mode publish.Mode, v publish.Values) error {
	if len(list) == 0 {
		return nil
	}
	begun, known := log.hooksRun(name)
	begun = min(begun, len(list))
	switch {
	case begun > known:
		log.line("%s: %d of %d had begun before the manager ended, and are not run again; how number %d ended is not known", name, begun, len(list), begun)
	case begun > 0:
		log.line("%s: %d of %d had run before the manager ended, and are not run again", name, begun, len(list))
	}
	run, ended := log.cancellable(ctx, name)
	defer ended()
	return e.o.Hooks.Run(run, publish.List{
		Name: name, Commands: list, Skip: begun,
		Begin: func(number int) error { return log.mayRunHook(ctx, name, number) },
		End: func(number int, err error) {
			if ctx.Err() == nil { // else it was stopped with the manager
				log.hookEnds(name, number, mode, err)
			}
		},
	}, v, mode)
}

// values are what hooks are told of a failure and its recovery; r is nil while there is none.
func (e *Engine) values(f *analysis.Finding, r *Recovery) publish.Values {
	v := publish.Values{
		FailureType:              string(f.Code),
		InstanceType:             f.InstanceType(),
		IsPrimary:                f.IsPrimary,
		IsCoPrimary:              f.IsCoPrimary,
		FailureDescription:       f.Description,
		Command:                  f.CommandHint,
		Failed:                   f.Key,
		FailureCluster:           f.ClusterName,
		ClusterAlias:             f.ClusterAlias,
		ClusterDomain:            f.ClusterDomain,
		CountReplicas:            int(f.CountReplicas),
		ReplicaHosts:             f.Replicas,
		IsDowntimed:              f.IsDowntimed,
		AutoPrimaryRecovery:      f.AutomatedPrimaryRecovery,
		AutoIntermediateRecovery: f.AutomatedIntermediateRecovery,
		OrchestratorHost:         e.o.Node.Hostname,
	}
	if r == nil {
		v.RecoveryUID = newUID(e.o.Now())
		return v
	}
	v.RecoveryUID = r.UID
	v.LostReplicas = r.Lost
	v.Successor = r.Successor
	v.SuccessorAlias = r.SuccessorAlias
	v.SuccessorBinlogCoordinates = r.SuccessorCoordinates
	return v
}
