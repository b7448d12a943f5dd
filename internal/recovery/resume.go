package recovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/execute"
	"orchestrator/internal/failover"
	"orchestrator/internal/observe"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

const (
	// resumeLook bounds how long one attempt to carry on waits for the picture of the servers to be complete.
	resumeLook = 10 * time.Second
	// lookPause is between two looks where no event brings news.
	lookPause = 250 * time.Millisecond
	// doubtFor is how long a successor that does not answer holds its cluster back, because it may have been opened for
	// writing. After that it is taken for lost, and closed for writing when it returns.
	doubtFor = 30 * time.Second
	// undoWithin bounds each step that takes back what an earlier leader did.
	undoWithin = 10 * time.Second
	// goneFor is how long a successor that is known to have been opened is waited for before the recovery ends without it.
	goneFor = 3 * time.Second
)

// crashComment is the acknowledgement of a recovery that ended with its process.
const crashComment = "%s; what was done has been taken back as far as it had to be, and nothing is left to be done"

// resume reads what earlier leaders left unfinished, and carries on with each whose process is gone.
func (e *Engine) resume(ctx context.Context) {
	e.catchUp(ctx)
	left, err := e.readPending(ctx)
	if err != nil && ctx.Err() == nil {
		e.o.Logger.Error("reading unfinished recoveries", "error", err)
	}
	for _, u := range left {
		if u.Running && !u.Own {
			continue
		}
		if e.isConcluded(u.Recovery.UID) || e.isParked(&u) {
			continue
		}
		cluster := u.Recovery.Finding.ClusterName
		if !e.occupy(cluster) {
			continue // by an earlier tick's attempt at this very recovery, or by another one
		}
		e.goTracked(func() {
			again := e.finish(ctx, u)
			e.vacate(cluster)
			if again && ctx.Err() == nil && e.runs() { // a failure that is still there is recovered at once
				e.judge(ctx, e.o.Observer.Snapshot())
			}
		})
	}
}

// readPending reads the open journals but for those of recoveries that run in this process, and remembers them.
func (e *Engine) readPending(ctx context.Context) ([]Unfinished, error) {
	running := e.activeUIDs() // before reading: what ends meanwhile has closed its journal too late for our copy
	left, err := e.o.Ledger.Unfinished(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	left = slices.DeleteFunc(left, func(u Unfinished) bool { return running[u.Recovery.UID] || e.active[u.Recovery.UID] != nil })
	if err == nil || left != nil {
		clear(e.pending)
	}
	for _, u := range left {
		e.pending[u.Recovery.UID] = u
	}
	return left, err
}

// runs says whether Run does.
func (e *Engine) runs() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ctx != nil && e.ctx.Err() == nil
}

func (e *Engine) activeUIDs() map[string]bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	uids := make(map[string]bool, len(e.active))
	for uid := range e.active {
		uids[uid] = true
	}
	return uids
}

func (e *Engine) isConcluded(uid string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.concluded[uid] != nil
}

// unfinishedBusiness says which unfinished recovery has something to do with a finding, "" for none. Two recoveries
// that know nothing of each other must not work on the same servers. One that was taken back and is of the very failure is
// returned: it is to be begun anew.
func (e *Engine) unfinishedBusiness(ctx context.Context, f *analysis.Finding, hooks bool) (reason string, same *Unfinished) {
	if _, err := e.readPending(ctx); err != nil {
		// What was read before still counts; a ledger that fails must not stop a recovery.
		e.o.Logger.Error("reading unfinished recoveries", "failed", f.Key.String(), "error", err)
	}
	failed := e.o.Observer.Snapshot().Instance(f.Key)
	e.mu.Lock()
	defer e.mu.Unlock()
	if by := e.detachedBy(failed); by != nil {
		return fmt.Sprintf("the recovery of %s, which detached it, is under way (%s)", by.Finding.Key, by.UID), nil
	}
	for uid, u := range e.pending {
		if e.concluded[uid] != nil {
			continue
		}
		if _, parked := e.parked[uid]; parked && u.isOf(f, hooks) {
			same = &u
			continue
		}
		servers := u.servers()
		if u.Recovery.Finding.ClusterName == f.ClusterName || slices.Contains(servers, f.Key) ||
			slices.ContainsFunc(f.Replicas, func(k topology.Key) bool { return slices.Contains(servers, k) }) {
			return fmt.Sprintf("the recovery of %s that began at %s (%s) has not been finished", u.Recovery.Finding.Key,
				u.Recovery.Started.Format(time.RFC3339), uid), nil
		}
	}
	return "", same
}

