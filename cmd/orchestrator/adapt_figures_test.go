package main

import (
	"context"
	"encoding/json"
	"testing"

	"orchestrator/internal/config"
	"orchestrator/internal/observe"
	"orchestrator/internal/publish"
	"orchestrator/internal/recovery"
	"orchestrator/internal/store"
)

func TestTally(t *testing.T) {
	count := newTally()
	for _, p := range []recovery.Progress{
		{Kind: recovery.Began, Repair: "dead_master"}, {Kind: recovery.Began, Repair: "dead_master"}, {Kind: recovery.Began, Repair: "dead_co_master"},
		{Kind: recovery.Finished, Repair: "dead_master", Success: true}, {Kind: recovery.Finished, Repair: "dead_co_master"},
	} {
		count.progress(p)
	}
	var numbers map[string]float64
	must(t, json.Unmarshal([]byte(answerOf(t, debugMetrics(count.figures))), &numbers))
	for name, want := range map[string]float64{
		"recover.pending": 1, "recover.dead_master.start": 2, "recover.dead_master.success": 1, "recover.dead_master.fail": 0,
		"recover.dead_co_master.fail": 1, "recover.dead_intermediate_master.start": 0,
	} {
		if got, ok := numbers[name]; !ok || got != want {
			t.Errorf("%s is %v (%v), want %v", name, got, ok, want)
		}
	}
}

func TestGraphitePrefix(t *testing.T) {
	for want, c := range map[string]config.Config{
		"dba.node1_example_com": {GraphitePath: "dba.{hostname}.", GraphiteConvertHostnameDotsToUnderscores: true},
		"dba.node1.example.com": {GraphitePath: "dba.{hostname}"},
		"dba":                   {GraphitePath: "dba", GraphiteConvertHostnameDotsToUnderscores: true},
	} {
		if got := graphitePrefix(&c, "node1.example.com"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestFiguresOfAService reads what a service measures under the names of the original.
func TestFiguresOfAService(t *testing.T) {
	parts := testParts(t, testFile(t), "")
	writer := parts.store.NewWriter(store.WriterOptions{})
	t.Cleanup(func() { must(t, writer.Close(context.Background())) })
	s := &service{parts: parts, writer: writer, observer: observe.New(observe.Options{Prober: testProber(t), Config: parts.config})}
	got := map[string]publish.Figure{}
	for _, f := range publishedFigures(s, newTally())() {
		got[f.Name] = f
	}
	parts.health.Health(t.Context())
	for _, f := range publishedFigures(s, newTally())() {
		if f.Name == "health.is_healthy" && (f.Value != 1 || got[f.Name].Value != 0) {
			t.Errorf("healthy: %v before, %v after the first sign of life", got[f.Name].Value, f.Value)
		}
	}
	for _, name := range []string{"discoveries.attempt", "discoveries.dead_instances_queue_length", "elect.is_elected", "instance.write", "recover.pending"} {
		if _, ok := got[name]; !ok {
			t.Errorf("no figure %s", name)
		}
	}
}
