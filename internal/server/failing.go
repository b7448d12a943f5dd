package server

import (
	"context"
	"database/sql/driver"
	"strings"
)

// FailingGTID asks a MySQL server which transaction its applier stopped at with an error. It is "" where the server does
// not say, and an error of kind Unsupported where it cannot.
func (s *Server) FailingGTID(ctx context.Context, channel string) (string, error) {
	var found string
	err := s.rows(ctx, "read the failing transaction", func(d Dialect) (string, error) {
		if !d.mysql(5, 7, 6) {
			return "", unsupported("the failing transaction: not told by %s %s", d.Flavor, d.Version)
		}
		return d.FailingTransactions(channel), nil
	}, func(_ []string, row []driver.Value) error {
		if found == "" {
			found = failingIn(text(row[0]), text(row[1]))
		}
		return nil
	})
	return found, err
}

// FailingTransactions selects, for each worker that stopped with an error, its transaction and the error.
func (d Dialect) FailingTransactions(channel string) string {
	column := "LAST_SEEN_TRANSACTION"
	if d.mysql(8, 0, 0) {
		column = "APPLYING_TRANSACTION"
	}
	return "SELECT " + column + ", LAST_ERROR_MESSAGE FROM performance_schema.replication_applier_status_by_worker WHERE CHANNEL_NAME=" +
		quote(channel) + " AND LAST_ERROR_NUMBER<>0 ORDER BY LAST_ERROR_TIMESTAMP LIMIT 1"
}

// failingIn is the transaction, or the one that the error names between quotes.
func failingIn(transaction, message string) string {
	if transaction != "" {
		return transaction
	}
	_, rest, _ := strings.Cut(message, "transaction '")
	named, _, found := strings.Cut(rest, "'")
	if !found {
		return ""
	}
	return named
}
