package v2

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"orchestrator/internal/consensus"
	"orchestrator/internal/operate"
)

// Nodes are the managers.
type Nodes struct {
	Healthy      bool       `json:"healthy"`
	Error        string     `json:"error,omitempty"`
	Self         string     `json:"self"`
	Leader       string     `json:"leader" doc:"its name among the nodes; empty when it is not known"`
	LeaderURI    string     `json:"leader_uri,omitempty"`
	LeaderSince  *time.Time `json:"leader_since" doc:"since when it leads; null when that is not known"`
	LeaseRenewed *time.Time `json:"lease_renewed" doc:"when the leader gave its last sign of life in the backend that the nodes share; null with raft"`
	Mode         string     `json:"mode" enum:"raft,lease,alone" doc:"how it is decided who leads"`
	Replicated   bool       `json:"replicated" doc:"the nodes agree by consensus"`
	Term         uint64     `json:"term,omitempty" doc:"of raft"`
	Votes        *NodeVotes `json:"votes" doc:"null without raft"`
	Sentence     string     `json:"sentence"`
	More         string     `json:"more" doc:"how many more may fail"`
	Nodes        []Node     `json:"nodes"`
	Links        []NodeLink `json:"links" doc:"how far the nodes are from each other, as they measured it"`
}

// NodeVotes are the nodes that vote.
type NodeVotes struct {
	All    int `json:"all"`
	Needed int `json:"needed"`
	Here   int `json:"here"`
}

// NodeLink is the way between two nodes.
type NodeLink struct {
	From string  `json:"from"`
	To   string  `json:"to"`
	MS   float64 `json:"ms" doc:"the quickest of the last round trips"`
}

// Node is a manager.
type Node struct {
	ID         string     `json:"id" doc:"what the operations on nodes call it"`
	Name       string     `json:"name"`
	Hostname   string     `json:"hostname"`
	Address    string     `json:"address,omitempty" doc:"of raft"`
	URI        string     `json:"uri,omitempty"`
	Version    string     `json:"version"`
	Odd        bool       `json:"odd" doc:"most nodes have another version"`
	Role       string     `json:"role" enum:"leader,follower,candidate,witness,learner"`
	Leader     bool       `json:"leader"`
	Self       bool       `json:"self"`
	Here       bool       `json:"here" doc:"it gave a sign of life lately; with a shared backend, one that has ended without a word is missed for an hour"`
	Failing    bool       `json:"failing" doc:"its backend fails: it cannot lead"`
	FirstSeen  *time.Time `json:"first_seen"`
	LastSeen   *time.Time `json:"last_seen"`
	Contact    *float64   `json:"contact_ms" doc:"since its last sign of life; null for the node that answers, and where there was none"`
	Backend    string     `json:"backend"`
	Index      *uint64    `json:"index" doc:"how far it has applied the log of raft"`
	Behind     *uint64    `json:"behind" doc:"entries behind the leader"`
	RoundTrip  *float64   `json:"round_trip_ms" doc:"between it and the leader; null for the leader, and where nothing was measured"`
	ClockAhead *float64   `json:"clock_ahead_ms" doc:"of its clock to that of the node that answers; null when that is not known"`
	MovedFrom  string     `json:"moved_from,omitempty" doc:"the address that it had before"`
	MovedAt    *time.Time `json:"moved_at"`

	token string // of the process, where nodes share a backend
}

func (a *API) nodeRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/nodes", name: "getNodes", topic: "service", summary: "The managers, and who leads", local: true, answer: Nodes{}, handle: a.nodes},
		{method: http.MethodGet, path: "/nodes/reports", name: "getNodeReports", topic: "service", summary: "What each manager tells of itself and how it finds the servers, and what needs attention", local: true,
			doc:    "The other nodes of a raft group are asked on the raft port, and have a second to answer. Nodes that share a backend write there every few seconds how they are; told_at says when.",
			answer: NodeReports{}, handle: func(q *request) (any, error) { return a.reports.get(q.Context(), a) }},
		{method: http.MethodPost, path: "/nodes/reelect", name: "reelect", topic: "service", summary: "End the term of the node that leads", needs: operate.Admin,
			answer: Outcome{}, handle: runs("reelect", path(func(*request) map[operate.Param]string { return nil }))},
	}
}

