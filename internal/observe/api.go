package observe

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"orchestrator/internal/topology"
)

// snapshots caches the picture of the whole fleet.
type snapshots struct {
	making sync.Mutex
	last   atomic.Pointer[snapshot]
}

// snapshot is the fleet as it was at a moment, and how far the picture had changed then.
type snapshot struct {
	fleet          *topology.Topology
	made           time.Time
	steady, moving uint64
}

// Snapshot returns the whole fleet. The answer is shared and never changes; what people declared, who is reachable and
// who replicates from whom is always current in it, mere figures may be older by Timing.SnapshotAge and the moment that it
// takes to make another one: nobody waits for figures that somebody else is putting together.
func (o *Observer) Snapshot() *topology.Topology {
	s := &o.snapshots
	last, figures := o.lastSnapshot()
	switch {
	case last != nil && !figures:
		return last.fleet
	case last == nil:
		s.making.Lock()
	case !s.making.TryLock():
		return last.fleet
	}
	defer s.making.Unlock()
	if last, figures = o.lastSnapshot(); last != nil && !figures { // somebody else has made it meanwhile
		return last.fleet
	}
	o.mu.Lock()
	next := &snapshot{made: o.now(), steady: o.picture.steady, moving: o.picture.moving}
	all, names := o.picture.all(), o.picture.names.current()
	o.mu.Unlock()
	next.fleet = topology.New(all, names)
	s.last.Store(next)
	return next.fleet
}

// lastSnapshot is the last one that was made, nil when it may not be used any more; figures says that some in it are older
// than they may be.
func (o *Observer) lastSnapshot() (last *snapshot, figures bool) {
	o.mu.Lock()
	steady, moving, now := o.picture.steady, o.picture.moving, o.now()
	o.mu.Unlock()
	last = o.snapshots.last.Load()
	if last == nil || last.steady != steady {
		return nil, false
	}
	return last, last.moving != moving && now.Sub(last.made) >= o.timing.SnapshotAge
}

// Cluster returns the servers of one cluster, always current, or nil when there is none of that exact name.
func (o *Observer) Cluster(name string) *topology.Topology {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.picture.view(name)
}

// ClusterOf returns the cluster that a server belongs to, always current, or nil when the server is not known.
func (o *Observer) ClusterOf(k topology.Key) *topology.Topology {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := o.picture.instance(k)
	if i == nil {
		return nil
	}
	return o.picture.view(i.ClusterName)
}

// Instance returns what is known of a server, or nil.
func (o *Observer) Instance(k topology.Key) *topology.Instance {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.picture.instance(k)
}

// Complete says whether every server of a cluster, and every server that they report as their replica, was asked in
// this process, with whatever result. Before that, what is shown of the cluster may be what an earlier process knew,
// and nothing should be repaired on the strength of it.
func (o *Observer) Complete(cluster string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	set := o.picture.clusters[cluster]
	for k := range set {
		m := o.picture.members[k]
		if !m.asked {
			return false
		}
		for _, r := range m.inst.Reported {
			if _, open := o.picture.open[r]; open {
				return false
			}
		}
	}
	return len(set) > 0
}

// Seeds returns the servers that the configuration names to start from.
func (o *Observer) Seeds() []topology.Key {
	c := o.config()
	var seeds []topology.Key
	for _, text := range c.DiscoverySeeds {
		k, err := topology.ParseKey(text, c.DefaultInstancePort)
		if err != nil {
			o.log.Warn("DiscoverySeeds: entry left out", "error", err)
			continue
		}
		seeds = append(seeds, k)
	}
	return seeds
}

// reply is how a probe that somebody waited for ended.
type reply struct {
	key topology.Key
	err error
}

// Probe asks servers now, all at the same time, and returns when they have answered or failed and the picture shows
// it, or when ctx ends, whichever is first; in the latter case with ctx's error. Servers that cannot be read are no
// error here: the picture says so. Keys that are not known are discovered.
func (o *Observer) Probe(ctx context.Context, keys ...topology.Key) error {
	replies := make(chan reply, len(keys))
	n := 0
	for _, k := range keys {
		if !k.IsValid() {
			continue
		}
		if !o.ask(k, replies) {
			return errStopped
		}
		n++
	}
	for range n {
		select {
		case <-replies:
		case <-ctx.Done():
			return fmt.Errorf("probe %s: %w", topology.JoinKeys(keys), context.Cause(ctx))
		}
	}
	return nil
}

// Discover asks a server now, takes it into the picture under its canonical name, and follows it to its source and
// replicas, which are asked in their turn. It returns what the server said.
func (o *Observer) Discover(ctx context.Context, k topology.Key) (*topology.Instance, error) {
	to, err := o.resolver.key(ctx, k)
	if err != nil {
		return nil, fmt.Errorf("discover %s: %w", k, err)
	}
	if !to.IsValid() {
		return nil, fmt.Errorf("discover %s: not the address of a server", k)
	}
	if o.config().DiscoveryIgnoreAny().Match(to.Hostname, to.Port) {
		return nil, fmt.Errorf("discover %s: excluded by DiscoveryIgnoreHostnameFilters", k)
	}
	replies := make(chan reply, 1)
	if !o.ask(to, replies) {
		return nil, fmt.Errorf("discover %s: %w", k, errStopped)
	}
	select {
	case r := <-replies:
		if r.err != nil {
			return nil, fmt.Errorf("discover %s: %w", k, r.err)
		}
		if i := o.Instance(r.key); i != nil {
			return i, nil
		}
		return nil, fmt.Errorf("discover %s: %w", k, errForgotten(r.key))
	case <-ctx.Done():
		return nil, fmt.Errorf("discover %s: %w", k, context.Cause(ctx))
	}
}

