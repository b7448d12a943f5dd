package consensus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/store"
)

var errDisk = errors.New("the disk is gone")

// table is the lease in a real SQLite file, with faults.
type table struct {
	*store.Store
	mu        sync.Mutex
	cantWrite error
	cantRead  error
	asked     int // RenewLease
	answer    chan struct{}
}

func (t *table) fault() (write, read error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cantWrite, t.cantRead
}

func (t *table) fail(write, read error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cantWrite, t.cantRead = write, read
}

func (t *table) AttemptLease(ctx context.Context, me store.Node, silent store.LeaseMark) (store.LeaseMark, error) {
	if err, _ := t.fault(); err != nil {
		return store.LeaseMark{}, err
	}
	holder, err := t.Store.AttemptLease(ctx, me, silent)
	if t.answer != nil {
		<-t.answer
	}
	return holder, err
}

func (t *table) RenewLease(ctx context.Context, me store.Node) (bool, error) {
	t.asked++
	if err, _ := t.fault(); err != nil {
		return false, err
	}
	return t.Store.RenewLease(ctx, me)
}

func (t *table) InheritLease(ctx context.Context, me store.Node, token string) (bool, error) {
	if err, _ := t.fault(); err != nil {
		return false, err
	}
	return t.Store.InheritLease(ctx, me, token)
}

func (t *table) ActiveNode(ctx context.Context) (store.NodeHealth, bool, error) {
	if _, err := t.fault(); err != nil {
		return store.NodeHealth{}, false, err
	}
	return t.Store.ActiveNode(ctx)
}

// node is one process of the service.
type node struct {
	*Lease
	table   *table
	lock    *LockFile
	log     *strings.Builder
	changes []bool

	stop context.CancelFunc
	done chan struct{}
}

// file is a backend that several nodes share; locks says whether they may use a lock beside it.
type file struct {
	t     *testing.T
	path  string
	locks bool
	clock func() time.Time // of the backend, as the next node sees it
}

func newFile(t *testing.T, locks bool) file {
	return file{t, filepath.Join(t.TempDir(), "orchestrator.sqlite3"), locks, time.Now}
}

// node makes a node whose process has that token. Its clock is now.
func (f file) node(token string, now func() time.Time) *node {
	f.t.Helper()
	s, err := store.Open(f.t.Context(), store.Options{File: f.path, Now: f.clock})
	if err != nil {
		f.t.Fatal(err)
	}
	n := &node{table: &table{Store: s}, log: &strings.Builder{}}
	f.t.Cleanup(func() {
		n.end()
		if n.lock != nil {
			_ = n.lock.Unlock()
		}
		if err := s.Close(); err != nil {
			f.t.Error(err)
		}
	})
	o := LeaseOptions{
		Table: n.table, Self: store.Node{Hostname: "host-" + token, Token: token}, Now: now,
		Changed: func(leads bool) { n.changes = append(n.changes, leads) },
		Logger:  slog.New(slog.NewTextHandler(n.log, nil)),
	}
	if f.locks {
		n.lock = NewLockFile(f.path + "-leader")
		o.Lock = n.lock
	}
	n.Lease = NewLease(o)
	return n
}

// start runs the node until end.
func (n *node) start() {
	ctx, stop := context.WithCancel(context.Background())
	n.stop, n.done = stop, make(chan struct{})
	go func() {
		defer close(n.done)
		_ = n.Run(ctx)
	}()
}

func (n *node) end() {
	if n.stop == nil {
		return
	}
	n.stop()
	<-n.done
	n.stop = nil
}

// kill is kill -9 of a node that was driven by Try alone.
func (n *node) kill(t *testing.T) {
	t.Helper()
	if n.lock != nil {
		if err := n.lock.Unlock(); err != nil {
			t.Fatal(err)
		}
	}
	n.mu.Lock()
	n.leads, n.locked = false, false
	n.mu.Unlock()
}

func leaders(nodes ...*node) (list []string) {
	for _, n := range nodes {
		if n.IsLeader() {
			list = append(list, n.o.Self.Token)
		}
	}
	return list
}

func wantLeader(t *testing.T, want string, nodes ...*node) {
	t.Helper()
	if got := strings.Join(leaders(nodes...), " "); got != want {
		t.Fatalf("leads: %q, want %q", got, want)
	}
}

func both(t *testing.T, test func(t *testing.T, locks bool)) {
	for _, locks := range []bool{false, true} {
		t.Run(fmt.Sprintf("locks=%t", locks), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, locks) })
		})
	}
}

