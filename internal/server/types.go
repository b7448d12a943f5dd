package server

import (
	"time"

	"orchestrator/internal/topology"
)

// Observation is what one probe found out.
type Observation struct {
	// Instance holds everything that was read, under the key the server was asked by. Fields that are declared or
	// derived elsewhere are left zero. Instance.Check is left to the caller.
	Instance *topology.Instance
	// Partial says that the probe failed after the basic settings had been answered; Probe then returns an error too.
	Partial bool
	// Replicas are the servers that say they replicate from this one, as they name themselves, and ReplicaUsers the
	// users they do it with ("" when not reported), in the same order.
	Replicas     []topology.Key
	ReplicaUsers []string
	// GroupMembers are all members of the replication group, this one included.
	GroupMembers []topology.Key
	// Latency is the time from asking to the last answer, without connecting.
	Latency time.Duration
	// Connected says that this was the first probe of a new connection.
	Connected bool
	// Since is since when there has been the connection: a server that answers over the same one again was not started anew.
	Since time.Time
	// ResolvedName is the host name the server gives itself, chosen by Options.HostnameMethod; "" when none is wanted.
	ResolvedName string
	// PromotionRule is the answer to Queries.PromotionRule; nil when not asked or without a usable answer.
	PromotionRule *topology.PromotionRule
	ClusterAlias  string // last good answer to Queries.ClusterAlias
	ClusterDomain string // last good answer to Queries.ClusterDomain
	// Warnings are what could not be read, one sentence each; the probe succeeded nevertheless.
	Warnings []string
}

// Threads names replication threads.
type Threads int

// The replication threads.
const (
	AllThreads Threads = iota
	IOThread           // receives from the source
	SQLThread          // applies
)

// PositionMode says how a replica shall find its place in the log of the source it is pointed at.
type PositionMode int

// The ways to find the place.
const (
	KeepAsIs          PositionMode = iota // as configured: for GTID replicas, and to change options only
	GTIDAuto                              // MySQL: auto position
	MariaDBSlavePos                       // MariaDB: MASTER_USE_GTID=slave_pos
	MariaDBCurrentPos                     // MariaDB: MASTER_USE_GTID=current_pos, for former primaries
	FilePosition                          // file and position, GTID switched off
)

// SourceChange is a re-point or a change of connection options of one replication channel. What is left zero is not
// named in the statement, so the server keeps it, with the exceptions that ChangeSource makes up for.
type SourceChange struct {
	Channel string       // "" is the default channel
	Source  topology.Key // the zero Key keeps the source; a detached or `_` host name is taken as it is
	Mode    PositionMode
	Coords  topology.Coordinates // for FilePosition

	TLS            *topology.TLSOptions // re-emitted in full; nil: not named
	User, Password string               // named when User is not empty
	ConnectRetry   time.Duration        // whole seconds; 0: kept
	RetryCount     *int64               // nil: kept; ignored on MariaDB, which has none
	Delay          *int64               // seconds; nil: kept
	Heartbeat      time.Duration        // 0: see ChangeSource

	// Fresh says that the channel is set up for the first time. Retries that are not given are then named, because the
	// servers' own differ by version, down to giving up after ten minutes.
	Fresh bool
}

// The retries of a Fresh channel.
const (
	FreshConnectRetry       = 5 * time.Second
	FreshRetryCount   int64 = 1_000_000
)

// CarryOver begins a change of a channel with all its connection options as they were observed, so that a re-point
// loses none of them.
func CarryOver(c topology.Channel) SourceChange {
	tls := c.TLS
	change := SourceChange{Channel: c.Name, TLS: &tls, ConnectRetry: c.ConnectRetry, Heartbeat: c.Heartbeat}
	if c.RetryCount > 0 {
		change.RetryCount = &c.RetryCount
	}
	if c.SQLDelay > 0 {
		change.Delay = &c.SQLDelay
	}
	return change
}

// ReadOnlyState is whether a server accepts writes.
type ReadOnlyState struct{ ReadOnly, SuperReadOnly bool }

// GTIDState is everything a server knows about the GTIDs it has. MySQL fills the first group, MariaDB the second.
type GTIDState struct {
	Mode     string // OFF, OFF_PERMISSIVE, ON_PERMISSIVE, ON
	Executed string
	Purged   string

	SlavePos    string // gtid_slave_pos
	BinlogPos   string
	CurrentPos  string
	BinlogState string
}

// SemiSyncSide is one end of semi-synchronous replication.
type SemiSyncSide int

// The ends.
const (
	SemiSyncSource SemiSyncSide = iota
	SemiSyncReplica
)

// Credentials are what a replica signs in to its source with. The password never appears in logs or errors.
type Credentials struct {
	User, Password         string
	SSLCA, SSLCert, SSLKey string // only from Options.CredentialsQuery
}

// Process is one connection of a server as its process list shows it.
type Process struct {
	ID      uint64
	User    string
	Host    string // address and port, or "" for the server's own threads
	DB      string
	Command string
	Time    int64 // seconds in this state
	State   string
	Info    string // the statement; "" when none
}

// BinaryLog is one binary log file.
type BinaryLog struct {
	Name      string
	Size      int64
	Encrypted bool
}

// BinlogEvent is one event of a binary or relay log, as SHOW BINLOG EVENTS lists it.
type BinlogEvent = topology.LogEvent
