package execute

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// ErrNotHeld says that a replica was left where it is, as it was, because its new source did not come to hold what the
// replica has.
var ErrNotHeld = errors.New("not moved")

// awaitHeld waits until the new source of a replica by GTID holds all that the replica has, received or applied, by
// whatever channels the source gets it. What the replica received and did not apply is dropped when it is pointed there.
func (r *Run) awaitHeld(ctx context.Context, s Server, a plan.Action) error {
	channels, err := s.Status(ctx)
	if err != nil {
		return err
	}
	source := r.e.o.Server(a.Source)
	var lacks func() (string, error)
	for i := range channels {
		if c := &channels[i]; c.Name == a.Channel && c.GTID == topology.OracleGTID {
			lacks = func() (string, error) { return lacksOfSet(ctx, source, c.RetrievedSet) }
		} else if c.Name == a.Channel && c.GTID == topology.MariaDBGTID {
			lacks = func() (string, error) { return lacksOfPosition(ctx, source, c, len(channels) > 1) }
		}
	}
	if lacks == nil {
		return nil
	}
	patience := a.Timeout
	if patience <= 0 {
		patience = r.e.o.Patience
	}
	missing, since := "", time.Now()
	err = poll(ctx, func() (bool, error) {
		before := missing
		var err error
		if missing, err = lacks(); missing != before {
			since = time.Now() // it gets on
		}
		if err == nil && missing != "" && time.Since(since) > patience {
			err = fmt.Errorf("%w: %s has not got to %s, which the replica has, and has stood still for %s", ErrNotHeld, a.Source, missing, patience)
		}
		return missing == "", err
	})
	if err != nil && ctx.Err() != nil && missing != "" {
		return fmt.Errorf("%w: %s has not got to %s, which the replica has, in time", ErrNotHeld, a.Source, missing)
	}
	return err
}

// lacksOfSet is what a MySQL server has not executed of a set.
func lacksOfSet(ctx context.Context, s Server, text string) (string, error) {
	wanted, err := gtid.Parse(text)
	if err != nil {
		return "", fmt.Errorf("received GTID set: %w", err)
	}
	g, err := s.GTIDs(ctx)
	if err != nil {
		return "", err
	}
	executed, err := gtid.Parse(g.Executed)
	if err != nil {
		return "", fmt.Errorf("executed GTID set: %w", err)
	}
	return wanted.Subtract(executed).String(), nil
}

// lacksOfPosition is up to where a MariaDB server has not come of what a channel has received and applied. A replica of
// several sources has domains that come by other channels: of those that the server does not know nothing is asked.
func lacksOfPosition(ctx context.Context, s Server, c *topology.Channel, several bool) (string, error) {
	applied, err := gtid.ParseMariaPos(c.AppliedSet)
	if err != nil {
		return "", fmt.Errorf("applied GTID position: %w", err)
	}
	received, err := gtid.ParseMariaPos(c.RetrievedSet)
	if err != nil {
		return "", fmt.Errorf("received GTID position: %w", err)
	}
	held, err := heldPosition(ctx, s)
	if err != nil {
		return "", err
	}
	wanted := applied.Union(received)
	if several {
		wanted = wanted.Within(held)
	}
	if held.Contains(wanted) {
		return "", nil
	}
	return fmt.Sprintf("%s (it is at %s)", wanted, held.Within(wanted)), nil
}

// heldPosition is all that a MariaDB server has, written by itself or replicated.
func heldPosition(ctx context.Context, s Server) (gtid.MariaPos, error) {
	g, err := s.GTIDs(ctx)
	if err != nil {
		return gtid.MariaPos{}, err
	}
	var held gtid.MariaPos
	for _, text := range []string{g.SlavePos, g.BinlogPos} {
		p, err := gtid.ParseMariaPos(text)
		if err != nil {
			return held, fmt.Errorf("GTID position: %w", err)
		}
		held = held.Union(p)
	}
	return held, nil
}

// resendable is an error when a change would drop what a replica has received and not applied, and its source cannot send
// that again: it does not answer, or has deleted the binary logs.
func (r *Run) resendable(ctx context.Context, s Server, c *topology.Channel, a plan.Action) error {
	all, received, err := appliedAll(ctx, s, c)
	// Newer MySQL servers keep all of it while the receiver runs, and the delay can be set then. Others refuse that.
	if err != nil || all || a.Verb == plan.SetDelay && !stands(c.IOThread) {
		return err
	}
	drops := func(err error) error {
		return fmt.Errorf("it has received up to %s and not applied all of it, the change would drop that, and %s may not send it again: %w", received, c.Source, err)
	}
	source, ok := r.e.o.Server(r.resolved(c.Source.Reattached())).(tended)
	if !ok {
		return drops(errors.New("its binary logs cannot be listed"))
	}
	logs, err := source.BinaryLogs(ctx)
	if err != nil {
		return drops(err)
	}
	from := topology.Coordinates{LogFile: c.Exec.LogFile}
	if len(logs) == 0 || from.IsEmpty() || from.Less(topology.Coordinates{LogFile: logs[0].Name}) {
		return drops(fmt.Errorf("it is needed from %s on", from.LogFile))
	}
	return nil
}
