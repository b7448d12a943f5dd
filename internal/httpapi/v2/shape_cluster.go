package v2

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// ClusterRow is a cluster in one line.
type ClusterRow struct {
	Name         string         `json:"name" doc:"host:port of its topmost server; it changes with a failover"`
	Alias        string         `json:"alias" doc:"the name itself when there is no alias"`
	Domain       string         `json:"domain,omitempty"`
	Revision     string         `json:"revision" doc:"changes when who replicates from whom, who answers, who takes writes or what is declared changes"`
	Status       string         `json:"status" enum:"ok,pause,stale,warn,crit,run"`
	Sentence     string         `json:"sentence" doc:"how it is, for people"`
	Primary      string         `json:"primary,omitempty" doc:"the server that takes writes, or would"`
	Servers      int            `json:"servers"`
	Affected     int            `json:"affected" doc:"how many are neither fine nor in downtime"`
	Paused       int            `json:"paused" doc:"how many are in downtime or maintenance"`
	MaxLag       *int64         `json:"max_lag_s" doc:"the greatest lag beyond configured delays, in seconds; null: none is known"`
	Sites        []string       `json:"sites"`
	Versions     []string       `json:"versions" doc:"of its servers, each once"`
	Tags         []string       `json:"tags" doc:"of its servers, each once: name or name=value"`
	Tree         []Dot          `json:"tree" doc:"its servers as a small tree; parents come first"`
	AutoRecovery AutoRecovery   `json:"auto_recovery"`
	Forecast     *ForecastShort `json:"forecast" doc:"what would happen if its primary died now; null: not worked out yet"`
	Recovery     string         `json:"recovery,omitempty" doc:"the unique name of the recovery that runs"`
}

// Dot is a server in a tiny tree.
type Dot struct {
	Parent int    `json:"parent" doc:"index of the source in the list; -1 for none"`
	Status string `json:"status" enum:"ok,pause,stale,warn,crit,run"`
	Key    string `json:"key"`
}

// AutoRecovery says what is repaired automatically, as the configuration has it.
type AutoRecovery struct {
	Primary      bool `json:"primary"`
	Intermediate bool `json:"intermediate"`
}

// ForecastShort is a forecast in one line.
type ForecastShort struct {
	Would     bool    `json:"would" doc:"it would be repaired automatically"`
	Sentence  string  `json:"sentence"`
	Successor string  `json:"successor,omitempty"`
	Pause     float64 `json:"pause_ms" doc:"how long nobody could write, in milliseconds; 0 without a successor"`
	Risk      *uint64 `json:"risk" doc:"transactions that may be lost; null: it cannot be known"`
	Rule      string  `json:"rule,omitempty" doc:"the first rule that keeps it from happening"`
}

// Cluster is a cluster at one moment.
type Cluster struct {
	ClusterRow
	Members  []Server            `json:"members"`
	Findings []Finding           `json:"findings"`
	Pools    map[string][]string `json:"pools" doc:"members by pool"`
	Blocked  []Blocked           `json:"blocked" doc:"recoveries that wait because another one was a short time ago"`
	Plans    []PlanRow           `json:"plans" doc:"the plans that run in it"`
}

// Finding is what the analysis has found.
type Finding struct {
	Server      string   `json:"server"`
	Cluster     string   `json:"cluster"`
	Alias       string   `json:"alias"`
	Code        string   `json:"code" doc:"NoProblem when there are structure warnings or additional codes alone"`
	Sentence    string   `json:"sentence"`
	Structure   []string `json:"structure" doc:"structure warnings"`
	Additional  []string `json:"additional" doc:"what the published codes leave unsaid"`
	Evidence    []string `json:"evidence"`
	Actionable  bool     `json:"actionable" doc:"there is an automatic repair, and it rests on looking"`
	Downtimed   bool     `json:"downtimed"`
	Replicas    uint     `json:"replicas"`
	Replicating uint     `json:"replicating"`
}

