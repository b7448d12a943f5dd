package server

import (
	"context"
	"database/sql/driver"
)

// CommitsInOrder says whether a replica commits, and so logs, transactions in the order in which its source did. Several
// workers that may overtake each other do not. It tells how the server is set up now, not how it was before.
func (s *Server) CommitsInOrder(ctx context.Context) (bool, error) {
	inOrder := false
	err := s.rows(ctx, "read the commit order", func(d Dialect) (string, error) { return d.CommitOrder(), nil },
		func(_ []string, row []driver.Value) error {
			inOrder = integer(row[0]) <= 1 || truth(row[1])
			return nil
		})
	return inOrder, err
}

// CommitOrder asks for the number of workers and whether they keep the order. MariaDB's always do, within a GTID domain.
func (d Dialect) CommitOrder() string {
	switch {
	case d.mysql(8, 0, 26):
		return "SELECT @@global.replica_parallel_workers, @@global.replica_preserve_commit_order+0"
	case d.mysql(5, 7, 5):
		return "SELECT @@global.slave_parallel_workers, @@global.slave_preserve_commit_order+0"
	case d.mysql(5, 6, 3):
		return "SELECT @@global.slave_parallel_workers, 0"
	}
	return "SELECT 0, 1"
}
