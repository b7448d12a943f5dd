package consensus

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"orchestrator/internal/store"
)

const (
	// changeWithin bounds a change of the membership.
	changeWithin = 10 * time.Second
	// catchUpWithin bounds the time that a new member takes to learn what was agreed on.
	catchUpWithin = 60 * time.Second
)

// Newcomer asks a node that is to be taken in who it is; the error says why it cannot be.
func (r *Raft) Newcomer(ctx context.Context, address string) (g Greeting, err error) {
	ask, cancel := context.WithTimeout(ctx, greetWithin)
	defer cancel()
	if err := r.talk.ask(ask, address, askGreeting, r.greeting(), &g); err != nil {
		return g, fmt.Errorf("the node must run before it is added: %w", err)
	}
	if len(g.Members) > 0 && !slices.Contains(g.Members, r.id) {
		return g, fmt.Errorf("%s belongs to another cluster (%v): empty its RaftDataDir first", address, g.Members)
	}
	return g, nil
}

// AddMember takes a node in that runs already. It learns first and votes then, so that a slow one holds nobody up;
// unless voter says otherwise: then it never votes.
func (r *Raft) AddMember(ctx context.Context, address string, voter bool) error {
	if !r.IsLeader() {
		return r.notLeading()
	}
	g, err := r.Newcomer(ctx, address)
	if err != nil {
		return err
	}
	r.hear(g)
	r.changing.Lock()
	defer r.changing.Unlock()
	for _, s := range r.servers() {
		if string(s.ID) == g.ID && (s.Suffrage == raft.Voter) == voter && string(s.Address) == g.Address {
			return nil
		}
		if string(s.ID) == g.ID && s.Suffrage == raft.Voter && !voter {
			return r.raft.DemoteVoter(s.ID, 0, changeWithin).Error()
		}
	}
	id, at := raft.ServerID(g.ID), raft.ServerAddress(g.Address)
	r.o.Logger.Info("a node joins the raft cluster", "node", g.ID, "address", g.Address, "votes", voter)
	if err := r.raft.AddNonvoter(id, at, 0, changeWithin).Error(); err != nil || !voter {
		return err
	}
	if err := r.awaitCaughtUp(ctx, g.ID); err != nil {
		return fmt.Errorf("%s was added and does not vote yet: %w", address, err)
	}
	return r.raft.AddVoter(id, at, 0, changeWithin).Error()
}

// awaitCaughtUp waits until a member has applied what was agreed on when it began.
func (r *Raft) awaitCaughtUp(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, catchUpWithin, fmt.Errorf("it has not caught up within %s", catchUpWithin))
	defer cancel()
	target := r.machine.index.Load()
	again := time.NewTicker(greetEvery / 5)
	defer again.Stop()
	for {
		if h, ok := r.lastHeard(id); ok && h.Applied >= target && len(h.Members) > 0 {
			return nil
		}
		if !r.IsLeader() {
			return r.notLeading()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-again.C:
		}
	}
}

// RemoveMember takes a node out, by its address or its ID. The last voter stays, and so does one without which too few of
// those that remain answer.
func (r *Raft) RemoveMember(ctx context.Context, node string) error {
	if !r.IsLeader() {
		return r.notLeading()
	}
	m, err := r.member(node)
	if err != nil {
		return err
	}
	if m.Voter && r.voters() == 1 {
		return fmt.Errorf("%s is the only node that votes: add another one first", m.Address)
	}
	if left := VotesOf(r.Members(), m.ID); left.Here < left.Needed {
		return fmt.Errorf("%w: without %s, %d of %d nodes that vote answer and %d are needed", ErrQuorum, m.Address, left.Here, left.All, left.Needed)
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	r.o.Logger.Info("a node leaves the raft cluster", "node", m.ID, "address", m.Address)
	if err := r.raft.RemoveServer(raft.ServerID(m.ID), 0, changeWithin).Error(); err != nil {
		return err
	}
	r.forgetMember(m.ID)
	return nil
}

// ReplaceMember adds a node and removes another one when that has caught up: there is no moment with fewer votes.
func (r *Raft) ReplaceMember(ctx context.Context, old, next string) error {
	m, err := r.member(old)
	if err != nil {
		return err
	}
	if err := r.AddMember(ctx, next, m.Voter); err != nil {
		return err
	}
	return r.RemoveMember(ctx, m.ID)
}

// member finds a member by its address, its ID or its host name.
func (r *Raft) member(node string) (Member, error) {
	for _, m := range r.Members() {
		if m.Address == node || m.ID == node || m.Hostname != "" && m.Hostname == node {
			return m, nil
		}
	}
	return Member{}, fmt.Errorf("%s is no member of this raft cluster: %w", node, store.ErrNotFound)
}

func (r *Raft) voters() int {
	n := 0
	for _, s := range r.servers() {
		if s.Suffrage == raft.Voter {
			n++
		}
	}
	return n
}
