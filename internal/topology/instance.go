package topology

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Flavor is the family of a server. The texts are those of the API's FlavorName.
type Flavor string

// The families.
const (
	FlavorUnknown  Flavor = "unknown"
	FlavorMySQL    Flavor = "MySQL"
	FlavorMariaDB  Flavor = "MariaDB"
	FlavorPercona  Flavor = "Percona"
	FlavorMaxScale Flavor = "MaxScale"
)

// Instance is one server: who it is, what was last observed of it, what follows from its place in the graph, and
// what people declared about it. Times are zero when the event never happened.
type Instance struct {
	Key   Key
	Alias string // InstanceAlias, from DetectInstanceAliasQuery

	Check Check

	// Identity and settings of the server.
	ServerID       uint32
	ServerUUID     string // "" on MariaDB
	Version        string
	VersionComment string
	StatedMajor    string // the major version that an outside tool wrote, where it is not that of Version; "" otherwise
	Flavor         Flavor
	Uptime         time.Duration
	ReadOnly       bool
	SuperReadOnly  bool
	OfflineMode    bool

	// Binary log.
	BinlogFormat      string // STATEMENT, MIXED, ROW
	BinlogRowImage    string
	LogBin            bool
	LogReplicaUpdates bool
	SelfCoordinates   Coordinates
	BinlogPath        string // @@log_bin_index

	// GTID.
	GTIDMode           string // OFF, OFF_PERMISSIVE, ON_PERMISSIVE, ON; "" on MariaDB
	SupportsOracleGTID bool
	UsingPseudoGTID    bool
	ExecutedSet        string // MySQL: gtid_executed; MariaDB: gtid_current_pos
	BinlogState        string // MariaDB: gtid_binlog_pos
	PurgedSet          string
	ErrantSet          string          // derived: executed here, by neither the source nor its ancestors
	Accepted           *AcceptedErrant // declared: which of them may stay; nil: none

	// Replication, when this server is a replica.
	Channel              Channel   // the channel that places the server in the tree
	Others               []Channel // further channels of a multi-source replica
	Lag                  Seconds   // from ReplicationLagQuery, else Channel.SecondsBehind
	HasCredentials       bool      // a replication user is configured
	CredentialsAvailable bool      // and can be read back, for re-pointing others

	SemiSync SemiSync
	Group    Group

	// Reported is what this server says of the servers that replicate from it. It is where discovery goes next;
	// the graph itself is built from what each replica says of its source.
	Reported []Key

	// Place in the graph.
	ClusterName           string
	SuggestedClusterAlias string
	ClusterDomain         string // only on primaries
	Depth                 int
	IsCoPrimary           bool
	AncestryUUID          string // comma list of UUIDs from the topmost source down to this server
	StoredReplicas        []Key  // the replica list as it was stored; the graph's own answer is Topology.Replicas

	// Classification.
	DataCenter, Region, PhysicalEnvironment string
	SemiSyncPriority                        uint // DetectSemiSyncEnforcedQuery; 0 is always asynchronous

	// Declared by people or by recoveries.
	PromotionRule      PromotionRule
	Downtime           *Downtime
	Maintenance        *Maintenance
	Tags               []Tag
	UnresolvedHostname string // the virtual name that replicas are pointed at
	Snapshots          int    // MySQL snapshots that an agent reported

	// StaleSince is when this very SelfCoordinates was first seen while the server looked locked in semi-sync;
	// zero when no such record exists for the present coordinates.
	StaleSince time.Time

	// Troubles are what keeps the server from taking writes although it answers. Only servers that should take writes are
	// looked at, and only in the running service.
	Troubles WriteTroubles
}

// Check is when the server was looked at and with what result. LastChecked <= LastSeen means that the last check
// that finished was successful.
type Check struct {
	Attempted      time.Time // the newest attempt that is known to have begun
	Checked        time.Time // the newest attempt that has finished, well or not
	Seen           time.Time // the newest attempt that succeeded
	PartialSuccess bool      // the last attempt got at least the basic variables
	Latency        time.Duration
	Err            string // why the last attempt failed; "" when it did not
	Hung           bool   // it failed because no answer came, not because the server refused
	// Connected is since when there has been the connection over which the server answered last; zero where that is not known. A
	// server that answers over the same one twice was not started anew between.
	Connected time.Time
}

