package server

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"orchestrator/internal/topology"
)

// waitGrace is how much longer than the server's own limit an answer is waited for.
const waitGrace = 2 * time.Second

// WaitExecuted waits until the server has applied a GTID set (on MariaDB: a GTID position), at most for timeout. It
// fails with ErrNotReached when that was too short, and on servers that say so with ErrApplierStopped. Where the server
// counts whole seconds a fraction is kept here, at the price of a connection when it runs out.
func (s *Server) WaitExecuted(ctx context.Context, set string, timeout time.Duration) error {
	return s.wait(ctx, "wait for GTID "+set, timeout, func(d Dialect) (waiting, error) {
		if d.isMaxScale() {
			return waiting{}, unsupported("waiting for GTIDs: not on %s", d.Flavor)
		}
		return waiting{sql: d.WaitExecuted(set, timeout), oneIsTimeout: d.mysql(5, 7, 5), decimals: d.isMariaDB()}, nil
	})
}

// WaitPosition waits until the server has applied a position of its source's log, at most for timeout. It fails with
// ErrNotReached when that was too short, and with ErrApplierStopped when the SQL thread does not run.
func (s *Server) WaitPosition(ctx context.Context, c topology.Coordinates, channel string, timeout time.Duration) error {
	return s.wait(ctx, "wait for position "+c.String(), timeout, func(d Dialect) (waiting, error) {
		return waiting{sql: d.WaitPosition(c, channel, timeout)}, nil
	})
}

// waiting is a query that returns when something has been applied: NULL without an applier, -1 (or, for one function,
// 1) when its time is over, another number otherwise.
type waiting struct {
	sql          string
	oneIsTimeout bool
	decimals     bool // it counts fractions of seconds
}

// limit is how long to wait for the answer of a function that was given a timeout.
func (w waiting) limit(timeout time.Duration) time.Duration {
	if w.decimals || timeout%time.Second == 0 {
		return timeout + waitGrace // the server ends it by itself, unless it hangs
	}
	return timeout
}

func (s *Server) wait(ctx context.Context, op string, timeout time.Duration, build func(Dialect) (waiting, error)) error {
	return s.with(ctx, op, func(c *conn, d Dialect) error {
		w, err := build(d)
		if err != nil {
			return err
		}
		bounded, cancel := context.WithTimeout(ctx, w.limit(timeout))
		defer cancel()
		var answer int64
		applier := false
		_, err = c.query(bounded, w.sql, one(func(_ []string, row []driver.Value) error {
			answer, applier = number(row[0])
			return nil
		}))
		switch {
		case err != nil && ctx.Err() == nil && bounded.Err() != nil:
			return fmt.Errorf("%w: %w", ErrNotReached, err)
		case err != nil:
			return err
		case !applier:
			return ErrApplierStopped
		case answer < 0, answer == 1 && w.oneIsTimeout:
			return ErrNotReached
		}
		return nil
	})
}
