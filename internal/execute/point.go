package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// alone waits until no other step of this run works on a server that is not its own, and keeps the others from it until
// release is called.
func (r *Run) alone(ctx context.Context, k topology.Key) (release func(), err error) {
	r.mu.Lock()
	if r.turns == nil {
		r.turns = make(map[topology.Key]chan struct{})
	}
	turn := r.turns[k]
	if turn == nil {
		turn = make(chan struct{}, 1)
		r.turns[k] = turn
	}
	r.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("others work on %s: %w", k, ctx.Err())
	}
}

// resolved is the server that a channel names as its source, as everybody else calls it.
func (r *Run) resolved(k topology.Key) topology.Key {
	if r.e.o.Resolve == nil {
		return k
	}
	return r.e.o.Resolve(k)
}

// still is a server by file and position that stands still: where it is in its source's log, and where its own ends.
type still struct {
	key  topology.Key
	in   *topology.Channel
	ends topology.Coordinates
}

// stillAt reads a server that has to stand still, on the channel, or on its only one where none is named.
func (r *Run) stillAt(ctx context.Context, s Server, k topology.Key, name string) (still, error) {
	channels, err := s.Status(ctx)
	if err != nil {
		return still{}, fmt.Errorf("%s: %w", k, err)
	}
	i := slices.IndexFunc(channels, func(c topology.Channel) bool { return c.Name == name })
	if i < 0 && name == "" && len(channels) == 1 {
		i = 0
	}
	if i < 0 {
		return still{}, fmt.Errorf("%s is no replica", k)
	}
	c := &channels[i]
	c.Source = r.resolved(c.Source)
	switch {
	case !stands(c.IOThread) || !stands(c.SQLThread):
		return still{}, fmt.Errorf("%s does not stand still", k)
	case c.GTID != topology.FilePosition:
		return still{}, fmt.Errorf("%s finds its place by GTID, which a change by position would switch off", k)
	case c.Exec.IsEmpty():
		return still{}, fmt.Errorf("how far %s has applied its source's log is not known", k)
	}
	ends, err := s.SelfCoordinates(ctx)
	if err == nil && ends.IsEmpty() {
		err = errors.New("it writes no binary log")
	}
	if err != nil {
		return still{}, fmt.Errorf("where the log of %s ends: %w", k, err)
	}
	return still{k, c, ends}, nil
}

// level says whether positions prove that two servers that stand still hold the same: both are at one place in the log
// of one source, or one of them has applied all that the other has logged.
func (a still) level(b still) bool {
	switch {
	case a.in.Source == b.in.Source:
		return a.in.Exec == b.in.Exec
	case a.in.Source == b.key:
		return a.in.Exec == b.ends
	case b.in.Source == a.key:
		return b.in.Exec == a.ends
	}
	return false
}

// pointAt points a replica that stands still at another source by position.
func (r *Run) pointAt(ctx context.Context, k topology.Key, s Server, a plan.Action) (string, error) {
	own, err := channel(ctx, s, a.Channel)
	if err == nil && own != nil && r.resolved(own.Source) == a.Source {
		return "", errAlready
	}
	me, err := r.stillAt(ctx, s, k, a.Channel)
	if err != nil {
		return "", err
	}
	at, err := r.proven(ctx, me, a)
	if err != nil {
		return "", err
	}
	change := server.CarryOver(*me.in)
	change.Source, change.Mode, change.Coords = a.Source, server.FilePosition, at
	return "from " + at.String(), s.ChangeSource(ctx, change)
}

// proven is where a server that stands still goes on in the log of its new source.
func (r *Run) proven(ctx context.Context, me still, a plan.Action) (at topology.Coordinates, err error) {
	other := func(k topology.Key) (still, error) { return r.stillAt(ctx, r.e.o.Server(k), k, "") }
	if a.Place == plan.Beside {
		beside, err := other(a.Former)
		switch {
		case err != nil:
			return at, err
		case beside.in.Source != a.Source:
			return at, fmt.Errorf("%s replicates from %s, not from %s", a.Former, beside.in.Source, a.Source)
		case !me.level(beside):
			return at, fmt.Errorf("it does not hold the same as %s: it is at %s of %s", a.Former, me.in.Exec, me.in.Source)
		}
		return beside.in.Exec, nil
	}
	source, err := other(a.Source)
	if err != nil {
		return at, err
	}
	same := me.level(source)
	if !same && !a.Former.IsZero() {
		witness, err := other(a.Former)
		if err != nil {
			return at, err
		}
		same = me.level(witness) && witness.level(source)
	}
	if !same {
		return at, fmt.Errorf("it does not hold the same as %s: it is at %s of %s", a.Source, me.in.Exec, me.in.Source)
	}
	return source.ends, nil
}
