package move

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"orchestrator/internal/config"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// Single is the job of an operation on one server.
func (r *Runner) Single(want refactor.Request) Job {
	j := Job{
		Operation: string(want.Operation), AuditType: want.Operation.AuditType(), Subject: want.Server,
		Unlocked: want.Operation.Unlocked(), Gentle: want.Operation.Gentle(),
		Look: func(t *topology.Topology) []topology.Key { return refactor.Look(t, want) },
		Plan: func(t *topology.Topology) (plan.Plan, *topology.Refusal) {
			return refactor.Single(t, want, policyOf(r.o.Config()))
		},
	}
	if want.Operation == refactor.RebuildReplica {
		r.rebuilding(&j, want)
	}
	if (want.Operation == refactor.ReattachReplica || want.Operation == refactor.RebuildReplica) && r.o.Reattached != nil {
		j.Then = func(ctx context.Context, p *plan.Plan) error { return r.o.Reattached(ctx, want.Server, p.Successor) }
	}
	return j
}

func policyOf(c *config.Config) refactor.Policy {
	return refactor.Policy{
		SuperReadOnly: c.UseSuperReadOnly, Patience: c.ReasonableReplicationLag(),
		SemiSyncByCount: c.EnforceExactSemiSyncReplicas || c.RecoverLockedSemiSyncMaster,
	}
}

// fresh looks at a server and returns it as it is known afterwards.
func (r *Runner) fresh(ctx context.Context, key topology.Key) (*topology.Instance, error) {
	t := r.o.Picture.Snapshot()
	i := t.Instance(key)
	if i == nil {
		return nil, fmt.Errorf("%s is not known: discover it first", key)
	}
	keys := []topology.Key{key}
	if s := t.Source(i); s != nil {
		keys = append(keys, s.Key)
	}
	err := r.o.Picture.Probe(ctx, keys...)
	i = r.o.Picture.Snapshot().Instance(key)
	if i == nil || !i.LastCheckValid() {
		return nil, errors.Join(fmt.Errorf("%s cannot be reached", key), err)
	}
	return i, nil
}

// RestartStatements are the statements that stop the threads of a replica that run, do something in between unless it
// is empty, and start them again. Nothing is done.
func (r *Runner) RestartStatements(ctx context.Context, key topology.Key, between string) ([]string, error) {
	i, err := r.fresh(ctx, key)
	switch {
	case err != nil:
		return nil, err
	case !i.IsReplica():
		return nil, fmt.Errorf("%s is not a replica", key)
	}
	d, c := server.DialectOf(i.Version, i.VersionComment), &i.Channel
	var stop, start []string
	for _, thread := range []struct {
		state topology.ThreadState
		name  server.Threads
	}{{c.IOThread, server.IOThread}, {c.SQLThread, server.SQLThread}} {
		if thread.state.Exists() && thread.state != topology.ThreadStopped {
			stop = append(stop, d.StopReplica(thread.name, c.Name))
			start = append([]string{d.StartReplica(thread.name, c.Name)}, start...)
		}
	}
	var list []string
	for _, statement := range slices.Concat(stop, []string{between}, start) {
		if statement = strings.TrimRight(strings.TrimSpace(statement), "; "); statement != "" {
			list = append(list, statement+";")
		}
	}
	return list, nil
}
