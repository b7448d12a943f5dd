package v2

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// NodeReports are what the managers tell of themselves and of the servers.
type NodeReports struct {
	Nodes     []NodeReport     `json:"nodes"`
	Sees      []ServerSeen     `json:"sees" doc:"the servers that any manager does not find well"`
	Alike     int              `json:"alike" doc:"how many others there are, which all find well"`
	Rule      string           `json:"rule" doc:"what the managers do with what they see"`
	Attention []AttentionPoint `json:"attention" doc:"what somebody should look at, and what is as it should be"`
}

// NodeReport is what a manager tells of itself.
type NodeReport struct {
	ID           string     `json:"id" doc:"as in nodes"`
	Error        string     `json:"error,omitempty" doc:"why it tells nothing"`
	Begun        *time.Time `json:"begun"`
	Site         string     `json:"site,omitempty"`
	Backend      string     `json:"backend,omitempty"`
	BackendBytes int64      `json:"backend_bytes,omitempty"`
	Servers      int        `json:"servers" doc:"that it knows"`
	Seen         int        `json:"seen" doc:"of them, those that answer it"`
	Witness      bool       `json:"witness" doc:"it looks at no server"`
	ToldAt       *time.Time `json:"told_at" doc:"when it said this, to the second, where it was not asked for it: with a shared backend; null: now"`
	BackendMS    *float64   `json:"backend_ms" doc:"how long the backend that the nodes share takes to answer it; null where they share none"`
}

// ServerSeen is how the managers find a server.
type ServerSeen struct {
	Server   string   `json:"server"`
	By       []SeenBy `json:"by" doc:"in the order of the nodes"`
	Agree    bool     `json:"agree"`
	Together string   `json:"together" doc:"what comes of it"`
	Worst    string   `json:"worst" enum:"ok,stale,crit"`
}

// SeenBy is how one manager finds a server.
type SeenBy struct {
	Node   string `json:"node"`
	Status string `json:"status" enum:"ok,stale,crit,unknown"`
	Text   string `json:"text"`
}

// AttentionPoint is something about the managers.
type AttentionPoint struct {
	Status string     `json:"status" enum:"ok,info,warn,crit"`
	Text   string     `json:"text"`
	More   string     `json:"more,omitempty"`
	At     *time.Time `json:"at" doc:"when what it is about happened, or will"`
}

// reportsOf puts together what the managers told. agreeing says that they are asked before a failure is acted on.
func reportsOf(is Nodes, told []operate.NodeReport, agreeing bool, now time.Time) NodeReports {
	told = named(is.Nodes, told)
	is.Nodes = clocked(is.Nodes, told)
	out := NodeReports{Nodes: []NodeReport{}, Sees: []ServerSeen{}, Attention: attention(is, told, now)}
	place := func(r operate.NodeReport) int {
		return slices.IndexFunc(is.Nodes, func(n Node) bool { return n.ID == r.Node })
	}
	slices.SortStableFunc(told, func(a, b operate.NodeReport) int { return place(a) - place(b) })
	for _, r := range told {
		out.Nodes = append(out.Nodes, nodeReportOf(r, now))
	}
	var lookers []operate.NodeReport
	for _, r := range told {
		if !r.Facts.Witness {
			lookers = append(lookers, r)
		}
	}
	asked := agreeing && is.Votes != nil && is.Votes.All >= enoughToDisagree
	switch {
	case asked:
		out.Rule = "A failure is acted on only if most of the managers that can see its replicas agree."
	case is.Votes != nil && is.Votes.All > 1:
		out.Rule = "The manager that leads acts on what it sees itself."
	case is.Mode == "lease":
		out.Rule = "Only the manager that leads acts, on what it sees itself. Managers that share a backend do not ask each other; each writes there every few seconds what it sees."
	}
	for _, k := range serversOf(lookers) {
		out.Sees = append(out.Sees, seenOf(k, lookers, asked))
	}
	slices.SortStableFunc(out.Sees, func(a, b ServerSeen) int {
		return cmp.Or(compareBool(a.Agree, b.Agree), cmp.Compare(a.Server, b.Server))
	})
	for _, r := range told {
		if r.Self {
			out.Alike = max(0, r.Servers-len(out.Sees))
		}
	}
	return out
}

