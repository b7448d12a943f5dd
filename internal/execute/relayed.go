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

// What replaces a lost primary that has nothing but binlog servers below it: a replica applies all that they hold, its own
// log goes on where theirs ends, and they go on in it.

// awaitRelayed waits until a replica of a binlog server that receives no more has applied all of its log.
func (r *Run) awaitRelayed(ctx context.Context, k topology.Key, s Server, a plan.Action) (note string, err error) {
	end, err := topology.ParseCoordinates(a.Set)
	if err != nil {
		return "", err
	}
	if err := r.standsAt(ctx, a.Source, end); err != nil {
		return "", err
	}
	c, err := channelSoon(ctx, s, a.Channel)
	switch {
	case err != nil:
		return "", err
	case c == nil:
		return "", errors.New("it is no replica any more")
	case r.resolved(c.Source) != a.Source:
		return "", fmt.Errorf("it replicates from %s, not from %s", c.Source, a.Source)
	}
	if stands(c.IOThread) || stands(c.SQLThread) && c.LastSQLErrno == 0 {
		note = "its threads had been stopped and were started"
		if err := within(ctx, workWithin, func(ctx context.Context) error { return r.start(ctx, k, s, server.AllThreads, a.Channel) }); err != nil {
			return note, err
		}
	}
	until := func(ctx context.Context, d time.Duration) error { return s.WaitPosition(ctx, end, a.Channel, d) }
	if err = waitSoon(ctx, partialWait, until); errors.Is(err, server.ErrNotReached) {
		var all bool
		if all, err = allButStop(ctx, s, a.Channel, end); err == nil && !all {
			err = r.await(ctx, s, a.Channel, a.Timeout, until)
		}
	}
	if err != nil {
		return note, err
	}
	now, err := reached(ctx, s, a.Channel)
	if err == nil && end.Less(now) {
		err = fmt.Errorf("it has applied up to %s, and %s holds only up to %s", now, a.Source, end)
	}
	return note, err
}

// standsAt sees that a binlog server receives nothing, and holds its source's log up to a place.
func (r *Run) standsAt(ctx context.Context, k topology.Key, end topology.Coordinates) error {
	c, err := channelSoon(ctx, r.e.o.Server(k), "")
	switch {
	case err != nil:
		return fmt.Errorf("how far %s has received cannot be read: %w", k, err)
	case c == nil:
		return fmt.Errorf("%s is no replica any more", k)
	case !stands(c.IOThread):
		return fmt.Errorf("%s has not stopped receiving", k)
	case c.Exec.Compare(end) != 0:
		return fmt.Errorf("%s has gone on from %s to %s", k, end, c.Exec)
	}
	return nil
}

// Of all events only the one that ends the log of a server that was shut down has no content beside its header, and a
// checksum where events have such. Replicas do not count it as received.
const (
	stopEvent       = 19
	stopEventSummed = stopEvent + 4
)

// allButStop says whether a replica that does not reach the end of a log has applied all of it that can be applied. It is an
// error where the rest is the beginning of a transaction: what follows in the next file would be taken for its end.
func allButStop(ctx context.Context, s Server, name string, end topology.Coordinates) (bool, error) {
	c, err := channelSoon(ctx, s, name)
	switch {
	case err != nil:
		return false, err
	case c == nil:
		return false, errors.New("its replication configuration is gone")
	}
	if rest := end.LogPos - c.Read.LogPos; c.Read.LogFile == end.LogFile && (rest == stopEvent || rest == stopEventSummed) {
		return c.ReceivedAll(), nil
	}
	if c.Read.Compare(end) != 0 || c.ReceivedAll() {
		return false, nil
	}
	part, err := soon(ctx, workWithin, func(ctx context.Context) (bool, error) { return onlyPartRemains(ctx, s, c) })
	if err == nil && part {
		err = fmt.Errorf("the log of %s ends at %s in the middle of a transaction, of which replicas have received the beginning: "+
			"what a new primary writes would be taken for its end", c.Source, end)
	}
	return false, err
}

// beginsAtMost bounds how many binary logs are begun so that the log of a lost primary goes on by number.
const beginsAtMost = 100_000

