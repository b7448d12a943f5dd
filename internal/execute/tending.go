package execute

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// tended is what only the operations that people ask for need of a server, so a Server may do without.
type tended interface {
	SkipCounter(ctx context.Context, n int64, channel string) error
	FailingGTID(ctx context.Context, channel string) (string, error)
	InjectEmpty(ctx context.Context, gtid string) error
	ResetBinaryLogsAndGTIDs(ctx context.Context) error
	SetGTIDPurged(ctx context.Context, set string) error
	KillQuery(ctx context.Context, id uint64) error
	ShutDown(ctx context.Context) error
	Credentials(ctx context.Context) (server.Credentials, error)
	GTIDPosAt(ctx context.Context, at topology.Coordinates) (string, error)
}

// logKeeper is a server that begins and deletes binary logs on demand. Real ones do.
type logKeeper interface {
	FlushBinaryLogs(ctx context.Context) error
	PurgeBinaryLogs(ctx context.Context, toFile string) error
	BinaryLogs(ctx context.Context) ([]server.BinaryLog, error)
}

var errNoStatement = errors.New("the server takes no such statement")

// flushesAtMost bounds how many binary logs one step begins.
const flushesAtMost = 1000

// tend does the actions that are asked for on one server.
func (r *Run) tend(ctx context.Context, k topology.Key, s Server, a plan.Action) (note string, err error) {
	switch a.Verb {
	case plan.StopApplying:
		return "", s.StopReplica(ctx, server.SQLThread, a.Channel)
	case plan.StartApplying:
		return "", s.StartReplica(ctx, server.SQLThread, a.Channel)
	case plan.AwaitReplicating:
		return "", r.awaitReplicating(ctx, s, a.Channel)
	case plan.AwaitPosition:
		return "", r.await(ctx, s, a.Channel, a.Timeout, func(ctx context.Context, timeout time.Duration) error {
			return s.WaitPosition(ctx, a.At, a.Channel, timeout)
		})
	case plan.ReattachSource, plan.SetDelay, plan.UseGTID, plan.UsePosition, plan.SetCredentials, plan.SkipStatement,
		plan.KillQuery, plan.ShutDown, plan.InjectEmpty, plan.ForgetErrant:
		t, ok := s.(tended)
		if !ok {
			return "", errNoStatement
		}
		return r.tendAt(ctx, k, s, t, a)
	case plan.ReplaceData, plan.AwaitReplaced:
		c, ok := s.(cloned)
		switch {
		case !ok:
			return "", errNoStatement
		case a.Verb == plan.AwaitReplaced:
			return "", r.awaitReplaced(ctx, k, c)
		}
		return r.replaceData(ctx, k, c, a.Source)
	case plan.HoldsNoMore:
		return "", r.holdsNoMore(ctx, s, a.Source)
	case plan.KillProcess, plan.FreezeProcess:
		return "", strike(ctx, s, a.Verb)
	case plan.FlushLogs, plan.PurgeLogs:
		l, ok := s.(logKeeper)
		switch {
		case !ok:
			return "", errNoStatement
		case a.Verb == plan.PurgeLogs:
			return purge(ctx, l, a.At.LogFile)
		}
		return flush(ctx, s, l, a.At.LogFile, flushesAtMost)
	}
	return "", fmt.Errorf("unknown action %q", a.Verb)
}

// tendAt does those that need more of a server than others do.
func (r *Run) tendAt(ctx context.Context, k topology.Key, s Server, t tended, a plan.Action) (note string, err error) {
	switch a.Verb {
	case plan.ReattachSource, plan.SetDelay, plan.UseGTID, plan.UsePosition, plan.SetCredentials:
		return r.reconfigure(ctx, k, s, t, a)
	case plan.SkipStatement:
		return r.skip(ctx, s, t, a)
	case plan.KillQuery:
		return "", t.KillQuery(ctx, uint64(a.Number))
	case plan.ShutDown:
		return "", t.ShutDown(ctx)
	case plan.InjectEmpty:
		return injectAll(ctx, t, a.Set)
	case plan.ForgetErrant:
		return forgetErrant(ctx, s, t, a.Set)
	}
	return "", fmt.Errorf("unknown action %q", a.Verb)
}