// DiscoverAsync is Discover for those who do not wait. What goes wrong is logged.
func (o *Observer) DiscoverAsync(k topology.Key) {
	o.inbox.post(func() {
		o.work.Go(func() {
			if _, err := o.Discover(o.ctx, k); err != nil && o.ctx.Err() == nil {
				o.log.Warn("not discovered", "instance", k.String(), "error", err)
			}
		})
	})
}

// ask has the loop ask a server at once; it reports false when the observer has stopped.
func (o *Observer) ask(k topology.Key, replies chan<- reply) bool {
	return o.inbox.post(func() {
		if o.config().DiscoveryIgnoreAny().Match(k.Hostname, k.Port) {
			o.after = append(o.after, func() { replies <- reply{k, errSkipped(k, "DiscoveryIgnoreHostnameFilters excludes it")} })
			return
		}
		delete(o.denied, k) // who asks for it by name wants it
		e := o.entries[k]
		if e == nil {
			e = o.enlist(k)
			e.tentative = o.picture.instance(k) == nil
		}
		o.want(e, &request{urgent: true, waiters: []func(topology.Key, error){
			func(at topology.Key, err error) { replies <- reply{at, err} },
		}})
	})
}

// Forget takes a server out of the picture and keeps it out for three poll intervals, even if others report it.
func (o *Observer) Forget(k topology.Key) error {
	if n := o.forget(func(p *picture) []topology.Key {
		if p.instance(k) == nil {
			return nil
		}
		return []topology.Key{k}
	}); n == 0 {
		return fmt.Errorf("forget %s: no such server", k)
	}
	return nil
}

// ForgetCluster forgets all servers of a cluster.
func (o *Observer) ForgetCluster(name string) error {
	if n := o.forget(func(p *picture) []topology.Key {
		return slices.Collect(maps.Keys(p.clusters[name]))
	}); n == 0 {
		return fmt.Errorf("forget cluster %s: no such cluster", name)
	}
	return nil
}

// forget waits for the loop to forget the chosen servers and returns how many there were.
func (o *Observer) forget(choose func(*picture) []topology.Key) int {
	done := make(chan int, 1)
	if !o.inbox.post(func() {
		keys := choose(o.picture)
		until := o.now().Add(3 * o.poll())
		for _, k := range keys {
			o.denied[k] = until
			o.drop(k)
			o.log.Info("server forgotten", "instance", k.String())
		}
		o.after = append(o.after, func() { done <- len(keys) })
	}) {
		return 0
	}
	return <-done
}

// Resolve returns the canonical form of a host name.
func (o *Observer) Resolve(ctx context.Context, host string) (string, error) {
	return o.resolver.host(ctx, host)
}

// ResolveKey returns the key with its host name in canonical form.
func (o *Observer) ResolveKey(ctx context.Context, k topology.Key) (topology.Key, error) {
	return o.resolver.key(ctx, k)
}

// Addresses returns the first IPv4 and IPv6 address of a host, each "" when it has none.
func (o *Observer) Addresses(ctx context.Context, host string) (v4, v6 string, err error) {
	return o.resolver.addresses(ctx, host)
}

// FoundNames are the aliases and domains of the clusters in the picture and the host names, as they are stored now and
// then, for a process that ends before that.
func (o *Observer) FoundNames() topology.Names {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.picture.chooseAliases()
	n := o.storedNames()
	foreign := func(cluster, _ string) bool { return o.picture.clusters[cluster] == nil }
	maps.DeleteFunc(n.Aliases, foreign)
	n.Domains = maps.Clone(n.Domains)
	maps.DeleteFunc(n.Domains, foreign)
	return n
}

// ResolvedNames returns all host names that were resolved, with what they resolved to.
func (o *Observer) ResolvedNames() map[string]string { return o.resolver.all() }

// CachedName is what a host name resolved to, and until when that is remembered.
type CachedName struct {
	Name    string
	Expires time.Time
}

// CachedNames returns all host names that were resolved and are still remembered.
func (o *Observer) CachedNames() map[string]CachedName { return o.resolver.remembered() }

// ResetResolved forgets all resolved host names and returns how many there were.
func (o *Observer) ResetResolved() int {
	n := o.resolver.forget()
	o.mu.Lock()
	o.picture.names.forgetResolved()
	o.mu.Unlock()
	return n
}

// errForgotten is what those get who wait for a server that was forgotten meanwhile.
func errForgotten(k topology.Key) error { return fmt.Errorf("%s was forgotten", k) }

// errSkipped is what those get who ask for a server that the configuration leaves out.
func errSkipped(k topology.Key, why string) error { return fmt.Errorf("%s is left out: %s", k, why) }
