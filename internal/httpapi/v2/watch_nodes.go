package v2

import (
	"context"
	"slices"
	"time"
)

// The topics of the managers.
const (
	// topicNodes has them whenever something about them has changed that is no figure: one comes or goes, another one leads.
	topicNodes = "nodes"
	// topicNodeFigures has them every few seconds beside that, while somebody asks for it by name.
	topicNodeFigures = "nodes:figures"
)

// How often the managers are looked at while somebody listens. With raft that is a look into the memory; otherwise each look is
// one into the backend, which this node has every second as it is.
const (
	nodesEvery       = 250 * time.Millisecond
	nodesSharedEvery = time.Second
	nodeFiguresEvery = 5 * time.Second
)

// nodeWatch makes events of changes among the managers. It belongs to one goroutine.
type nodeWatch struct {
	hub     *hub
	told    uint64    // of what was told last, without figures; 0: nothing was
	figures time.Time // when their figures were told last
}

func (w *nodeWatch) run(ctx context.Context) {
	e := w.hub.api.Engine
	if e.Health == nil {
		return
	}
	every := nodesSharedEvery
	if e.Raft != nil {
		every = nodesEvery
	}
	again := time.NewTicker(every)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			w.look(ctx)
		}
	}
}

// look tells of the managers if there is something to tell, and somebody to tell it to.
func (w *nodeWatch) look(ctx context.Context) {
	if !w.hub.listening() {
		w.told = 0 // who comes next hears how they are
		return
	}
	is, err := w.hub.api.standing(ctx)
	if err != nil || ctx.Err() != nil {
		return // nothing is known of them in this process, and the routes say so
	}
	now := w.hub.api.Engine.Now()
	sum := sumOf(is.steady())
	e := Event{Nodes: &is}
	if sum != w.told {
		w.told = sum
		e.Topics = append(e.Topics, topicNodes)
	}
	if w.hub.wanted(topicNodeFigures) && (len(e.Topics) > 0 || now.Sub(w.figures).Abs() >= nodeFiguresEvery) {
		w.figures = now
		e.Topics = append(e.Topics, topicNodeFigures)
	}
	if len(e.Topics) > 0 {
		w.hub.publish(kindPatch, e)
	}
}

// steady are the managers without what changes all the time.
func (n *Nodes) steady() Nodes {
	s := *n
	s.LeaseRenewed, s.Links = nil, nil
	s.Nodes = slices.Clone(n.Nodes)
	for k := range s.Nodes {
		x := &s.Nodes[k]
		x.LastSeen, x.Contact, x.Index, x.Behind, x.RoundTrip, x.ClockAhead = nil, nil, nil, nil, nil, nil
	}
	return s
}

// wanted says whether a listener has asked for a topic by name.
func (h *hub) wanted(topic string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.listeners {
		if l.topics != nil && l.wants([]string{topic}) {
			return true
		}
	}
	return false
}
