package analysis

import (
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// Finding is what the analysis has to say of one server, with everything it was judged by.
type Finding struct {
	Key                 topology.Key
	SourceKey           topology.Key
	ServerUUID          string
	DataCenter          string
	Region              string
	PhysicalEnvironment string
	Coordinates         topology.Coordinates // of the server's own binary log

	ClusterName   string
	ClusterAlias  string // the cluster name when there is no alias
	ClusterDomain string // the cluster name when there is no domain
	ClusterSize   uint   // servers in the cluster
	OwnsCluster   bool   // the cluster is named after this server
	// Whether automated recovery is switched on for the cluster, as the policy says.
	AutomatedPrimaryRecovery, AutomatedIntermediateRecovery bool

	IsPrimary          bool
	IsCoPrimary        bool
	IsGroupMember      bool
	IsBinlogServer     bool
	IsReadOnly         bool
	IsFailingToConnect bool // the server itself cannot connect to its source
	LastCheckValid     bool // the strict definition of the analysis
	LastCheckTooOld    bool // it is invalid for no other reason than that nobody has looked (live topologies only)
	PartialSuccess     bool
	// Stuck says that the server answers no probe because it is stuck in a write, and answers all the same when it is asked
	// why: it is not dead.
	Stuck               bool
	LastSeen            time.Time // zero when the server was never seen
	LastError           string    // why the last probe failed; "" when it did not, or when the reason was not stored
	ReplicationDepth    uint
	Replicas            []topology.Key // by key; shared, do not change
	CountReplicas       uint
	CountValid          uint // replicas whose own last check is valid
	CountReplicating    uint // of the valid ones, those whose threads both run
	CountFailing        uint // of the valid ones, those that apply but cannot connect to this server
	CountReceiving      uint // of the valid ones, those whose receiver runs
	CountLagging        uint // valid or not; an unknown lag is not lagging
	CountLaggingDelayed uint // of the lagging ones, those that lag because of their configured delay alone
	CountDelayed        uint // replicas with a configured delay
	CountDowntimed      uint
	CountLogging        uint // replicas that log what they replicate
	CountStatement      uint // of the logging ones, those with format STATEMENT
	CountMixed          uint
	CountRow            uint
	CountMajorVersions  uint // distinct major versions among the logging ones

	// How the replicas may be regrouped. The first three say that there are valid replicas and all of them are so;
	// the last that the server itself writes Pseudo-GTID.
	OracleGTIDTopology, MariaDBGTIDTopology, BinlogServerTopology, PseudoGTIDTopology bool

	SemiSyncEnabled       bool
	SemiSyncStatus        bool // really waiting for acknowledgements
	SemiSyncWaitCount     uint
	SemiSyncClients       uint
	CountSemiSyncReplicas uint // replicas that have the replica side enabled
	StaleSince            time.Time

	GTIDMode           string
	MinReplicaGTIDMode string
	MaxReplicaGTIDMode string
	MaxReplicaErrant   string // the greatest errant set, as text, of the replicas that are not downtimed

	// Code is the failure, NoProblem when there is none.
	Code Code
	// Description is one sentence on Code; empty for NoProblem.
	Description string
	// Structure are the structure warnings in the order of their publication.
	Structure []Code
	// Additional are codes of our own for what the published ones do not name.
	Additional []Code
	// Actionable says that the code has an automated repair and that the finding rests on looking, not on having
	// failed to look. Downtime, filters and grace periods are the business of whoever acts.
	Actionable bool
	// Evidence says in plain sentences what the finding rests on. Empty where there is nothing to prove.
	Evidence []string

	IsDowntimed            bool
	ReplicasDowntimed      bool // all of them, and the code is about them
	DowntimeEnd            time.Time
	DowntimeRemaining      time.Duration // until DowntimeEnd; never negative
	SkippableDueToDowntime bool

	// CommandHint is the operator's command that a forced recovery comes from; the analysis leaves it empty.
	CommandHint string
	// Processing is filled in by whoever registers and handles the finding; the analysis leaves it empty.
	Processing Processing
}

// Processing says which node handles a finding and since when.
type Processing struct {
	NodeHostname            string
	NodeToken               string
	AdditionalAgreeingNodes int
	ActiveSince             time.Time
}

// Text is the short form that commands print: the failure code, unless there is none, and the structure warnings.
func (f *Finding) Text() string {
	n := len(f.Code)
	for _, s := range f.Structure {
		n += len(", ") + len(s)
	}
	var b strings.Builder
	b.Grow(n)
	if f.Code != NoProblem {
		b.WriteString(string(f.Code))
	}
	for _, s := range f.Structure {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(s))
	}
	return b.String()
}

// InstanceType is the word for the server's role that hooks get: co-master, group-member, master or
// intermediate-master.
func (f *Finding) InstanceType() string {
	switch {
	case f.IsCoPrimary:
		return "co-master"
	case f.IsGroupMember:
		return "group-member"
	case f.IsPrimary:
		return "master"
	}
	return "intermediate-master"
}

// HasProblem says whether the finding has a failure code or a structure warning. Additional codes do not count.
func (f *Finding) HasProblem() bool { return f.Code != NoProblem || len(f.Structure) > 0 }

// Has says whether the code is the failure code, one of the structure warnings, or one of the additional codes.
func (f *Finding) Has(c Code) bool {
	if f.Code == c {
		return true
	}
	for _, list := range [...][]Code{f.Structure, f.Additional} {
		for _, have := range list {
			if have == c {
				return true
			}
		}
	}
	return false
}
