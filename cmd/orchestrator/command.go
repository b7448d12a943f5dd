package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"orchestrator/internal/cli"
	"orchestrator/internal/operate"
	"orchestrator/internal/publish"
	"orchestrator/internal/recovery"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// noServer is the key of audit lines that are about no server.
var noServer topology.Key

// appearance is how this process shows itself to others, and what it may do to the backend that it opens.
type appearance struct {
	mode, command string
	// updateTables allows to change the backend's tables whatever the configuration says.
	updateTables bool
	naming       naming
}

// openParts opens the backend and what stands on it.
func openParts(ctx context.Context, set *settings, log *slog.Logger, as appearance, hooks allHooks, progress func(recovery.Progress)) (*parts, error) {
	options, err := storeOptions(set.config(), version, log)
	if err != nil {
		return nil, err
	}
	if as.updateTables {
		options.SkipUpdate, options.PanicIfDifferent = false, false
	}
	node, err := newNode(version, commit)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	return &parts{
		settings: set, store: st, node: node, now: time.Now, log: log,
		audit: newAuditor(set.config, st, node.Hostname, time.Now, log),
		hooks: hooks, leader: standalone{}, progress: progress, naming: as.naming,
		health: newNodeHealth(st, node, as.mode, as.command, backendAddress(set.config()), standalone{}, time.Now, log),
	}, nil
}

func (p *parts) close() error { return errors.Join(p.audit.Close(), p.store.Close()) }

// openCommand builds what one command works on: the backend, and servers only where the command reaches them.
func openCommand(ctx context.Context, s cli.Session) (*operate.Engine, func() error, error) {
	set := settingsOf(s)
	hooks := publish.New(hookOptions(set.config, s.Log))
	command := strings.TrimSpace(s.Options.Command)
	p, err := openParts(ctx, set, s.Log, appearance{
		mode: cliMode, command: command,
		updateTables: s.Options.EnableDatabaseUpdate || command == operate.RedeployOperation,
		naming:       namingOf(s.Options),
	}, allHooks{Hooks: hooks, moves: hooks}, nil)
	if err != nil {
		return nil, nil, err
	}
	if err := p.publishes((&storedPicture{store: p.store}).Topology); err != nil {
		return nil, nil, errors.Join(err, p.close())
	}
	e, wait := p.commandEngine()
	e.NoOperation = s.Options.NoOperation
	return e, func() error {
		wait()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
		defer cancel()
		return errors.Join(hooks.Close(end), p.close())
	}, nil
}
