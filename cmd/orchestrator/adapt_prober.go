package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// prober asks servers for the observer.
type prober struct {
	servers  *server.Servers
	measured func(took time.Duration, err error) // told of each probe; may be nil

	mu       sync.Mutex
	watchers map[topology.Key]map[*watcher]struct{}
}

// watcher is somebody who wants to know when a connection ends.
type watcher struct{ lost func(error) }

// newProber opens a registry of servers with these options and returns it with a prober on it, which has OnLost.
// The caller closes the registry.
func newProber(o server.Options) *prober {
	p := &prober{watchers: make(map[topology.Key]map[*watcher]struct{})}
	o.OnLost = p.lost
	p.servers = server.New(o)
	return p
}

// reconfigure lets new connections and the next probes follow new options.
func (p *prober) reconfigure(o server.Options) {
	o.OnLost = p.lost
	p.servers.Reconfigure(o)
}

// Probe implements observe.Prober. When a fresh connection is asked for and the probe was done on the one that is kept,
// the server must prove as well that it accepts another.
func (p *prober) Probe(ctx context.Context, key topology.Key, ask observe.Ask) (observe.Answer, error) {
	began := time.Now()
	s := p.servers.For(key)
	seen, err := s.Probe(ctx)
	if err == nil && ask.Fresh && !seen.Connected {
		if err = s.Fresh(ctx); err != nil {
			err = fmt.Errorf("probe %s: the kept connection works, a new one does not: %w", key, err)
		}
	}
	if p.measured != nil {
		p.measured(time.Since(began), err)
	}
	return answer(seen), withRemedy(err)
}

// withRemedy says where to look when a server does not let the service in.
func withRemedy(err error) error {
	const denied = 1045
	switch {
	case server.CodeOf(err) == denied:
		return fmt.Errorf("%w; look at MySQLTopologyUser and MySQLTopologyPassword, and at that user's grants on the server", err)
	case server.KindOf(err) == server.SecureTransportRequired:
		return fmt.Errorf("%w; look at MySQLTopologyUseMixedTLS", err)
	}
	return err
}

// answer puts an observation into the observer's words.
func answer(seen *server.Observation) observe.Answer {
	if seen == nil {
		return observe.Answer{}
	}
	return observe.Answer{
		Instance:      seen.Instance,
		OwnName:       seen.ResolvedName,
		Group:         append([]topology.Key(nil), seen.GroupMembers...),
		Users:         seen.ReplicaUsers,
		ClusterAlias:  given(seen.ClusterAlias),
		Domain:        given(seen.ClusterDomain),
		PromotionRule: seen.PromotionRule,
		Partial:       seen.Partial,
		Connected:     seen.Since,
	}
}

// given is nil for an answer that was not given.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Ping implements observe.Prober.
func (p *prober) Ping(ctx context.Context, key topology.Key) error {
	return p.servers.For(key).Ping(ctx)
}

// signs looks for what keeps a server from taking writes.
func (p *prober) signs(ctx context.Context, key topology.Key) ([]topology.WriteSign, error) {
	return p.servers.For(key).WriteSigns(ctx)
}

// Watch implements observe.Prober. Any number may watch the same server; the connection is watched while somebody does.
func (p *prober) Watch(key topology.Key, lost func(error)) (stop func()) {
	w := &watcher{lost: lost}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watchers[key] == nil {
		p.watchers[key] = make(map[*watcher]struct{})
	}
	p.watchers[key][w] = struct{}{}
	p.servers.For(key).Watch(true)
	return func() { p.unwatch(key, w) }
}

func (p *prober) unwatch(key topology.Key, w *watcher) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, registered := p.watchers[key][w]; !registered {
		return // told already, or the server was released
	}
	delete(p.watchers[key], w)
	if len(p.watchers[key]) == 0 {
		delete(p.watchers, key)
		p.servers.For(key).Watch(false)
	}
}

// lost tells all who watch a server, each once. It is called by the goroutine that watches the connection, which must
// not be held up: the watchers' functions do not block.
func (p *prober) lost(key topology.Key, err error) {
	p.mu.Lock()
	all := p.watchers[key]
	delete(p.watchers, key)
	p.mu.Unlock()
	for w := range all {
		w.lost(err)
	}
}

// Release implements observe.Prober.
func (p *prober) Release(key topology.Key) {
	p.mu.Lock()
	delete(p.watchers, key)
	p.mu.Unlock()
	p.servers.Forget(key)
}
