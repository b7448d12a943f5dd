package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/consensus"
	"orchestrator/internal/operate"
	"orchestrator/internal/store"
)

// election is who leads, decided by the lease in the backend.
type election struct {
	store     *store.Store
	self      store.Node
	candidate bool // this process stands for leader
	leads     func() bool
	within    time.Duration // after which a grabbed lease should have made this node the leader
}

func (p *parts) election() election {
	_, candidate := p.leader.(leased)
	return election{store: p.store, self: p.storeNode(), candidate: candidate, leads: p.leader.IsLeader, within: grabWithin}
}

const (
	// grabWithin is some beats of the leader that is replaced, which has to notice and let go, and of this node.
	grabWithin = 5 * consensus.Beat
	// askLead is how often it is asked whether this node leads already.
	askLead = 20 * time.Millisecond
)

var errNoCandidate = errors.New("this node does not stand for leader, because it looks at no server")

// Grab implements operate.Election. The lease is taken here; the node's own part in the election finds it so.
func (e election) Grab(ctx context.Context) error {
	if !e.candidate {
		return errNoCandidate
	}
	if err := e.store.GrabLease(ctx, e.self); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, e.within, fmt.Errorf("the lease was taken, but this node does not lead within %s", e.within))
	defer cancel()
	again := time.NewTicker(askLead)
	defer again.Stop()
	for !e.leads() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-again.C:
		}
	}
	return nil
}

// Reelect implements operate.Election.
func (e election) Reelect(ctx context.Context) error { return e.store.Reelect(ctx) }

// Nodes implements operate.Election.
func (e election) Nodes(ctx context.Context) ([]operate.NodeHealth, error) {
	live, err := e.store.LiveNodes(ctx, store.HealthTime)
	nodes := []operate.NodeHealth{}
	for _, n := range live {
		if n.Mode == httpMode {
			nodes = append(nodes, nodeOf(n))
		}
	}
	return nodes, err
}
