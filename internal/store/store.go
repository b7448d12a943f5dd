package store

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"orchestrator/internal/topology"
)

// Options say which database to open and how.
type Options struct {
	Dialect Dialect

	// File is the SQLite file; a name containing `:memory:` is a database that ends with the Store.
	File string

	// The MySQL or MariaDB server, or several that hold the same: Host may be a list separated by commas, whose items may
	// have ports of their own. Database is created when it does not exist.
	Host                     string
	Port                     int
	User, Password, Database string
	TLS                      *tls.Config   // nil: no TLS
	ConnectTimeout           time.Duration // 0 means 2 s
	ReadTimeout              time.Duration // 0 means 30 s
	ConnectionLifetime       time.Duration // 0 means unlimited
	MaxConnections           int           // 0 means unlimited
	RejectReadOnly           bool          // drop connections to a server that turned read-only
	MaxAllowedPacket         int           // bytes; below 0 the driver's default, 0 asks the server

	// BusyTimeout is how long a SQLite statement waits for another process; 0 means 10 s.
	BusyTimeout time.Duration

	// SkipUpdate leaves the schema as it is.
	SkipUpdate bool
	// PanicIfDifferent makes Open fail with ErrDifferentVersion instead of upgrading a schema that this Version has
	// not deployed.
	PanicIfDifferent bool
	// Version is the program's version, recorded with the schema. Empty counts as never deployed.
	Version string

	Logger *slog.Logger     // nil discards
	Now    func() time.Time // nil means time.Now
}

// Store is an open backend database. Its methods are safe for concurrent use.
type Store struct {
	dialect Dialect
	place   string // which database, for messages
	file    string // of SQLite
	options Options
	reader  *sql.DB
	writer  *sql.DB // on SQLite one single connection, so that writes queue here and not at the file's lock
	now     func() time.Time
	log     *slog.Logger
	writes  *writeStats

	agreed Log     // decisions go through it; nil: they are written here
	within *sql.Tx // everything is part of it, while an entry of the log is applied
	index  uint64  // of that entry
}

// Open opens the database, creating it and adding what its schema lacks, unless the options forbid that. The error
// names the database and the remedy.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{dialect: o.Dialect, options: o, now: o.Now, log: o.Logger, writes: new(writeStats)}
	if s.now == nil {
		s.now = time.Now
		s.options.Now = s.now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	open := s.openSQLite
	if o.Dialect == MySQL {
		open = s.openMySQL
	}
	if err := open(ctx); err != nil {
		return nil, err
	}
	if err := s.prepareSchema(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes the connections. A Writer on this store must be closed before.
func (s *Store) Close() error {
	var err error
	if s.reader != nil && s.reader != s.writer {
		err = s.reader.Close()
	}
	if s.writer != nil {
		err = errors.Join(err, s.writer.Close())
	}
	return s.fail("close", err)
}

// Dialect says which kind of database this is.
func (s *Store) Dialect() Dialect { return s.dialect }

// String names the database without secrets: `sqlite /path` or `mysql user@host:port/database`.
func (s *Store) String() string { return s.place }

// File is the path of the SQLite file; "" for a database in memory or on a server.
func (s *Store) File() string { return s.file }

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.fail("ping", s.reader.PingContext(ctx)) }

// Clock is the time that all users of this database share: the server's on MySQL, so that nodes whose clocks differ
// agree about leases; ours on SQLite.
func (s *Store) Clock(ctx context.Context) (time.Time, error) { return s.clock(ctx, s.reader) }

func (s *Store) clock(ctx context.Context, q querier) (time.Time, error) {
	if s.dialect == SQLite {
		return s.now().UTC(), nil
	}
	var v value
	if err := q.QueryRowContext(ctx, "SELECT UTC_TIMESTAMP()").Scan(&v); err != nil {
		return time.Time{}, s.fail("read the clock", err)
	}
	return v.time(), nil
}

// querier is a database or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// exec runs one statement that writes and returns how many rows it matched.
func (s *Store) exec(ctx context.Context, op, query string, args ...any) (int64, error) {
	if s.within != nil {
		return s.execOn(ctx, s.within, op, query, args...)
	}
	begun := time.Now()
	var n int64
	err := s.retry(ctx, func() (err error) {
		n, err = s.execOn(ctx, s.writer, op, query, args...)
		return err
	})
	s.wrote(begun, begun, err)
	return n, err
}

// reading is where what was written before is to be read.
func (s *Store) reading() querier {
	if s.within != nil {
		return s.within
	}
	return s.reader
}

func (s *Store) execOn(ctx context.Context, q querier, op, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, s.fail(op, err)
	}
	n, err := res.RowsAffected()
	return n, s.fail(op, err)
}