func (a *API) nodes(q *request) (any, error) { return a.standing(q.Context()) }

// standing is how the nodes stand, from memory.
func (a *API) standing(ctx context.Context) (Nodes, error) {
	if a.Engine.Health == nil {
		return Nodes{}, notAvailable.say("the nodes are not known in this process")
	}
	h := a.Engine.Health.Health(ctx)
	n := Nodes{Healthy: h.Err == nil, Self: h.Hostname, Leader: h.Active.Hostname, Nodes: []Node{}, Links: []NodeLink{}, Mode: "alone"}
	if l := a.Engine.Leadership; l != nil {
		n.LeaderURI, n.Replicated = l.LeaderURI(), l.Replicated()
	}
	if h.Err != nil {
		n.Error = h.Err.Error()
	}
	if a.Engine.Raft != nil {
		n.Mode = "raft"
		n.group(a.Engine.Raft.Standing(), a.Engine.Now())
	} else {
		n.leased(h)
	}
	if versions, _ := versionsOf(n.Nodes); len(versions) > 1 {
		for k := range n.Nodes {
			n.Nodes[k].Odd = n.Nodes[k].Version != "" && n.Nodes[k].Version != versions[0]
		}
	}
	n.Sentence, n.More = n.sentences()
	return n, nil
}

// leased are the nodes that give signs of life in one backend, and those that are missed there.
func (n *Nodes) leased(h operate.Health) {
	hosts := map[string]int{}
	for _, list := range [][]operate.NodeHealth{h.Available, h.Silent} {
		for _, x := range list {
			hosts[x.Hostname]++
		}
	}
	add := func(x operate.NodeHealth, here bool) {
		node := Node{
			ID: x.Hostname, Hostname: x.Hostname, Version: x.Version, Self: x.Token == h.Token, Here: here, Role: "follower",
			Leader:    here && x.Token == h.Active.Token && x.Hostname == h.Active.Hostname,
			FirstSeen: when(x.FirstSeen), LastSeen: when(x.LastSeen), Backend: x.Backend, token: x.Token,
		}
		if hosts[x.Hostname] > 1 { // several on one machine
			node.ID += "/" + x.Token[:min(len(x.Token), 8)]
		}
		node.Name = node.ID
		if node.Leader {
			node.Role, n.Leader = "leader", node.Name
		}
		if node.Self {
			n.Self = node.Name
		}
		n.Nodes = append(n.Nodes, node)
	}
	for _, x := range h.Available {
		add(x, true)
	}
	for _, x := range h.Silent {
		add(x, false)
	}
	if len(n.Nodes) > 1 {
		n.Mode = "lease"
		n.LeaderSince, n.LeaseRenewed = when(h.Active.FirstSeen), when(h.Active.LastSeen)
	}
}

// group are the members of a raft group, those that are silent among them.
func (n *Nodes) group(s consensus.Standing, now time.Time) {
	votes := NodeVotes(consensus.VotesOf(s.Members, ""))
	n.Term, n.Votes, n.Leader = s.Term, &votes, ""
	hosts := map[string]int{}
	trips := map[string]map[string]time.Duration{}
	leader := ""
	for _, m := range s.Members {
		hosts[m.Hostname]++
		trips[m.ID] = m.Trips
		if m.Leader {
			leader = m.ID
		}
	}
	for _, m := range s.Members {
		node := memberOf(m, now)
		if m.Hostname != "" && hosts[m.Hostname] == 1 {
			node.Name = m.Hostname
		}
		if trip := tripBetween(trips, leader, m.ID); m.ID != leader && trip > 0 && m.Healthy {
			took := millis(trip)
			node.RoundTrip = &took
		}
		if m.Leader {
			n.Leader, n.LeaderSince = node.Name, when(m.LeadsSince)
		}
		if m.Self {
			n.Self = node.Name
		}
		n.Nodes = append(n.Nodes, node)
	}
	for k, a := range s.Members {
		for _, b := range s.Members[:k] {
			if trip := tripBetween(trips, a.ID, b.ID); trip > 0 && a.Healthy && b.Healthy {
				n.Links = append(n.Links, NodeLink{b.ID, a.ID, millis(trip)})
			}
		}
	}
}

