package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// takeover is what the steps of a planned takeover leave to later ones. It is never written down: it holds passwords.
type takeover struct {
	identities Identities                // of this run, where no memory outlives it
	closed     map[topology.Key]standing // what a primary held when this run last looked after closing it
}

// standing is what a server holds, in every way in which a replica may be asked for it.
type standing struct {
	executed string // MySQL: gtid_executed
	position string // MariaDB: gtid_binlog_pos
	at       topology.Coordinates
}

// These are what only some steps need of a server, so a Server may do without.
type (
	busy interface {
		Processlist(ctx context.Context) ([]server.Process, error)
		KillConnection(ctx context.Context, id uint64) error
	}
	repositioned interface {
		SetMariaDBSlavePos(ctx context.Context, pos string) error
	}
)

// takeOver does the actions of a planned takeover.
func (r *Run) takeOver(ctx context.Context, k topology.Key, s Server, a plan.Action) (note string, err error) {
	switch a.Verb {
	case plan.ReadCredentials:
		return r.readCredentials(ctx, k, a)
	case plan.AwaitWriters:
		return r.awaitWriters(ctx, s, a)
	case plan.ClosePrimary:
		return r.closePrimary(ctx, s, a.Super)
	case plan.AwaitSource:
		return r.awaitSource(ctx, s, a.Channel, a.Source, a.Timeout)
	case plan.MoveBelow, plan.Move:
		return r.moveBelow(ctx, k, s, a)
	case plan.FollowPromoted:
		if note, err = r.awaitSource(ctx, s, a.Channel, a.Former, a.Timeout); err != nil {
			return note, fmt.Errorf("it stays below %s: %w", a.Former, err)
		}
		return r.changeSource(ctx, k, s, a)
	case plan.BecomeReplica:
		return r.becomeReplica(ctx, k, s, a)
	}
	return "", fmt.Errorf("unknown action %q", a.Verb)
}

// awaitWriters waits for statements that would hold the closing of a primary up, and with it everybody's writes.
func (r *Run) awaitWriters(ctx context.Context, s Server, a plan.Action) (note string, err error) {
	list, ok := s.(busy)
	if !ok {
		return "", errors.New("its running statements cannot be listed")
	}
	bounded, cancel := context.WithTimeout(ctx, max(a.Timeout, time.Millisecond))
	defer cancel()
	var long []server.Process
	err = poll(bounded, func() (bool, error) {
		all, err := list.Processlist(ctx)
		if err != nil {
			return false, err
		}
		long = longWriters(all, a.After)
		return len(long) == 0, nil
	})
	switch {
	case err == nil || ctx.Err() != nil || bounded.Err() == nil:
		return "", err
	case !a.On:
		p := long[0]
		return "", fmt.Errorf("%d statements have been running for %s or longer: connection %d of %s for %d s", len(long), a.After, p.ID, p.User, p.Time)
	}
	for _, p := range long {
		if err := list.KillConnection(ctx, p.ID); err != nil {
			return note, fmt.Errorf("end connection %d of %s: %w", p.ID, p.User, err)
		}
		note = strings.TrimPrefix(fmt.Sprintf("%s, ended connection %d of %s", note, p.ID, p.User), ", ")
	}
	return note, nil
}

// longWriters are the connections whose statement has been running for that long and may write.
func longWriters(all []server.Process, limit time.Duration) []server.Process {
	var long []server.Process
	for _, p := range all {
		running := p.Command == "Query" || p.Command == "Execute"
		if running && p.User != "system user" && time.Duration(p.Time)*time.Second >= limit && mayWrite(p.Info) {
			long = append(long, p)
		}
	}
	return long
}

// mayWrite says whether a statement may take the lock that closing a server waits for. What cannot be told may.
func mayWrite(statement string) bool {
	word, _, _ := strings.Cut(strings.TrimLeft(statement, " \t\r\n("), " ")
	switch strings.ToUpper(strings.TrimSpace(word)) {
	case "SELECT", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "USE", "":
		return false
	}
	return true
}

// reopenWithin bounds taking back a close that failed.
const reopenWithin = 8 * time.Second

// closePrimary closes a server for writing. While it waits for statements that are running, new writes wait behind it;
// so when its time is over it is taken back, whether or not the server has come to it in the meantime.
func (r *Run) closePrimary(ctx context.Context, s Server, super bool) (string, error) {
	before, err := s.ReadOnly(ctx)
	if err != nil {
		return "", err
	}
	err = s.SetReadOnly(ctx, true, super)
	if before.ReadOnly && err == nil {
		return "it was closed before", errAlready // and is not to be opened when the plan is undone
	}
	if err == nil {
		var now server.ReadOnlyState
		if now, err = s.ReadOnly(ctx); err == nil && now.ReadOnly {
			return "", nil
		}
		if err == nil {
			err = errors.New("read_only is still off after it was set to 1")
		}
	}
	if before.ReadOnly {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reopenWithin)
	defer cancel()
	if back := reopen(ctx, s, super); back != nil {
		return "", errors.Join(err, fmt.Errorf("it could not be opened again, and may be closed for writing: %w", back))
	}
	return "opened again", err
}

