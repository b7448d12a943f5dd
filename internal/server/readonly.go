package server

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"
)

// SetReadOnly makes the server refuse writes, with super also those of privileged users where the server can, or makes
// it accept them again. It succeeds when that is so already.
func (s *Server) SetReadOnly(ctx context.Context, on, super bool) error {
	op := "set writeable"
	if on {
		op = "set read only"
	}
	return s.exec(ctx, op, just(func(d Dialect) string { return d.SetReadOnly(on, super) }))
}

// Clock asks what the server takes for the time, in UTC.
func (s *Server) Clock(ctx context.Context) (now time.Time, err error) {
	err = s.with(ctx, "read its clock", func(c *conn, d Dialect) error {
		told, _, err := c.cell(ctx, "SELECT "+d.utcNow())
		if err == nil {
			now, err = time.Parse(clockFormat, told)
		}
		return err
	})
	return now, err
}

// SetWritableBefore makes the server accept writes if its own clock (see Clock) has not come to end when it executes the
// statement: a server that hangs takes statements in and executes them when it goes on, however long ago that was asked.
// It fails with ErrTooLate then, and the server is as it was.
func (s *Server) SetWritableBefore(ctx context.Context, end time.Time) error {
	err := s.exec(ctx, "set writeable", just(func(d Dialect) string { return d.SetWritableBefore(end) }))
	if CodeOf(err) == wrongValue {
		return fmt.Errorf("%w: %w", ErrTooLate, err)
	}
	return err
}

// wrongValue is the error number of a variable that is set to what it cannot be.
const wrongValue = 1231

// ReadOnly asks whether the server refuses writes.
func (s *Server) ReadOnly(ctx context.Context) (ReadOnlyState, error) {
	var state ReadOnlyState
	err := s.rows(ctx, "read read_only", func(d Dialect) (string, error) { return d.ReadOnly(), nil },
		func(_ []string, row []driver.Value) error {
			state.ReadOnly = readOnly(row[0])
			state.SuperReadOnly = len(row) > 1 && truth(row[1])
			return nil
		})
	return state, err
}
