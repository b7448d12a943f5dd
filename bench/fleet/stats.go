package fleet

import (
	"sync"
	"sync/atomic"
	"time"

	"orchestrator/internal/topology"
)

// Intervals between the probes of a server are counted in steps of intervalStep, up to maxInterval and beyond.
const (
	intervalStep = 100 * time.Millisecond
	maxInterval  = time.Minute
	steps        = int(maxInterval / intervalStep)
)

// counters are what the fleet counts as it is asked.
type counters struct {
	queries   atomic.Int64
	probes    atomic.Int64
	intervals [steps + 1]atomic.Int64

	mu      sync.Mutex
	unknown []string // the first statements that were not understood
}

// maxUnknown bounds how many statements are kept that were not understood.
const maxUnknown = 20

// probed notes that a manager has looked at a server.
func (c *counters) probed(n *node, now time.Time) {
	c.probes.Add(1)
	before := n.asked.Swap(now.UnixNano())
	if before == 0 {
		return
	}
	// Rounded up, so that a count of those within some time never says too many.
	step := (now.UnixNano() - before + int64(intervalStep) - 1) / int64(intervalStep)
	c.intervals[min(max(step, 1), int64(steps))].Add(1)
}

func (c *counters) misunderstood(sql string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.unknown) < maxUnknown {
		c.unknown = append(c.unknown, sql)
	}
}

// Stats are what has happened to a fleet since its start or the last ResetStats.
type Stats struct {
	Servers, Alive int   // Alive are neither dead nor frozen
	Asked          int   // how many were ever probed
	Queries        int64 // received, each of any number of statements
	Probes         int64 // those that look at the server as a whole: its variables and its replication

	Connections    int64   // at present
	MostPerServer  int64   // the largest number of connections that one server had at the same time
	PerServer      float64 // connections per living server at present
	Intervals      *Intervals
	SinceLastProbe *Intervals // of the living servers, at this moment
	Unknown        []string   // the first statements that were not understood
}

// Intervals is a distribution of times.
type Intervals struct {
	counts [steps + 1]int64
	total  int64
}

func (h *Intervals) add(d time.Duration) {
	step := min(max(int((d+intervalStep-1)/intervalStep), 1), steps)
	h.counts[step]++
	h.total++
}

// Count is how many times there are.
func (h *Intervals) Count() int64 { return h.total }

// Within is the share of times that are not longer than d, 0 to 1; without any, 0.
func (h *Intervals) Within(d time.Duration) float64 {
	if h.total == 0 {
		return 0
	}
	var n int64
	for step := 0; step < steps && time.Duration(step)*intervalStep <= d; step++ {
		n += h.counts[step]
	}
	return float64(n) / float64(h.total)
}

// Quantile is a time that the share q of all is not longer than, 0 < q <= 1; a minute stands for all that is longer,
// 0 for no answer.
func (h *Intervals) Quantile(q float64) time.Duration {
	var n int64
	for step, count := range h.counts {
		n += count
		if h.total > 0 && float64(n) >= q*float64(h.total) {
			return time.Duration(step) * intervalStep
		}
	}
	return 0
}

// Stats counts.
func (f *Fleet) Stats() Stats {
	c := &f.stats
	s := Stats{Intervals: new(Intervals), SinceLastProbe: new(Intervals), Servers: len(f.nodes), Queries: c.queries.Load(), Probes: c.probes.Load()}
	for i := range c.intervals {
		s.Intervals.counts[i] = c.intervals[i].Load()
		s.Intervals.total += s.Intervals.counts[i]
	}
	c.mu.Lock()
	s.Unknown = append(s.Unknown, c.unknown...)
	c.mu.Unlock()
	f.mu.RLock()
	defer f.mu.RUnlock()
	now := time.Now()
	for _, n := range f.nodes {
		s.Connections += n.connections.Load()
		s.MostPerServer = max(s.MostPerServer, n.most.Load())
		asked := n.asked.Load()
		if asked != 0 {
			s.Asked++
		}
		if n.alive && n.thaw == nil {
			s.Alive++
			if asked == 0 {
				s.SinceLastProbe.add(2 * maxInterval)
			} else {
				s.SinceLastProbe.add(now.Sub(time.Unix(0, asked)))
			}
		}
	}
	if s.Alive > 0 {
		s.PerServer = float64(s.Connections) / float64(s.Alive)
	}
	return s
}

// ResetStats begins to count anew. When a server was last probed is not forgotten.
func (f *Fleet) ResetStats() {
	c := &f.stats
	c.queries.Store(0)
	c.probes.Store(0)
	for i := range c.intervals {
		c.intervals[i].Store(0)
	}
	c.mu.Lock()
	c.unknown = nil
	c.mu.Unlock()
	for _, n := range f.nodes {
		n.most.Store(n.connections.Load())
	}
}

// LastProbed is when a manager last looked at the i-th server; zero if none did.
func (f *Fleet) LastProbed(i int) time.Time {
	if asked := f.nodes[i].asked.Load(); asked != 0 {
		return time.Unix(0, asked)
	}
	return time.Time{}
}

// ServerState is a server as the fleet itself sees it.
type ServerState struct {
	Key         topology.Key
	Alive       bool         // neither dead nor frozen
	Source      topology.Key // the zero Key on a primary
	ReadOnly    bool
	Connections int64     // open ones
	LastProbed  time.Time // zero: never
}

// State looks at the i-th server.
func (f *Fleet) State(i int) ServerState {
	f.mu.RLock()
	defer f.mu.RUnlock()
	n := f.nodes[i]
	return ServerState{
		Key: n.key, Alive: n.alive && n.thaw == nil, Source: n.sourceKey, ReadOnly: n.readOnly,
		Connections: n.connections.Load(), LastProbed: f.LastProbed(i),
	}
}
