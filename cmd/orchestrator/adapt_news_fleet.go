package main

import (
	"context"
	"fmt"

	"orchestrator/internal/observe"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// fleetNews notices which servers other processes discovered and forgot, by their rows.
type fleetNews struct {
	store    *store.Store
	observer *observe.Observer
	// leads says whether this process writes the rows. If so, its writer is told which of them somebody deleted; here
	// a row of its own could be missing because it is about to be written.
	leads func() bool
	last  map[topology.Key]bool // nil before the first look
}

func (p *parts) fleetNews(o *observe.Observer) *fleetNews {
	return &fleetNews{store: p.store, observer: o, leads: p.leader.IsLeader}
}

// look discovers what is new in the backend, and forgets what is gone from there.
func (n *fleetNews) look(ctx context.Context) error {
	keys, err := n.store.InstanceKeys(ctx)
	if err != nil {
		return fmt.Errorf("read which servers are known: %w", err)
	}
	first := n.last == nil
	now := make(map[topology.Key]bool, len(keys))
	for _, k := range keys {
		switch known := n.observer.Instance(k) != nil; {
		case known, n.last[k]:
		case first:
			continue // the observer may not have loaded it yet; the next look will tell
		default:
			n.observer.DiscoverAsync(k)
		}
		now[k] = true
	}
	if !n.leads() {
		for k := range n.last {
			if !now[k] {
				forgetShown(n.observer, k)
			}
		}
	}
	n.last = now
	return nil
}

// forgetShown takes a server whose row is gone out of the picture.
func forgetShown(o *observe.Observer, k topology.Key) {
	if o.Instance(k) == nil {
		return
	}
	_ = o.Forget(k) // fails only when it was forgotten a moment ago
}
