package topology

import "time"

// ThreadState is the state of a replication thread. The numbers are those of the API and the backend tables.
type ThreadState int

// The states of a replication thread.
const (
	NoThread      ThreadState = -1 // the server is not configured as a replica
	ThreadStopped ThreadState = 0
	ThreadRunning ThreadState = 1
	ThreadOther   ThreadState = 2 // neither: connecting, preparing
)

// Running says whether the thread does its work (a connecting IO thread does not).
func (s ThreadState) Running() bool { return s == ThreadRunning }

// Exists says whether there is a thread at all, in whatever state.
func (s ThreadState) Exists() bool { return s != NoThread }

// GTIDUse says by which kind of GTID a replica finds its place in its source's log.
type GTIDUse int

// The ways of replicating.
const (
	FilePosition GTIDUse = iota
	OracleGTID           // MySQL: SOURCE_AUTO_POSITION=1
	MariaDBGTID          // MariaDB: MASTER_USE_GTID=slave_pos or current_pos
)

// Seconds is a number of seconds that may be unknown (NULL on the server).
type Seconds struct {
	N     int64
	Known bool
}

// KnownSeconds is n seconds, known.
func KnownSeconds(n int64) Seconds { return Seconds{N: n, Known: true} }

// TLSOptions are the connection options of a replication channel. A re-point must carry them over, because some
// forms of the CHANGE statement reset what is not named.
type TLSOptions struct {
	Enabled              bool // SOURCE_SSL
	CAFile, CAPath       string
	Cert, Cipher, Key    string
	CRLFile, CRLPath     string
	VerifyServerCert     *bool // nil: not reported
	Version              string
	Ciphersuites         string
	SourcePublicKeyPath  string
	GetSourcePublicKey   *bool // nil: not reported
	NetworkNamespace     string
	CompressionAlgorithm string
}

// Channel is the state of one replication channel of a server, as SHOW REPLICA STATUS shows it. A server that is no
// replica has none; a multi-source replica has several.
type Channel struct {
	Name       string // "" is the default channel; MariaDB calls it connection name
	Source     Key    // as resolved by us; the zero Key when nothing is configured
	SourceHost string // exactly as the server says it
	SourceUUID string // "" on MariaDB and before the first connection
	User       string // replication user

	IOThread, SQLThread ThreadState
	LastIOError         string
	LastIOErrno         int
	LastSQLError        string
	LastSQLErrno        int

	GTID         GTIDUse
	RetrievedSet string // MySQL: Retrieved_Gtid_Set; MariaDB: Gtid_IO_Pos
	AppliedSet   string // MariaDB: Gtid_Slave_Pos of this moment; MySQL: "" (see Instance.ExecutedSet)

	Read  Coordinates // received so far, in the source's binary log
	Exec  Coordinates // applied so far, in the source's binary log
	Relay Coordinates // applied so far, in the own relay log

	SecondsBehind Seconds // as the server says it
	SQLDelay      int64   // configured delay in seconds
	HasFilters    bool
	ConnectRetry  time.Duration
	RetryCount    int64
	Heartbeat     time.Duration // configured period; 0 when not reported
	TLS           TLSOptions
}

// Replicating says whether both threads run.
func (c *Channel) Replicating() bool { return c.IOThread.Running() && c.SQLThread.Running() }

// ReceivedAll says whether everything that was received by file and position has been applied.
func (c *Channel) ReceivedAll() bool { return c.Read.Compare(c.Exec) == 0 }
