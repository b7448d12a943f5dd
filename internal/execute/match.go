package execute

import (
	"context"
	"errors"
	"fmt"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// match points a replica by file and position at a server in whose log its place is found (Match) or known (PlaceAt).
// Threads that somebody had stopped stay stopped. Where no place is found, or the server does not serve the replica, that goes
// on where it was.
func (r *Run) match(ctx context.Context, k topology.Key, s Server, a plan.Action) (string, error) {
	c, err := channel(ctx, s, a.Channel)
	switch {
	case err != nil:
		return "", err
	case c == nil:
		return "", errors.New("it is no replica: its connection to a source would need credentials")
	case c.GTID != topology.FilePosition:
		return "", errors.New("it finds its place by GTID, which a move by position would switch off")
	case a.Verb == plan.PlaceAt && c.Source == a.Source:
		return "", errAlready
	}
	left := halted(c)
	if !c.IOThread.Running() && !c.ReceivedAll() { // nobody may be there to send it again
		if _, err := r.awaitApplied(ctx, s, a.Channel, a.Timeout); err != nil {
			return "", fmt.Errorf("it has received up to %s and applied up to %s, which would be dropped: %w", c.Read, c.Exec, err)
		}
	}
	if err := r.stop(ctx, k, s, a.Channel); err != nil {
		return "", err
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), restartWithin)
	defer cancel()
	was, at, note, err := r.matchStopped(ctx, s, a)
	if err != nil {
		return note, errors.Join(err, r.resume(back, k, s, left, a.Channel))
	}
	if err := r.resume(ctx, k, s, left, a.Channel); err != nil {
		return note, err
	}
	if !left.receives() {
		return noted(note, left.String()), nil
	}
	if err = r.awaitServed(ctx, s, a.Channel); err == nil {
		if left != noneHalted {
			note = noted(note, left.String())
		}
		return note, nil
	}
	back, again := context.WithTimeout(context.WithoutCancel(ctx), restartWithin)
	defer again()
	return r.moveBack(back, k, s, was, at, left, err)
}

// matchStopped gives a replica that stands still its new source, from at on. was is how it was configured before.
func (r *Run) matchStopped(ctx context.Context, s Server, a plan.Action) (was *topology.Channel, at topology.Coordinates, note string, err error) {
	if was, err = channel(ctx, s, a.Channel); err != nil {
		return was, at, "", err
	}
	if was == nil || was.Exec.IsEmpty() {
		return was, at, "", errors.New("how far it has applied its source's log is not known")
	}
	at = a.At
	if a.Verb == plan.PlaceAt {
		if was.Exec.String() != a.Set {
			return was, at, "", fmt.Errorf("it stands at %s of %s by now, and only of %s it is known what that is in the log of %s", was.Exec, was.Source, a.Set, a.Source)
		}
	} else {
		var matched int
		if at, matched, err = r.matchPlace(ctx, s, was, a); err != nil {
			return was, at, "", fmt.Errorf("its place in the log of %s is not proven: %w", a.Source, err)
		}
		note = fmt.Sprintf("%d transactions are the same, ", matched)
	}
	change := server.CarryOver(*was)
	change.Channel, change.Source, change.Mode, change.Coords = a.Channel, a.Source, server.FilePosition, at
	if err := s.ChangeSource(ctx, change); err != nil {
		return was, at, "", err
	}
	r.placed(Equivalence{was.Source, was.Exec, a.Source, at})
	return was, at, note + "from " + at.String(), nil
}

// matchPlace finds the place of a stopped replica in the log of another server by pseudo-GTID.
func (r *Run) matchPlace(ctx context.Context, s Server, c *topology.Channel, a plan.Action) (at topology.Coordinates, matched int, err error) {
	o, target := r.e.o.Events, r.e.o.Server(a.Source)
	if o.Marker.IsZero() {
		return at, 0, errors.New("PseudoGTIDPattern is empty")
	}
	var held *Held
	if a.On {
		if err := InOrder(ctx, s); err != nil {
			return at, 0, err
		}
		held, err = o.LastLogged(ctx, s, topology.Coordinates{})
	} else {
		held, err = o.LastReceived(ctx, s, c, c.Exec)
	}
	if err != nil {
		return at, 0, err
	}
	if err := InOrder(ctx, target); err != nil {
		return at, 0, fmt.Errorf("%s: %w", a.Source, err)
	}
	patience := a.Timeout
	if patience <= 0 {
		patience = r.e.o.Patience
	}
	if at, matched, err = o.Pursue(ctx, target, held, patience); err != nil {
		return at, matched, fmt.Errorf("in the log of %s: %w", a.Source, err)
	}
	return at, matched, nil
}

// Equivalence is a place in the binary log of one server that is the same as a place in that of another.
type Equivalence struct {
	Key   topology.Key
	At    topology.Coordinates
	Other topology.Key
	Same  topology.Coordinates
}

// placed tells of a place that was found.
func (r *Run) placed(e Equivalence) {
	if r.e.o.OnPlaced != nil && !e.At.IsEmpty() && !e.Same.IsEmpty() && e.Key != e.Other {
		r.e.o.OnPlaced(e)
	}
}