// servers are those that an unfinished recovery has to do with.
func (u *Unfinished) servers() []topology.Key {
	keys := append([]topology.Key{u.Recovery.Finding.Key, u.Journal.Successor}, u.Recovery.Participants...)
	keys = append(keys, u.Recovery.Finding.Replicas...)
	keys = slices.DeleteFunc(keys, func(k topology.Key) bool { return !k.IsValid() })
	slices.SortFunc(keys, topology.Key.Compare)
	return slices.Compact(keys)
}

// fate is what became of a recovery whose process ended in the middle.
type fate int

const (
	unclear  fate = iota // not to be told yet
	promoted             // a successor was opened: the rest is to be done
	undone               // nobody was: what was done is to be taken back
)

// finish carries on with a recovery that another process left, or takes it back. The servers decide which, not only
// the record. What cannot be told yet is left for the next attempt; the cluster is held back as long. It reports whether
// the failure is to be judged anew.
func (e *Engine) finish(ctx context.Context, u Unfinished) (again bool) {
	r := &u.Recovery
	r.Finding.CommandHint = cmp.Or(u.Journal.Command, Command(u.Journal.Operation).hint())
	r.unregistered = r.ID == 0 // the ledger failed when it began; its end could not be noted
	if e.superseded(ctx, &u) {
		e.closeSuperseded(ctx, &u)
		return false
	}
	if !e.isNext(&u) {
		return false
	}
	e.closeFormer(ctx, &u)
	t, complete := e.lookAtAll(ctx, u.servers())
	if ctx.Err() != nil || !e.o.Leader.IsLeader() {
		return false
	}
	since := e.doubtSince(r.UID)
	patient := e.o.Now().Before(since.Add(doubtFor))
	u.replaced = e.replacedSince(ctx, &u)
	bypassed := e.bypassed(ctx, &u, t)
	if bypassed == unclear {
		return false
	}
	what, successor := u.fate(t)
	gone := what == unclear && u.openedAndFollowed(t, successor) && !e.o.Now().Before(since.Add(goneFor))
	switch {
	case bypassed == promoted:
		what, gone = promoted, false
	case what == promoted, gone: // the rest is to be done, or nobody is there to do it with
	case (what == unclear || !complete) && patient:
		return false
	case what == unclear:
		// It may have been opened. It must not take writes beside the one that will be promoted in its place.
		e.o.Logger.Error("the successor of an unfinished recovery does not answer, and counts as lost", "successor", successor.String(), "uid", r.UID)
		e.loseSuccessor(ctx, r, successor)
		what = undone
	}

	log := e.adopt(ctx, &u)
	if log == nil {
		return false
	}
	defer e.forgetActive(r)
	k := r.kind()
	e.o.Logger.Warn("an unfinished recovery is carried on", "failed", r.Finding.Key.String(), "uid", r.UID, "promoted", what == promoted)
	e.progress(Progress{Kind: Began, Cluster: r.Finding.ClusterName, Server: r.Finding.Key, Text: "carrying on with an unfinished recovery", Recovery: r.UID, Repair: k.name})
	ask := request{hooks: u.Journal.Hooks}
	if bypassed == promoted {
		e.endBypassed(ctx, &u, ask, log)
		return false
	}
	if gone {
		e.endWithout(ctx, &u, successor, ask, log)
		return true
	}
	if what == promoted {
		e.remember(r) // the anti-flapping rule counts it like any other
		log.line("carried on by %s: %s has been opened for writing", e.o.Node.Hostname, successor)
		err := e.carryOn(ctx, &u, t, successor, log)
		close(r.still)
		if err != nil {
			e.leave(r, log, err)
			return false
		}
		e.conclude(ctx, r, ask, log, nil)
		return false
	}
	log.line("taken back by %s: %s", e.o.Node.Hostname, k.halted)
	if err := e.takeBack(ctx, &u, t, log); err != nil {
		e.leave(r, log, err)
		return false
	}
	if e.park(&u, log) {
		return true
	}
	if u.Journal.Veto != "" {
		e.conclude(ctx, r, ask, log, errors.New(u.Journal.Veto))
		return false
	}
	e.conclude(ctx, r, ask, log, errors.New(k.halted))
	if err := e.o.Ledger.Acknowledge(context.WithoutCancel(ctx), r.UID, fmt.Sprintf(crashComment, k.halted)); err != nil {
		e.o.Logger.Error("acknowledging a recovery that was taken back", "uid", r.UID, "error", err)
	}
	return true
}