// settledAfter is how long a server must have stayed open to count as open where nobody can tell whether a close is
// still on its way.
const settledAfter = 2 * time.Second

// reopen opens a server again. A close whose client has given up waits on inside the server for the statements in its
// way, and closes it when they have ended: it is ended first.
func reopen(ctx context.Context, s Server, super bool) error {
	list, ok := s.(busy)
	if !ok {
		return reopenBlindly(ctx, s, super)
	}
	err := poll(ctx, func() (bool, error) {
		pending, err := pendingCloses(ctx, list)
		if err != nil || len(pending) == 0 {
			return true, err
		}
		for _, p := range pending {
			// It may have ended by itself in this moment; the next look tells.
			_ = list.KillConnection(ctx, p.ID)
		}
		return false, nil
	})
	return errors.Join(err, s.SetReadOnly(ctx, false, super))
}

// pendingCloses are the connections that are about to close the server.
func pendingCloses(ctx context.Context, list busy) ([]server.Process, error) {
	all, err := list.Processlist(ctx)
	return slices.DeleteFunc(all, func(p server.Process) bool {
		return p.Command != "Query" || !strings.HasPrefix(p.Info, "SET GLOBAL") || !strings.Contains(p.Info, "read_only=1")
	}), err
}

// reopenBlindly opens a server again and stays with it until a close that is still on its way should have come or gone.
func reopenBlindly(ctx context.Context, s Server, super bool) error {
	if err := s.SetReadOnly(ctx, false, super); err != nil {
		return err
	}
	watch, cancel := context.WithTimeout(ctx, settledAfter)
	defer cancel()
	err := poll(watch, func() (bool, error) {
		state, err := s.ReadOnly(ctx)
		if err == nil && (state.ReadOnly || state.SuperReadOnly) {
			err = s.SetReadOnly(ctx, false, super)
		}
		return false, err
	})
	if watch.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// look reads what a server holds now.
func look(ctx context.Context, s Server) (standing, error) {
	g, err := s.GTIDs(ctx)
	if err != nil {
		return standing{}, err
	}
	at, err := s.SelfCoordinates(ctx)
	return standing{executed: g.Executed, position: g.BinlogPos, at: at}, err
}

// awaitSource waits until a replica has applied what its source holds now.
func (r *Run) awaitSource(ctx context.Context, s Server, name string, source topology.Key, patience time.Duration) (string, error) {
	c, err := channel(ctx, s, name)
	switch {
	case err != nil:
		return "", err
	case c == nil:
		return "", errors.New("it is no replica any more")
	case c.LastSQLErrno != 0:
		return "", fmt.Errorf("its applier stopped with error %d: %s", c.LastSQLErrno, c.LastSQLError)
	}
	held, err := look(ctx, r.e.o.Server(source))
	if err != nil {
		return "", fmt.Errorf("what %s holds: %w", source, err)
	}
	r.mu.Lock()
	if r.takeover.closed == nil {
		r.takeover.closed = make(map[topology.Key]standing)
	}
	r.takeover.closed[source] = held
	r.mu.Unlock()
	switch {
	case c.GTID == topology.OracleGTID && held.executed != "":
		return "", r.awaitSet(ctx, s, name, held.executed, patience)
	case c.GTID == topology.MariaDBGTID && held.position != "":
		return "", r.awaitSet(ctx, s, name, held.position, patience)
	case c.GTID != topology.FilePosition:
		return "nothing was ever written there", nil
	}
	return "up to " + held.at.String(), r.await(ctx, s, name, patience, func(ctx context.Context, timeout time.Duration) error {
		return s.WaitPosition(ctx, held.at, name, timeout)
	})
}

// moveBelow points a replica at its sibling. What it received and did not apply, the sibling sends again; so nothing is
// changed before the sibling holds all of it.
func (r *Run) moveBelow(ctx context.Context, k topology.Key, s Server, a plan.Action) (string, error) {
	c, err := channel(ctx, s, a.Channel)
	switch {
	case err != nil:
		return "", err
	case c == nil:
		return "", errors.New("it is no replica: its connection to a source would need credentials")
	case c.Source == a.Source && (c.IOThread.Running() || a.Verb == plan.Move && halted(c) == bothHalted):
		return "", errAlready
	case c.GTID == topology.FilePosition:
		return "", fmt.Errorf("it replicates by file and position, by which its place in the log of %s cannot be told", a.Source)
	}
	left := noneHalted
	if a.Verb == plan.Move {
		left = halted(c)
		// Waited for while the replica goes on: when it takes long, or is in vain, nothing has been touched.
		if err := r.awaitHeld(ctx, s, a); err != nil {
			return "", err
		}
	}
	if err := r.stopToMove(ctx, k, s, c.GTID, a); err != nil {
		return "", r.resumeAfter(ctx, k, s, left, a.Channel, err)
	}
	change := server.CarryOver(*c)
	change.Source = a.Source
	// Changed or not, it is not left standing.
	if err := r.resumeAfter(ctx, k, s, left, a.Channel, s.ChangeSource(ctx, change)); err != nil {
		return "", err
	}
	if !left.receives() {
		return left.String(), nil
	}
	err = r.awaitReceiving(ctx, s, a.Channel)
	if err == nil {
		return left.String(), nil
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), restartWithin)
	defer cancel()
	return r.moveBack(back, k, s, c, left, err)
}

