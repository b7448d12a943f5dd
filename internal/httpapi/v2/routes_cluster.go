package v2

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/operate"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

// Fleet is all clusters, and what they amount to.
type Fleet struct {
	Revision   string       `json:"revision" doc:"the position in the stream of events at which this was read: Last-Event-ID"`
	Servers    int          `json:"servers"`
	NotFine    int          `json:"not_fine" doc:"servers that are neither fine nor in downtime"`
	Sites      []string     `json:"sites"`
	Recovering int          `json:"recovering" doc:"clusters"`
	NeedALook  int          `json:"need_a_look" doc:"clusters"`
	Ready      int          `json:"ready" doc:"clusters whose primary would be replaced automatically"`
	WouldNot   int          `json:"would_not" doc:"clusters whose primary would not"`
	Lost       *Lost        `json:"lost" doc:"what failovers have lost in the last 90 days; null: that was not read yet"`
	AutoOn     bool         `json:"auto_recovery" doc:"the global switch"`
	AutoUntil  *time.Time   `json:"auto_recovery_off_until,omitempty" doc:"when it is on again by itself; missing: when somebody turns it on"`
	Clusters   []ClusterRow `json:"clusters" doc:"the worst first"`
}

// Verdict says whether a server, or its replicas, may go below another one.
type Verdict struct {
	Target   string   `json:"target"`
	OK       bool     `json:"ok"`
	Kind     string   `json:"kind" enum:"sure,costly,refused"`
	Swap     string   `json:"swap,omitempty" doc:"another operation that is meant by the target: take-master or graceful-master-takeover-auto take its place; make-co-master has the primary replicate from it too; repoint-replicas or regroup-replicas are for replicas that are put back onto their source"`
	Text     string   `json:"text" doc:"what would be done, or why it cannot be"`
	Rule     string   `json:"rule,omitempty"`
	Remedy   string   `json:"remedy,omitempty"`
	Method   string   `json:"method,omitempty"`
	Estimate *float64 `json:"estimate_ms" doc:"null: nothing like it was measured yet"`
	Instead  string   `json:"instead,omitempty" doc:"a server near it where it would be possible"`
}

// Verdicts are those on every server of a cluster.
type Verdicts struct {
	Server    string    `json:"server"`
	All       bool      `json:"all" doc:"the replicas of the server are meant"`
	Operation string    `json:"operation" enum:"relocate,relocate-replicas"`
	Revision  string    `json:"revision"`
	Verdicts  []Verdict `json:"verdicts"`
}

// AliasRequest names a cluster.
type AliasRequest struct {
	Alias string `json:"alias"`
}

func clusterRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/fleet", name: "getFleet", topic: "clusters", summary: "All clusters in one line each, and what they amount to", local: true,
			answer: Fleet{}, handle: func(q *request) (any, error) { return q.api.fleet(q) }},
		{method: http.MethodGet, path: "/clusters", name: "listClusters", topic: "clusters", summary: "Clusters, by name", local: true,
			query:  paging(parameter{name: "text", doc: "a part of the name or alias"}, parameter{name: "status", doc: "only those", enum: statuses}),
			answer: Page[ClusterRow]{}, handle: func(q *request) (any, error) { return q.api.clusters(q) }},
		{method: http.MethodGet, path: "/clusters/{cluster}", name: "getCluster", topic: "clusters", summary: "A cluster with its servers, findings, pools and plans, at one moment", local: true,
			answer: Cluster{}, handle: func(q *request) (any, error) {
				c, t, err := q.cluster(q.PathValue("cluster"))
				if err != nil {
					return nil, err
				}
				return q.api.clusterView(q, t, c)
			}},
		{method: http.MethodDelete, path: "/clusters/{cluster}", name: "forgetCluster", topic: "clusters", summary: "Forget all servers of a cluster", needs: operate.Operator,
			query: []parameter{{name: "confirm", doc: "the alias of the cluster, or its name where it has none"}}, answer: Outcome{}, handle: forgetCluster},
		{method: http.MethodPut, path: "/clusters/{cluster}/alias", name: "putClusterAlias", topic: "clusters", summary: "Set the alias of a cluster", needs: operate.Operator,
			body: AliasRequest{}, answer: Outcome{}, handle: putAlias},
		{method: http.MethodGet, path: "/clusters/{cluster}/moves", name: "getMoves", topic: "clusters", summary: "Where a server may be moved: a verdict on every server of the cluster", local: true,
			doc:    "Asked once when a server is picked up. No server is asked; the plan of the move looks again.",
			query:  []parameter{{name: "server", doc: "the server that is moved, as host:port"}, {name: "all", doc: "true: the replicas of that server are moved", enum: []string{"true", "false"}}},
			answer: Verdicts{}, handle: moves},
		{method: http.MethodGet, path: "/clusters/{cluster}/forecast", name: "getForecast", topic: "clusters", summary: "What would happen automatically if the primary, or another server, failed",
			query:  []parameter{{name: "server", doc: "the server that fails; the primary when not given"}, {name: "if", doc: "the failure, a code of the analysis; by default what would be found"}},
			answer: Forecast{}, handle: forecast},
	}
}

