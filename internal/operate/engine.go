package operate

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/plan"
	"orchestrator/internal/rehearsal"
	"orchestrator/internal/topology"
)

// Engine is what operations work on. Config, Now, Log, Node and Picture are required; what else is nil makes the
// operations that need it answer that they are not available in this process.
type Engine struct {
	Config func() *config.Config
	Now    func() time.Time
	Log    *slog.Logger
	Node   Node
	// Live says that the topology is what the running service sees right now, not what the backend has stored.
	Live bool
	// NoOperation refuses everything that would change something (the flag -noop).
	NoOperation bool

	Picture      Picture
	Names        Names
	Discovery    Discovery
	Declarations Declarations
	Records      Records
	Extra        ExtraRecords
	Audit        Auditor
	Repairer     Repairer
	Takeovers    Takeovers
	Moves        Moves
	Relocations  Relocations
	Logs         Logs
	Switch       RecoverySwitch
	Clusters     ClusterSwitches
	Running      RunningRecoveries
	Leadership   Leadership
	Health       HealthChecker
	Metrics      Metrics
	Settings     Settings
	Backend      Backend
	Raft         Raft     // nil without raft
	Managers     Managers // nil: nobody else is asked, and nothing is known of the machine

	Pools          Pools
	Attributes     Attributes
	GameDayLog     GameDayLog
	Rehearsals     *rehearsal.Watcher // nil: nobody asks whether writes are taken during a game day
	Machines       Machines           // that servers run on; nil: none is reached
	KeyValues      KeyValues
	Hooks          HookRunner
	HostNames      HostNames
	History        History
	Election       Election
	AccessTokens   AccessTokens
	BackendMetrics BackendMetrics

	lookout lookout
}

// Node is this process among the nodes.
type Node struct {
	Hostname string
	Token    string
	Version  string
	Commit   string
}

// Picture gives the fleet as it is known.
type Picture interface {
	// Topology returns the whole fleet. In the service it never waits for more than a moment; in a command it is
	// read from the backend once and stays the same.
	Topology(ctx context.Context) (*topology.Topology, error)
}

// Names resolves host names as the configuration says (HostnameResolveMethod).
type Names interface {
	// Resolve returns the key under its canonical host name, or the key itself when the name cannot be resolved.
	Resolve(ctx context.Context, key topology.Key) topology.Key
}

// Discovery looks at servers, and forgets them.
type Discovery interface {
	// Discover probes the server now, records it, and goes on to its neighbours. The instance is nil when the server
	// is not to be discovered (a filter).
	Discover(ctx context.Context, key topology.Key) (*topology.Instance, error)
	// DiscoverLater begins the same without waiting.
	DiscoverLater(key topology.Key)
	// Refresh probes the server alone.
	Refresh(ctx context.Context, key topology.Key) (*topology.Instance, error)
	// Forget removes servers; those that are not known are no error.
	Forget(ctx context.Context, keys ...topology.Key) error
}

// Declarations keep what people declare about servers. Each is stored, and to be seen in the Picture, when the method
// returns. The second result of the methods that end something says whether there was anything to end.
type Declarations interface {
	BeginDowntime(ctx context.Context, key topology.Key, d topology.Downtime) error
	EndDowntime(ctx context.Context, key topology.Key) (bool, error)

	// BeginMaintenance fails when the server is under maintenance already.
	BeginMaintenance(ctx context.Context, m topology.Maintenance) (id int64, err error)
	EndMaintenance(ctx context.Context, key topology.Key) (bool, error)
	EndMaintenanceByID(ctx context.Context, id int64) (bool, error)
	// Maintenances returns the active ones.
	Maintenances(ctx context.Context) ([]topology.Maintenance, error)

	PutTag(ctx context.Context, key topology.Key, tag topology.Tag) error
	// RemoveTag removes the tag of that name from each of the servers, which have it.
	RemoveTag(ctx context.Context, keys []topology.Key, name string) error

	// AcceptErrant notes which errant transactions of a server may stay; nil takes that back.
	AcceptErrant(ctx context.Context, key topology.Key, accepted *topology.AcceptedErrant) error

	RegisterCandidate(ctx context.Context, key topology.Key, rule topology.PromotionRule) error
	Candidates(ctx context.Context) ([]Candidate, error)

	// SetClusterAlias sets the manual alias of a cluster.
	SetClusterAlias(ctx context.Context, cluster, alias string) error
}

