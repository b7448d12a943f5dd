package operate

import (
	"context"
	"fmt"
	"time"
)

// DefaultQueue is the queue of ordinary probes; the other is DEADINSTANCES.
const DefaultQueue = "DEFAULT"

// monitoring is what was measured lately.
func monitoring() []*Operation {
	seconds := []Arg{{Param: ParamSeconds, Required: true}}
	queue := append([]Arg{{Param: ParamQueue}}, seconds...)
	list := []*Operation{
		{
			Name: "discovery-metrics-raw", Summary: "List the probes of the last seconds", Args: seconds,
			Routes: []string{"discovery-metrics-raw/:seconds"},
			Run:    onProbes(func(list []DiscoveryMetric) any { return list }),
		},
		{
			Name: "discovery-metrics-aggregated", Summary: "Sum up the probes of the last seconds", Args: seconds,
			Routes: []string{"discovery-metrics-aggregated/:seconds"},
			Run:    onProbes(func(list []DiscoveryMetric) any { return discoveryFigures(list) }),
		},
		{
			Name: "discovery-queue-metrics-raw", Summary: "List how full the queue of probes was in the last seconds", Args: queue,
			Routes: []string{"discovery-queue-metrics-raw/:seconds", "discovery-queue-metrics-raw/:queue/:seconds"},
			Run:    onQueue(func(list []QueueSample) any { return list }),
		},
		{
			Name: "discovery-queue-metrics-aggregated", Summary: "Sum up how full the queue of probes was in the last seconds", Args: queue,
			Routes: []string{"discovery-queue-metrics-aggregated/:seconds", "discovery-queue-metrics-aggregated/:queue/:seconds"},
			Run:    onQueue(func(list []QueueSample) any { return queueFigures(list) }),
		},
	}
	for _, o := range list {
		o.Shape, o.Faces, o.NoFleet = Bare, OnlyHTTP, true
	}
	return list
}

// maxSeconds bounds how far back measurements are asked for, so that the number fits a time.Duration.
const maxSeconds = 1 << 31

func onProbes(answer func([]DiscoveryMetric) any) func(context.Context, *Engine, Args) (Result, error) {
	return func(_ context.Context, e *Engine, a Args) (Result, error) {
		if e.Metrics == nil {
			return Result{}, unavailable("metrics")
		}
		since := e.Now().Add(-time.Duration(min(a.Number, maxSeconds)) * time.Second)
		return Result{Value: answer(notNil(e.Metrics.Discoveries(since)))}, nil
	}
}

func onQueue(answer func([]QueueSample) any) func(context.Context, *Engine, Args) (Result, error) {
	return func(_ context.Context, e *Engine, a Args) (Result, error) {
		if e.Metrics == nil {
			return Result{}, unavailable("metrics")
		}
		name := firstOf(a.Text(ParamQueue), DefaultQueue)
		samples, ok := e.Metrics.Queue(name, int(min(a.Number, maxSeconds)))
		if !ok {
			return Result{}, fmt.Errorf("queue %q: %w", name, errNoQueue)
		}
		return Result{Value: answer(notNil(samples))}, nil
	}
}
