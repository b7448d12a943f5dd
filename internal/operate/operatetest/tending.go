package operatetest

import (
	"context"
	"errors"
	"fmt"

	"orchestrator/internal/move"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	servers "orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// Single notes the call; the server is as it was.
func (b *Backend) Single(ctx context.Context, r refactor.Request) (move.Done, error) {
	t, err := b.Topology(ctx)
	if err != nil {
		return move.Done{}, err
	}
	err = b.note("%s %s number=%d file=%s at=%s force=%t", r.Operation, r.Server, r.Number, r.File, r.At, r.Force)
	return move.Done{Plan: plan.Plan{Steps: make([]plan.Step, 1)}, Topology: t, Subject: r.Server}, err
}

// PlanSingle plans one step.
func (b *Backend) PlanSingle(_ context.Context, r refactor.Request) (plan.Plan, error) {
	p := plan.Plan{Title: fmt.Sprintf("%s of %s", r.Operation, r.Server)}
	p.Add(1, plan.Step{Phase: plan.Stop, Server: r.Server, Action: plan.Action{Verb: plan.StopReplica}, Why: "it is asked for"})
	return p, b.Fail
}

// RestartStatements are two, and what is given between them.
func (b *Backend) RestartStatements(_ context.Context, _ topology.Key, between string) ([]string, error) {
	if between == "" {
		return []string{"STOP REPLICA;", "START REPLICA;"}, b.Fail
	}
	return []string{"STOP REPLICA;", between + ";", "START REPLICA;"}, b.Fail
}

// LocateErrant finds two files.
func (b *Backend) LocateErrant(context.Context, topology.Key) ([]string, error) {
	return []string{"binlog.000003", "binlog.000007"}, b.Fail
}

// Donors finds the others of the cluster.
func (b *Backend) Donors(ctx context.Context, key topology.Key) ([]refactor.Donor, *topology.Refusal, error) {
	t, err := b.Topology(ctx)
	if err != nil || t.Instance(key) == nil {
		return nil, nil, errors.Join(err, b.Fail)
	}
	i := t.Instance(key)
	return refactor.Donors(t, i, nil, 0), refactor.Rebuildable(t, i, nil), b.Fail
}

// ErrantStatements finds one.
func (b *Backend) ErrantStatements(context.Context, topology.Key) ([]move.ErrantEvent, bool, error) {
	return []move.ErrantEvent{{GTID: "00000000-0000-0000-0000-000000000001:7", Event: servers.BinlogEvent{
		LogName: "mysql-bin.000002", Pos: 234, EventType: "Query", Info: "CREATE DATABASE stray",
	}}}, false, nil
}