// SameLife says whether both checks succeeded over one connection: the server has been running from the one to the other.
func (c Check) SameLife(o Check) bool { return !c.Connected.IsZero() && c.Connected.Equal(o.Connected) }

// Began is when the last check began, if it succeeded: what it found is not older than that.
func (c Check) Began() time.Time { return c.Seen.Add(-c.Latency) }

// SemiSync is the state of semi-synchronous replication, under whichever names the server has for it.
type SemiSync struct {
	Available           bool // both sides are loaded
	SourceNewNames      bool // rpl_semi_sync_source_* (8.0.26 and later plugins)
	ReplicaNewNames     bool
	SourceEnabled       bool
	SourceStatus        bool // really waiting for acknowledgements at this moment
	SourceTimeoutMillis uint64
	SourceWaitCount     uint
	SourceClients       uint
	ReplicaEnabled      bool
	ReplicaStatus       bool
}

// Group is the membership in a MySQL replication group; the zero value means none.
type Group struct {
	Name          string
	SinglePrimary bool
	MemberState   string // ONLINE, RECOVERING, OFFLINE, ERROR, UNREACHABLE
	MemberRole    string // PRIMARY, SECONDARY
	Members       []Key
	Primary       Key
	// Outside is the group that the server is set up for while it takes no part in it; all else is zero then.
	Outside string
}

// IsMember says whether the server takes part in a group (a member in state ERROR does).
func (g *Group) IsMember() bool { return g.Name != "" && g.MemberState != "OFFLINE" }

// IsSecondary says whether the server is a member that is not the primary.
func (g *Group) IsSecondary() bool { return g.IsMember() && g.MemberRole == "SECONDARY" }

// Clone returns a copy that may be changed without changing i. Declared values are shared: they are never changed
// in place.
func (i *Instance) Clone() *Instance {
	c := *i
	c.Others = slices.Clone(i.Others)
	c.Reported = slices.Clone(i.Reported)
	c.StoredReplicas = slices.Clone(i.StoredReplicas)
	c.Tags = slices.Clone(i.Tags)
	c.Group.Members = slices.Clone(i.Group.Members)
	return &c
}

// SourceKey is the server that this one replicates from on its main channel; possibly detached, `_` or zero.
func (i *Instance) SourceKey() Key { return i.Channel.Source }

// IsReplica says whether the server is configured to replicate from somewhere.
func (i *Instance) IsReplica() bool {
	s := i.Channel.Source
	return s.Hostname != "" && s.Hostname != "_" && s.Port != 0 &&
		(!i.Channel.Read.IsEmpty() || i.UsesGTID())
}

// HasSource says whether a source is named at all; the weaker test by which the graph is built.
func (i *Instance) HasSource() bool { return i.Channel.Source.IsValid() }

// IsMultiSource says whether the server replicates on several channels.
func (i *Instance) IsMultiSource() bool { return len(i.Others) > 0 }

// Replicating says whether both threads of the main channel run.
func (i *Instance) Replicating() bool { return i.Channel.Replicating() }

// ThreadsExist says whether the server has replication threads in whatever state.
func (i *Instance) ThreadsExist() bool {
	return i.Channel.IOThread.Exists() && i.Channel.SQLThread.Exists()
}

// ThreadsStopped says whether both threads exist and are stopped.
func (i *Instance) ThreadsStopped() bool {
	return i.Channel.IOThread == ThreadStopped && i.Channel.SQLThread == ThreadStopped
}

// UsesGTID says whether the server replicates by GTID of either kind.
func (i *Instance) UsesGTID() bool { return i.Channel.GTID != FilePosition }

// UsesOracleGTID says whether the server replicates by MySQL's auto position.
func (i *Instance) UsesOracleGTID() bool { return i.Channel.GTID == OracleGTID }

