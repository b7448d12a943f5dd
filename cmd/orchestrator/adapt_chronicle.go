package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// chronicle writes down, while this process leads, what only the course of time shows: how the analysis of each server
// changes, where binary logs stood, and how the fleet was composed.
type chronicle struct {
	store    *store.Store
	snapshot func() *topology.Topology
	leads    func() bool
	config   func() *config.Config
	now      func() time.Time
	log      *slog.Logger

	codes       map[topology.Key]analysis.Code // as recorded last
	coordinates time.Time                      // when they were recorded last
	topologies  time.Time                      // the same
	failing     bool
}

const (
	// analysisEvery is how often the analysis is compared with the one before.
	analysisEvery = 2 * time.Second
	// coordinatesEvery is how often the positions of binary logs are recorded.
	coordinatesEvery = time.Minute
)

func (p *parts) chronicle(snapshot func() *topology.Topology) *chronicle {
	return &chronicle{store: p.store, snapshot: snapshot, leads: p.leader.IsLeader, config: p.config, now: p.now, log: p.log}
}

// run records until ctx ends.
func (c *chronicle) run(ctx context.Context) {
	ticker := time.NewTicker(analysisEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := c.record(ctx)
		if err != nil && !c.failing && ctx.Err() == nil {
			c.log.Warn("the history of the fleet is not recorded", "error", err)
		}
		c.failing = err != nil
	}
}

// record writes down what is due.
func (c *chronicle) record(ctx context.Context) error {
	if !c.leads() {
		c.codes = nil // another process records, and this one begins anew
		return nil
	}
	return errors.Join(c.analyses(ctx), c.positions(ctx), c.composition(ctx))
}

// analyses records the code of each server that has replicas, when it is another than before.
func (c *chronicle) analyses(ctx context.Context) error {
	policy := analysis.PolicyOf(c.config())
	policy.Live, policy.IncludeNoProblem, policy.IncludeDowntimed = true, true, true
	var changed []store.AnalysisChange
	var errs []error
	codes := make(map[topology.Key]analysis.Code)
	for _, f := range analysis.Analyze(c.snapshot(), policy, c.now()) {
		if slices.Contains(analysis.EmergencyOf(f.Code), analysis.RecordStale) {
			_, err := c.store.RecordStaleCoordinates(ctx, f.Key, f.Coordinates)
			errs = append(errs, err)
		}
		if f.CountReplicas == 0 {
			continue
		}
		codes[f.Key] = f.Code
		if c.codes[f.Key] != f.Code {
			changed = append(changed, store.AnalysisChange{Key: f.Key, Analysis: string(f.Code), At: c.now()})
		}
	}
	_, err := c.store.RecordAnalyses(ctx, changed)
	if err == nil {
		c.codes = codes
	}
	return errors.Join(append(errs, err)...)
}

// positions records where the binary logs stand.
func (c *chronicle) positions(ctx context.Context) error {
	now := c.now()
	if now.Sub(c.coordinates) < coordinatesEvery {
		return nil
	}
	err := c.store.RecordCoordinates(ctx)
	if err == nil {
		c.coordinates = now
	}
	return err
}

// composition copies the tree of the fleet when the last copy, whoever took it, is old enough.
func (c *chronicle) composition(ctx context.Context) error {
	every, now := c.config().SnapshotTopologiesInterval(), c.now()
	if every <= 0 || now.Sub(c.topologies) < every {
		return nil
	}
	last, err := c.store.LastTopologySnapshot(ctx)
	if err == nil && now.Sub(last) >= every {
		last, err = now, c.store.SnapshotTopologies(ctx)
	}
	if err == nil {
		c.topologies = last
	}
	return err
}
