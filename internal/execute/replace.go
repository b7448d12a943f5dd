package execute

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"orchestrator/internal/gtid"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// cloned is a server whose data can be replaced by those of another one.
type cloned interface {
	CloneStatus(ctx context.Context) (server.CloneStatus, error)
	CloneFrom(ctx context.Context, donor topology.Key) error
}

// ErrDataGone says that a server may have lost its data and has not got the others. Nothing is undone then: it must not
// replicate with what it has, although it still says that it has executed all that it held.
var ErrDataGone = errors.New("its data may be gone: it stays detached, and must neither be started nor promoted before it was rebuilt, by asking for this again or from a backup")

const (
	// clonePoll is how often a clone is asked how far it is.
	clonePoll = 500 * time.Millisecond
	// unseenAtMost is how often a clone is looked for of which nobody knows whether it was asked for.
	unseenAtMost = 20
	// askWithin bounds one such question.
	askWithin = 5 * time.Second
	// backWithin is how long a server may not answer after its data have come. It recovers from them as after a crash, and
	// where nobody supervises it, somebody has to come and start it.
	backWithin = time.Hour
)

// replaceData has a server take the data of another one. What the statement says is a hint only: it ends with the
// connection when the server starts anew. The server's own word counts, about a newer clone than the last one.
func (r *Run) replaceData(ctx context.Context, k topology.Key, c cloned, donor topology.Key) (string, error) {
	before, err := c.CloneStatus(ctx)
	switch {
	case err != nil:
		return "", err
	case before.State == server.Cloning:
		return "", fmt.Errorf("it is being cloned from %s already, since %s", before.Source, before.Began.UTC().Format(time.RFC3339))
	}
	if err := r.mayStill(ctx); err != nil { // the last look may have taken its time
		return "", err
	}
	r.mu.Lock()
	if r.clones == nil {
		r.clones = make(map[topology.Key]time.Time)
	}
	r.clones[k] = before.Began
	r.mu.Unlock()
	asking, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	var statement sync.WaitGroup
	statement.Go(func() { ended <- c.CloneFrom(asking, donor) })
	defer statement.Wait()
	defer stop() // it may wait for an answer that never comes
	return r.followClone(ctx, c, before.Began, ended)
}

// followClone waits for the end of a clone that was asked for after the one that began at last.
func (r *Run) followClone(ctx context.Context, c cloned, last time.Time, ended <-chan error) (note string, err error) {
	tick := time.NewTicker(clonePoll)
	defer tick.Stop()
	var said error
	over := false
	for unseen := 0; ; {
		select {
		case said = <-ended:
			ended, over = nil, true
		case <-tick.C:
		case <-ctx.Done():
			return "", fmt.Errorf("%w (%w)", ctx.Err(), ErrDataGone)
		}
		if errors.Is(said, server.ErrNotSupervised) { // it answers for a moment yet, perhaps
			return "nobody supervises it: it has to be started by hand", nil
		}
		status, err := askClone(ctx, c)
		switch {
		case err != nil && over && cutOff(said):
			return "it has ended, to start anew", nil
		case err != nil:
		case status.Began.Equal(last):
			// A statement whose connection broke may have been on its way.
			if unseen++; over && (!cutOff(said) || unseen > unseenAtMost) {
				return "", fmt.Errorf("the clone has not begun, and nothing was changed by it: %w", orElse(said, errors.New("no reason was told")))
			}
		case status.State == server.CloneFailed && !status.Dropped:
			return "", fmt.Errorf("the clone has failed before anything was replaced: %s", status.Problem)
		case status.State == server.CloneFailed:
			return "", fmt.Errorf("the clone has failed: %s (%w)", status.Problem, ErrDataGone)
		case status.State == server.Cloned:
			return "", nil
		case status.Stage != "":
			noteWhile(ctx, status.Stage)
		}
	}
}

// cutOff says whether a statement ended because the connection did.
func cutOff(err error) bool {
	return server.CodeOf(err) == 0 || server.KindOf(err) == server.ConnectionLost
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func askClone(ctx context.Context, c cloned) (server.CloneStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return c.CloneStatus(ctx)
}

// awaitReplaced waits until a server is back from a clone of this run.
func (r *Run) awaitReplaced(ctx context.Context, k topology.Key, c cloned) error {
	r.mu.Lock()
	last := r.clones[k]
	r.mu.Unlock()
	seen := r.e.o.Now()
	tick := time.NewTicker(clonePoll)
	defer tick.Stop()
	for {
		status, err := askClone(ctx, c)
		switch {
		case err != nil && r.e.o.Now().Sub(seen) > backWithin:
			return fmt.Errorf("it has not come back within %s: look at its error log, and start it: %w", backWithin, err)
		case err != nil:
			noteWhile(ctx, "it does not answer yet; where nobody supervises it, it has to be started by hand")
		case status.State == server.CloneFailed && !status.Began.Equal(last):
			return fmt.Errorf("the clone has failed: %s (%w)", status.Problem, ErrDataGone)
		case status.State == server.Cloned && !status.Began.Equal(last):
			return nil
		case status.State == server.Cloning:
			seen = r.e.o.Now()
			noteWhile(ctx, status.Stage)
		default:
			return fmt.Errorf("it does not know of the clone (%s), and nobody knows what it holds (%w)", status.State, ErrDataGone)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it has not come back: look at its error log, and start it: %w", orElse(err, ctx.Err()))
		case <-tick.C:
		}
	}
}

// holdsNoMore waits until another server has all that one holds. That one is read first: what it holds has come from
// there, and is there by then.
func (r *Run) holdsNoMore(ctx context.Context, s Server, other topology.Key) error {
	var extra gtid.Set
	err := poll(ctx, func() (bool, error) {
		held, err := executedOf(ctx, s)
		if err != nil {
			return false, err
		}
		known, err := executedOf(ctx, r.e.o.Server(other))
		if err != nil {
			return false, fmt.Errorf("%s: %w", other, err)
		}
		extra = held.Subtract(known)
		return extra.IsEmpty(), nil
	})
	if err != nil && !extra.IsEmpty() {
		return fmt.Errorf("it holds what %s lacks: %s: %w", other, extra, err)
	}
	return err
}

func executedOf(ctx context.Context, s Server) (gtid.Set, error) {
	state, err := s.GTIDs(ctx)
	if err != nil {
		return gtid.Set{}, err
	}
	set, err := gtid.Parse(state.Executed)
	if err != nil {
		return set, fmt.Errorf("executed GTID set: %w", err)
	}
	return set, nil
}
