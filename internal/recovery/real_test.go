package recovery_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
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

// alone is the leadership of a single node.
type alone struct{}

func (alone) IsLeader() bool                { return true }
func (alone) Confirm(context.Context) error { return nil }

// manager is an observer and an engine over a sandbox.
type manager struct {
	observer *observe.Observer
	engine   *recovery.Engine
	store    *store.Store

	mu       sync.Mutex
	progress []recovery.Progress
	changed  chan struct{}
}

// prober asks real servers.
type prober struct {
	servers *server.Servers
	watches *sync.Map
}

func (p prober) Probe(ctx context.Context, k topology.Key, ask observe.Ask) (observe.Answer, error) {
	o, err := p.servers.For(k).Probe(ctx)
	a := observe.Answer{}
	if o != nil {
		a.Instance, a.OwnName, a.Group, a.Users, a.Partial = o.Instance, o.ResolvedName, o.GroupMembers, o.ReplicaUsers, o.Partial
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

func startManager(t *testing.T, c *sandbox.Cluster, settings string) *manager {
	t.Helper()
	cfg, _, err := config.Parse([]byte(fmt.Sprintf(`{"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "HostnameResolveMethod": "none",
		"MySQLHostnameResolveMethod": "", "DiscoverByShowSlaveHosts": true, "DiscoverySeeds": [%q], "RecoverMasterClusterFilters": ["*"] %s}`,
		sandbox.UserOrc, sandbox.Password(sandbox.UserOrc), c.Node(0).Addr(), settings)))
	if err != nil {
		t.Fatal(err)
	}
	level := slog.LevelWarn
	if os.Getenv("VERBOSE") != "" {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level}))
	st, err := store.Open(t.Context(), store.Options{File: filepath.Join(t.TempDir(), "o.sqlite3"), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	m := &manager{store: st, changed: make(chan struct{})}
	var watches sync.Map
	servers := server.New(server.Options{
		User: cfg.MySQLTopologyUser, Password: cfg.MySQLTopologyPassword, DiscoverByShowReplicas: true, Logger: log,
		OnLost: func(k topology.Key, err error) {
			if f, ok := watches.Load(k); ok {
				f.(func(error))(err)
			}
		},
	})
	config := func() *config.Config { return cfg }
	m.observer = observe.New(observe.Options{Prober: prober{servers, &watches}, Config: config, Logger: log})
	hooks := publish.New(publish.HookOptions{})
	node := recovery.Node{Hostname: "test", Token: "token"}
	m.engine = recovery.New(recovery.Options{
		Observer: m.observer, Servers: execute.Real(servers), Hooks: hooks, Leader: alone{}, Config: config, Node: node, Now: time.Now, Logger: log,
		Ledger: recovery.NewStoreLedger(st, node, config, func(context.Context) ([]store.Node, error) {
			return []store.Node{{Hostname: "test", Token: "token"}}, nil
		}),
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
	t.Cleanup(func() {
		cancel()
		work.Wait()
		if err := servers.Close(); err != nil {
			t.Error(err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	m.await(t, "the whole cluster in good order", func() bool {
		s := m.observer.Snapshot()
		return s.Len() == len(c.Nodes()) && len(s.Clusters()) == 1 && m.observer.Complete(s.Clusters()[0].Name) &&
			!slices.ContainsFunc(s.Instances(), func(i *topology.Instance) bool {
				return !i.LastCheckValid() || i.HasSource() && !i.Replicating()
			})
	})
	return m
}

func (m *manager) on(p recovery.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.progress = append(m.progress, p)
	close(m.changed)
	m.changed = make(chan struct{})
}

func (m *manager) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			for _, i := range m.observer.Snapshot().Instances() {
				t.Logf("%s valid=%t cluster=%s depth=%d source=%s io=%d sql=%d ro=%t err=%s", i.Key, i.LastCheckValid(), i.ClusterName, i.Depth, i.SourceKey(), i.Channel.IOThread, i.Channel.SQLThread, i.ReadOnly, i.Check.Err)
			}
			m.print(t, time.Now().Add(-30*time.Second))
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// saw says whether something of the kind was told.
func (m *manager) saw(k recovery.ProgressKind) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.progress, func(p recovery.Progress) bool { return p.Kind == k })
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

func TestKilledPrimaryIsReplaced(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true})
		m := startManager(t, c, "")
		load, err := sandbox.StartLoad(t.Context(), c.Addrs, sandbox.LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := load.AwaitCommits(t.Context(), 50); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := c.Node(0).Kill(); err != nil {
			t.Fatal(err)
		}
		m.await(t, "the end of the recovery", func() bool { return m.saw(recovery.Finished) })
		if err := load.AwaitCommits(t.Context(), 20); err != nil {
			t.Fatal(err)
		}
		result := load.Stop()
		outage, _, _ := result.Outage()
		m.print(t, began)
		t.Logf("outage %s", outage)
	})
}

func TestFrozenPrimaryIsReplaced(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true, NetTimeout: time.Minute})
		m := startManager(t, c, "")
		load, err := sandbox.StartLoad(t.Context(), c.Addrs, sandbox.LoadOptions{Timeout: 250 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if err := load.AwaitCommits(t.Context(), 50); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := c.Node(0).Freeze(); err != nil {
			t.Fatal(err)
		}
		m.await(t, "the end of the recovery", func() bool { return m.saw(recovery.Finished) })
		if err := load.AwaitCommits(t.Context(), 20); err != nil {
			t.Fatal(err)
		}
		result := load.Stop()
		outage, _, _ := result.Outage()
		m.print(t, began)
		t.Logf("outage %s", outage)
	})
}