func TestOneOfTwoLeadsAndTheOtherTakesOverAtACleanEnd(t *testing.T) {
	both(t, func(t *testing.T, locks bool) {
		f := newFile(t, locks)
		a, b := f.node("a", time.Now), f.node("b", time.Now)
		a.start()
		synctest.Wait()
		b.start()
		for range 20 {
			time.Sleep(Beat / 2)
			synctest.Wait()
			wantLeader(t, "a", a, b)
		}
		if err := b.Confirm(t.Context()); !errors.Is(err, ErrNotLeader) || !strings.Contains(err.Error(), "host-a") {
			t.Errorf("the one that stands by: %v", err)
		}
		if n := strings.Count(b.log.String(), "another process leads"); n != 1 {
			t.Errorf("said %d times: %s", n, b.log)
		}
		a.end()
		wantLeader(t, "", a, b)
		time.Sleep(Beat)
		synctest.Wait()
		wantLeader(t, "b", a, b)
		b.end()
		if got := fmt.Sprint(a.changes, b.changes); got != "[true] [true]" {
			t.Errorf("changes %s", got)
		}
	})
}

func TestTakeoverAfterACrash(t *testing.T) {
	for _, tt := range []struct {
		name     string
		locks    bool
		from, to time.Duration // when the next node leads
	}{
		{"the lease must end", false, overdue, overdue + time.Second},
		{"the lock says that the holder is gone", true, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFile(t, tt.locks)
				a, b := f.node("a", time.Now), f.node("b", time.Now)
				a.Try(t.Context())
				wantLeader(t, "a", a, b)
				a.kill(t)
				died := time.Now()
				for b.Try(t.Context()); !b.IsLeader(); b.Try(t.Context()) {
					time.Sleep(Beat)
				}
				if took := time.Since(died); took < tt.from || took > tt.to {
					t.Errorf("took over after %s", took)
				}
			})
		})
	}
}

// Another program holds the lease without the lock: that the lock is free says nothing about it.
func TestALeaseWithoutTheLockIsRespected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t, true)
		a, b := f.node("a", time.Now), f.node("b", time.Now)
		a.Try(t.Context())
		a.kill(t) // its note is in the lock file
		if err := b.table.GrabLease(t.Context(), store.Node{Hostname: "other", Token: "program"}); err != nil {
			t.Fatal(err)
		}
		b.Try(t.Context())
		wantLeader(t, "", a, b)
		time.Sleep(store.LeaseTime + 2*time.Second)
		b.Try(t.Context())
		wantLeader(t, "b", a, b)
	})
}

// A process that is stopped, and a machine that is, wake up when another leads already.
func TestSleeperDoesNotAct(t *testing.T) {
	for _, tt := range []struct {
		name  string
		clock func(asleep time.Duration) time.Duration // how much of the sleep the node's clock sees
	}{
		{"the clock ran on", func(d time.Duration) time.Duration { return d }},
		{"asleep for exactly as long as it may lead", func(time.Duration) time.Duration { return Hold }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFile(t, false)
				a, b := f.node("a", time.Now), f.node("b", time.Now)
				a.Try(t.Context())
				wantLeader(t, "a", a, b)
				b.Try(t.Context())
				time.Sleep(tt.clock(store.LeaseTime + 2*time.Second))
				b.Try(t.Context())
				if a.IsLeader() {
					t.Error("it takes itself for the leader")
				}
				asked := a.table.asked
				if err := a.Confirm(t.Context()); !errors.Is(err, ErrNotLeader) {
					t.Errorf("confirmed: %v", err)
				}
				if a.table.asked != asked {
					t.Error("it renewed what it had lost")
				}
			})
		})
	}
}

