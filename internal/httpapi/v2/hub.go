package v2

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The limits of the stream of events.
const (
	ringSize    = 2048        // events that can be resumed from
	queueSize   = 256         // events that a listener may be behind
	streamsMost = 500         // listeners at the same time
	stayAwake   = time.Minute // after the last listener has gone or somebody has read the position
	coalesce    = 100 * time.Millisecond
	pingEvery   = 5 * time.Second
	writeWithin = 10 * time.Second // for one event to be taken by a client
)

// The kinds of events, which are their names in the stream.
const (
	kindHello  = "hello"
	kindPatch  = "patch"
	kindStep   = "step"
	kindPlan   = "plan"
	kindNotice = "notice"
	kindAudit  = "audit"
	kindWrites = "writes"
	kindReset  = "reset"
	kindPing   = "ping"
)

// sent is an event as it goes to listeners.
type sent struct {
	seq    uint64
	kind   string
	topics []string
	data   []byte
}

// hub hands events to listeners, and keeps the last ones for those who come back. A listener that does not keep up is
// dropped: it comes back and resumes, or is told to read anew. While nobody listens, nothing is kept.
type hub struct {
	api       *API
	term      int64 // tells the sequences of two processes apart
	forecasts *forecasts
	watch     *watch

	mu         sync.Mutex
	seq        uint64 // of the newest event
	ring       []sent // the newest last
	listeners  map[*listener]struct{}
	awake      time.Time         // until then events are kept although nobody listens
	recovering map[string]string // by cluster
	aliases    map[string]string // by cluster
	ended      bool
}

// listener is a client of the stream.
type listener struct {
	topics []string // nil: all
	events chan sent
	gone   chan struct{} // closed when it is dropped, or the stream ends
	once   sync.Once
}

func (l *listener) drop() { l.once.Do(func() { close(l.gone) }) }

// wants says whether one of the topics was asked for: itself, or all of its kind by a star.
func (l *listener) wants(topics []string) bool {
	if l.topics == nil {
		return true
	}
	for _, asked := range l.topics {
		prefix, star := strings.CutSuffix(asked, "*")
		for _, t := range topics {
			if t == asked || star && strings.HasPrefix(t, prefix) {
				return true
			}
		}
	}
	return false
}

func newHub(a *API) *hub {
	h := &hub{api: a, term: a.Engine.Now().UnixMilli(), listeners: make(map[*listener]struct{}), recovering: make(map[string]string), aliases: make(map[string]string)}
	h.forecasts = newForecasts(a)
	h.watch = newWatch(h)
	return h
}

// run has events flow until ctx ends; then every stream ends.
func (h *hub) run(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { h.watch.run(ctx) })
	work.Go(func() { h.forecasts.run(ctx) })
	work.Go(func() { (&nodeWatch{hub: h}).run(ctx) })
	<-ctx.Done()
	h.mu.Lock()
	h.ended = true
	for l := range h.listeners {
		l.drop()
	}
	clear(h.listeners)
	h.mu.Unlock()
	work.Wait()
}

// listening says whether events are to be made at all. When nobody has listened for a while, what was kept is let go.
func (h *hub) listening() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.listeners) > 0 || h.api.Engine.Now().Before(h.awake) {
		return true
	}
	if h.ring != nil {
		h.ring = nil
		h.seq++ // what comes next does not follow what was read before
	}
	return false
}

// position is where the stream stands. Who asks for it is about to listen.
func (h *hub) position() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wake()
	return h.id(h.seq)
}

// wake keeps events for a while; the caller holds the lock.
func (h *hub) wake() {
	if now := h.api.Engine.Now(); len(h.listeners) == 0 && !now.Before(h.awake) {
		h.seq++ // there may be a gap before
		h.ring = nil
	}
	h.awake = h.api.Engine.Now().Add(stayAwake)
}

