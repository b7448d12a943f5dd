package failover

import (
	"fmt"
	"slices"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Met says how a server meets a criterion.
type Met string

// How a server meets a criterion. One that is met in part speaks for others, and forbids nothing.
const (
	MetFully  Met = "yes"
	MetPartly Met = "partly"
	MetNot    Met = "no"
)

// Criterion is one of those by which a successor is chosen, and how a server meets it.
type Criterion struct {
	Name  string // short and stable
	Title string
	Met   Met
	Text  string // what is the case
}

// Contender is a server that was chosen, or might have been.
type Contender struct {
	Server   topology.Key
	Wins     bool
	Says     string // why it was not chosen, or what it does
	Criteria []Criterion
}

// Contenders are the servers among which an explanation chose, the winner first, each with how it meets the criteria of the
// chooser. There is none where nobody is chosen.
func Contenders(t *topology.Topology, x *Explanation, p Policy) []Contender {
	failed := t.Instance(x.Failed)
	if failed == nil {
		return nil
	}
	var servers []*topology.Instance
	says := make(map[topology.Key]string)
	add := func(k topology.Key, text string) {
		if i := t.Instance(k); i != nil && says[k] == "" {
			servers, says[k] = append(servers, i), text
		}
	}
	if !x.Plan.Successor.IsZero() {
		add(x.Plan.Successor, x.winsHow())
	}
	for _, v := range x.Plan.Rejected {
		add(v.Server, v.Reason)
	}
	c := newChooser(failed, servers, &p)
	list := make([]Contender, 0, len(servers))
	for _, k := range c.candidates {
		list = append(list, Contender{Server: k.Key, Wins: k.Key == x.Plan.Successor, Says: says[k.Key], Criteria: c.criteriaOf(k, x.Plan.Lost)})
	}
	return list
}

// winsHow says what becomes of the winner.
func (x *Explanation) winsHow() string {
	switch {
	case !promotes(x.Code):
		return "It becomes the source."
	case x.Risk.Known && x.Risk.Transactions == 0:
		return "It takes over, with nothing at risk."
	}
	return "It takes over."
}

// criteriaOf is how a server meets each criterion, in the order in which a person asks.
func (c *chooser) criteriaOf(k *candidate, lost []plan.Verdict) []Criterion {
	yes := func(ok bool, otherwise Met) Met {
		if ok {
			return MetFully
		}
		return otherwise
	}
	place := yes(!differs(k.DataCenter, c.failed.DataCenter), MetPartly)
	if k.is("data-center") || k.is("region") {
		place = MetNot
	}
	known := k.Lag.Known && k.LastCheckValid() // that of a server which does not answer is an old one
	lag := yes(known && (k.Lag.N == 0 || c.policy.ApplyPatience <= 0 || k.Lag.N <= int64(c.policy.ApplyPatience.Seconds())), MetPartly)
	if k.is("lag") {
		lag = MetNot
	}
	rule := yes(k.PromotionRule != topology.PreferNotPromote, MetPartly)
	if k.is("must-not") || k.is("ignored-hostname") {
		rule = MetNot
	}
	return []Criterion{
		{"reachable", "Reachable", yes(k.LastCheckValid(), MetNot), said(k.LastCheckValid(), "it answers", "it does not answer")},
		{"logs", "Logs updates", yes(k.LogBin && k.LogReplicaUpdates, MetNot), said(k.LogBin && k.LogReplicaUpdates, "it logs what it replicates", "it does not log what it replicates")},
		c.dataOf(k, lost),
		{"version", "Version", yes(!k.is("version") && topology.CompareVersions(k.MajorVersion(), c.version) <= 0, MetNot), k.Version},
		{"site", "Site", place, said(k.DataCenter != "", k.DataCenter, "its data center is unknown")},
		{"rule", "Rule", rule, k.PromotionRule.String()},
		{"lag", "Lag", lag, said(known, fmt.Sprintf("%d s", k.Lag.N), "unknown")},
		{"errant", "No own writes", yes(k.ErrantSet == "", MetPartly), said(k.ErrantSet == "", "no errant transactions", "it has errant transactions")},
	}
}

// dataOf is whether a server has received all that any other has, and applied it.
func (c *chooser) dataOf(k *candidate, lost []plan.Verdict) Criterion {
	is := Criterion{Name: "data", Title: "Has all data"}
	var most uint64
	for _, o := range c.candidates {
		if o != k && !o.is("unknown-history") && o.LastCheckValid() && k.LastCheckValid() {
			most = max(most, k.history.missing(&o.history))
		}
	}
	at := slices.IndexFunc(lost, func(v plan.Verdict) bool { return v.Server == k.Key })
	switch {
	case at >= 0:
		is.Met, is.Text = MetNot, lost[at].Reason
	case k.is("unknown-history") || !k.LastCheckValid():
		is.Met, is.Text = MetNot, "what it has is unknown"
	case most > 0:
		is.Met, is.Text = MetPartly, fmt.Sprintf("it lacks %d transactions that another one has", most)
	case !k.history.allApplied():
		is.Met, is.Text = MetPartly, "it has received all, and has not applied all of it"
	default:
		is.Met, is.Text = MetFully, "it has all that any of them has"
	}
	return is
}

func said(is bool, so, otherwise string) string {
	if is {
		return so
	}
	return otherwise
}
