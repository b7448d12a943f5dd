package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
)

// What can be wrong with the backend itself. Every error of this package that stems from it matches one of these with
// errors.Is, and its text names the database and the remedy.
var (
	// ErrFull means that the disk (or the file's quota, or a MySQL tablespace) has no room left.
	ErrFull = errors.New("the disk is full: free some space")
	// ErrReadOnly means that the file, its directory or the MySQL server refuses writes.
	ErrReadOnly = errors.New("the database cannot be written: check the permissions of the file and its directory, " +
		"the mount, or read_only of the server")
	// ErrIO means that the disk under the file does not do its work; some systems say this when it is full.
	ErrIO = errors.New("the disk fails or is full: look at it and at the system's log")
	// ErrBusy means that another process held a lock for too long.
	ErrBusy = errors.New("another process holds a lock on the database: wait for it or stop it")
	// ErrNotDatabase means that the file is damaged or no SQLite database.
	ErrNotDatabase = errors.New("the file is damaged or not a SQLite database: restore it or name another file")
	// ErrUnreachable means that the file cannot be opened or the MySQL server does not answer.
	ErrUnreachable = errors.New("the database cannot be reached: check the path, or that the server is up")
	// ErrDenied means that the MySQL server refuses the user.
	ErrDenied = errors.New("access denied: check user, password and grants of the backend")
	// ErrNoSchema means that the tables do not exist and may not be created.
	ErrNoSchema = errors.New("the tables do not exist: allow the database update (SkipOrchestratorDatabaseUpdate), or " +
		"start once with -enable-database-update")
	// ErrDifferentVersion means that the schema was not deployed by this version while that is demanded.
	ErrDifferentVersion = errors.New("the tables are not those of this version and may not be changed (PanicIfDifferentDatabaseDeploy): " +
		"start once with -enable-database-update, or run the version that made them")
)

// ErrNotFound means that the row that was asked for does not exist.
var ErrNotFound = errors.New("not found")

// Retryable says whether the same call may succeed later without anybody changing the program's configuration: the
// service should go on and try again.
func Retryable(err error) bool {
	for _, kind := range []error{ErrFull, ErrReadOnly, ErrIO, ErrBusy, ErrUnreachable} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// Error is a failed call to the backend.
type Error struct {
	Backend string // which database: `sqlite /path` or `mysql user@host:port/database`
	Op      string // what was being done
	Kind    error  // one of the sentinels above, or nil
	Err     error  // the driver's error
}

// Error says which database, what was being done, why it failed and what to do.
func (e *Error) Error() string {
	if e.Kind == nil {
		return fmt.Sprintf("backend %s: %s: %v", e.Backend, e.Op, e.Err)
	}
	return fmt.Sprintf("backend %s: %s: %v (%v)", e.Backend, e.Op, e.Kind, e.Err)
}

// Unwrap gives the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Kind == nil {
		return []error{e.Err}
	}
	return []error{e.Kind, e.Err}
}

// fail makes an Error of err; nil stays nil, and what is one already stays as it is.
func (s *Store) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	var already *Error
	if errors.As(err, &already) {
		return err
	}
	return &Error{Backend: s.place, Op: op, Kind: kindOf(err), Err: err}
}

// The primary result codes of SQLite that mean something to an operator.
const (
	sqlitePerm     = 3
	sqliteBusy     = 5
	sqliteLocked   = 6
	sqliteReadOnly = 8
	sqliteIOErr    = 10
	sqliteCorrupt  = 11
	sqliteFull     = 13
	sqliteCantOpen = 14
	sqliteNotADB   = 26

	sqliteIOErrShmSize = sqliteIOErr | 19<<8 // no room for the shared memory beside the file
)

var sqliteKinds = map[int]error{
	sqlitePerm: ErrReadOnly, sqliteReadOnly: ErrReadOnly,
	sqliteBusy: ErrBusy, sqliteLocked: ErrBusy,
	sqliteCorrupt: ErrNotDatabase, sqliteNotADB: ErrNotDatabase,
	sqliteFull: ErrFull, sqliteCantOpen: ErrUnreachable, sqliteIOErr: ErrIO,
}

var mysqlKinds = map[uint16]error{
	1021: ErrFull, 1114: ErrFull, 1026: ErrFull,
	1290: ErrReadOnly, 1836: ErrReadOnly, 1792: ErrReadOnly,
	1205: ErrBusy, deadlock: ErrBusy, notCertified: ErrBusy,
	notReady: ErrUnreachable, 1040: ErrUnreachable, 1053: ErrUnreachable, 1158: ErrUnreachable, 1159: ErrUnreachable,
	1044: ErrDenied, 1045: ErrDenied, 1142: ErrDenied, 1698: ErrDenied,
	1146: ErrNoSchema,
}

func kindOf(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		if lite.Code() == sqliteIOErrShmSize {
			return ErrFull
		}
		return sqliteKinds[lite.Code()&0xff]
	}
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return mysqlKinds[my.Number]
	}
	var network net.Error // also matched by errors of the file system, so those come first
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return ErrReadOnly
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ErrFull
	case errors.Is(err, fs.ErrNotExist):
		return ErrUnreachable
	case errors.Is(err, syscall.EIO):
		return ErrIO
	case errors.Is(err, errClosed):
		return ErrReadOnly
	case errors.Is(err, errApart), errors.As(err, &network), errors.Is(err, driver.ErrBadConn), errors.Is(err, mysql.ErrInvalidConn):
		return ErrUnreachable
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	}
	return nil
}

// broken says whether the connection to the server was lost.
func broken(err error) bool {
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn)
}

// mysqlNumber is the server's error number, 0 when err is something else.
func mysqlNumber(err error) uint16 {
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return my.Number
	}
	return 0
}

// sqliteError is the primary result code of SQLite for what has no code of its own.
const sqliteError = 1

// rolledBackAlready says whether a rollback failed because SQLite had rolled back by itself, as it does when the disk
// is full.
func rolledBackAlready(err error) bool {
	var lite *sqlite.Error
	return errors.Is(err, sql.ErrTxDone) || errors.As(err, &lite) && lite.Code() == sqliteError
}
