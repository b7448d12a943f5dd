package server

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"time"
)

// Warm opens a control connection ahead of need, so that the next statement finds it ready. It does nothing when one
// is there.
func (s *Server) Warm(ctx context.Context) error {
	c, err := s.control(ctx)
	if err != nil {
		return err
	}
	defer s.giveBack(c)
	return s.identify(ctx, c)
}

// control takes an idle control connection or opens one.
func (s *Server) control(ctx context.Context) (*conn, error) {
	for {
		c := s.takeIdle()
		if c == nil {
			break
		}
		if c.usable() {
			return c, nil
		}
		c.broken = true
		s.giveBack(c)
	}
	c, err := s.connect(ctx, forControl)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.inUse = append(s.inUse, c)
	closed := s.closed.Load()
	s.mu.Unlock()
	if closed {
		c.broken = true
		s.giveBack(c)
		return nil, &Error{Key: s.key, Op: "connect", Err: ErrClosed}
	}
	return c, nil
}

func (s *Server) takeIdle() *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.idle)
	if n == 0 {
		return nil
	}
	c := s.idle[n-1]
	s.idle = s.idle[:n-1]
	s.inUse = append(s.inUse, c)
	return c
}

// giveBack keeps a control connection for the next statement, or closes it when it must not be used again.
func (s *Server) giveBack(c *conn) {
	s.mu.Lock()
	s.inUse = slices.DeleteFunc(s.inUse, func(o *conn) bool { return o == c })
	keep := !c.broken && !s.closed.Load() && len(s.idle) < maxIdle
	if keep {
		s.idle = append(s.idle, c)
		idle := s.set.options.Load().ControlIdle
		if s.reaper == nil {
			s.reaper = time.AfterFunc(idle, s.closeIdle)
		} else {
			s.reaper.Reset(idle)
		}
	}
	s.mu.Unlock()
	if !keep {
		c.close()
	}
}

// closeIdle closes the control connections that nobody asked for in time.
func (s *Server) closeIdle() {
	s.mu.Lock()
	idle := s.idle
	s.idle, s.reaper = nil, nil
	s.mu.Unlock()
	for _, c := range idle {
		c.close()
	}
}

// identify learns the dialect and the connection's number on the server.
func (s *Server) identify(ctx context.Context, c *conn) error {
	if c.id != 0 && s.dialect.Load() != nil {
		return nil
	}
	var version, comment string
	_, err := c.query(ctx, "SELECT CONNECTION_ID(), @@version, @@version_comment", one(func(_ []string, row []driver.Value) error {
		c.id = uint64(integer(row[0]))
		version, comment = text(row[1]), text(row[2])
		return nil
	}))
	if err != nil {
		return s.fail("ask for the version", err, true)
	}
	s.learnDialect(DialectOf(version, comment))
	return nil
}

func (s *Server) learnDialect(d Dialect) {
	if p := s.dialect.Load(); p == nil || *p != d {
		s.dialect.Store(&d)
	}
}

// one takes the rows of a single result set.
func one(take rowFunc) func(int) rowFunc { return func(int) rowFunc { return take } }

// with runs do with a control connection and the dialect. Failures of do become *Error with op; a connection that
// failed for another reason than an answer of the server is not used again.
func (s *Server) with(ctx context.Context, op string, do func(c *conn, d Dialect) error) error {
	c, err := s.control(ctx)
	if err != nil {
		return s.during(op, err)
	}
	defer s.giveBack(c)
	d, known := s.Dialect()
	if !known {
		if err := s.identify(ctx, c); err != nil {
			return s.during(op, err)
		}
		d, _ = s.Dialect()
	}
	return s.fail(op, do(c, d), true)
}

// during adds what was wanted to an error of connecting.
func (s *Server) during(op string, err error) error {
	var e *Error
	if errors.As(err, &e) {
		c := *e
		c.Op = op + ": " + e.Op
		return &c
	}
	return s.fail(op, err, false)
}

// exec runs statements one after the other on one control connection and ignores rows.
func (s *Server) exec(ctx context.Context, op string, build func(d Dialect) ([]string, error)) error {
	return s.with(ctx, op, func(c *conn, d Dialect) error {
		statements, err := build(d)
		if err != nil {
			return err
		}
		return c.exec(ctx, statements...)
	})
}

// exec runs statements one after the other and ignores rows.
func (c *conn) exec(ctx context.Context, statements ...string) error {
	for _, sql := range statements {
		if needsEscapes(sql) {
			if _, err := c.query(ctx, allowEscapes, one(nil)); err != nil {
				return err
			}
		}
		if _, err := c.query(ctx, sql, one(nil)); err != nil {
			return err
		}
	}
	return nil
}

// rows runs one statement and hands over its rows.
func (s *Server) rows(ctx context.Context, op string, build func(d Dialect) (string, error), take rowFunc) error {
	return s.with(ctx, op, func(c *conn, d Dialect) error {
		sql, err := build(d)
		if err != nil {
			return err
		}
		_, err = c.query(ctx, sql, one(take))
		return err
	})
}
