package publish

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	// putWithin bounds one Put, so that a store that does not answer holds up nothing but itself.
	putWithin = 5 * time.Second
	// healEvery is how often a store is looked at again that was in order: somebody may have changed or lost entries.
	healEvery = time.Minute
	// retryFirst and retryLongest bound the pause before something is tried again that did not work.
	retryFirst   = 250 * time.Millisecond
	retryLongest = 30 * time.Second
	// idleEvery is how often a node that does not publish looks whether it is to.
	idleEvery = time.Second
	// manyFailures in a row end a round: the store itself does not work.
	manyFailures = 3
)

// PublisherOptions are what a Publisher works with. All but Logger are required.
type PublisherOptions struct {
	Stores []KV
	// Wanted is what is to be told, whether it has been or not.
	Wanted func(context.Context) ([]Primary, error)
	// Check says why clients must not be sent to a primary at this moment; nil when they may.
	Check func(Primary) error
	// Active says whether it is for this node to publish.
	Active func() bool
	Now    func() time.Time
	Logger *slog.Logger // nil: says nothing
}

// Publisher makes the key-value stores say what is wanted, and keeps them so. Nobody waits for it: what fails is tried
// again for as long as it is wanted, each store by itself.
type Publisher struct {
	o        PublisherOptions
	channels []*channel
}

// channel is the way to one store.
type channel struct {
	store KV
	wake  chan struct{} // holds one token when there may be something new

	mu       sync.Mutex
	told     map[string]told    // by alias
	seen     map[string]seen    // by alias, of what is wanted
	problems map[string]problem // by alias; "" concerns all
	written  uint64
	failures uint64
}

// told is what a store was last seen to say.
type told struct {
	revision int64
	at       time.Time
}

// Problem is why a store does not say what is wanted of a cluster.
type Problem struct {
	Alias string // "" concerns all
	Text  string
	Since time.Time
}

// problem is a Problem with what it makes of the entries of its cluster.
type problem struct {
	Problem
	state State
}

// Standing is how it stands with a store.
type Standing struct {
	Store    string
	Clusters int       // whose entries were last seen to be in order
	Problems []Problem // by alias
	Written  uint64    // how often entries of a cluster were changed
	Failures uint64    // how often the store could not be read or written
}

// NewPublisher returns a publisher, which does nothing before Run.
func NewPublisher(o PublisherOptions) *Publisher {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Publisher{o: o}
	for _, s := range o.Stores {
		p.channels = append(p.channels, &channel{store: s, wake: make(chan struct{}, 1), told: map[string]told{}, seen: map[string]seen{}, problems: map[string]problem{}})
	}
	return p
}

// Run publishes until ctx ends.
func (p *Publisher) Run(ctx context.Context) {
	var work sync.WaitGroup
	for _, c := range p.channels {
		work.Go(func() { p.tend(ctx, c) })
	}
	work.Wait()
}

