package v2

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// HoldRequest begins a downtime or a maintenance.
type HoldRequest struct {
	Reason   string `json:"reason" doc:"why"`
	Duration string `json:"duration,omitempty" doc:"a number and one of s, m, h, d, w; 10m when not given"`
	Owner    string `json:"owner,omitempty" doc:"on whose behalf; the caller when not given"`
}

func (b HoldRequest) values(q *request) map[operate.Param]string {
	v := ofInstance(q)
	v[operate.ParamReason], v[operate.ParamDuration], v[operate.ParamOwner] = b.Reason, b.Duration, b.Owner
	return v
}

// HeldServer is a server with a downtime or a maintenance.
type HeldServer struct {
	Server  string `json:"server"`
	Cluster string `json:"cluster"`
	ID      int64  `json:"id,omitempty" doc:"of a maintenance"`
	Declaration
}

// TagRequest gives a tag its value.
type TagRequest struct {
	Value string `json:"value,omitempty"`
}

// RuleRequest sets a promotion rule.
type RuleRequest struct {
	Rule string `json:"rule" enum:"prefer,neutral,prefer_not,must_not"`
}

// CandidateRule is a registered promotion rule.
type CandidateRule struct {
	Server  string     `json:"server"`
	Rule    string     `json:"rule"`
	Since   *time.Time `json:"since"`
	Expires *time.Time `json:"expires" doc:"null: unknown"`
}

// PoolRequest replaces the members of a pool.
type PoolRequest struct {
	Instances []string `json:"instances" doc:"as host:port; none empties the pool"`
}

// Pool is a pool with its members.
type Pool struct {
	Name    string   `json:"name"`
	Members []Member `json:"members"`
}

// Member is a server in a pool.
type Member struct {
	Server  string `json:"server"`
	Cluster string `json:"cluster"`
	Alias   string `json:"alias"`
}

// Switch is the global switch for automatic recovery.
type Switch struct {
	Enabled bool       `json:"enabled"`
	Until   *time.Time `json:"until,omitempty" doc:"when it is on again by itself; missing: when somebody turns it on"`
	Since   *time.Time `json:"since,omitempty" doc:"of one that ends by itself, as what follows"`
	Owner   string     `json:"owner,omitempty" doc:"who turned it off"`
	Reason  string     `json:"reason,omitempty" doc:"why"`
}

// SwitchRequest turns automatic recovery off or on.
type SwitchRequest struct {
	Enabled  *bool  `json:"enabled"`
	Duration string `json:"duration,omitempty" doc:"for how long it is off: a number and one of s, m, h, d, w; until it is turned on when not given"`
	Reason   string `json:"reason,omitempty" doc:"why it is off for that time"`
	Owner    string `json:"owner,omitempty" doc:"on whose behalf; the caller when not given"`
}

func declaringRoutes() []route {
	hold := func(q *request, b HoldRequest) map[operate.Param]string { return b.values(q) }
	tagged := func(q *request, b TagRequest) map[operate.Param]string {
		v := ofInstance(q)
		v[operate.ParamTag] = q.PathValue("name")
		if b.Value != "" {
			v[operate.ParamTag] += "=" + b.Value
		}
		return v
	}
	return []route{
		{method: http.MethodGet, path: "/downtimes", name: "listDowntimes", topic: "declarations", summary: "Servers in downtime", local: true, answer: Page[HeldServer]{}, handle: downtimes},
		{method: http.MethodPut, path: "/instances/{instance}/downtime", name: "beginDowntime", topic: "declarations", summary: "Declare that a server is expected to have problems for some time",
			needs: operate.Operator, body: HoldRequest{}, answer: Outcome{}, handle: runs("begin-downtime", body(hold))},
		{method: http.MethodDelete, path: "/instances/{instance}/downtime", name: "endDowntime", topic: "declarations", summary: "End the downtime of a server", needs: operate.Operator,
			answer: Outcome{}, handle: runs("end-downtime", path(ofInstance))},
		{method: http.MethodGet, path: "/maintenances", name: "listMaintenances", topic: "declarations", summary: "Servers under maintenance", local: true, answer: Page[HeldServer]{}, handle: maintenances},
		{method: http.MethodPut, path: "/instances/{instance}/maintenance", name: "beginMaintenance", topic: "declarations", summary: "Lock a server, so that nobody else operates on it",
			needs: operate.Operator, body: HoldRequest{}, answer: Outcome{}, handle: runs("begin-maintenance", body(hold))},
		{method: http.MethodDelete, path: "/instances/{instance}/maintenance", name: "endMaintenance", topic: "declarations", summary: "Release the lock of a server", needs: operate.Operator,
			answer: Outcome{}, handle: runs("end-maintenance", path(ofInstance))},
		{method: http.MethodPut, path: "/instances/{instance}/tags/{name}", name: "putTag", topic: "declarations", summary: "Give a server a tag", needs: operate.Operator,
			body: TagRequest{}, answer: Outcome{}, handle: runs("tag", body(tagged))},
		{method: http.MethodDelete, path: "/instances/{instance}/tags/{name}", name: "deleteTag", topic: "declarations", summary: "Take a tag from a server", needs: operate.Operator,
			answer: Outcome{}, handle: runs("untag", path(func(q *request) map[operate.Param]string { return tagged(q, TagRequest{}) }))},
		{method: http.MethodGet, path: "/candidates", name: "listCandidates", topic: "declarations", summary: "Registered promotion rules", local: true, answer: Page[CandidateRule]{}, handle: candidates},
		{method: http.MethodPut, path: "/instances/{instance}/promotion-rule", name: "putPromotionRule", topic: "declarations", summary: "Say how much a server is wanted as a primary, for a limited time",
			needs: operate.Operator, body: RuleRequest{}, answer: Outcome{}, handle: runs("register-candidate", body(func(q *request, b RuleRequest) map[operate.Param]string {
				v := ofInstance(q)
				v[operate.ParamRule] = b.Rule
				return v
			}))},
		{method: http.MethodGet, path: "/pools", name: "listPools", topic: "declarations", summary: "Pools and their members", local: true, query: []parameter{{name: "cluster", doc: "only members in this cluster"}},
			answer: Page[Pool]{}, handle: pools},
		{method: http.MethodPut, path: "/pools/{name}", name: "putPool", topic: "declarations", summary: "Replace the members of a pool", needs: operate.Operator,
			body: PoolRequest{}, answer: Outcome{}, handle: runs("submit-pool-instances", body(func(q *request, b PoolRequest) map[operate.Param]string {
				return map[operate.Param]string{operate.ParamPool: q.PathValue("name"), operate.ParamInstances: strings.Join(b.Instances, ",")}
			}))},
		{method: http.MethodPost, path: "/snapshots", name: "takeSnapshot", topic: "declarations", summary: "Write down how the fleet stands now", needs: operate.Operator,
			answer: Outcome{}, handle: runs("snapshot-topologies", path(func(*request) map[operate.Param]string { return nil }))},
		{method: http.MethodGet, path: "/auto-recovery", name: "getAutoRecovery", topic: "recoveries", summary: "The global switch for automatic recovery", local: true, answer: Switch{}, handle: autoRecovery},
		{method: http.MethodPut, path: "/auto-recovery", name: "putAutoRecovery", topic: "recoveries", summary: "Turn automatic recovery off or on, for all clusters", needs: operate.Operator,
			body: SwitchRequest{}, answer: Outcome{}, handle: putAutoRecovery},
	}
}

