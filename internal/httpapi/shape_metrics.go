package httpapi

import (
	"time"

	"orchestrator/internal/operate"
)

type discoveryMetricJSON struct {
	Timestamp              time.Time
	Hostname               string
	Port                   int
	BackendLatencySeconds  float64
	InstanceLatencySeconds float64
	TotalLatencySeconds    float64
	Err                    *errorJSON
}

func discoveryMetricOf(m operate.DiscoveryMetric) discoveryMetricJSON {
	j := discoveryMetricJSON{
		Timestamp: m.At, Hostname: m.Key.Hostname, Port: m.Key.Port, BackendLatencySeconds: m.Backend.Seconds(),
		InstanceLatencySeconds: m.Instance.Seconds(), TotalLatencySeconds: m.Total.Seconds(),
	}
	if m.Err != nil {
		j.Err = &errorJSON{Message: m.Err.Error()}
	}
	return j
}

// discoveryFiguresJSON sums up probes; the fields of those that failed have a name of their own.
type discoveryFiguresJSON struct {
	FirstSeen                       time.Time
	LastSeen                        time.Time
	CountDistinctInstanceKeys       int
	CountDistinctOkInstanceKeys     int
	CountDistinctFailedInstanceKeys int
	FailedDiscoveries               int
	SuccessfulDiscoveries           int
	MeanTotalSeconds                float64
	MaxTotalSeconds                 float64
	MedianTotalSeconds              float64
	P95TotalSeconds                 float64
	MeanBackendSeconds              float64
	MaxBackendSeconds               float64
	MedianBackendSeconds            float64
	P95BackendSeconds               float64
	MeanInstanceSeconds             float64
	MaxInstanceSeconds              float64
	MedianInstanceSeconds           float64
	P95InstanceSeconds              float64
	FailedMeanTotalSeconds          float64
	FailedMaxTotalSeconds           float64
	FailedMedianTotalSeconds        float64
	FailedP95TotalSeconds           float64
	FailedMeanBackendSeconds        float64
	FailedMaxBackendSeconds         float64
	FailedMedianBackendSeconds      float64
	FailedP95BackendSeconds         float64
	FailedMeanInstanceSeconds       float64
	FailedMaxInstanceSeconds        float64
	FailedMedianInstanceSeconds     float64
	FailedP95InstanceSeconds        float64
}

func discoveryFiguresOf(f operate.DiscoveryFigures) discoveryFiguresJSON {
	return discoveryFiguresJSON{
		FirstSeen: f.First, LastSeen: f.Last, CountDistinctInstanceKeys: f.Keys, CountDistinctOkInstanceKeys: f.OKKeys,
		CountDistinctFailedInstanceKeys: f.FailedKeys, FailedDiscoveries: f.Failed, SuccessfulDiscoveries: f.Succeeded,

		MeanTotalSeconds: f.Total.Mean, MaxTotalSeconds: f.Total.Max, MedianTotalSeconds: f.Total.Median, P95TotalSeconds: f.Total.P95,
		MeanBackendSeconds: f.Backend.Mean, MaxBackendSeconds: f.Backend.Max, MedianBackendSeconds: f.Backend.Median, P95BackendSeconds: f.Backend.P95,
		MeanInstanceSeconds: f.Instance.Mean, MaxInstanceSeconds: f.Instance.Max, MedianInstanceSeconds: f.Instance.Median, P95InstanceSeconds: f.Instance.P95,
		FailedMeanTotalSeconds: f.FailedTotal.Mean, FailedMaxTotalSeconds: f.FailedTotal.Max, FailedMedianTotalSeconds: f.FailedTotal.Median, FailedP95TotalSeconds: f.FailedTotal.P95,
		FailedMeanBackendSeconds: f.FailedBackend.Mean, FailedMaxBackendSeconds: f.FailedBackend.Max, FailedMedianBackendSeconds: f.FailedBackend.Median, FailedP95BackendSeconds: f.FailedBackend.P95,
		FailedMeanInstanceSeconds: f.FailedInst.Mean, FailedMaxInstanceSeconds: f.FailedInst.Max, FailedMedianInstanceSeconds: f.FailedInst.Median, FailedP95InstanceSeconds: f.FailedInst.P95,
	}
}

type queueSampleJSON struct{ Active, Queued int }

// queueFiguresJSON sums up how full a queue was.
type queueFiguresJSON struct {
	ActiveMinEntries    float64
	ActiveMeanEntries   float64
	ActiveMedianEntries float64
	ActiveP95Entries    float64
	ActiveMaxEntries    float64
	QueuedMinEntries    float64
	QueuedMeanEntries   float64
	QueuedMedianEntries float64
	QueuedP95Entries    float64
	QueuedMaxEntries    float64
}

func queueFiguresOf(f operate.QueueFigures) queueFiguresJSON {
	return queueFiguresJSON{
		ActiveMinEntries: f.Active.Min, ActiveMeanEntries: f.Active.Mean, ActiveMedianEntries: f.Active.Median, ActiveP95Entries: f.Active.P95, ActiveMaxEntries: f.Active.Max,
		QueuedMinEntries: f.Queued.Min, QueuedMeanEntries: f.Queued.Mean, QueuedMedianEntries: f.Queued.Median, QueuedP95Entries: f.Queued.P95, QueuedMaxEntries: f.Queued.Max,
	}
}
