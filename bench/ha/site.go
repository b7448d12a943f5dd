package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/sandbox"
)

// A site is cut off: the primary, and managers with it. They reach each other, and nobody else; the replicas and the other
// managers are on the other side. These are struck only when they are named.
const (
	siteLost = "site-with-one-manager"  // the other side has the majority, and fails over
	siteKept = "site-with-two-managers" // the other side has not, and must not
)

// cutOffSite is one round of these. The leader is always on the primary's side.
func (s *series) cutOffSite(ctx context.Context, kind string, leader *node) error {
	old, began := s.primary, time.Now()
	away := []*node{leader}
	other := s.nodes[(leader.index+1+s.random.IntN(managers-1))%managers]
	if kind == siteKept {
		away = append(away, other)
	}
	site := []int{managers + s.primary.Index()}
	for _, n := range away {
		site = append(site, n.index)
	}
	if err := s.network.Split(ctx, site...); err != nil {
		return err
	}
	s.away = old
	var err error
	if kind == siteLost {
		err = s.failsOver(ctx, kind, old, leader, began)
	} else {
		err = s.holdsStill(ctx)
	}
	if err != nil {
		return err
	}
	s.away, leader.out = nil, false
	for _, node := range site {
		if err := s.network.Heal(ctx, node); err != nil {
			return err
		}
	}
	return nil
}

// failsOver waits for what the side with the majority has to do.
func (s *series) failsOver(ctx context.Context, kind string, old *sandbox.Node, leader *node, began time.Time) error {
	leader.out = true
	if err := await(ctx, "another leader", func() bool { return s.leader(ctx) != nil }); err != nil {
		return err
	}
	s.note(s.took, kind, time.Since(began))
	if err := s.awaitSuccessor(ctx, old); err != nil {
		return err
	}
	s.note(s.fixed, kind, time.Since(began))
	s.failovers++
	return nil
}

// holdsStill looks for longer than a failover takes, and sees that no replica is opened for writing.
func (s *series) holdsStill(ctx context.Context) error {
	until := time.Now().Add(siteFor)
	for time.Now().Before(until) {
		found, err := s.writable(ctx)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return errors.New("a side without the majority has opened " + found[0].Addr())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(sampleEvery):
		}
	}
	if s.leader(ctx) == nil {
		return fmt.Errorf("nobody leads on the side with the majority")
	}
	return nil
}

// siteFor is longer than the side with the majority takes for its failover, by far.
const siteFor = 15 * time.Second
