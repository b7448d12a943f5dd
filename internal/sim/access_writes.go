package sim

import (
	"context"
	"fmt"
	"time"

	"orchestrator/internal/server"
)

// What a manager's access to a server has to do with who may write there.

// SetReadOnly implements execute.Server. Closing waits for commits that wait for confirmations.
func (a access) SetReadOnly(ctx context.Context, on, _ bool) error {
	s, w := a.s, a.m.w
	what := "open for writing"
	if on {
		what = "close for writing"
	}
	var id uint64 // of the connection, once the closing waits
	life := 0
	return a.change(ctx, what, 24, func() error {
		switch {
		case id != 0 && life == s.life:
			if s.readOnly {
				return nil
			}
			for _, c := range s.closes {
				if c == id {
					return errLater
				}
			}
			return sqlError(s, what, server.ConnectionLost, 1317, "the statement was ended")
		case on && len(s.waiting) > 0:
			w.say(s.node, "%s: close for writing, which waits for %d commits", w.name(a.m.node), len(s.waiting))
			s.nextConn++
			id, life = s.nextConn, s.life
			s.closes = append(s.closes, id)
			return errLater
		}
		w.say(s.node, "%s: %s", w.name(a.m.node), what)
		if on {
			w.check.closes(a.m, s)
		} else {
			w.check.opens(a.m, s)
		}
		s.setOpen(!on)
		return nil
	})
}

// Clock says what the server takes for the time.
func (a access) Clock(ctx context.Context) (now time.Time, err error) {
	err = a.read(ctx, "read its clock", 28, func() error {
		now = time.Now()
		return nil
	})
	return now, err
}

// SetWritableBefore opens the server, unless it comes to the statement too late.
func (a access) SetWritableBefore(ctx context.Context, end time.Time) error {
	s, w := a.s, a.m.w
	return a.change(ctx, "open for writing", 24, func() error {
		if !time.Now().Before(end) {
			w.say(s.node, "%s: open for writing, which comes too late", w.name(a.m.node))
			return fmt.Errorf("%w: %w", server.ErrTooLate, sqlError(s, "open for writing", server.Other, 1231, "wrong value"))
		}
		w.say(s.node, "%s: open for writing", w.name(a.m.node))
		w.check.opens(a.m, s)
		s.setOpen(true)
		return nil
	})
}

// Processlist lists the connections that wait inside the server.
func (a access) Processlist(ctx context.Context) (list []server.Process, err error) {
	s := a.s
	err = a.read(ctx, "list connections", 16, func() error {
		list = nil
		for _, c := range s.waiting {
			list = append(list, server.Process{
				ID: c.conn, User: "app", Command: "Query", Time: int64((s.w.now() - c.since) / time.Second),
				State: "Waiting for semi-sync ACK from replica", Info: "INSERT INTO t VALUES (1)",
			})
		}
		for _, id := range s.closes {
			list = append(list, server.Process{ID: id, User: "orchestrator", Command: "Query", State: "Waiting for commit lock", Info: "SET GLOBAL super_read_only=1"})
		}
		return nil
	})
	return list, err
}

// KillConnection ends a connection.
func (a access) KillConnection(ctx context.Context, id uint64) error {
	s, w := a.s, a.m.w
	return a.change(ctx, "end a connection", 26, func() error {
		w.say(s.node, "%s: end connection %d", w.name(a.m.node), id)
		s.endConnection(id)
		return nil
	})
}
