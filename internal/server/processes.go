package server

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
)

// KillQuery ends the statement that a connection is executing.
func (s *Server) KillQuery(ctx context.Context, id uint64) error {
	return s.exec(ctx, fmt.Sprintf("kill query %d", id), just(func(d Dialect) string { return d.Kill(id, false) }))
}

// KillConnection ends a connection.
func (s *Server) KillConnection(ctx context.Context, id uint64) error {
	return s.exec(ctx, fmt.Sprintf("kill connection %d", id), just(func(d Dialect) string { return d.Kill(id, true) }))
}

// ShutDown ends the server, in order. That the connection ends before the answer has come is the answer, too. The
// connection is a new one: an old one may be dead without being known to be, and has the privileges of when it began.
func (s *Server) ShutDown(ctx context.Context) error {
	s.closeIdle()
	err := s.exec(ctx, "shut down", just(Dialect.ShutDown))
	if KindOf(err) == ConnectionLost {
		return nil
	}
	return err
}

// Closes says whether a connection is about to close the server for writing: it waits for commits that are under way.
func (p Process) Closes() bool {
	return p.Command == "Query" && strings.HasPrefix(p.Info, "SET GLOBAL") && strings.Contains(p.Info, "read_only=1")
}

// Processlist lists the server's connections, but for the one that asks.
func (s *Server) Processlist(ctx context.Context) ([]Process, error) {
	var out []Process
	err := s.with(ctx, "read process list", func(c *conn, d Dialect) error {
		list := func(ps bool) error {
			out = out[:0]
			_, err := c.query(ctx, d.Processlist(ps)+" WHERE ID <> CONNECTION_ID()", one(func(_ []string, row []driver.Value) error {
				out = append(out, Process{
					ID: uint64(integer(row[0])), User: text(row[1]), Host: text(row[2]), DB: text(row[3]),
					Command: text(row[4]), Time: integer(row[5]), State: text(row[6]), Info: text(row[7]),
				})
				return nil
			}))
			return err
		}
		err := list(true)
		// The table is empty when the performance schema is off.
		if d.mysql(8, 0, 22) && (err == nil && len(out) == 0 || kindOf(err) == Unsupported) {
			err = list(false)
		}
		return err
	})
	return out, err
}

func kindOf(err error) Kind {
	if err == nil {
		return Other
	}
	k, _ := kindOfError(err, true)
	return k
}
