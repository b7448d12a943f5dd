package observe

import (
	"sync"
	"time"

	"orchestrator/internal/topology"
)

// EventKind says what happened.
type EventKind int

// The kinds of events.
const (
	ClusterChanged     EventKind = iota // something in the cluster is different
	InstanceDiscovered                  // a server answered for the first time
	InstanceForgotten                   // a server is not in the picture any more
	InstanceLost                        // a server that answered does not any more
	InstanceBack                        // a server that was lost, or was started anew unseen, answers again
)

// String returns the kind's name.
func (k EventKind) String() string {
	switch k {
	case ClusterChanged:
		return "cluster-changed"
	case InstanceDiscovered:
		return "instance-discovered"
	case InstanceForgotten:
		return "instance-forgotten"
	case InstanceLost:
		return "instance-lost"
	case InstanceBack:
		return "instance-back"
	}
	return "unknown"
}

// Event tells a subscriber of a change.
type Event struct {
	Kind    EventKind
	Key     topology.Key // zero for ClusterChanged
	Cluster string       // name of the cluster at the time of the event
	// Topology is the cluster as it is when the event is handed over, which may be newer than the event. Nil when no
	// cluster of that name is left.
	Topology *topology.Topology
	Urgent   bool // a server that others depend on is suspected
	At       time.Time
}

// eventID tells events apart that may replace each other while a subscriber is slow.
type eventID struct {
	kind    EventKind
	key     topology.Key
	cluster string
}

func (e *Event) id() eventID {
	if e.Kind == ClusterChanged {
		return eventID{cluster: e.Cluster}
	}
	return eventID{kind: e.Kind, key: e.Key}
}

// subscriber collects events for one reader. Of each cluster, and of each kind of event of each server, it keeps only
// the newest, so it stays small however slow the reader is, and forgets no cluster.
type subscriber struct {
	out    chan Event
	signal chan struct{}
	quit   chan struct{}
	once   sync.Once
	gone   chan struct{} // closed when the pump has ended

	mu      sync.Mutex
	order   []eventID
	waiting map[eventID]Event
}

func newSubscriber(buffer int) *subscriber {
	return &subscriber{
		out:     make(chan Event, max(buffer, 0)),
		signal:  make(chan struct{}, 1),
		quit:    make(chan struct{}),
		gone:    make(chan struct{}),
		waiting: make(map[eventID]Event),
	}
}

// add takes events in and never waits.
func (s *subscriber) add(events []Event) {
	s.mu.Lock()
	for _, e := range events {
		id := e.id()
		old, waiting := s.waiting[id]
		if !waiting {
			s.order = append(s.order, id)
		}
		e.Urgent = e.Urgent || old.Urgent
		s.waiting[id] = e
	}
	s.mu.Unlock()
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

func (s *subscriber) next() (Event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) == 0 {
		return Event{}, false
	}
	id := s.order[0]
	s.order = s.order[1:]
	e := s.waiting[id]
	delete(s.waiting, id)
	return e, true
}

// pump hands events over until the subscription ends; then it closes the channel.
func (s *subscriber) pump(cluster func(string) *topology.Topology) {
	defer close(s.gone)
	defer close(s.out)
	for {
		e, ok := s.next()
		if !ok {
			select {
			case <-s.signal:
				continue
			case <-s.quit:
				return
			}
		}
		e.Topology = cluster(e.Cluster)
		select {
		case s.out <- e:
		case <-s.quit:
			return
		}
	}
}

func (s *subscriber) stop() {
	s.once.Do(func() { close(s.quit) })
	<-s.gone
}

// Subscribe returns a channel of events, buffered as wanted, and a function that ends the subscription. A reader that
// is slow never holds the observer up: it then gets the newest event of each cluster and server instead of all. The
// channel is closed when the subscription or the observer's run has ended.
func (o *Observer) Subscribe(buffer int) (<-chan Event, func()) {
	s := newSubscriber(buffer)
	o.subMu.Lock()
	closed := o.subClosed
	if !closed {
		o.subscribers[s] = struct{}{}
	}
	o.subMu.Unlock()
	if closed {
		close(s.out)
		return s.out, func() {}
	}
	go s.pump(o.Cluster)
	return s.out, func() {
		o.subMu.Lock()
		delete(o.subscribers, s)
		o.subMu.Unlock()
		s.stop()
	}
}

func (o *Observer) publish(events []Event) {
	if len(events) == 0 {
		return
	}
	o.subMu.Lock()
	defer o.subMu.Unlock()
	for s := range o.subscribers {
		s.add(events)
	}
}

// endSubscriptions closes all channels and waits for the pumps.
func (o *Observer) endSubscriptions() {
	o.subMu.Lock()
	o.subClosed = true
	all := o.subscribers
	o.subscribers = make(map[*subscriber]struct{})
	o.subMu.Unlock()
	for s := range all {
		s.stop()
	}
}
