package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/server"
)

// barrable is what only barring writes needs of a server: to begin a closing and not to wait for it.
type barrable interface {
	BeginClosing(ctx context.Context, super bool) (closed func(context.Context) error)
}

// closeAtOnce is how long a closing may take that nothing is in the way of.
const closeAtOnce = time.Second

// barWrites closes a primary for writing, or leaves the closing waiting behind commits that do not end. Then all new
// writes wait behind it, and so it is enough to send away who was there before: a transaction of theirs may yet be
// committed when the server comes to life, but nobody is told so. When it fails, it leaves the server as it was.
func (r *Run) barWrites(ctx context.Context, s Server, super bool) (note string, err error) {
	state, err := s.ReadOnly(ctx)
	switch {
	case err != nil:
		return "", err
	case state.ReadOnly && (state.SuperReadOnly || !super):
		return "", errAlready
	}
	defer func() {
		if err != nil {
			back, cancel := context.WithTimeout(context.WithoutCancel(ctx), reopenWithin)
			defer cancel()
			err = errors.Join(err, reopen(back, s, super))
		}
	}()
	list, listed := s.(busy)
	closer, leaves := s.(barrable)
	if !listed || !leaves {
		return "", s.SetReadOnly(ctx, true, super)
	}
	closed := closer.BeginClosing(ctx, super)
	soon, cancel := context.WithTimeout(ctx, closeAtOnce)
	defer cancel()
	if err := closed(soon); soon.Err() == nil {
		return "", err
	}
	away, err := sendEverybodyAway(ctx, list, func(ctx context.Context) (bool, error) {
		state, err := s.ReadOnly(ctx)
		return state.ReadOnly, err
	})
	if err != nil {
		return "", fmt.Errorf("it cannot be closed, because commits do not end: %w", err)
	}
	soon, cancel = context.WithTimeout(ctx, closeAtOnce)
	defer cancel()
	if err := closed(soon); soon.Err() == nil { // it was they who were in the way
		return fmt.Sprintf("%d connections ended", away), err
	}
	if pending, err := pendingCloses(ctx, list); err != nil || len(pending) == 0 {
		return "", errors.Join(err, errors.New("the closing does not wait in the server any more"))
	}
	return fmt.Sprintf("%d connections ended; the closing waits in the server for commits that do not end, and all writes behind it", away), nil
}

// ClosingWaits says whether a closing for writing waits in the server, with all writes behind it.
func ClosingWaits(ctx context.Context, s Server) (bool, error) {
	list, ok := s.(busy)
	if !ok {
		return false, nil
	}
	pending, err := pendingCloses(ctx, list)
	return len(pending) > 0, err
}

// sendEverybodyAway ends the connections of all clients, until none is left that has not been told to end, and says how
// many there were. The closing must be waiting, so that who comes anew cannot write.
func sendEverybodyAway(ctx context.Context, list busy, isClosed func(context.Context) (bool, error)) (int, error) {
	told := make(map[uint64]bool)
	err := poll(ctx, func() (bool, error) {
		pending, err := pendingCloses(ctx, list)
		if err != nil {
			return false, err
		}
		if len(pending) == 0 {
			return isClosed(ctx) // if not it is on its way; who is sent away before could come back and write
		}
		all, err := list.Processlist(ctx)
		if err != nil {
			return false, err
		}
		fresh := 0
		for _, p := range all {
			if told[p.ID] || !isClient(p, pending) {
				continue
			}
			told[p.ID] = true
			fresh++
			// It may have ended by itself.
			if err := list.KillConnection(ctx, p.ID); err != nil && ctx.Err() != nil {
				return false, err
			}
		}
		return fresh == 0, nil
	})
	return len(told), err
}

// isClient says whether a connection is one of a client that may have something to commit: not a replica's, not the
// server's own, and not an idle one of the user who closes the server, which is a manager's.
func isClient(p server.Process, pending []server.Process) bool {
	switch {
	case p.Command == "Binlog Dump", p.Command == "Binlog Dump GTID", p.Command == "Daemon", p.Command == "Connect",
		p.User == "system user", p.User == "event_scheduler", p.User == "unauthenticated user":
		return false
	case slices.ContainsFunc(pending, func(c server.Process) bool { return c.ID == p.ID }):
		return false
	}
	return !slices.ContainsFunc(pending, func(c server.Process) bool { return c.User == p.User }) || mayWrite(p.Info)
}
