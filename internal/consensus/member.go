package consensus

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/raft"
)

// Greeting is what a node tells the others about itself, again and again and outside the log.
type Greeting struct {
	ID       string `json:"id"`
	Address  string `json:"address"`       // where its raft port is reached
	URI      string `json:"uri,omitempty"` // of its HTTP API
	Hostname string `json:"hostname"`
	Version  string `json:"version"`
	Witness  bool   `json:"witness,omitempty"`
	State    string `json:"state"`  // Leader, Follower, Candidate
	Leader   string `json:"leader"` // the ID of the node that it takes for the leader
	Applied  uint64 `json:"applied"`
	Token    string `json:"token"` // of its process
	// Failing says that its backend fails: it must not lead.
	Failing bool `json:"failing,omitempty"`
	// Holds is how many rows its backend holds from before there was a log.
	Holds int `json:"holds,omitempty"`
	// Members are the IDs of the members that it knows of; none before it has joined or formed a cluster.
	Members []string `json:"members,omitempty"`
	// Clock is its time at this moment, Leads since when it leads, and Trips how long greetings of other nodes take, by ID.
	Clock time.Time                `json:"clock,omitzero"`
	Leads time.Time                `json:"leads,omitzero"`
	Trips map[string]time.Duration `json:"trips,omitempty"`
}

// heard is the last greeting of a node.
type heard struct {
	Greeting
	at time.Time
}

// Member is a node of the cluster as another one sees it.
type Member struct {
	ID, Address string
	Voter       bool
	Self        bool
	Leader      bool
	Healthy     bool          // it gave a sign of life within healthyFor
	Contact     time.Duration // since its last sign of life; below 0: none yet
	Applied     uint64        // how far it has applied the log
	Lag         uint64        // entries behind the leader, as far as this node knows
	Witness     bool
	Failing     bool // its backend fails
	State       string
	URI         string
	Hostname    string
	Version     string
	LeadsSince  time.Time                // zero: it does not lead, or does not tell
	RoundTrip   time.Duration            // of a greeting from this node; 0 when none was answered
	ClockAhead  time.Duration            // of its clock to this one's, exact to half the round trip
	Trips       map[string]time.Duration // round trips that it has measured itself, by ID
	Moved       Move
}

const (
	greetEvery  = 500 * time.Millisecond
	greetWithin = time.Second
	// healthyFor is how long a sign of life counts.
	healthyFor = 3 * time.Second
)

// The kinds of questions between nodes.
const (
	askGreeting = "greeting"
	askOpinion  = "opinion"
	askReport   = "report"
)

// greeting is this node's own.
func (r *Raft) greeting() Greeting {
	g := Greeting{
		ID: r.id, Address: r.o.Advertise, URI: r.o.URI, Hostname: r.o.Self.Hostname, Version: r.o.Version, Witness: r.o.Witness,
		State: r.State(), Applied: r.machine.index.Load(), Token: r.o.Self.Token, Failing: r.isFailing(), Holds: r.holds,
		Clock: r.o.Now(), Leads: r.leadsSince(), Trips: r.roundTrips(),
	}
	_, id := r.raft.LeaderWithID()
	g.Leader = string(id)
	for _, s := range r.servers() {
		g.Members = append(g.Members, string(s.ID))
	}
	return g
}

// servers are the members of the cluster; none when this node has neither formed nor joined one.
func (r *Raft) servers() []raft.Server {
	f := r.raft.GetConfiguration()
	if f.Error() != nil {
		return nil
	}
	return f.Configuration().Servers
}

