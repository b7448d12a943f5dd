package v2

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// ClusterSettings is everything that is in force for one cluster, and where each of it comes from.
type ClusterSettings struct {
	Cluster string         `json:"cluster"`
	Alias   string         `json:"alias"`
	Node    string         `json:"node" doc:"whose configuration it is"`
	Groups  []SettingGroup `json:"groups"`
}

// SettingGroup is what is in force about one thing.
type SettingGroup struct {
	ID       string    `json:"id" enum:"filters,guards,durability,patience,credentials,hooks"`
	Title    string    `json:"title"`
	Settings []Setting `json:"settings"`
}

// Setting is one thing that is in force.
type Setting struct {
	Name    string          `json:"name" doc:"a key of the configuration, or what is in force beside it"`
	Key     bool            `json:"key" doc:"it is a key of the configuration"`
	Value   json.RawMessage `json:"value" doc:"secrets are masked"`
	Default json.RawMessage `json:"default" doc:"null for what is no key"`
	Source  string          `json:"source" enum:"default,file,override,servers" doc:"override: somebody has switched it; servers: the servers themselves are set so, or somebody has declared it of them"`
	Place   *ConfigPlace    `json:"place" doc:"where a file gives it; null: none does"`
	By      string          `json:"by,omitempty" doc:"of an override: who"`
	Reason  string          `json:"reason,omitempty" doc:"of an override: why"`
	Until   *time.Time      `json:"until" doc:"of an override: when it ends by itself; null: it does not, or there is none"`
	Says    string          `json:"says" doc:"what it means for this cluster; empty: no more than the meaning"`
	Meaning string          `json:"meaning"`
	Reload  string          `json:"reload,omitempty" doc:"when a changed value counts: yes (at once), partly, restart"`
}

// settingGroups are the keys that decide about a cluster, by what they are about.
var settingGroups = []struct {
	id, title string
	keys      []string
}{
	{"filters", "Filters: what is repaired, and who is looked at", []string{
		"RecoverMasterClusterFilters", "RecoverIntermediateMasterClusterFilters", "RecoveryIgnoreHostnameFilters", "PromotionIgnoreHostnameFilters", "ProblemIgnoreHostnameFilters", "FailoverOnCannotWrite",
	}},
	{"guards", "Guards: what keeps a failover from happening", []string{
		"RecoveryPeriodBlockSeconds", "FailoverMaxLossTransactions", "FailoverMaxLossSeconds", "PreventCrossDataCenterMasterFailover", "PreventCrossRegionMasterFailover", "FailMasterPromotionOnLagMinutes",
		"FailMasterPromotionIfSQLThreadNotUpToDate", "CoMasterRecoveryMustPromoteOtherCoMaster", "VerifyReplicationFilters", "LowerReplicaVersionAllowed",
	}},
	{"durability", "Durability: what cannot get lost, and what becomes of what did", []string{
		"DetectSemiSyncEnforcedQuery", "EnforceExactSemiSyncReplicas", "RecoverLockedSemiSyncMaster", "ApplyMySQLPromotionAfterMasterFailover", "DetachLostReplicasAfterMasterFailover",
		"MasterFailoverLostInstancesDowntimeMinutes", "AutoRejoin", "ExtraTransactionsDirectory", "UseSuperReadOnly",
	}},
	{"patience", "Patience: how long is waited", []string{
		"InstancePollSeconds", "ReasonableInstanceCheckSeconds", "ReasonableReplicationLagSeconds", "MySQLDiscoveryReadTimeoutSeconds", "MySQLTopologyReadTimeoutSeconds", "CannotWriteSeconds", "ReasonableLockedSemiSyncMasterSeconds",
		"DelayMasterPromotionIfSQLThreadNotUpToDate", "PostponeReplicaRecoveryOnLagMinutes", "FailureDetectionPeriodBlockMinutes",
	}},
	{"credentials", "Credentials: as whom the servers are spoken to", []string{
		"MySQLTopologyUser", "MySQLTopologyPassword", "MySQLTopologyCredentialsConfigFile", "MySQLTopologyUseMutualTLS", "MySQLTopologyUseMixedTLS", "MySQLTopologySSLCAFile", "MySQLTopologySSLCertFile", "MySQLTopologySSLSkipVerify", "ReplicationCredentialsQuery",
	}},
	{"hooks", "Hooks: what runs beside a repair", []string{
		"OnFailureDetectionProcesses", "PreGracefulTakeoverProcesses", "PreFailoverProcesses", "PostMasterFailoverProcesses", "PostIntermediateMasterFailoverProcesses", "PostFailoverProcesses", "PostUnsuccessfulFailoverProcesses",
		"PostGracefulTakeoverProcesses", "PostTakeMasterProcesses", "RebuildProcesses", "ProcessesShellCommand", "ProcessesTimeoutSeconds",
	}},
}

func settingRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/clusters/{cluster}/settings", name: "getClusterSettings", topic: "clusters", summary: "Everything that is in force for a cluster, and where each of it comes from", local: true,
			doc: "The configuration of the node that answers, what people have switched and declared, and how the servers are set, with what each means for this cluster.", answer: ClusterSettings{}, handle: clusterSettings},
	}
}