// awaitReplicating waits until both threads of a channel run.
func (r *Run) awaitReplicating(ctx context.Context, s Server, name string) error {
	if err := r.awaitReceiving(ctx, s, name); err != nil {
		return err
	}
	return poll(ctx, func() (bool, error) {
		c, err := channel(ctx, s, name)
		switch {
		case err != nil:
			return false, err
		case c == nil:
			return false, errors.New("its replication configuration is gone")
		case c.SQLThread.Running():
			return true, nil
		case c.LastSQLErrno != 0:
			return false, fmt.Errorf("its applier stopped with error %d: %s", c.LastSQLErrno, c.LastSQLError)
		}
		return false, nil
	})
}

// reconfigure changes how a channel works, keeping its place and all other options of its connection.
func (r *Run) reconfigure(ctx context.Context, k topology.Key, s Server, t tended, a plan.Action) (note string, err error) {
	if a.Verb != plan.SetDelay {
		// Where the SQL thread stands is its place: it has to stand first.
		if err := r.stop(ctx, k, s, a.Channel); err != nil {
			return "", err
		}
	}
	c, err := channel(ctx, s, a.Channel)
	if err != nil {
		return "", err
	}
	if c == nil {
		return "", errors.New("it is no replica")
	}
	if err := r.resendable(ctx, s, c, a); err != nil {
		return "", err
	}
	change := server.SourceChange{Channel: a.Channel}
	switch a.Verb {
	case plan.SetDelay:
		change.Delay = &a.Number
	case plan.ReattachSource:
		if !c.Source.IsDetached() {
			return "", errAlready
		}
		change = server.CarryOver(*c)
		change.Source = c.Source.Reattached()
		if c.GTID == topology.FilePosition {
			change.Mode, change.Coords = server.FilePosition, c.Exec
		}
	case plan.UseGTID:
		change.Mode = server.GTIDAuto
		if a.Place == plan.ByMariaDBGTID {
			change.Mode = server.MariaDBSlavePos
			if note, err = r.mendGTIDPos(ctx, s, c); err != nil {
				return "", err
			}
		}
	case plan.UsePosition:
		if err := r.provenPlace(ctx, s, c); err != nil {
			return "", err
		}
		change.Mode, change.Coords = server.FilePosition, c.Exec
	case plan.SetCredentials:
		id, err := t.Credentials(ctx)
		if err != nil {
			return "", err
		}
		change.TLS = connection(identity{Credentials: id, channel: *c})
		change.User, change.Password = id.User, id.Password
	}
	return note, s.ChangeSource(ctx, change)
}

// skip skips what the SQL thread has stopped at. Which transaction that is, the server says.
func (r *Run) skip(ctx context.Context, s Server, t tended, a plan.Action) (string, error) {
	c, err := channel(ctx, s, a.Channel)
	switch {
	case err != nil:
		return "", err
	case c == nil || !stands(c.SQLThread) || c.LastSQLErrno == 0:
		return "", errors.New("its applier has not stopped with an error any more")
	case a.Place != plan.ByOracleGTID:
		return "", t.SkipCounter(ctx, 1, a.Channel)
	}
	failing, err := failingGTID(ctx, s, t, c)
	if err != nil {
		return "", err
	}
	return "skipped " + failing, t.InjectEmpty(ctx, failing)
}

// failingGTID finds the transaction at which the SQL thread stopped: what the server says, where that has not been
// executed, otherwise the first that was received and not executed, where there is only one such.
func failingGTID(ctx context.Context, s Server, t tended, c *topology.Channel) (string, error) {
	state, err := s.GTIDs(ctx)
	if err != nil {
		return "", err
	}
	executed, err := gtid.Parse(state.Executed)
	if err != nil {
		return "", fmt.Errorf("executed GTID set: %w", err)
	}
	said, err := t.FailingGTID(ctx, c.Name)
	if err != nil && server.KindOf(err) != server.Unsupported {
		return "", err
	}
	if g, err := gtid.ParseGTID(said); err == nil && !executed.ContainsGTID(g) {
		return g.String(), nil
	}
	retrieved, err := gtid.Parse(c.RetrievedSet)
	if err != nil {
		return "", fmt.Errorf("retrieved GTID set: %w", err)
	}
	var first gtid.GTID
	sources := 0
	var last gtid.TSID
	for tsid, interval := range retrieved.Subtract(executed).Intervals() {
		if sources > 0 && tsid == last {
			continue
		}
		if sources == 0 {
			first = gtid.GTID{UUID: tsid.UUID, Tag: tsid.Tag, Seq: interval.First}
		}
		sources, last = sources+1, tsid
	}
	if sources != 1 {
		return "", fmt.Errorf("which transaction fails is not known: the server does not say, and %d sources have transactions that were not applied", sources)
	}
	return first.String(), nil
}

