package main

import (
	"context"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/store"
)

// pastFleet is how the fleet was, from the backend.
type pastFleet struct{ store *store.Store }

// Snapshot implements operate.History.
func (p pastFleet) Snapshot(ctx context.Context) error { return p.store.SnapshotTopologies(ctx) }

// Snapshots implements operate.History.
func (p pastFleet) Snapshots(ctx context.Context) ([]time.Time, error) {
	return p.store.TopologySnapshots(ctx)
}

// ClusterAt implements operate.History.
func (p pastFleet) ClusterAt(ctx context.Context, cluster string, at time.Time) ([]operate.PastServer, error) {
	rows, err := p.store.TopologyHistory(ctx, cluster, at)
	return each(rows, func(r store.TopologyRow) operate.PastServer {
		return operate.PastServer{Key: r.Key, Source: r.Source}
	}), err
}

// Equivalents implements operate.History.
func (p pastFleet) Equivalents(ctx context.Context, at operate.PositionOn) ([]operate.PositionOn, error) {
	rows, err := p.store.Equivalents(ctx, store.PositionOn{Key: at.Key, At: at.Coordinates})
	return each(rows, func(r store.PositionOn) operate.PositionOn {
		return operate.PositionOn{Key: r.Key, Coordinates: r.At}
	}), err
}

// backendMeasurements are how writing to the backend went lately.
type backendMeasurements struct {
	store  *store.Store
	writer *store.Writer // nil: nothing is written behind anybody's back
}

// Writes implements operate.BackendMetrics.
func (m backendMeasurements) Writes(since time.Time) []operate.BackendWrite {
	return each(m.store.Writes(since), func(w store.WriteStat) operate.BackendWrite { return operate.BackendWrite(w) })
}

// Flushes implements operate.BackendMetrics.
func (m backendMeasurements) Flushes(since time.Time) []operate.BufferFlush {
	list := []operate.BufferFlush{}
	if m.writer == nil {
		return list
	}
	for _, f := range m.writer.Stats().Flushes {
		if !f.At.Before(since) {
			list = append(list, operate.BufferFlush{At: f.At, Instances: f.Rows, Wait: f.Waiting, Took: f.Took})
		}
	}
	return list
}