func TestElapsedGoesByTheClockThatRanFurther(t *testing.T) {
	from := time.Now()
	for name, to := range map[string]time.Time{
		"both":                         from.Add(time.Minute),
		"the monotonic clock stood":    from.Round(0).Add(time.Minute),
		"the wall clock was set ahead": from.Add(time.Second).Round(0).Add(59 * time.Second),
	} {
		if got := elapsed(from, to); got != time.Minute {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// The clocks of several servers of one backend, and of the nodes, may say what they like.
func TestClocksThatDisagree(t *testing.T) {
	for name, set := range map[string]func(member, self *time.Duration){
		"the server that the other one asks is an hour ahead":  func(member, _ *time.Duration) { *member = time.Hour },
		"the server that the other one asks is an hour behind": func(member, _ *time.Duration) { *member = -time.Hour },
		"the other one's own clock is set ahead":               func(_, self *time.Duration) { *self = time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var member, self time.Duration
				f := newFile(t, false)
				a := f.node("a", time.Now)
				f.clock = func() time.Time { return time.Now().Add(member) }
				b := f.node("b", func() time.Time { return time.Now().Add(self) })
				a.start()
				synctest.Wait()
				b.start()
				for n := range 60 {
					if n == 20 {
						set(&member, &self)
					}
					time.Sleep(Beat / 2)
					synctest.Wait()
					wantLeader(t, "a", a, b)
				}
				a.table.fail(errDisk, errDisk)
				time.Sleep(Hold)
				synctest.Wait()
				wantLeader(t, "", a, b)
				time.Sleep(overdue)
				synctest.Wait()
				wantLeader(t, "b", a, b)
				member = -member
				time.Sleep(3 * overdue)
				synctest.Wait()
				wantLeader(t, "b", a, b)
			})
		})
	}
}

// A lease that is renewed by another one's hand at the last moment is not taken over.
func TestARenewalAtTheLastMomentCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t, false)
		a, b := f.node("a", time.Now), f.node("b", time.Now)
		a.Try(t.Context())
		b.Try(t.Context())
		time.Sleep(overdue)
		if still, err := a.table.RenewLease(t.Context(), a.o.Self); !still || err != nil {
			t.Fatal(still, err)
		}
		b.Try(t.Context())
		wantLeader(t, "", a, b)
		time.Sleep(overdue - time.Millisecond)
		b.Try(t.Context())
		wantLeader(t, "", a, b)
		time.Sleep(time.Millisecond)
		b.Try(t.Context())
		wantLeader(t, "b", a, b)
	})
}