// Wake says that something else is wanted now.
func (p *Publisher) Wake() {
	for _, c := range p.channels {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
}

// Put tells all stores of one primary at once, and returns why one was not told. What failed is tried again by Run.
func (p *Publisher) Put(ctx context.Context, primary Primary) error {
	errs := make([]error, len(p.channels))
	var work sync.WaitGroup
	for n, c := range p.channels {
		work.Go(func() { errs[n] = p.put(ctx, c, primary) })
	}
	work.Wait()
	return errors.Join(errs...)
}

// Standings says how it stands with each store.
func (p *Publisher) Standings() []Standing {
	all := make([]Standing, 0, len(p.channels))
	for _, c := range p.channels {
		c.mu.Lock()
		s := Standing{Store: c.store.Name(), Clusters: len(c.told), Written: c.written, Failures: c.failures, Problems: []Problem{}}
		for _, problem := range c.problems {
			s.Problems = append(s.Problems, problem.Problem)
		}
		c.mu.Unlock()
		slices.SortFunc(s.Problems, func(a, b Problem) int { return cmp.Compare(a.Alias, b.Alias) })
		all = append(all, s)
	}
	return all
}

// tend keeps one store as it is wanted.
func (p *Publisher) tend(ctx context.Context, c *channel) {
	retry := retryFirst
	for {
		pause := idleEvery
		if p.o.Active() {
			pause = healEvery
			if !p.round(ctx, c) {
				pause, retry = retry, min(2*retry, retryLongest)
			} else {
				retry = retryFirst
			}
		} else {
			c.forget() // another node has the word, and this one begins anew
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-c.wake:
			retry = retryFirst
		case <-timer.C:
		}
		timer.Stop()
	}
}

// round tells the store what it has not been told, or not for long, and says whether all is in order.
func (p *Publisher) round(ctx context.Context, c *channel) bool {
	wanted, err := p.o.Wanted(ctx)
	p.note(c, "", err)
	if err != nil {
		return false
	}
	c.keepOnly(wanted)
	// What failed last comes last, so that it is not in the way of what would work.
	slices.SortStableFunc(wanted, func(a, b Primary) int { return cmp.Compare(c.bad(a.Alias), c.bad(b.Alias)) })
	whole, inRow := true, 0
	for _, w := range wanted {
		if c.knows(w, p.o.Now()) {
			continue
		}
		err := p.tell(ctx, c, w)
		switch {
		case ctx.Err() != nil:
			return true // nobody waits any more
		case err == nil:
			inRow = 0
			continue
		}
		whole = false
		if held := (*heldError)(nil); errors.As(err, &held) {
			continue
		}
		if inRow++; inRow == manyFailures {
			break
		}
	}
	return whole
}

// tell looks at what a store says of one primary, and puts it right.
func (p *Publisher) tell(ctx context.Context, c *channel, w Primary) error {
	right, err := p.look(ctx, c, w)
	switch {
	case err != nil && errors.Is(context.Cause(ctx), context.Canceled):
		return err
	case err != nil:
		c.failed(w.Alias)
		p.note(c, w.Alias, err)
		return err
	case right && p.o.Check(w) == nil:
		c.mu.Lock()
		c.tells(w, p.o.Now())
		c.mu.Unlock()
		p.note(c, w.Alias, nil)
		return nil
	}
	return p.put(ctx, c, w)
}

// heldError is that clients must not be sent to a primary.
type heldError struct{ why error }

func (e *heldError) Error() string { return "not published: " + e.why.Error() }
func (e *heldError) Unwrap() error { return e.why }

// errSuperseded is that a store holds a newer revision.
var errSuperseded = errors.New("the store holds a newer revision, which other managers have written; if they are gone, remove the key that ends in /revision")

// put tells a store of one primary, if clients may be sent there at this moment.
func (p *Publisher) put(ctx context.Context, c *channel, w Primary) error {
	if why := p.o.Check(w); why != nil {
		err := &heldError{why}
		p.note(c, w.Alias, err)
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, putWithin)
	defer cancel()
	outcome, err := c.store.Put(bounded, w)
	if err != nil && ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return err
	}
	c.mu.Lock()
	switch {
	case err != nil:
		c.failures++
		delete(c.told, w.Alias)
	case outcome == Superseded:
		err = errSuperseded
		delete(c.told, w.Alias)
	default:
		if outcome == Written {
			c.written++
		}
		c.tells(w, p.o.Now())
		c.wrote(w, outcome, p.o.Now())
	}
	c.mu.Unlock()
	p.note(c, w.Alias, err)
	if outcome == Written && err == nil {
		p.o.Logger.Info("a primary was published", "store", c.store.Name(), "alias", w.Alias, "primary", w.Key.String(), "revision", w.Revision)
	}
	return err
}

// note keeps the problem of a cluster, or its end, and says so once.
func (p *Publisher) note(c *channel, alias string, err error) {
	c.mu.Lock()
	before, had := c.problems[alias]
	switch {
	case err == nil:
		delete(c.problems, alias)
	case had:
		c.problems[alias] = problem{Problem{alias, err.Error(), before.Since}, stateOf(err)}
	default:
		c.problems[alias] = problem{Problem{alias, err.Error(), p.o.Now()}, stateOf(err)}
	}
	c.mu.Unlock()
	switch {
	case err != nil && !had:
		p.o.Logger.Warn("a primary is not published; it is tried again", "store", c.store.Name(), "alias", alias, "error", err)
	case err == nil && had:
		p.o.Logger.Info("it is published again", "store", c.store.Name(), "alias", alias, "was", before.Text)
	}
}

func (c *channel) knows(w Primary, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.told[w.Alias]
	return ok && t.revision == w.Revision && now.Sub(t.at) < healEvery/2
}

// tells notes that the store is known to say what is wanted. The caller holds the lock.
func (c *channel) tells(w Primary, now time.Time) {
	if c.told[w.Alias].revision <= w.Revision {
		c.told[w.Alias] = told{w.Revision, now}
	}
}

// failed notes that the store could not be asked about a cluster.
func (c *channel) failed(alias string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures++
	delete(c.told, alias)
}

// bad is 1 for a cluster that has a problem, and 0 otherwise.
func (c *channel) bad(alias string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, bad := c.problems[alias]; bad {
		return 1
	}
	return 0
}

// forget forgets everything that another node may change from now on.
func (c *channel) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.told)
	clear(c.seen)
	clear(c.problems)
}

// keepOnly forgets the clusters that nobody wants to be told of any more.
func (c *channel) keepOnly(wanted []Primary) {
	still := map[string]bool{"": true}
	for _, w := range wanted {
		still[w.Alias] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range wanted {
		if s := c.seen[w.Alias]; s.wanted.Revision <= w.Revision && len(w.Pairs) > 0 {
			s.wanted = w
			c.seen[w.Alias] = s
		}
	}
	for alias := range c.seen {
		if !still[alias] {
			delete(c.seen, alias)
		}
	}
	for alias := range c.told {
		if !still[alias] {
			delete(c.told, alias)
		}
	}
	for alias := range c.problems {
		if !still[alias] {
			delete(c.problems, alias)
		}
	}
}