// replacedSince says whether another server has taken the place of the successor since the recovery began, or that cannot be
// read.
func (e *Engine) replacedSince(ctx context.Context, u *Unfinished) bool {
	if u.Journal.Successor.IsZero() {
		return false
	}
	replaced, err := e.o.Ledger.DemotedSince(ctx, u.Journal.Successor, u.Recovery.Started)
	if err != nil {
		e.o.Logger.Error("whether a successor was replaced cannot be read; it is not opened again", "successor", u.Journal.Successor.String(), "error", err)
	}
	return replaced || err != nil
}

// doubtSince returns when the first attempt to carry on with a recovery was made.
func (e *Engine) doubtSince(uid string) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	if since, ok := e.doubtful[uid]; ok {
		return since
	}
	e.doubtful[uid] = e.o.Now()
	return e.doubtful[uid]
}

// lookAtAll asks the servers and returns the picture of them and of the clusters that they count to. It waits until
// that is complete, within bounds.
func (e *Engine) lookAtAll(ctx context.Context, keys []topology.Key) (t *topology.Topology, complete bool) {
	ctx, cancel := context.WithTimeout(ctx, resumeLook)
	defer cancel()
	events, unsubscribe := e.o.Observer.Subscribe(16)
	defer unsubscribe()
	for {
		e.look(ctx, keys...)
		t = e.o.Observer.Snapshot()
		known := 0
		complete = true
		for _, k := range keys {
			if i := t.Instance(k); i != nil {
				known++
				complete = complete && e.o.Observer.Complete(i.ClusterName)
			}
		}
		if complete && known > 0 {
			return t, true
		}
		pause := time.NewTimer(lookPause)
		select {
		case <-ctx.Done():
			pause.Stop()
			return t, false
		case <-events:
			pause.Stop()
		case <-pause.C:
		}
	}
}

// fate tells by the servers what became of the recovery, and who its successor is or may be.
func (u *Unfinished) fate(t *topology.Topology) (fate, topology.Key) {
	p := &u.Journal.Plan
	opening := p.NoReturn()
	begun := opening != nil && opening.State != plan.Waiting
	if k := u.Recovery.kind(); !k.promotes {
		// Of these only an opening cannot be taken back. What else was left half done is planned anew.
		if s := t.Instance(p.Successor); begun && s != nil && s.LastCheckValid() && !s.ReadOnly {
			return promoted, p.Successor
		}
		return undone, topology.Key{}
	}
	if s := t.Instance(p.Successor); s != nil && s.LastCheckValid() {
		switch {
		case opening == nil && slices.ContainsFunc(p.Steps, func(s plan.Step) bool {
			return (s.Phase == plan.Repoint || s.Phase == plan.Detach) && s.State != plan.Waiting
		}):
			return promoted, p.Successor // the policy leaves the opening to hooks
		case !s.ReadOnly && (!p.SuccessorWasOpen || begun || !s.HasSource()):
			return promoted, p.Successor
		}
	} else if opening != nil {
		return unclear, p.Successor
	}
	// The record may be older than what was done: the choice could have been another one in the end.
	for _, k := range u.servers() {
		if i := t.Instance(k); i != nil && k != u.Recovery.Finding.Key && openPrimary(i) {
			return promoted, k
		}
	}
	// It may have been opened, and restarted closed since. Another one that has taken its place since has what it lacks.
	if s := t.Instance(p.Successor); s != nil && !u.replaced && (begun && !s.HasSource() || u.opened(p.Successor)) {
		return promoted, p.Successor
	}
	return undone, topology.Key{}
}

