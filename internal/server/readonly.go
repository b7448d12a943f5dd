package server

import (
	"context"
	"database/sql/driver"
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
