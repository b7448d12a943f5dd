package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/failover"
	"orchestrator/internal/httpapi"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
	"orchestrator/internal/publish"
	"orchestrator/internal/recovery"
)

// secondAPI makes the second generation of the API over the engine, and tells it what happens.
func (s *service) secondAPI(e *operate.Engine, registry *operate.Registry) *v2.API {
	api := v2.New(v2.Deps{
		Engine: e, Registry: registry, Logger: s.options.Logger,
		Forecast: func(ctx context.Context, cluster string, code analysis.Code) (failover.Explanation, error) {
			return s.engine.Forecast(ctx, recovery.Question{Cluster: cluster, Code: code})
		},
		Journal: s.readJournal, Busy: s.engine.Busy, Subscribe: s.observer.Subscribe,
		Stores: s.parts.publisher.Standings, Published: s.parts.publisher.Entries, Beside: s.publishedBeside,
		Addresses: s.parts.store.Addresses,
		Warnings:  func() []config.Warning { return s.options.Settings.lastWarnings() },
	})
	s.parts.audit.tell(api.Audited)
	return api
}

// publishedBeside is what stands in the key-value store of the backend, and where the names of clusters lead.
func (s *service) publishedBeside(ctx context.Context) ([]publish.Listing, error) {
	inside, err := s.parts.publishedInside(ctx)
	if err != nil {
		return nil, err
	}
	return []publish.Listing{inside, s.lookout.Listing()}, nil
}

// signInPossible warns of a service that everybody may change, and refuses to start one that lets nobody in.
func signInPossible(c *config.Config, log *slog.Logger) error {
	if warning := c.OpenWithoutAuthentication(); warning != "" {
		log.Warn(warning)
	}
	if c.AuthUsersFile == "" {
		return nil
	}
	return httpapi.CheckUsersFile(c.AuthUsersFile)
}

// stepped tells of a step of an operation that somebody has asked for.
func (s *service) stepped(step plan.Step) {
	if s.api == nil {
		return
	}
	cluster := ""
	if i := s.observer.Instance(step.Server); i != nil {
		cluster = i.ClusterName
	}
	s.api.Stepped(cluster, step)
}

// readJournal is how far a recovery has come, and what it began with.
func (s *service) readJournal(ctx context.Context, uid string) (j recovery.Journal, ok bool, err error) {
	entry, ok, err := s.parts.store.Journal(ctx, uid)
	if err != nil || !ok {
		return j, false, err
	}
	if err := json.Unmarshal([]byte(entry.State), &j); err != nil {
		return recovery.Journal{}, false, fmt.Errorf("the journal of recovery %s: %w", uid, err)
	}
	return j, true, nil
}
