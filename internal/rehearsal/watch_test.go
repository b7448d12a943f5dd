package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/topology"
)

// stage is a fleet whose servers answer by the time since it began, on a clock that the test owns.
type stage struct {
	*Watcher
	t     *testing.T
	began time.Time
	end   func() // the process, and waits for it

	leads, commits atomic.Bool
	writer         func(k topology.Key, since time.Duration) bool
	is             func(ctx context.Context, k topology.Key, since time.Duration) (Answer, error)

	mu      sync.Mutex
	asks    map[topology.Key]int
	tried   []string // commits: server and time
	closed  int
	told    []Series
	kept    []Series
	keptErr error
}

var errGone = errors.New("connection refused")

func onStage(t *testing.T, test func(s *stage)) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, began: time.Now(), asks: map[topology.Key]int{}, writer: func(topology.Key, time.Duration) bool { return false }}
		s.leads.Store(true)
		// The primary a ends after 100 ms; b takes its place at 600.
		s.is = func(_ context.Context, k topology.Key, since time.Duration) (Answer, error) {
			switch {
			case k == a && since >= 100*time.Millisecond:
				return Answer{}, errGone
			case k == a, k == b && since >= 600*time.Millisecond:
				return Answer{}, nil
			}
			return Answer{ReadOnly: true, Source: "a"}, nil
		}
		s.Watcher = New(Options{
			Gauge: func(k topology.Key) Gauge { return gauge{s, k} }, Commits: s.commits.Load, Leads: s.leads.Load, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
			Writer: func(k topology.Key) bool { return s.writer(k, time.Since(s.began)) },
			Tell: func(is Series) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.told = append(s.told, is)
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		s.end = sync.OnceFunc(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		defer s.end()
		test(s)
	})
}

type gauge struct {
	s *stage
	k topology.Key
}

func (g gauge) Ask(ctx context.Context, q Question) (Answer, error) {
	since := time.Since(g.s.began)
	answer, err := g.s.is(ctx, g.k, since)
	time.Sleep(time.Millisecond) // the way there and back
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	g.s.asks[g.k]++
	if !q.Source {
		answer.Source = ""
	}
	if q.Commit {
		g.s.tried = append(g.s.tried, fmt.Sprintf("%s %s", g.k.Hostname, since))
	}
	return answer, err
}

func (g gauge) Close() {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	g.s.closed++
}

func (s *stage) begin() *Watch {
	s.t.Helper()
	w, err := s.Begin(a, []topology.Key{a, b, c})
	if err != nil {
		s.t.Fatal(err)
	}
	w.Await(s.t.Context())
	return w
}

func (s *stage) keep(ctx context.Context, is Series) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept, s.keptErr = append(s.kept, is), ctx.Err()
}

// ended waits for the end of a watch, and returns what was kept of it.
func (s *stage) ended(w *Watch, why string) Series {
	s.t.Helper()
	<-w.over
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) != 1 || s.keptErr != nil || s.kept[0].Why != why || s.kept[0].Ended.IsZero() {
		s.t.Fatalf("%+v, %v", s.kept, s.keptErr)
	}
	if last := s.told[len(s.told)-1]; last.Why != why || len(last.Spans) != len(s.kept[0].Spans) {
		s.t.Errorf("told last was %+v", last)
	}
	if s.closed != 3 {
		s.t.Errorf("%d connections were closed", s.closed)
	}
	if running := s.Running(); len(running) > 0 {
		s.t.Errorf("%d go on", len(running))
	}
	return s.kept[0]
}

// TestWatch: a takeover is seen to the interval of the questions, and the watch ends when writes have stayed.
func TestWatch(t *testing.T) {
	onStage(t, func(s *stage) {
		w := s.begin()
		if last := w.series.last(a); last == nil || last.State != Open {
			t.Fatalf("nothing was waited for: %+v", last)
		}
		w.Struck(time.Now(), s.keep)
		is := s.ended(w, "writes have been back for five seconds")
		gaps := is.Gaps()
		if len(gaps) != 1 {
			t.Fatalf("%+v", gaps)
		}
		if from, to := gaps[0].From.Sub(s.began), gaps[0].To.Sub(s.began); from > 101*time.Millisecond || from < 80*time.Millisecond || to < 600*time.Millisecond || to > 621*time.Millisecond {
			t.Errorf("from %s to %s", from, to)
		}
		if after := is.Ended.Sub(gaps[0].To); after < settled || after > settled+2*tellEvery+askWithin {
			t.Errorf("it went on for %s", after)
		}
		if is.last(a).Says != errGone.Error() || is.last(c).State != Closed || is.last(c).Asks < 200 {
			t.Errorf("%+v", is.Spans)
		}
		if n := len(s.told); n < 40 || n > 70 {
			t.Errorf("it was told %d times", n)
		}
	})
}

