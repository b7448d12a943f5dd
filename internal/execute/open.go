package execute

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

const (
	// openWithin is how long after the last look elsewhere a server may be opened for writing. It may hang when the
	// statement arrives, and comes to it when it goes on: whoever answered again meanwhile was not asked once more.
	openWithin = 2 * time.Second
	// openTries is how often a server that came to the statement too late is told again, after another look elsewhere.
	openTries = 3
	// verifyWithin bounds the look whether a server has been opened.
	verifyWithin = 5 * time.Second
)

// timely is a server that can be told to do something until a moment of its own clock. Real ones can.
type timely interface {
	Clock(ctx context.Context) (time.Time, error)
	SetWritableBefore(ctx context.Context, end time.Time) error
}

// open makes a server writable, noting where in its binary log that was. may is asked right before, if it is not nil,
// and after the server has answered: while it hangs, much may happen elsewhere.
func (r *Run) open(ctx context.Context, k topology.Key, s Server, super bool, may func(context.Context) error) (note string, err error) {
	for range openTries {
		note, err = r.openOnce(ctx, k, s, super, may)
		if !errors.Is(err, server.ErrTooLate) || errors.Is(err, ErrInDoubt) || ctx.Err() != nil {
			break
		}
	}
	return note, err
}

func (r *Run) openOnce(ctx context.Context, k topology.Key, s Server, super bool, may func(context.Context) error) (note string, err error) {
	at, err := s.SelfCoordinates(ctx)
	if err != nil {
		return "", err
	}
	setWritable, err := opening(ctx, s, super)
	if err == nil && may != nil {
		err = may(ctx)
	}
	if err == nil {
		err = r.mayStill(ctx)
	}
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	r.opened, r.openKey = at, k
	r.mu.Unlock()
	note = "from " + at.String()
	err = setWritable(ctx)
	// What counts is how it is now: the answer to the statement may have got lost, and with it the step's time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyWithin)
	defer cancel()
	switch state, unknown := s.ReadOnly(ctx); {
	case unknown != nil && err == nil:
		return note, nil // it said that it is, and was lost since
	case unknown != nil:
		return note, fmt.Errorf("%w: %w", ErrInDoubt, errors.Join(err, unknown))
	case !state.ReadOnly && !state.SuperReadOnly:
		return note, nil
	case err == nil:
		return note, errors.New("read_only is still on after it was set to 0")
	default:
		return note, err
	}
}

// opening prepares the statement that opens a server, which is of no effect where the server comes to it too late.
func opening(ctx context.Context, s Server, super bool) (setWritable func(context.Context) error, err error) {
	clock, ok := s.(timely)
	if !ok {
		return func(ctx context.Context) error { return s.SetReadOnly(ctx, false, super) }, nil
	}
	there, err := clock.Clock(ctx)
	here := time.Now()
	return func(ctx context.Context) error {
		return clock.SetWritableBefore(ctx, there.Add(time.Since(here)+openWithin))
	}, err
}
