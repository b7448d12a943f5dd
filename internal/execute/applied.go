package execute

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/gtid"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// appliedAll says whether a replica has applied everything that it received, and up to where it has received.
func appliedAll(ctx context.Context, s Server, c *topology.Channel) (all bool, target string, err error) {
	switch c.GTID {
	case topology.OracleGTID:
		g, err := soon(ctx, 0, s.GTIDs)
		if err != nil {
			return false, "", err
		}
		executed, err := gtid.Parse(g.Executed)
		if err != nil {
			return false, "", fmt.Errorf("executed GTID set: %w", err)
		}
		retrieved, err := gtid.Parse(c.RetrievedSet)
		if err != nil {
			return false, "", fmt.Errorf("retrieved GTID set: %w", err)
		}
		return executed.Contains(retrieved), retrieved.String(), nil
	case topology.MariaDBGTID:
		if neverRead(c) {
			return true, c.AppliedSet, nil
		}
		applied, err := gtid.ParseMariaPos(c.AppliedSet)
		if err != nil {
			return false, "", fmt.Errorf("applied GTID position: %w", err)
		}
		received, err := gtid.ParseMariaPos(c.RetrievedSet)
		if err != nil {
			return false, "", fmt.Errorf("received GTID position: %w", err)
		}
		return applied.Contains(received), received.String(), nil
	}
	return c.ReceivedAll(), c.Read.String(), nil
}

// neverRead says that nothing was read from the source since the replica was pointed at it: its relay log is empty,
// although MariaDB goes on to show up to where it had received from the one before.
func neverRead(c *topology.Channel) bool {
	return c.Read.LogFile == "" && c.Read.LogPos > 0 && c.Exec.IsEmpty()
}

// answerWithin is how long a server may keep a question waiting while it applies: the steps that wait for it have a day, as
// long as it gets on, and one whose machine is gone would never refuse.
const answerWithin = 15 * time.Second

// soon asks a question that a living server answers at once, or within the time that it was given.
func soon[T any](ctx context.Context, given time.Duration, ask func(context.Context) (T, error)) (T, error) {
	bounded, cancel := context.WithTimeoutCause(ctx, given+answerWithin, fmt.Errorf("it does not answer for %s", given+answerWithin))
	defer cancel()
	v, err := ask(bounded)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", context.Cause(bounded), err)
	}
	return v, err
}

// channelSoon is channel of a server that is waited for.
func channelSoon(ctx context.Context, s Server, name string) (*topology.Channel, error) {
	return soon(ctx, 0, func(ctx context.Context) (*topology.Channel, error) { return channel(ctx, s, name) })
}

// workWithin is how long a server that is waited for may take to start a thread, or to read its relay log.
const workWithin = time.Minute

// within is soon for what returns nothing.
func within(ctx context.Context, given time.Duration, do func(context.Context) error) error {
	_, err := soon(ctx, given, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) })
	return err
}

// waitSoon is a wait on the server that ends there after a while.
func waitSoon(ctx context.Context, d time.Duration, wait func(context.Context, time.Duration) error) error {
	return within(ctx, d, func(ctx context.Context) error { return wait(ctx, d) })
}

// awaitApplied waits until everything that was received has been applied. The applier is started if somebody had
// stopped it. It waits as long as the applier gets on; standing still for longer than patience is an error, and so
// is an applier that has stopped with an error.
func (r *Run) awaitApplied(ctx context.Context, s Server, name string, patience time.Duration) (note string, err error) {
	c, err := channelSoon(ctx, s, name)
	if err != nil || c == nil {
		return "", err
	}
	all, target, err := appliedAll(ctx, s, c)
	if err != nil || all {
		return "", err
	}
	if stands(c.SQLThread) {
		if c.LastSQLErrno != 0 {
			return "", fmt.Errorf("its applier stopped with error %d: %s", c.LastSQLErrno, c.LastSQLError)
		}
		if c.GTID == topology.MariaDBGTID && stands(c.IOThread) {
			return "", errWouldDrop
		}
		if err := within(ctx, workWithin, func(ctx context.Context) error { return s.StartReplica(ctx, server.SQLThread, name) }); err != nil {
			return "", err
		}
		note = "its applier had been stopped and was started"
	}
	if c.GTID == topology.FilePosition {
		return r.awaitPosition(ctx, s, c, patience, note)
	}
	return note, r.awaitSet(ctx, s, name, target, patience)
}

// partialWait is how long a replica by position is waited for before its relay log is looked at.
const partialWait = time.Second

// awaitPosition waits until the replica has applied up to where it has received, or all but the beginning of a
// transaction whose end never came.
func (r *Run) awaitPosition(ctx context.Context, s Server, c *topology.Channel, patience time.Duration, note string) (string, error) {
	err := waitSoon(ctx, partialWait, func(ctx context.Context, d time.Duration) error { return s.WaitPosition(ctx, c.Read, c.Name, d) })
	if !errors.Is(err, server.ErrNotReached) {
		return note, err
	}
	now, err := channelSoon(ctx, s, c.Name)
	switch {
	case err != nil:
		return note, err
	case now == nil:
		return note, errors.New("its replication configuration is gone")
	}
	// What the applier has in hand right now stands in the relay log, too; only a log without any end is a rest.
	part, err := soon(ctx, workWithin, func(ctx context.Context) (bool, error) { return onlyPartRemains(ctx, s, now) })
	switch {
	case err != nil:
		return note, err
	case part:
		return "the rest that was received is the beginning of a transaction whose end never came", nil
	}
	return note, r.await(ctx, s, c.Name, patience, func(ctx context.Context, timeout time.Duration) error {
		return s.WaitPosition(ctx, c.Read, c.Name, timeout)
	})
}

// awaitSet waits until the replica has applied the set, as long as its applier gets on.
func (r *Run) awaitSet(ctx context.Context, s Server, name, set string, patience time.Duration) error {
	return r.await(ctx, s, name, patience, func(ctx context.Context, timeout time.Duration) error {
		return s.WaitExecuted(ctx, set, timeout)
	})
}

// await repeats a wait on the server until it is over, the applier fails, or it stands still.
func (r *Run) await(ctx context.Context, s Server, name string, patience time.Duration, wait func(context.Context, time.Duration) error) error {
	if patience <= 0 {
		patience = r.e.o.Patience
	}
	before, err := channelSoon(ctx, s, name)
	if err != nil {
		return err
	}
	for {
		// The server counts in whole seconds or less; the deadline of the step bounds it as well.
		err := waitSoon(ctx, patience, wait)
		if !errors.Is(err, server.ErrNotReached) {
			return err
		}
		now, err := channelSoon(ctx, s, name)
		switch {
		case err != nil:
			return err
		case now == nil || before == nil:
			return errors.New("its replication configuration is gone")
		case now.LastSQLErrno != 0:
			return fmt.Errorf("its applier stopped with error %d: %s", now.LastSQLErrno, now.LastSQLError)
		case now.Exec == before.Exec && now.AppliedSet == before.AppliedSet && now.Relay == before.Relay:
			return fmt.Errorf("its applier has stood still for %s at %s", patience, now.Exec)
		}
		before = now
	}
}
