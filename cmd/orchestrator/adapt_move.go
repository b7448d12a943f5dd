package main

import (
	"context"
	"fmt"

	"orchestrator/internal/config"
	"orchestrator/internal/execute"
	"orchestrator/internal/move"
	"orchestrator/internal/observe"
	"orchestrator/internal/plan"
	"orchestrator/internal/publish"
	"orchestrator/internal/refactor"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// moves are the operations that change servers as people ask for them.
type moves struct {
	// with lets something work with a runner that sees the cluster of a server.
	with   func(ctx context.Context, key topology.Key, do func(context.Context, *move.Runner) error) error
	config func() *config.Config
}

// runner makes what runs operations on what the observer sees.
func (p *parts) runner(o *observe.Observer, servers *server.Servers, busy func(cluster string) bool, onStep func(plan.Step)) *move.Runner {
	return move.New(move.Options{
		Picture: o, Locks: p.declarations(o.Apply), Audit: p.audit, Servers: execute.RealNamed(servers, p.virtualNames(o, true), p.machines), Leader: p.leader,
		Config: p.config, Places: places{p.store}, Owner: p.node.Hostname, Now: p.now, Logger: p.log, Busy: busy, OnStep: onStep,
		TookPlace: func(ctx context.Context, successor, demoted topology.Key) error {
			return p.hooks.moves.RunTakePrimary(ctx, publish.List{Name: "PostTakeMasterProcesses", Commands: p.config().PostTakeMasterProcesses}, successor, demoted)
		},
		// While it was detached, the replica was at the top of a cluster of its own, which may have got the alias.
		Reattached: func(ctx context.Context, replica, source topology.Key) error {
			return p.store.RenameCluster(ctx, replica.String(), source.String())
		},
	})
}

// injector makes what writes pseudo-GTID entries.
func (p *parts) injector(o *observe.Observer, servers *server.Servers, busy func(cluster string) bool) *move.Injector {
	return move.NewInjector(move.InjectorOptions{
		Snapshot: o.Snapshot, Servers: func(k topology.Key) move.Injected { return servers.For(k) }, Leader: p.leader, Config: p.config,
		Busy: busy, Record: p.store.RecordInjectedPseudoGTID, Now: p.now, Logger: p.log,
	})
}

// serviceMoves work on what the service's observer sees.
func (p *parts) serviceMoves(o *observe.Observer, servers *server.Servers, busy func(cluster string) bool, onStep func(plan.Step)) moves {
	r := p.runner(o, servers, busy, onStep)
	return moves{func(ctx context.Context, _ topology.Key, do func(context.Context, *move.Runner) error) error {
		return do(ctx, r)
	}, p.config}
}

// withRunner runs an observer on the cluster of a server for as long as do works.
func (s *oneShot) withRunner(ctx context.Context, key topology.Key, do func(context.Context, *move.Runner) error) error {
	t, err := s.picture.Topology(ctx)
	if err != nil {
		return err
	}
	if t.Instance(key) == nil {
		return fmt.Errorf("%s is not known: discover it first", key)
	}
	return s.observe(ctx, key, func(ctx context.Context, o *observe.Observer, servers *server.Servers) error {
		if err := s.complete(ctx, o, key); err != nil {
			return err
		}
		return do(ctx, s.runner(o, servers, nil, nil))
	})
}

// Single implements operate.Moves.
func (m moves) Single(ctx context.Context, r refactor.Request) (done move.Done, err error) {
	err = m.with(ctx, r.Server, func(ctx context.Context, runner *move.Runner) error {
		done, err = runner.Run(ctx, runner.Single(r))
		return err
	})
	return done, err
}

// PlanSingle implements operate.Moves.
func (m moves) PlanSingle(ctx context.Context, r refactor.Request) (p plan.Plan, err error) {
	err = m.with(ctx, r.Server, func(ctx context.Context, runner *move.Runner) error {
		p, err = runner.Preview(ctx, runner.Single(r))
		return err
	})
	return p, err
}

// RestartStatements implements operate.Moves.
func (m moves) RestartStatements(ctx context.Context, key topology.Key, between string) (list []string, err error) {
	err = m.with(ctx, key, func(ctx context.Context, runner *move.Runner) error {
		list, err = runner.RestartStatements(ctx, key, between)
		return err
	})
	return list, err
}

// LocateErrant implements operate.Moves.
func (m moves) LocateErrant(ctx context.Context, key topology.Key) (files []string, err error) {
	err = m.with(ctx, key, func(ctx context.Context, runner *move.Runner) error {
		files, err = runner.LocateErrant(ctx, key)
		return err
	})
	return files, err
}

// Donors implements operate.Moves.
func (m moves) Donors(ctx context.Context, key topology.Key) (list []refactor.Donor, refusal *topology.Refusal, err error) {
	err = m.with(ctx, key, func(ctx context.Context, runner *move.Runner) error {
		list, refusal, err = runner.Donors(ctx, key)
		return err
	})
	return list, refusal, err
}

// ErrantStatements implements operate.Moves.
func (m moves) ErrantStatements(ctx context.Context, key topology.Key) (events []move.ErrantEvent, cutOff bool, err error) {
	err = m.with(ctx, key, func(ctx context.Context, runner *move.Runner) error {
		events, cutOff, err = runner.ErrantStatements(ctx, key)
		return err
	})
	return events, cutOff, err
}
