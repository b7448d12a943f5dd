package main

import (
	"context"
	"time"

	"orchestrator/internal/refactor"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// places are the positions that the backend knows to be the same.
type places struct{ store *store.Store }

// Equivalents implements move.Places.
func (p places) Equivalents(ctx context.Context, key topology.Key, at topology.Coordinates) ([]refactor.Equivalent, error) {
	rows, err := p.store.Equivalents(ctx, store.PositionOn{Key: key, At: at})
	return each(rows, func(r store.PositionOn) refactor.Equivalent { return refactor.Equivalent(r) }), err
}

// RecordEquivalence implements move.Places.
func (p places) RecordEquivalence(ctx context.Context, key topology.Key, at topology.Coordinates, same refactor.Equivalent) error {
	return p.store.RecordEquivalence(ctx, store.PositionOn{Key: key, At: at}, store.PositionOn(same))
}

// Injected implements move.Places.
func (p places) Injected(ctx context.Context) (map[string]time.Time, error) {
	return p.store.InjectedPseudoGTID(ctx)
}
