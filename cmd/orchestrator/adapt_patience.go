package main

import (
	"context"
	"log/slog"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// patientStore lets a service that has begun wait for a backend that fails while the last known picture is loaded,
// instead of ending: it would have to be started again for nothing.
type patientStore struct {
	observe.Store
	log *slog.Logger
}

// loadAgain is how long to wait before the backend is asked again.
const loadAgain = time.Second

// LoadInstances implements observe.Store.
func (s patientStore) LoadInstances(ctx context.Context) (instances []*topology.Instance, names topology.Names, err error) {
	err = s.until(ctx, func() error {
		instances, names, err = s.Store.LoadInstances(ctx)
		return err
	})
	return instances, names, err
}

// LoadAliasOverrides implements observe.Store.
func (s patientStore) LoadAliasOverrides(ctx context.Context) (aliases map[string]string, err error) {
	err = s.until(ctx, func() error {
		aliases, err = s.Store.LoadAliasOverrides(ctx)
		return err
	})
	return aliases, err
}

// until tries again as long as there is hope, and says so once.
func (s patientStore) until(ctx context.Context, do func() error) error {
	for said := false; ; said = true {
		err := do()
		if err == nil || !store.Retryable(err) || ctx.Err() != nil {
			return err
		}
		if !said {
			s.log.Warn("what was last known cannot be loaded; it is tried again and again, and until then no server is looked at", "error", err)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(loadAgain):
		}
	}
}
