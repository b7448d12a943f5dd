package recovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/execute"
	"orchestrator/internal/failover"
	"orchestrator/internal/observe"
	"orchestrator/internal/publish"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

func key(name string) topology.Key { return topology.Key{Hostname: name, Port: 3306} }

var errNo = errors.New("no")

// fakeFleet is servers and the picture of them in one: what a statement changes is seen at once.
type fakeFleet struct {
	mu         sync.Mutex
	instances  map[topology.Key]*topology.Instance
	incomplete map[string]bool
	gone       map[topology.Key]bool                      // replicas cannot reach them either
	back       map[topology.Key]bool                      // they answer when they are looked at again
	log        []string                                   // statements, each "server: statement"
	on         map[string]func(ctx context.Context) error // called before a statement takes effect, by "server: statement"
	mute       bool                                       // nobody tells credentials
	oneCluster bool                                       // who changes its source stays in its cluster
	subs       []chan observe.Event
	applied    []observe.Change // all but downtimes, which are seen
}

// star is a MySQL GTID primary p with replicas, all in good order.
func star(replicas ...string) *fakeFleet {
	f := &fakeFleet{instances: map[topology.Key]*topology.Instance{}, incomplete: map[string]bool{}, gone: map[topology.Key]bool{}, on: map[string]func(context.Context) error{}}
	set := uuid("p") + ":1-100"
	f.put(&topology.Instance{Key: key("p"), LogBin: true, LogReplicaUpdates: true, ExecutedSet: set,
		Channel: topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}})
	for _, r := range replicas {
		f.put(&topology.Instance{Key: key(r), LogBin: true, LogReplicaUpdates: true, ReadOnly: true, Depth: 1, ExecutedSet: set,
			Channel: topology.Channel{Source: key("p"), GTID: topology.OracleGTID, RetrievedSet: set,
				IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning}})
	}
	return f
}

func uuid(name string) string { return fmt.Sprintf("00000000-0000-0000-0000-%012x", name) }

func (f *fakeFleet) put(i *topology.Instance) {
	now := time.Now()
	i.ServerUUID, i.ServerID, i.Version, i.Flavor, i.BinlogFormat = uuid(i.Key.Hostname), uint32(len(f.instances)+1), "8.0.36", topology.FlavorMySQL, "ROW"
	i.ClusterName, i.SupportsOracleGTID, i.Uptime = "p:3306", true, time.Hour
	i.Check = topology.Check{Attempted: now, Checked: now, Seen: now}
	f.instances[i.Key] = i
}

// change changes what is seen of a server, and says when.
func (f *fakeFleet) change(name string, change func(*topology.Instance)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.instances[key(name)].Clone()
	change(i)
	f.instances[i.Key] = i
}

// lose makes a server unreachable, and its replicas notice.
func (f *fakeFleet) lose(name string) {
	f.change(name, func(i *topology.Instance) {
		i.Check.Attempted, i.Check.Checked, i.Check.Err = time.Now().Add(time.Millisecond), time.Now().Add(time.Millisecond), "connection refused"
	})
	f.mu.Lock()
	f.gone[key(name)] = true
	f.mu.Unlock()
	for _, i := range f.Snapshot().Instances() {
		if k := i.Key; i.Channel.Source == key(name) {
			f.change(k.Hostname, func(i *topology.Instance) {
				if i.Channel.IOThread.Running() {
					i.Channel.IOThread, i.Channel.LastIOErrno, i.Channel.LastIOError = topology.ThreadOther, 2003, "cannot connect"
				}
			})
		}
	}
}

// event tells the subscribers.
func (f *fakeFleet) event(kind observe.EventKind, name string) {
	t := f.Snapshot()
	f.mu.Lock()
	subs := slices.Clone(f.subs)
	f.mu.Unlock()
	for _, s := range subs {
		s <- observe.Event{Kind: kind, Key: key(name), Cluster: "p:3306", Topology: t, At: time.Now()}
	}
}

