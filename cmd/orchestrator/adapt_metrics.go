package main

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"orchestrator/internal/analysis"
	"orchestrator/internal/observe"
	"orchestrator/internal/publish"
	"orchestrator/internal/recovery"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// metrics are the figures for Prometheus, in a registry of their own.
type metrics struct {
	registry *prometheus.Registry
	now      func() time.Time

	probes     *prometheus.CounterVec
	latency    prometheus.Histogram
	suspicions prometheus.Counter
	detections *prometheus.CounterVec
	held       prometheus.Counter
	fenced     prometheus.Counter
	recoveries *prometheus.CounterVec
	stages     *prometheus.HistogramVec

	mu     sync.Mutex
	course map[topology.Key]*course // by failed server
}

// course is when the recovery of a failed server reached its stages; what was not reached is zero.
type course struct {
	suspected, detected, began, promoted time.Time
	recovery                             string
}

// The outcomes and stages of recoveries, as label values.
const (
	outcomePromoted = "promoted" // a server was opened for writing
	outcomeRepaired = "repaired" // what was to be done was done, and nobody had to be opened for it
	outcomeFailed   = "failed"

	stageDetect  = "suspected_to_detected"
	stageBegin   = "detected_to_began"
	stagePromote = "began_to_promoted"
	stageFinish  = "promoted_to_finished"
	stageRepair  = "began_to_repaired"
	stageGiveUp  = "began_to_failed"
	stageOutage  = "suspected_to_promoted" // for how long writes were refused, as seen from here
)

// staleCourse is after which time a failure that led to no recovery is not waited for any more.
const staleCourse = time.Hour

// newMetrics returns what is to be told of the course of recoveries, and what makes the handler of /metrics once the
// service is put together, before it runs.
func newMetrics() (progress func(recovery.Progress), exposition func(*service) http.Handler) {
	m := emptyMetrics(time.Now)
	return m.progress, func(s *service) http.Handler {
		s.prober.measured = m.probed
		var published func() []publish.Standing
		if p := s.parts.publisher; p != nil {
			published = p.Standings
		}
		m.read(measured{
			observer: s.observer.Stats, servers: s.prober.servers.Stats, writer: s.writer.Stats, published: published,
			findings: func() []analysis.Finding {
				policy := analysis.PolicyOf(s.parts.config())
				policy.Live = true
				return analysis.Analyze(s.observer.Snapshot(), policy, m.now())
			},
		})
		return m.handler()
	}
}

func emptyMetrics(now func() time.Time) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), now: now, course: make(map[topology.Key]*course)}
	counter := func(name, help string) prometheus.Counter {
		return registered(m.registry, prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help}))
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return registered(m.registry, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels))
	}
	m.probes = counters("orchestrator_probes_total", "Probes of servers, by result.", "result")
	m.suspicions = counter("orchestrator_suspicions_total", "Servers with replicas that stopped answering.")
	m.detections = counters("orchestrator_detections_total", "Failures that were detected, by code.", "code")
	m.held = counter("orchestrator_recoveries_held_total", "Recoveries that were not begun.")
	m.fenced = counter("orchestrator_fenced_total", "Old primaries that were closed for writing.")
	m.recoveries = counters("orchestrator_recoveries_total", "Recoveries that ended, by kind of repair and outcome.", "repair", "outcome")
	m.latency = registered(m.registry, prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "orchestrator_discovery_latency_seconds", Help: "Duration of probes.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15),
	}))
	m.stages = registered(m.registry, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "orchestrator_recovery_stage_seconds", Help: "Duration of the stages of recoveries.",
		Buckets: prometheus.ExponentialBuckets(0.005, 2, 16),
	}, []string{"stage"}))
	for _, result := range []string{"ok", "failed"} {
		m.probes.WithLabelValues(result)
	}
	for _, repair := range recovery.Repairs() {
		for _, outcome := range []string{outcomePromoted, outcomeRepaired, outcomeFailed} {
			m.recoveries.WithLabelValues(repair, outcome)
		}
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func registered[C prometheus.Collector](r *prometheus.Registry, c C) C {
	r.MustRegister(c)
	return c
}

// handler answers /metrics.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// probed counts one probe.
func (m *metrics) probed(took time.Duration, err error) {
	result := "ok"
	if err != nil {
		result = "failed"
	}
	m.probes.WithLabelValues(result).Inc()
	m.latency.Observe(took.Seconds())
}

// measured are the sources of figures that are read when they are asked for; nil ones are left out.
type measured struct {
	observer func() observe.Stats
	servers  func() server.Stats
	writer   func() store.WriterStats
	findings func() []analysis.Finding
	// published is how it stands with the key-value stores.
	published func() []publish.Standing
}

// read adds figures that others keep.
func (m *metrics) read(from measured) { m.registry.MustRegister(&reader{from}) }

// reader collects what is measured elsewhere. Like its descriptions it never changes.
type reader struct{ from measured }

// Describe implements prometheus.Collector. It says nothing, which allows Collect any figures.
func (r *reader) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (r *reader) Collect(to chan<- prometheus.Metric) {
	put := func(kind prometheus.ValueType, name, help string, value float64) {
		to <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, nil), kind, value)
	}
	if r.from.observer != nil {
		s := r.from.observer()
		put(prometheus.GaugeValue, "orchestrator_servers", "Servers that are known.", float64(s.Servers))
		put(prometheus.GaugeValue, "orchestrator_clusters", "Clusters that are known.", float64(s.Clusters))
		put(prometheus.GaugeValue, "orchestrator_dead_servers", "Servers whose last check failed.", float64(s.Invalid))
		put(prometheus.GaugeValue, "orchestrator_sentinels", "Servers that are watched all the time.", float64(s.Sentinels))
		put(prometheus.GaugeValue, "orchestrator_probes_active", "Probes under way.", float64(s.Active))
		put(prometheus.GaugeValue, "orchestrator_probes_queued", "Probes that wait for their turn.", float64(s.Queued))
	}
	if r.from.servers != nil {
		s := r.from.servers()
		put(prometheus.GaugeValue, "orchestrator_connections", "Connections to servers.", float64(s.ConnectionsOpen))
		put(prometheus.CounterValue, "orchestrator_connections_opened_total", "Connections to servers that were made.", float64(s.ConnectionsOpened))
	}
	if r.from.writer != nil {
		s := r.from.writer()
		put(prometheus.GaugeValue, "orchestrator_store_pending", "Servers whose state waits to be written.", float64(s.Pending))
		put(prometheus.CounterValue, "orchestrator_store_batches_total", "Batches that were written to the backend.", float64(s.Batches))
		put(prometheus.CounterValue, "orchestrator_store_write_errors_total", "Batches that could not be written.", float64(s.Failures))
	}
	if r.from.published != nil {
		r.stores(to)
	}
	if r.from.findings != nil {
		byCode := make(map[analysis.Code]int)
		for _, f := range r.from.findings() {
			if f.Code != analysis.NoProblem {
				byCode[f.Code]++
			}
		}
		desc := prometheus.NewDesc("orchestrator_findings", "What is wrong at present, by code.", []string{"code"}, nil)
		for code, n := range byCode {
			to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), string(code))
		}
	}
}

