package main

import (
	"context"
	"fmt"
	"time"

	"orchestrator/internal/sandbox"
)

// A primary dies right after it was promoted, as soon as the last replica follows it, and the leader with it: the other
// managers have hardly looked at it since it was a replica. This is struck only when it is named.
const again = "new-primary-and-leader"

// namedKinds are struck only when they are named.
var namedKinds = []string{siteLost, siteKept, again}

// loseAgain is one round of it.
func (s *series) loseAgain(ctx context.Context, n int) error {
	first := s.primary
	if err := first.Kill(); err != nil {
		return err
	}
	if err := s.awaitSuccessor(ctx, first); err != nil {
		return err
	}
	second := s.primary
	if err := s.awaitFollower(ctx, second); err != nil {
		return err
	}
	time.Sleep(time.Duration(s.random.IntN(500)) * time.Millisecond) // the first failover is on record by then, or not
	var leader *node
	if err := await(ctx, "a leader", func() bool { leader = s.leader(ctx); return leader != nil }); err != nil {
		return err
	}
	began := time.Now()
	if err := s.strike(ctx, together, leader); err != nil {
		return err
	}
	if err := s.awaitAnother(ctx, again, leader, began); err != nil {
		return err
	}
	if err := s.awaitSuccessor(ctx, second); err != nil {
		return err
	}
	s.note(s.fixed, again, time.Since(began))
	s.failovers += 2
	for _, lost := range []*sandbox.Node{second, first} {
		if err := lost.Restart(ctx); err != nil {
			return err
		}
	}
	if err := s.heal(ctx, again, leader); err != nil {
		return err
	}
	return s.settle(ctx, n, again, began)
}

// awaitFollower waits until a server replicates from the primary.
func (s *series) awaitFollower(ctx context.Context, primary *sandbox.Node) error {
	return await(ctx, fmt.Sprintf("a replica of %s", primary), func() bool {
		for _, n := range s.cluster.Nodes() {
			if n == primary || !n.Running() {
				continue
			}
			if status, is, err := n.Replica(ctx); err == nil && is && status.Running() && status.SourceHost == primary.Host {
				return true
			}
		}
		return false
	})
}