func (f *fakeFleet) Snapshot() *topology.Topology {
	f.mu.Lock()
	defer f.mu.Unlock()
	return topology.New(slices.Collect(maps.Values(f.instances)), topology.Names{})
}

func (f *fakeFleet) Cluster(name string) *topology.Topology {
	is := slices.DeleteFunc(slices.Clone(f.Snapshot().Instances()), func(i *topology.Instance) bool { return i.ClusterName != name })
	if len(is) == 0 {
		return nil
	}
	return topology.New(is, topology.Names{})
}

func (f *fakeFleet) Complete(cluster string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.incomplete[cluster]
}

// Probe makes what is seen fresh; servers that were lost stay so.
func (f *fakeFleet) Probe(_ context.Context, keys ...topology.Key) error {
	for _, k := range keys {
		f.mu.Lock()
		known, back := f.instances[k] != nil, f.back[k]
		if back {
			delete(f.gone, k)
		}
		f.mu.Unlock()
		if known {
			f.change(k.Hostname, func(i *topology.Instance) {
				now := time.Now()
				valid := i.LastCheckValid() || back
				i.Check.Attempted, i.Check.Checked = now, now
				if valid {
					i.Check.Seen = now
				} else {
					i.Check.Checked = i.Check.Seen.Add(max(now.Sub(i.Check.Seen), time.Millisecond))
				}
			})
		}
	}
	return nil
}

func (f *fakeFleet) Subscribe(buffer int) (<-chan observe.Event, func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := make(chan observe.Event, buffer)
	f.subs = append(f.subs, c)
	return c, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.subs = slices.DeleteFunc(f.subs, func(o chan observe.Event) bool { return o == c })
	}
}

func (f *fakeFleet) Apply(c observe.Change) {
	switch c := c.(type) {
	case observe.SetDowntime:
		if f.Snapshot().Instance(c.Key) != nil {
			f.change(c.Key.Hostname, func(i *topology.Instance) { i.Downtime = c.Downtime })
		}
		return
	case observe.Promoted:
		if f.Snapshot().Instance(c.Key) != nil {
			f.change(c.Key.Hostname, func(i *topology.Instance) {
				i.ReadOnly, i.SuperReadOnly, i.IsCoPrimary = false, false, false
				i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
			})
		}
	}
	f.mu.Lock()
	f.applied = append(f.applied, c)
	f.mu.Unlock()
}

// shown says whether a change was applied to the picture.
func (f *fakeFleet) shown(c observe.Change) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.applied, c)
}

func (f *fakeFleet) statements() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.log)
}

func (f *fakeFleet) said(statement string) bool { return slices.Contains(f.statements(), statement) }

func (f *fakeFleet) server(k topology.Key) execute.Server { return fakeServer{f, k} }

// fakeServer is one server of the fleet.
type fakeServer struct {
	f *fakeFleet
	k topology.Key
}

func (s fakeServer) see() *topology.Instance {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	return s.f.instances[s.k]
}

func (s fakeServer) do(ctx context.Context, statement string, change func(*topology.Instance)) error {
	line := s.k.Hostname + ": " + statement
	s.f.mu.Lock()
	hook := s.f.on[line]
	s.f.mu.Unlock()
	if hook != nil {
		if err := hook(ctx); err != nil {
			return err
		}
	}
	if !s.see().LastCheckValid() {
		return errors.New("connection refused")
	}
	s.f.mu.Lock()
	s.f.log = append(s.f.log, line)
	s.f.mu.Unlock()
	s.f.change(s.k.Hostname, change)
	return nil
}

func (s fakeServer) Status(context.Context) ([]topology.Channel, error) {
	if i := s.see(); i.HasSource() {
		return []topology.Channel{i.Channel}, nil
	}
	return nil, nil
}

func (s fakeServer) GTIDs(context.Context) (server.GTIDState, error) {
	return server.GTIDState{Executed: s.see().ExecutedSet}, nil
}

