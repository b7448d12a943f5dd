package v2

import (
	"context"
	"time"

	"orchestrator/internal/topology"
)

// lagEvery is how often the greatest lag of each cluster is looked at; nobody is asked.
const lagEvery = 10 * time.Second

// runLags looks at the picture until ctx ends.
func (a *API) runLags(ctx context.Context) {
	tick := time.NewTicker(lagEvery)
	defer tick.Stop()
	for {
		t, err := a.Engine.Picture.Topology(ctx)
		switch {
		case err == nil:
			a.noteLags(t)
		case ctx.Err() == nil:
			a.Logger.WarnContext(ctx, "the lags of clusters cannot be noted", "error", err)
		}
		a.lost(ctx, lagEvery)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (a *API) noteLags(t *topology.Topology) {
	now, there := a.Engine.Now().UTC(), map[string]bool{}
	for _, c := range t.Clusters() {
		there[c.Alias] = true
		a.lags.note(now, c.Alias, greatestLag(c.Members))
	}
	a.trends.note(now, t.Instances())
	a.noteTroubles(t.Instances())
	a.troubles.keep(func(k topology.Key) bool { return t.Instance(k) != nil })
	a.lags.forget(now, func(alias string) bool { return there[alias] })
}

func sameLag(a, b *int64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