func (h *hub) id(seq uint64) string {
	return strconv.FormatInt(h.term, 36) + "-" + strconv.FormatUint(seq, 10)
}

// listen adds a listener. Events behind the position after are waiting in it already; resumed is false when some of
// them are not kept any more, or the position is of another process. full and ended say why there is no listener.
func (h *hub) listen(topics []string, after string) (l *listener, resumed bool, problem *Problem) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.ended:
		return nil, false, notAvailable.say("the service is about to end").because("ending", "come back in a moment")
	case len(h.listeners) >= streamsMost:
		return nil, false, busy.say("%d clients listen already", streamsMost).because("too-many-streams", "let the tabs of a browser share one stream")
	}
	h.wake()
	l = &listener{topics: topics, events: make(chan sent, queueSize), gone: make(chan struct{})}
	resumed = h.catchUp(l, after)
	h.listeners[l] = struct{}{}
	return l, resumed, nil
}

// catchUp queues what a listener has missed; the caller holds the lock.
func (h *hub) catchUp(l *listener, after string) bool {
	if after == "" {
		return true
	}
	term, text, _ := strings.Cut(after, "-")
	seq, err := strconv.ParseUint(text, 10, 64)
	if err != nil || term != strconv.FormatInt(h.term, 36) || seq > h.seq {
		return false
	}
	first := h.seq + 1
	if len(h.ring) > 0 {
		first = h.ring[0].seq
	}
	if seq+1 < first && seq != h.seq {
		return false
	}
	var missed []sent
	for _, e := range h.ring {
		if e.seq > seq && l.wants(e.topics) {
			missed = append(missed, e)
		}
	}
	if len(missed) > cap(l.events) {
		return false
	}
	for _, e := range missed {
		l.events <- e
	}
	return true
}

// leave removes a listener.
func (h *hub) leave(l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.listeners, l)
	h.awake = h.api.Engine.Now().Add(stayAwake)
}

// publish hands an event to everybody who wants it, and waits for nobody.
func (h *hub) publish(kind string, e Event) {
	if !h.listening() {
		return
	}
	if e.At == nil {
		e.At = when(h.api.Engine.Now())
	}
	data, err := json.Marshal(e)
	if err != nil {
		h.api.Logger.Error("cannot write an event as JSON", "kind", kind, "error", err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seq++
	s := sent{seq: h.seq, kind: kind, topics: e.Topics, data: data}
	if len(h.ring) >= ringSize {
		h.ring = append(h.ring[:0:0], h.ring[ringSize/4:]...)
	}
	h.ring = append(h.ring, s)
	for l := range h.listeners {
		if !l.wants(s.topics) {
			continue
		}
		select {
		case l.events <- s:
		default: // it does not keep up
			delete(h.listeners, l)
			l.drop()
		}
	}
}

// The topics.
const (
	topicFleet    = "fleet"
	topicGameDays = "game-days"
)

func clusterTopics(name, alias string) []string {
	if alias == "" || alias == name {
		return []string{"cluster:" + name}
	}
	return []string{"cluster:" + name, "cluster:" + alias}
}

// topicsOf are the topics of a cluster.
func (h *hub) topicsOf(cluster string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return clusterTopics(cluster, h.aliases[cluster])
}

// recoveryIn is the recovery that runs in a cluster, "" when there is none.
func (h *hub) recoveryIn(cluster string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.recovering[cluster]
}

// plan tells of a plan that has changed, by a step or as a whole.
func (h *hub) plan(p *Plan, s *Step) {
	e := Event{Topics: append([]string{"plan:" + p.ID}, h.topicsOf(p.Cluster)...), Cluster: p.Cluster}
	if s != nil {
		e.Step = s
		e.Topics = e.Topics[:1] // the cluster is told of steps by who runs them
		h.publish(kindStep, e)
		return
	}
	e.Topics = append(e.Topics, topicFleet)
	e.Plan = p
	h.publish(kindPlan, e)
}
