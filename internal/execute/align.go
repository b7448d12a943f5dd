package execute

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// alignable is a server that can replicate up to a position. Real ones can.
type alignable interface {
	StartUntil(ctx context.Context, at topology.Coordinates, channel string) error
}

// align moves a replica by file and position. The server beside which it finds its place is stopped by a step before.
// Whatever happens, the replica replicates again afterwards, from where it did when it was not moved, or when its new source
// does not serve it.
func (r *Run) align(ctx context.Context, k topology.Key, s Server, a plan.Action) (string, error) {
	c, err := channel(ctx, s, a.Channel)
	switch {
	case err != nil:
		return "", err
	case c == nil:
		return "", errors.New("it is no replica")
	case c.Source == a.Source && c.IOThread.Running():
		return "", errAlready
	case c.GTID != topology.FilePosition:
		return "", errors.New("it finds its place by GTID, which a move by position would switch off")
	}
	var at topology.Coordinates
	if a.Verb == plan.AlignUp {
		at, err = r.besideSource(ctx, k, s, c, a)
	} else {
		at, err = r.besideSibling(ctx, k, s, c, a)
	}
	was := *c
	if err == nil {
		was.Exec, err = reached(ctx, s, a.Channel)
	}
	if err == nil {
		change := server.CarryOver(*c)
		change.Source, change.Mode, change.Coords = a.Source, server.FilePosition, at
		if err = s.ChangeSource(ctx, change); err == nil {
			r.placed(Equivalence{c.Source, was.Exec, a.Source, at})
		}
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), restartWithin)
	defer cancel()
	if started := r.start(back, k, s, server.AllThreads, a.Channel); err != nil || started != nil {
		return "", errors.Join(err, started)
	}
	if err = r.awaitServed(ctx, s, a.Channel); err == nil {
		return "from " + at.String(), nil
	}
	back, again := context.WithTimeout(context.WithoutCancel(ctx), restartWithin)
	defer again()
	return r.moveBack(back, k, s, &was, at, noneHalted, err)
}

// besideSource lets a replica apply all that its stopped source has logged, and says where in the log above that is.
func (r *Run) besideSource(ctx context.Context, k topology.Key, s Server, c *topology.Channel, a plan.Action) (at topology.Coordinates, err error) {
	source := r.e.o.Server(a.Former)
	its, err := stopped(ctx, source, a.Former)
	if err != nil {
		return at, err
	}
	end, err := source.SelfCoordinates(ctx)
	if err != nil {
		return at, fmt.Errorf("where the log of %s ends: %w", a.Former, err)
	}
	err = r.await(ctx, s, c.Name, a.Timeout, func(ctx context.Context, timeout time.Duration) error {
		return s.WaitPosition(ctx, end, c.Name, timeout)
	})
	if err != nil {
		return at, err
	}
	if err := r.stop(ctx, k, s, c.Name); err != nil {
		return at, err
	}
	now, err := source.SelfCoordinates(ctx)
	if err == nil && now != end {
		err = fmt.Errorf("the log of %s has grown from %s to %s although it does not replicate: somebody writes there", a.Former, end, now)
	}
	return its.Exec, err
}

// besideSibling brings a replica and its stopped sibling to the same place in the log of their source, and says where
// in the sibling's log that is.
func (r *Run) besideSibling(ctx context.Context, k topology.Key, s Server, c *topology.Channel, a plan.Action) (at topology.Coordinates, err error) {
	// Several may be moved below one sibling at the same time. Where it stands may be changed by each of them.
	release, err := r.alone(ctx, a.Source)
	if err != nil {
		return at, err
	}
	defer release()
	sibling := r.e.o.Server(a.Source)
	its, err := stopped(ctx, sibling, a.Source)
	switch {
	case err != nil:
		return at, err
	case its.Source != c.Source:
		return at, fmt.Errorf("%s replicates from %s: they are no siblings", a.Source, its.Source)
	}
	if _, err := r.stopReplica(ctx, k, s, a); err != nil {
		return at, err
	}
	own, err := reached(ctx, s, c.Name)
	if err != nil {
		return at, err
	}
	switch own.Compare(its.Exec) {
	case -1:
		err = replicateUntil(ctx, s, its.Exec, c.Name)
	case 1:
		err = replicateUntil(ctx, sibling, own, its.Name)
	}
	if err != nil {
		return at, err
	}
	return sibling.SelfCoordinates(ctx)
}

// stopped is the channel of a server whose threads a step before has stopped.
func stopped(ctx context.Context, s Server, k topology.Key) (*topology.Channel, error) {
	channels, err := s.Status(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", k, err)
	case len(channels) != 1 || !stands(channels[0].IOThread) || !stands(channels[0].SQLThread):
		return nil, fmt.Errorf("%s does not stand still on a single channel", k)
	}
	return &channels[0], nil
}

// replicateUntil lets a stopped replica apply up to a position, where it stands again.
func replicateUntil(ctx context.Context, s Server, at topology.Coordinates, name string) error {
	able, ok := s.(alignable)
	if !ok {
		return errors.New("it cannot replicate up to a position")
	}
	if err := able.StartUntil(ctx, at, name); err != nil {
		return err
	}
	err := poll(ctx, func() (bool, error) {
		c, err := channel(ctx, s, name)
		switch {
		case err != nil:
			return false, err
		case c == nil:
			return false, errors.New("its replication configuration is gone")
		case c.LastSQLErrno != 0:
			return false, fmt.Errorf("its applier stopped with error %d: %s", c.LastSQLErrno, c.LastSQLError)
		}
		return stands(c.SQLThread) && !c.Exec.Less(at), nil
	})
	// It stops in any case: the receiver would go on.
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), restartWithin)
	defer cancel()
	err = errors.Join(err, s.StopReplica(back, server.AllThreads, name))
	if err != nil {
		return err
	}
	now, err := reached(ctx, s, name)
	if err == nil && now.Compare(at) != 0 {
		err = fmt.Errorf("it was to apply up to %s and is at %s", at, now)
	}
	return err
}