// stores are the figures of the key-value stores, each by its name.
func (r *reader) stores(to chan<- prometheus.Metric) {
	put := func(kind prometheus.ValueType, name, help, store string, value float64) {
		to <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, []string{"store"}, nil), kind, value, store)
	}
	for _, s := range r.from.published() {
		put(prometheus.GaugeValue, "orchestrator_kv_clusters", "Clusters whose entries in a key-value store are in order.", s.Store, float64(s.Clusters))
		put(prometheus.GaugeValue, "orchestrator_kv_problems", "Clusters that a key-value store does not tell right.", s.Store, float64(len(s.Problems)))
		put(prometheus.CounterValue, "orchestrator_kv_written_total", "How often entries of a cluster were changed in a key-value store.", s.Store, float64(s.Written))
		put(prometheus.CounterValue, "orchestrator_kv_failures_total", "How often a key-value store could not be read or written.", s.Store, float64(s.Failures))
	}
}

// progress follows the course of recoveries.
func (m *metrics) progress(p recovery.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch p.Kind {
	case recovery.Suspected:
		m.suspicions.Inc()
		m.at(p.Server).suspected = p.At
	case recovery.Detected:
		code, _, _ := strings.Cut(p.Text, ":")
		m.detections.WithLabelValues(code).Inc()
		c := m.at(p.Server)
		c.detected = p.At
		m.stage(stageDetect, c.suspected, p.At)
	case recovery.Held:
		m.held.Inc()
	case recovery.Began:
		c := m.at(p.Server)
		c.began, c.recovery = p.At, p.Recovery
		m.stage(stageBegin, c.detected, p.At)
	case recovery.Promoted:
		m.promoted(p)
	case recovery.Finished:
		m.finished(p)
	case recovery.Fenced:
		m.fenced.Inc()
	}
}

// at is the course of a server's recovery; those that came to nothing are dropped on the way.
func (m *metrics) at(k topology.Key) *course {
	if c := m.course[k]; c != nil {
		return c
	}
	now := m.now()
	for other, c := range m.course {
		if c.began.IsZero() && now.Sub(c.suspected) > staleCourse && now.Sub(c.detected) > staleCourse {
			delete(m.course, other)
		}
	}
	c := &course{}
	m.course[k] = c
	return c
}

// promoted notes the first promotion of a recovery; the event names the successor, not the failed server.
func (m *metrics) promoted(p recovery.Progress) {
	for _, c := range m.course {
		if p.Recovery != "" && c.recovery == p.Recovery && c.promoted.IsZero() {
			c.promoted = p.At
			m.stage(stagePromote, c.began, p.At)
			m.stage(stageOutage, c.suspected, p.At)
		}
	}
}

func (m *metrics) finished(p recovery.Progress) {
	c := m.course[p.Server]
	if c == nil {
		return
	}
	delete(m.course, p.Server)
	switch {
	case !c.promoted.IsZero():
		m.recoveries.WithLabelValues(p.Repair, outcomePromoted).Inc()
		m.stage(stageFinish, c.promoted, p.At)
	case p.Success:
		m.recoveries.WithLabelValues(p.Repair, outcomeRepaired).Inc()
		m.stage(stageRepair, c.began, p.At)
	default:
		m.recoveries.WithLabelValues(p.Repair, outcomeFailed).Inc()
		m.stage(stageGiveUp, c.began, p.At)
	}
}

// stage notes how long a stage took, if its beginning is known.
func (m *metrics) stage(name string, from, to time.Time) {
	if !from.IsZero() && !to.Before(from) {
		m.stages.WithLabelValues(name).Observe(to.Sub(from).Seconds())
	}
}