// insertID runs an INSERT and returns the number that the row got.
func (s *Store) insertID(ctx context.Context, q querier, op, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, s.fail(op, err)
	}
	id, err := res.LastInsertId()
	return id, s.fail(op, err)
}

// each runs a query and hands every row to visit, which must not keep the slice.
func (s *Store) each(ctx context.Context, q querier, op string, visit func(row []value), query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return s.fail(op, err)
	}
	defer func() { _ = rows.Close() }() // a failure shows in rows.Err
	names, err := rows.Columns()
	if err != nil {
		return s.fail(op, err)
	}
	row := make([]value, len(names))
	dest := make([]any, len(names))
	for i := range row {
		dest[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return s.fail(op, err)
		}
		visit(row)
	}
	return s.fail(op, rows.Err())
}

// collect runs a query and returns what scan makes of each row; an empty result is an empty slice.
func collect[T any](ctx context.Context, s *Store, q querier, op string, scan func(row []value) T, query string, args ...any) ([]T, error) {
	all := []T{}
	err := s.each(ctx, q, op, func(row []value) { all = append(all, scan(row)) }, query, args...)
	if err != nil {
		return nil, err
	}
	return all, nil
}

// tx runs do in a transaction, again when it is certain that nothing of it was stored and it may work the next time: it
// was the victim of a deadlock or of another member's transaction, or the connection broke before the commit. do must not
// keep state from a failed attempt.
func (s *Store) tx(ctx context.Context, op string, do func(tx *sql.Tx) error) error {
	if s.within != nil {
		return s.fail(op, do(s.within))
	}
	begun := time.Now()
	var started time.Time
	err := s.fail(op, s.retry(ctx, func() error {
		return runTx(ctx, s.writer, func(tx *sql.Tx) error {
			if started.IsZero() {
				started = time.Now()
			}
			return do(tx)
		})
	}))
	s.wrote(begun, started, err)
	return err
}

// maxAttempts is how often a transaction that lost against another one is tried; retryPause is the longest pause
// before the second attempt, and it grows.
const (
	maxAttempts = 5
	retryPause  = 20 * time.Millisecond
)

// The server's error numbers for a transaction that lost against another one.
const (
	deadlock     = 1213 // on the same server; also against one of another member of Galera
	notCertified = 3101 // against one of another member of a replication group
)

// notStored is an error of which it is certain that nothing was stored.
type notStored struct{ error }

func (e notStored) Unwrap() error { return e.error }

// mayRepeat says whether nothing was stored, and another attempt may do better.
func mayRepeat(err error) bool {
	switch mysqlNumber(err) {
	case deadlock, notCertified, notReady:
		return true
	}
	return errors.As(err, new(notStored))
}

func (s *Store) retry(ctx context.Context, once func() error) error {
	for attempt := 1; ; attempt++ {
		err := once()
		if !mayRepeat(err) || attempt == maxAttempts {
			return err
		}
		pause := time.NewTimer(rand.N(time.Duration(attempt) * retryPause)) // the other one is given the time to finish
		select {
		case <-ctx.Done():
			pause.Stop()
			return err
		case <-pause.C:
		}
	}
}

// beginner is a database or a connection.
type beginner interface {
	BeginTx(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error)
}

func runTx(ctx context.Context, on beginner, do func(tx *sql.Tx) error) error {
	tx, err := on.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		undo := tx.Rollback()
		switch {
		case broken(err):
			return notStored{err}
		case undo != nil && !rolledBackAlready(undo):
			return fmt.Errorf("%w; rolling back: %w", err, undo)
		}
		return err
	}
	return tx.Commit()
}

// keyColumns reads a key from two neighbouring columns.
func keyColumns(host, port value) topology.Key {
	return topology.Key{Hostname: host.text(), Port: int(port.int())}
}
