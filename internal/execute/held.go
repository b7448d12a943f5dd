package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// ErrNotHeld says that a replica was left where it is, as it was, because its new source did not come to hold what the
// replica has.
var ErrNotHeld = errors.New("not moved")

// awaitHeld waits until the new source of a replica by GTID holds all that the replica has, received or applied, by
// whatever channels the source gets it. What the replica received and did not apply is dropped when it is pointed there.
func (r *Run) awaitHeld(ctx context.Context, s Server, a plan.Action) error {
	lacks, err := r.lacks(ctx, s, a)
	if err != nil || lacks == nil {
		return err
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

const (
	// heldWithin bounds the question whether a new source holds what a replica has, and gainFor how long one may stand still that
	// does not: it may be a replica itself, and a moment behind.
	heldWithin = 3 * time.Second
	gainFor    = 500 * time.Millisecond
	// quietFor is how long a receiver that stood still counts as one that does: a server that is started anew starts it.
	quietFor = time.Second
)

// mayFollow returns what is asked before a replica is given a new source by GTID. The plan has compared the two, but a replica
// whose receiver has not stood still since may have received more, from a primary that came back, say: where the new source
// proves to lack that, and does not get to it, the replica is left where it is. A new primary that does not answer is followed all the
// same. But below any other server (Action.Proven) nothing is gained by a move before that answers; and a replica that drops what it
// has received, as it cannot apply it, is pointed only at a source that holds that and is there still: the stop may have taken long.
func (r *Run) mayFollow(k topology.Key, s Server, c *topology.Channel, mode server.PositionMode, a plan.Action, drops bool) func(context.Context) error {
	r.mu.Lock()
	quiet := r.ending[k] != nil && stands(c.IOThread)
	r.mu.Unlock()
	seen := time.Now()
	return func(ctx context.Context) error {
		if mode == server.FilePosition || !drops && quiet && time.Since(seen) < quietFor {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, heldWithin)
		defer cancel()
		lacks, err := r.lacks(ctx, s, a)
		if err != nil || lacks == nil {
			return err
		}
		missing, err := stillMissing(ctx, lacks)
		switch {
		case err != nil && drops:
			return fmt.Errorf("%w: that would drop what it has received, and whether %s holds it cannot be told: %w", ErrNotHeld, a.Source, err)
		case err != nil && a.Proven:
			return fmt.Errorf("%w: whether %s holds what it has cannot be told: %w", ErrNotHeld, a.Source, err)
		case err == nil && missing != "":
			return fmt.Errorf("%w: %s does not hold %s, which the replica has", ErrNotHeld, a.Source, missing)
		}
		return nil
	}
}

// stillMissing is what a source lacks once it does not get on any more, or in the end.
func stillMissing(ctx context.Context, lacks func() (string, error)) (missing string, err error) {
	since := time.Now()
	err = poll(ctx, func() (bool, error) {
		before := missing
		now, err := lacks()
		if missing = now; now != before {
			since = time.Now()
		}
		return now == "" || time.Since(since) >= gainFor, err
	})
	if missing != "" {
		return missing, nil
	}
	return "", err
}

// lacks returns what tells what the new source lacks of all that a replica has by now; nil where it replicates by position.
func (r *Run) lacks(ctx context.Context, s Server, a plan.Action) (func() (string, error), error) {
	channels, err := s.Status(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(channels, func(c topology.Channel) bool { return c.Name == a.Channel })
	if i < 0 {
		return nil, nil
	}
	source, c := r.e.o.Server(a.Source), &channels[i]
	switch c.GTID {
	case topology.OracleGTID:
		return func() (string, error) { return lacksOfSet(ctx, source, c.RetrievedSet) }, nil
	case topology.MariaDBGTID:
		return func() (string, error) { return lacksOfPosition(ctx, source, c, len(channels) > 1) }, nil
	}
	return nil, nil
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
	held, err := heldBy(ctx, s)
	if err != nil {
		return "", err
	}
	wanted := applied.Union(received)
	if several {
		wanted = wanted.Within(held.at)
	}
	if !held.at.Contains(wanted) {
		return fmt.Sprintf("%s (it is at %s)", wanted, held.at.Within(wanted)), nil
	}
	if strange := held.log.NotLogged(wanted); held.logsAll && len(strange) > 0 {
		return fmt.Sprintf("%s (its log has %s)", strange[0], held.log), nil
	}
	return "", nil
}

// holding is all that a MariaDB server has, written by itself or replicated. Its position alone does not tell two histories
// apart, as every server goes on counting where others stopped; a log that has all of it knows how far it has got of each
// server's.
type holding struct {
	at      gtid.MariaPos
	log     gtid.MariaState
	logsAll bool
}

func heldBy(ctx context.Context, s Server) (h holding, err error) {
	g, err := s.GTIDs(ctx)
	if err != nil {
		return h, err
	}
	replicated, e1 := gtid.ParseMariaPos(g.SlavePos)
	own, e2 := gtid.ParseMariaPos(g.BinlogPos)
	log, e3 := gtid.ParseMariaState(g.BinlogState)
	if err := errors.Join(e1, e2, e3); err != nil {
		return h, fmt.Errorf("GTID position: %w", err)
	}
	return holding{replicated.Union(own), log, !log.IsEmpty() && len(log.NotLogged(replicated)) == 0}, nil
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
	source, ok := r.e.o.Server(r.resolved(c.Source.Reattached())).(logKeeper)
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
