package operate

import (
	"context"
	"time"
)

// BackendWrite is one write to the backend.
type BackendWrite struct {
	At         time.Time
	Wait, Took time.Duration // for its turn, and then
	Err        error
}

// BufferFlush is one batch of observations that was written to the backend.
type BufferFlush struct {
	At         time.Time
	Instances  int
	Wait, Took time.Duration // of the oldest observation, and of the batch
}

// BackendMetrics keep what was measured of the backend lately.
type BackendMetrics interface {
	// Writes returns the writes that ended since then, oldest first.
	Writes(since time.Time) []BackendWrite
	// Flushes returns the batches that were written since then, oldest first.
	Flushes(since time.Time) []BufferFlush
}

// WriteFigures sum up writes: times in seconds.
type WriteFigures struct {
	Count      int
	Took, Wait Spread
}

// FlushFigures sum up batches: times in seconds.
type FlushFigures struct {
	BufferSize            int           // InstanceWriteBufferSize
	Interval              time.Duration // InstanceFlushIntervalMilliseconds
	Count                 int           // of instances in all batches
	Instances, Wait, Took Spread
}

func backendMonitoring() []*Operation {
	list := []*Operation{
		{
			Name: "backend-query-metrics-raw", Summary: "List the writes to the backend in the last seconds",
			Run: onBackendMetrics(func(_ *Engine, m BackendMetrics, since time.Time) any { return notNil(m.Writes(since)) }),
		},
		{
			Name: "backend-query-metrics-aggregated", Summary: "Sum up the writes to the backend in the last seconds",
			Run: onBackendMetrics(func(_ *Engine, m BackendMetrics, since time.Time) any { return writeFigures(m.Writes(since)) }),
		},
		{
			Name: "write-buffer-metrics-raw", Summary: "List the batches of observations that were written in the last seconds",
			Run: onBackendMetrics(func(_ *Engine, m BackendMetrics, since time.Time) any { return notNil(m.Flushes(since)) }),
		},
		{
			Name: "write-buffer-metrics-aggregated", Summary: "Sum up the batches of observations that were written in the last seconds",
			Run: onBackendMetrics(func(e *Engine, m BackendMetrics, since time.Time) any {
				f := flushFigures(m.Flushes(since))
				c := e.Config()
				f.BufferSize = c.InstanceWriteBufferSize
				f.Interval = time.Duration(c.InstanceFlushIntervalMilliseconds) * time.Millisecond
				return f
			}),
		},
	}
	for _, o := range list {
		o.Shape, o.Faces, o.NoFleet = Bare, OnlyHTTP, true
		o.Args, o.Routes = []Arg{{Param: ParamSeconds, Required: true}}, []string{o.Name + "/:seconds"}
	}
	return list
}

func onBackendMetrics(answer func(*Engine, BackendMetrics, time.Time) any) func(context.Context, *Engine, Args) (Result, error) {
	return func(_ context.Context, e *Engine, a Args) (Result, error) {
		if e.BackendMetrics == nil {
			return Result{}, unavailable("metrics")
		}
		since := e.Now().Add(-time.Duration(min(a.Number, maxSeconds)) * time.Second)
		return Result{Value: answer(e, e.BackendMetrics, since)}, nil
	}
}

func writeFigures(list []BackendWrite) WriteFigures {
	return WriteFigures{
		Count: len(list),
		Took:  spreadBy(list, func(w BackendWrite) float64 { return w.Took.Seconds() }),
		Wait:  spreadBy(list, func(w BackendWrite) float64 { return w.Wait.Seconds() }),
	}
}

func flushFigures(list []BufferFlush) FlushFigures {
	f := FlushFigures{
		Instances: spreadBy(list, func(b BufferFlush) float64 { return float64(b.Instances) }),
		Wait:      spreadBy(list, func(b BufferFlush) float64 { return b.Wait.Seconds() }),
		Took:      spreadBy(list, func(b BufferFlush) float64 { return b.Took.Seconds() }),
	}
	for _, b := range list {
		f.Count += b.Instances
	}
	return f
}
