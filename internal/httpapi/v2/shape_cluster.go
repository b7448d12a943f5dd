package v2

import (
	"fmt"
	"hash/fnv"
	"slices"

	"orchestrator/internal/analysis"
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
	Lost         *Lost          `json:"lost" doc:"what its failovers have lost in the last 90 days; null: that was not read yet"`
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
		AutoRecovery: AutoRecovery{summary.RecoversPrimary, summary.RecoversIntermediate}, Forecast: a.hub.forecasts.get(c.Name), Lost: a.losses.of(c), Recovery: a.hub.recoveryIn(c.Name),
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
	r.MaxLag = greatestLag(c.Members)
	r.Sites = distinct(c.Members, func(i *topology.Instance) []string { return []string{i.DataCenter} })
	r.Versions = distinct(c.Members, func(i *topology.Instance) []string { return []string{i.Version} })
	r.Tags = distinct(c.Members, func(i *topology.Instance) []string { return mapped(i.Tags, topology.Tag.Display) })
	return r
}

// greatestLag is that of the servers whose lag is known, beyond configured delays, in seconds; nil when none is.
func greatestLag(members []*topology.Instance) (greatest *int64) {
	for _, i := range members {
		if lag := max(i.Lag.N-i.Channel.SQLDelay, 0); i.Lag.Known && (greatest == nil || lag > *greatest) {
			greatest = &lag
		}
	}
	return greatest
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
			i.LogsUpdates(), i.Version, i.PromotionRule, i.Tags, i.Downtime != nil, i.Maintenance != nil, i.ErrantSet, i.OpenErrant(), i.Group.MemberState, i.Group.MemberRole,
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

func keyText(k topology.Key) string {
	if k.IsZero() {
		return ""
	}
	return k.String()
}
