package main

import (
	"context"
	"log/slog"
	"sync"

	"orchestrator/internal/recovery"
	"orchestrator/internal/store"
)

// heldBook writes down what holds back the recoveries that detections call for. Recoveries do not wait for it.
type heldBook struct {
	store *store.Store
	log   *slog.Logger
	soon  chan struct{} // holds one token when something is to be written

	mu      sync.Mutex
	waiting map[int64]store.DetectionHold // the newest of each detection
}

func newHeldBook(s *store.Store, log *slog.Logger) *heldBook {
	return &heldBook{store: s, log: log, soon: make(chan struct{}, 1), waiting: make(map[int64]store.DetectionHold)}
}

// progress takes in what is told of recoveries. It does not wait.
func (b *heldBook) progress(p recovery.Progress) {
	if p.Detection == 0 || p.Kind != recovery.Held && p.Kind != recovery.Waits {
		return
	}
	b.mu.Lock()
	b.waiting[p.Detection] = store.DetectionHold{Detection: p.Detection, Rule: p.Hold.Rule, Reason: p.Hold.Reason, Setting: p.Hold.Setting, Until: p.Hold.Until, At: p.At}
	b.mu.Unlock()
	hurry(b.soon)
}

// run writes until ctx ends. What the backend does not take is told, and given up: the next reason comes with the next look.
func (b *heldBook) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.soon:
		}
		b.mu.Lock()
		due := b.waiting
		b.waiting = make(map[int64]store.DetectionHold)
		b.mu.Unlock()
		for _, h := range due {
			if err := b.store.NoteDetectionHold(ctx, h); err != nil && ctx.Err() == nil {
				b.log.Warn("what holds a recovery back is not on record", "detection", h.Detection, "rule", h.Rule, "error", err)
			}
		}
	}
}
