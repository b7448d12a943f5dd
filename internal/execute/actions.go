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

// errAlready says that there was nothing to do: the server is as the step wants it.
var errAlready = errors.New("it is so already")

// act does one action on one server. The note says what was found where that is worth a word.
func (r *Run) act(ctx context.Context, k topology.Key, a plan.Action) (note string, err error) {
	s := r.e.o.Server(k)
	switch a.Verb {
	case plan.StopReceiving:
		return r.stopReceiving(ctx, k, s, a.Channel)
	case plan.StartReceiving:
		return r.startReceiving(ctx, k, s, a.Channel)
	case plan.ReconnectReceiving:
		return r.reconnect(ctx, k, s, a)
	case plan.AwaitApplied:
		return r.awaitApplied(ctx, s, a.Channel, a.Timeout)
	case plan.AwaitExecuted:
		return "", r.awaitSet(ctx, s, a.Channel, a.Set, a.Timeout)
	case plan.StopReplica:
		return r.stopReplica(ctx, k, s, a)
	case plan.StartReplica:
		return "", r.start(ctx, k, s, server.AllThreads, a.Channel)
	case plan.ChangeSource:
		return r.changeSource(ctx, k, s, a)
	case plan.ForgetSource:
		return r.forgetSource(ctx, k, s, a.Channel)
	case plan.DetachSource:
		return r.detach(ctx, k, s, a)
	case plan.SetWritable:
		return r.open(ctx, k, s, a.Super, nil)
	case plan.SetReadOnly:
		return r.closeForWriting(ctx, s, a.Super)
	case plan.BarWrites:
		return r.barWrites(ctx, s, a.Super)
	case plan.LiftBar:
		return "", reopen(ctx, s, a.Super)
	case plan.SemiSyncSource:
		return "", s.SetSemiSync(ctx, server.SemiSyncSource, a.On)
	case plan.SemiSyncReplica:
		return "", s.SetSemiSync(ctx, server.SemiSyncReplica, a.On)
	case plan.Match, plan.PlaceAt:
		return r.match(ctx, k, s, a)
	case plan.NoteReceived:
		return r.noteReceived(ctx, k, s, a)
	case plan.AlignBelow, plan.AlignUp:
		return r.align(ctx, k, s, a)
	case plan.PointAt:
		return r.pointAt(ctx, k, s, a)
	case plan.AwaitReceiving:
		return "", r.awaitServed(ctx, s, a.Channel)
	case plan.AwaitRelayed:
		return r.awaitRelayed(ctx, k, s, a)
	case plan.BeginLog:
		return r.beginLog(ctx, s, a.At.LogFile)
	case plan.RelayFrom:
		return r.relayFrom(ctx, k, s, a)
	case plan.ReadCredentials, plan.AwaitWriters, plan.ClosePrimary, plan.AwaitSource, plan.MoveBelow, plan.Move, plan.FollowPromoted, plan.BecomeReplica:
		return r.takeOver(ctx, k, s, a)
	}
	return r.tend(ctx, k, s, a)
}

// channel reads the state of one channel of a server; nil when the server is configured as no replica there.
func channel(ctx context.Context, s Server, name string) (*topology.Channel, error) {
	channels, err := s.Status(ctx)
	if err != nil {
		return nil, err
	}
	for i := range channels {
		if channels[i].Name == name {
			return &channels[i], nil
		}
	}
	return nil, nil
}

func (r *Run) stopReceiving(ctx context.Context, k topology.Key, s Server, name string) (note string, err error) {
	if note, err = r.keepRelayLog(ctx, s, name); err == nil {
		err = r.mayStill(ctx)
	}
	if err != nil {
		return note, err
	}
	ended, err := s.StopReceiving(ctx, name)
	if err != nil {
		return note, err
	}
	r.mu.Lock()
	r.ending[k] = ended
	r.mu.Unlock()
	return note, nil
}

// errWouldDrop says that a thread must not be started or stopped because the server would throw away what it received.
var errWouldDrop = errors.New("with MariaDB's GTID and both threads stopped, starting either drops the relay log, which is not all applied")

// keepRelayLog is to be called before a receiver is stopped. A MariaDB server that replicates by GTID drops its relay
// log when a thread is started while none runs; so where something is not applied, the applier has to run before the
// receiver ends.
func (r *Run) keepRelayLog(ctx context.Context, s Server, name string) (note string, err error) {
	c, err := channel(ctx, s, name)
	if err != nil || c == nil || c.GTID != topology.MariaDBGTID || stands(c.IOThread) || !stands(c.SQLThread) {
		return "", err
	}
	all, _, err := appliedAll(ctx, s, c)
	switch {
	case err != nil || all:
		return "", err
	case c.LastSQLErrno != 0:
		return "", fmt.Errorf("%w; its applier stopped with error %d: %s", errWouldDrop, c.LastSQLErrno, c.LastSQLError)
	}
	return "its applier had been stopped and was started", s.StartReplica(ctx, server.SQLThread, name)
}