// beginLog has a server write its own log in a file that nothing has been written to yet. Replicas will read that from its
// beginning, as what comes after the log of another server.
func (r *Run) beginLog(ctx context.Context, s Server, file string) (note string, err error) {
	t, able := s.(logKeeper)
	l, lists := s.(eventLister)
	at, err := s.SelfCoordinates(ctx)
	switch {
	case err != nil:
		return "", err
	case !able || !lists:
		return "", errNoStatement
	case at.IsEmpty():
		return "", errors.New("it writes no binary log")
	}
	have, _, _ := topology.SplitLogFile(at.LogFile)
	if want, _, ok := topology.SplitLogFile(file); !ok || want != have {
		return "", fmt.Errorf("its log is called %s, and never %s", at.LogFile, file)
	}
	if note, err = flush(ctx, s, t, file, beginsAtMost); err != nil {
		return note, err
	}
	if at, err = s.SelfCoordinates(ctx); err != nil {
		return note, err
	}
	if at.LogFile != file {
		return note, fmt.Errorf("its log has come to %s already, beyond %s", at.LogFile, file)
	}
	err = eachEvent(ctx, l, part{kind: topology.BinaryLog, file: file}, 0, func(e topology.LogEvent) error {
		switch e.EventType {
		case "Format_desc", "Gtid_list", "Previous_gtids", "Binlog_checkpoint", "Start_encryption":
			return nil
		}
		return fmt.Errorf("something has been written to %s already: %s at %d", file, e.EventType, e.Pos)
	})
	return note, err
}

// relayFrom points a binlog server at another source, whose log goes on where its own ends.
func (r *Run) relayFrom(ctx context.Context, k topology.Key, s Server, a plan.Action) (note string, err error) {
	c, err := channel(ctx, s, a.Channel)
	switch {
	case err != nil:
		return "", err
	case c == nil:
		return "", errors.New("it is no replica")
	case r.resolved(c.Source) == a.Source && c.IOThread.Running():
		return "", errAlready
	}
	at, err := r.relayPlace(ctx, s, a)
	if err != nil {
		if a.Timeout > 0 && errors.Is(err, errNotThere) && ctx.Err() == nil {
			return fmt.Sprintf("it stays below %s: %v", c.Source, err), nil // where the same log comes, as well
		}
		return "", err
	}
	if !stands(c.IOThread) {
		if err := r.stop(ctx, k, s, a.Channel); err != nil {
			return "", err
		}
		again := a
		again.Timeout = 0
		if at, err = r.relayPlace(ctx, s, again); err != nil {
			return "", errors.Join(err, r.start(context.WithoutCancel(ctx), k, s, server.AllThreads, a.Channel))
		}
	} else if err := r.mayStill(ctx); err != nil { // it may have been waited for
		return "", err
	}
	// A binlog server keeps the other options of its connection, and knows few of them.
	change := server.SourceChange{Channel: a.Channel, Source: a.Source, Mode: server.FilePosition, Coords: at}
	if err := r.repoint(ctx, k, s, change); err != nil {
		return "", err
	}
	if err := r.start(ctx, k, s, server.AllThreads, a.Channel); err != nil {
		return "", err
	}
	return "from " + at.String(), r.awaitServed(ctx, s, a.Channel)
}

// errNotThere says that a binlog server has not come to where the log goes on elsewhere.
var errNotThere = errors.New("it has not received the log to its end")

// relayPlace is where a binlog server goes on in the log of its new source. It is waited for as long as the action says.
func (r *Run) relayPlace(ctx context.Context, s Server, a plan.Action) (at topology.Coordinates, err error) {
	end, err := topology.ParseCoordinates(a.Set)
	if err != nil {
		return at, err
	}
	look := func() error {
		c, err := channel(ctx, s, a.Channel)
		switch {
		case err != nil:
			return err
		case c == nil:
			return errors.New("its replication configuration is gone")
		case a.Place == plan.OwnPosition && end.Less(c.Read):
			return fmt.Errorf("it has received up to %s, and %s holds only up to %s", c.Read, a.Source, end)
		case a.Place == plan.OwnPosition, !c.Read.Less(a.At):
			at = c.Read
		case c.Exec.Compare(end) == 0:
			at = a.At
		case end.Less(c.Exec):
			return fmt.Errorf("it has received up to %s, and the log ends at %s", c.Exec, end)
		default:
			return fmt.Errorf("%w: it is at %s, and that ends at %s", errNotThere, c.Exec, end)
		}
		return nil
	}
	if a.Timeout <= 0 {
		return at, look()
	}
	bounded, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	var last error
	err = poll(bounded, func() (bool, error) {
		last = look()
		if errors.Is(last, errNotThere) {
			return false, nil
		}
		return true, last
	})
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		err = last
	}
	return at, err
}
