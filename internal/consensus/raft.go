package consensus

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
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
	opinion     func(ctx context.Context, body json.RawMessage) (any, error)
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

// identity is what makes a node the same one after a restart, whatever its address.
type identity struct {
	ID  string `json:"id"`
	Log string `json:"log"` // of this directory: what a backend has applied of another log counts for nothing
}

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
	r := &Raft{o: o, ctx: ctx, end: end, heard: make(map[string]heard), greetingNow: make(map[string]bool)}
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

// identify reads who this node is, or makes that up at its first start: it is called by the address that it has then.
func (r *Raft) identify() (identity, error) {
	file := filepath.Join(r.o.Dir, identityFile)
	var me identity
	text, err := os.ReadFile(file)
	switch {
	case err == nil:
		if err := json.Unmarshal(text, &me); err != nil || me.ID == "" || me.Log == "" {
			return me, fmt.Errorf("%s cannot be read (%w): restore it, or empty the directory so that the node joins anew", file, err)
		}
		return me, nil
	case !errors.Is(err, os.ErrNotExist):
		return me, fmt.Errorf("who this node is: %w", err)
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails, as documented
	me = identity{ID: r.o.Advertise, Log: hex.EncodeToString(random[:])}
	if text, err = json.Marshal(me); err != nil {
		return me, err
	}
	next := file + ".next"
	if err := os.WriteFile(next, append(text, '\n'), 0o600); err != nil {
		return me, fmt.Errorf("who this node is: %w", err)
	}
	return me, os.Rename(next, file)
}

// keepOld counts what the backend holds from before this node's first entry of the log, and keeps a copy: it may be
// replaced by what others hold.
func (r *Raft) keepOld() error {
	old, err := r.o.Backend.TakeShared(r.ctx, r.machine.logID)
	if err != nil {
		return err
	}
	for _, t := range old.Tables {
		r.holds += len(t.Data)
	}
	if r.holds == 0 {
		return nil
	}
	file := filepath.Join(r.o.Dir, "before-joining-"+r.o.Now().UTC().Format("20060102T150405")+".json")
	out, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep a copy of what the backend holds: %w", err)
	}
	_, err = old.WriteTo(out)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("keep a copy of what the backend holds: %w", err)
	}
	r.o.Logger.Info("what the backend holds from before is kept in a file: it may be replaced by what other nodes hold", "file", file, "rows", r.holds)
	return nil
}

// richest waits until every voter has been heard of, within bounds, and returns the one that holds the most from before
// there was a log, if that is more than this node holds. What the first leader holds becomes what all hold.
func (r *Raft) richest(ctx context.Context) (best Member, found bool) {
	ctx, cancel := context.WithTimeout(ctx, healthyFor)
	defer cancel()
	again := time.NewTicker(greetEvery / 5)
	defer again.Stop()
	for {
		silent, most := false, r.holds
		found = false
		for _, m := range r.Members() {
			if m.Self || !m.Voter {
				continue
			}
			h, _ := r.lastHeard(m.ID)
			silent = silent || !m.Healthy
			if m.Healthy && !m.Witness && h.Holds > most {
				best, most, found = m, h.Holds, true
			}
		}
		if !silent {
			return best, found
		}
		select {
		case <-ctx.Done():
			return best, found
		case <-again.C:
		}
	}
}