func (s fakeServer) SelfCoordinates(context.Context) (topology.Coordinates, error) {
	return topology.Coordinates{LogFile: "own.000001", LogPos: 77}, nil
}

func (s fakeServer) ReadOnly(context.Context) (server.ReadOnlyState, error) {
	i := s.see()
	if !i.LastCheckValid() {
		return server.ReadOnlyState{}, errors.New("connection refused")
	}
	return server.ReadOnlyState{ReadOnly: i.ReadOnly, SuperReadOnly: i.SuperReadOnly}, nil
}

func (s fakeServer) threads(t server.Threads, state topology.ThreadState) func(*topology.Instance) {
	return func(i *topology.Instance) {
		if t != server.SQLThread {
			i.Channel.IOThread = state
		}
		if t != server.IOThread {
			i.Channel.SQLThread = state
		}
	}
}

func (s fakeServer) StopReplica(ctx context.Context, t server.Threads, _ string) error {
	return s.do(ctx, "stop", s.threads(t, topology.ThreadStopped))
}

func (s fakeServer) StopReceiving(ctx context.Context, _ string) (func(context.Context) error, error) {
	return func(context.Context) error { return nil }, s.do(ctx, "stop receiving", s.threads(server.IOThread, topology.ThreadStopped))
}

func (s fakeServer) TryReceiver(ctx context.Context, channel string) error {
	return s.StartReplica(ctx, server.IOThread, channel)
}

func (s fakeServer) StartReplica(ctx context.Context, t server.Threads, _ string) error {
	what := "start"
	if t == server.IOThread {
		what = "start receiving"
	}
	set := s.threads(t, topology.ThreadRunning)
	return s.do(ctx, what, func(i *topology.Instance) {
		set(i)
		i.Channel.LastIOErrno = 0
		if t != server.SQLThread && s.f.gone[i.Channel.Source] {
			i.Channel.IOThread, i.Channel.LastIOErrno = topology.ThreadOther, 2003
		}
	})
}

func (s fakeServer) ResetReplicaAll(ctx context.Context, _ string) error {
	return s.do(ctx, "forget", func(i *topology.Instance) {
		i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
		i.ClusterName, i.Depth = i.Key.String(), 0
	})
}

func (s fakeServer) ChangeSource(ctx context.Context, c server.SourceChange) error {
	return s.do(ctx, "follow "+c.Source.Hostname, func(i *topology.Instance) {
		i.Channel.Source = c.Source
		if !s.f.oneCluster {
			i.ClusterName = c.Source.String()
		}
	})
}

func (s fakeServer) SetReadOnly(ctx context.Context, on, _ bool) error {
	return s.do(ctx, fmt.Sprintf("read_only=%t", on), func(i *topology.Instance) { i.ReadOnly = on })
}

func (s fakeServer) SetSemiSync(ctx context.Context, side server.SemiSyncSide, on bool) error {
	if side == server.SemiSyncSource {
		return s.do(ctx, fmt.Sprintf("semi-sync source=%t", on), func(i *topology.Instance) { i.SemiSync.SourceEnabled = on })
	}
	return s.do(ctx, fmt.Sprintf("semi-sync=%t", on), func(i *topology.Instance) {
		i.SemiSync.ReplicaEnabled, i.SemiSync.ReplicaStatus = on, on
	})
}

func (s fakeServer) WaitExecuted(ctx context.Context, _ string, _ time.Duration) error {
	s.f.mu.Lock()
	wait := s.f.on[s.k.Hostname+": wait"]
	s.f.mu.Unlock()
	if wait == nil {
		return nil
	}
	return wait(ctx)
}

func (s fakeServer) WaitPosition(context.Context, topology.Coordinates, string, time.Duration) error {
	return nil
}