// endWithout ends a recovery whose successor was opened and is gone: its own failure is recovered next.
func (e *Engine) endWithout(ctx context.Context, u *Unfinished, successor topology.Key, ask request, log *recoveryLog) {
	r := &u.Recovery
	e.remember(r)
	log.line("carried on by %s: %s had been opened for writing, and does not answer", e.o.Node.Hostname, successor)
	e.o.Observer.Apply(observe.Promoted{Key: successor})
	e.recordWithout(u, successor)
	e.conclude(ctx, r, ask, log, nil)
}

// recordWithout fills in what is to be told of a recovery that ends as far as it has come.
func (e *Engine) recordWithout(u *Unfinished, successor topology.Key) {
	r := &u.Recovery
	r.Plan = u.Journal.Plan
	r.Successor, r.SuccessorCoordinates, r.SuccessorAlias = successor, u.Journal.OpenAt, e.aliasOf(successor)
	e.involve(r, &r.Plan)
	r.Lost = r.Plan.LostKeys()
	for _, s := range r.Plan.Steps {
		if s.Phase == plan.Repoint && s.State != plan.Done && s.State != plan.Skipped && !e.follows(s.Server, successor) && !slices.Contains(r.Lost, s.Server) {
			r.Lost = append(r.Lost, s.Server)
		}
	}
}

func (e *Engine) follows(k, source topology.Key) bool {
	i := e.o.Observer.Snapshot().Instance(k)
	return i != nil && i.Channel.Source == source
}

// loseSuccessor gives a successor up of which nobody knows whether it takes writes.
func (e *Engine) loseSuccessor(ctx context.Context, r *Recovery, k topology.Key) {
	e.fence(k, r.Finding.ClusterName)
	lost := e.markLost(k)
	if err := lost.write(ctx); err != nil {
		e.o.Logger.Error(lost.what, "uid", r.UID, "error", err)
	}
}

// carryOn does what is left of a recovery whose successor has been opened.
func (e *Engine) carryOn(ctx context.Context, u *Unfinished, t *topology.Topology, successor topology.Key, log *recoveryLog) error {
	r := &u.Recovery
	if r.planned() && successor == u.Journal.Successor {
		return e.carryOnTakeover(ctx, u, t, log)
	}
	if k := r.kind(); !k.promotes { // it has been opened where it stands, and that was all
		r.Successor = successor
		e.involve(r, &u.Journal.Plan)
		return nil
	}
	e.countPromoted(r, successor)
	e.noteSuccessor(r.Finding.Key, successor)
	e.fence(r.Finding.Key, r.Finding.ClusterName)
	opened, before := openedBy(u, successor)
	before = u.withOpening(before, t.Instance(successor))
	rest := failover.Follow(t, failover.Request{Failed: r.Finding.Key, Operation: string(r.Finding.Code)}, opened, failover.PolicyOf(e.o.Config()))
	rest.Cluster = r.Finding.ClusterName
	rest.Lost = append(rest.Lost, u.detached(t)...)
	r.Plan = rest
	r.Plan.Prepend(before)
	log.plan(&r.Plan)
	e.involve(r, &r.Plan)
	r.Lost = r.Plan.LostKeys()
	run := execute.New(e.executorOptions(r.Finding.ClusterName, r.UID, log)).NewRun()
	run.BeforeNoReturn(func(context.Context) error {
		for _, k := range u.servers() {
			if i := e.o.Observer.Snapshot().Instance(k); k != successor && i != nil && openPrimary(i) {
				return fmt.Errorf("%s is open for writing", k)
			}
		}
		return nil
	})
	// What ran before must not run again: only the steps of the new part are waiting.
	todo := r.Plan
	todo.Steps = r.Plan.Steps[len(before):]
	if err := run.Plan(ctx, &todo, 0); err != nil {
		return err
	}
	r.Successor, r.SuccessorCoordinates = successor, opened.At
	if at := run.Opened(); !at.IsEmpty() {
		r.SuccessorCoordinates = at
	}
	if s := t.Instance(successor); s != nil {
		r.SuccessorAlias = s.Alias
	}
	e.countFailedFollowers(r)
	return nil
}