// stands says whether a replication thread does not exist at this moment.
func stands(t topology.ThreadState) bool { return !t.Exists() || t == topology.ThreadStopped }

// ended waits until a receiver that was told to end in this run has ended.
func (r *Run) ended(ctx context.Context, k topology.Key) error {
	r.mu.Lock()
	ended := r.ending[k]
	r.mu.Unlock()
	if ended == nil {
		return nil
	}
	return ended(ctx)
}

// start starts threads; a receiver that had been told to end is one that runs again.
func (r *Run) start(ctx context.Context, k topology.Key, s Server, threads server.Threads, name string) error {
	r.mu.Lock()
	delete(r.ending, k)
	r.mu.Unlock()
	return s.StartReplica(ctx, threads, name)
}

// stop stops both threads.
func (r *Run) stop(ctx context.Context, k topology.Key, s Server, name string) error {
	return r.stopThreads(ctx, k, s, server.AllThreads, name)
}

// stopThreads stops threads, after a receiver that was told to end has ended. It asks for leadership before and after.
func (r *Run) stopThreads(ctx context.Context, k topology.Key, s Server, threads server.Threads, name string) error {
	if err := r.ended(ctx, k); err != nil {
		return err
	}
	if err := r.mayStill(ctx); err != nil { // what came before in this step may have taken long
		return err
	}
	if err := s.StopReplica(ctx, threads, name); err != nil {
		return err
	}
	return r.mayStill(ctx) // and so may this have
}

// startReceiving starts a receiver. Where replicas find their place by MariaDB's GTID the start drops the relay log when the
// applier stands as well, so it waits until that has been applied: the source it came from may be gone for good.
func (r *Run) startReceiving(ctx context.Context, k topology.Key, s Server, name string) (note string, err error) {
	if err := r.ended(ctx, k); err != nil {
		return "", err
	}
	c, err := channel(ctx, s, name)
	switch {
	case err != nil:
		return "", err
	case c == nil:
		return "", errors.New("it is no replica any more")
	case c.GTID == topology.MariaDBGTID && !c.IOThread.Running() && stands(c.SQLThread):
		if note, err = r.awaitApplied(ctx, s, name, r.e.o.Patience); err != nil {
			return note, fmt.Errorf("not started, because that would drop what it has received: %w", err)
		}
	}
	return note, r.start(ctx, k, s, server.IOThread, name)
}

// reconnect shows whether the replica can still reach its source. It never puts received transactions at risk: the
// receiver is started again only after everything has been applied, because starting it may drop the relay log.
func (r *Run) reconnect(ctx context.Context, k topology.Key, s Server, a plan.Action) (string, error) {
	name := a.Channel
	if a.Timeout > 0 {
		// More arrives all the time, and little of it is left when the receiver has stopped.
		if note, err := r.awaitApplied(ctx, s, name, a.Timeout); err != nil {
			return note, err
		}
	} else if err := unapplied(ctx, s, name); err != nil {
		return "", err
	}
	stopped := stopReceiver(ctx, s, name)
	// The server may have taken the stop in although no answer came in time. A replica must not be left without its
	// receiver by a mere question, so it is started on time of its own.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restartWithin)
	defer cancel()
	note, err := r.awaitApplied(ctx, s, name, r.e.o.Patience)
	if err != nil {
		return note, errors.Join(stopped, fmt.Errorf("%s has stopped receiving, and must not start again before it has applied everything: %w", k, err))
	}
	return note, errors.Join(stopped, s.TryReceiver(ctx, name))
}

// quietStopper is a server whose receiver can be stopped without asking its source, which may be silent.
type quietStopper interface {
	StopReceiver(ctx context.Context, channel string) error
}

func stopReceiver(ctx context.Context, s Server, name string) error {
	if quiet, ok := s.(quietStopper); ok {
		return quiet.StopReceiver(ctx, name)
	}
	return s.StopReplica(ctx, server.IOThread, name)
}

// restartWithin bounds the second half of a reconnection.
const restartWithin = 3 * time.Second

// unapplied is an error when the replica holds something that it has not applied.
func unapplied(ctx context.Context, s Server, name string) error {
	c, err := channel(ctx, s, name)
	if err != nil {
		return err
	}
	if c == nil {
		return errors.New("it is no replica")
	}
	applied, target, err := appliedAll(ctx, s, c)
	if err == nil && !applied {
		err = fmt.Errorf("it has received up to %s and not applied all of it", target)
	}
	return err
}