// enoughToDisagree is the number of votes from which on the managers ask each other.
const enoughToDisagree = 3

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// named gives what was told by processes that share a backend the names that these go by.
func named(nodes []Node, told []operate.NodeReport) []operate.NodeReport {
	told = slices.Clone(told)
	for k := range told {
		r := &told[k]
		if at := slices.IndexFunc(nodes, func(n Node) bool { return n.token != "" && n.token == r.Token }); at >= 0 {
			r.Node = nodes[at].ID
		}
	}
	return told
}

// clocked are the nodes with how far their clocks are ahead of that of the one that answers, where each has compared its own with
// that of the backend that they share.
func clocked(nodes []Node, told []operate.NodeReport) []Node {
	own := slices.IndexFunc(told, func(r operate.NodeReport) bool { return r.Self && r.Facts.Clock != nil })
	if own < 0 {
		return nodes
	}
	nodes = slices.Clone(nodes)
	for _, r := range told {
		at := slices.IndexFunc(nodes, func(n Node) bool { return n.ID == r.Node })
		if at >= 0 && !r.Self && r.Facts.Clock != nil {
			ahead := millis(*r.Facts.Clock - *told[own].Facts.Clock)
			nodes[at].ClockAhead = &ahead
		}
	}
	return nodes
}

func nodeReportOf(r operate.NodeReport, now time.Time) NodeReport {
	out := NodeReport{
		ID: r.Node, Begun: when(r.Facts.Begun), Site: r.Facts.Site, Backend: r.Facts.Backend, BackendBytes: r.Facts.BackendBytes,
		Servers: r.Servers, Seen: r.Seen, Witness: r.Facts.Witness,
	}
	if r.Err != nil {
		out.Error = r.Err.Error()
	}
	if r.Age > 0 {
		out.ToldAt = when(now.Add(-r.Age))
	}
	if trip := r.Facts.BackendTrip; trip > 0 {
		ms := millis(trip)
		out.BackendMS = &ms
	}
	return out
}

// serversOf are those that any of them finds ill.
func serversOf(told []operate.NodeReport) []topology.Key {
	var keys []topology.Key
	seen := map[topology.Key]bool{}
	for _, r := range told {
		for _, s := range r.Ill {
			if !seen[s.Server] {
				seen[s.Server] = true
				keys = append(keys, s.Server)
			}
		}
	}
	return keys
}

// seenOf is how each manager finds a server, and what comes of it. One that did not say counts neither way.
func seenOf(k topology.Key, lookers []operate.NodeReport, asked bool) ServerSeen {
	out := ServerSeen{Server: k.String(), By: []SeenBy{}, Worst: "ok"}
	said, ill := 0, 0
	kinds := map[string]bool{}
	for _, r := range lookers {
		by := SeenBy{Node: r.Node, Status: "unknown", Text: "did not say"}
		if s, told := saidOf(k, r); told {
			by.Text = s.Text
			if s.Status != "" {
				by.Status = string(s.Status)
			}
		}
		if by.Status != "unknown" {
			said++
			kinds[by.Status] = true
		}
		if by.Status == string(operate.StatusCritical) {
			ill++
		}
		if operate.Status(by.Status).Worse(operate.Status(out.Worst)) {
			out.Worst = by.Status
		}
		out.By = append(out.By, by)
	}
	out.Agree = len(kinds) <= 1
	switch {
	case said <= 1:
		out.Together = "one manager says so"
	case out.Agree:
		out.Together = "agree"
	case !asked:
		out.Together = "differ: the leader decides"
	case 2*ill > said:
		out.Together = fmt.Sprintf("differ: %d of %d find it ill", ill, said)
	default:
		out.Together = "differ: no action"
	}
	return out
}

func saidOf(k topology.Key, r operate.NodeReport) (operate.SeenAs, bool) {
	for _, list := range [][]operate.SeenAs{r.Asked, r.Ill} {
		for _, s := range list {
			if s.Server == k {
				return s, true
			}
		}
	}
	return operate.SeenAs{}, false
}