func findingOf(f *analysis.Finding) Finding {
	return Finding{
		Server: f.Key.String(), Cluster: f.ClusterName, Alias: f.ClusterAlias, Code: string(f.Code), Sentence: f.Description,
		Structure: codes(f.Structure), Additional: codes(f.Additional), Evidence: append([]string{}, f.Evidence...),
		Actionable: f.Actionable, Downtimed: f.IsDowntimed, Replicas: f.CountReplicas, Replicating: f.CountReplicating,
	}
}

func codes(list []analysis.Code) []string {
	return mapped(list, func(c analysis.Code) string { return string(c) })
}

// only is the topology of one cluster, so that what is asked about it costs no more than it is large.
func only(t *topology.Topology, c *topology.Cluster) *topology.Topology {
	return topology.New(c.Members, t.Names())
}

// row is a cluster in one line. t holds the cluster, alone or among others.
func (a *API) row(t *topology.Topology, c *topology.Cluster, found []analysis.Finding) ClusterRow {
	busy := a.Busy != nil && a.Busy(c.Name)
	condition := a.Engine.ClusterCondition(c, found, busy)
	summary := a.Engine.Summary(c)
	r := ClusterRow{
		Name: c.Name, Alias: c.Alias, Domain: c.Domain, Revision: revisionOf(c), Status: string(condition.Status), Sentence: condition.Sentence,
		Servers: len(c.Members), Tree: a.dots(t, c, found),
		AutoRecovery: AutoRecovery{summary.RecoversPrimary, summary.RecoversIntermediate}, Forecast: a.hub.forecasts.get(c.Name), Recovery: a.hub.recoveryIn(c.Name),
	}
	for _, i := range c.Primaries() {
		if r.Primary == "" || !i.ReadOnly {
			r.Primary = i.Key.String()
		}
		if !i.ReadOnly {
			break
		}
	}
	for _, d := range r.Tree {
		switch d.Status {
		case "ok":
		case "pause":
			r.Paused++
		default:
			r.Affected++
		}
	}
	for _, i := range c.Members {
		if lag := i.Lag.N - i.Channel.SQLDelay; i.Lag.Known && (r.MaxLag == nil || lag > *r.MaxLag) {
			lag = max(lag, 0)
			r.MaxLag = &lag
		}
	}
	r.Sites = distinct(c.Members, func(i *topology.Instance) []string { return []string{i.DataCenter} })
	r.Versions = distinct(c.Members, func(i *topology.Instance) []string { return []string{i.Version} })
	r.Tags = distinct(c.Members, func(i *topology.Instance) []string { return mapped(i.Tags, topology.Tag.Display) })
	return r
}

// distinct are the texts that the members have, each once, without the empty one, in order.
func distinct(members []*topology.Instance, of func(*topology.Instance) []string) []string {
	all := []string{}
	for _, i := range members {
		all = append(all, of(i)...)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(text string) bool { return text == "" })
}

// dots are the members of a cluster, each behind its source.
func (a *API) dots(t *topology.Topology, c *topology.Cluster, found []analysis.Finding) []Dot {
	place := make(map[topology.Key]int, len(c.Members))
	list := make([]Dot, 0, len(c.Members))
	var add func(i *topology.Instance, parent int)
	add = func(i *topology.Instance, parent int) {
		if _, known := place[i.Key]; known || i.ClusterName != c.Name {
			return
		}
		place[i.Key] = len(list)
		at := len(list)
		list = append(list, Dot{parent, string(a.Engine.ServerCondition(i, found).Status), i.Key.String()})
		for _, r := range t.Replicas(i.Key) {
			add(r, at)
		}
	}
	for _, i := range c.Primaries() {
		add(i, -1)
	}
	for _, i := range c.Members { // those whose source is not known
		if t.Source(i) == nil {
			add(i, -1)
		}
	}
	for _, i := range c.Members { // rings that no primary is part of
		add(i, -1)
	}
	return list
}

