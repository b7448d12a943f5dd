package observe

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// keyOf is the key under which a sandbox node is known.
func keyOf(n *sandbox.Node) topology.Key { return topology.Key{Hostname: n.Host, Port: n.Port} }

// realServers is the least Prober for real servers.
type realServers struct {
	*server.Servers
	mu    sync.Mutex
	watch map[topology.Key]func(error)
}

func (s *realServers) Probe(ctx context.Context, k topology.Key, _ Ask) (Answer, error) {
	obs, err := s.For(k).Probe(ctx)
	if obs == nil {
		return Answer{}, err
	}
	return Answer{Instance: obs.Instance, OwnName: obs.ResolvedName, Partial: true}, err
}

func (s *realServers) Ping(ctx context.Context, k topology.Key) error { return s.For(k).Ping(ctx) }

func (s *realServers) Watch(k topology.Key, lost func(error)) (stop func()) {
	s.mu.Lock()
	s.watch[k] = lost
	s.mu.Unlock()
	s.For(k).Watch(true)
	return func() { s.For(k).Watch(false) }
}

func (s *realServers) Release(k topology.Key) { s.Forget(k) }

func (s *realServers) lost(k topology.Key, err error) {
	s.mu.Lock()
	lost := s.watch[k]
	s.mu.Unlock()
	if lost != nil {
		lost(err)
	}
}

// observeReal starts an observer of real servers.
func observeReal(t *testing.T, ctx context.Context) *Observer {
	t.Helper()
	cfg := testConfig(func(c *config.Config) { c.MySQLHostnameResolveMethod = "" })
	servers := &realServers{watch: make(map[topology.Key]func(error))}
	servers.Servers = server.New(server.Options{
		User: sandbox.UserOrc, Password: sandbox.Password(sandbox.UserOrc), DiscoverByShowReplicas: true, OnLost: servers.lost,
	})
	kept := newMemory()
	o := New(Options{Prober: servers, Store: kept, Config: cfg, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- o.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if len(kept.instances) != o.Snapshot().Len() {
			t.Errorf("%d instances are stored, %d are in the picture", len(kept.instances), o.Snapshot().Len())
		}
		if err := servers.Close(); err != nil {
			t.Errorf("close the connections: %v", err)
		}
	})
	return o
}

// discoverAll discovers from one node and waits until all are in one complete cluster and replicate.
func discoverAll(t *testing.T, o *Observer, c *sandbox.Cluster, from int) *topology.Topology {
	t.Helper()
	events, cancel := o.Subscribe(100)
	defer cancel()
	if _, err := o.Discover(t.Context(), keyOf(c.Node(from))); err != nil {
		t.Fatal(err)
	}
	ready := func(top *topology.Topology) bool {
		if top == nil || top.Len() != len(c.Nodes()) {
			return false
		}
		for _, i := range top.Instances() {
			if !i.LastCheckValid() || i.HasSource() && !i.Replicating() {
				return false
			}
		}
		return true
	}
	if top := o.ClusterOf(keyOf(c.Node(0))); ready(top) {
		return top
	}
	return waitFor(t, events, "the whole cluster", func(e Event) bool { return ready(e.Topology) }).Topology
}

func TestRealDiscovery(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		for _, c := range []struct {
			name   string
			layout sandbox.Layout
			from   int
			depths []int
		}{
			{"star from a replica", sandbox.Star, 2, []int{0, 1, 1}},
			{"chain from the middle", sandbox.Chain, 1, []int{0, 1, 2}},
		} {
			t.Run(c.name, func(t *testing.T) {
				cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Layout: c.layout, GTID: true})
				o := observeReal(t, t.Context())
				top := discoverAll(t, o, cluster, c.from)
				name := keyOf(cluster.Node(0)).String()
				for n, node := range cluster.Nodes() {
					i := top.Instance(keyOf(node))
					if i == nil || i.ClusterName != name || i.Depth != c.depths[n] || i.ReadOnly != (n > 0) {
						t.Errorf("node %d: %+v", n, i)
					}
				}
				if !o.Complete(name) {
					t.Error("the cluster is not complete")
				}
			})
		}
	})
}

func TestRealKill(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true})
		o := observeReal(t, t.Context())
		discoverAll(t, o, cluster, 0)
		primary := keyOf(cluster.Node(0))
		events, cancel := o.Subscribe(100)
		defer cancel()
		killed := time.Now()
		if err := cluster.Node(0).Kill(); err != nil {
			t.Fatal(err)
		}
		dead := time.Now()
		waitFor(t, events, "primary invalid, replicas not connected", func(e Event) bool {
			if e.Topology == nil {
				return false
			}
			p := e.Topology.Instance(primary)
			if p == nil || p.LastCheckValid() {
				return false
			}
			for _, r := range e.Topology.Replicas(primary) {
				if !r.LastCheckValid() || r.Channel.IOThread.Running() {
					return false
				}
			}
			return true
		})
		t.Logf("published %v after the signal, %v after the end of the process", time.Since(killed), time.Since(dead))
		// Far below the poll interval, which alone would notice it after seconds.
		if got := time.Since(killed); got > 2*time.Second {
			t.Errorf("published only after %v", got)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if err := cluster.Node(0).Restart(ctx); err != nil {
			t.Fatal(err)
		}
		waitFor(t, events, "back", func(e Event) bool { return e.Kind == InstanceBack && e.Key == primary })
	})
}

func TestRealFreeze(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true})
		o := observeReal(t, t.Context())
		discoverAll(t, o, cluster, 0)
		primary := keyOf(cluster.Node(0))
		events, cancel := o.Subscribe(100)
		defer cancel()
		if err := cluster.Node(0).Freeze(); err != nil {
			t.Fatal(err)
		}
		lost := waitFor(t, events, "lost", func(e Event) bool { return e.Kind == InstanceLost && e.Key == primary })
		if i := lost.Topology.Instance(primary); !i.Check.Hung {
			t.Errorf("the check does not say that the server hangs: %+v", i.Check)
		}
		if err := cluster.Node(0).Thaw(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, events, "back", func(e Event) bool { return e.Kind == InstanceBack && e.Key == primary })
	})
}
