package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"orchestrator/internal/topology"
)

// agreedStore is where the observer of a raft node writes. What it sees stays on the node, which has a backend of its
// own; what it decides is agreed on, and only the leader decides.
type agreedStore struct {
	*pictureStore // decisions, which go through the log
	own           *pictureStore
	leads         func() bool

	mu    sync.Mutex
	rules map[topology.Key]suggestedRule
}

// suggestedRule is a promotion rule that was written down, and when.
type suggestedRule struct {
	rule topology.PromotionRule
	at   time.Time
}

func newAgreedStore(agreed, own *pictureStore, leads func() bool) *agreedStore {
	return &agreedStore{pictureStore: agreed, own: own, leads: leads, rules: make(map[topology.Key]suggestedRule)}
}

// ForgetInstances implements observe.Store.
func (s *agreedStore) ForgetInstances(ctx context.Context, keys ...topology.Key) error {
	return s.own.ForgetInstances(ctx, keys...)
}

// SaveNames implements observe.Store.
func (s *agreedStore) SaveNames(ctx context.Context, n topology.Names) error {
	return s.own.SaveNames(ctx, n)
}

// BeginDowntime implements observe.Store.
func (s *agreedStore) BeginDowntime(ctx context.Context, k topology.Key, d topology.Downtime) error {
	if !s.leads() {
		return nil
	}
	return s.pictureStore.BeginDowntime(ctx, k, d)
}

// EndDowntime implements observe.Store.
func (s *agreedStore) EndDowntime(ctx context.Context, k topology.Key) error {
	if !s.leads() {
		return nil
	}
	return s.pictureStore.EndDowntime(ctx, k)
}

// RegisterCandidate implements observe.Store. A rule that stays the same is written again only to keep it from expiring.
func (s *agreedStore) RegisterCandidate(ctx context.Context, k topology.Key, r topology.PromotionRule) error {
	if !s.leads() {
		return nil
	}
	now := s.now()
	s.mu.Lock()
	last, known := s.rules[k]
	s.mu.Unlock()
	if known && last.rule == r && now.Sub(last.at) < s.config().CandidateInstanceExpire()/4 {
		return nil
	}
	if err := s.pictureStore.RegisterCandidate(ctx, k, r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules[k] = suggestedRule{r, now}
	return nil
}

// Caretake implements observe.Store. Each node removes by itself what has had its time; locks of processes that are gone
// are ended by the leader.
func (s *agreedStore) Caretake(ctx context.Context) error {
	errs := []error{s.own.purge(ctx)}
	if s.leads() {
		errs = append(errs, s.endMaintenances(ctx))
	}
	return errors.Join(errs...)
}
