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
		if !a.Source.IsZero() {
			k = a.Source
		}
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

// String prints what is there.
func (s standing) String() string {
	for _, text := range []string{s.executed, s.position} {
		if text != "" {
			return text
		}
	}
	return s.at.String()
}
