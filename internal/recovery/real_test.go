package recovery_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/execute"
	"orchestrator/internal/observe"
	"orchestrator/internal/publish"
	"orchestrator/internal/recovery"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// patience bounds every wait of these tests.
const patience = 40 * time.Second

// bounded is a context for one wait.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// switchboard is a process that can be ended in the middle of what it does, as by SIGKILL: from then on nothing that it
// says reaches a server or the ledger.
type switchboard struct{ dead atomic.Bool }

var errKilled = errors.New("this process has been killed")

func (s *switchboard) alive() error {
	if s.dead.Load() {
		return errKilled
	}
	return nil
}

// IsLeader and Confirm are the leadership of a single node.
func (s *switchboard) IsLeader() bool                { return !s.dead.Load() }
func (s *switchboard) Confirm(context.Context) error { return s.alive() }

// logs are what can be read of a server's binary and relay logs, and be done to its binary logs.
type logs interface {
	BinlogEvents(ctx context.Context, kind topology.LogType, file string, pos int64, limit int, channel string) ([]server.BinlogEvent, error)
	BinaryLogs(ctx context.Context) ([]server.BinaryLog, error)
	CommitsInOrder(ctx context.Context) (bool, error)
	FlushBinaryLogs(ctx context.Context) error
	PurgeBinaryLogs(ctx context.Context, toFile string) error
}

// wire is a server that a killed process cannot reach. beforeOpening and afterOpening are called when it is about to be opened for
// writing and when it has been, beforeClosing when it is about to be closed.
type wire struct {
	execute.Server
	logs
	lively
	board                       *switchboard
	key                         topology.Key
	afterOpening, beforeClosing func(topology.Key)
	beforeOpening               func()
}

func (w wire) SetReadOnly(ctx context.Context, on, super bool) error {
	if !on && w.beforeOpening != nil {
		w.beforeOpening()
	}
	if err := w.board.alive(); err != nil {
		return err
	}
	if on && w.beforeClosing != nil {
		w.beforeClosing(w.key)
	}
	err := w.Server.SetReadOnly(ctx, on, super)
	if err == nil && !on && w.afterOpening != nil {
		w.afterOpening(w.key)
	}
	return err
}

func (w wire) ReadOnly(ctx context.Context) (server.ReadOnlyState, error) {
	if err := w.board.alive(); err != nil {
		return server.ReadOnlyState{}, err
	}
	return w.Server.ReadOnly(ctx)
}

// cutLedger is a ledger that a killed process cannot reach.
type cutLedger struct {
	recovery.Ledger
	board *switchboard
}

func (l cutLedger) SaveProgress(ctx context.Context, uid string, j *recovery.Journal) error {
	if err := l.board.alive(); err != nil {
		return err
	}
	return l.Ledger.SaveProgress(ctx, uid, j)
}

func (l cutLedger) AddStep(ctx context.Context, uid string, at time.Time, m string) error {
	if err := l.board.alive(); err != nil {
		return err
	}
	return l.Ledger.AddStep(ctx, uid, at, m)
}

func (l cutLedger) ResolveRecovery(ctx context.Context, r *recovery.Recovery) error {
	if err := l.board.alive(); err != nil {
		return err
	}
	return l.Ledger.ResolveRecovery(ctx, r)
}

// manager is an observer and an engine over a sandbox.
type manager struct {
	observer  *observe.Observer
	engine    *recovery.Engine
	config    atomic.Pointer[config.Config]
	store     *store.Store
	board     switchboard
	looks     atomic.Int64 // at what hinders writes, so far
	returning window       // the old primary is on its way back, and may be open for its first moments
	stop      func()       // ends it; may be called more than once

	mu       sync.Mutex
	progress []recovery.Progress
}

// prober asks real servers.
type prober struct {
	servers *server.Servers
	watches *sync.Map
}