// fakeLedger keeps everything in memory. fail makes calls fail, by method name; hang makes all of them wait for their
// context.
type fakeLedger struct {
	losses    []Loss // under mu
	mu        sync.Mutex
	fail      map[string]error
	hang      bool
	disabled  bool
	off       []failover.SwitchedOff
	block     Block
	calls     []string
	resolved  []Recovery
	journals  map[string]Unfinished
	closed    []string
	taken     []string // by another process
	acked     []string
	downtimes map[topology.Key]topology.Downtime
	lines     []string
	audits    []string
	demoted   map[topology.Key]bool

	promoted    map[topology.Key]time.Time
	maintenance []topology.Maintenance
}

func (l *fakeLedger) call(ctx context.Context, name string) error {
	l.mu.Lock()
	l.calls = append(l.calls, name)
	hang, err := l.hang, l.fail[name]
	l.mu.Unlock()
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (l *fakeLedger) RegisterDetection(ctx context.Context, _ *analysis.Finding, _ bool) (int64, bool, error) {
	return 1, true, l.call(ctx, "RegisterDetection")
}

func (l *fakeLedger) RegisterRecovery(ctx context.Context, r *Recovery, _ *Journal) (Block, error) {
	err := l.call(ctx, "RegisterRecovery")
	l.mu.Lock()
	defer l.mu.Unlock()
	r.ID = 1
	switch {
	case r.Forced:
		return Block{}, err
	case slices.ContainsFunc(l.resolved, func(o Recovery) bool {
		return !slices.Contains(l.acked, o.UID) && o.Finding.ClusterName == r.Finding.ClusterName
	}):
		return Block{By: 1, Reason: "blocked by a recovery of the cluster"}, err
	}
	return l.block, err
}

func (l *fakeLedger) ResolveRecovery(ctx context.Context, r *Recovery) error {
	err := l.call(ctx, "ResolveRecovery")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resolved = append(l.resolved, *r)
	return err
}

func (l *fakeLedger) AddStep(ctx context.Context, _ string, _ time.Time, m string) error {
	err := l.call(ctx, "AddStep")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, m)
	return err
}

func (l *fakeLedger) SaveProgress(ctx context.Context, uid string, j *Journal) error {
	if err := l.call(ctx, "SaveProgress"); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Contains(l.closed, uid) || slices.Contains(l.taken, uid) {
		return ErrTakenUp
	}
	u := Unfinished{Journal: *j, Running: !j.GivenUp, Own: true}
	u.Recovery = Recovery{UID: uid, ID: l.journals[uid].Recovery.ID, Started: time.Now(), Plan: j.Plan, Participants: participants(&j.Plan)}
	u.Recovery.Finding = analysis.Finding{Key: j.Failed, Code: analysis.Code(j.Operation), ClusterName: j.Cluster, IsPrimary: true}
	l.journals[uid] = u
	return nil
}

func (l *fakeLedger) TakeUp(ctx context.Context, u *Unfinished, j *Journal) error {
	if err := l.call(ctx, "TakeUp"); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := *u
	now.Journal, now.Running, now.Own = *j, true, true
	l.journals[u.Recovery.UID] = now
	return nil
}

func (l *fakeLedger) CloseJournal(ctx context.Context, uid string) error {
	if err := l.call(ctx, "CloseJournal"); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.journals, uid)
	l.closed = append(l.closed, uid)
	return nil
}

func (l *fakeLedger) Unfinished(ctx context.Context) ([]Unfinished, error) {
	if err := l.call(ctx, "Unfinished"); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Values(l.journals)), nil
}

func (l *fakeLedger) Blocking(ctx context.Context, _ topology.Key, _ string) (*failover.Blocking, error) {
	err := l.call(ctx, "Blocking")
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.block.Blocked() {
		return nil, err
	}
	return &failover.Blocking{ID: l.block.By, UID: "earlier", Promotion: true, Until: time.Now().Add(time.Hour)}, err
}

func (l *fakeLedger) DemotedSince(ctx context.Context, k topology.Key, _ time.Time) (bool, error) {
	err := l.call(ctx, "DemotedSince")
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.demoted[k], err
}

