package main

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"orchestrator/internal/sandbox"
)

const (
	sampleEvery  = 20 * time.Millisecond
	sampleWithin = 150 * time.Millisecond
)

// sampler asks every server all the time, from its own side of the network, whether it takes writes.
type sampler struct {
	watched []*watched
	cancel  context.CancelFunc
	all     sync.WaitGroup
}

// watched is one server. Only times that are sure count: a server was open from the answer of one sample to the
// question of the next one.
type watched struct {
	db   *sql.DB
	mu   sync.Mutex
	runs []openRun
}

// openRun is a time during which every answer was that it takes writes.
type openRun struct {
	from  time.Time // the first answer
	until time.Time // the last question
	ended bool
}

func startSampler(ctx context.Context, cluster *sandbox.Cluster) *sampler {
	s := &sampler{}
	ctx, s.cancel = context.WithCancel(ctx)
	for _, n := range cluster.Nodes() {
		w := &watched{db: n.OwnSide(sandbox.UserAdmin)}
		w.db.SetMaxOpenConns(1)
		s.watched = append(s.watched, w)
		s.all.Go(func() { w.run(ctx) })
	}
	return s
}

func (s *sampler) stop() {
	s.cancel()
	s.all.Wait()
	for _, w := range s.watched {
		_ = w.db.Close() // a question that was under way has broken its connection, which is no concern here
	}
}

func (w *watched) run(ctx context.Context) {
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		asked := time.Now()
		readOnly, err := w.ask(ctx)
		w.book(asked, time.Now(), readOnly, err)
	}
}

func (w *watched) ask(ctx context.Context) (readOnly bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, sampleWithin)
	defer cancel()
	err = w.db.QueryRowContext(ctx, "SELECT @@global.read_only").Scan(&readOnly)
	return readOnly, err
}

// book notes one answer. None, as of a frozen server, ends a run as well: it may go on, with a new one.
func (w *watched) book(asked, answered time.Time, readOnly bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := len(w.runs) - 1
	running := last >= 0 && !w.runs[last].ended
	switch {
	case err != nil || readOnly:
		if running {
			w.runs[last].ended = true
		}
	case running:
		w.runs[last].until = asked
	default:
		w.runs = append(w.runs, openRun{from: answered, until: answered})
	}
}

// open sums up for how long the server surely took writes in the time from begin to end, and says when it did so last.
func (w *watched) open(begin, end time.Time) (total time.Duration, last time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.runs {
		from, until := later(r.from, begin), earlier(r.until, end)
		if until.Before(from) {
			continue
		}
		total += until.Sub(from)
		last = until
	}
	return total, last
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
