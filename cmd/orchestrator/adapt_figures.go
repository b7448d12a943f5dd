package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync"

	"orchestrator/internal/config"
	"orchestrator/internal/observe"
	"orchestrator/internal/publish"
	"orchestrator/internal/recovery"
)

// tally counts recoveries for the figures that go under their published names.
type tally struct {
	mu                       sync.Mutex
	started, succeeded, lost map[string]int // by kind of repair
	pending                  int
}

func newTally() *tally {
	return &tally{started: map[string]int{}, succeeded: map[string]int{}, lost: map[string]int{}}
}

// progress follows the course of recoveries.
func (t *tally) progress(p recovery.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case p.Kind == recovery.Began:
		t.started[p.Repair]++
		t.pending++
	case p.Kind == recovery.Finished:
		t.pending = max(t.pending-1, 0)
		if p.Success {
			t.succeeded[p.Repair]++
		} else {
			t.lost[p.Repair]++
		}
	}
}

func (t *tally) figures() []publish.Figure {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := []publish.Figure{{Name: "recover.pending", Value: float64(t.pending)}}
	for _, repair := range recovery.Repairs() {
		for _, f := range []struct {
			name string
			of   map[string]int
		}{{"start", t.started}, {"success", t.succeeded}, {"fail", t.lost}} {
			list = append(list, publish.Figure{Name: "recover." + repair + "." + f.name, Value: float64(f.of[repair]), Total: true})
		}
	}
	return list
}

// publishedFigures are what the service measures, under the names that dashboards of the original know. What the
// original counted of its own inner life, which is not there any more, is left out.
func publishedFigures(s *service, t *tally) func() []publish.Figure {
	return func() []publish.Figure {
		seen, written := s.observer.Stats(), s.writer.Stats()
		queued := 0
		for _, sample := range s.observer.QueueSamples(observe.DeadQueue, 1) {
			queued = sample.Queued
		}
		health := s.parts.health.latest()
		return append([]publish.Figure{
			{Name: "discoveries.attempt", Value: float64(seen.Probes), Total: true},
			{Name: "discoveries.fail", Value: float64(seen.Failures), Total: true},
			{Name: "discoveries.queue_length", Value: float64(seen.Queued)},
			{Name: "discoveries.dead_instances", Value: float64(seen.Invalid)},
			{Name: "discoveries.dead_instances_queue_length", Value: float64(queued)},
			{Name: "instance.read_topology", Value: float64(seen.Probes), Total: true},
			{Name: "instance.write", Value: float64(written.Full + written.Touched), Total: true},
			{Name: "elect.is_elected", Value: oneIf(s.parts.leader.IsLeader())},
			{Name: "health.is_healthy", Value: oneIf(health.Hostname != "" && health.Err == nil)},
		}, t.figures()...)
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// debugMetrics answers /debug/metrics: one JSON object, with a number for each name.
func debugMetrics(figures func() []publish.Figure) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		numbers := map[string]float64{}
		for _, f := range figures() {
			numbers[f.Name] = f.Value
		}
		text, err := json.Marshal(numbers)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(text) // that the client has gone concerns nobody
	})
}

// graphite is what sends figures as the configuration says; ok is false when it is off.
func (s *service) graphite(figures func() []publish.Figure) (g publish.Graphite, ok bool) {
	c := s.options.Settings.config()
	if _, _, err := net.SplitHostPort(c.GraphiteAddr); err != nil || c.GraphitePath == "" || c.GraphitePoll() <= 0 {
		return g, false // the warnings of the configuration say so
	}
	return publish.Graphite{
		Address: c.GraphiteAddr, Prefix: graphitePrefix(c, s.parts.node.Hostname), Every: c.GraphitePoll(),
		Figures: figures, Now: s.parts.now, Logger: s.options.Logger,
	}, true
}

func graphitePrefix(c *config.Config, hostname string) string {
	if c.GraphiteConvertHostnameDotsToUnderscores {
		hostname = strings.ReplaceAll(hostname, ".", "_")
	}
	return strings.TrimSuffix(strings.ReplaceAll(c.GraphitePath, "{hostname}", hostname), ".")
}

// sendFigures sends to Graphite until ctx ends, if the configuration wants that.
func (s *service) sendFigures(ctx context.Context) error {
	if g, ok := s.graphite(s.figures); ok {
		g.Run(ctx)
	}
	return nil
}