func (l *fakeLedger) Acknowledge(ctx context.Context, uid, _ string) error {
	l.mu.Lock()
	l.acked = append(l.acked, uid)
	l.mu.Unlock()
	return l.call(ctx, "Acknowledge")
}

func (l *fakeLedger) NoteLoss(ctx context.Context, loss Loss) error {
	l.mu.Lock()
	l.losses = append(l.losses, loss)
	l.mu.Unlock()
	return l.call(ctx, "NoteLoss")
}

func (l *fakeLedger) PromotedAt(ctx context.Context, k topology.Key) (time.Time, error) {
	l.mu.Lock()
	at := l.promoted[k]
	l.mu.Unlock()
	return at, l.call(ctx, "PromotedAt")
}

// Here everything was done on purpose.
func (l *fakeLedger) ReplacedOnPurpose(ctx context.Context, _ topology.Key, _ time.Time) (bool, error) {
	return true, l.call(ctx, "ReplacedOnPurpose")
}

func (l *fakeLedger) ClearDetections(ctx context.Context, _ topology.Key) error {
	return l.call(ctx, "ClearDetections")
}

func (l *fakeLedger) Downtime(ctx context.Context, k topology.Key, d topology.Downtime) error {
	l.mu.Lock()
	l.downtimes[k] = d
	l.mu.Unlock()
	return l.call(ctx, "Downtime")
}
func (l *fakeLedger) EndDowntime(ctx context.Context, _ topology.Key) error {
	return l.call(ctx, "EndDowntime")
}
func (l *fakeLedger) BeginMaintenance(ctx context.Context, m topology.Maintenance) (int64, error) {
	l.mu.Lock()
	l.maintenance = append(l.maintenance, m)
	id := len(l.maintenance)
	l.mu.Unlock()
	return int64(id), l.call(ctx, "BeginMaintenance")
}
func (l *fakeLedger) EndMaintenance(ctx context.Context, id int64) error {
	return l.call(ctx, fmt.Sprintf("EndMaintenance %d", id))
}
func (l *fakeLedger) RenameCluster(ctx context.Context, _, _, _ string) error {
	return l.call(ctx, "RenameCluster")
}
func (l *fakeLedger) PublishPrimary(ctx context.Context, _ NewPrimary) error {
	return l.call(ctx, "PublishPrimary")
}
func (l *fakeLedger) SuccessorOf(ctx context.Context, failed topology.Key) (topology.Key, error) {
	err := l.call(ctx, "SuccessorOf")
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range slices.Backward(l.resolved) {
		if r.Finding.Key == failed && r.Successful() {
			return r.Successor, err
		}
	}
	return topology.Key{}, err
}

func (l *fakeLedger) SwitchedOff(ctx context.Context) ([]failover.SwitchedOff, error) {
	err := l.call(ctx, "SwitchedOff")
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.off), err
}

func (l *fakeLedger) Disabled(ctx context.Context) (bool, error) {
	err := l.call(ctx, "Disabled")
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.disabled, err
}
func (l *fakeLedger) Audit(ctx context.Context, kind string, k topology.Key, _, _ string) error {
	l.mu.Lock()
	l.audits = append(l.audits, k.Hostname+": "+kind)
	l.mu.Unlock()
	return l.call(ctx, "Audit")
}
func (l *fakeLedger) Expire(ctx context.Context) error { return l.call(ctx, "Expire") }

// ended waits for a recovery that is resolved, and returns it.
func (l *fakeLedger) ended() (Recovery, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.resolved) == 0 {
		return Recovery{}, false
	}
	return l.resolved[len(l.resolved)-1], true
}

// fakeHooks notes which lists ran.
type fakeHooks struct {
	mu   sync.Mutex
	ran  []string
	on   map[string]func(context.Context) error
	last publish.Values
}

