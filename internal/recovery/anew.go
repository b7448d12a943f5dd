package recovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
)

// A recovery whose manager ended before a successor was opened is taken back, and begun anew under the same record: the
// failure is the same, and so is what people and hooks are told of it. In between it is parked. The failure has to be found
// once more, by who leads now; nothing is repaired by what another one has seen. A record is closed where that does not
// happen.

// anewWithin is how long a failure may take to be found again. Its replicas have been told to replicate again, and must
// have noticed anew that their source is gone.
const anewWithin = 30 * time.Second

// park leaves a recovery that was taken back to whoever finds its failure again, and says whether there is something to be
// waited for. The journal stays open, and anybody may carry on.
func (e *Engine) park(u *Unfinished, log *recoveryLog) bool {
	r := &u.Recovery
	e.mu.Lock()
	_, before := e.parked[r.UID]
	delete(e.parked, r.UID)
	e.mu.Unlock()
	if before || r.planned() || u.Journal.Veto != "" || e.isBack(r) {
		return false
	}
	log.line("it is begun anew as soon as the failure is found again, within %s", anewWithin)
	log.startOver()
	e.giveUp(log)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.parked[r.UID] = e.o.Now().Add(anewWithin)
	return true
}

// isBack says whether the server answers again whose silence a recovery was to repair.
func (e *Engine) isBack(r *Recovery) bool {
	if k := r.kind(); k.alive || k.inPlace {
		return false // it has answered all the time
	}
	i := e.o.Observer.Snapshot().Instance(r.Finding.Key)
	return i != nil && i.LastCheckValid()
}

// isParked says whether a recovery still waits for its failure to be found again.
func (e *Engine) isParked(u *Unfinished) bool {
	e.mu.Lock()
	until, parked := e.parked[u.Recovery.UID]
	e.mu.Unlock()
	return parked && e.o.Now().Before(until) && !e.isBack(&u.Recovery)
}

// unparkAll forgets what waits: this node does not lead, and who does sees to it.
func (e *Engine) unparkAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.parked)
}

// isOf says whether an unfinished recovery is one of the failure, repaired in the same way.
func (u *Unfinished) isOf(f *analysis.Finding, hooks bool) bool {
	is := kindOf(analysis.HandlingOf(f.Code).Recovery)
	return u.Recovery.Finding.Key == f.Key && u.Recovery.kind().name == is.name && u.Journal.Hooks == hooks
}

// register writes a recovery down, or takes up the record of an attempt at the same that was taken back. An error says why
// it must not begin.
func (e *Engine) register(ctx context.Context, r *Recovery, ask request) (*recoveryLog, error) {
	reason, same := e.unfinishedBusiness(ctx, &r.Finding, ask.hooks)
	switch {
	case reason != "":
		e.hold(&r.Finding, ask.first, failover.Hold{Rule: "running", Reason: reason})
		return nil, fmt.Errorf("recovery of %s has to wait: %s", r.Finding.Key, reason)
	case same != nil:
		return e.beginAnew(ctx, r, same)
	}
	journal := newJournal(r, ask.hooks)
	block, err := e.o.Ledger.RegisterRecovery(ctx, r, &journal)
	log := e.newLog(ctx, r, journal, err == nil)
	if err != nil {
		// Without a record the anti-flapping rule cannot be kept across processes. Ours is kept by the memory of this
		// one, so that a broken disk under the manager does not also cost the primary.
		log.problem("the recovery could not be registered", err)
		r.unregistered = true
		if block = e.remembered(r); r.Forced {
			block = Block{}
		}
	}
	if block.Blocked() {
		e.hold(&r.Finding, ask.first, holdOfBlock(block))
		log.close()
		return nil, fmt.Errorf("recovery of %s is blocked: %s", r.Finding.Key, block.Reason)
	}
	return log, nil
}

// beginAnew has a recovery go on under the record of an attempt at the same.
func (e *Engine) beginAnew(ctx context.Context, r *Recovery, same *Unfinished) (*recoveryLog, error) {
	was := &same.Recovery
	r.UID, r.ID, r.unregistered = was.UID, was.ID, was.ID == 0
	r.DetectionID = cmp.Or(was.DetectionID, r.DetectionID)
	r.Finding.CommandHint = cmp.Or(r.Finding.CommandHint, same.Journal.Command)
	log, err := e.takeUp(ctx, r, same)
	if err != nil {
		return nil, fmt.Errorf("recovery of %s: %w", r.Finding.Key, err)
	}
	e.mu.Lock()
	delete(e.parked, r.UID)
	delete(e.pending, r.UID)
	delete(e.doubtful, r.UID)
	e.mu.Unlock()
	log.line("begun anew by %s: %s", e.o.Node.Hostname, r.Finding.Code)
	return log, nil
}

// takeUp makes a recovery that another process left, or that was parked, this one's. A ledger that fails is no reason to
// leave it, as long as nobody else can lead.
func (e *Engine) takeUp(ctx context.Context, r *Recovery, u *Unfinished) (*recoveryLog, error) {
	journal := u.Journal
	journal.GivenUp = false
	err := e.o.Ledger.TakeUp(ctx, u, &journal)
	if errors.Is(err, ErrTakenUp) {
		return nil, err
	}
	if err != nil {
		e.o.Logger.Error("taking up an unfinished recovery", "uid", r.UID, "error", err)
		if lost := e.o.Leader.Confirm(ctx); lost != nil {
			return nil, lost
		}
	}
	return e.newLog(ctx, r, journal, true), nil
}

// adopt makes an unfinished recovery one that runs here, until forgetActive; nil when another process has taken it up.
func (e *Engine) adopt(ctx context.Context, u *Unfinished) *recoveryLog {
	r := &u.Recovery
	log, err := e.takeUp(ctx, r, u)
	if err != nil {
		e.o.Logger.Warn("an unfinished recovery is not carried on here", "uid", r.UID, "error", err)
		return nil
	}
	r.begins()
	e.mu.Lock()
	e.active[r.UID] = r
	delete(e.pending, r.UID)
	e.mu.Unlock()
	return log
}
