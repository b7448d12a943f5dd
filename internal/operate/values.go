package operate

import (
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/topology"
)

// The values that operations answer with. Beside those of this file they are topology.Key and lists of it, string
// and lists of it, int64, topology.PromotionRule and nil. Each face knows how to show each of them.
type (
	// Instance is one server, with the topology that it is part of.
	Instance struct {
		*topology.Instance
		Of *topology.Topology
	}

	// Instances is a list of servers in the order in which they are shown.
	Instances struct {
		List []*topology.Instance
		Of   *topology.Topology
	}

	// Drawing is a text of several lines.
	Drawing string

	// Cluster is the summary of a cluster.
	Cluster struct {
		Name, Alias, Domain  string
		Size                 int
		HeuristicLag         int64 // seconds
		RecoversPrimary      bool  // automatically
		RecoversIntermediate bool
	}

	// Findings is what is wrong with the fleet.
	Findings []analysis.Finding

	// Maintained answers whether a server is under maintenance.
	Maintained struct {
		Key topology.Key
		Yes bool
	}

	// TagList is the tags of a server by name.
	TagList []topology.Tag

	// Acknowledged is how many recoveries were acknowledged and, as each route says it, of what: a string or a key.
	Acknowledged struct {
		Count int64
		Of    any
	}

	// Recoveries is the state of the switch for all automatic recoveries.
	Recoveries struct {
		GlobalSwitch
		Changed bool // by this very operation, or only asked for
	}

	// Filters are the lists that choose which clusters and servers are recovered automatically.
	Filters struct {
		RecoverMasterClusterFilters             []string
		RecoverIntermediateMasterClusterFilters []string
		RecoveryIgnoreHostnameFilters           []string
	}

	// Leads answers whether this node is the leader.
	Leads struct {
		Leader    bool
		OtherCode int // the status that the caller wants when it is not; 0: the usual one
	}

	// Imported is what was taken over from another installation.
	Imported struct {
		From string
		Rows map[string]int // by table; empty ones are left out
	}

	// Alive is the answer of a process that runs, whatever else is wrong.
	Alive struct{}

	// Settled is a configuration as one line of JSON.
	Settled []byte

	// Quiet is a value that the command line does not print.
	Quiet struct{ Value any }

	// Told is what the command line prints, and the HTTP API has no value for.
	Told string
)

// Recovery is the record of a recovery, or of the detection that calls for one.
type Recovery struct {
	ID      int64
	UID     string // "" for a detection
	Finding analysis.Finding
	// Detection says that this is the record of a detection.
	Detection bool

	SuccessorKey         topology.Key // zero: none
	SuccessorAlias       string
	SuccessorCoordinates *topology.Coordinates

	IsActive, IsSuccessful bool
	LostReplicas           []topology.Key
	Loss                   *Loss // nil: no primary was replaced, or what was lost with it is not known
	Participants           []topology.Key
	Errors                 []string
	Start, End             time.Time // End is zero while it runs
	NodeHostname           string
	NodeToken              string

	Acknowledged        bool
	AcknowledgedAt      time.Time
	AcknowledgedBy      string
	AcknowledgedComment string

	LastDetectionID   int64
	RelatedRecoveryID int64
	// Held is, of a detection, what held its recovery back when it was looked at last, and HeldAt when that was; nil where
	// that is not on record.
	Held         *failover.Hold
	HeldAt       time.Time
	Type         string // MasterRecovery, CoMasterRecovery …; "" in lists
	RecoveryType string // MasterRecoveryGTID …
}

// Loss is how many transactions were lost with a primary that was replaced.
type Loss struct {
	Transactions uint64
	Basis        string // what the number rests on
}

// Began is when it began, to the nanosecond where its UID tells: `<unix nanoseconds>:…`. Records have whole seconds.
func (r *Recovery) Began() time.Time {
	digits, _, _ := strings.Cut(r.UID, ":")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return r.Start
	}
	if at := time.Unix(0, n).UTC(); at.Sub(r.Start).Abs() < 2*time.Second {
		return at
	}
	return r.Start
}

// RecoveryStep is a line in the record of a recovery.
type RecoveryStep struct {
	ID      int64
	UID     string // of the recovery
	At      time.Time
	Message string
}

// ExtraTransactions is a file with what only a replaced primary held.
type ExtraTransactions struct {
	Server, Primary topology.Key // who held it, and who lacked it
	GTIDs           string       // of MariaDB the newest of each domain
	File            string       // its path on Node
	Node            string
	At              time.Time
	Count           int      // transactions in the file
	Gaps            []string // what is not in the file
}

// Blocked is a recovery that anti-flapping stops.
type Blocked struct {
	Key              topology.Key // the failed server
	Cluster          string
	Code             analysis.Code
	Last             time.Time
	BlockingRecovery int64
	Until            time.Time // when the block ends by itself; zero when that is not known
}

// AuditEntry is a line of the audit log.
type AuditEntry struct {
	ID      int64
	At      time.Time
	Kind    string
	Key     topology.Key
	Cluster string // "" when it is not about one
	Message string
	Person  string // who asked for it; "" where nobody did, or that is not known
	Node    string // which manager noted it; "" where that is not known

	Plan     string // the id of the plan that it is part of; "" for none
	Recovery string // the UID of the recovery that it is part of; "" for none
}

// AnalysisHistory is how the analysis of a server changed.
type AnalysisHistory struct {
	Key     topology.Key
	Changes []AnalysisChange
}

// AnalysisChange is one step of it.
type AnalysisChange struct {
	At   time.Time
	Text string
}

// Candidate is a registered promotion rule.
type Candidate struct {
	Key       topology.Key
	Rule      topology.PromotionRule
	Suggested time.Time
	Expiry    time.Time // zero: unknown
}

// Health is how this node and the others are.
type Health struct {
	Err       error // nil: healthy
	Hostname  string
	Token     string
	IsActive  bool // this node leads
	Undecided bool // this node would lead or follow, and does not know yet whom
	Active    NodeHealth
	Available []NodeHealth
	Silent    []NodeHealth // of nodes that share a backend, those that gave signs of life within the last hour and have ended without a word

	RaftLeader         string
	IsRaftLeader       bool
	RaftLeaderURI      string
	RaftAdvertise      string
	RaftHealthyMembers []string

	// Warnings are what somebody who asks how the node is should know, although it is healthy.
	Warnings []string
}

// NodeHealth is the sign of life of one node.
type NodeHealth struct {
	Hostname, Token, Version    string
	FirstSeen, LastSeen         time.Time
	ExtraInfo, Command, Backend string
	Reported                    time.Time
}

// DiscoveryMetric is one probe of a server.
type DiscoveryMetric struct {
	At                       time.Time
	Key                      topology.Key
	Backend, Instance, Total time.Duration
	Err                      error
}

// QueueSample is how full a queue was at one moment.
type QueueSample struct{ Active, Queued int }

// Spread are the figures of a set of measurements; all are 0 when there are none.
type Spread struct{ Min, Mean, Median, P95, Max float64 }

// DiscoveryFigures sum up probes: times in seconds, of all kinds, for those that succeeded and those that failed.
type DiscoveryFigures struct {
	First, Last                            time.Time
	Keys, OKKeys, FailedKeys               int // distinct servers
	Failed, Succeeded                      int // probes
	Total, Backend, Instance               Spread
	FailedTotal, FailedBackend, FailedInst Spread
}

// QueueFigures sum up the samples of a queue.
type QueueFigures struct{ Active, Queued Spread }