func memberOf(m consensus.Member, now time.Time) Node {
	node := Node{
		ID: m.ID, Name: m.Address, Hostname: m.Hostname, Address: m.Address, URI: m.URI, Version: m.Version, Leader: m.Leader, Self: m.Self,
		Here: m.Healthy, Failing: m.Failing, Role: memberRole(m), MovedFrom: m.Moved.From, MovedAt: when(m.Moved.At),
	}
	if m.Contact >= 0 {
		node.LastSeen = when(now.Add(-m.Contact))
		node.Index, node.Behind = &m.Applied, &m.Lag
	}
	if m.Contact >= 0 && !m.Self {
		ago := millis(m.Contact)
		node.Contact = &ago
	}
	if !m.Self && m.RoundTrip > 0 {
		ahead := millis(m.ClockAhead)
		node.ClockAhead = &ahead
	}
	return node
}

func memberRole(m consensus.Member) string {
	switch {
	case m.Leader:
		return "leader"
	case m.Witness:
		return "witness"
	case !m.Voter:
		return "learner"
	case m.State == "Candidate":
		return "candidate"
	}
	return "follower"
}

// tripBetween is the quicker of what both ends measured; 0 when neither did.
func tripBetween(trips map[string]map[string]time.Duration, a, b string) time.Duration {
	there, back := trips[a][b], trips[b][a]
	switch {
	case there == 0:
		return back
	case back == 0:
		return there
	}
	return min(there, back)
}

// sentences say whether the nodes can decide, and how many more may fail.
func (n *Nodes) sentences() (is, more string) {
	switch {
	case !n.Healthy:
		return "This node is not healthy: " + n.Error, ""
	case n.Votes != nil && n.Votes.Here < n.Votes.Needed:
		return fmt.Sprintf("No quorum: %d of %d managers are here, and %d are needed.", n.Votes.Here, n.Votes.All, n.Votes.Needed), "Nothing would be failed over."
	case n.Leader == "":
		return "Nobody leads at this moment: nothing would be failed over.", ""
	case n.Votes != nil && n.Votes.All > 1:
		return fmt.Sprintf("%d of %d managers are here.", n.Votes.Here, n.Votes.All), n.Votes.spare()
	case len(n.Nodes) <= 1:
		return "One manager. If it stops, nobody fails over.", ""
	}
	here := 0
	for _, x := range n.Nodes {
		if x.Here {
			here++
		}
	}
	is, more = fmt.Sprintf("%d managers are here.", here), "As long as one of them and the backend that they share are there, failures are repaired."
	if here < len(n.Nodes) {
		is = fmt.Sprintf("%d of %d managers are here.", here, len(n.Nodes))
	}
	if here == 1 {
		is = fmt.Sprintf("1 of %d managers is here.", len(n.Nodes))
		more = "If it stops, too, nobody fails over."
	}
	return is, more
}

func (v *NodeVotes) spare() string {
	switch spare := v.Here - v.Needed; spare {
	case 0:
		return "If one more fails, nobody decides, and nothing is failed over."
	case 1:
		return "One more may fail and the group still decides."
	default:
		return fmt.Sprintf("%d more may fail and the group still decides.", spare)
	}
}

// reported keeps what the nodes told of themselves for a moment: however many people look, they are asked once.
type reported struct {
	mu   sync.Mutex
	at   time.Time
	last NodeReports
}

// reportsFor is how old an answer may be.
const reportsFor = 2 * time.Second

func (r *reported) get(ctx context.Context, a *API) (NodeReports, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := a.Engine.Now()
	if age := now.Sub(r.at); !r.at.IsZero() && age >= 0 && age < reportsFor {
		return r.last, nil
	}
	is, err := a.standing(ctx)
	if err != nil {
		return NodeReports{}, err
	}
	told, err := a.Engine.Reports(ctx)
	if err != nil {
		return NodeReports{}, fmt.Errorf("ask the managers: %w", err)
	}
	got := reportsOf(is, told, a.Engine.Config().ExpectFailureAnalysisConcensus, now)
	if ctx.Err() == nil { // that somebody did not wait says nothing about the nodes
		r.last, r.at = got, now
	}
	return got, nil
}