// TestWatchEnds: whatever happens.
func TestWatchEnds(t *testing.T) {
	always := func(answer Answer, err error) func(context.Context, topology.Key, time.Duration) (Answer, error) {
		return func(context.Context, topology.Key, time.Duration) (Answer, error) { return answer, err }
	}
	t.Run("the manager does not lead any more", func(t *testing.T) {
		onStage(t, func(s *stage) {
			w := s.begin()
			w.Struck(time.Now(), s.keep)
			time.Sleep(300 * time.Millisecond)
			s.leads.Store(false)
			if is := s.ended(w, "the manager that asked does not lead any more"); is.Ended.Sub(s.began) > 450*time.Millisecond {
				t.Errorf("it asked until %s", is.Ended.Sub(s.began))
			}
		})
	})
	t.Run("the process ends", func(t *testing.T) {
		onStage(t, func(s *stage) {
			w := s.begin()
			w.Struck(time.Now(), s.keep)
			time.Sleep(300 * time.Millisecond)
			s.end()
			s.ended(w, "the manager has ended")
		})
	})
	t.Run("nobody takes over", func(t *testing.T) {
		onStage(t, func(s *stage) {
			s.is = func(_ context.Context, k topology.Key, since time.Duration) (Answer, error) {
				if k == a && since < 100*time.Millisecond {
					return Answer{}, nil
				}
				return Answer{ReadOnly: true}, errGone
			}
			w := s.begin()
			w.Struck(time.Now(), s.keep)
			is := s.ended(w, "three minutes have passed")
			if gaps := is.Gaps(); len(gaps) != 1 || !gaps[0].To.IsZero() || is.last(a).State != Silent {
				t.Errorf("%+v", is.Spans)
			}
			if n := s.asks[a]; n > int(longest/askEvery)+1 {
				t.Errorf("it was asked %d times", n)
			}
		})
	})
	t.Run("nobody misses anything", func(t *testing.T) {
		onStage(t, func(s *stage) {
			s.is = always(Answer{}, nil)
			w := s.begin()
			w.Struck(time.Now(), s.keep)
			s.ended(w, "nobody stopped taking writes within half a minute")
		})
	})
	t.Run("answers change all the time", func(t *testing.T) {
		onStage(t, func(s *stage) {
			n := 0
			s.is = func(_ context.Context, k topology.Key, _ time.Duration) (Answer, error) {
				if k == a {
					n++
				}
				return Answer{ReadOnly: n%2 == 0}, nil
			}
			w := s.begin()
			w.Struck(time.Now(), s.keep)
			s.ended(w, "the answers changed too often to be kept")
		})
	})
	t.Run("the server is not struck", func(t *testing.T) {
		onStage(t, func(s *stage) {
			w := s.begin()
			w.Struck(time.Now(), s.keep)
			w.Drop()
			<-w.over
			synctest.Wait()
			if len(s.kept) > 0 || w.Series().Why != "the server was not struck" {
				t.Errorf("%+v", s.kept)
			}
		})
	})
}

// TestWatchLooseReplicas: a replica that is open for writing all the time does not make it look as if somebody took the
// cluster's writes, until it is nobody's replica any more; one that is opened while it still is a replica does.
func TestWatchLooseReplicas(t *testing.T) {
	for name, c := range map[string]struct {
		b    func(since time.Duration) Answer
		back time.Duration
	}{
		"open all the time": {func(since time.Duration) Answer {
			return Answer{Source: map[bool]string{true: "a"}[since < 700*time.Millisecond]}
		}, 700 * time.Millisecond},
		"opened, and then detached": {func(since time.Duration) Answer {
			return Answer{ReadOnly: since < 600*time.Millisecond, Source: map[bool]string{true: "a"}[since < 900*time.Millisecond]}
		}, 600 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, func(s *stage) {
				was := s.is
				s.is = func(ctx context.Context, k topology.Key, since time.Duration) (Answer, error) {
					if k == b {
						return c.b(since), nil
					}
					return was(ctx, k, since)
				}
				w := s.begin()
				w.Struck(time.Now(), s.keep)
				gaps := func() []Gap { is := s.ended(w, "writes have been back for five seconds"); return is.Gaps() }()
				if len(gaps) != 1 || gaps[0].To.Sub(s.began) < c.back || gaps[0].To.Sub(s.began) > c.back+21*time.Millisecond {
					t.Errorf("%v", gaps)
				}
			})
		})
	}
}