func downtimes(q *request) (any, error) {
	t, err := q.fleet()
	if err != nil {
		return nil, err
	}
	list := []HeldServer{}
	for _, i := range t.Instances() {
		if d := i.Downtime; d.ActiveAt(q.api.Engine.Now()) {
			list = append(list, HeldServer{i.Key.String(), i.ClusterName, 0, Declaration{d.Owner, d.Reason, when(d.Begin), when(d.End)}})
		}
	}
	return Page[HeldServer]{Items: list, Total: len(list)}, nil
}

func maintenances(q *request) (any, error) {
	result, err := q.call("maintenance", nil)
	if err != nil {
		return nil, err
	}
	t, err := q.fleet()
	if err != nil {
		return nil, err
	}
	list := []HeldServer{}
	held, _ := result.Value.([]topology.Maintenance)
	for _, m := range held {
		h := HeldServer{m.Key.String(), "", m.ID, Declaration{m.Owner, m.Reason, when(m.Begin), when(m.End)}}
		if i := t.Instance(m.Key); i != nil {
			h.Cluster = i.ClusterName
		}
		list = append(list, h)
	}
	return Page[HeldServer]{Items: list, Total: len(list)}, nil
}

func candidates(q *request) (any, error) {
	result, err := q.call("bulk-promotion-rules", nil)
	if err != nil {
		return nil, err
	}
	rules, _ := result.Value.([]operate.Candidate)
	list := mapped(rules, func(c operate.Candidate) CandidateRule {
		return CandidateRule{c.Key.String(), c.Rule.String(), when(c.Suggested), when(c.Expiry)}
	})
	return Page[CandidateRule]{Items: list, Total: len(list)}, nil
}

func pools(q *request) (any, error) {
	values := map[operate.Param]string{}
	if text := q.text("cluster"); text != "" {
		c, _, err := q.cluster(text)
		if err != nil {
			return nil, err
		}
		values[operate.ParamCluster] = c.Name
	}
	result, err := q.call("cluster-pool-instances", values)
	if err != nil {
		return nil, err
	}
	members, _ := result.Value.([]operate.PoolMember)
	list := []Pool{}
	for _, m := range members {
		at := slices.IndexFunc(list, func(p Pool) bool { return p.Name == m.Pool })
		if at < 0 {
			at = len(list)
			list = append(list, Pool{Name: m.Pool, Members: []Member{}})
		}
		list[at].Members = append(list[at].Members, Member{m.Key.String(), m.Cluster, m.Alias})
	}
	slices.SortFunc(list, func(a, b Pool) int { return strings.Compare(a.Name, b.Name) })
	return Page[Pool]{Items: list, Total: len(list)}, nil
}

func autoRecovery(q *request) (any, error) {
	result, err := q.call("check-global-recoveries", nil)
	if err != nil {
		return nil, err
	}
	s, ok := result.Value.(operate.Recoveries)
	if !ok {
		return nil, fmt.Errorf("there is no switch in the answer")
	}
	return Switch{Enabled: !s.Disabled, Until: when(s.Until), Since: when(s.Begin), Owner: s.Owner, Reason: s.Reason}, nil
}

func putAutoRecovery(q *request) (any, error) {
	var b SwitchRequest
	if err := q.decode(&b); err != nil {
		return nil, err
	}
	if b.Enabled == nil {
		return nil, badRequest.say("enabled is missing").because("body", `send {"enabled": true} or {"enabled": false}`)
	}
	if *b.Enabled && b.Duration != "" {
		return nil, badRequest.say("automatic recovery is on until somebody turns it off").because("duration", `leave duration out, or send {"enabled": false}`)
	}
	name, values := "enable-global-recoveries", map[operate.Param]string(nil)
	if !*b.Enabled {
		name, values = "disable-global-recoveries", map[operate.Param]string{operate.ParamDuration: b.Duration, operate.ParamReason: b.Reason, operate.ParamOwner: b.Owner}
	}
	result, err := q.call(name, values)
	return Outcome{name, result.Message}, err
}