func (p prober) Probe(ctx context.Context, k topology.Key, _ observe.Ask) (observe.Answer, error) {
	o, err := p.servers.For(k).Probe(ctx)
	a := observe.Answer{}
	if o != nil {
		a.Instance, a.OwnName, a.Group, a.Users, a.Partial, a.Connected = o.Instance, o.ResolvedName, o.GroupMembers, o.ReplicaUsers, o.Partial, o.Since
	}
	return a, err
}
func (p prober) Ping(ctx context.Context, k topology.Key) error { return p.servers.For(k).Ping(ctx) }
func (p prober) Watch(k topology.Key, lost func(error)) func() {
	p.watches.Store(k, lost)
	p.servers.For(k).Watch(true)
	return func() { p.watches.Delete(k); p.servers.For(k).Watch(false) }
}
func (p prober) Release(k topology.Key) { p.servers.Forget(k) }

// settings of a manager.
type settings struct {
	config       string // more JSON, each key preceded by a comma
	file         string // of the backend; "" is a new one
	token        string // of the process
	unsettled    bool   // do not wait for the cluster to be in good order
	servers      func(*server.Options)
	afterOpening func(*manager, topology.Key)
	// beforeOpening is called when a server is about to be opened for writing.
	beforeOpening func(*manager)
	// beforeClosing is called when a server is about to be closed for writing.
	beforeClosing func(topology.Key)
}