// TestWatchHanging: a server that takes a question and gives no answer is silent after a second, and holds nobody else up.
func TestWatchHanging(t *testing.T) {
	onStage(t, func(s *stage) {
		was := s.is
		s.is = func(ctx context.Context, k topology.Key, since time.Duration) (Answer, error) {
			if k == a && since > 100*time.Millisecond {
				<-ctx.Done()
				return Answer{}, ctx.Err()
			}
			return was(ctx, k, since)
		}
		w := s.begin()
		w.Struck(time.Now(), s.keep)
		is := s.ended(w, "writes have been back for five seconds")
		if is.last(a).State != Silent || len(is.Gaps()) != 1 || is.last(c).Asks < 200 {
			t.Errorf("%+v", is.Spans)
		}
	})
}

// TestWatchCommits: a transaction is tried where it does no harm alone: never on the struck server once it has not taken
// writes, for it may come back open and be nobody's primary, and on another one only when that takes the cluster's writes.
func TestWatchCommits(t *testing.T) {
	const back, known = 300 * time.Millisecond, 900 * time.Millisecond
	onStage(t, func(s *stage) {
		s.commits.Store(true)
		was := s.is
		s.is = func(ctx context.Context, k topology.Key, since time.Duration) (Answer, error) {
			if k == a && since >= back {
				return Answer{}, nil // somebody has started it again, and it is open
			}
			return was(ctx, k, since)
		}
		s.writer = func(k topology.Key, since time.Duration) bool { return k == a || k == b && since >= known }
		w := s.begin()
		w.Struck(time.Now(), s.keep)
		is := s.ended(w, "writes have been back for five seconds")
		if !is.Commits {
			t.Error("it is not said that transactions were tried")
		}
		first := map[string]time.Duration{}
		for _, one := range s.tried {
			host, text, _ := strings.Cut(one, " ")
			since, err := time.ParseDuration(text)
			if err != nil {
				t.Fatal(err)
			}
			if _, there := first[host]; !there {
				first[host] = since
			}
			if host == "a" && since > 200*time.Millisecond || host == "b" && since < known || host == "c" {
				t.Errorf("a transaction was tried on %s after %s", host, since)
			}
		}
		if len(first) != 2 {
			t.Errorf("tried were %v", first)
		}
	})
	onStage(t, func(s *stage) { // nothing is configured
		s.writer = func(topology.Key, time.Duration) bool { return true }
		w := s.begin()
		w.Struck(time.Now(), s.keep)
		if s.ended(w, "writes have been back for five seconds"); len(s.tried) > 0 {
			t.Errorf("tried were %v", s.tried)
		}
	})
}

// TestWatchesAreFew: a watch asks so many servers at most, and there are so many watches at most.
func TestWatchesAreFew(t *testing.T) {
	onStage(t, func(s *stage) {
		var many []topology.Key
		for n := range 30 {
			many = append(many, topology.Key{Hostname: fmt.Sprintf("s%d", n), Port: 3306})
		}
		for n := range mostAtOne {
			w, err := s.Begin(many[n], many)
			if err != nil {
				t.Fatal(err)
			}
			if is := w.Series(); len(is.Asked) != mostAsked || is.Left != 30-mostAsked || is.Asked[0] != many[n] {
				t.Errorf("%+v", is)
			}
		}
		if _, err := s.Begin(many[9], many); err == nil || len(s.Running()) != mostAtOne {
			t.Errorf("%v; %d go on", err, len(s.Running()))
		}
		s.end()
		if _, err := s.Begin(a, many); err == nil {
			t.Error("it begins after the end")
		}
	})
	onStage(t, func(s *stage) {
		s.begin()
		if _, err := s.Begin(a, nil); err == nil {
			t.Error("the same server is watched twice")
		}
	})
}