var statuses = []string{"ok", "pause", "stale", "warn", "crit", "run"}

// rows are all clusters in one line each.
func (a *API) rows(q *request) ([]ClusterRow, error) {
	t, err := q.fleet()
	if err != nil {
		return nil, err
	}
	byCluster := map[string][]analysis.Finding{}
	for _, f := range a.Engine.FleetFindings(t) {
		byCluster[f.ClusterName] = append(byCluster[f.ClusterName], f)
	}
	list := []ClusterRow{}
	for _, c := range t.Clusters() {
		list = append(list, a.row(t, c, byCluster[c.Name]))
	}
	a.hub.forecasts.want(list)
	return list, nil
}

func (a *API) fleet(q *request) (any, error) {
	revision := a.hub.position()
	lost := a.lost(q.Context(), lossesWithin) // before the rows, which tell of their part of it
	rows, err := a.rows(q)
	if err != nil {
		return nil, err
	}
	f := Fleet{Revision: revision, Sites: []string{}, Lost: lost, AutoOn: true, Clusters: rows}
	if a.Engine.Switch != nil {
		now, err := a.Engine.Switch.GlobalSwitch(q.Context())
		if err != nil {
			return nil, fmt.Errorf("read the switch for recoveries: %w", err)
		}
		f.AutoOn, f.AutoUntil = !now.Disabled, when(now.Until)
	}
	for n := range rows {
		r := &rows[n]
		f.Servers += r.Servers
		f.NotFine += r.Affected
		for _, s := range r.Sites {
			if !slices.Contains(f.Sites, s) {
				f.Sites = append(f.Sites, s)
			}
		}
		switch status := operate.Status(r.Status); {
		case status == operate.StatusRecovering:
			f.Recovering++
		case status.Worse(operate.StatusPause):
			f.NeedALook++
		}
		switch {
		case r.Forecast == nil:
		case r.Forecast.Would:
			f.Ready++
		default:
			f.WouldNot++
		}
	}
	slices.Sort(f.Sites)
	slices.SortStableFunc(rows, func(a, b ClusterRow) int {
		switch {
		case operate.Status(a.Status).Worse(operate.Status(b.Status)):
			return -1
		case operate.Status(b.Status).Worse(operate.Status(a.Status)):
			return 1
		}
		return strings.Compare(a.Alias, b.Alias)
	})
	return f, nil
}

func (a *API) clusters(q *request) (any, error) {
	w, err := q.window()
	if err != nil {
		return nil, err
	}
	rows, err := a.rows(q)
	if err != nil {
		return nil, err
	}
	text, status := q.text("text"), q.text("status")
	rows = slices.DeleteFunc(rows, func(r ClusterRow) bool {
		return text != "" && !strings.Contains(r.Name, text) && !strings.Contains(r.Alias, text) || status != "" && r.Status != status
	})
	return pageOf(rows, w, func(r ClusterRow) string { return r.Name })
}

