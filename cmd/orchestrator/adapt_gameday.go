package main

import (
	"context"
	"encoding/json"
	"fmt"

	"orchestrator/internal/config"
	"orchestrator/internal/execute"
	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/rehearsal"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// gameDayLog keeps the records of game days in the backend.
type gameDayLog struct{ store *store.Store }

// GameDays implements operate.GameDayLog.
func (l gameDayLog) GameDays(ctx context.Context) ([]operate.GameDay, error) {
	rows, err := l.store.GameDays(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]operate.GameDay, len(rows))
	for n, row := range rows {
		if err := json.Unmarshal([]byte(row.Record), &list[n]); err != nil {
			return nil, fmt.Errorf("the record of game day %s: %w", row.ID, err)
		}
	}
	return list, nil
}

// PutGameDay implements operate.GameDayLog.
func (l gameDayLog) PutGameDay(ctx context.Context, d operate.GameDay) error {
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("the record of a game day of %s: %w", d.Server, err)
	}
	return l.store.PutGameDay(ctx, store.GameDay{ID: fmt.Sprintf("%s %d", d.Server, d.Begun.UnixNano()), Begun: d.Begun, Record: string(text)})
}

// machines reach the processes of servers where they run.
type machines interface {
	execute.Machines
	operate.Machines
}

// rehearsals ask the servers of a cluster whether they take writes, during a game day.
func (s *service) rehearsals() *rehearsal.Watcher {
	cfg := s.options.Settings.config
	return rehearsal.New(rehearsal.Options{
		Gauge:   func(k topology.Key) rehearsal.Gauge { return gauge{s.prober.servers.For(k).WriteGauge(), cfg} },
		Commits: func() bool { return checksWrites(cfg()) },
		Writer:  func(k topology.Key) bool { return takesWrites(s.observer, k) },
		Leads:   s.parts.leader.IsLeader,
		Tell: func(is rehearsal.Series) {
			if api := s.api; api != nil {
				api.Writes(&is)
			}
		},
		Now: s.parts.now, Logger: s.options.Logger,
	})
}

// checksWrites says whether the configuration wants a table to be written to see that primaries take writes.
func checksWrites(c *config.Config) bool {
	return c.WriteCheckTable != "" && c.CannotWriteAfter() > 0
}

// takesWrites says whether a server is the primary of its cluster, and nobody else is.
func takesWrites(o *observe.Observer, k topology.Key) bool {
	t := o.Snapshot()
	i := t.Instance(k)
	if i == nil || i.ReadOnly || !i.LastCheckValid() || i.HasSource() || i.Downtime.LostInRecovery() {
		return false
	}
	c := t.Cluster(i.ClusterName)
	if c == nil {
		return false
	}
	writers := 0
	for _, m := range c.Members {
		if !m.ReadOnly && !m.IsBinlogServer() && m.LastCheckValid() {
			writers++
		}
	}
	return writers == 1
}

// gauge asks a server on a connection of its own.
type gauge struct {
	*server.WriteGauge
	config func() *config.Config
}

// Ask implements rehearsal.Gauge.
func (g gauge) Ask(ctx context.Context, q rehearsal.Question) (rehearsal.Answer, error) {
	ask := server.WriteQuestion{Source: q.Source}
	if q.Commit {
		ask = server.WriteQuestion{Source: true, Table: g.config().WriteCheckTable}
	}
	a, err := g.WriteGauge.Ask(ctx, ask)
	return rehearsal.Answer(a), err
}