// PageSize is how many records a page has.
const PageSize = 20

// RecoveryQuery chooses recoveries or detections, newest first. Zero fields choose nothing away.
type RecoveryQuery struct {
	ID             int64
	UID            string
	Cluster        string // exact name
	Alias          string // exact alias, as it was at the time
	Successor      topology.Key
	Unacknowledged bool
	Active         bool          // in its active period
	EndedWithin    time.Duration // ended at most so long ago
	Page           int           // of PageSize
	All            bool          // no pages
}

// AckQuery chooses recoveries to acknowledge; exactly one field is set.
type AckQuery struct {
	All      bool
	ID       int64
	UID      string
	Cluster  string // name
	Alias    string // set together with Cluster: recoveries of that alias are meant too
	Instance topology.Key
}

// AuditQuery chooses lines of the audit log, newest first.
type AuditQuery struct {
	Instance topology.Key // zero: all
	Cluster  string       // by the name that it had; "": all
	Kind     string       // "": all
	Person   string       // only what this user did; "": all
	Node     string       // only what this manager noted; "": all
	Text     string       // a part of the message; "": all
	Plan     string       // only what is part of this plan
	Recovery string       // only what is part of this recovery, by its UID
	From, To time.Time    // zero: open
	Before   int64        // only lines with a smaller number; 0: all
	Limit    int          // at most so many, instead of pages; 0: pages
	Page     int          // of PageSize
}

// ExtraRecords are the files with what only replaced primaries held.
type ExtraRecords interface {
	// ExtraTransactions lists those about a server, or all for the zero Key.
	ExtraTransactions(ctx context.Context, key topology.Key) ([]ExtraTransactions, error)
}

// Records keep what happened.
type Records interface {
	Recoveries(ctx context.Context, q RecoveryQuery) ([]Recovery, error)
	Detections(ctx context.Context, q RecoveryQuery) ([]Recovery, error)
	Steps(ctx context.Context, uid string) ([]RecoveryStep, error)
	// Blocked returns the recoveries that anti-flapping stops, of one cluster unless its name is empty.
	Blocked(ctx context.Context, cluster string) ([]Blocked, error)
	// Acknowledge returns how many recoveries it acknowledged.
	Acknowledge(ctx context.Context, q AckQuery, owner, comment string) (int64, error)
	AuditLog(ctx context.Context, q AuditQuery) ([]AuditEntry, error)
	// CountAudit says how many lines there are, whatever the page.
	CountAudit(ctx context.Context, q AuditQuery) (int, error)
	// Changelog returns the history of the analysis of a server, or of each for the zero Key.
	Changelog(ctx context.Context, key topology.Key) ([]AnalysisHistory, error)
}

// Auditor records that somebody did something. It writes where the configuration says.
type Auditor interface {
	Audit(ctx context.Context, kind string, key topology.Key, cluster, message string) error
}

// Repairer repairs a failed server.
type Repairer interface {
	// Recover repairs the server as if its failure had just been detected, with a preferred successor unless that is
	// zero, with or without hooks.
	Recover(ctx context.Context, key, candidate topology.Key, hooks bool) (Repair, error)
}

// Repair is what became of a repair.
type Repair struct {
	Attempted bool
	Promoted  topology.Key // zero: none
	// UncalledFor says, when it was not attempted, that nothing about the server calls for it.
	UncalledFor bool
}

// GlobalSwitch is how the switch for all automatic recoveries stands. The zero value is on.
type GlobalSwitch struct {
	Disabled bool
	// Until is when that ends by itself; zero: not before somebody switches them on. Only then the others are known.
	Until         time.Time
	Begin         time.Time
	Owner, Reason string
}

// RecoverySwitch is the switch for all automatic recoveries.
type RecoverySwitch interface {
	GlobalSwitch(ctx context.Context) (GlobalSwitch, error)
	SetGlobalSwitch(ctx context.Context, to GlobalSwitch) error
}

// ClusterSwitch says that automatic recoveries of one cluster are switched off.
type ClusterSwitch struct {
	Cluster       string // its name
	Owner, Reason string
	Begin, End    time.Time
}