// UsesMariaDBGTID says whether the server replicates by MariaDB's GTID.
func (i *Instance) UsesMariaDBGTID() bool { return i.Channel.GTID == MariaDBGTID }

// IsMariaDB says whether the server is of the MariaDB family.
func (i *Instance) IsMariaDB() bool { return i.Flavor == FlavorMariaDB }

// IsOracleMySQL says whether the server is MySQL or Percona Server.
func (i *Instance) IsOracleMySQL() bool { return i.Flavor == FlavorMySQL || i.Flavor == FlavorPercona }

// IsBinlogServer says whether the server only relays binary logs.
func (i *Instance) IsBinlogServer() bool { return i.Flavor == FlavorMaxScale }

// LogsUpdates says whether the server writes what it replicates to its own binary log, so that others can replicate
// from it.
func (i *Instance) LogsUpdates() bool { return i.LogBin && i.LogReplicaUpdates }

// MajorVersion is the first two parts of the version: 8.0 of 8.0.41-log, unless another one is stated.
func (i *Instance) MajorVersion() string {
	if i.StatedMajor != "" {
		return i.StatedMajor
	}
	return MajorVersion(i.Version)
}

// MajorVersion is the first two parts of a version text.
func MajorVersion(version string) string {
	first := strings.IndexByte(version, '.')
	second := strings.IndexByte(version[first+1:], '.')
	if first < 0 || second < 0 {
		return version
	}
	return version[:first+1+second]
}

// TrueFirst orders what holds before what does not, for functions that compare.
func TrueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// CompareVersions compares the numbers of two version texts, part by part, as far as both are numbers.
func CompareVersions(a, b string) int {
	as, bs := versionNumbers(a), versionNumbers(b)
	return slices.Compare(as, bs)
}

func versionNumbers(v string) []int {
	if i := strings.IndexAny(v, "-+ "); i >= 0 {
		v = v[:i]
	}
	var ns []int
	for p := range strings.SplitSeq(v, ".") {
		n, err := strconv.Atoi(p)
		if err != nil {
			break
		}
		ns = append(ns, n)
	}
	return ns
}

// BinlogFormatRank orders the formats from the most to the least widely replicable: STATEMENT < MIXED < ROW.
// An unknown format ranks with STATEMENT.
func BinlogFormatRank(format string) int {
	switch strings.ToUpper(format) {
	case "MIXED":
		return 1
	case "ROW":
		return 2
	}
	return 0
}

// LastCheckValid says whether the last check that finished was successful. It is the definition of the API and of
// operations; the analysis has a stricter one.
func (i *Instance) LastCheckValid() bool {
	return !i.Check.Seen.IsZero() && !i.Check.Checked.After(i.Check.Seen)
}

// ValidForAnalysis says whether the last check was successful and no newer attempt has been hanging for longer than
// window (InstancePollSeconds + ReasonableInstanceCheckSeconds).
func (i *Instance) ValidForAnalysis(window time.Duration) bool {
	return i.LastCheckValid() && !i.Check.Attempted.After(i.Check.Seen.Add(window))
}

// IsUpToDate says whether the last check is not older than the poll interval.
func (i *Instance) IsUpToDate(now time.Time, poll time.Duration) bool {
	return !i.Check.Checked.IsZero() && now.Sub(i.Check.Checked).Truncate(time.Second) <= poll
}

// IsRecentlyChecked says whether the last check is not older than five poll intervals.
func (i *Instance) IsRecentlyChecked(now time.Time, poll time.Duration) bool {
	return i.IsUpToDate(now, 5*poll)
}

// SinceLastSeen is the time since the server was last seen; unknown when it never was.
func (i *Instance) SinceLastSeen(now time.Time) Seconds {
	if i.Check.Seen.IsZero() {
		return Seconds{}
	}
	return KnownSeconds(int64(now.Sub(i.Check.Seen) / time.Second))
}

// IsDowntimed says whether an active downtime covers now.
func (i *Instance) IsDowntimed(now time.Time) bool { return i.Downtime.ActiveAt(now) }
