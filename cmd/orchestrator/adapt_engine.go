package main

import (
	"context"
	"log/slog"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
	"orchestrator/internal/recovery"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
)

// engine is what both forms have in common.
func (p *parts) engine() *operate.Engine {
	return &operate.Engine{
		Config: p.config, Now: p.now, Log: p.log, Node: p.node,
		Records: records{p.store, func() time.Duration { return p.config().RecoveryPeriodBlock() }}, Extra: extraFiles{p.config}, Audit: p.audit, Switch: recoverySwitch{p.store}, Clusters: clusterSwitches{p.store},
		Leadership: p.leader, Health: p.health, Settings: p.settings, Backend: backend{p.store, p.log},
		Pools: p.submitted(), Attributes: p.submitted(), GameDayLog: gameDayLog{p.store}, KeyValues: p.submitted(), History: pastFleet{p.store},
		Election: p.election(), AccessTokens: tokens{p.store, p.config},
	}
}

// serviceEngine is what operations work on in the service: the fleet as the observer sees it.
func (p *parts) serviceEngine(o *observe.Observer, kept *pictureStore, r *recovery.Engine, servers *server.Servers, onStep func(plan.Step)) *operate.Engine {
	picture := livePicture{o}
	p.audit.lookUpClusters(picture.clusterOf)
	e := p.engine()
	e.Live = true
	e.Picture = picture
	e.Names = hostNames{o}
	e.Discovery = liveDiscovery{observer: o, config: p.config, write: kept.Observe, forget: kept.ForgetInstances, announce: p.store.Announce}
	e.Declarations = p.declarations(o.Apply)
	e.Repairer = repairer{r}
	e.Running = underWay{r}
	e.Takeovers = takeovers{r, p.node}
	moving := p.serviceMoves(o, servers, r.Busy, onStep)
	e.Moves, e.Relocations, e.Logs = moving, moving, moving
	e.HostNames = p.hostNameRecords(o, o.Apply)
	e.Metrics = measurements{o}
	e.Managers = fellows{p, p.now(), p.publisher.Standings}
	if p.raft != nil {
		e.Raft = p.raft
		answerReports(p.raft, e)
	}
	e.BackendMetrics = backendMeasurements{p.store, kept.writer}
	return e
}

// commandEngine is what operations work on in a command that runs once: what the backend has stored. Only discover,
// recover, the takeovers, explain and what changes servers reach them. Call wait before the process ends.
func (p *parts) commandEngine() (e *operate.Engine, wait func()) {
	picture := &storedPicture{store: p.store}
	p.audit.lookUpClusters(picture.clusterOf)
	once := &oneShot{parts: p, picture: picture}
	// An observer that does not run reaches no server; it only knows how to resolve names.
	resolver := observe.New(observe.Options{Config: p.config, Logger: p.log, Now: p.now})
	e = p.engine()
	e.Picture = picture
	e.Names = hostNames{resolver}
	e.Discovery = once
	e.Declarations = p.declarations(func(observe.Change) { picture.changed() })
	e.Repairer = once
	e.Takeovers = once
	e.Moves = moves{once.withRunner, p.config}
	e.Relocations = moves{once.withRunner, p.config}
	e.Logs = moves{once.withRunner, p.config}
	e.HostNames = p.hostNameRecords(resolver, func(observe.Change) { picture.changed() })
	return e, once.wait
}

// backend is the database as operations on itself see it.
type backend struct {
	store *store.Store
	log   *slog.Logger
}

// Redeploy implements operate.Backend.
func (b backend) Redeploy(ctx context.Context) error { return b.store.Deploy(ctx) }
