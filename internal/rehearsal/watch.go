package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"orchestrator/internal/topology"
)

// Question is what a server is asked beside whether it is read-only.
type Question struct {
	Source bool // whom it replicates from
	Commit bool // try a small transaction, where the server would take one
}

// Answer is what a server says of itself.
type Answer struct {
	ReadOnly bool
	Source   string // host of the server that it replicates from; "" when there is none, or that was not asked
	Refused  string // why a transaction that was tried was not committed
}

// Gauge asks one server whether it would take a write, again and again.
type Gauge interface {
	Ask(ctx context.Context, q Question) (Answer, error)
	Close()
}

// Options are what a Watcher works with. All are required.
type Options struct {
	Gauge func(topology.Key) Gauge
	// Commits says whether there is a table to write to.
	Commits func() bool
	// Writer says whether a server is the only one that takes the writes of its cluster, as far as is known.
	Writer func(topology.Key) bool
	Leads  func() bool
	Tell   func(Series) // of each change, a few times in a second; it does not block
	Now    func() time.Time
	Logger *slog.Logger
}

// Watcher keeps the watches of a manager.
type Watcher struct {
	o Options

	mu      sync.Mutex
	running context.Context //nolint:containedctx // of Run; nil before and after
	watches []*Watch
	work    sync.WaitGroup
}

// New makes one. It watches nothing before Run.
func New(o Options) *Watcher { return &Watcher{o: o} }

// Run lets watches go on until ctx ends, and returns when all have ended.
func (w *Watcher) Run(ctx context.Context) error {
	w.mu.Lock()
	w.running = ctx
	w.mu.Unlock()
	<-ctx.Done()
	w.mu.Lock()
	w.running = nil // nothing begins any more
	w.mu.Unlock()
	w.work.Wait()
	return nil
}

// Running are the series of the watches that go on.
func (w *Watcher) Running() []Series {
	w.mu.Lock()
	all := slices.Clone(w.watches)
	w.mu.Unlock()
	list := make([]Series, 0, len(all))
	for _, one := range all {
		list = append(list, one.Series())
	}
	return list
}

// Begin asks the servers of a cluster, of which one is about to be struck, first of all that one.
func (w *Watcher) Begin(struck topology.Key, servers []topology.Key) (*Watch, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.running == nil:
		return nil, errors.New("this process watches nothing")
	case len(w.watches) >= mostAtOne:
		return nil, fmt.Errorf("%d game days are watched already", len(w.watches))
	case slices.ContainsFunc(w.watches, func(o *Watch) bool { return o.series.Server == struck }):
		return nil, fmt.Errorf("a game day of %s is watched already", struck)
	}
	keys := append([]topology.Key{struck}, slices.DeleteFunc(slices.Clone(servers), func(k topology.Key) bool { return k == struck })...)
	asked := keys[:min(len(keys), mostAsked)]
	one := &Watch{o: &w.o, answered: make(chan struct{}), over: make(chan struct{}), loose: map[topology.Key]bool{}}
	one.series = Series{Server: struck, Began: w.o.Now(), Every: askEvery, Commits: w.o.Commits(), Asked: asked, Left: len(keys) - len(asked), Spans: []Span{}}
	ctx, cancel := context.WithCancel(w.running)
	one.cancel = cancel
	w.watches = append(w.watches, one)
	w.work.Go(func() {
		defer cancel()
		one.run(ctx)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.watches = slices.DeleteFunc(w.watches, func(o *Watch) bool { return o == one })
	})
	return one, nil
}

// Watch asks the servers of one cluster.
type Watch struct {
	o        *Options
	cancel   context.CancelFunc
	answered chan struct{} // closed when the struck server has answered a few times
	over     chan struct{} // closed when the series has ended

	mu      sync.Mutex
	series  Series
	stopped string // why it is to end
	left    bool   // the struck server has not taken writes once
	answers int    // of the struck server
	// loose says of each server that has answered whether it was a replica then, and open for writing all the same.
	loose map[topology.Key]bool
	keep  func(context.Context, Series)
}

