package consensus

import (
	"maps"
	"time"
)

// trip is one greeting to another node and back: how long it took, and how far that node's clock was ahead of this one's.
type trip struct{ took, ahead time.Duration }

// tripsKept are those of the last few seconds.
const tripsKept = 8

// quickest is the trip that says most of the network and of the clocks: a slower one waited somewhere on its way.
func quickest(trips []trip) (best trip) {
	for n, t := range trips {
		if n == 0 || t.took < best.took {
			best = t
		}
	}
	return best
}

// measure takes in a greeting that was answered: when it was sent, how long the answer took, and what the node's clock
// showed in between. A node of an older version does not tell its time.
func (r *Raft) measure(theirs Greeting, took time.Duration) {
	if theirs.ID == "" || theirs.ID == r.id || theirs.Clock.IsZero() {
		return
	}
	t := trip{took: took, ahead: theirs.Clock.Sub(r.o.Now().Add(-took / 2))}
	r.mu.Lock()
	defer r.mu.Unlock()
	list := append(r.trips[theirs.ID], t)
	r.trips[theirs.ID] = list[max(0, len(list)-tripsKept):]
}

// tripTo is the quickest of the last trips to a node; zero when there was none.
func (r *Raft) tripTo(id string) trip {
	r.mu.Lock()
	defer r.mu.Unlock()
	return quickest(r.trips[id])
}

// roundTrips are those to all nodes that answered.
func (r *Raft) roundTrips() map[string]time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make(map[string]time.Duration, len(r.trips))
	for id, list := range r.trips {
		all[id] = quickest(list).took
	}
	return all
}

// Move is that a node was heard of at another address than before.
type Move struct {
	From string
	At   time.Time // zero: it has not moved since this node began
}

// noteMove remembers where a node was before. The caller holds mu.
func (r *Raft) noteMove(was, is Greeting) {
	if was.Address != "" && is.Address != "" && was.Address != is.Address {
		r.moves[is.ID] = Move{From: was.Address, At: r.o.Now()}
	}
}

// forgetMember drops what is remembered of a node that was removed.
func (r *Raft) forgetMember(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.heard, id)
	delete(r.trips, id)
	delete(r.moves, id)
}

// measured fills in what was measured of a member, and what it measured itself.
func (r *Raft) measured(m *Member, g Greeting) {
	if m.Self {
		m.Trips = r.roundTrips()
		return
	}
	t := r.tripTo(m.ID)
	m.RoundTrip, m.ClockAhead, m.Trips = t.took, t.ahead, maps.Clone(g.Trips)
	r.mu.Lock()
	defer r.mu.Unlock()
	m.Moved = r.moves[m.ID]
}
