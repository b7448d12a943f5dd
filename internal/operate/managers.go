package operate

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// Managers are the nodes of the service as each of them tells of itself.
type Managers interface {
	// Name is what the others call this node, and NodeReport.Node of it.
	Name() string
	// Facts are what this process can tell of itself and of its machine.
	Facts(ctx context.Context) NodeFacts
	// Ask puts a question to all other nodes at once, until ctx ends; each answers what its Engine.Report does. Nodes that
	// share a backend have no other way to each other: of them it reads what they wrote there last.
	Ask(ctx context.Context, q ReportQuery) []NodeReport
	// Secret is what only the nodes of this group know; nil where they have none.
	Secret() []byte
}

// ReportQuery is what a node is asked about itself.
type ReportQuery struct {
	// Servers are those of which it says how it finds them, beside those that it finds ill.
	Servers []topology.Key `json:"servers,omitempty"`
	// Config asks for its configuration. Secrets are told as digests by a key that is made of Nonce and of what only the nodes
	// know, so that they can be compared and not read.
	Config bool   `json:"config,omitempty"`
	Nonce  []byte `json:"nonce,omitempty"`
}

// NodeReport is what a node tells of itself.
type NodeReport struct {
	Node string `json:"node"` // its name among the members; the host name where there are none
	Self bool   `json:"-"`
	Err  error  `json:"-"` // it did not answer
	// Token tells processes apart that share a backend: their host names may be the same. Age is how long ago such a one said
	// this; 0 of one that has answered now.
	Token string        `json:"-"`
	Age   time.Duration `json:"-"`

	Facts   NodeFacts  `json:"facts"`
	Servers int        `json:"servers"` // that it knows
	Seen    int        `json:"seen"`    // of them, those that answer it
	Ill     []SeenAs   `json:"ill"`     // those that it does not find well, illMost at most
	Asked   []SeenAs   `json:"asked"`   // those that it was asked about
	Config  []KeyValue `json:"config,omitempty"`
	Secrets []KeyValue `json:"secrets,omitempty"` // digests
}

// NodeFacts are what a process knows of itself and of its machine. What cannot be known is zero.
type NodeFacts struct {
	Begun        time.Time `json:"begun,omitzero"`
	Site         string    `json:"site,omitempty"`
	Witness      bool      `json:"witness,omitempty"` // it looks at no server
	Backend      string    `json:"backend,omitempty"`
	BackendBytes int64     `json:"backend_bytes,omitempty"`
	Disk         Disk      `json:"disk,omitzero"`
	// BackendTrip is how long the backend that nodes share takes to answer, and Clock how far this node's clock is ahead of its
	// clock; 0 and nil where nodes share none.
	BackendTrip  time.Duration  `json:"backend_trip,omitempty"`
	Clock        *time.Duration `json:"clock,omitempty"`
	Snapshot     time.Time      `json:"snapshot,omitzero"` // the newest of what was agreed on
	SnapshotSize int64          `json:"snapshot_size,omitempty"`
	Certificates []Certificate  `json:"certificates,omitempty"`
	Stores       []StoreReach   `json:"stores,omitempty"`
}

// Disk is the file system on which the node keeps its state.
type Disk struct {
	Path        string `json:"path"`
	Free, Total uint64
}

// Certificate is one that the node shows to others.
type Certificate struct {
	Key string    `json:"key"` // of the configuration, that names it
	End time.Time `json:"end"`
}

// StoreReach is whether the node reaches a key-value store. Problem is empty when it does.
type StoreReach struct {
	Store   string    `json:"store"`
	Problem string    `json:"problem,omitempty"`
	Since   time.Time `json:"since,omitzero"`
}

// SeenAs is how a node finds a server: StatusOK, StatusStale or StatusCritical; "" when it does not know it.
type SeenAs struct {
	Server topology.Key `json:"server"`
	Status Status       `json:"status"`
	Text   string       `json:"text,omitempty"`
}

// illMost bounds a report.
const illMost = 200

// seenAs is how this node finds a server by itself. Downtimes do not count: they are declared, not seen.
func (e *Engine) seenAs(t *topology.Topology, k topology.Key) SeenAs {
	i := t.Instance(k)
	if i == nil {
		return SeenAs{Server: k, Text: "is not known"}
	}
	s := SeenAs{Server: k, Status: StatusOK}
	for _, p := range e.Problems(i) {
		switch p {
		case topology.ProblemLastCheckInvalid, topology.ProblemNotRecentlyChecked, topology.ProblemNotReplicating:
		default:
			continue
		}
		if status, text := inWords(i, p); status.Worse(s.Status) {
			s.Status, s.Text = status, text
		}
	}
	return s
}

// Answers says how a node that is not asked again finds servers, by what it said before. It names those that it finds ill, as
// long as they are few enough; of others it finds all well that it knows.
func (r NodeReport) Answers(servers []topology.Key) []SeenAs {
	list := []SeenAs{}
	for _, k := range servers {
		at := slices.IndexFunc(r.Ill, func(s SeenAs) bool { return s.Server == k })
		switch {
		case at >= 0:
			list = append(list, r.Ill[at])
		case len(r.Ill) < illMost:
			list = append(list, SeenAs{Server: k, Status: StatusOK})
		}
	}
	return list
}

