package server

import (
	"context"
	"database/sql/driver"
)

// Whose reads which server answers at this address: what it calls its host, its port and its server_id. Two addresses
// with the same answer lead to the same server.
func (s *Server) Whose(ctx context.Context) (who string, err error) {
	err = s.rows(ctx, "read host name and server_id", func(d Dialect) (string, error) { return d.Whose(), nil },
		func(_ []string, row []driver.Value) error {
			who = text(row[0])
			return nil
		})
	return who, err
}

// Whose tells servers apart.
func (d Dialect) Whose() string { return "SELECT CONCAT_WS(' ', @@hostname, @@port, @@server_id)" }
