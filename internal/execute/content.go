package execute

import (
	"context"
	"errors"
	"fmt"

	"orchestrator/internal/config"
	"orchestrator/internal/correlate"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// EventOptions say how the logs of servers are read and compared.
type EventOptions struct {
	Chunk int      // events read at a time; 0 means 10000 (BinlogEventsChunkSize)
	Skip  []string // events that contain one of these are not compared (SkipBinlogEventsContaining)
	// Marker tells pseudo-GTID entries; the zero Marker says that there are none.
	Marker correlate.Marker
	// EntryOnly wants a pseudo-GTID entry alone, however far back it is: nothing that was logged since is kept.
	EntryOnly bool

	atMost int // transactions kept; 0 means comparedAtMost
}

// EventOptionsOf are those that a configuration asks for.
func EventOptionsOf(c *config.Config) EventOptions {
	m := correlate.Marker{Expression: c.PseudoGTIDExpression(), Ascending: c.PseudoGTIDMonotonicHint}
	if c.PseudoGTIDPatternIsFixedSubstring {
		m.Fixed = c.PseudoGTIDPattern
	}
	return EventOptions{Chunk: c.BinlogEventsChunkSize, Skip: c.SkipBinlogEventsContaining, Marker: m}
}

// tail is what a server has received, for those that received less.
type tail struct {
	turn chan struct{} // holds a token while one compares with the server's log, once for all
	*correlate.Tail
	read bool
	err  error
}

func newTail(t *correlate.Tail) *tail { return &tail{turn: make(chan struct{}, 1), Tail: t} }

// noteReceived reads what a server has received after a position, as long as it has its relay logs.
func (r *Run) noteReceived(ctx context.Context, k topology.Key, s Server, a plan.Action) (string, error) {
	c, err := channel(ctx, s, a.Channel)
	switch {
	case err != nil:
		return "", err
	case c == nil:
		return "", errors.New("it has forgotten its source, and with it what it received")
	}
	found, err := r.e.o.Events.received(ctx, s, c, a.At)
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	if r.tails == nil {
		r.tails = make(map[topology.Key]*tail)
	}
	r.tails[k] = newTail(found)
	r.mu.Unlock()
	return fmt.Sprintf("%d transactions, from %s on", len(found.Received), found.Since), nil
}

// byContent finds where in the log of the promoted server a replica goes on that has received less and receives no more. Where
// what the promoted server had received does not prove it, a common pseudo-GTID entry may.
func (r *Run) byContent(ctx context.Context, s Server, a plan.Action) (at topology.Coordinates, err error) {
	if at, err = r.byTail(ctx, s, a); err == nil || r.e.o.Events.Marker.IsZero() {
		return at, err
	}
	c, unknown := channel(ctx, s, a.Channel)
	if unknown != nil || c == nil {
		return at, errors.Join(err, unknown)
	}
	at, _, other := r.matchPlace(ctx, s, c, a)
	if other != nil {
		return at, fmt.Errorf("%w; by pseudo-GTID: %w", err, other)
	}
	return at, nil
}

// byTail finds the place by what the promoted server received after the replica: that must be what it logged last before it
// was opened.
func (r *Run) byTail(ctx context.Context, s Server, a plan.Action) (at topology.Coordinates, err error) {
	own, err := reached(ctx, s, a.Channel)
	if err != nil {
		return at, err
	}
	r.mu.Lock()
	t, end := r.tails[a.Source], a.At
	if r.openKey == a.Source && !r.opened.IsEmpty() {
		end = r.opened
	}
	r.mu.Unlock()
	switch {
	case t == nil:
		return at, fmt.Errorf("what %s had received is not known any more", a.Source)
	case end.IsEmpty():
		return at, fmt.Errorf("where the log of %s ended when it was opened for writing is not known", a.Source)
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done(): // the other one may wait for a server that hangs
		return at, context.Cause(ctx)
	}
	if !t.read {
		t.End = end
		t.Logged, t.err = r.e.o.Events.lastLogged(ctx, r.e.o.Server(a.Source), len(t.Received), end)
		t.read = t.err == nil
	}
	if t.err != nil {
		return at, fmt.Errorf("the log of %s: %w", a.Source, t.err)
	}
	if at, err = t.At(own); err != nil {
		return at, fmt.Errorf("its place in the log of %s is not proven: %w", a.Source, err)
	}
	return at, nil
}
