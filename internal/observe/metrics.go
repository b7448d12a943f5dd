package observe

import (
	"sync"
	"sync/atomic"
	"time"

	"orchestrator/internal/topology"
)

// ProbeRecord is one probe, for the discovery metrics.
type ProbeRecord struct {
	Key topology.Key
	At  time.Time // when it ended
	// Total is how long the probe took from the worker's start to its end, all of it spent on the server and the
	// network: the picture is not kept in a database.
	Total time.Duration
	Err   string // "" when it succeeded
}

// QueueSample is the state of a queue at one moment.
type QueueSample struct {
	At             time.Time
	Active, Queued int
}

// QueueName names a queue as the API does.
type QueueName string

// The queues.
const (
	DefaultQueue QueueName = "DEFAULT"
	DeadQueue    QueueName = "DEADINSTANCES"
)

// Stats are counters since the start and the state of this moment.
type Stats struct {
	Probes      uint64 // that ended
	Failures    uint64 // of these, without success
	Suspicions  uint64 // closer looks at a lost server
	Servers     int    // in the picture
	Clusters    int
	Invalid     int // servers whose last check failed
	Sentinels   int
	Active      int // probes under way, of all classes
	Queued      int // probes that wait for a place, of all classes
	Subscribers int
}

// metrics keeps what the metrics routes show.
type metrics struct {
	probes, failures, suspicions atomic.Uint64

	mu      sync.Mutex
	records ring[ProbeRecord]
	living  ring[QueueSample]
	dead    ring[QueueSample]
}

func newMetrics() *metrics { return &metrics{} }

func (m *metrics) probed(k topology.Key, at time.Time, took time.Duration, err error) {
	m.probes.Add(1)
	r := ProbeRecord{Key: k, At: at, Total: took}
	if err != nil {
		m.failures.Add(1)
		r.Err = err.Error()
	}
	m.mu.Lock()
	m.records.add(r)
	m.mu.Unlock()
}

// load is how busy the queues are.
type load struct{ living, dead, urgent QueueSample }

// load reads the queues at this moment.
func (o *Observer) load() load {
	now := o.now()
	at := func(c class) QueueSample {
		q := &o.queues[c]
		return QueueSample{At: now, Active: q.running, Queued: len(q.waiting)}
	}
	l := load{living: at(living), dead: at(dead), urgent: at(urgent)}
	l.living.Active += o.slow
	return l
}

// sample notes the state of the queues and drops what is kept for long enough.
func (o *Observer) sample() {
	c := o.config()
	o.metrics.sample(o.now(), o.load(), c.DiscoveryCollectionRetention(), c.DiscoveryQueueMaxStatisticsSize)
}

func (m *metrics) sample(at time.Time, l load, keepRecords time.Duration, keepSamples int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.living.add(l.living)
	m.dead.add(l.dead)
	m.living.keep(keepSamples)
	m.dead.keep(keepSamples)
	m.records.dropWhile(func(r ProbeRecord) bool { return at.Sub(r.At) > keepRecords })
}

// ring is a list to which things are added at the end and taken away at the front.
type ring[T any] struct {
	items []T
	first int
}

func (r *ring[T]) add(x T) {
	if r.first > 0 && len(r.items) == cap(r.items) { // make room at the front before growing
		n := copy(r.items, r.items[r.first:])
		clear(r.items[n:])
		r.items, r.first = r.items[:n], 0
	}
	r.items = append(r.items, x)
}

func (r *ring[T]) dropWhile(old func(T) bool) {
	for r.first < len(r.items) && old(r.items[r.first]) {
		r.first++
	}
}

func (r *ring[T]) keep(n int) { r.first = max(r.first, len(r.items)-max(n, 0)) }

// list returns a copy of what passes.
func (r *ring[T]) list(wanted func(T) bool) []T {
	var out []T
	for _, x := range r.items[r.first:] {
		if wanted(x) {
			out = append(out, x)
		}
	}
	return out
}

// ProbeRecords returns the probes that ended since a moment, oldest first, as far as they are kept
// (DiscoveryCollectionRetentionSeconds).
func (o *Observer) ProbeRecords(since time.Time) []ProbeRecord {
	o.metrics.mu.Lock()
	defer o.metrics.mu.Unlock()
	return o.metrics.records.list(func(r ProbeRecord) bool { return !r.At.Before(since) })
}

// QueueSamples returns the newest samples of a queue, one for each second, oldest first; nil for a name that is none.
func (o *Observer) QueueSamples(q QueueName, n int) []QueueSample {
	o.metrics.mu.Lock()
	defer o.metrics.mu.Unlock()
	var all []QueueSample
	everything := func(QueueSample) bool { return true }
	switch q {
	case DefaultQueue:
		all = o.metrics.living.list(everything)
	case DeadQueue:
		all = o.metrics.dead.list(everything)
	}
	return all[max(len(all)-max(n, 0), 0):]
}

// Stats returns the counters of this moment.
func (o *Observer) Stats() Stats {
	s := Stats{
		Probes: o.metrics.probes.Load(), Failures: o.metrics.failures.Load(), Suspicions: o.metrics.suspicions.Load(),
	}
	o.subMu.Lock()
	s.Subscribers = len(o.subscribers)
	o.subMu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	s.Servers, s.Clusters, s.Sentinels = len(o.picture.members), len(o.picture.clusters), o.gauges.sentinels
	for _, m := range o.picture.members {
		if !m.inst.LastCheckValid() {
			s.Invalid++
		}
	}
	l := o.gauges.load
	s.Active = l.living.Active + l.dead.Active + l.urgent.Active
	s.Queued = l.living.Queued + l.dead.Queued + l.urgent.Queued
	return s
}