// greet tells the others about this node, and listens to what they say, until ctx ends.
func (r *Raft) greet(ctx context.Context) {
	ticker := time.NewTicker(greetEvery)
	defer ticker.Stop()
	for {
		mine := r.greeting()
		for _, address := range r.others() {
			if !r.beginGreeting(address) {
				continue // the last one has not been answered yet
			}
			r.work.Go(func() {
				defer r.endGreeting(address)
				ask, cancel := context.WithTimeout(ctx, greetWithin)
				defer cancel()
				var theirs Greeting
				if took, err := r.talk.timed(ask, address, askGreeting, mine, &theirs); err == nil {
					r.hear(theirs)
					r.measure(theirs, took)
				}
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// others are the addresses at which nodes may be found: of the members, and those in the configuration.
func (r *Raft) others() []string {
	list := slices.Clone(r.o.Nodes())
	for _, s := range r.servers() {
		if string(s.ID) != r.id {
			list = append(list, r.addressOf(s.ID, s.Address))
		}
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(a string) bool { return a == r.o.Advertise })
}

func (r *Raft) beginGreeting(address string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.greetingNow[address] {
		return false
	}
	r.greetingNow[address] = true
	return true
}

func (r *Raft) endGreeting(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.greetingNow, address)
}

func (r *Raft) hear(g Greeting) {
	if g.ID == r.id || g.ID == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteMove(r.heard[g.ID].Greeting, g)
	r.heard[g.ID] = heard{g, r.o.Now()}
}

func (r *Raft) lastHeard(id string) (heard, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, ok := r.heard[id]
	return h, ok
}

// addressOf is where a member is reached: where it said last, or where the membership has it.
func (r *Raft) addressOf(id raft.ServerID, known raft.ServerAddress) string {
	if h, ok := r.lastHeard(string(id)); ok && h.Address != "" {
		return h.Address
	}
	return string(known)
}

// ServerAddr implements raft.ServerAddressProvider: a node that has moved is reached where it is now.
func (r *Raft) ServerAddr(id raft.ServerID) (raft.ServerAddress, error) {
	h, ok := r.lastHeard(string(id))
	if !ok || h.Address == "" {
		return "", errors.New("not heard of yet") // raft takes the address of the membership
	}
	return raft.ServerAddress(h.Address), nil
}

// Members returns the members, in the order of their addresses.
func (r *Raft) Members() []Member {
	_, leader := r.raft.LeaderWithID()
	now, reached := r.o.Now(), r.machine.index.Load()
	if h, ok := r.lastHeard(string(leader)); ok {
		reached = max(reached, h.Applied)
	}
	list := []Member{}
	for _, s := range r.servers() {
		m := Member{
			ID: string(s.ID), Address: r.addressOf(s.ID, s.Address), Voter: s.Suffrage == raft.Voter,
			Leader: s.ID == leader && leader != "", Contact: -1,
		}
		g, ok := r.lastOf(m.ID)
		if m.ID == r.id {
			m.Self, m.Address, m.Contact, m.Healthy = true, r.o.Advertise, 0, true
		} else if ok {
			m.Contact = now.Sub(g.at)
			m.Healthy = m.Contact < healthyFor
		}
		if ok {
			m.Applied, m.Witness, m.Failing, m.State = g.Applied, g.Witness, g.Failing, g.State
			m.URI, m.Hostname, m.Version, m.LeadsSince = g.URI, g.Hostname, g.Version, g.Leads
			r.measured(&m, g.Greeting)
			m.Lag = reached - min(reached, g.Applied)
		}
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b Member) int { return cmp.Compare(a.Address, b.Address) })
	return list
}

// lastOf is the last greeting of a member, this node included.
func (r *Raft) lastOf(id string) (heard, bool) {
	if id != r.id {
		return r.lastHeard(id)
	}
	g := Greeting{
		ID: r.id, URI: r.o.URI, Hostname: r.o.Self.Hostname, Version: r.o.Version, Witness: r.o.Witness,
		State: r.State(), Applied: r.machine.index.Load(), Failing: r.isFailing(), Leads: r.leadsSince(),
	}
	return heard{g, r.o.Now()}, true
}

// answerTo answers the question of another node.
func (r *Raft) answerTo(ctx context.Context, kind string, body json.RawMessage) (any, error) {
	if !r.ready.Load() {
		return Greeting{ID: r.id, Address: r.o.Advertise}, nil // it is just starting
	}
	switch kind {
	case askGreeting:
		var g Greeting
		if err := json.Unmarshal(body, &g); err != nil {
			return nil, err
		}
		r.hear(g)
		return r.greeting(), nil
	case askOpinion, askReport:
		r.mu.Lock()
		answer := map[string]Answer{askOpinion: r.opinion, askReport: r.report}[kind]
		r.mu.Unlock()
		if answer == nil {
			return nil, errors.New("this node does not answer that")
		}
		return answer(ctx, body)
	}
	return nil, fmt.Errorf("%s: an unknown question; upgrade this node", kind)
}

// attend is what a leader does about the membership once in a while: it notes where members have moved to, and takes in
// the nodes that its configuration names.
func (r *Raft) attend(ctx context.Context) {
	if !r.IsLeader() {
		return
	}
	servers := r.servers()
	index := make(map[string]raft.Server)
	for _, s := range servers {
		index[string(s.ID)] = s
	}
	for id, h := range r.allHeard() {
		s, member := index[id]
		switch {
		case r.o.Now().Sub(h.at) > healthyFor:
		case member && string(s.Address) != h.Address:
			r.o.Logger.Info("a raft node has moved", "node", id, "from", string(s.Address), "to", h.Address)
			if err := r.readdress(s, h.Address); err != nil {
				r.o.Logger.Warn("the new address of a raft node was not noted", "node", id, "error", err)
			}
		case !member && len(h.Members) == 0 && slices.Contains(r.o.Nodes(), h.Address):
			if err := r.AddMember(ctx, h.Address, true); err != nil && ctx.Err() == nil {
				r.o.Logger.Warn("a node that RaftNodes names was not taken in", "node", id, "error", err)
			}
		}
	}
}

func (r *Raft) allHeard() map[string]heard {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make(map[string]heard, len(r.heard))
	for id, h := range r.heard {
		all[id] = h
	}
	return all
}

func (r *Raft) readdress(s raft.Server, address string) error {
	if s.Suffrage == raft.Voter {
		return r.raft.AddVoter(s.ID, raft.ServerAddress(address), 0, changeWithin).Error()
	}
	return r.raft.AddNonvoter(s.ID, raft.ServerAddress(address), 0, changeWithin).Error()
}
