package v2

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"orchestrator/internal/analysis"
	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// DiscoverRequest names servers to look at.
type DiscoverRequest struct {
	Instances []string `json:"instances" doc:"host or host:port; at most 200"`
}

// Discovered is what became of looking at one server.
type Discovered struct {
	Instance string `json:"instance" doc:"as it was named"`
	OK       bool   `json:"ok"`
	Key      string `json:"key,omitempty" doc:"under which it is known"`
	Cluster  string `json:"cluster,omitempty"`
	Message  string `json:"message"`
}

// Discoveries are what became of looking at servers.
type Discoveries struct {
	Results []Discovered `json:"results"`
}

// ProblemGroup are servers with a problem that have one cause.
type ProblemGroup struct {
	Cause    string          `json:"cause" doc:"the server that is the cause"`
	Cluster  string          `json:"cluster"`
	Alias    string          `json:"alias"`
	Status   string          `json:"status" enum:"ok,pause,stale,warn,crit,run"`
	Sentence string          `json:"sentence"`
	Servers  []ProblemServer `json:"servers"`
}

// ProblemServer is a server with a problem, and whether that grows.
type ProblemServer struct {
	Server
	Trend *Trend `json:"trend" doc:"whether its lag grows; null: this manager has not observed it for long enough, or it never lagged"`
	// Since is about the first of the problems.
	Since *time.Time `json:"since" doc:"since when it has the first of its problems, to the second, as far as this manager knows; null: it has not looked yet"`
	Exact bool       `json:"since_exact" doc:"it began then; false: it was so when this manager looked first, so it is at least that old"`
}

// The limits of a discovery.
const (
	discoverAtMost   = 200
	discoverParallel = 10
)

func serverRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/instances", name: "listInstances", topic: "instances", summary: "Servers, by their names", local: true,
			query: paging(parameter{name: "cluster", doc: "only of this cluster"}, parameter{name: "text", doc: "as in search"},
				parameter{name: "tag", doc: "only those with these tags: name, name=value, ~name; all of a comma separated list"},
				parameter{name: "status", doc: "only those", enum: statuses}, parameter{name: "site", doc: "only of this data center"}),
			answer: Page[Server]{}, handle: instances},
		{method: http.MethodGet, path: "/instances/{instance}", name: "getInstance", topic: "instances", summary: "Everything that is known of a server", local: true,
			answer: ServerDetail{}, handle: instance},
		{method: http.MethodGet, path: "/instances/{instance}/operations", name: "getPossible", topic: "instances", summary: "Which operations can be done to a server now, and why the others cannot",
			doc:    "Asked when a menu is opened. The plan of each operation that needs nothing but the server is made and thrown away; those that need more are told as possible. An operation whose plan takes too long is, too.",
			answer: []Possible{}, handle: possible},
		{method: http.MethodDelete, path: "/instances/{instance}", name: "forgetInstance", topic: "instances", summary: "Forget a server; it may be discovered again", needs: operate.Operator,
			answer: Outcome{}, handle: runs("forget", path(ofInstance))},
		{method: http.MethodPost, path: "/instances/{instance}/refresh", name: "refreshInstance", topic: "instances", summary: "Look at a server now", needs: operate.Operator,
			answer: Outcome{}, handle: runs("refresh", path(ofInstance))},
		{method: http.MethodPost, path: "/discoveries", name: "discover", topic: "instances", summary: "Look at servers, record them, and go on to their neighbours", needs: operate.Operator,
			doc:  "It answers when the named servers have; their neighbours follow, and the stream of events tells of them.",
			body: DiscoverRequest{}, answer: Discoveries{}, handle: discover},
		{method: http.MethodGet, path: "/search", name: "search", topic: "instances", summary: "Servers whose name, cluster, version, alias, id, UUID, port or tag has a text", local: true,
			query: paging(parameter{name: "q", doc: "the text"}), answer: Page[Server]{}, handle: search},
		{method: http.MethodGet, path: "/problems", name: "listProblems", topic: "instances", summary: "Servers with a problem, by its cause", local: true,
			query: []parameter{{name: "cluster", doc: "only of this cluster"}}, answer: Page[ProblemGroup]{}, handle: problems},
		{method: http.MethodGet, path: "/findings", name: "listFindings", topic: "instances", summary: "What the analysis finds", local: true,
			query: []parameter{{name: "cluster", doc: "only of this cluster"}}, answer: Page[Finding]{}, handle: findings},
	}
}

// shapes makes servers of instances; the findings are those of the whole fleet.
func (q *request) shapes(t *topology.Topology, list []*topology.Instance) []Server {
	found := map[string][]analysis.Finding{}
	for _, i := range list {
		if _, asked := found[i.ClusterName]; !asked {
			found[i.ClusterName] = q.api.ownFindings(t, t.Cluster(i.ClusterName))
		}
	}
	return mapped(list, func(i *topology.Instance) Server { return q.api.server(t, i, found[i.ClusterName]) })
}

