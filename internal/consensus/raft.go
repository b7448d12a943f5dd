package consensus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"orchestrator/internal/store"
)

// RaftOptions are what a Raft needs. All but Secret, TLS, Changed, Applied, Begin and Logger are required.
type RaftOptions struct {
	Backend  Backend
	Dir      string // RaftDataDir
	Listener net.Listener
	// Advertise is the address that other nodes are told, host:port; the host may be a name, which they resolve at each
	// connection.
	Advertise string
	// Nodes are the members that the configuration names at this moment, this node included, each as host:port.
	Nodes   func() []string
	URI     string // of this node's HTTP API
	Version string
	Self    store.Node
	Secret  string      // of the cluster
	TLS     *tls.Config // RootCAs and Certificates; nil: no TLS
	// Election is how long the others hear nothing of a leader before they elect another one.
	Election time.Duration
	// Witness is a node that votes and never leads.
	Witness bool
	Now     func() time.Time
	// Changed is told when this node begins to lead (true) and when it ceases to. It must be quick.
	Changed func(leads bool)
	// Applied is told the names of what was applied here. It must be quick.
	Applied func(ops []string)
	// Begin is called by a node that was elected before it leads; proposing through the log works. An error is tried again.
	Begin  func(ctx context.Context, logID string, through store.Log) error
	Logger *slog.Logger
}

// Raft is leadership and agreement by raft: it implements Leadership, and store.Log. Its methods are safe for
// concurrent use; Run is one caller's.
type Raft struct {
	o       RaftOptions
	id      string // stays the same when the address changes
	holds   int    // rows from before there was a log
	raft    *raft.Raft
	machine *machine
	stream  *stream
	talk    *talk
	logs    *logStore
	kept    raft.SnapshotStore

	ctx      context.Context // of the node's whole life
	end      context.CancelFunc
	work     sync.WaitGroup // what Run started
	closing  sync.Once
	closed   error
	ready    atomic.Bool // raft runs
	leads    atomic.Bool
	changing sync.Mutex // one change of the membership at a time

	mu          sync.Mutex
	heard       map[string]heard // by ID
	greetingNow map[string]bool  // by address
	failing     time.Time        // since when the backend fails
	confirmed   time.Time        // when the last question was sent to which a majority answered that this node leads
	opinion     Answer
	report      Answer
	trips       map[string][]trip // by ID, oldest first
	moves       map[string]Move   // by ID
	since       time.Time         // when this node began to lead, for as long as it does
}

// Names in RaftDataDir. The original's files have others, and stay untouched.
const (
	identityFile = "node.json"
	logFile      = "raft_log.db"
	stateDir     = "state"
)

const (
	snapshotsKept     = 3
	snapshotEvery     = 2 * time.Minute
	snapshotThreshold = 4096
	trailingLogs      = 10240
	transportWithin   = 5 * time.Second
	commitEvery       = 50 * time.Millisecond
	applyWithin       = 10 * time.Second
	// confirmWithin bounds the question whether this node still leads.
	confirmWithin = time.Second
	// standsStill is how long a leader whose backend fails goes on leading.
	standsStill = 2 * time.Second
)

