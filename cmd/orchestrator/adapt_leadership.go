package main

import (
	"context"

	"orchestrator/internal/consensus"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// standalone is the leadership of a process that has no others, and of a command: what a person asks for is done by
// whichever process was asked.
type standalone struct {
	consensus.Alone
	unreplicated
}

// leased is the leadership of a service among others on one backend.
type leased struct {
	*consensus.Lease
	unreplicated
}

// bystander is the leadership of a service that looks at no server: it never leads.
type bystander struct{ unreplicated }

// IsLeader implements leadership.
func (bystander) IsLeader() bool { return false }

// Confirm implements leadership.
func (bystander) Confirm(context.Context) error { return consensus.ErrNotLeader }

// Run implements leadership.
func (bystander) Run(ctx context.Context) error { return consensus.Alone{}.Run(ctx) }

// unreplicated is what operate.Leadership says of nodes that share what they know through one backend.
type unreplicated struct{}

// LeaderURI implements operate.Leadership.
func (unreplicated) LeaderURI() string { return "" }

// Replicated implements operate.Leadership.
func (unreplicated) Replicated() bool { return false }

// standForLeader makes this process one that wants to lead; changed is told when it begins to and when it ceases to.
func (p *parts) standForLeader(changed func(leads bool)) *consensus.Lease {
	o := consensus.LeaseOptions{Table: p.store, Self: p.storeNode(), Now: p.now, Changed: changed, Logger: p.log}
	if file := p.store.File(); file != "" {
		o.Lock = consensus.NewLockFile(file + "-leader")
	}
	l := consensus.NewLease(o)
	p.lead(leased{Lease: l})
	p.health.gone = l.Gone
	return l
}

// lead makes l the leadership of everything that is made of the parts afterwards.
func (p *parts) lead(l leadership) {
	p.leader, p.health.leader = l, l
}

// leadersStore lets the observer write what it sees and decides only while this service is the one to do so. A service that stands by observes
// too, so that it can act at the moment when it leads, but the backend has one author.
type leadersStore struct {
	*pictureStore
	writes func() bool
}

// Observe implements observe.Store.
func (s leadersStore) Observe(i *topology.Instance) {
	if s.writes() {
		s.pictureStore.Observe(i)
	}
}

// ForgetInstances implements observe.Store.
func (s leadersStore) ForgetInstances(ctx context.Context, keys ...topology.Key) error {
	return s.ifWriting(func() error { return s.pictureStore.ForgetInstances(ctx, keys...) })
}

// SaveNames implements observe.Store.
func (s leadersStore) SaveNames(ctx context.Context, n topology.Names) error {
	return s.ifWriting(func() error { return s.pictureStore.SaveNames(ctx, n) })
}

// BeginDowntime implements observe.Store.
func (s leadersStore) BeginDowntime(ctx context.Context, k topology.Key, d topology.Downtime) error {
	return s.ifWriting(func() error { return s.pictureStore.BeginDowntime(ctx, k, d) })
}

// EndDowntime implements observe.Store.
func (s leadersStore) EndDowntime(ctx context.Context, k topology.Key) error {
	return s.ifWriting(func() error { return s.pictureStore.EndDowntime(ctx, k) })
}

// RegisterCandidate implements observe.Store.
func (s leadersStore) RegisterCandidate(ctx context.Context, k topology.Key, r topology.PromotionRule) error {
	return s.ifWriting(func() error { return s.pictureStore.RegisterCandidate(ctx, k, r) })
}

// Caretake implements observe.Store.
func (s leadersStore) Caretake(ctx context.Context) error {
	return s.ifWriting(func() error { return s.pictureStore.Caretake(ctx) })
}

func (s leadersStore) ifWriting(do func() error) error {
	if !s.writes() {
		return nil
	}
	return do()
}

// writesPicture makes a Writer of observations; forgotten is told of servers that others have deleted.
func (p *parts) writesPicture(forgotten func(topology.Key)) *store.Writer {
	return p.store.NewWriter(store.WriterOptions{OnForgotten: func(keys []topology.Key) {
		for _, k := range keys {
			forgotten(k)
		}
	}})
}
