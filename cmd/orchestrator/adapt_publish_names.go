package main

import (
	"context"
	"fmt"
	"slices"

	"orchestrator/internal/publish"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// looksOut prepares to see where the names of the clusters lead (DetectClusterDomainQuery). The manager that leads looks.
func (p *parts) looksOut(picture func() *topology.Topology, servers *server.Servers) *publish.Lookout {
	return publish.NewLookout(publish.LookoutOptions{
		Names: func() []publish.Name { return namesIn(picture()) }, Active: p.leader.IsLeader, Now: p.now,
		Whose: func(ctx context.Context, k topology.Key) (string, error) {
			if picture().Instance(k) == nil {
				defer servers.Forget(k) // what is known of a name is known of the server that it leads to at the time
			}
			return servers.For(k).Whose(ctx)
		},
	})
}

// namesIn are the names of the clusters that have one and a primary.
func namesIn(t *topology.Topology) []publish.Name {
	var all []publish.Name
	for _, c := range t.Clusters() {
		primaries := c.Primaries()
		if len(primaries) == 0 || c.Alias == "" {
			continue
		}
		i := primaries[0]
		if i.ClusterDomain == "" || i.ClusterDomain == i.Key.Hostname {
			continue
		}
		n := publish.Name{Alias: c.Alias, Name: i.ClusterDomain, Primary: i.Key}
		for _, m := range c.Members {
			if m.Key != i.Key {
				n.Others = append(n.Others, m.Key)
			}
		}
		all = append(all, n)
	}
	return all
}

// internalStore is what the key-value store in the backend is called among the stores.
const internalStore = "internal"

// publishedInside is what stands in the key-value store of the backend, beside what is to stand there.
func (p *parts) publishedInside(ctx context.Context) (publish.Listing, error) {
	all := publish.Listing{Store: internalStore}
	list, err := p.store.PublishedPrimaries(ctx)
	if err != nil {
		return all, fmt.Errorf("what is published: %w", err)
	}
	held, err := p.store.ListKV(ctx, "")
	if err != nil {
		return all, fmt.Errorf("the key-value store of the backend: %w", err)
	}
	for _, s := range list {
		if len(s.Pairs) == 0 {
			continue
		}
		all.Entries = append(all.Entries, p.insideEntry(s, held))
	}
	return all, nil
}

func (p *parts) insideEntry(s store.Published, held []store.KV) publish.Entry {
	e := publish.Entry{Alias: s.Alias, Wanted: s.Pairs[0].Value, Checked: p.now(), Changed: s.Decided, State: publish.AsWanted}
	sight := publish.Sight{Would: publish.Present}
	if at := slices.IndexFunc(held, func(kv store.KV) bool { return kv.Key == s.Pairs[0].Key }); at >= 0 {
		sight.Value = held[at].Value
	}
	if len(missingFrom(held, s.Pairs)) > 0 {
		e.State, sight.Would, sight.Tampered = publish.Elsewhere, publish.Written, true
	}
	e.Sights = []publish.Sight{sight}
	return e
}

// missingFrom are the entries that do not stand there as they are wanted.
func missingFrom(held, wanted []store.KV) []store.KV {
	return slices.DeleteFunc(slices.Clone(wanted), func(kv store.KV) bool { return slices.Contains(held, kv) })
}