// resumeAfter starts the threads that nobody had stopped, whatever has become of what came before and of ctx.
func (r *Run) resumeAfter(ctx context.Context, k topology.Key, s Server, left halt, name string, before error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restartWithin)
	defer cancel()
	return errors.Join(before, r.resume(ctx, k, s, left, name))
}

// stopToMove stops both threads when the new source holds what the replica has. On MariaDB the receiver ends first: as
// long as the applier runs, what was received is kept, and replication can go on where it was. MySQL keeps it anyway, and
// its applier would wait for the end of a transaction in the middle of which its receiver has ended.
func (r *Run) stopToMove(ctx context.Context, k topology.Key, s Server, use topology.GTIDUse, a plan.Action) error {
	if a.Verb == plan.Move && use == topology.MariaDBGTID {
		if err := r.ended(ctx, k); err != nil {
			return err
		}
		if err := s.StopReplica(ctx, server.IOThread, a.Channel); err != nil {
			return err
		}
		if err := r.awaitHeld(ctx, s, a); err != nil {
			return err
		}
		return s.StopReplica(ctx, server.SQLThread, a.Channel)
	}
	if err := r.stop(ctx, k, s, a.Channel); err != nil {
		return err
	}
	if a.Verb == plan.Move {
		return r.awaitHeld(ctx, s, a)
	}
	return r.behindSibling(ctx, s, a)
}

// behindSibling waits until the sibling has everything that the stopped replica has applied: a MariaDB source turns away
// replicas that are ahead of it.
func (r *Run) behindSibling(ctx context.Context, s Server, a plan.Action) error {
	c, err := channel(ctx, s, a.Channel)
	if err != nil || c == nil || c.GTID != topology.MariaDBGTID || c.AppliedSet == "" {
		return err
	}
	applied, err := gtid.ParseMariaPos(c.AppliedSet)
	if err != nil {
		return fmt.Errorf("applied GTID position: %w", err)
	}
	source := r.e.o.Server(a.Source)
	// What a server has written itself never becomes part of what it has replicated, which is all that one can wait for.
	held, err := heldPosition(ctx, source)
	if err != nil || held.Contains(applied) {
		return err
	}
	return r.awaitSet(ctx, source, a.Channel, c.AppliedSet, a.Timeout)
}

// moveBack returns a replica that its sibling does not serve to the source that it had.
func (r *Run) moveBack(ctx context.Context, k topology.Key, s Server, was *topology.Channel, left halt, cause error) (string, error) {
	change := server.CarryOver(*was)
	change.Source = was.Source
	if was.GTID == topology.FilePosition {
		change.Mode, change.Coords = server.FilePosition, was.Exec
	}
	for _, do := range []func() error{
		func() error { return r.stop(ctx, k, s, was.Name) },
		func() error { return s.ChangeSource(ctx, change) },
		func() error { return r.resume(ctx, k, s, left, was.Name) },
	} {
		if err := do(); err != nil {
			return "", errors.Join(cause, fmt.Errorf("not back below %s: %w", was.Source, err))
		}
	}
	return "back below " + was.Source.String(), cause
}