// bootstrap forms the cluster that the configuration names, if this node has never been in one and no other node that
// the configuration names is in one.
func (r *Raft) bootstrap(c *raft.Config, snapshots raft.SnapshotStore, transport raft.Transport) error {
	known, err := raft.HasExistingState(r.logs, r.logs, snapshots)
	if err != nil || known {
		return err
	}
	members := []raft.Server{{ID: raft.ServerID(r.id), Address: raft.ServerAddress(r.o.Advertise)}}
	var others []string
	for _, node := range r.o.Nodes() {
		if node != r.o.Advertise {
			others = append(others, node)
			members = append(members, raft.Server{ID: raft.ServerID(node), Address: raft.ServerAddress(node)})
		}
	}
	if formed := r.findCluster(others); formed != "" {
		r.o.Logger.Info("there is a raft cluster already; this node waits to be taken in, or to be found by it", "node", formed)
		return nil
	}
	slices.SortFunc(members, func(a, b raft.Server) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return raft.BootstrapCluster(c, r.logs, r.logs, snapshots, transport, raft.Configuration{Servers: members})
}

// findCluster returns a node that belongs to a cluster, "" when there is none among those that answer.
func (r *Raft) findCluster(addresses []string) string {
	ctx, cancel := context.WithTimeout(r.ctx, greetWithin)
	defer cancel()
	found := make(chan string, len(addresses))
	var asking sync.WaitGroup
	for _, a := range addresses {
		asking.Go(func() {
			var g Greeting
			if r.talk.ask(ctx, a, askGreeting, Greeting{}, &g) == nil && len(g.Members) > 0 {
				found <- a
			}
		})
	}
	asking.Wait()
	select {
	case a := <-found:
		return a
	default:
		return ""
	}
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

// observe follows who leads until ctx ends.
func (r *Raft) observe(ctx context.Context) {
	ticker := time.NewTicker(greetEvery)
	defer ticker.Stop()
	var told string
	for {
		elected := r.raft.State() == raft.Leader
		switch {
		case elected && !r.leads.Load():
			r.takeOffice(ctx)
		case !elected && r.leads.Swap(false):
			r.o.Logger.Warn("this node does not lead any more")
			r.o.Changed(false)
		}
		if elected && r.failsFor(standsStill) {
			r.o.Logger.Error("the backend of this node fails: another one is to lead")
			r.handOver()
		}
		if _, leader := r.raft.LeaderWithID(); string(leader) != told && leader != "" {
			told = string(leader)
			r.o.Logger.Info("raft: who leads", "leader", told)
		}
		select {
		case <-ctx.Done():
			if r.leads.Swap(false) {
				r.o.Changed(false)
			}
			return
		case <-r.raft.LeaderCh():
		case <-ticker.C:
		}
	}
}

// takeOffice begins to lead: when everything that was agreed on before is applied here.
func (r *Raft) takeOffice(ctx context.Context) {
	if r.o.Witness {
		r.handOver()
		return
	}
	if err := r.raft.Barrier(applyWithin).Error(); err != nil {
		return
	}
	begin, cancel := context.WithTimeout(ctx, applyWithin)
	defer cancel()
	if r.machine.index.Load() == 0 {
		if other, found := r.richest(begin); found {
			r.o.Logger.Info("another node holds more from before: it begins", "node", other.Address)
			if err := r.resign(other); err != nil {
				r.o.Logger.Info("the leadership was not handed over", "error", err)
			}
			return
		}
	}
	if err := r.o.Begin(begin, r.machine.logID, elected{r}); err != nil {
		if r.raft.State() == raft.Leader && ctx.Err() == nil {
			r.o.Logger.Error("this node was elected and cannot begin to lead", "error", err)
		}
		return
	}
	if r.verify(begin, confirmWithin) != nil {
		return
	}
	r.leads.Store(true)
	r.o.Logger.Info("this node leads", "term", r.raft.CurrentTerm())
	r.o.Changed(true)
}

// handOver gives the leadership to whoever is fit for it; when nobody is, this node keeps it.
func (r *Raft) handOver() {
	target, ok := r.fittest(func(Member) bool { return true })
	if !ok {
		return
	}
	if err := r.resign(target); err != nil {
		r.o.Logger.Info("the leadership was not handed over", "error", err)
	}
}

// resign ceases to lead, and has the target elected. When that fails, observe takes the office up again.
func (r *Raft) resign(target Member) error {
	if r.leads.Swap(false) {
		r.o.Changed(false)
	}
	return r.raft.LeadershipTransferToServer(raft.ServerID(target.ID), raft.ServerAddress(target.Address)).Error()
}

// fittest is the member that may lead and has applied the most, of those that want says yes to.
func (r *Raft) fittest(want func(Member) bool) (best Member, found bool) {
	for _, m := range r.Members() {
		if m.Self || !m.Voter || !m.Healthy || m.Witness || m.Failing || !want(m) {
			continue
		}
		if !found || m.Applied > best.Applied {
			best, found = m, true
		}
	}
	return best, found
}

func (r *Raft) isFailing() bool { return r.failsFor(0) }

func (r *Raft) failsFor(d time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.failing.IsZero() && r.o.Now().Sub(r.failing) >= d
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

// IsLeader implements Leadership. A node that was stopped for a while says no when it goes on, although raft in it has
// not noticed yet: what a majority said counts for no longer than they wait before they elect another one.
func (r *Raft) IsLeader() bool {
	if !r.leads.Load() || r.raft.State() != raft.Leader {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return elapsed(r.confirmed, r.o.Now()) < r.o.Election
}

// renewals is how many times a leader asks the others whether it leads, in the time for which their answer counts.
const renewals = 5

// renew asks again and again, while this node leads, until ctx ends.
func (r *Raft) renew(ctx context.Context) {
	ticker := time.NewTicker(r.o.Election / renewals)
	defer ticker.Stop()
	for {
		if r.raft.State() == raft.Leader {
			_ = r.verify(ctx, r.o.Election) // without an answer, the last one counts less and less
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// verify asks the others whether this node leads.
func (r *Raft) verify(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("%w: too few raft nodes answer", ErrNotLeader))
	defer cancel()
	sent := r.o.Now()
	if err := await(ctx, r.raft.VerifyLeader()); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if sent.After(r.confirmed) {
		r.confirmed = sent
	}
	return nil
}

// Confirm implements Leadership: a majority of the members says now that this node leads. A node that was asleep while
// another one was elected learns it here.
func (r *Raft) Confirm(ctx context.Context) error {
	if !r.leads.Load() {
		return r.notLeading()
	}
	if err := r.verify(ctx, confirmWithin); err != nil {
		if errors.Is(err, raft.ErrNotLeader) || errors.Is(err, raft.ErrLeadershipLost) || errors.Is(err, raft.ErrRaftShutdown) {
			return r.notLeading()
		}
		return fmt.Errorf("confirm the leadership: %w", err)
	}
	return nil
}

// await waits for what raft will answer. raft answers every question: at the latest when it ends, or ceases to lead.
func await(ctx context.Context, f raft.Future) error {
	done := make(chan error, 1)
	go func() { done <- f.Error() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *Raft) notLeading() error {
	address, _ := r.Leader()
	return notLeader(address)
}

// Propose implements store.Log.
func (r *Raft) Propose(ctx context.Context, data []byte) (any, error) {
	if !r.IsLeader() {
		return nil, fmt.Errorf("%w: %w", store.ErrNotAgreed, r.notLeading())
	}
	return r.propose(ctx, data)
}

// elected is the log as a node may use it that was elected and does not lead yet.
type elected struct{ r *Raft }

// Propose implements store.Log.
func (e elected) Propose(ctx context.Context, data []byte) (any, error) {
	return e.r.propose(ctx, data)
}

func (r *Raft) propose(ctx context.Context, data []byte) (any, error) {
	f := r.raft.Apply(data, applyWithin)
	if err := await(ctx, f); err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrNotAgreed, err)
	}
	return f.Response(), nil
}

// ID is this node's name among the members.
func (r *Raft) ID() string { return r.id }

// State is the part that this node plays: Leader, Follower, Candidate or Shutdown.
func (r *Raft) State() string { return r.raft.State().String() }

// Leader returns the address of the node that leads and the URI of its API; empty when that is not known.
func (r *Raft) Leader() (address, uri string) {
	known, id := r.raft.LeaderWithID()
	if id == "" {
		return "", ""
	}
	if string(id) == r.id {
		return r.o.Advertise, r.o.URI
	}
	if h, ok := r.lastHeard(string(id)); ok {
		uri = h.URI
	}
	return r.addressOf(id, known), uri
}

// LeaderURI is the URI of the API of another node that leads; "" when that is not known or this one.
func (r *Raft) LeaderURI() string {
	_, uri := r.Leader()
	if uri == r.o.URI {
		return ""
	}
	return uri
}

// Standing is how the cluster stands as this node sees it.
type Standing struct {
	ID, Advertise, State string
	Leader, LeaderURI    string
	// Quorum says that this node leads or hears a leader.
	Quorum         bool
	Voters, Needed int
	Reachable      int // voters that gave a sign of life lately, this one included
	Term           uint64
	Applied, Last  uint64        // entries of the log: applied here, and known here
	LastContact    time.Duration // since the leader was heard of; 0 on the leader, below 0 when it never was
	BackendFailing bool
	Members        []Member
}

// Standing returns how the cluster stands.
func (r *Raft) Standing() Standing {
	s := Standing{
		ID: r.id, Advertise: r.o.Advertise, State: r.State(), Term: r.raft.CurrentTerm(), Applied: r.machine.index.Load(),
		Last: r.raft.LastIndex(), BackendFailing: r.isFailing(), Members: r.Members(),
	}
	s.Leader, s.LeaderURI = r.Leader()
	for _, m := range s.Members {
		if !m.Voter {
			continue
		}
		s.Voters++
		if m.Healthy {
			s.Reachable++
		}
	}
	s.Needed = s.Voters/2 + 1
	s.Quorum = s.Leader != "" && (s.State == raft.Leader.String() || s.State == raft.Follower.String())
	switch last := r.raft.LastContact(); {
	case s.State == raft.Leader.String():
	case last.IsZero():
		s.LastContact = -1
	default:
		s.LastContact = r.o.Now().Sub(last)
	}
	return s
}

// Transfer hands the leadership over to a member, which must be able to lead; "" leaves the choice to this node.
func (r *Raft) Transfer(node string) error {
	if !r.IsLeader() {
		return r.notLeading()
	}
	if node == "" {
		return r.transferTo(func(Member) bool { return true }, "any other node")
	}
	m, err := r.member(node)
	if err != nil || m.Self {
		return err
	}
	return r.transferTo(func(other Member) bool { return other.ID == m.ID }, m.Address)
}

// TransferByHint hands the leadership over to a member whose host name contains the hint. This node keeps it when it is
// the only such one.
func (r *Raft) TransferByHint(hint string) error {
	if !r.IsLeader() {
		return r.notLeading()
	}
	if hint == "" {
		return errors.New("an empty hint names no node")
	}
	fits := func(m Member) bool { return strings.Contains(m.Hostname, hint) || strings.Contains(m.Address, hint) }
	err := r.transferTo(fits, "a node whose host name contains "+hint)
	if err != nil && strings.Contains(r.o.Self.Hostname, hint) {
		return nil
	}
	return err
}

func (r *Raft) transferTo(want func(Member) bool, what string) error {
	m, ok := r.fittest(want)
	if !ok {
		return fmt.Errorf("%s cannot lead: it does not answer, does not vote, is a witness, or its backend fails", what)
	}
	r.o.Logger.Info("the leadership is handed over", "to", m.Address)
	if err := r.resign(m); err != nil {
		return fmt.Errorf("hand the leadership over to %s: %w", m.Address, err)
	}
	return nil
}

// Snapshot writes down now what was agreed on, so that the log before it is not needed any more.
func (r *Raft) Snapshot() error {
	if err := r.raft.Snapshot().Error(); err != nil && !errors.Is(err, raft.ErrNothingNewToSnapshot) {
		return fmt.Errorf("take a snapshot: %w", err)
	}
	return nil
}

// Opinion is what another node answered.
type Opinion struct {
	Member Member
	Body   json.RawMessage
	Err    error // it did not answer, or answers no questions
}

// AnswerOpinions makes this node answer the questions that others put by AskOpinions.
func (r *Raft) AnswerOpinions(answer func(ctx context.Context, body json.RawMessage) (any, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opinion = answer
}

// AskOpinions asks all other members the same at once, but for witnesses, those that do not vote, and those that gave no
// sign of life lately. It hands each answer to hear as it comes, one after another, until hear says that it has heard
// enough, or all have answered, or ctx, which must have a deadline, has ended.
func (r *Raft) AskOpinions(ctx context.Context, body any, hear func(Opinion) (enough bool)) {
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	answers := make(chan Opinion)
	asked := 0
	for _, m := range r.Members() {
		if m.Self || !m.Voter || !m.Healthy || m.Witness {
			continue
		}
		asked++
		asking.Go(func() {
			o := Opinion{Member: m}
			o.Err = r.talk.ask(ctx, m.Address, askOpinion, body, &o.Body)
			select {
			case answers <- o:
			case <-ctx.Done():
			}
		})
	}
	for range asked {
		select {
		case o := <-answers:
			if hear(o) {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// AppliedIndex is how far this node has applied the log.
func (r *Raft) AppliedIndex() uint64 { return r.machine.index.Load() }
