package consensus

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"orchestrator/internal/store"
)

// The times of a lease.
const (
	// Beat is how often the lease is renewed, or attempted by those who do not have it.
	Beat = time.Second
	// Hold is how long a holder that cannot renew its lease goes on leading. It is a beat less than the time after
	// which another may take over, for the step that is under way.
	Hold = store.LeaseTime - Beat
	// overdue is how long a lease must have been seen unchanged before another node takes over. Renewals are on record by
	// the second, so that the last one may have been made up to a second after its mark was first seen.
	overdue = store.LeaseTime + time.Second

	confirmedFor = 250 * time.Millisecond // Confirm asks no more often than this
	confirmLimit = time.Second            // for the backend's answer to Confirm
	beatLimit    = 2 * time.Second        // for its answer to a renewal
	releaseLimit = 2 * time.Second        // for giving the lease back
	silentFor    = 30 * time.Second       // a holder of the lock that is silent for so long is reported
)

// Table is the lease in the shared backend; *store.Store is one.
type Table interface {
	AttemptLease(ctx context.Context, me store.Node, silent store.LeaseMark) (holder store.LeaseMark, err error)
	RenewLease(ctx context.Context, me store.Node) (still bool, err error)
	InheritLease(ctx context.Context, me store.Node, token string) (inherited bool, err error)
	ReleaseLease(ctx context.Context, me store.Node) error
	GrabLease(ctx context.Context, me store.Node) error
	ActiveNode(ctx context.Context) (h store.NodeHealth, ok bool, err error)
}

// LeaseOptions are what a Lease needs. Table, Self and Now are required.
type LeaseOptions struct {
	Table Table
	Self  store.Node
	// Lock proves who is alive on a backend that is one file: whoever leads there holds it. Nil on a backend that
	// several machines share.
	Lock Lock
	// Now is a clock that goes on while the process is stopped, as time.Now does.
	Now func() time.Time
	// Steady tells the time that has passed since some moment, by a clock that nobody sets and that may stand while the
	// machine sleeps; nil is the monotonic one of this process. By it others are judged, as by Now this node itself.
	Steady func() time.Duration
	// Changed is told, from Run, when this node begins to lead (true) and when it ceases to. It must be quick.
	Changed func(leads bool)
	Logger  *slog.Logger
}

// Lease is leadership by the row in the table active_node: it implements Leadership. Its methods are safe for
// concurrent use; Try and Run are one caller's.
type Lease struct {
	o LeaseOptions

	mu      sync.Mutex
	leads   bool
	locked  bool      // the lock is held: nobody else can lead
	before  string    // token of the process that held the lock before; its lease counts for nothing
	renewed time.Time // when the last request that renewed the lease was sent
	denied  time.Time // when the last request was sent that said that the lease is another's
	other   string    // who leads instead; "" when that is not known

	// The rest belongs to Run alone.
	unlockable bool            // there are no locks here: the lease alone decides
	announced  bool            // as Changed was told
	told       string          // the other leader that was logged
	failing    bool            // the backend was reported to fail
	watched    store.LeaseMark // another's lease as it was seen last
	since      time.Duration   // when it was first seen so, by Steady
	silent     bool            // the holder of the lock was reported to be silent
}

// NewLease returns a Lease that does not lead; Run attempts it.
func NewLease(o LeaseOptions) *Lease {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Changed == nil {
		o.Changed = func(bool) {}
	}
	if o.Steady == nil {
		began := time.Now()
		o.Steady = func() time.Duration { return time.Since(began) }
	}
	return &Lease{o: o}
}

// IsLeader implements Leadership.
func (l *Lease) IsLeader() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.holds(l.o.Now())
}

// holds says whether nobody else can lead at this moment. The caller holds mu.
func (l *Lease) holds(now time.Time) bool {
	return l.leads && (l.locked || elapsed(l.renewed, now) < Hold)
}

// elapsed is the time between two moments by whichever clock has run further: the monotonic one may stand still while
// a machine sleeps, and the wall clock may be set back.
func elapsed(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}