// flush begins binary logs until the server has come to the file, or one.
func flush(ctx context.Context, s Server, t logKeeper, file string, most int) (string, error) {
	for n := range most {
		at, err := s.SelfCoordinates(ctx)
		switch {
		case err != nil:
			return "", err
		case at.IsEmpty():
			return "", errors.New("it writes no binary log")
		case file == "" && n > 0, file != "" && !(topology.Coordinates{LogFile: at.LogFile}).Less(topology.Coordinates{LogFile: file}):
			return "now at " + at.LogFile, nil
		}
		if err := t.FlushBinaryLogs(ctx); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%s is not reached after %d new binary logs", file, most)
}

// purgeWithin is how long a server is asked again to delete binary logs that it keeps for a moment: while a replica has
// one open, or while it may need one itself after a crash.
const purgeWithin = 5 * time.Second

// purge deletes the binary logs before a file. Servers keep what they still need without a word; the note says so.
func purge(ctx context.Context, t logKeeper, file string) (string, error) {
	first := ""
	bounded, cancel := context.WithTimeout(ctx, purgeWithin)
	defer cancel()
	err := poll(bounded, func() (bool, error) {
		if err := t.PurgeBinaryLogs(ctx, file); err != nil {
			return false, err
		}
		logs, err := t.BinaryLogs(ctx)
		if err != nil || len(logs) == 0 {
			return true, err
		}
		first = logs[0].Name
		return !(topology.Coordinates{LogFile: first}).Less(topology.Coordinates{LogFile: file}), nil
	})
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return "the server keeps " + first + " and what follows: it needs them itself, or a replica reads them", nil
	}
	return "", err
}

func injectAll(ctx context.Context, t tended, text string) (string, error) {
	set, err := gtid.Parse(text)
	if err != nil {
		return "", fmt.Errorf("GTID set: %w", err)
	}
	n := 0
	for g := range set.All() {
		if err := t.InjectEmpty(ctx, g.String()); err != nil {
			return fmt.Sprintf("%d committed", n), err
		}
		n++
	}
	return fmt.Sprintf("%d committed", n), nil
}

// forgetErrant resets the GTID history of a server and sets it again without some transactions. An error says which
// gtid_purged was to be set: until it is, the server does not know what it holds.
func forgetErrant(ctx context.Context, s Server, t tended, text string) (string, error) {
	state, err := s.GTIDs(ctx)
	if err != nil {
		return "", err
	}
	executed, err := gtid.Parse(state.Executed)
	if err != nil {
		return "", fmt.Errorf("executed GTID set: %w", err)
	}
	errant, err := gtid.Parse(text)
	if err != nil {
		return "", fmt.Errorf("errant GTID set: %w", err)
	}
	target := executed.Subtract(errant).String()
	fail := func(err error) error { return fmt.Errorf("%w; its gtid_purged is to be %q", err, target) }
	if err := t.ResetBinaryLogsAndGTIDs(ctx); err != nil {
		return "", fail(err)
	}
	// Nothing may stop half-way between here and the set.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	defer cancel()
	if state, err = s.GTIDs(ctx); err != nil {
		return "", fail(err)
	}
	if state.Executed != "" {
		return "", fail(fmt.Errorf("gtid_executed is %s after it was reset", state.Executed))
	}
	if target == "" {
		return "gtid_purged is empty", nil
	}
	for attempt := 1; ; attempt++ {
		if err = t.SetGTIDPurged(ctx, target); err == nil {
			return "gtid_purged is " + target, nil
		}
		if attempt == 3 || ctx.Err() != nil {
			return "", fail(err)
		}
	}
}