func instances(q *request) (any, error) {
	w, err := q.window()
	if err != nil {
		return nil, err
	}
	t, err := q.fleet()
	if err != nil {
		return nil, err
	}
	list := slices.Clone(t.Instances())
	if text := q.text("cluster"); text != "" {
		c, _, err := q.cluster(text)
		if err != nil {
			return nil, err
		}
		list = slices.Clone(c.Members)
	}
	var tags []topology.TagQuery
	if text := q.text("tag"); text != "" {
		if tags, err = topology.ParseTagQueries(text); err != nil {
			return nil, badRequest.say("%v", err)
		}
	}
	text, site, status := q.text("text"), q.text("site"), q.text("status")
	list = slices.DeleteFunc(list, func(i *topology.Instance) bool {
		return text != "" && !has(i, text) || site != "" && i.DataCenter != site ||
			slices.ContainsFunc(tags, func(tag topology.TagQuery) bool { return !tag.Matches(i.Tags) })
	})
	if status == "" { // a page of many thousands costs no more than the page
		p, err := pageOf(list, w, func(i *topology.Instance) string { return i.Key.String() })
		return Page[Server]{q.shapes(t, p.Items), p.Total, p.Next}, err
	}
	shown := slices.DeleteFunc(q.shapes(t, list), func(s Server) bool { return s.Status != status })
	return pageOf(shown, w, func(s Server) string { return s.Key })
}

// has says whether a server is meant by a text, without regard to letter case.
func has(i *topology.Instance, text string) bool {
	text = strings.ToLower(text)
	fields := []string{i.Key.String(), i.Alias, i.ClusterName, i.Version, i.VersionComment, i.SuggestedClusterAlias, i.ServerUUID, i.DataCenter}
	for _, tag := range i.Tags {
		fields = append(fields, tag.Display())
	}
	return slices.ContainsFunc(fields, func(f string) bool { return strings.Contains(strings.ToLower(f), text) }) || itoa(int(i.ServerID)) == text
}

func search(q *request) (any, error) {
	w, err := q.window()
	if err != nil {
		return nil, err
	}
	text := q.text("q")
	if text == "" {
		return nil, badRequest.say("there is nothing to search for").because("q", "send ?q=")
	}
	t, err := q.fleet()
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(slices.Clone(t.Instances()), func(i *topology.Instance) bool {
		c := t.Cluster(i.ClusterName)
		return !has(i, text) && !strings.Contains(strings.ToLower(c.Alias), strings.ToLower(text))
	})
	p, err := pageOf(list, w, func(i *topology.Instance) string { return i.Key.String() })
	return Page[Server]{q.shapes(t, p.Items), p.Total, p.Next}, err
}

func instance(q *request) (any, error) {
	i, t, err := q.instance()
	if err != nil {
		return nil, err
	}
	d := q.api.serverDetail(t, i, q.api.ownFindings(t, t.Cluster(i.ClusterName)))
	d.Fits = q.api.fits(q.caller)
	if q.api.Engine.Pools != nil {
		pools, err := q.api.Engine.Pools.Pools(q.Context())
		if err != nil {
			return nil, fmt.Errorf("read pools: %w", err)
		}
		for _, pool := range slices.Sorted(maps.Keys(pools)) {
			if slices.Contains(pools[pool], i.Key) {
				d.Pools = append(d.Pools, pool)
			}
		}
	}
	if r := q.api.Engine.Records; r != nil {
		lines, err := r.AuditLog(q.Context(), operate.AuditQuery{Instance: i.Key, Limit: operate.PageSize})
		if err != nil {
			return nil, err
		}
		d.Changes = mapped(lines, auditOf)
	}
	return d, nil
}

// The limits of looking at what is possible on a server.
const (
	possibleWithin   = 5 * time.Second
	possibleParallel = 8
)

func possible(q *request) (any, error) {
	i, _, err := q.instance()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(q.Context(), possibleWithin)
	defer cancel()
	var fitting []*operate.Operation
	for _, o := range q.api.Registry.Operations() {
		if o.Rights == operate.Write && o.Takes(operate.ParamInstance) && planable(o) {
			fitting = append(fitting, o)
		}
	}
	list := make([]Possible, len(fitting))
	var group errgroup.Group
	group.SetLimit(possibleParallel)
	for n, o := range fitting {
		list[n] = Possible{Operation: o.Name, Possible: true}
		if !o.Takes(operate.ParamDryRun) || slices.ContainsFunc(o.Args, func(arg operate.Arg) bool {
			return arg.Required && arg.Param != operate.ParamInstance && arg.Param != operate.ParamCluster
		}) {
			continue
		}
		group.Go(func() error {
			values := map[operate.Param]string{operate.ParamInstance: i.Key.String()}
			if _, err := q.api.plan(ctx, q.caller, o, values); err != nil && ctx.Err() == nil {
				p := problemOf(err)
				list[n] = Possible{o.Name, false, p.Detail, p.Reason, p.Remedy}
			}
			return nil
		})
	}
	_ = group.Wait() // each refusal is in the list
	return list, nil
}