func (r *Run) changeSource(ctx context.Context, k topology.Key, s Server, a plan.Action) (string, error) {
	c, err := channel(ctx, s, a.Channel)
	if err != nil {
		return "", err
	}
	if c == nil {
		return "", errors.New("it is no replica: its connection to a source would need credentials")
	}
	if c.Source == a.Source && c.IOThread.Running() {
		return "", errAlready
	}
	change, err := r.sourceChange(c, a)
	if err != nil {
		return "", err
	}
	// What was received and not applied is dropped by the change. By GTID the new source sends it again if it has it; by
	// position it would be lost.
	note, err := r.awaitApplied(ctx, s, a.Channel, a.Timeout)
	drops := err != nil
	if drops {
		if change.Mode == server.FilePosition {
			return note, err
		}
		if lost := r.awaitHeld(ctx, s, a); lost != nil {
			return note, fmt.Errorf("not pointed there, because that would drop what it has received: %w", errors.Join(err, lost))
		}
	}
	if a.Place == plan.ByContent { // where no place is found it stays as it is
		if change.Coords, err = r.byContent(ctx, s, a); err != nil {
			return note, err
		}
	}
	may := r.mayFollow(k, s, c, change.Mode, a, drops)
	if err := may(ctx); err != nil {
		return note, err
	}
	if receiverSuffices(c, change) {
		done, err := r.changeReceiver(ctx, k, s, change, may)
		if errors.Is(err, ErrNotHeld) {
			err = r.resumeAfter(ctx, k, s, halted(c), a.Channel, err)
		}
		if done || err != nil {
			return note, err
		}
	}
	if _, err := r.stopReplica(ctx, k, s, a); err != nil {
		return note, err
	}
	if err := may(ctx); err != nil {
		if drops && c.GTID == topology.MariaDBGTID { // starting either thread would drop it
			return note, fmt.Errorf("%w; its threads are left stopped", err)
		}
		return note, r.resumeAfter(ctx, k, s, halted(c), a.Channel, err)
	}
	switch a.Place {
	case plan.OwnPosition:
		if change.Coords, err = reached(ctx, s, a.Channel); err != nil {
			return note, err
		}
	case plan.ByContent: // a server with several workers knows for certain how far it has come when they have stopped
		if change.Coords, err = r.byContent(ctx, s, a); err != nil {
			return note, errors.Join(err, s.StartReplica(ctx, server.SQLThread, a.Channel))
		}
		note = noted(note, "from "+change.Coords.String())
	}
	if err := r.repoint(ctx, k, s, change); err != nil {
		return note, err
	}
	if err := r.start(ctx, k, s, server.AllThreads, a.Channel); err != nil {
		return note, err
	}
	return note, r.awaitReceiving(ctx, s, a.Channel)
}

// noted adds to a note.
func noted(note, more string) string {
	if note == "" {
		return more
	}
	return note + "; " + more
}

// reached is how far a stopped replica has applied the log of its source.
func reached(ctx context.Context, s Server, name string) (topology.Coordinates, error) {
	c, err := channelSoon(ctx, s, name)
	switch {
	case err != nil:
		return topology.Coordinates{}, err
	case c == nil || c.Exec.IsEmpty():
		return topology.Coordinates{}, errors.New("how far it has applied its source's log is not known")
	}
	return c.Exec, nil
}

func (r *Run) forgetSource(ctx context.Context, k topology.Key, s Server, name string) (string, error) {
	if err := r.stop(ctx, k, s, name); err != nil {
		return "", err
	}
	r.noteOwn(ctx, k, name)
	if err := r.mayStill(ctx); err != nil {
		return "", err
	}
	return "", s.ResetReplicaAll(ctx, name)
}

// detach makes the source's name unreachable, keeping the place in its log.
func (r *Run) detach(ctx context.Context, k topology.Key, s Server, a plan.Action) (string, error) {
	c, err := channel(ctx, s, a.Channel)
	switch {
	case err != nil:
		return "", err
	case c == nil || c.Source.IsDetached(), !a.Source.IsZero() && c.Source == a.Source:
		return "", errAlready
	}
	note := ""
	if !a.On {
		if note, err = r.awaitApplied(ctx, s, a.Channel, a.Timeout); err != nil {
			return note, fmt.Errorf("not detached, because that would drop what it has received: %w", err)
		}
	}
	if err := r.stop(ctx, k, s, a.Channel); err != nil {
		return note, err
	}
	change := server.CarryOver(*c)
	change.Channel, change.Source = a.Channel, c.Source.Detached()
	if c.GTID == topology.FilePosition {
		if c, err = channel(ctx, s, a.Channel); err != nil {
			return note, err
		}
		change.Mode, change.Coords = server.FilePosition, c.Exec
	}
	return note, r.repoint(ctx, k, s, change)
}

func (r *Run) closeForWriting(ctx context.Context, s Server, super bool) (string, error) {
	state, err := s.ReadOnly(ctx)
	if err == nil && state.ReadOnly && (state.SuperReadOnly || !super) {
		return "", errAlready
	}
	return "", s.SetReadOnly(ctx, true, super)
}

// Opened returns where in its binary log the successor stood when this run opened it for writing.
func (r *Run) Opened() topology.Coordinates {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opened
}

// poll asks until the answer is yes, an error, or the context ends; at first after 1 ms, then less and less often.
func poll(ctx context.Context, ask func() (bool, error)) error {
	wait := time.Millisecond
	for {
		if yes, err := ask(); yes || err != nil {
			return err
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
		wait = min(2*wait, 100*time.Millisecond)
	}
}