func clusterSettings(q *request) (any, error) {
	c, _, err := q.cluster(q.PathValue("cluster"))
	if err != nil {
		return nil, err
	}
	cfg := q.api.Engine.Config()
	values, err := cfg.Values()
	if err != nil {
		return nil, err
	}
	beside, err := q.besideKeys(c)
	if err != nil {
		return nil, err
	}
	says := settingSays(cfg, values, c)
	out := ClusterSettings{Cluster: c.Name, Alias: c.Alias, Node: q.api.Engine.Node.Hostname, Groups: []SettingGroup{}}
	for _, g := range settingGroups {
		group := SettingGroup{ID: g.id, Title: g.title, Settings: append([]Setting{}, beside[g.id]...)}
		for _, name := range g.keys {
			s, err := settingOf(cfg, name, values[name])
			if err != nil {
				return nil, err
			}
			s.Says = says[name]
			group.Settings = append(group.Settings, s)
		}
		out.Groups = append(out.Groups, group)
	}
	return out, nil
}

// settingOf is a key with its value and where that comes from.
func settingOf(c *config.Config, name string, value json.RawMessage) (Setting, error) {
	k, known := config.Lookup(name)
	if !known {
		return Setting{}, fmt.Errorf("%s is no key of the configuration", name)
	}
	s := Setting{Name: k.Name, Key: true, Value: value, Source: "default", Meaning: k.Meaning, Reload: k.Reload.String()}
	def, err := defaultOf(k)
	if err != nil {
		return Setting{}, err
	}
	s.Default = def
	if places := c.Places(k.Name); len(places) > 0 {
		last := placeOf(places[len(places)-1])
		s.Source, s.Place = "file", &last
	}
	return s, nil
}

// besideKeys is what is in force and no key says, by group: switches, declarations, and how the servers are set.
func (q *request) besideKeys(c *topology.Cluster) (map[string][]Setting, error) {
	recoveries, err := q.switches(c)
	if err != nil {
		return nil, err
	}
	durability := fact("How the primary is set", "servers", q.api.durability(c), "The state of semi-sync on the server that takes the writes, as it was seen last.")
	promotion := fact("Promotion rules", "servers", declaredRules(c), "Which servers somebody has declared liked, less liked or out of the question as the next primary. What is not named is neutral.")
	return map[string][]Setting{"filters": recoveries, "guards": {promotion}, "durability": {durability}}, nil
}

// fact is something in force that no key says.
func fact(name, source, value, meaning string) Setting {
	text, _ := json.Marshal(value) // of a text: that never fails
	return Setting{Name: name, Value: text, Default: json.RawMessage("null"), Source: source, Meaning: meaning}
}

// declaredRules are the servers that are not neutral as a next primary.
func declaredRules(c *topology.Cluster) string {
	var rules []string
	for _, i := range c.Members {
		if i.PromotionRule != topology.NeutralPromote {
			rules = append(rules, i.Key.String()+": "+i.PromotionRule.String())
		}
	}
	if len(rules) == 0 {
		return "all neutral"
	}
	return strings.Join(rules, ", ")
}

// switches are those for automatic recoveries, that of all clusters and that of this one.
func (q *request) switches(c *topology.Cluster) ([]Setting, error) {
	e := q.api.Engine
	all := fact("Automatic recovery everywhere", "default", "on", "The switch for all automatic recoveries.")
	if e.Switch != nil {
		now, err := e.Switch.GlobalSwitch(q.Context())
		if err != nil {
			return nil, fmt.Errorf("read the switch for recoveries: %w", err)
		}
		if now.Disabled {
			all.override(now.Owner, now.Reason, now.Until)
		}
	}
	here := fact("Automatic recovery of this cluster", "default", "on", "The switch for the automatic recoveries of this cluster. It ends by itself.")
	if e.Clusters != nil {
		off, err := e.Clusters.SwitchedOff(q.Context())
		if err != nil {
			return nil, fmt.Errorf("read the switches of the clusters: %w", err)
		}
		for _, s := range off {
			if s.Cluster == c.Name && e.Now().Before(s.End) {
				here.override(s.Owner, s.Reason, s.End)
			}
		}
	}
	return []Setting{all, here}, nil
}

// override makes a switch one that somebody has turned off.
func (s *Setting) override(by, reason string, until time.Time) {
	s.Value, s.Source, s.By, s.Reason, s.Until = json.RawMessage(`"off"`), "override", by, reason, when(until)
	s.Says = "No failure is repaired by itself meanwhile."
}

// durability says what a commit on the primary waits for.
func (a *API) durability(c *topology.Cluster) string {
	for _, i := range c.Primaries() {
		if i.ReadOnly {
			continue
		}
		name, s := i.Key.String(), i.SemiSync
		acknowledging := 0
		for _, r := range c.Members {
			if r.SemiSync.ReplicaEnabled {
				acknowledging++
			}
		}
		switch {
		case i.Group.Name != "":
			return name + ": group replication"
		case !s.SourceEnabled:
			return name + ": asynchronous, a commit waits for no replica"
		case !s.SourceStatus:
			return fmt.Sprintf("%s: semi-sync, and it does not wait at this moment; %s acknowledging", name, servers(acknowledging))
		}
		return fmt.Sprintf("%s: semi-sync, a commit waits for %d of %s acknowledging", name, s.SourceWaitCount, servers(acknowledging))
	}
	return "no server of the cluster takes writes"
}

func servers(n int) string {
	if n == 1 {
		return "1 server"
	}
	return itoa(n) + " servers"
}
