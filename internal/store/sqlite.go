package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// sqliteReaders is how many queries may run beside the one writer.
const sqliteReaders = 4

// fileMode of a new database: it holds access tokens, so it is the service's alone.
const fileMode = 0o600

func (s *Store) openSQLite(ctx context.Context) error {
	s.place = "sqlite " + s.options.File
	if s.options.File == "" {
		return &Error{Backend: s.place, Op: "open", Err: errors.New("no file is named (SQLite3DataFile)")}
	}
	if strings.Contains(s.options.File, ":memory:") {
		return s.openMemory(ctx)
	}
	path, err := filepath.Abs(s.options.File)
	if err != nil {
		return s.fail("open", err)
	}
	s.place, s.file = "sqlite "+path, path
	if err := createFile(path); err != nil {
		return s.fail("open", err)
	}
	// The writer comes first: it turns the file into WAL mode, without which readers would block it.
	err = s.awaitFree(ctx, func() (err error) {
		s.writer, err = s.sqliteHandle(ctx, path, 1, "_txlock=immediate", "_pragma=journal_mode(WAL)")
		return err
	})
	if err != nil {
		return s.fail("open", err)
	}
	if s.reader, err = s.sqliteHandle(ctx, path, sqliteReaders, "_pragma=query_only(1)"); err != nil {
		return errors.Join(s.fail("open", err), s.Close())
	}
	return nil
}

func (s *Store) busyTimeout() time.Duration { return orDefault(s.options.BusyTimeout, 10*time.Second) }

// busyPause is how long to wait before a busy file is tried again.
const busyPause = 20 * time.Millisecond

// awaitFree tries open until the file is not busy, for at most the busy timeout: two processes that turn a new file
// into WAL mode at the same time get in each other's way, and there SQLite does not wait by itself.
func (s *Store) awaitFree(ctx context.Context, open func() error) error {
	deadline := time.Now().Add(s.busyTimeout())
	for {
		err := open()
		if !errors.Is(kindOf(err), ErrBusy) || time.Now().After(deadline) {
			return err
		}
		pause := time.NewTimer(busyPause)
		select {
		case <-ctx.Done():
			pause.Stop()
			return err
		case <-pause.C:
		}
	}
}

// openMemory opens a database that lives in its one connection.
func (s *Store) openMemory(ctx context.Context) error {
	db, err := sql.Open("sqlite", "file::memory:?_txlock=immediate")
	if err != nil {
		return s.fail("open", err)
	}
	db.SetMaxOpenConns(1)
	s.reader, s.writer = db, db
	if err := db.PingContext(ctx); err != nil {
		return errors.Join(s.fail("open", err), s.Close())
	}
	return nil
}

// createFile makes sure that the file exists, with our mode when it is new, and can be written, so that the reason
// for the opposite is the operating system's and not a result code.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return err
	}
	return f.Close()
}

func (s *Store) sqliteHandle(ctx context.Context, path string, connections int, settings ...string) (*sql.DB, error) {
	settings = append([]string{
		fmt.Sprintf("_pragma=busy_timeout(%d)", s.busyTimeout().Milliseconds()),
	}, append(settings, "_pragma=synchronous(NORMAL)")...)
	dsn := (&url.URL{Scheme: "file", Path: path}).String() + "?" + strings.Join(settings, "&")
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}