// becomeReplica makes a former primary a replica of the server that has taken over, and leaves it stopped. Where nobody
// has told what it could sign in with, and it has no user of its own, nothing is changed: half configured it would be
// nobody's replica, and would look like one. A planned takeover (Action.On) points it there all the same, as published: a
// person is there to give it credentials, and until then the topology shows whose replica it is to be.
func (r *Run) becomeReplica(ctx context.Context, k topology.Key, s Server, a plan.Action) (string, error) {
	own, err := channel(ctx, s, a.Channel)
	if err != nil {
		return "", err
	}
	if own != nil && own.Source == a.Source && (own.User != "" || own.IOThread.Running()) {
		return "", errAlready
	}
	id, known := r.identities().of(a.Source)
	if !a.On && id.User == "" && (own == nil || own.User == "") {
		return "", fmt.Errorf("it is left as it is: %w", noCredentials(a.Source, nil))
	}
	now, err := look(ctx, s)
	if err != nil {
		return "", err
	}
	note, err := r.sinceClosed(k, now, a.Place)
	if err != nil {
		return "", err
	}
	change := server.SourceChange{Fresh: true}
	if known {
		change = server.CarryOver(id.channel)
		change.Delay, change.Fresh = nil, true
		change.User, change.Password = id.User, id.Password
		change.TLS = connection(id)
	}
	change.Channel, change.Source = a.Channel, a.Source
	if err := r.placeFormer(ctx, s, &change, a); err != nil {
		return note, err
	}
	if own != nil {
		if err := r.stop(ctx, k, s, a.Channel); err != nil {
			return note, err
		}
	}
	return note, s.ChangeSource(ctx, change)
}

// sinceClosed refuses a former primary that has written since this run closed it. The note says that its log has grown
// all the same.
func (r *Run) sinceClosed(k topology.Key, now standing, place plan.Place) (note string, err error) {
	r.mu.Lock()
	closed, looked := r.takeover.closed[k]
	r.mu.Unlock()
	switch {
	case !looked:
	case closed.executed != now.executed && place == plan.ByOracleGTID, closed.position != now.position && place == plan.ByMariaDBGTID:
		return "", fmt.Errorf("it has written since it was closed: it held %s then and holds %s now", closed, now)
	case closed.at != now.at:
		note = fmt.Sprintf("its own log has grown from %s to %s since it was closed", closed.at, now.at)
	}
	return note, nil
}

// String prints what is there.
func (s standing) String() string {
	for _, text := range []string{s.executed, s.position} {
		if text != "" {
			return text
		}
	}
	return s.at.String()
}

// connection are the options with which the former primary connects. Without TLS a password is only taken by the
// newer authentication of MySQL when the source may send its public key.
func connection(id identity) *topology.TLSOptions {
	tls := id.channel.TLS
	if id.SSLCA != "" {
		tls.CAFile = id.SSLCA
	}
	if id.SSLCert != "" {
		tls.Cert, tls.Key = id.SSLCert, id.SSLKey
	}
	if !tls.Enabled && tls.SourcePublicKeyPath == "" {
		yes := true
		tls.GetSourcePublicKey = &yes
	}
	return &tls
}

const (
	// behindOwnLog is MariaDB's error for a replica position that its own binary log has passed already.
	behindOwnLog = 1947
	// adoptionsAtMost is how often a primary that takes writes is asked again where it stands.
	adoptionsAtMost = 20
)

// adoptPosition makes what a MariaDB server has written its position as a replica. One that goes on writing may be past
// the position when it is set; then it is read again. That it is never caught is no error: false is returned.
func adoptPosition(ctx context.Context, s Server) (bool, error) {
	set, ok := s.(repositioned)
	for range adoptionsAtMost {
		g, err := s.GTIDs(ctx)
		if err != nil || !ok || g.CurrentPos == "" {
			return false, err
		}
		switch err := set.SetMariaDBSlavePos(ctx, g.CurrentPos); {
		case err == nil:
			return true, nil
		case server.CodeOf(err) != behindOwnLog:
			return false, err
		}
	}
	return false, nil
}

// placeFormer says where a former primary begins in the log of the server that has taken over.
func (r *Run) placeFormer(ctx context.Context, s Server, change *server.SourceChange, a plan.Action) error {
	switch a.Place {
	case plan.ByOracleGTID:
		change.Mode = server.GTIDAuto
	case plan.ByMariaDBGTID:
		// What it has written itself is not in its replica position.
		change.Mode = server.MariaDBCurrentPos
		adopted, err := adoptPosition(ctx, s)
		if err != nil {
			return err
		}
		if adopted {
			change.Mode = server.MariaDBSlavePos
		}
	case plan.ByCoordinates:
		change.Mode, change.Coords = server.FilePosition, a.At
	case plan.AtEnd:
		// What its replica logs from here on is its own work, which it passes over, or new to it.
		end, err := r.e.o.Server(a.Source).SelfCoordinates(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("where the log of %s ends: %w", a.Source, err)
		case end.IsEmpty():
			return fmt.Errorf("%s writes no binary log", a.Source)
		}
		change.Mode, change.Coords = server.FilePosition, end
	default:
		r.mu.Lock()
		change.Mode, change.Coords = server.FilePosition, r.opened
		opened := r.openKey == a.Source && !r.opened.IsEmpty()
		r.mu.Unlock()
		if !opened {
			return fmt.Errorf("the coordinates of %s when it was opened for writing are not known", a.Source)
		}
	}
	return nil
}