// revisionOf changes with everything that a plan may rest on, figures that move all the time excepted.
func revisionOf(c *topology.Cluster) string {
	h := fnv.New64a()
	for _, i := range c.Members {
		_, _ = fmt.Fprint(h, i.Key, i.Channel.Source, i.Channel.IOThread, i.Channel.SQLThread, i.Channel.GTID, i.LastCheckValid(), i.ReadOnly, i.IsCoPrimary,
			i.LogsUpdates(), i.Version, i.PromotionRule, i.Tags, i.Downtime != nil, i.Maintenance != nil, i.ErrantSet, i.Group.MemberState, i.Group.MemberRole,
			i.SemiSync.SourceEnabled, i.SemiSync.ReplicaEnabled, i.Channel.SQLDelay, '\n') // writing to a hash never fails
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// ownFindings are those of one cluster.
func (a *API) ownFindings(t *topology.Topology, c *topology.Cluster) []analysis.Finding {
	return a.Engine.Findings(only(t, c))
}

// clusterView is a cluster with everything that is known of it.
func (a *API) clusterView(q *request, t *topology.Topology, c *topology.Cluster) (Cluster, error) {
	own := only(t, c)
	found := a.Engine.Findings(own)
	v := Cluster{ClusterRow: a.row(own, c, found), Pools: map[string][]string{}, Blocked: []Blocked{}, Plans: a.plans.in(c.Name)}
	v.Members = mapped(c.Members, func(i *topology.Instance) Server { return a.server(own, i, found) })
	v.Findings = mapped(found, func(f analysis.Finding) Finding { return findingOf(&f) })
	if a.Engine.Pools != nil {
		pools, err := a.Engine.Pools.Pools(q.Context())
		if err != nil {
			return v, fmt.Errorf("read the pools: %w", err)
		}
		for pool, keys := range pools {
			for _, k := range keys {
				if own.Instance(k) != nil {
					v.Pools[pool] = append(v.Pools[pool], k.String())
				}
			}
		}
	}
	if a.Engine.Records != nil {
		blocked, err := a.Engine.Records.Blocked(q.Context(), c.Name)
		if err != nil {
			return v, fmt.Errorf("read what is blocked: %w", err)
		}
		v.Blocked = mapped(blocked, blockedOf)
	}
	return v, nil
}

// Forecast is what would happen automatically if a server failed.
type Forecast struct {
	Cluster   string     `json:"cluster"`
	Alias     string     `json:"alias,omitempty"`
	Failed    string     `json:"failed" doc:"the server whose failure is meant"`
	Code      string     `json:"code"`
	Supposed  bool       `json:"supposed" doc:"the server works, and this is for the case that it died now"`
	Would     bool       `json:"would" doc:"it would be repaired by itself"`
	Sentence  string     `json:"sentence"`
	Text      string     `json:"text" doc:"all of it in words, as the command explain prints it"`
	Holds     []Hold     `json:"holds" doc:"all that keeps it from happening; empty when it would"`
	Passed    []Passed   `json:"passed" doc:"the rules that were asked and would let it happen"`
	Successor string     `json:"successor,omitempty"`
	Pause     float64    `json:"pause_ms" doc:"how long nobody could write"`
	Parts     []Part     `json:"parts" doc:"of the pause"`
	Risk      *RiskModel `json:"risk" doc:"null: nobody would be promoted"`
	Steps     []Step     `json:"steps"`
	Rejected  []Judged   `json:"rejected" doc:"who would not be promoted, and why"`
	Lost      []Judged   `json:"lost" doc:"who could not follow"`
	Warnings  []string   `json:"warnings"`
	Notes     []string   `json:"notes"`
}

// Hold is a reason why nothing would be done.
type Hold struct {
	Rule    string     `json:"rule"`
	Reason  string     `json:"reason"`
	Setting string     `json:"setting,omitempty" doc:"the configuration key that decides"`
	Change  string     `json:"change,omitempty" doc:"what would lift it"`
	Until   *time.Time `json:"until,omitempty" doc:"when it ends by itself"`
}

// Passed is a rule that was asked and keeps nothing from happening.
type Passed struct {
	Rule    string `json:"rule"`
	Text    string `json:"text" doc:"what is the case"`
	Setting string `json:"setting,omitempty" doc:"the configuration key that decides"`
}

// Part is a part of a pause.
type Part struct {
	Name  string  `json:"name"`
	Takes float64 `json:"takes_ms"`
	Basis string  `json:"basis"`
}

// RiskModel is what may be lost.
type RiskModel struct {
	Transactions *uint64 `json:"transactions" doc:"null: it cannot be known"`
	Bytes        *int64  `json:"bytes" doc:"of the binary log; null: it cannot be known"`
	Seconds      *int64  `json:"seconds" doc:"for how long, at most, what was committed may be missing; null: unknown"`
	Guarantee    string  `json:"guarantee,omitempty" doc:"what cannot be lost"`
	Basis        string  `json:"basis"`
}

// Judged is a server and what was decided about it.
type Judged struct {
	Server string `json:"server"`
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

func judged(list []plan.Verdict) []Judged {
	return mapped(list, func(v plan.Verdict) Judged { return Judged{v.Server.String(), v.Rule, v.Reason} })
}

func forecastOf(x *failover.Explanation) Forecast {
	f := Forecast{
		Cluster: x.Cluster, Alias: x.Alias, Failed: keyText(x.Failed), Code: string(x.Code), Supposed: x.Supposed, Would: x.Would, Text: x.String(),
		Holds:     mapped(x.Holds, func(h failover.Hold) Hold { return Hold{h.Rule, h.Reason, h.Setting, h.Change, when(h.Until)} }),
		Passed:    mapped(x.Passed, func(p failover.Pass) Passed { return Passed{p.Rule, p.Text, p.Setting} }),
		Successor: keyText(x.Plan.Successor), Pause: millis(x.Expected.Total),
		Parts: mapped(x.Expected.Parts, func(p failover.Part) Part { return Part{p.Name, millis(p.Takes), p.Basis} }),
		Steps: stepsOf(x.Plan.Steps, nil), Rejected: judged(x.Plan.Rejected), Lost: judged(x.Plan.Lost),
		Warnings: append([]string{}, x.Plan.Warnings...), Notes: append([]string{}, x.Notes...), Risk: riskOf(x),
	}
	f.Sentence = shortForecast(x).Sentence
	return f
}

func riskOf(x *failover.Explanation) *RiskModel {
	if x.Risk.Basis == "" {
		return nil
	}
	r := &RiskModel{Guarantee: x.Risk.Guarantee, Basis: x.Risk.Basis, Seconds: seconds(x.Risk.Seconds)}
	if x.Risk.Known {
		r.Transactions = &x.Risk.Transactions
	}
	if x.Risk.Bytes >= 0 {
		r.Bytes = &x.Risk.Bytes
	}
	return r
}

// shortForecast is a forecast in one line.
func shortForecast(x *failover.Explanation) *ForecastShort {
	s := &ForecastShort{Would: x.Would, Successor: keyText(x.Plan.Successor), Pause: millis(x.Expected.Total)}
	if r := riskOf(x); r != nil {
		s.Risk = r.Transactions
	}
	if !x.Would {
		s.Sentence = "It would not fail over."
		if len(x.Holds) > 0 {
			s.Rule = x.Holds[0].Rule
			s.Sentence = "It would not fail over: " + x.Holds[0].Reason + "."
		}
		return s
	}
	s.Sentence = x.Plan.Title + "."
	if s.Successor != "" && x.Expected.Total > 0 {
		s.Sentence = fmt.Sprintf("%s takes over; about %s without writes.", s.Successor, x.Expected.Total.Round(time.Millisecond))
	}
	return s
}

func keyText(k topology.Key) string {
	if k.IsZero() {
		return ""
	}
	return k.String()
}
