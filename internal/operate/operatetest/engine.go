package operatetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/failover"
	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Backend is everything an engine works on, in memory. Calls that change something are noted in Calls; Fail, when
// set, is what every one of them returns.
type Backend struct {
	Fleet    *topology.Topology
	Conf     *config.Config
	Calls    []string
	Fail     error
	Global   operate.GlobalSwitch
	Repair   operate.Repair
	Sick     error // what Health reports
	Astray   bool  // Health reports that nobody is known to lead
	Leading  bool
	Raft     bool
	URI      string // of the leader
	uri      atomic.Pointer[string]
	Held     []topology.Maintenance
	Stubborn topology.Key    // whose moves fail
	OnStep   func(plan.Step) // is called after each step of a move; may be nil
	mu       sync.Mutex      // of Calls
}

// New is a healthy leading node on its own.
func New() *Backend {
	c := config.Default()
	c.RecoverMasterClusterFilters = []string{"orders"}
	return &Backend{
		Fleet: Fleet(), Conf: c, Leading: true, Repair: operate.Repair{Attempted: true, Promoted: Key("db-a2")},
		Held: []topology.Maintenance{{ID: 7, Key: Key("db-a3"), Owner: "dba", Reason: "new disks", Begin: Now().Add(-time.Minute), End: Now().Add(time.Hour)}},
	}
}

// Engine is an engine over the backend.
func (b *Backend) Engine() *operate.Engine {
	return &operate.Engine{
		Config: func() *config.Config { return b.Conf }, Now: Now, Log: slog.New(slog.DiscardHandler), Live: true,
		Node:    operate.Node{Hostname: "node1", Token: "t0ken", Version: "4.0.0", Commit: "abc"},
		Picture: b, Names: b, Discovery: b, Declarations: b, Records: b, Extra: b, Audit: b, Repairer: b, Takeovers: b, Moves: b, Relocations: b, Logs: b, Switch: b, Clusters: b, Running: underWay{b}, Leadership: b,
		Health: b, Metrics: b, Settings: b, Backend: b,
		Pools: b, Attributes: b, GameDayLog: b, KeyValues: b, Hooks: hookBook{b}, HostNames: b, History: b, Election: b, AccessTokens: b, BackendMetrics: b,
	}
}

func (b *Backend) note(format string, args ...any) error {
	b.called(fmt.Sprintf(format, args...))
	return b.Fail
}

// called adds to Calls, also for what runs beside a request.
func (b *Backend) called(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Calls = append(b.Calls, what)
}

// Topology returns the fleet.
func (b *Backend) Topology(context.Context) (*topology.Topology, error) { return b.Fleet, nil }

// Resolve knows that `orders-db` is another name of db-a1.
func (b *Backend) Resolve(_ context.Context, k topology.Key) topology.Key {
	if k.Hostname == "orders-db" {
		k.Hostname = "db-a1"
	}
	return k
}

// Discover finds every server; `filtered` is excluded.
func (b *Backend) Discover(_ context.Context, k topology.Key) (*topology.Instance, error) {
	if k.Hostname == "filtered" {
		return nil, nil
	}
	return &topology.Instance{Key: k, ClusterName: k.String()}, b.note("discover %s", k)
}

// DiscoverLater notes the call.
func (b *Backend) DiscoverLater(k topology.Key) {
	b.called("discover later " + k.String())
}

// Refresh notes the call.
func (b *Backend) Refresh(_ context.Context, k topology.Key) (*topology.Instance, error) {
	return &topology.Instance{Key: k}, b.note("refresh %s", k)
}

// Forget notes the call.
func (b *Backend) Forget(_ context.Context, keys ...topology.Key) error {
	return b.note("forget %s", topology.JoinKeys(keys))
}

// BeginDowntime notes the call.
func (b *Backend) BeginDowntime(_ context.Context, k topology.Key, d topology.Downtime) error {
	return b.note("begin-downtime %s owner=%s reason=%s for=%s", k, d.Owner, d.Reason, d.End.Sub(d.Begin))
}

