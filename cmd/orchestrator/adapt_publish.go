package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/operate"
	"orchestrator/internal/publish"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

const (
	// publishWithin is how long the hooks of a recovery wait for the key-value stores, so that they find there what they are told.
	publishWithin = time.Second
	// publishEvery is how often the leader sees whether a primary is another one than it has published.
	publishEvery = time.Minute
)

// kvStores are the key-value stores that the configuration names.
func kvStores(c *config.Config, leads func() bool) ([]publish.KV, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	if c.ConsulScheme == "https" || strings.Contains(c.EtcdAddress, "https://") {
		var err error
		if transport.TLSClientConfig, err = peerTLS(c); err != nil {
			return nil, err
		}
	}
	client := &http.Client{Transport: transport}
	var all []publish.KV
	if servers := publish.ZooKeeperServers(c.ZkAddress); len(servers) > 0 {
		all = append(all, &publish.ZooKeeper{Servers: servers})
	}
	if c.ConsulAddress != "" {
		all = append(all, &publish.Consul{
			Address: c.ConsulAddress, Scheme: c.ConsulScheme, Token: c.ConsulAclToken, Client: client,
			Everywhere: func() bool { return c.ConsulCrossDataCenterDistribution && leads() },
		})
	}
	if addresses := publish.EtcdAddresses(c.EtcdAddress); len(addresses) > 0 {
		all = append(all, &publish.Etcd{Addresses: addresses, User: c.EtcdUser, Password: c.EtcdPassword, Client: client})
	}
	return all, nil
}

// publishes prepares the way to the key-value stores. In a raft group each node writes to those that its own
// configuration names; otherwise the leader does.
func (p *parts) publishes(picture func(context.Context) (*topology.Topology, error)) error {
	leads := func() bool { return p.leader.IsLeader() }
	stores, err := kvStores(p.config(), leads)
	if err != nil {
		return err
	}
	p.publisher = publish.NewPublisher(publish.PublisherOptions{
		Stores: stores, Now: p.now, Logger: p.log,
		Wanted: func(ctx context.Context) ([]publish.Primary, error) { return p.wanted(ctx, picture) },
		Check: func(w publish.Primary) error {
			t, err := picture(context.Background())
			if err != nil {
				return err
			}
			return mayBeSent(t, w, p.now())
		},
		Active: func() bool { return !p.config().RaftWitness && (p.raft != nil || leads()) },
	})
	return nil
}

// wanted is what was published of the clusters that there are.
func (p *parts) wanted(ctx context.Context, picture func(context.Context) (*topology.Topology, error)) ([]publish.Primary, error) {
	t, err := picture(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool)
	for _, c := range t.Clusters() {
		known[c.Alias] = true
	}
	list, err := p.store.PublishedPrimaries(ctx)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(s store.Published) bool { return !known[s.Alias] })
	return each(list, toPublish), nil
}

func toPublish(s store.Published) publish.Primary {
	return publish.Primary{
		Alias: s.Alias, Key: s.Primary, Revision: s.Revision, Decided: s.Decided,
		Pairs: each(s.Pairs, func(p store.KV) publish.Pair { return publish.Pair(p) }),
	}
}

// mayBeSent says why clients must not be sent to a primary. What was decided after the server was last looked at is known
// better than what that look has shown.
func mayBeSent(t *topology.Topology, w publish.Primary, now time.Time) error {
	i := t.Instance(w.Key)
	switch {
	case i == nil:
		return fmt.Errorf("%s is not known any more", w.Key)
	case !i.Check.Checked.After(w.Decided):
		return nil
	}
	if err := operate.WhyUnpublishable(i, now); err != nil {
		return err
	}
	if c := t.Cluster(i.ClusterName); c == nil || !slices.Contains(c.Primaries(), i) {
		return fmt.Errorf("%s is a replica", i.Key)
	}
	return nil
}

// publishNow tells the stores what a person has said, and returns why one was not told.
func (p *parts) publishNow(ctx context.Context, s store.Published) error {
	if p.publisher == nil {
		return nil
	}
	return p.publisher.Put(ctx, toPublish(s))
}

// publishSoon tells the stores what a recovery has decided. It waits for them a little; after that it goes on in the background.
func (p *parts) publishSoon(ctx context.Context, s store.Published) {
	if p.publisher == nil {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, publishWithin, errors.New("no answer in time"))
	defer cancel()
	if err := p.publisher.Put(ctx, toPublish(s)); err != nil {
		p.log.Warn("a new primary is not published everywhere yet; it is tried again", "alias", s.Alias, "primary", s.Primary.String(), "error", err)
	}
	p.publisher.Wake()
}

// publication sees to it, while this process leads, that what is published is what is seen.
type publication struct {
	*parts
	snapshot func() *topology.Topology
	busy     func(cluster string) bool
}

// run publishes until ctx ends. It begins when each server has been looked at several times.
func (p publication) run(ctx context.Context) {
	grace := time.NewTimer(3 * p.config().InstancePoll())
	defer grace.Stop()
	select {
	case <-ctx.Done():
		return
	case <-grace.C:
	}
	ticker := time.NewTicker(publishEvery)
	defer ticker.Stop()
	failing := false
	for {
		err := p.observed(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			p.log.Warn("primaries that were seen are not published", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// observed publishes what is seen of clusters in which nothing is going on.
func (p publication) observed(ctx context.Context) error {
	if !p.leader.IsLeader() {
		return nil
	}
	list, err := p.store.PublishedPrimaries(ctx)
	if err != nil {
		return err
	}
	said := make(map[string]topology.Key)
	for _, s := range list {
		said[s.Alias] = s.Primary
	}
	var errs []error
	for _, c := range p.snapshot().Clusters() {
		i := publishable(c, said[c.Alias], p.now())
		if c.Alias == "" || i == nil || p.busy(c.Name) {
			continue
		}
		pairs, addresses := p.store.PrimaryPairs(ctx, p.config().KVClusterMasterPrefix, c.Alias, i.Key)
		now, done, err := p.store.PublishPrimary(ctx, store.Publication{Alias: c.Alias, Primary: i.Key, Pairs: pairs, Seen: i.Check.Seen})
		errs = append(errs, addresses, err)
		if done && err == nil && now.Primary != said[c.Alias] {
			p.publisher.Wake()
		}
	}
	return errors.Join(errs...)
}

// publishable is the primary of a cluster that clients may be sent to. Of several the one that they know stays.
func publishable(c *topology.Cluster, known topology.Key, now time.Time) *topology.Instance {
	for _, i := range c.Primaries() {
		if i.Key == known && operate.WhyUnpublishable(i, now) == nil {
			return i
		}
	}
	return operate.PublishablePrimary(c, now)
}
