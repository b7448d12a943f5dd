package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
)

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
		long = longWriters(all, a.After)
		return err == nil && len(long) == 0, err
	})
	switch {
	case err == nil || ctx.Err() != nil || bounded.Err() == nil || len(long) == 0: // the list may be long in coming, and fail then
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
	return slices.DeleteFunc(all, func(p server.Process) bool { return !p.Closes() }), err
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