func startManager(t *testing.T, c *sandbox.Cluster, s settings) *manager {
	t.Helper()
	cfg, _, err := config.Parse(fmt.Appendf(nil, `{"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "HostnameResolveMethod": "none",
		"MySQLHostnameResolveMethod": "", "DiscoverByShowSlaveHosts": true, "DiscoverySeeds": ["%s"], "RecoverMasterClusterFilters": ["*"], "AutoRejoin": "off" %s}`,
		sandbox.UserOrc, sandbox.Password(sandbox.UserOrc), strings.Join(c.Addrs(), `","`), s.config))
	if err != nil {
		t.Fatal(err)
	}
	level := slog.LevelWarn
	if os.Getenv("VERBOSE") != "" {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level}))
	if s.file == "" {
		s.file = filepath.Join(t.TempDir(), "o.sqlite3")
	}
	if s.token == "" {
		s.token = "token"
	}
	st, err := store.Open(t.Context(), store.Options{File: s.file, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	m := &manager{store: st}
	var watches sync.Map
	reaching := server.Options{
		User: cfg.MySQLTopologyUser, Password: cfg.MySQLTopologyPassword, DiscoverByShowReplicas: true, Logger: log,
		CredentialsQuery: "SELECT '" + sandbox.UserRepl + "', '" + sandbox.Password(sandbox.UserRepl) + "'",
		Queries:          server.Queries{SemiSyncPriority: cfg.DetectSemiSyncEnforcedQuery},
		OnLost: func(k topology.Key, err error) {
			if f, ok := watches.Load(k); ok {
				f.(func(error))(err)
			}
		},
	}
	if s.servers != nil {
		s.servers(&reaching)
	}
	servers := server.New(reaching)
	m.config.Store(cfg)
	current := m.config.Load
	m.observer = observe.New(observe.Options{Prober: prober{servers, &watches}, Signs: m.signsOf(servers), Config: current, Logger: log})
	node := recovery.Node{Hostname: "test", Token: s.token}
	reach := execute.Real(servers)
	m.engine = recovery.New(recovery.Options{
		Observer: m.observer, Hooks: publish.New(publish.HookOptions{}), Leader: &m.board, Config: current, Node: node, Now: time.Now, Logger: log,
		Servers: func(k topology.Key) execute.Server {
			real := reach(k)
			w := wire{Server: real, logs: real.(logs), lively: real.(lively), board: &m.board, key: k, beforeClosing: s.beforeClosing}
			if s.afterOpening != nil {
				w.afterOpening = func(k topology.Key) { s.afterOpening(m, k) }
			}
			if s.beforeOpening != nil {
				w.beforeOpening = func() { s.beforeOpening(m) }
			}
			return w
		},
		Ledger: cutLedger{recovery.NewStoreLedger(st, node, current, func(context.Context) ([]store.Node, error) {
			return []store.Node{{Hostname: node.Hostname, Token: node.Token}}, nil
		}), &m.board},
		Progress: m.on,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		if err := m.engine.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	work.Go(func() {
		if err := m.observer.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	m.stop = sync.OnceFunc(func() {
		cancel()
		ended := make(chan struct{})
		go func() { work.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Error("the manager does not end")
			return
		}
		if err := errors.Join(servers.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(m.stop)
	if !s.unsettled {
		m.await(t, "the whole cluster in good order", func() bool {
			s := m.observer.Snapshot()
			return s.Len() == len(c.Nodes()) && len(s.Clusters()) == 1 && m.observer.Complete(s.Clusters()[0].Name) &&
				!slices.ContainsFunc(s.Instances(), func(i *topology.Instance) bool {
					return !i.LastCheckValid() || i.HasSource() && !i.Channel.IOThread.Running()
				})
		})
	}
	return m
}

func (m *manager) on(p recovery.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.progress = append(m.progress, p)
}

func (m *manager) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx := bounded(t)
	for !ok() {
		select {
		case <-ctx.Done():
			for _, i := range m.observer.Snapshot().Instances() {
				t.Logf("%s valid=%t cluster=%s depth=%d source=%s io=%d sql=%d ro=%t err=%s", i.Key, i.LastCheckValid(), i.ClusterName, i.Depth, i.SourceKey(), i.Channel.IOThread, i.Channel.SQLThread, i.ReadOnly, i.Check.Err)
			}
			m.print(t, time.Now().Add(-patience))
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// saw says whether something of the kind was told.
func (m *manager) saw(k recovery.ProgressKind) bool {
	_, ok := m.first(k)
	return ok
}

func (m *manager) first(k recovery.ProgressKind) (recovery.Progress, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.progress {
		if p.Kind == k {
			return p, true
		}
	}
	return recovery.Progress{}, false
}

func (m *manager) print(t *testing.T, since time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.progress {
		state := ""
		if p.Step != nil {
			state = fmt.Sprintf("%s %s %s", p.Step.State, p.Step.Took(), p.Step.Error)
		}
		t.Logf("%8.1f ms %-9s %s %s %s", float64(p.At.Sub(since).Microseconds())/1000, p.Kind, p.Server, p.Text, state)
	}
}

// finished waits for the end of a recovery that promoted somebody, and returns whom.
func (m *manager) finished(t *testing.T, c *sandbox.Cluster) *sandbox.Node {
	t.Helper()
	m.await(t, "the end of the recovery", func() bool { return m.saw(recovery.Finished) })
	p, _ := m.first(recovery.Finished)
	addr, ok := strings.CutPrefix(p.Text, "successor ")
	if !ok {
		m.print(t, p.At)
		t.Fatalf("the recovery ended with %s", p.Text)
	}
	return nodeAt(t, c, addr)
}

func nodeAt(t *testing.T, c *sandbox.Cluster, addr string) *sandbox.Node {
	t.Helper()
	i := slices.IndexFunc(c.Nodes(), func(n *sandbox.Node) bool { return n.Addr() == addr })
	if i < 0 {
		t.Fatalf("%s is no node of the cluster", addr)
	}
	return c.Node(i)
}

func keyOf(n *sandbox.Node) topology.Key { return topology.Key{Hostname: n.Host, Port: n.Port} }

// writers names the reachable servers that take writes. They are asked one after the other, so several are asked again:
// one that is open before and after another one was seen open was open together with it.
func writers(ctx context.Context, c *sandbox.Cluster) []string {
	open := writable(ctx, c.Nodes())
	if len(open) > 1 {
		open = writable(ctx, open)
	}
	addrs := make([]string, len(open))
	for i, n := range open {
		addrs[i] = n.Addr()
	}
	return addrs
}

func writable(ctx context.Context, nodes []*sandbox.Node) (open []*sandbox.Node) {
	for _, n := range nodes {
		if !n.Running() {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		if ro, err := n.ReadOnly(ctx); err == nil && !ro {
			open = append(open, n)
		}
		cancel()
	}
	return open
}

// window is a time that opens and closes.
type window struct {
	atomic.Bool
	opened atomic.Int64 // how often it has been opened
}

// Store opens the window or closes it.
func (w *window) Store(open bool) {
	if open {
		w.opened.Add(1)
	}
	w.Bool.Store(open)
}

// guard looks at all nodes again and again and fails the test when two of them take writes at the same time. The first
// node does not count while it returns.
func guard(t *testing.T, c *sandbox.Cluster, returning *window) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() {
		for ctx.Err() == nil {
			before := returning.opened.Load() // a look at a frozen server may last from before its return to after it
			exempt := returning.Load()
			open := writers(ctx, c)
			if exempt || returning.Load() || returning.opened.Load() != before {
				open = slices.DeleteFunc(open, func(addr string) bool { return addr == c.Node(0).Addr() })
			}
			if len(open) > 1 && ctx.Err() == nil {
				t.Errorf("two servers take writes: %v", open)
			}
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	stop = sync.OnceFunc(func() { cancel(); work.Wait() })
	t.Cleanup(stop)
	return stop
}

// startLoad writes until a first lot of rows has been acknowledged and has reached the replicas.
func startLoad(t *testing.T, c *sandbox.Cluster) *sandbox.Load {
	t.Helper()
	load, err := sandbox.StartLoad(t.Context(), c.Addrs, sandbox.LoadOptions{Timeout: 250 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { load.Stop() })
	if err := load.AwaitCommits(bounded(t), 50); err != nil {
		t.Fatal(err)
	}
	ctx := bounded(t)
	for _, n := range c.Nodes() {
		var one int
		for n.Scan(ctx, "SELECT 1 FROM "+sandbox.Database+"."+sandbox.LoadTable+" LIMIT 1", &one) != nil {
			select {
			case <-ctx.Done():
				t.Fatalf("the first rows have not reached %s", n)
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	return load
}

// rows are the numbers that a node holds of the load.
func rows(t *testing.T, n *sandbox.Node) map[int64]bool {
	t.Helper()
	rows, err := n.DB(sandbox.UserAdmin).QueryContext(bounded(t), "SELECT id FROM "+sandbox.Database+"."+sandbox.LoadTable)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	there := map[int64]bool{}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		there[id] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return there
}

// follows waits until a node replicates from another with both threads.
func follows(t *testing.T, n, source *sandbox.Node) {
	t.Helper()
	ctx := bounded(t)
	for {
		s, ok, err := n.Replica(ctx)
		if err == nil && ok && s.SourcePort == source.Port && s.Running() {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s does not follow %s: %s %v", n, source, s, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// scenario is one failover on real servers.
type scenario struct {
	options  sandbox.Options
	settings string
	// prepare brings the cluster into the state in which the primary is lost; the rows that it returns must survive.
	prepare func(t *testing.T, c *sandbox.Cluster, m *manager) []int64
	freeze  bool // the primary is frozen, not killed
	quiet   bool // no load
	// want is the index of the node that must be promoted; 0 leaves that open.
	want int
	// complete says that every acknowledged row must survive, and not only those that had reached a replica.
	complete bool
	// after looks at the cluster when all is done, and last when the load has stopped as well.
	after func(t *testing.T, c *sandbox.Cluster, m *manager, promoted *sandbox.Node)
	last  func(t *testing.T, c *sandbox.Cluster, m *manager)
}

// prefer gives a node a promotion rule.
func rule(m *manager, n *sandbox.Node, r topology.PromotionRule) {
	m.observer.Apply(observe.SetPromotionRule{Key: keyOf(n), Rule: r, Until: time.Now().Add(time.Hour)})
}

// threads says how a server is told to stop or start a thread of its replication.
func threads(f sandbox.Flavor, verb, thread string) string {
	if f == sandbox.MySQL {
		return verb + " REPLICA " + thread
	}
	return verb + " SLAVE " + thread
}

// returns looks at the old primary: it must be closed for writing soon, and take no row of the application.
func returns(t *testing.T, m *manager, old *sandbox.Node) {
	t.Helper()
	began := time.Now()
	m.await(t, old.Addr()+" closed for writing", func() bool {
		ro, err := old.ReadOnly(bounded(t))
		return err == nil && ro
	})
	t.Logf("closed for writing %s after its return", time.Since(began))
	m.returning.Store(false)
	if err := old.ExecAs(bounded(t), sandbox.UserApp, "INSERT INTO "+sandbox.Database+"."+sandbox.LoadTable+" (id) VALUES (-1)"); err == nil {
		t.Errorf("%s took a write after its return", old)
	}
}

// comesBackOpen lets the old primary come back with an option file that opens it for writing.
func comesBackOpen(t *testing.T, c *sandbox.Cluster, m *manager, _ *sandbox.Node) {
	m.returning.Store(true)
	if err := c.Node(0).Restart(bounded(t)); err != nil {
		t.Fatal(err)
	}
	returns(t, m, c.Node(0))
	m.await(t, "the fencing to be told", func() bool { return m.saw(recovery.Fenced) })
}

// opensOnPurpose opens the returned primary, as an operator may do, who is not to be contradicted.
func opensOnPurpose(t *testing.T, c *sandbox.Cluster, m *manager) {
	time.Sleep(1500 * time.Millisecond) // the server counts its uptime in seconds
	m.returning.Store(true)             // and stays so
	if err := c.Node(0).SetReadOnly(bounded(t), false); err != nil {
		t.Fatal(err)
	}
	m.await(t, "the opening to be seen", func() bool { return !m.observer.Instance(keyOf(c.Node(0))).ReadOnly })
	time.Sleep(500 * time.Millisecond) // nothing must happen, for which no event can be awaited
	if ro, err := c.Node(0).ReadOnly(bounded(t)); err != nil || ro {
		t.Errorf("an operator opened %s on purpose, and it was closed again (%v)", c.Node(0), err)
	}
}

func scenarios() map[string]scenario {
	opened := map[int]map[string]string{0: {"read_only": "0", "super_read_only": "0"}}
	openedMaria := map[int]map[string]string{0: {"read_only": "0"}}
	all := map[string]scenario{
		"MariaDB, killed, comes back open":   {options: sandbox.Options{Flavor: sandbox.MariaDB, GTID: true, NodeOptions: openedMaria}, after: comesBackOpen, last: opensOnPurpose},
		"MySQL, killed, comes back open":     {options: sandbox.Options{Flavor: sandbox.MySQL, GTID: true, NodeOptions: opened}, after: comesBackOpen, last: opensOnPurpose},
		"MySQL 5.6, killed":                  {options: sandbox.Options{Flavor: sandbox.MySQL56, GTID: true}},
		"MySQL, file and position, killed":   {options: sandbox.Options{Flavor: sandbox.MySQL}},
		"MariaDB, file and position, killed": {options: sandbox.Options{Flavor: sandbox.MariaDB}},
		"MySQL, semi-sync, killed":           {options: sandbox.Options{Flavor: sandbox.MySQL, GTID: true, SemiSync: true}, complete: true},
		"MariaDB, semi-sync, killed":         {options: sandbox.Options{Flavor: sandbox.MariaDB, GTID: true, SemiSync: true}, complete: true},
		"must_not is not promoted": {
			options: sandbox.Options{Flavor: sandbox.MariaDB, GTID: true}, want: 2,
			prepare: func(_ *testing.T, c *sandbox.Cluster, m *manager) []int64 {
				rule(m, c.Node(1), topology.MustNotPromote)
				return nil
			}},
		"a chained replica stays where it is": {options: sandbox.Options{Flavor: sandbox.MySQL, GTID: true, Layout: sandbox.Chain}, want: 1},
	}
	for _, f := range []sandbox.Flavor{sandbox.MariaDB, sandbox.MySQL} {
		all[f.String()+", frozen and thawed"] = scenario{
			options: sandbox.Options{Flavor: f, GTID: true, NetTimeout: time.Minute}, freeze: true,
			after: func(t *testing.T, c *sandbox.Cluster, m *manager, _ *sandbox.Node) {
				m.returning.Store(true)
				if err := c.Node(0).Thaw(); err != nil {
					t.Fatal(err)
				}
				returns(t, m, c.Node(0))
			}}
		all[f.String()+", a stopped applier"] = scenario{
			options: sandbox.Options{Flavor: f, GTID: true}, want: 1, quiet: true,
			prepare: func(t *testing.T, c *sandbox.Cluster, m *manager) []int64 {
				rule(m, c.Node(1), topology.PreferPromote)
				do(t, c.Node(1), threads(f, "STOP", "SQL_THREAD"))
				ids := insert(t, c.Node(0), 1, 100)
				awaitReceived(t, c, c.Node(1))
				return ids
			}}
		all[f.String()+", the preferred one is behind"] = scenario{
			options: sandbox.Options{Flavor: f, GTID: true}, want: 1, quiet: true,
			prepare: func(t *testing.T, c *sandbox.Cluster, m *manager) []int64 {
				rule(m, c.Node(1), topology.PreferPromote)
				do(t, c.Node(1), threads(f, "STOP", "IO_THREAD"))
				ids := insert(t, c.Node(0), 1, 100)
				awaitReceived(t, c, c.Node(2))
				if err := m.observer.Probe(bounded(t), keyOf(c.Node(1))); err != nil {
					t.Fatal(err)
				}
				m.await(t, "the stopped receiver to be seen", func() bool {
					return !m.observer.Instance(keyOf(c.Node(1))).Channel.IOThread.Running()
				})
				return ids
			}}
	}
	return all
}

func do(t *testing.T, n *sandbox.Node, statements ...string) {
	t.Helper()
	if err := n.Exec(bounded(t), statements...); err != nil {
		t.Fatal(err)
	}
}

// insert writes rows with the given numbers, in the load's table.
func insert(t *testing.T, n *sandbox.Node, from, to int64) (ids []int64) {
	t.Helper()
	table := sandbox.Database + "." + sandbox.LoadTable
	statements := []string{"CREATE TABLE IF NOT EXISTS " + table + " (id BIGINT PRIMARY KEY) ENGINE=InnoDB"}
	for id := from; id <= to; id++ {
		statements = append(statements, fmt.Sprintf("INSERT INTO %s (id) VALUES (%d)", table, id))
		ids = append(ids, id)
	}
	do(t, n, statements...)
	return ids
}

// awaitReceived waits until a replica has received all that node 0 has written.
func awaitReceived(t *testing.T, c *sandbox.Cluster, n *sandbox.Node) {
	t.Helper()
	file, pos, err := c.Node(0).Position(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx := bounded(t)
	query, fileColumn, posColumn := "SHOW SLAVE STATUS", "Master_Log_File", "Read_Master_Log_Pos"
	if c.Options().Flavor == sandbox.MySQL {
		query, fileColumn, posColumn = "SHOW REPLICA STATUS", "Source_Log_File", "Read_Source_Log_Pos"
	}
	for {
		row, err := n.Row(ctx, query)
		if err == nil && row[fileColumn] == file && row[posColumn] == fmt.Sprint(pos) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s has not received up to %s:%d: %v", n, file, pos, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestFailoverOnRealServers(t *testing.T) {
	slots := make(chan struct{}, 2) // clusters at the same time
	for name, s := range scenarios() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			t.Cleanup(func() { <-slots })
			s.run(t)
		})
	}
}

func (s scenario) run(t *testing.T) {
	c := sandboxtest.New(t, s.options)
	m := startManager(t, c, settings{config: s.settings})
	old := c.Node(0)
	var load *sandbox.Load
	if !s.quiet {
		load = startLoad(t, c)
	}
	var must []int64
	if s.prepare != nil {
		must = s.prepare(t, c, m)
	}
	if load != nil { // what a replica has applied by now has reached it
		for _, n := range c.Nodes()[1:] {
			for id := range rows(t, n) {
				must = append(must, id)
			}
		}
	}
	began := time.Now()
	lose := old.Kill
	if s.freeze {
		lose = old.Freeze
	}
	if err := lose(); err != nil {
		t.Fatal(err)
	}
	stopGuard := guard(t, c, &m.returning)
	promoted := m.finished(t, c)
	if s.want != 0 && promoted.Index() != s.want {
		m.print(t, began)
		t.Errorf("%s was promoted, not node %d", promoted, s.want)
	}
	if load != nil {
		if err := load.AwaitCommitAt(bounded(t), promoted.Addr()); err != nil {
			t.Fatal(err)
		}
	}
	if s.after != nil {
		s.after(t, c, m, promoted)
	}
	stopGuard()
	var result sandbox.LoadResult
	if load != nil {
		if err := load.AwaitCommits(bounded(t), 20); err != nil {
			t.Fatal(err)
		}
		result = load.Stop()
		outage, _, _ := result.Outage()
		t.Logf("outage %s", outage)
	} else {
		insert(t, promoted, 1001, 1010)
	}
	var others []*sandbox.Node
	for _, n := range c.Nodes()[1:] {
		if n != promoted {
			if m.lost(t, n) {
				m.print(t, began)
				t.Errorf("%s is lost", n)
				continue
			}
			others = append(others, n)
			if s.options.Layout != sandbox.Chain || n.Index() == promoted.Index()+1 {
				follows(t, n, promoted)
			}
		}
	}
	s.checkData(t, m, promoted, others, must, result)
	if s.last != nil {
		s.last(t, c, m)
	}
}

// lost says whether a node could not follow.
func (m *manager) lost(t *testing.T, n *sandbox.Node) bool {
	t.Helper()
	found, err := m.store.Recoveries(t.Context(), store.RecoveryFilter{})
	if err != nil || len(found) != 1 {
		t.Fatalf("recoveries on record: %+v %v", found, err)
	}
	return slices.Contains(found[0].Lost, keyOf(n))
}

// checkData compares what the survivors hold.
func (s scenario) checkData(t *testing.T, m *manager, promoted *sandbox.Node, others []*sandbox.Node, must []int64, result sandbox.LoadResult) {
	t.Helper()
	there := rows(t, promoted)
	lost := slices.DeleteFunc(slices.Clone(must), func(id int64) bool { return there[id] })
	if len(lost) > 0 {
		t.Errorf("%d rows that had reached a replica are not on %s: %v", len(lost), promoted, lost)
	}
	if s.complete {
		if missing, err := result.Missing(bounded(t), promoted); err != nil || len(missing) > 0 {
			t.Errorf("%d acknowledged rows are lost: %v %v", len(missing), missing, err)
		}
	}
	opened := false
	for _, c := range result.Commits {
		opened = opened || c.Addr == promoted.Addr()
		if opened && c.Addr != promoted.Addr() {
			t.Errorf("row %d was acknowledged by %s after %s had been promoted", c.ID, c.Addr, promoted)
		}
	}
	for _, n := range others {
		m.await(t, n.Addr()+" to hold what "+promoted.Addr()+" holds", func() bool {
			return len(rows(t, n)) == len(rows(t, promoted))
		})
		s.checkErrants(t, n, promoted)
	}
}

// checkErrants fails the test when a replica holds transactions that its primary lacks.
func (s scenario) checkErrants(t *testing.T, n, promoted *sandbox.Node) {
	t.Helper()
	if !s.options.GTID {
		return
	}
	if s.options.Flavor == sandbox.MariaDB {
		var a, b string
		if err := errors.Join(n.Scan(bounded(t), "SELECT @@gtid_binlog_pos", &a), promoted.Scan(bounded(t), "SELECT @@gtid_binlog_pos", &b)); err != nil || a != b {
			t.Errorf("%s stands at %s, %s at %s: %v", n, a, promoted, b, err)
		}
		return
	}
	var executed, errant string
	if err := n.Scan(bounded(t), "SELECT @@GLOBAL.gtid_executed", &executed); err != nil {
		t.Fatal(err)
	}
	err := promoted.Scan(bounded(t), "SELECT GTID_SUBTRACT('"+strings.ReplaceAll(executed, "\n", "")+"', @@GLOBAL.gtid_executed)", &errant)
	if err != nil || errant != "" {
		t.Errorf("%s holds %s, which %s lacks: %v", n, errant, promoted, err)
	}
}

// TestNextManagerCarriesOn ends the manager right after the successor has been opened, and starts another one on the
// same backend.
func TestNextManagerCarriesOn(t *testing.T) {
	for name, options := range map[string]sandbox.Options{
		"MariaDB":                  {Flavor: sandbox.MariaDB, GTID: true},
		"MySQL":                    {Flavor: sandbox.MySQL, GTID: true},
		"MySQL, file and position": {Flavor: sandbox.MySQL},
	} {
		t.Run(name, func(t *testing.T) { carriesOn(t, options) })
	}
}

func carriesOn(t *testing.T, options sandbox.Options) {
	c := sandboxtest.New(t, options)
	file := filepath.Join(t.TempDir(), "o.sqlite3")
	openedOne := make(chan topology.Key, 1)
	first := startManager(t, c, settings{file: file, token: "first", afterOpening: func(m *manager, k topology.Key) {
		m.board.dead.Store(true)
		select {
		case openedOne <- k:
		default:
		}
	}})
	load := startLoad(t, c)
	if err := c.Node(0).Kill(); err != nil {
		t.Fatal(err)
	}
	guard(t, c, &first.returning)
	var opened topology.Key
	select {
	case opened = <-openedOne:
	case <-bounded(t).Done():
		first.print(t, time.Now())
		t.Fatal("nobody was opened for writing")
	}
	first.stop()
	promoted := nodeAt(t, c, opened.String())
	other := c.Node(3 - promoted.Index())
	if s, ok, err := other.Replica(bounded(t)); err != nil || !ok || s.SourcePort != c.Node(0).Port {
		t.Fatalf("%s was re-pointed before the first manager ended (%s, %v): the test shows nothing", other, s, err)
	}
	second := startManager(t, c, settings{file: file, token: "second", unsettled: true})
	if got := second.finished(t, c); got != promoted {
		t.Errorf("the second manager promoted %s beside %s", got, promoted)
	}
	follows(t, other, promoted)
	if err := load.AwaitCommits(bounded(t), 20); err != nil {
		t.Fatal(err)
	}
	load.Stop()
	if open := writers(t.Context(), c); !slices.Equal(open, []string{promoted.Addr()}) {
		t.Errorf("writable: %v, want %s alone", open, promoted)
	}
	found, err := second.store.Recoveries(t.Context(), store.RecoveryFilter{})
	if err != nil || len(found) != 1 || !found[0].Successful || found[0].Successor != opened {
		t.Errorf("recoveries on record: %+v %v, want one that succeeded with %s", found, err, opened)
	}
	if left, err := second.store.OpenJournals(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("journals still open: %v %v", left, err)
	}
}