// EndDowntime ends the one of db-a3.
func (b *Backend) EndDowntime(_ context.Context, k topology.Key) (bool, error) {
	return k == Key("db-a3"), b.note("end-downtime %s", k)
}

// BeginMaintenance notes the call.
func (b *Backend) BeginMaintenance(_ context.Context, m topology.Maintenance) (int64, error) {
	return 8, b.note("begin-maintenance %s owner=%s reason=%s for=%s bounded=%t", m.Key, m.Owner, m.Reason, m.End.Sub(m.Begin), m.Bounded)
}

// EndMaintenance ends that of db-a3.
func (b *Backend) EndMaintenance(_ context.Context, k topology.Key) (bool, error) {
	return k == Key("db-a3"), b.note("end-maintenance %s", k)
}

// EndMaintenanceByID ends number 7.
func (b *Backend) EndMaintenanceByID(_ context.Context, id int64) (bool, error) {
	return id == 7, b.note("end-maintenance %d", id)
}

// Maintenances returns Held.
func (b *Backend) Maintenances(context.Context) ([]topology.Maintenance, error) { return b.Held, nil }

// AcceptErrant notes the call.
func (b *Backend) AcceptErrant(_ context.Context, k topology.Key, a *topology.AcceptedErrant) error {
	if a == nil {
		return b.note("accept nothing of %s", k)
	}
	return b.note("accept %s of %s by %s: %s", a.Set, k, a.Owner, a.Reason)
}

// PutTag notes the call.
func (b *Backend) PutTag(_ context.Context, k topology.Key, t topology.Tag) error {
	return b.note("tag %s %s", k, t)
}

// RemoveTag notes the call.
func (b *Backend) RemoveTag(_ context.Context, keys []topology.Key, name string) error {
	return b.note("untag %s %s", topology.JoinKeys(keys), name)
}

// RegisterCandidate notes the call.
func (b *Backend) RegisterCandidate(_ context.Context, k topology.Key, r topology.PromotionRule) error {
	return b.note("register-candidate %s %s", k, r)
}

// Candidates are two.
func (b *Backend) Candidates(context.Context) ([]operate.Candidate, error) {
	return []operate.Candidate{
		{Key: Key("db-b1"), Rule: topology.MustNotPromote, Suggested: Now().Add(-time.Minute), Expiry: Now().Add(time.Hour)},
		{Key: Key("db-a2"), Rule: topology.PreferPromote, Suggested: Now().Add(-time.Minute)},
	}, nil
}

// SetClusterAlias notes the call.
func (b *Backend) SetClusterAlias(_ context.Context, cluster, alias string) error {
	return b.note("set-cluster-alias %s %s", cluster, alias)
}

// Recoveries returns one record; its UID tells what was asked for.
func (b *Backend) Recoveries(_ context.Context, q operate.RecoveryQuery) ([]operate.Recovery, error) {
	return []operate.Recovery{{
		ID: 3, UID: describe(q), SuccessorKey: Key("db-a2"), IsSuccessful: true, Start: Now().Add(-time.Hour), End: Now().Add(-time.Hour + time.Second),
		Finding: analysis.Finding{
			Key: Key("db-a1"), Code: analysis.DeadPrimary, ClusterName: "db-a1:3306", ClusterAlias: "orders", CountReplicas: 2,
			Replicas: []topology.Key{Key("db-a2"), Key("db-a3")},
		},
		LostReplicas: []topology.Key{Key("db-a3")}, Participants: []topology.Key{Key("db-a1"), Key("db-a2")},
		NodeHostname: "node1", NodeToken: "t0ken", Acknowledged: true, AcknowledgedAt: Now(), AcknowledgedBy: "dba",
		AcknowledgedComment: "seen", LastDetectionID: 11,
	}}, b.Fail
}

