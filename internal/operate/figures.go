package operate

import (
	"math"
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// spread sums up values; their order does not matter and is kept.
func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	sum := 0.0
	for _, v := range sorted {
		sum += v
	}
	return Spread{
		Min: sorted[0], Max: sorted[len(sorted)-1], Mean: sum / float64(len(sorted)),
		Median: percentile(sorted, 50), P95: percentile(sorted, 95),
	}
}

// percentile interpolates between the two values around the wanted rank.
func percentile(sorted []float64, p float64) float64 {
	rank := p / 100 * float64(len(sorted)-1)
	low := int(math.Floor(rank))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (rank-float64(low))*(sorted[high]-sorted[low])
}

// discoveryFigures sums up probes, given oldest first.
func discoveryFigures(list []DiscoveryMetric) DiscoveryFigures {
	var f DiscoveryFigures
	all, ok, failed := map[topology.Key]bool{}, map[topology.Key]bool{}, map[topology.Key]bool{}
	var good, bad []DiscoveryMetric
	for _, m := range list {
		all[m.Key] = true
		if m.Err != nil {
			failed[m.Key] = true
			bad = append(bad, m)
			continue
		}
		ok[m.Key] = true
		good = append(good, m)
	}
	if len(list) > 0 {
		f.First, f.Last = list[0].At, list[len(list)-1].At
	}
	f.Keys, f.OKKeys, f.FailedKeys, f.Succeeded, f.Failed = len(all), len(ok), len(failed), len(good), len(bad)
	total := func(m DiscoveryMetric) time.Duration { return m.Total }
	backend := func(m DiscoveryMetric) time.Duration { return m.Backend }
	instance := func(m DiscoveryMetric) time.Duration { return m.Instance }
	f.Total, f.Backend, f.Instance = spreadOf(good, total), spreadOf(good, backend), spreadOf(good, instance)
	f.FailedTotal, f.FailedBackend, f.FailedInst = spreadOf(bad, total), spreadOf(bad, backend), spreadOf(bad, instance)
	return f
}

func spreadOf(list []DiscoveryMetric, of func(DiscoveryMetric) time.Duration) Spread {
	return spreadBy(list, func(m DiscoveryMetric) float64 { return of(m).Seconds() })
}

// spreadBy sums up a figure of each element.
func spreadBy[T any](list []T, of func(T) float64) Spread {
	values := make([]float64, len(list))
	for i, v := range list {
		values[i] = of(v)
	}
	return spread(values)
}

func queueFigures(list []QueueSample) QueueFigures {
	active, queued := make([]float64, len(list)), make([]float64, len(list))
	for i, s := range list {
		active[i], queued[i] = float64(s.Active), float64(s.Queued)
	}
	return QueueFigures{Active: spread(active), Queued: spread(queued)}
}