// Series is what was answered so far.
func (w *Watch) Series() Series {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.series.clone()
}

// Await waits until the struck server has answered a few times, so that it is seen how it was before the blow; no longer than
// a second.
func (w *Watch) Await(ctx context.Context) {
	late := time.NewTimer(askWithin)
	defer late.Stop()
	select {
	case <-w.answered:
	case <-w.over:
	case <-late.C:
	case <-ctx.Done():
	}
}

// Struck says when the server was ordered to end. The series is handed to keep when it has ended.
func (w *Watch) Struck(at time.Time, keep func(context.Context, Series)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.series.Struck, w.keep = at, keep
}

// Drop ends the watch of a server that is not struck after all. Nothing is kept.
func (w *Watch) Drop() {
	w.mu.Lock()
	w.keep = nil
	w.mu.Unlock()
	w.end("the server was not struck")
}

// end has the watch end; the first reason counts.
func (w *Watch) end(why string) {
	w.mu.Lock()
	if w.stopped == "" {
		w.stopped = why
	}
	w.mu.Unlock()
	w.cancel()
}

// keepWithin is how long it may take to keep a series, also at the end of the process.
const keepWithin = 5 * time.Second

func (w *Watch) run(ctx context.Context) {
	var asking sync.WaitGroup
	for _, k := range w.series.Asked {
		asking.Go(func() { w.ask(ctx, k) })
	}
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			if why := w.review(); why != "" {
				w.end(why)
			}
			w.o.Tell(w.Series())
		}
	}
	asking.Wait()
	w.mu.Lock()
	if w.stopped == "" {
		w.stopped = "the manager has ended"
	}
	w.series.Ended, w.series.Why = w.o.Now(), w.stopped
	keep, series := w.keep, w.series.clone()
	w.mu.Unlock()
	close(w.over)
	if keep != nil {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepWithin)
		defer cancel()
		keep(bounded, series)
	}
	w.o.Tell(series) // who hears of the end finds it kept
}

// review says why the watch is over; "" while it is not.
func (w *Watch) review() string {
	if !w.o.Leads() {
		return "the manager that asked does not lead any more"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.series.over(w.o.Now())
}

// ask asks one server until ctx ends.
func (w *Watch) ask(ctx context.Context, k topology.Key) {
	g := w.o.Gauge(k)
	defer g.Close()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		began := w.o.Now()
		bounded, cancel := context.WithTimeout(ctx, askWithin)
		answer, err := g.Ask(bounded, w.question(k))
		cancel()
		if ctx.Err() != nil {
			return
		}
		at := w.o.Now()
		w.take(k, answer, err, at)
		next.Reset(max(askEvery-at.Sub(began), askEvery/4))
	}
}

// question is what a server is asked. Whose replica it is matters only of those that are open for writing as replicas: an
// answer to that may wait until a takeover has changed it.
func (w *Watch) question(k topology.Key) Question {
	w.mu.Lock()
	loose, known := w.loose[k]
	no := !w.series.Commits || k == w.series.Server && w.left
	w.mu.Unlock()
	return Question{Source: loose || !known, Commit: !no && w.o.Leads() && w.o.Writer(k)}
}

func (w *Watch) take(k topology.Key, a Answer, err error, at time.Time) {
	w.mu.Lock()
	if _, known := w.loose[k]; !known && err == nil {
		w.loose[k] = k != w.series.Server && !a.ReadOnly && a.Source != ""
	}
	state, says := Open, ""
	switch {
	case err != nil:
		state, says = Silent, err.Error()
	case a.ReadOnly || w.loose[k] && a.Source != "":
		state = Closed
	case a.Refused != "":
		state, says = Refuses, a.Refused
	}
	room := w.series.take(k, state, at, says)
	if k == w.series.Server {
		w.left = w.left || state != Open
		if w.answers++; w.answers == answersBefore {
			close(w.answered)
		}
	}
	w.mu.Unlock()
	if !room {
		w.end("the answers changed too often to be kept")
	}
}
