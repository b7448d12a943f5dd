package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// addressesEvery is how often the addresses of hosts are looked at; who is asked for them remembers them longer.
const addressesEvery = time.Minute

// addressBook keeps the addresses of the servers' hosts in the backend. Key-value stores tell them along with a primary's
// name, and no failover shall wait for a name server.
type addressBook struct {
	store    *store.Store
	writes   func() bool // whether this node writes to the backend
	snapshot func() *topology.Topology
	lookUp   func(ctx context.Context, host string) (v4, v6 string, err error)
	log      *slog.Logger

	kept map[string]store.HostIPs // as they were written last
}

func (p *parts) addressBook(snapshot func() *topology.Topology, lookUp func(context.Context, string) (string, string, error)) *addressBook {
	return &addressBook{
		store: p.store.Local(), snapshot: snapshot, lookUp: lookUp, log: p.log, kept: make(map[string]store.HostIPs),
		writes: func() bool { return p.raft != nil || p.leader.IsLeader() },
	}
}

// run keeps the book until ctx ends.
func (b *addressBook) run(ctx context.Context) {
	ticker := time.NewTicker(addressesEvery)
	defer ticker.Stop()
	failing := false
	for {
		err := b.keep(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			b.log.Warn("the addresses of hosts are not written down", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// keep writes down what has changed. A host that cannot be looked up keeps the addresses that it had.
func (b *addressBook) keep(ctx context.Context) error {
	if !b.writes() {
		clear(b.kept) // whoever writes instead may find other addresses
		return nil
	}
	var errs []error
	seen := make(map[string]bool)
	for _, i := range b.snapshot().Instances() {
		host := i.Key.Hostname
		if seen[host] || !i.LastCheckValid() {
			continue
		}
		seen[host] = true
		v4, v6, err := b.lookUp(ctx, host)
		if err != nil {
			continue // it was reached all the same, by another way
		}
		now := store.HostIPs{Hostname: host, IPv4: v4, IPv6: v6}
		if b.kept[host] == now {
			continue
		}
		if err := b.store.SaveHostIPs(ctx, now); err != nil {
			errs = append(errs, err)
			continue
		}
		b.kept[host] = now
	}
	return errors.Join(errs...)
}