// ClusterSwitches are the switches for the automatic recoveries of single clusters. Each ends by itself.
type ClusterSwitches interface {
	SwitchedOff(ctx context.Context) ([]ClusterSwitch, error)
	SwitchOff(ctx context.Context, c ClusterSwitch) error
	// SwitchOn says whether recoveries of the cluster were off.
	SwitchOn(ctx context.Context, cluster string) (bool, error)
}

// RunningRecovery is a recovery or takeover that is under way.
type RunningRecovery struct {
	UID     string
	Cluster string
	Failed  topology.Key
	Code    analysis.Code
	Began   time.Time
	Hooks   []string // the hook lists that run
	Steps   []plan.Step
}

// RunningRecoveries are the recoveries that this process runs.
type RunningRecoveries interface {
	Running() []RunningRecovery
	// Cancel ends the steps and hooks that run at this moment in a cluster, and returns how many there were.
	Cancel(cluster, by string) (int, error)
}

// Leadership says who may change servers. A node on its own always leads.
type Leadership interface {
	IsLeader() bool
	// LeaderURI is the base URL of the node that leads, `scheme://host:port`; "" when it is unknown or this node.
	LeaderURI() string
	// Replicated says that the nodes agree by consensus: then only the leader takes writes, and the others pass
	// requests on to it. Nodes that share a backend database all take requests.
	Replicated() bool
}

// HealthChecker tells how this node is.
type HealthChecker interface {
	// Health writes this node's sign of life and reads those of the others; a result may be a second old. A failure
	// is in Health.Err.
	Health(ctx context.Context) Health
}

// Metrics keep what was measured lately.
type Metrics interface {
	// Discoveries returns the probes that ended since then, oldest first.
	Discoveries(since time.Time) []DiscoveryMetric
	// Queue returns the last n samples, taken once a second, of a queue; ok is false when it does not exist.
	Queue(name string, n int) (samples []QueueSample, ok bool)
}

// Backend is the database that keeps what is known.
type Backend interface {
	// Redeploy adds to its schema what is missing, whatever the configuration says about updates, and removes nothing.
	Redeploy(ctx context.Context) error
	// Import takes over the state of another installation: its SQLite file, the backend that its configuration names,
	// or a raft snapshot. It fails, and changes nothing, when this backend holds state already.
	Import(ctx context.Context, from string) (Imported, error)
}

// Settings are the configuration of this process.
type Settings interface {
	// Reload reads the files again, and the extra one unless it is empty. What it returns are warnings.
	Reload(ctx context.Context, extra string) ([]config.Warning, error)
	// Preview is what Reload would put in force; nothing is.
	Preview(ctx context.Context, extra string) (*config.Config, []config.Warning, error)
	// Report writes what the configuration will and will not do.
	Report(w io.Writer) error
}

// policy is by what the analysis judges.
func (e *Engine) policy() analysis.Policy {
	p := analysis.PolicyOf(e.Config())
	p.Live, p.IncludeDowntimed = e.Live, true
	return p
}

func (e *Engine) defaultPort() int { return e.Config().DefaultInstancePort }

// outline is how topologies are drawn; dataCenter is where somebody wants to see the data center, "" leaves it to the
// configuration.
func (e *Engine) outline(style topology.OutlineStyle, dataCenter string) topology.Outline {
	c := e.Config()
	return topology.Outline{
		Style: style, Now: e.Now(), Poll: c.InstancePoll(),
		MaintenanceLag: c.ReasonableMaintenanceReplicationLag(), DataCenter: dataCenterColumn(firstOf(dataCenter, c.TopologyDataCenterColumn)),
	}
}

// dataCenterColumn is a place in words; a bare yes is the place that the fork gave it.
func dataCenterColumn(place string) topology.DataCenterColumn {
	if yes, err := strconv.ParseBool(place); yes && err == nil {
		return topology.DataCenterByVersion
	}
	switch strings.ToLower(place) {
	case "version":
		return topology.DataCenterByVersion
	case "last":
		return topology.DataCenterLast
	}
	return topology.NoDataCenter
}

// audit records what was done. That it could not be recorded is logged and does not undo what was done.
func (e *Engine) audit(ctx context.Context, kind string, key topology.Key, cluster, message string) {
	if e.Audit == nil {
		return
	}
	if err := e.Audit.Audit(ctx, kind, key, cluster, message); err != nil {
		e.Log.ErrorContext(ctx, "cannot write the audit log", "type", kind, "instance", key.String(), "error", err)
	}
}
