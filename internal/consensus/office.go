package consensus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"orchestrator/internal/store"
)

// observe follows who leads until ctx ends.
func (r *Raft) observe(ctx context.Context) {
	ticker := time.NewTicker(greetEvery)
	defer ticker.Stop()
	var told string
	for {
		elected := r.raft.State() == raft.Leader
		switch {
		case elected && !r.leads.Load():
			r.takeOffice(ctx)
		case !elected && r.leads.Swap(false):
			r.o.Logger.Warn("this node does not lead any more")
			r.o.Changed(false)
		}
		if elected && r.failsFor(standsStill) {
			r.o.Logger.Error("the backend of this node fails: another one is to lead")
			r.handOver()
		}
		if _, leader := r.raft.LeaderWithID(); string(leader) != told && leader != "" {
			told = string(leader)
			r.o.Logger.Info("raft: who leads", "leader", told)
		}
		select {
		case <-ctx.Done():
			if r.leads.Swap(false) {
				r.o.Changed(false)
			}
			return
		case <-r.raft.LeaderCh():
		case <-ticker.C:
		}
	}
}

// takeOffice begins to lead: when everything that was agreed on before is applied here.
func (r *Raft) takeOffice(ctx context.Context) {
	if r.o.Witness {
		r.handOver()
		return
	}
	if err := r.raft.Barrier(applyWithin).Error(); err != nil {
		return
	}
	begin, cancel := context.WithTimeout(ctx, applyWithin)
	defer cancel()
	if r.machine.index.Load() == 0 {
		if other, found := r.richest(begin); found {
			r.o.Logger.Info("another node holds more from before: it begins", "node", other.Address)
			if err := r.resign(other); err != nil {
				r.o.Logger.Info("the leadership was not handed over", "error", err)
			}
			return
		}
	}
	if err := r.o.Begin(begin, r.machine.logID, elected{r}); err != nil {
		if r.raft.State() == raft.Leader && ctx.Err() == nil {
			r.o.Logger.Error("this node was elected and cannot begin to lead", "error", err)
		}
		return
	}
	if r.verify(begin, confirmWithin) != nil {
		return
	}
	r.mu.Lock()
	r.since = r.o.Now()
	r.mu.Unlock()
	r.leads.Store(true)
	r.o.Logger.Info("this node leads", "term", r.raft.CurrentTerm())
	r.o.Changed(true)
}

// handOver gives the leadership to whoever is fit for it; when nobody is, this node keeps it.
func (r *Raft) handOver() {
	target, ok := r.fittest(func(Member) bool { return true })
	if !ok {
		return
	}
	if err := r.resign(target); err != nil {
		r.o.Logger.Info("the leadership was not handed over", "error", err)
	}
}

// leadsSince is when this node began to lead; zero when it does not.
func (r *Raft) leadsSince() time.Time {
	if !r.leads.Load() {
		return time.Time{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.since
}

func (r *Raft) isFailing() bool { return r.failsFor(0) }

func (r *Raft) failsFor(d time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.failing.IsZero() && r.o.Now().Sub(r.failing) >= d
}

// IsLeader implements Leadership. A node that was stopped for a while says no when it goes on, although raft in it has
// not noticed yet: what a majority said counts for no longer than they wait before they elect another one.
func (r *Raft) IsLeader() bool {
	if !r.leads.Load() || r.raft.State() != raft.Leader {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return elapsed(r.confirmed, r.o.Now()) < r.o.Election
}

// renewals is how many times a leader asks the others whether it leads, in the time for which their answer counts.
const renewals = 5

// renew asks again and again, while this node leads, until ctx ends.
func (r *Raft) renew(ctx context.Context) {
	ticker := time.NewTicker(r.o.Election / renewals)
	defer ticker.Stop()
	for {
		if r.raft.State() == raft.Leader {
			_ = r.verify(ctx, r.o.Election) // without an answer, the last one counts less and less
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// verify asks the others whether this node leads.
func (r *Raft) verify(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("%w: too few raft nodes answer", ErrNotLeader))
	defer cancel()
	sent := r.o.Now()
	if err := await(ctx, r.raft.VerifyLeader()); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if sent.After(r.confirmed) {
		r.confirmed = sent
	}
	return nil
}

// Confirm implements Leadership: a majority of the members says now that this node leads. A node that was asleep while
// another one was elected learns it here.
func (r *Raft) Confirm(ctx context.Context) error {
	if !r.leads.Load() {
		return r.notLeading()
	}
	if err := r.verify(ctx, confirmWithin); err != nil {
		if errors.Is(err, raft.ErrNotLeader) || errors.Is(err, raft.ErrLeadershipLost) || errors.Is(err, raft.ErrRaftShutdown) {
			return r.notLeading()
		}
		return fmt.Errorf("confirm the leadership: %w", err)
	}
	return nil
}

// await waits for what raft will answer. raft answers every question: at the latest when it ends, or ceases to lead.
func await(ctx context.Context, f raft.Future) error {
	done := make(chan error, 1)
	go func() { done <- f.Error() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *Raft) notLeading() error {
	address, _ := r.Leader()
	return notLeader(address)
}

// Propose implements store.Log.
func (r *Raft) Propose(ctx context.Context, data []byte) (any, error) {
	if !r.IsLeader() {
		return nil, fmt.Errorf("%w: %w", store.ErrNotAgreed, r.notLeading())
	}
	return r.propose(ctx, data)
}

// elected is the log as a node may use it that was elected and does not lead yet.
type elected struct{ r *Raft }

// Propose implements store.Log.
func (e elected) Propose(ctx context.Context, data []byte) (any, error) {
	return e.r.propose(ctx, data)
}

func (r *Raft) propose(ctx context.Context, data []byte) (any, error) {
	f := r.raft.Apply(data, applyWithin)
	if err := await(ctx, f); err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrNotAgreed, err)
	}
	return f.Response(), nil
}
