package v2

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"slices"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/observe"
	"orchestrator/internal/topology"
)

// watch makes events of changes of the picture: of each cluster at most ten in a second, with what is different alone, but that
// the loss of a server waits for nothing: a failover may be over a tenth of a second later. It belongs to one goroutine.
type watch struct {
	hub   *hub
	dirty map[string]*topology.Topology // changed clusters as they were seen last; nil: gone
	known map[string]*image
}

// image is what was told of a cluster.
type image struct {
	alias    string
	revision string
	row      uint64
	members  map[string]uint64
	findings map[string]Finding
	told     uint64 // of the findings
}

func newWatch(h *hub) *watch {
	return &watch{hub: h, dirty: make(map[string]*topology.Topology), known: make(map[string]*image)}
}

func (w *watch) run(ctx context.Context) {
	if w.hub.api.Subscribe == nil {
		return
	}
	events, unsubscribe := w.hub.api.Subscribe(64)
	defer unsubscribe()
	var last, urgent time.Time
	flush := time.NewTimer(time.Hour)
	defer flush.Stop()
	flush.Stop()
	armed := false
	for {
		select {
		case <-ctx.Done():
			return
		case ev, ok := <-events:
			if !ok {
				return
			}
			switch {
			case !w.take(ev):
			case ev.Kind == observe.InstanceLost && time.Since(urgent) >= coalesce:
				urgent = time.Now()
				last = urgent
				w.flush()
				if armed {
					flush.Reset(coalesce)
				}
			case !armed:
				armed = true
				flush.Reset(max(coalesce-time.Since(last), 0))
			}
		case <-flush.C:
			armed, last = false, time.Now()
			w.flush()
		}
	}
}

// take notes what has changed; it says whether there is something to tell.
func (w *watch) take(ev observe.Event) bool {
	if !w.hub.listening() {
		clear(w.dirty)
		clear(w.known)
		return false
	}
	w.dirty[ev.Cluster] = ev.Topology
	what, text := "", ""
	switch ev.Kind {
	case observe.InstanceDiscovered:
		what, text = "discovered", "answers for the first time"
	case observe.InstanceForgotten:
		what, text = "forgotten", "is forgotten"
	case observe.InstanceLost:
		what, text = "lost", "does not answer any more"
	case observe.InstanceBack:
		what, text = "back", "answers again"
	default:
		return true
	}
	w.hub.publish(kindNotice, Event{
		At: when(ev.At), Topics: append(clusterTopics(ev.Cluster, aliasIn(ev.Topology, ev.Cluster)), topicFleet), Cluster: ev.Cluster, Server: ev.Key.String(),
		What: what, Text: ev.Key.String() + " " + text,
	})
	return true
}

func aliasIn(t *topology.Topology, cluster string) string {
	if t == nil {
		return ""
	}
	if c := t.Cluster(cluster); c != nil {
		return c.Alias
	}
	return ""
}

// flush tells of what has changed since the last one.
func (w *watch) flush() {
	for name, t := range w.dirty {
		var c *topology.Cluster
		if t != nil {
			c = t.Cluster(name)
		}
		if c == nil {
			w.forget(name)
			continue
		}
		w.tell(t, c)
	}
	clear(w.dirty)
}

func (w *watch) forget(name string) {
	old := w.known[name]
	if old == nil {
		old = &image{}
	}
	delete(w.known, name)
	w.hub.mu.Lock()
	delete(w.hub.aliases, name)
	w.hub.mu.Unlock()
	w.hub.publish(kindNotice, Event{Topics: append(clusterTopics(name, old.alias), topicFleet), Cluster: name, Alias: old.alias, What: "cluster-gone", Text: "no server calls its cluster " + name + " any more"})
}

func (w *watch) tell(t *topology.Topology, c *topology.Cluster) {
	a := w.hub.api
	found := a.Engine.Findings(t)
	row := a.row(t, c, found)
	a.hub.forecasts.want([]ClusterRow{row})
	old := w.known[c.Name]
	now := &image{alias: c.Alias, revision: row.Revision, members: make(map[string]uint64, len(c.Members)), findings: map[string]Finding{}}
	e := Event{Topics: clusterTopics(c.Name, c.Alias), Cluster: c.Name, Alias: c.Alias, To: row.Revision, Row: &row}
	if old == nil {
		old = &image{}
	}
	e.From = old.revision
	for _, i := range c.Members {
		s := a.server(t, i, found)
		sum := sumOf(steady(s))
		now.members[s.Key] = sum
		if before, told := old.members[s.Key]; !told || before != sum {
			e.Members = append(e.Members, s)
		}
	}
	for key := range old.members {
		if _, still := now.members[key]; !still {
			e.Gone = append(e.Gone, key)
		}
	}
	slices.Sort(e.Gone)
	list := mapped(found, func(f analysis.Finding) Finding { return findingOf(&f) })
	for _, f := range list {
		now.findings[f.Server+" "+f.Code] = f
	}
	if now.told = sumOf(list); now.told != old.told || old.members == nil {
		e.Findings = &list
	}
	now.row = sumOf(row)
	w.known[c.Name] = now
	w.hub.mu.Lock()
	w.hub.aliases[c.Name] = c.Alias
	w.hub.mu.Unlock()
	if len(e.Members) > 0 || len(e.Gone) > 0 || e.Findings != nil {
		w.hub.publish(kindPatch, e)
	}
	if now.row != old.row {
		w.hub.publish(kindPatch, Event{Topics: []string{topicFleet}, Cluster: c.Name, Alias: c.Alias, From: old.revision, To: row.Revision, Row: &row})
	}
	if old.members != nil {
		w.tellFindings(c, old, now)
	}
}

// tellFindings tells of failures that are new and of those that are gone.
func (w *watch) tellFindings(c *topology.Cluster, old, now *image) {
	topics := append(clusterTopics(c.Name, c.Alias), topicFleet)
	tell := func(f Finding, what string) {
		if f.Code != string(analysis.NoProblem) {
			w.hub.publish(kindNotice, Event{Topics: topics, Cluster: c.Name, Alias: c.Alias, Server: f.Server, What: what, Text: f.Server + ": " + f.Sentence, Finding: &f})
		}
	}
	for id, f := range now.findings {
		if _, before := old.findings[id]; !before {
			tell(f, "finding")
		}
	}
	for id, f := range old.findings {
		if _, still := now.findings[id]; !still {
			tell(f, "finding-gone")
		}
	}
}

// steady is a server without what changes with every probe.
func steady(s Server) Server {
	s.Seen, s.Latency = nil, 0
	return s
}

func sumOf(v any) uint64 {
	h := fnv.New64a()
	_ = json.NewEncoder(h).Encode(v) // the shapes always have a form, and writing to a hash never fails
	return h.Sum64()
}