// Report is what this node tells of itself.
func (e *Engine) Report(ctx context.Context, q ReportQuery) (NodeReport, error) {
	r := NodeReport{Node: e.Node.Hostname, Token: e.Node.Token, Ill: []SeenAs{}, Asked: []SeenAs{}}
	if e.Managers != nil {
		r.Node, r.Facts = e.Managers.Name(), e.Managers.Facts(ctx)
	}
	t, err := e.Picture.Topology(ctx)
	if err != nil {
		return r, err
	}
	for _, i := range t.Instances() {
		r.Servers++
		if i.LastCheckValid() {
			r.Seen++
		}
		if s := e.seenAs(t, i.Key); s.Status != StatusOK && len(r.Ill) < illMost {
			r.Ill = append(r.Ill, s)
		}
	}
	for _, k := range q.Servers[:min(len(q.Servers), 2*illMost)] {
		r.Asked = append(r.Asked, e.seenAs(t, k))
	}
	if q.Config {
		r.Config, r.Secrets, err = e.configReport(q.Nonce)
	}
	return r, err
}

// ConfigText is the configuration in force as nodes that share a backend leave it there for each other: without secrets.
func (e *Engine) ConfigText() (string, error) {
	open, _, err := e.configReport(nil)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(open)
	return string(text), err
}

// configReport is the configuration in force: secrets as digests, all else as it is.
func (e *Engine) configReport(nonce []byte) (open, secrets []KeyValue, err error) {
	c := e.Config()
	text, err := c.Dump() // which masks secrets
	if err != nil {
		return nil, nil, err
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, nil, err
	}
	for _, k := range config.Keys() {
		if !k.Secret {
			open = append(open, KeyValue{Key: k.Name, Value: string(values[k.Name])})
			continue
		}
		if digest, comparable := e.digest(nonce, k.Name, c.SecretOf(k.Name)); comparable {
			secrets = append(secrets, KeyValue{Key: k.Name, Value: digest})
		}
	}
	return open, secrets, nil
}

// digest stands for a secret among nodes that share another one. Without that nothing is told: who listens could try out
// what is likely.
func (e *Engine) digest(nonce []byte, name, secret string) (text string, comparable bool) {
	if e.Managers == nil || len(nonce) < nonceSize {
		return "", false
	}
	shared := e.Managers.Secret()
	if len(shared) == 0 {
		return "", false
	}
	key := hmac.New(sha256.New, shared)
	_, _ = key.Write(nonce) // a hash never fails
	mac := hmac.New(sha256.New, key.Sum(nil))
	_, _ = mac.Write([]byte(name + "\x00" + secret))
	return hex.EncodeToString(mac.Sum(nil)), true
}

const nonceSize = 32

// reportsWithin is how long the other nodes may take to tell of themselves.
const reportsWithin = time.Second

// Reports asks all nodes, this one first, and once more about the servers that any of them finds ill, so that all say how
// they find the same ones.
func (e *Engine) Reports(ctx context.Context) ([]NodeReport, error) {
	all, err := e.reports(ctx, ReportQuery{})
	if err != nil {
		return nil, err
	}
	ill := illOf(all)
	if len(ill) == 0 {
		return all, nil
	}
	again, err := e.reports(ctx, ReportQuery{Servers: ill})
	if err != nil {
		return nil, err
	}
	for n := range again {
		// One that did not answer twice has answered once.
		if at := slices.IndexFunc(all, func(r NodeReport) bool { return r.Node == again[n].Node && r.Token == again[n].Token }); at >= 0 && again[n].Err == nil {
			all[at] = again[n]
		}
	}
	return all, nil
}

// ConfigReports asks all nodes for their configuration, this one first.
func (e *Engine) ConfigReports(ctx context.Context) ([]NodeReport, error) {
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // never fails, as documented
	return e.reports(ctx, ReportQuery{Config: true, Nonce: nonce})
}

func (e *Engine) reports(ctx context.Context, q ReportQuery) ([]NodeReport, error) {
	own, err := e.Report(ctx, q)
	if err != nil {
		return nil, err
	}
	own.Self = true
	all := []NodeReport{own}
	if e.Managers != nil {
		ask, cancel := context.WithTimeout(ctx, reportsWithin)
		defer cancel()
		others := e.Managers.Ask(ask, q)
		slices.SortFunc(others, func(a, b NodeReport) int { return strings.Compare(a.Node, b.Node) })
		all = append(all, others...)
	}
	return all, nil
}

// illOf are the servers that any node finds ill, by name.
func illOf(all []NodeReport) []topology.Key {
	var keys []topology.Key
	for _, r := range all {
		for _, s := range r.Ill {
			if !slices.Contains(keys, s.Server) && len(keys) < 2*illMost {
				keys = append(keys, s.Server)
			}
		}
	}
	slices.SortFunc(keys, topology.Key.Compare)
	return keys
}
