package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/consensus"
	"orchestrator/internal/execute"
	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/publish"
	"orchestrator/internal/recovery"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// parts are what the service and a command that runs once are both made of. All but progress are required.
type parts struct {
	settings  *settings
	store     *store.Store
	node      operate.Node
	now       func() time.Time
	log       *slog.Logger
	audit     *auditor
	hooks     allHooks
	leader    leadership
	raft      *consensus.Raft                                                       // nil without raft
	agree     func(context.Context, *analysis.Finding) ([]recovery.NodeView, error) // nil: this node decides alone
	health    *nodeHealth
	publisher *publish.Publisher      // to the key-value stores outside the backend
	progress  func(recovery.Progress) // told of the course of recoveries
	naming    naming                  // how replicas are pointed at sources
	gate      gate                    // between what this process declares and what it reads of others

	machines machines // that servers run on, for game days; nil: none is reached

	ledgerSeam func(recovery.Ledger) recovery.Ledger // see seams; may be nil
}

// leadership is what operations and recoveries want to know of who leads.
type leadership interface {
	operate.Leadership
	consensus.Leadership
}

func (p *parts) config() *config.Config { return p.settings.config() }

// alive lists the processes whose recoveries and locks count as theirs.
func (p *parts) alive(ctx context.Context) ([]store.Node, error) {
	if p.raft != nil {
		return p.onlyThisNode(ctx)
	}
	return p.health.alive(ctx)
}

// storeNode is this process as the backend knows it.
func (p *parts) storeNode() store.Node {
	return store.Node{Hostname: p.node.Hostname, Token: p.node.Token}
}

// openServers opens the connections to managed servers, by the configuration in force. The caller closes them.
func (p *parts) openServers(m *tlsMemory) (*prober, error) {
	o, err := p.connections(p.config(), m)
	if err != nil {
		return nil, err
	}
	return newProber(o), nil
}

// followReloads lets the connections follow each new configuration; one with which none can be made is refused.
func (p *parts) followReloads(servers *prober, m *tlsMemory) {
	p.settings.onReload(func(c *config.Config) error {
		o, err := p.connections(c, m)
		if err == nil {
			servers.reconfigure(o)
		}
		return err
	})
}

func (p *parts) connections(c *config.Config, m *tlsMemory) (server.Options, error) {
	o, err := serverOptions(c, p.log)
	o.NeedsTLS, o.LearnedTLS = m.needs, m.learned
	return o, err
}

// recoveryEngine makes the engine that recovers with what the observer sees.
func (p *parts) recoveryEngine(o *observe.Observer, servers *server.Servers) *recovery.Engine {
	node := recovery.Node{Hostname: p.node.Hostname, Token: p.node.Token}
	var ledger recovery.Ledger = recovery.NewStoreLedger(p.store, node, p.config, p.alive).AuditTo(p.audit.Audit).TellTo(p.publishSoon)
	if p.ledgerSeam != nil {
		ledger = p.ledgerSeam(ledger)
	}
	return recovery.New(recovery.Options{
		Observer:  o,
		Servers:   execute.RealNamed(servers, p.virtualNames(o, false), nil),
		Former:    func(k topology.Key) recovery.Former { return servers.For(k) },
		Ledger:    ledger,
		Hooks:     p.hooks.Hooks,
		Leader:    p.leader,
		Elsewhere: func() string { return p.health.latest().Active.Hostname },
		Agree:     p.agree,
		Config:    p.config,
		Caller:    operate.CallerOf,
		Node:      node,
		Now:       p.now,
		Progress:  p.progress,
		Logger:    p.log,
	})
}

// underWay are the recoveries of an engine as operations see them.
type underWay struct{ engine *recovery.Engine }

// Running implements operate.RunningRecoveries.
func (u underWay) Running() []operate.RunningRecovery {
	return each(u.engine.Running(), func(r recovery.Running) operate.RunningRecovery { return operate.RunningRecovery(r) })
}

// Cancel implements operate.RunningRecoveries.
func (u underWay) Cancel(cluster, by string) (int, error) { return u.engine.Cancel(cluster, by) }

// repairer is the recovery engine as operations use it.
type repairer struct{ engine *recovery.Engine }

// Recover implements operate.Repairer.
func (r repairer) Recover(ctx context.Context, key, candidate topology.Key, hooks bool) (operate.Repair, error) {
	done, err := r.engine.Recover(ctx, key, candidate, hooks)
	if done == nil {
		return operate.Repair{UncalledFor: errors.Is(err, recovery.ErrUncalledFor)}, err
	}
	return operate.Repair{Attempted: true, Promoted: done.Successor}, err
}

// allHooks runs the hooks of recoveries, and those of moves, which have a convention of their own.
type allHooks struct {
	recovery.Hooks
	moves *publish.Hooks
}