// describe names the fields of the query that are set.
func describe(q operate.RecoveryQuery) string {
	var parts []string
	for _, f := range []struct {
		set  bool
		text string
	}{
		{q.ID != 0, fmt.Sprintf("id=%d", q.ID)}, {q.UID != "", "uid=" + q.UID}, {q.Cluster != "", "cluster=" + q.Cluster},
		{q.Alias != "", "alias=" + q.Alias}, {!q.Successor.IsZero(), "successor=" + q.Successor.String()},
		{q.Unacknowledged, "unacknowledged"}, {q.Active, "active"}, {q.EndedWithin != 0, "ended<" + q.EndedWithin.String()},
		{q.Page != 0, fmt.Sprintf("page=%d", q.Page)}, {q.All, "all"},
	} {
		if f.set {
			parts = append(parts, f.text)
		}
	}
	return strings.Join(parts, " ")
}

// Detections returns one record, of a failure of db-a1.
func (b *Backend) Detections(_ context.Context, q operate.RecoveryQuery) ([]operate.Recovery, error) {
	return []operate.Recovery{{
		ID: 11, Detection: true, Start: Now().Add(-time.Hour), SuccessorAlias: describe(q),
		Finding: analysis.Finding{Key: Key("db-a1"), Code: analysis.DeadPrimary, ClusterName: "db-a1:3306"},
	}}, b.Fail
}

// Steps returns two steps.
func (b *Backend) Steps(_ context.Context, uid string) ([]operate.RecoveryStep, error) {
	return []operate.RecoveryStep{
		{ID: 1, UID: uid, At: Now().Add(-time.Hour), Message: "analyzing"}, {ID: 2, UID: uid, At: Now().Add(-time.Hour), Message: "promoted db-a2:3306"},
	}, b.Fail
}

// Blocked returns one record.
func (b *Backend) Blocked(_ context.Context, cluster string) ([]operate.Blocked, error) {
	if cluster != "" && cluster != "db-a1:3306" {
		return nil, b.Fail
	}
	return []operate.Blocked{{Key: Key("db-a1"), Cluster: "db-a1:3306", Code: analysis.DeadPrimary, Last: Now(), BlockingRecovery: 3}}, b.Fail
}

// Acknowledge acknowledges two, or none of a cluster that is not there.
func (b *Backend) Acknowledge(_ context.Context, q operate.AckQuery, owner, comment string) (int64, error) {
	n := int64(2)
	if q.Cluster == "nosuch" {
		n = 0
	}
	return n, b.note("ack all=%t id=%d uid=%s cluster=%s alias=%s instance=%s owner=%s comment=%s",
		q.All, q.ID, q.UID, q.Cluster, q.Alias, q.Instance.Hostname, owner, comment)
}

// AuditLog returns one line; its message tells what was asked for.
func (b *Backend) AuditLog(_ context.Context, q operate.AuditQuery) ([]operate.AuditEntry, error) {
	return []operate.AuditEntry{{ID: 5, At: Now(), Kind: "begin-downtime", Key: Key("db-a3"), Message: fmt.Sprintf("instance=%s page=%d", q.Instance.Hostname, q.Page)}}, b.Fail
}

// CountAudit counts that line.
func (b *Backend) CountAudit(context.Context, operate.AuditQuery) (int, error) { return 1, b.Fail }

// ExtraTransactions returns one file about the server that is asked for.
func (b *Backend) ExtraTransactions(_ context.Context, k topology.Key) ([]operate.ExtraTransactions, error) {
	return []operate.ExtraTransactions{{
		Server: k, Primary: Key("db-a2"), GTIDs: "0-1-105", File: "/var/lib/orchestrator/extra-transactions/a.sql", Node: "orc-1", At: Now(), Count: 3,
		Gaps: []string{"it was cut at 256 MB (ExtraTransactionsMaxMegabytes)"},
	}}, b.Fail
}

// Changelog returns one history.
func (b *Backend) Changelog(context.Context, topology.Key) ([]operate.AnalysisHistory, error) {
	return []operate.AnalysisHistory{{Key: Key("db-a1"), Changes: []operate.AnalysisChange{{At: Now(), Text: "DeadMaster"}}}}, b.Fail
}

// Audit notes the call.
func (b *Backend) Audit(_ context.Context, kind string, key topology.Key, cluster, message string) error {
	b.called(strings.TrimSpace(fmt.Sprintf("audit %s %s%s %s", kind, key.Hostname, cluster, message)))
	return nil
}