func (h *fakeHooks) Run(ctx context.Context, l publish.List, v publish.Values, _ publish.Mode) error {
	if l.Skip >= len(l.Commands) {
		return nil
	}
	if l.Begin != nil {
		if err := l.Begin(l.Skip + 1); err != nil {
			return err
		}
	}
	h.mu.Lock()
	h.ran = append(h.ran, l.Name)
	h.last = v
	hook := h.on[l.Name]
	h.mu.Unlock()
	var err error
	if hook != nil {
		err = hook(ctx)
	}
	if l.End != nil {
		l.End(l.Skip+1, err)
	}
	return err
}

func (h *fakeHooks) lists() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.ran)
}

// fakeLeader leads until it is told otherwise.
type fakeLeader struct {
	mu   sync.Mutex
	lost bool
}

func (l *fakeLeader) set(leads bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = !leads
}
func (l *fakeLeader) IsLeader() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.lost
}
func (l *fakeLeader) Confirm(context.Context) error {
	if !l.IsLeader() {
		return errNo
	}
	return nil
}

// bench is an engine with fakes all around.
type bench struct {
	*fakeFleet
	ledger *fakeLedger
	hooks  *fakeHooks
	leader *fakeLeader
	engine *Engine
	config *config.Config
	stop   func()

	formers map[topology.Key]fakeFormer // what servers say of clones

	mu       sync.Mutex
	progress []Progress
	listen   func(Progress)
}

const everyHook = `"OnFailureDetectionProcesses": ["d"], "PreFailoverProcesses": ["p"], "PostMasterFailoverProcesses": ["m"],
	"PostIntermediateMasterFailoverProcesses": ["i"], "PostFailoverProcesses": ["f"], "PostUnsuccessfulFailoverProcesses": ["u"]`

// newBench makes an engine in a synctest bubble. settings are more JSON of the configuration.
func newBench(t *testing.T, fleet *fakeFleet, settings string) *bench {
	t.Helper()
	if settings == "" {
		settings = `"RecoverMasterClusterFilters": ["*"]`
	}
	cfg, _, err := config.Parse([]byte(`{"MySQLTopologyUser": "u", ` + everyHook + `, ` + settings + `}`))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		fakeFleet: fleet, config: cfg, leader: &fakeLeader{}, hooks: &fakeHooks{on: map[string]func(context.Context) error{}},
		ledger: &fakeLedger{fail: map[string]error{}, journals: map[string]Unfinished{}, downtimes: map[topology.Key]topology.Downtime{}},
	}
	b.engine = New(Options{
		Observer: fleet, Servers: fleet.server, Ledger: b.ledger, Hooks: b.hooks, Leader: b.leader,
		Config: func() *config.Config { return cfg }, Node: Node{"me", "token"}, Now: time.Now,
		Progress: func(p Progress) {
			b.mu.Lock()
			b.progress = append(b.progress, p)
			listen := b.listen
			b.mu.Unlock()
			if listen != nil {
				listen(p)
			}
		},
	})
	return b
}

// run starts the engine; the test's end stops it.
func (b *bench) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() {
		if err := b.engine.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	b.stop = func() { cancel(); work.Wait() }
	synctest.Wait()
}

// told says what was told of a kind.
func (b *bench) told(k ProgressKind) (texts []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.progress {
		if p.Kind == k {
			texts = append(texts, p.Text)
		}
	}
	return texts
}

// rules are those that were told to hold back a detection.
func (b *bench) rules(detection int64) (rules []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.progress {
		if (p.Kind == Held || p.Kind == Waits) && p.Detection == detection {
			rules = append(rules, p.Hold.Rule)
		}
	}
	return rules
}

// after lets time pass and everything that is due happen.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// kill loses the primary and lets the engine see it.
func (b *bench) kill() {
	b.lose("p")
	b.event(observe.ClusterChanged, "p")
	synctest.Wait()
}

// inBubble runs a test with a fake clock.
func inBubble(t *testing.T, fleet func() *fakeFleet, settings string, test func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, fleet(), settings)
		test(t, b)
		if b.stop != nil {
			b.stop()
		}
	})
}

func contains(texts []string, part string) bool {
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, part) })
}