func discover(q *request) (any, error) {
	var b DiscoverRequest
	if err := q.decode(&b); err != nil {
		return nil, err
	}
	switch n := len(b.Instances); {
	case n == 0:
		return nil, badRequest.say("no server is named").because("instances", `send "instances": ["host:port"]`)
	case n > discoverAtMost:
		return nil, badRequest.say("%d servers are named; at most %d at a time", n, discoverAtMost)
	}
	out := Discoveries{Results: make([]Discovered, len(b.Instances))}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(discoverParallel)
	for n, text := range b.Instances {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(q.Context(), 30*time.Second)
			defer cancel()
			d := q.api.discoverOne(ctx, q.caller, text)
			mu.Lock()
			defer mu.Unlock()
			out.Results[n] = d
			return nil
		})
	}
	_ = group.Wait() // each failure is in its result
	return out, nil
}

func (a *API) discoverOne(ctx context.Context, c Caller, text string) Discovered {
	d := Discovered{Instance: text}
	result, err := a.call(ctx, c, "discover", map[operate.Param]string{operate.ParamInstance: text})
	if err != nil {
		d.Message = err.Error()
		return d
	}
	d.Message = result.Message
	if i, ok := result.Value.(operate.Instance); ok {
		d.OK, d.Key, d.Cluster = true, i.Key.String(), i.ClusterName
	}
	return d
}

// problems are the servers that the operation of that name lists, those behind one broken source as one.
func problems(q *request) (any, error) {
	values := map[operate.Param]string{}
	if text := q.text("cluster"); text != "" {
		c, _, err := q.cluster(text)
		if err != nil {
			return nil, err
		}
		values[operate.ParamClusterName] = c.Name
	}
	result, err := q.call("problems", values)
	if err != nil {
		return nil, err
	}
	found, ok := result.Value.(operate.Instances)
	if !ok {
		return nil, failed.say("there are no servers in the answer")
	}
	return Page[ProblemGroup]{Items: q.group(found), Total: len(found.List)}, nil
}

// group puts replicas that do not replicate to their source, where that does not answer.
func (q *request) group(found operate.Instances) []ProblemGroup {
	groups := []ProblemGroup{}
	place := map[topology.Key]int{}
	shown := q.shapes(found.Of, found.List)
	cause := func(i *topology.Instance) *topology.Instance {
		if s := found.Of.Source(i); s != nil && !s.LastCheckValid() && i.LastCheckValid() && !i.Channel.IOThread.Running() {
			return s
		}
		return i
	}
	for n, i := range found.List {
		c := cause(i)
		at, known := place[c.Key]
		if !known {
			at = len(groups)
			place[c.Key] = at
			g := ProblemGroup{Cause: c.Key.String(), Cluster: c.ClusterName, Servers: []ProblemServer{}}
			if cluster := found.Of.Cluster(c.ClusterName); cluster != nil {
				g.Alias = cluster.Alias
			}
			groups = append(groups, g)
		}
		groups[at].Servers = append(groups[at].Servers, q.problem(i, shown[n]))
	}
	for n := range groups {
		groups[n].sum()
	}
	slices.SortStableFunc(groups, func(a, b ProblemGroup) int {
		switch {
		case operate.Status(a.Status).Worse(operate.Status(b.Status)):
			return -1
		case operate.Status(b.Status).Worse(operate.Status(a.Status)):
			return 1
		}
		return len(b.Servers) - len(a.Servers)
	})
	return groups
}

// problem is a server with a problem. One that does not answer lags by nobody knows how much.
func (q *request) problem(i *topology.Instance, shown Server) ProblemServer {
	p := ProblemServer{Server: shown}
	if len(shown.Problems) > 0 {
		p.Since, p.Exact = q.api.troubles.since(i.Key, shown.Problems[0])
	}
	if i.LastCheckValid() {
		p.Trend = q.api.trends.trend(i.Key)
	}
	return p
}

// sum says of a group how it is.
func (g *ProblemGroup) sum() {
	g.Status = string(operate.StatusOK)
	behind := 0
	for _, s := range g.Servers {
		if operate.Status(s.Status).Worse(operate.Status(g.Status)) {
			g.Status = s.Status
		}
		if s.Key == g.Cause {
			g.Sentence = s.Key + " " + s.Sentence
		} else {
			behind++
		}
	}
	switch {
	case behind > 0 && g.Sentence == "":
		g.Sentence = itoa(behind) + " replicas have lost " + g.Cause
	case behind > 0:
		g.Sentence += "; " + itoa(behind) + " replicas have lost it"
	}
}

func findings(q *request) (any, error) {
	t, err := q.fleet()
	if err != nil {
		return nil, err
	}
	if text := q.text("cluster"); text != "" {
		c, whole, err := q.cluster(text)
		if err != nil {
			return nil, err
		}
		t = only(whole, c)
	}
	list := mapped(q.api.Engine.Findings(t), func(f analysis.Finding) Finding { return findingOf(&f) })
	return Page[Finding]{Items: list, Total: len(list)}, nil
}
