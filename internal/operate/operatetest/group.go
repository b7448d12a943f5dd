package operatetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"orchestrator/internal/consensus"
	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// Group is three managers that agree by consensus: the second one leads and is this process, the third one is behind and of
// another version. An engine takes it as Raft and as Managers.
type Group struct {
	Stands  consensus.Standing
	Told    []operate.NodeReport // what the others tell
	backend *Backend
	mu      sync.Mutex // for Change
}

// NewGroup is a group of which all are here, and two differ about a server.
func NewGroup(b *Backend) *Group {
	const first, second, third = "10.0.1.1:10008", "10.0.2.1:10008", "10.0.3.1:10008"
	ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
	member := func(id, host, state string, index uint64, contact, trip, ahead time.Duration, trips map[string]time.Duration) consensus.Member {
		return consensus.Member{
			ID: id, Address: id, Hostname: host, URI: "http://" + host + ":3000", Version: "4.0.2", Voter: true, Healthy: true, State: state,
			Applied: index, Lag: 88231 - index, Contact: contact, RoundTrip: trip, ClockAhead: ahead, Trips: trips,
		}
	}
	one := member(first, "manager-1", "Follower", 88231, ms(38), ms(7), ms(0.4), map[string]time.Duration{second: ms(7.2), third: ms(91)})
	two := member(second, "manager-2", "Leader", 88231, 0, 0, 0, map[string]time.Duration{first: ms(7), third: ms(88)})
	three := member(third, "manager-3", "Follower", 88229, ms(91), ms(88), ms(-3), map[string]time.Duration{first: ms(92), second: ms(89)})
	two.Self, two.Leader, two.LeadsSince = true, true, Now().Add(-41*24*time.Hour)
	three.Version, three.Moved = "4.0.1", consensus.Move{From: "10.0.3.9:10008", At: Now().Add(-6 * time.Hour)}
	g := &Group{backend: b, Stands: consensus.Standing{
		ID: second, Advertise: second, State: "Leader", Leader: second, Quorum: true, Voters: 3, Needed: 2, Reachable: 3, Term: 41, Applied: 88231, Last: 88231,
		Members: []consensus.Member{one, two, three},
	}}
	report := func(id, site string, begun time.Duration, size int64) operate.NodeReport {
		n := len(b.Fleet.Instances())
		return operate.NodeReport{Node: id, Servers: n, Seen: n, Ill: []operate.SeenAs{}, Asked: []operate.SeenAs{}, Facts: operate.NodeFacts{
			Begun: Now().Add(-begun), Site: site, Backend: "SQLite", BackendBytes: size, Disk: operate.Disk{Path: "/var/lib/orchestrator", Free: 71, Total: 100},
			Snapshot: Now().Add(-14 * time.Minute), SnapshotSize: 212_000, Stores: []operate.StoreReach{{Store: "consul"}},
		}}
	}
	third3 := report(third, "iad2", 6*time.Hour, 60_000_000)
	third3.Seen--
	g.Told = []operate.NodeReport{report(first, "fra1", 12*24*time.Hour, 61_000_000), third3}
	return g
}

// Standing implements operate.Raft.
func (g *Group) Standing() consensus.Standing {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.Stands
	s.Members = slices.Clone(s.Members)
	return s
}

// Change has the group stand otherwise, while it is being looked at.
func (g *Group) Change(how func(*consensus.Standing)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	how(&g.Stands)
}

// Newcomer implements operate.Raft: one runs at every address but those that end with :1.
func (g *Group) Newcomer(_ context.Context, address string) (consensus.Greeting, error) {
	if address[max(0, len(address)-2):] == ":1" {
		return consensus.Greeting{}, errors.New("the node must run before it is added: connection refused")
	}
	for _, m := range g.Stands.Members {
		if m.Address == address {
			return consensus.Greeting{ID: m.ID, Hostname: m.Hostname, Version: m.Version}, nil
		}
	}
	return consensus.Greeting{ID: address, Hostname: "manager-4", Version: "4.0.2"}, nil
}

// AddMember notes the call.
func (g *Group) AddMember(_ context.Context, address string, voter bool) error {
	return g.backend.note("add member %s voter=%t", address, voter)
}

// RemoveMember notes the call.
func (g *Group) RemoveMember(_ context.Context, node string) error {
	return g.backend.note("remove member %s", node)
}

// ReplaceMember notes the call.
func (g *Group) ReplaceMember(_ context.Context, old, next string) error {
	return g.backend.note("replace member %s by %s", old, next)
}

// Transfer notes the call.
func (g *Group) Transfer(node string) error { return g.backend.note("transfer to %q", node) }

// TransferByHint notes the call.
func (g *Group) TransferByHint(hint string) error { return g.backend.note("transfer by hint %s", hint) }

// Snapshot notes the call.
func (g *Group) Snapshot() error { return g.backend.note("raft snapshot") }

// Name implements operate.Managers.
func (g *Group) Name() string { return g.Stands.ID }

// Secret implements operate.Managers.
func (g *Group) Secret() []byte { return []byte("group") }

// Facts implements operate.Managers.
func (g *Group) Facts(context.Context) operate.NodeFacts {
	f := g.Told[0].Facts
	f.Begun, f.Site = Now().Add(-41*24*time.Hour), "ams1"
	return f
}

// Ask implements operate.Managers: the others find the servers as Told says, and what they are asked about beside that well.
// Their configuration is that of this process, but for the poll interval of the last one and a password.
func (g *Group) Ask(ctx context.Context, q operate.ReportQuery) []operate.NodeReport {
	var all []operate.NodeReport
	for n, r := range g.Told {
		for _, k := range q.Servers {
			if s, told := toldOf(r, k); told {
				r.Asked = append(r.Asked, s)
			} else {
				r.Asked = append(r.Asked, operate.SeenAs{Server: k, Status: operate.StatusOK})
			}
		}
		if q.Config && r.Err == nil {
			own, err := g.Engine().Report(ctx, q)
			r.Config, r.Secrets, r.Err = own.Config, own.Secrets, err
			if n == len(g.Told)-1 {
				differ(r.Config, "InstancePollSeconds", "9")
				differ(r.Secrets, "MySQLTopologyPassword", fmt.Sprintf("%064d", 0))
			}
		}
		all = append(all, r)
	}
	return all
}

func toldOf(r operate.NodeReport, k topology.Key) (operate.SeenAs, bool) {
	for _, s := range r.Ill {
		if s.Server == k {
			return s, true
		}
	}
	return operate.SeenAs{}, false
}

func differ(list []operate.KeyValue, key, value string) {
	for n := range list {
		if list[n].Key == key {
			list[n].Value = value
		}
	}
}

// Engine is that of the backend, as a member of the group.
func (g *Group) Engine() *operate.Engine {
	e := g.backend.Engine()
	g.Join(e)
	return e
}

// Join makes an engine that of a member.
func (g *Group) Join(e *operate.Engine) { e.Raft, e.Managers = g, g }