// Recover answers with Repair.
func (b *Backend) Recover(_ context.Context, k, candidate topology.Key, hooks bool) (operate.Repair, error) {
	return b.Repair, b.note("recover %s candidate=%s hooks=%t", k, candidate.Hostname, hooks)
}

// Takeover promotes who is designated, or db-a2; with Fail it was attempted in vain.
func (b *Backend) Takeover(_ context.Context, r operate.TakeoverRequest) (*operate.Recovery, error) {
	done := &operate.Recovery{
		ID: 4, UID: "u4", SuccessorKey: cmp.Or(r.Designated, Key("db-a2")), SuccessorCoordinates: &topology.Coordinates{LogFile: "mysql-bin.000007", LogPos: 4711},
		Finding:      analysis.Finding{Key: Key("db-a1"), Code: analysis.DeadPrimary, CommandHint: r.Command, ClusterName: r.Cluster, ClusterAlias: "orders", IsPrimary: true},
		IsSuccessful: true, Start: Now().Add(-time.Second), End: Now(), Type: "MasterRecovery", RecoveryType: "MasterRecoveryGTID",
	}
	if b.Fail != nil {
		done.SuccessorKey, done.SuccessorCoordinates, done.IsSuccessful = topology.Key{}, nil, false
	}
	return done, b.note("%s %s designated=%s", r.Command, r.Cluster, r.Designated.Hostname)
}

// PlanTakeover plans one step.
func (b *Backend) PlanTakeover(_ context.Context, r operate.TakeoverRequest) (plan.Plan, error) {
	p := plan.Plan{Title: "db-a2:3306 takes over from db-a1:3306", Operation: r.Command, Cluster: r.Cluster, Failed: Key("db-a1"), Successor: Key("db-a2")}
	p.Add(1, plan.Step{Phase: plan.Promote, Server: Key("db-a2"), Action: plan.Action{Verb: plan.SetWritable}, Why: "writes come back", NoReturn: true})
	return p, b.Fail
}

// PlanRecovery plans the same.
func (b *Backend) PlanRecovery(ctx context.Context, k, candidate topology.Key) (plan.Plan, error) {
	return b.PlanTakeover(ctx, operate.TakeoverRequest{Command: "recover", Cluster: k.String(), Designated: candidate})
}

// Explain finds a filter in the way.
func (b *Backend) Explain(_ context.Context, cluster string, k topology.Key, code analysis.Code) (failover.Explanation, error) {
	return failover.Explanation{
		Cluster: cluster, Failed: cmp.Or(k, Key("db-a1")), Code: cmp.Or(code, analysis.DeadPrimary), Supposed: true,
		Holds: []failover.Hold{{Rule: "filter", Setting: "RecoverMasterClusterFilters", Reason: "no filter matches", Change: `add "*"`}},
	}, b.Fail
}

// GlobalSwitch returns Global.
func (b *Backend) GlobalSwitch(context.Context) (operate.GlobalSwitch, error) {
	return b.Global, b.Fail
}

// SetGlobalSwitch sets Global.
func (b *Backend) SetGlobalSwitch(_ context.Context, to operate.GlobalSwitch) error {
	b.Global = to
	return b.Fail
}

// SwitchedOff returns one cluster.
func (b *Backend) SwitchedOff(context.Context) ([]operate.ClusterSwitch, error) {
	return []operate.ClusterSwitch{{Cluster: "db-a1:3306", Owner: "dba", Reason: "moving house", Begin: Now(), End: Now().Add(time.Hour)}}, b.Fail
}

// SwitchOff notes the call.
func (b *Backend) SwitchOff(_ context.Context, c operate.ClusterSwitch) error {
	return b.note("switch off %s by %s for %s: %s", c.Cluster, c.Owner, c.End.Sub(c.Begin), c.Reason)
}

// SwitchOn notes the call.
func (b *Backend) SwitchOn(_ context.Context, cluster string) (bool, error) {
	return true, b.note("switch on %s", cluster)
}