// NewRaft starts a node. Run must be called, or Close.
func NewRaft(o RaftOptions) (_ *Raft, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Changed == nil {
		o.Changed = func(bool) {}
	}
	if o.Applied == nil {
		o.Applied = func([]string) {}
	}
	if o.Begin == nil {
		o.Begin = func(context.Context, string, store.Log) error { return nil }
	}
	ctx, end := context.WithCancel(context.Background()) // its life is the node's, until Close
	r := &Raft{o: o, ctx: ctx, end: end, heard: make(map[string]heard), greetingNow: make(map[string]bool), trips: make(map[string][]trip), moves: make(map[string]Move)}
	r.stream = newStream(o.Listener, o.Advertise, o.Secret, o.TLS, o.Logger)
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("the directory of raft (RaftDataDir): %w", err)
	}
	me, err := r.identify()
	if err != nil {
		return nil, err
	}
	r.id = me.ID
	if r.logs, err = openLogStore(filepath.Join(o.Dir, logFile)); err != nil {
		return nil, err
	}
	logger := raftLogger{log: o.Logger}
	snapshots, err := raft.NewFileSnapshotStoreWithLogger(filepath.Join(o.Dir, stateDir), snapshotsKept, logger)
	if err != nil {
		return nil, fmt.Errorf("the snapshots of raft in %s: %w", o.Dir, err)
	}
	r.kept = snapshots
	r.machine = &machine{
		backend: o.Backend, logID: me.Log, ctx: ctx, applied: o.Applied, now: o.Now, log: o.Logger,
		failing: func(since time.Time) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.failing = since
		},
	}
	done, err := o.Backend.AppliedIndex(ctx, me.Log)
	if err != nil {
		return nil, err
	}
	r.machine.index.Store(done)
	if done == 0 {
		if err := r.keepOld(); err != nil {
			return nil, err
		}
	}
	r.talk = &talk{
		dial: func(ctx context.Context, address string) (net.Conn, error) {
			return r.stream.dial(ctx, address, forTalk)
		},
		answer: r.answerTo, idle: make(map[string][]net.Conn),
	}
	transport := raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		ServerAddressProvider: r, Stream: r.stream, MaxPool: 3, Timeout: transportWithin, Logger: logger,
	})
	c := raft.DefaultConfig()
	c.LocalID, c.Logger, c.NoLegacyTelemetry = raft.ServerID(r.id), logger, true
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = o.Election, o.Election, o.Election/2
	c.CommitTimeout = min(commitEvery, o.Election/10)
	c.TrailingLogs, c.SnapshotInterval, c.SnapshotThreshold = trailingLogs, snapshotEvery, snapshotThreshold
	c.ShutdownOnRemove, c.BatchApplyCh = false, true
	r.stream.talk = func(conn net.Conn) { r.talk.serve(ctx, conn) }
	r.stream.serve()
	if err := r.bootstrap(c, snapshots, transport); err != nil {
		return nil, errors.Join(err, transport.Close())
	}
	if r.raft, err = raft.NewRaft(c, r.machine, r.logs, r.logs, snapshots, transport); err != nil {
		return nil, errors.Join(fmt.Errorf("raft in %s: %w", o.Dir, err), transport.Close())
	}
	r.ready.Store(true)
	return r, nil
}

// Run implements Leadership.
func (r *Raft) Run(ctx context.Context) error {
	living, stop := context.WithCancel(r.ctx)
	r.work.Go(func() { r.greet(living) })
	r.work.Go(func() { r.observe(living) })
	r.work.Go(func() { r.renew(living) })
	r.work.Go(func() {
		ticker := time.NewTicker(greetEvery)
		defer ticker.Stop()
		for {
			select {
			case <-living.Done():
				return
			case <-ticker.C:
				r.attend(living)
			}
		}
	})
	<-ctx.Done()
	if r.raft.State() == raft.Leader && r.voters() > 1 {
		r.handOver() // the next one leads at once
	}
	stop()
	r.work.Wait()
	return r.Close()
}

// Close ends the node. Run calls it.
func (r *Raft) Close() error {
	r.closing.Do(func() {
		r.end()
		var errs []error
		if r.raft != nil {
			errs = append(errs, r.raft.Shutdown().Error())
		}
		if r.talk != nil {
			r.talk.close()
		}
		errs = append(errs, r.stream.Close())
		if r.logs != nil {
			errs = append(errs, r.logs.Close())
		}
		r.closed = errors.Join(errs...)
	})
	return r.closed
}

// ID is this node's name among the members.
func (r *Raft) ID() string { return r.id }

// State is the part that this node plays: Leader, Follower, Candidate or Shutdown.
func (r *Raft) State() string { return r.raft.State().String() }

// Snapshot writes down now what was agreed on, so that the log before it is not needed any more.
func (r *Raft) Snapshot() error {
	if err := r.raft.Snapshot().Error(); err != nil && !errors.Is(err, raft.ErrNothingNewToSnapshot) {
		return fmt.Errorf("take a snapshot: %w", err)
	}
	return nil
}

// Kept is the newest snapshot of what was agreed on: when it was taken, and its size in bytes.
type Kept struct {
	At   time.Time
	Size int64
}

// LastSnapshot returns the newest snapshot on this node; ok is false when there is none.
func (r *Raft) LastSnapshot() (k Kept, ok bool) {
	list, err := r.kept.List()
	if err != nil || len(list) == 0 {
		return k, false
	}
	// Its name ends with the time at which it was begun, in milliseconds.
	parts := strings.Split(list[0].ID, "-")
	ms, err := strconv.ParseInt(parts[len(parts)-1], 10, 64)
	return Kept{At: time.UnixMilli(ms), Size: list[0].Size}, err == nil
}

// AppliedIndex is how far this node has applied the log.
func (r *Raft) AppliedIndex() uint64 { return r.machine.index.Load() }