func forgetCluster(q *request) (any, error) {
	c, _, err := q.cluster(q.PathValue("cluster"))
	if err != nil {
		return nil, err
	}
	if q.text("confirm") != c.Alias {
		return nil, unconfirmed.say("all %d servers of %s would be forgotten", len(c.Members), c.Alias).because("confirm", "send ?confirm="+c.Alias)
	}
	result, err := q.call("forget-cluster", map[operate.Param]string{operate.ParamCluster: c.Name})
	return Outcome{"forget-cluster", result.Message}, err
}

func putAlias(q *request) (any, error) {
	var b AliasRequest
	if err := q.decode(&b); err != nil {
		return nil, err
	}
	c, _, err := q.cluster(q.PathValue("cluster"))
	if err != nil {
		return nil, err
	}
	result, err := q.call("set-cluster-alias", map[operate.Param]string{operate.ParamClusterName: c.Name, operate.ParamAlias: b.Alias})
	return Outcome{"set-cluster-alias", result.Message}, err
}

func moves(q *request) (any, error) {
	c, t, err := q.cluster(q.PathValue("cluster"))
	if err != nil {
		return nil, err
	}
	all, err := q.flag("all")
	if err != nil {
		return nil, err
	}
	own := only(t, c)
	i := q.api.Engine.Server(q.Context(), own, q.text("server"))
	if i == nil {
		return nil, notFound.say("cluster %s has no server %q", c.Alias, q.text("server")).because("unknown-server", "send ?server=host:port")
	}
	policy := failover.PolicyOf(q.api.Engine.Config())
	v := Verdicts{Server: i.Key.String(), All: all, Operation: string(refactor.Relocate), Revision: revisionOf(c), Verdicts: []Verdict{}}
	if all {
		v.Operation = string(refactor.RelocateReplicas)
	}
	for _, target := range refactor.Targets(own, i.Key, all, policy, q.api.Engine.Now()) {
		v.Verdicts = append(v.Verdicts, q.api.verdict(i, &target, all))
	}
	return v, nil
}

func (a *API) verdict(i *topology.Instance, t *refactor.Target, all bool) Verdict {
	v := Verdict{Target: t.Server.String(), Swap: string(t.Swap)}
	if t.Replace {
		v.Swap = "graceful-master-takeover-auto"
	}
	if no := t.Refusal; no != nil {
		v.Kind, v.Text, v.Rule, v.Remedy, v.Instead = "refused", no.Reason, no.Rule, no.Remedy, keyText(t.Instead)
		return v
	}
	v.OK, v.Kind, v.Method = true, "sure", t.Method
	what := "Move " + i.Key.String()
	if all {
		what = "Move the replicas of " + i.Key.String()
	}
	v.Text = what + " below " + v.Target + ", " + t.Method
	if t.Costly != "" {
		v.Kind = "costly"
		v.Text += "; " + t.Costly
	}
	longest := 0.0
	for _, verb := range t.Verbs {
		ms := a.plans.known.of(verb)
		if ms == nil {
			return v
		}
		longest = max(longest, *ms)
	}
	v.Estimate = &longest
	return v
}

func forecast(q *request) (any, error) {
	c, _, err := q.cluster(q.PathValue("cluster"))
	if err != nil {
		return nil, err
	}
	values := map[operate.Param]string{operate.ParamFailure: q.text("if")}
	if server := q.text("server"); server != "" {
		values[operate.ParamInstance] = server
	} else {
		values[operate.ParamCluster] = c.Name
	}
	result, err := q.call("explain", values)
	if err != nil {
		if p := problemOf(err); p.Status != failed.status {
			return nil, p
		}
		return nil, badRequest.say("%v", err)
	}
	x, ok := result.Value.(operate.Explanation)
	if !ok {
		return nil, failed.say("there is no forecast in the answer")
	}
	f := forecastOf((*failover.Explanation)(&x))
	t, err := q.fleet()
	if err != nil {
		return nil, err
	}
	f.Contenders = contendersOf(failover.Contenders(t, (*failover.Explanation)(&x), failover.PolicyOf(q.api.Engine.Config())))
	return f, nil
}