// underWay are recoveries that run.
type underWay struct{ b *Backend }

// Running returns one recovery at its first step.
func (u underWay) Running() []operate.RunningRecovery {
	return []operate.RunningRecovery{{
		UID: "1:a", Cluster: "db-a1:3306", Failed: Key("db-a1"), Code: analysis.DeadPrimary, Began: Now(),
		Steps: []plan.Step{{N: 1, Stage: 1, Phase: plan.Gather, Server: Key("db-a2"), Action: plan.Action{Verb: plan.StopReceiving}, State: plan.Running, Started: Now()}},
	}}
}

// Cancel notes the call.
func (u underWay) Cancel(cluster, by string) (int, error) {
	return 1, u.b.note("cancel in %s by %s", cluster, by)
}

// IsLeader returns Leading.
func (b *Backend) IsLeader() bool { return b.Leading }

// LeaderURI returns URI, or what SetURI set since.
func (b *Backend) LeaderURI() string {
	if uri := b.uri.Load(); uri != nil {
		return *uri
	}
	return b.URI
}

// SetURI changes what LeaderURI returns, at any time.
func (b *Backend) SetURI(uri string) { b.uri.Store(&uri) }

// Replicated returns Raft.
func (b *Backend) Replicated() bool { return b.Raft }

// Health is that of node1.
func (b *Backend) Health(context.Context) operate.Health {
	n := operate.NodeHealth{Hostname: "node1", Token: "t0ken", Version: "4.0.0", FirstSeen: Now().Add(-time.Hour), LastSeen: Now(), Command: "http", Backend: "sqlite", Reported: Now()}
	h := operate.Health{Err: b.Sick, Undecided: b.Astray, Hostname: "node1", Token: "t0ken", IsActive: !b.Astray, Available: []operate.NodeHealth{n}}
	if !b.Astray {
		h.Active = n
	}
	return h
}

// Discoveries are two probes, one of which failed.
func (b *Backend) Discoveries(since time.Time) []operate.DiscoveryMetric {
	list := []operate.DiscoveryMetric{
		{At: Now().Add(-4 * time.Second), Key: Key("db-a1"), Backend: time.Millisecond, Instance: 2 * time.Millisecond, Total: 4 * time.Millisecond},
		{At: Now().Add(-2 * time.Second), Key: Key("db-a3"), Total: time.Second, Err: errors.New("connection refused")},
	}
	return slices.DeleteFunc(list, func(m operate.DiscoveryMetric) bool { return m.At.Before(since) })
}

// Queue knows the queue DEFAULT.
func (b *Backend) Queue(name string, n int) ([]operate.QueueSample, bool) {
	samples := []operate.QueueSample{{Active: 1, Queued: 0}, {Active: 3, Queued: 4}}
	return samples[:min(n, len(samples))], name == operate.DefaultQueue
}

// Redeploy notes the call.
func (b *Backend) Redeploy(context.Context) error { return b.note("redeploy") }

// Import notes the call.
func (b *Backend) Import(_ context.Context, from string) (operate.Imported, error) {
	return operate.Imported{From: from, Rows: map[string]int{"database_instance": 4}}, b.note("import %s", from)
}

// Preview is the configuration with another poll interval, a list of seeds, and what is not live.
func (b *Backend) Preview(context.Context, string) (*config.Config, []config.Warning, error) {
	next := *b.Conf
	next.InstancePollSeconds, next.DiscoverySeeds, next.ListenAddress = 7, []string{"db-a1"}, ":3001"
	return &next, []config.Warning{{File: "conf.json", Key: "InstancePolSeconds", Kind: config.UnknownKey, Text: "is not a known key and is ignored"}}, b.Fail
}

// Reload notes the call.
func (b *Backend) Reload(_ context.Context, extra string) ([]config.Warning, error) {
	return nil, b.note("reload %s", extra)
}

// Report writes one line.
func (b *Backend) Report(w io.Writer) error {
	_, err := io.WriteString(w, "Backend\n  ok       SQLite\n")
	return err
}
