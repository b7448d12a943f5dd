package server

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"orchestrator/internal/topology"
)

// TLSMode says when connections are encrypted.
type TLSMode int

// The modes.
const (
	TLSNever  TLSMode = iota // never
	TLSMixed                 // where a server refuses a plain connection (MySQLTopologyUseMixedTLS)
	TLSAlways                // always (MySQLTopologyUseMutualTLS)
)

// Options are everything a Servers needs to know. The zero value of a duration or limit means the default given with
// it.
type Options struct {
	User, Password string

	TLSMode    TLSMode
	TLS        *tls.Config                                             // nil: the system's roots
	NeedsTLS   func(topology.Key) bool                                 // what earlier runs learnt, for TLSMixed; may be nil
	LearnedTLS func(key topology.Key, needs bool)                      // called when a server turns out to need TLS, or no longer; may be nil
	OnLost     func(key topology.Key, err error)                       // a watched idle connection ended; must not block; may be nil
	Dial       func(context.Context, string, string) (net.Conn, error) // nil: net.Dialer

	ConnectTimeout time.Duration // TCP connect and sign-in; default 2 s
	ProbeTimeout   time.Duration // silence on a probe connection (MySQLDiscoveryReadTimeoutSeconds); default 10 s
	ControlTimeout time.Duration // silence on a control connection (MySQLTopologyReadTimeoutSeconds); default 600 s
	ControlIdle    time.Duration // how long an unused control connection is kept; default 30 s
	// SharedLook is how long a look for what hinders writes waits for the probe connection, and how long it may then keep
	// it; default 200 ms. Pings and urgent probes need more, to find the time to connect anew behind a look that hangs.
	SharedLook       time.Duration
	MaxAllowedPacket int // bytes; 0: the driver's default (which suits everyone)

	// RefreshSettings is how often settings that need a restart or a plug-in to change are read again on a living
	// connection; default 1 minute. They are always read on a new connection.
	RefreshSettings time.Duration
	// RefreshQueries is how often the classification queries are asked again; default 1 minute.
	RefreshQueries time.Duration

	DiscoverByShowReplicas bool   // DiscoverByShowSlaveHosts
	CheckMaxScale          bool   // the opposite of SkipMaxScaleCheck
	HostnameMethod         string // MySQLHostnameResolveMethod
	CredentialsQuery       string // ReplicationCredentialsQuery
	Queries                Queries
	Metadata               Metadata // answers some of Queries

	ProgramName string           // shown in the servers' connection attributes; default "orchestrator"
	Now         func() time.Time // default time.Now
	Logger      *slog.Logger     // default: discard
}

// Queries are the user's own queries about a server, each answering with one row of one column. Empty ones are not
// asked.
type Queries struct {
	Lag               string // ReplicationLagQuery: seconds
	InstanceAlias     string
	ClusterAlias      string
	ClusterDomain     string
	PromotionRule     string
	DataCenter        string
	Region            string
	Environment       string // DetectPhysicalEnvironmentQuery
	SemiSyncPriority  string // DetectSemiSyncEnforcedQuery: unsigned integer
	PseudoGTIDPresent string // DetectPseudoGTIDQuery: 1 when it is
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&o.ConnectTimeout, 2*time.Second)
	set(&o.ProbeTimeout, 10*time.Second)
	set(&o.ControlTimeout, 600*time.Second)
	set(&o.ControlIdle, 30*time.Second)
	set(&o.SharedLook, 200*time.Millisecond)
	set(&o.RefreshSettings, time.Minute)
	set(&o.RefreshQueries, time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.ProgramName == "" {
		o.ProgramName = "orchestrator"
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if o.Dial == nil {
		dialer := &net.Dialer{KeepAlive: 15 * time.Second}
		o.Dial = dialer.DialContext
	}
	return o
}
