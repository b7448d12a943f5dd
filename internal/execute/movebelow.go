package execute

import (
	"context"
	"errors"
	"fmt"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// moveBelow points a replica at its sibling. What it received and did not apply, the sibling sends again; so nothing is
// changed before the sibling holds all of it.
func (r *Run) moveBelow(ctx context.Context, k topology.Key, s Server, a plan.Action) (string, error) {
	c, err := channel(ctx, s, a.Channel)
	switch {
	case err != nil:
		return "", err
	case c == nil:
		return "", errors.New("it is no replica: its connection to a source would need credentials")
	case c.Source == a.Source && (c.IOThread.Running() || a.Verb == plan.Move && !a.On && halted(c) == bothHalted):
		return "", errAlready
	case c.GTID == topology.FilePosition:
		return "", fmt.Errorf("it replicates by file and position, by which its place in the log of %s cannot be told", a.Source)
	}
	left := noneHalted
	if a.Verb == plan.Move {
		left = halted(c)
	}
	// Waited for while the replica goes on: when it takes long, or is in vain, nothing has been touched.
	if err := r.awaitHeld(ctx, s, a); err != nil {
		return "", err
	}
	if a.Verb == plan.Move { // a takeover cannot choose its source, and has no time for it
		if err := r.notPurged(ctx, k, s, c, a); err != nil {
			return "", err
		}
	}
	err = r.stopToMove(ctx, k, s, c.GTID, a)
	if err == nil {
		err = r.mayStill(ctx) // its new source may have been waited for
	}
	if err != nil {
		return "", r.resumeAfter(ctx, k, s, left, a.Channel, err)
	}
	change := server.CarryOver(*c)
	change.Source = a.Source
	was, err := left, r.repoint(ctx, k, s, change)
	if err == nil && a.On {
		left = noneHalted
	}
	// Changed or not, it is not left standing.
	if err := r.resumeAfter(ctx, k, s, left, a.Channel, err); err != nil {
		return "", err
	}
	if !left.receives() {
		return left.String(), nil
	}
	err = r.awaitServed(ctx, s, a.Channel)
	if err == nil {
		return left.String(), nil
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), restartWithin)
	defer cancel()
	return r.moveBack(back, k, s, c, topology.Coordinates{}, was, err)
}

// resumeAfter starts the threads that nobody had stopped, whatever has become of what came before and of ctx; but for a node
// that does not lead any more: who does may have other plans for the replica.
func (r *Run) resumeAfter(ctx context.Context, k topology.Key, s Server, left halt, name string, before error) error {
	if errors.Is(before, ErrMayNotWrite) {
		return fmt.Errorf("threads that were stopped stay so: %w", before)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restartWithin)
	defer cancel()
	return errors.Join(before, r.resume(ctx, k, s, left, name))
}

// stopToMove stops both threads when the new source holds what the replica has. On MariaDB the receiver ends first: as
// long as the applier runs, what was received is kept, and replication can go on where it was. MySQL keeps it anyway, and
// its applier would wait for the end of a transaction in the middle of which its receiver has ended.
func (r *Run) stopToMove(ctx context.Context, k topology.Key, s Server, use topology.GTIDUse, a plan.Action) error {
	if a.Verb == plan.Move && use == topology.MariaDBGTID {
		if err := r.stopThreads(ctx, k, s, server.IOThread, a.Channel); err != nil {
			return err
		}
		if err := r.awaitHeld(ctx, s, a); err != nil {
			return err
		}
		return r.stopThreads(ctx, k, s, server.SQLThread, a.Channel)
	}
	if a.Verb == plan.Move && !a.On {
		if _, err := r.stopWhole(ctx, k, s, a.Channel); err != nil {
			return err
		}
	} else if err := r.stop(ctx, k, s, a.Channel); err != nil {
		return err
	}
	return r.awaitHeld(ctx, s, a)
}

// moveBack returns a replica that its new source does not serve to the source that it had. By file and position it was
// pointed at a place in the log of the new one, and must stand there still.
func (r *Run) moveBack(ctx context.Context, k topology.Key, s Server, was *topology.Channel, at topology.Coordinates, left halt, cause error) (string, error) {
	change := server.CarryOver(*was)
	change.Source = was.Source
	if was.GTID == topology.FilePosition {
		change.Mode, change.Coords = server.FilePosition, was.Exec
	}
	for _, do := range []func() error{
		func() error { return r.stop(ctx, k, s, was.Name) },
		func() error {
			if was.GTID != topology.FilePosition {
				return nil
			}
			now, err := reached(ctx, s, was.Name)
			if err == nil && now.Compare(at) != 0 {
				err = fmt.Errorf("it has applied that log up to %s", now)
			}
			return err
		},
		func() error { return r.repoint(ctx, k, s, change) },
		func() error { return r.resume(ctx, k, s, left, was.Name) },
	} {
		if err := do(); err != nil {
			return "", errors.Join(cause, fmt.Errorf("and it is not back below %s: %w", was.Source, err))
		}
	}
	return "", fmt.Errorf("%w; it is back below %s", cause, was.Source)
}
