package observe

import (
	"context"
	"log/slog"
	"net"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// Timing holds the intervals that no configuration key sets. The zero value of a field means its default.
type Timing struct {
	HangGuard      time.Duration // an unfinished probe counts as an attempt after this (1 s)
	Ping           time.Duration // between two pings of a sentinel (400 ms)
	PingDeadline   time.Duration // for the answer to a ping (600 ms)
	UrgentDeadline time.Duration // for a probe that a suspicion asked for (400 ms)
	Suspicion      time.Duration // how long the replicas of a bad server are asked again and again (10 s)
	Settle         time.Duration // the part of it in which they are asked in short steps (2 s)
	SlowStep       time.Duration // the step after that (500 ms)
	SnapshotAge    time.Duration // how old a fleet snapshot may be when only figures changed (100 ms)
	Caretaking     time.Duration // between two rounds of housekeeping in the store (1 min)
}

func (t Timing) withDefaults() Timing {
	for _, f := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.HangGuard, time.Second},
		{&t.Ping, 400 * time.Millisecond},
		{&t.PingDeadline, 600 * time.Millisecond},
		{&t.UrgentDeadline, 400 * time.Millisecond},
		{&t.Suspicion, 10 * time.Second},
		{&t.Settle, 2 * time.Second},
		{&t.SlowStep, 500 * time.Millisecond},
		{&t.SnapshotAge, 100 * time.Millisecond},
		{&t.Caretaking, time.Minute},
	} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	return t
}

// urgentConcurrency bounds the probes that suspicions ask for; they do not wait behind the ordinary ones.
const urgentConcurrency = 1024

// resolveConcurrency bounds the look-ups of host names that run at the same time.
const resolveConcurrency = 32

// Ask says how a probe shall be done.
type Ask struct {
	Fresh bool // on a new connection, not on the one that is kept open
}

// Answer is what a probe read. Pointers are nil when the question was not asked or not answered.
type Answer struct {
	// Instance holds what the server says about itself and its replication: its Key is the one that was asked, the
	// hosts in it are as the server writes them. Nil when not even the basic variables were read. The receiver owns it.
	Instance *topology.Instance

	// OwnName is the host name that the server gives itself, chosen by MySQLHostnameResolveMethod; "" when the
	// method asks for none.
	OwnName string

	// Group are all members of the server's replication group, Users the replication users of Instance.Reported, in
	// the same order and possibly shorter.
	Group []topology.Key
	Users []string

	ClusterAlias  *string
	Domain        *string
	PromotionRule *topology.PromotionRule

	Partial bool // the basic variables were read, whatever happened afterwards

	// Connected is since when there has been the connection over which the server answered; zero where that is not known.
	Connected time.Time
}

// Prober asks servers. All methods are safe for concurrent use and return soon after their context has ended.
type Prober interface {
	// Probe reads one server. It returns an error unless the server was found, that is all that a probe must read
	// was read; parts that may fail are left empty.
	Probe(ctx context.Context, key topology.Key, ask Ask) (Answer, error)
	// Ping asks for a sign of life on the connection that is kept open.
	Ping(ctx context.Context, key topology.Key) error
	// Watch calls lost, at most once, when the connection to the server breaks, until stop is called.
	Watch(key topology.Key, lost func(error)) (stop func())
	// Release closes what is kept for a server that is not asked any more.
	Release(key topology.Key)
}

// Resolver looks up host names; *net.Resolver is one.
type Resolver interface {
	LookupCNAME(ctx context.Context, host string) (string, error)
	LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error)
}

// Options are what an Observer needs. Prober and Config are required.
type Options struct {
	Prober Prober
	// Signs looks for what keeps a server that answers from taking writes, without writing. Nil: nobody looks.
	Signs    func(ctx context.Context, key topology.Key) ([]topology.WriteSign, error)
	Store    Store // nil: nothing is loaded or kept
	Config   func() *config.Config
	Resolver Resolver // nil: net.DefaultResolver
	Logger   *slog.Logger
	Now      func() time.Time
	// Active says whether this process may look at servers at all (it leads, or is part of the quorum). Nil: always.
	Active func() bool
	Timing Timing
}
