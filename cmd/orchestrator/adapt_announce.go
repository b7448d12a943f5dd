package main

import (
	"context"
	"log/slog"
	"time"

	"orchestrator/internal/topology"
)

// announcements make every server that the leader of a raft group knows known to the other nodes, once.
type announcements struct {
	leads    func() bool
	snapshot func() *topology.Topology
	announce func(ctx context.Context, keys ...topology.Key) error
	log      *slog.Logger

	told map[topology.Key]bool // nil while another node leads
}

// announceEvery is how often the leader sees whether it has found new servers.
const announceEvery = time.Second

func (s *service) announcements() *announcements {
	return &announcements{
		leads: s.parts.leader.IsLeader, snapshot: s.observer.Snapshot, announce: s.parts.store.Announce, log: s.options.Logger,
	}
}

// run announces until ctx ends.
func (a *announcements) run(ctx context.Context) {
	ticker := time.NewTicker(announceEvery)
	defer ticker.Stop()
	for {
		if err := a.tell(ctx); err != nil && ctx.Err() == nil && a.leads() {
			a.log.Warn("servers were not announced to the other nodes", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// tell announces what has not been announced by this leader. Servers that are gone are forgotten here too, so that they
// are announced again when they return.
func (a *announcements) tell(ctx context.Context) error {
	if !a.leads() {
		a.told = nil
		return nil
	}
	known := make(map[topology.Key]bool)
	var fresh []topology.Key
	for _, i := range a.snapshot().Instances() {
		known[i.Key] = true
		if !a.told[i.Key] {
			fresh = append(fresh, i.Key)
		}
	}
	if len(fresh) > 0 {
		if err := a.announce(ctx, fresh...); err != nil {
			return err
		}
	}
	a.told = known
	return nil
}