// Confirm implements Leadership. When the backend does not answer, this node leads for as long as nobody else can.
func (l *Lease) Confirm(ctx context.Context) error {
	begun := l.o.Now()
	l.mu.Lock()
	holds, fresh, other := l.holds(begun), elapsed(l.renewed, begun) < confirmedFor, l.other
	locked, before := l.locked, l.before
	l.mu.Unlock()
	switch {
	case !holds:
		return notLeader(other)
	case fresh:
		return nil
	}
	ask, cancel := context.WithTimeout(ctx, confirmLimit)
	defer cancel()
	var still bool
	var err error
	if locked {
		// Reading waits for nobody who writes; that the lease is renewed is the matter of Run.
		still, err = l.vacant(ask, before)
	} else {
		still, err = l.o.Table.RenewLease(ask, l.o.Self)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("confirm the leadership: %w", context.Cause(ctx))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle(still, err, begun)
	if !l.holds(l.o.Now()) {
		return notLeader(l.other)
	}
	return nil
}

func notLeader(other string) error {
	if other == "" {
		return ErrNotLeader
	}
	return fmt.Errorf("%w: %s does", ErrNotLeader, other)
}

// settle takes in what the backend answered to a request sent at begun. The caller holds mu.
func (l *Lease) settle(mine bool, err error, begun time.Time) {
	switch {
	case err == nil && mine:
		if !l.denied.IsZero() && !begun.After(l.denied) {
			return // an answer that was overtaken by a newer one
		}
		l.leads, l.other = true, ""
		if begun.After(l.renewed) {
			l.renewed = begun
		}
	case err == nil:
		l.leads, l.denied = false, begun
	case !l.holds(l.o.Now()):
		l.leads = false // for good: what comes next must be a new attempt
	}
}

// Grab makes this node the leader, whoever is it; that one notices at its next beat. On a backend that is one file
// this node leads once the other has let go of the lock.
func (l *Lease) Grab(ctx context.Context) error {
	if err := l.o.Table.GrabLease(ctx, l.o.Self); err != nil {
		return err
	}
	l.Try(ctx)
	return nil
}

// Run implements Leadership.
func (l *Lease) Run(ctx context.Context) error {
	defer l.leave(ctx)
	for next := time.NewTimer(0); ; next.Reset(l.pause()) {
		select {
		case <-ctx.Done():
			next.Stop()
			return nil
		case <-next.C:
			l.Try(ctx)
		}
	}
}

// pause is how long Run waits now: a beat, or until the lease of another is overdue.
func (l *Lease) pause() time.Duration {
	if l.announced || l.watched.Node == (store.Node{}) {
		return Beat
	}
	return min(Beat, max(l.since+overdue-l.o.Steady(), Beat/20))
}

// Try renews or attempts the lease once, now. Call it before Run for a node that shall lead from its first moment, if
// it can.
func (l *Lease) Try(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	ask, cancel := context.WithTimeout(ctx, beatLimit)
	defer cancel()
	begun := l.o.Now()
	var mine bool
	var err error
	if l.lock() {
		mine, err = l.attempt(ask)
	}
	if ctx.Err() != nil {
		return // the end of this node says nothing about the lease
	}
	l.mu.Lock()
	l.settle(mine, err, begun)
	leads := l.holds(l.o.Now())
	l.mu.Unlock()
	l.report(err)
	if leads {
		l.announce(true)
		return
	}
	l.unlock()
	l.announce(false)
	l.standBy(ask)
}

// attempt asks the backend for the lease.
func (l *Lease) attempt(ctx context.Context) (mine bool, err error) {
	holder, err := l.o.Table.AttemptLease(ctx, l.o.Self, l.overdue())
	mine = err == nil && holder.Node == l.o.Self
	if err == nil {
		l.watch(holder)
	}
	if !l.locked || l.IsLeader() || mine {
		return mine, err
	}
	last, noteErr := l.o.Lock.LastNote()
	if noteErr != nil {
		l.o.Logger.Debug("who led before is not known", "error", noteErr)
	}
	l.mu.Lock()
	l.before = last
	l.mu.Unlock()
	// Whoever noted its token held the lock, which is ours now: that process is gone.
	if err != nil {
		if free, readErr := l.vacant(ctx, last); readErr == nil {
			return free, nil
		}
		return false, err
	}
	if last == "" {
		return false, nil
	}
	return l.o.Table.InheritLease(ctx, l.o.Self, last)
}

// watch takes in who holds the lease. It begins to count anew whenever that has changed.
func (l *Lease) watch(holder store.LeaseMark) {
	if holder.Node == l.o.Self {
		holder = store.LeaseMark{}
	}
	if holder != l.watched {
		l.watched, l.since = holder, l.o.Steady()
	}
}

// overdue is another's lease that has been seen unchanged for as long as it may be; the zero LeaseMark where there is none.
func (l *Lease) overdue() store.LeaseMark {
	if l.o.Steady()-l.since < overdue {
		return store.LeaseMark{}
	}
	return l.watched
}

// Gone says whether the process with that token is known to have ended: it led, and this node has its lock. What it was
// doing can be carried on at once, without waiting for its signs of life to grow old.
func (l *Lease) Gone(token string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.locked && token != "" && token == l.before
}

// vacant says whether nobody else leads, by reading alone; last is the token of a process that is gone. The lock is
// held, so nobody can begin to lead either: a full disk keeps no service from leading.
func (l *Lease) vacant(ctx context.Context, last string) (bool, error) {
	h, held, err := l.o.Table.ActiveNode(ctx)
	if err != nil {
		return false, err
	}
	return !held || h.Node == l.o.Self || h.Token == last || l.o.Now().Sub(h.LastSeen) > store.LeaseTime, nil
}

// lock takes the lock, if there is one to take, and says whether this node may attempt the lease.
func (l *Lease) lock() bool {
	if l.o.Lock == nil || l.unlockable || l.locked {
		return true
	}
	held, err := l.o.Lock.TryLock()
	if err != nil {
		l.unlockable = true
		l.o.Logger.Warn("no lock can be held beside the backend; the lease in it alone decides who leads", "error", err)
		return true
	}
	l.setLocked(held)
	return held
}

func (l *Lease) unlock() {
	if !l.locked {
		return
	}
	l.setLocked(false)
	if err := l.o.Lock.Unlock(); err != nil {
		l.o.Logger.Error("letting go of the lock", "error", err)
	}
}

func (l *Lease) setLocked(held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.locked = held
}

// announce says once for each change whether this node leads.
func (l *Lease) announce(leads bool) {
	if leads == l.announced {
		return
	}
	l.announced = leads
	if leads {
		l.told, l.silent = "", false
		l.o.Logger.Info("this node leads")
		if l.locked {
			if err := l.o.Lock.Note(l.o.Self.Token); err != nil {
				l.o.Logger.Warn("after a crash of this process, the next one will wait for its lease to end", "error", err)
			}
		}
	} else {
		l.o.Logger.Warn("this node does not lead any more")
	}
	l.o.Changed(leads)
}

// report says once for each change whether the backend answers.
func (l *Lease) report(err error) {
	if (err != nil) == l.failing {
		return
	}
	l.failing = err != nil
	if err == nil {
		l.o.Logger.Info("the lease of the leader can be renewed again")
		return
	}
	l.o.Logger.Error("the lease of the leader can be neither renewed nor attempted", "leads", l.IsLeader(), "error", err)
}

// standBy finds out who leads instead, and says it once.
func (l *Lease) standBy(ctx context.Context) {
	h, held, err := l.o.Table.ActiveNode(ctx)
	if err != nil || !held || h.Node == l.o.Self {
		return
	}
	l.mu.Lock()
	l.other = h.Hostname
	l.mu.Unlock()
	if l.told != h.Token {
		l.told = h.Token
		l.o.Logger.Warn("another process leads on the same backend; this one stands by", "leader", h.Hostname, "since", h.FirstSeen)
	}
	if silence := l.o.Now().Sub(h.LastSeen); l.o.Lock != nil && !l.unlockable && silence > silentFor && !l.silent {
		l.silent = true
		l.o.Logger.Error("the process that leads is alive but gives no sign of life: nobody recovers anything until it is ended or continued",
			"leader", h.Hostname, "silent for", silence.Round(time.Second))
	}
}

// leave gives up what this node holds.
func (l *Lease) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseLimit)
	defer cancel()
	l.mu.Lock()
	l.leads = false
	l.mu.Unlock()
	if err := l.o.Table.ReleaseLease(ctx, l.o.Self); err != nil && l.announced {
		l.o.Logger.Warn("the lease was not given back; the next leader has to wait until it ends", "error", err)
	}
	l.announced = false
	l.unlock()
}