// Whoever confirms in time sees at once that the lease is another's.
func TestConfirmAsksTheBackend(t *testing.T) {
	both(t, func(t *testing.T, locks bool) {
		f := newFile(t, locks)
		a, b := f.node("a", time.Now), f.node("b", time.Now)
		a.Try(t.Context())
		if err := a.Confirm(t.Context()); err != nil || a.table.asked != 0 {
			t.Fatalf("right after the renewal: %v, asked %d times", err, a.table.asked)
		}
		time.Sleep(confirmedFor)
		// Where the lock is held, it is enough to read who leads.
		if err := a.Confirm(t.Context()); err != nil || a.table.asked != map[bool]int{false: 1, true: 0}[locks] {
			t.Fatalf("later: %v, asked %d times", err, a.table.asked)
		}
		if err := b.Grab(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(confirmedFor)
		if err := a.Confirm(t.Context()); !errors.Is(err, ErrNotLeader) {
			t.Fatalf("after another grabbed it: %v", err)
		}
		wantLeader(t, map[bool]string{false: "b", true: ""}[locks], a, b)
		a.Try(t.Context()) // lets go of the lock
		b.Try(t.Context())
		wantLeader(t, "b", a, b)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		time.Sleep(confirmedFor)
		if err := b.Confirm(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("who does not wait: %v", err)
		}
		wantLeader(t, "b", a, b)
	})
}

func TestReelection(t *testing.T) {
	both(t, func(t *testing.T, locks bool) {
		f := newFile(t, locks)
		a := f.node("a", time.Now)
		a.start()
		synctest.Wait()
		if err := a.table.Reelect(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(confirmedFor)
		// With the lock in hand nobody else can have been elected.
		if err := a.Confirm(t.Context()); errors.Is(err, ErrNotLeader) == locks {
			t.Errorf("nobody was elected: %v", err)
		}
		time.Sleep(Beat)
		synctest.Wait()
		wantLeader(t, "a", a)
	})
}

// On a shared backend the leadership ends before another may have it; where the lock is held nobody else can.
func TestBackendThatFails(t *testing.T) {
	both(t, func(t *testing.T, locks bool) {
		f := newFile(t, locks)
		a, b := f.node("a", time.Now), f.node("b", time.Now)
		a.start()
		synctest.Wait()
		b.start()
		time.Sleep(10 * Beat)
		synctest.Wait()
		failed := time.Now()
		a.table.fail(errDisk, errDisk)
		for time.Since(failed) < Hold-Beat/4 {
			if err := a.Confirm(t.Context()); err != nil {
				t.Fatalf("after %s: %v", time.Since(failed), err)
			}
			time.Sleep(Beat / 4)
			synctest.Wait()
			wantLeader(t, "a", a, b)
		}
		for range 60 {
			time.Sleep(Beat / 4)
			synctest.Wait()
			if n := len(leaders(a, b)); n > 1 || n == 1 && a.IsLeader() != locks {
				t.Fatalf("after %s %v lead", time.Since(failed), leaders(a, b))
			}
		}
		wantLeader(t, map[bool]string{false: "b", true: "a"}[locks], a, b)
		if err := a.Confirm(t.Context()); (err == nil) != locks {
			t.Errorf("confirmed: %v", err)
		}
		a.table.fail(nil, nil)
		time.Sleep(2 * Beat)
		synctest.Wait()
		wantLeader(t, map[bool]string{false: "b", true: "a"}[locks], a, b)
		if n := strings.Count(a.log.String(), "neither renewed"); n != 1 {
			t.Errorf("said %d times: %s", n, a.log)
		}
	})
}

func TestDiskThatIsFullFromTheStart(t *testing.T) {
	for _, tt := range []struct {
		name     string
		before   func(t *testing.T, f file, b *node)
		cantRead error
		leads    bool
	}{
		{"nobody led", func(*testing.T, file, *node) {}, nil, true},
		{"the one before crashed", func(t *testing.T, f file, _ *node) {
			a := f.node("a", time.Now)
			a.Try(t.Context())
			a.kill(t)
		}, nil, true},
		{"another program leads", func(t *testing.T, _ file, b *node) {
			if err := b.table.GrabLease(t.Context(), store.Node{Hostname: "other", Token: "program"}); err != nil {
				t.Fatal(err)
			}
		}, nil, false},
		{"another program led", func(t *testing.T, _ file, b *node) {
			if err := b.table.GrabLease(t.Context(), store.Node{Hostname: "other", Token: "program"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(store.LeaseTime + time.Second)
		}, nil, true},
		{"who leads cannot be read", func(*testing.T, file, *node) {}, errDisk, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFile(t, true)
				b := f.node("b", time.Now)
				tt.before(t, f, b)
				b.table.fail(errDisk, tt.cantRead)
				b.Try(t.Context())
				if b.IsLeader() != tt.leads {
					t.Errorf("leads: %t", b.IsLeader())
				}
				time.Sleep(confirmedFor)
				if err := b.Confirm(t.Context()); (err == nil) != tt.leads {
					t.Errorf("confirmed: %v", err)
				}
			})
		})
	}
}

// A holder of the lock that is stopped is not replaced, and that is said.
func TestStoppedHolderOfTheLockIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t, true)
		a, b := f.node("a", time.Now), f.node("b", time.Now)
		a.Try(t.Context())
		b.start()
		time.Sleep(2 * silentFor)
		synctest.Wait()
		wantLeader(t, "a", a, b)
		if n := strings.Count(b.log.String(), "no sign of life"); n != 1 {
			t.Errorf("said %d times: %s", n, b.log)
		}
		a.Try(t.Context())
		if err := a.Confirm(t.Context()); err != nil {
			t.Errorf("when it goes on: %v", err)
		}
	})
}

// The backend's yes to an older question counts for nothing after its no to a newer one.
func TestOvertakenAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t, false)
		a, b := f.node("a", time.Now), f.node("b", time.Now)
		a.Try(t.Context())
		time.Sleep(Beat)
		a.table.answer = make(chan struct{})
		tried := make(chan struct{})
		go func() {
			defer close(tried)
			a.Try(t.Context())
		}()
		synctest.Wait() // renewed, and the answer is on its way
		time.Sleep(Beat / 2)
		if err := b.Grab(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := a.Confirm(t.Context()); !errors.Is(err, ErrNotLeader) {
			t.Errorf("confirmed: %v", err)
		}
		close(a.table.answer)
		<-tried
		wantLeader(t, "b", a, b)
	})
}

func TestNoLocksHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t, false)
		a := f.node("a", time.Now)
		a.o.Lock = NewLockFile(filepath.Join(f.path, "not a directory"))
		for range 2 {
			a.Try(t.Context())
			wantLeader(t, "a", a)
		}
		if n := strings.Count(a.log.String(), "the lease in it alone decides"); n != 1 {
			t.Errorf("said %d times: %s", n, a.log)
		}
		time.Sleep(Hold)
		wantLeader(t, "", a) // as on a shared backend
	})
}

func TestAlone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := errors.Join(Alone{}.Confirm(ctx), Alone{}.Run(ctx)); err != nil || !(Alone{}).IsLeader() {
		t.Error(err)
	}
}
