package store

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"go.uber.org/goleak"

	"orchestrator/internal/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testClock is a clock that stands still until a test moves it.
type testClock struct{ t time.Time }

func (c *testClock) now() time.Time          { return c.t }
func (c *testClock) advance(d time.Duration) { c.t = c.t.Add(d) }

func newClock() *testClock {
	return &testClock{time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)}
}

// openTest opens a store on a new file that ends with the test.
func openTest(t *testing.T) (*Store, *testClock) {
	t.Helper()
	clock := newClock()
	return openFile(t, filepath.Join(t.TempDir(), "backend.db"), clock), clock
}

func openFile(t *testing.T, path string, clock *testClock) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{File: path, Version: "test", Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func key(host string) topology.Key { return topology.Key{Hostname: host, Port: 3306} }

// must is for calls whose failure ends the test.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func got[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOpenInMemory(t *testing.T) {
	s, err := Open(t.Context(), Options{File: ":memory:"})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	must(t, s.PutKV(t.Context(), KV{"a", "b"}))
	text, ok, err := s.GetKV(t.Context(), "a")
	if err != nil || !ok || text != "b" {
		t.Errorf("GetKV = %q, %v, %v", text, ok, err)
	}
}

func TestOpenRefusals(t *testing.T) {
	dir := t.TempDir()
	noise := filepath.Join(dir, "noise")
	must(t, os.WriteFile(noise, []byte(strings.Repeat("this is not a database ", 100)), 0o600))
	tests := []struct {
		name string
		o    Options
		want error
		text string
	}{
		{"no file named", Options{}, nil, "SQLite3DataFile"},
		{"missing directory", Options{File: filepath.Join(dir, "no", "x.db")}, ErrUnreachable, "check the path"},
		{"not a database", Options{File: noise}, ErrNotDatabase, noise},
		{"a directory", Options{File: dir}, nil, dir},
		{"no schema and no permission to make one", Options{File: filepath.Join(dir, "new.db"), SkipUpdate: true}, ErrNoSchema, "new.db"},
		{"another version", Options{File: filepath.Join(dir, "new2.db"), Version: "9", PanicIfDifferent: true}, ErrDifferentVersion, "9"},
		{"no mysql host", Options{Dialect: MySQL, Database: "x"}, nil, "MySQLOrchestratorHost"},
		{"mysql that does not listen", Options{Dialect: MySQL, Host: "127.0.0.1", Port: 1, Database: "x", User: "u"}, ErrUnreachable, "u@127.0.0.1:1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Open(t.Context(), tt.o)
			if err == nil {
				_ = s.Close()
				t.Fatal("opened")
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error %v is not %v", err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %q does not say %q", err, tt.text)
			}
		})
	}
}

func TestOpenReadOnlyFile(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	path := filepath.Join(t.TempDir(), "backend.db")
	must(t, os.WriteFile(path, nil, 0o400))
	_, err := Open(t.Context(), Options{File: path})
	if !errors.Is(err, ErrReadOnly) {
		t.Errorf("error %v is not %v", err, ErrReadOnly)
	}
}

func TestFullDisk(t *testing.T) {
	s, _ := openTest(t)
	var pages int64
	must(t, s.writer.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages))
	var limit int64
	must(t, s.writer.QueryRowContext(t.Context(), "PRAGMA max_page_count = 1").Scan(&limit)) // cut to the present size
	err := s.PutKV(t.Context(), KV{"k", strings.Repeat("x", 1<<20)})
	if !errors.Is(err, ErrFull) || !Retryable(err) {
		t.Errorf("error %v is not %v", err, ErrFull)
	}
	if err != nil && !strings.Contains(err.Error(), "backend.db") {
		t.Errorf("error %q does not name the file", err)
	}
	must(t, s.writer.QueryRowContext(t.Context(), "PRAGMA max_page_count = 1000000").Scan(&limit))
	must(t, s.PutKV(t.Context(), KV{"k", "v"}))
}

func TestLockedByAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backend.db")
	a := openFile(t, path, newClock())
	b, err := Open(t.Context(), Options{File: path, Version: "test", BusyTimeout: 50 * time.Millisecond})
	must(t, err)
	defer func() { must(t, b.Close()) }()
	tx, err := a.writer.BeginTx(t.Context(), nil)
	must(t, err)
	err = b.PutKV(t.Context(), KV{"k", "v"})
	must(t, tx.Rollback())
	if !errors.Is(err, ErrBusy) {
		t.Errorf("error %v is not %v", err, ErrBusy)
	}
	must(t, b.PutKV(t.Context(), KV{"k", "v"}))
}

func TestFileModeOfNewDatabase(t *testing.T) {
	s, _ := openTest(t)
	info, err := os.Stat(strings.TrimPrefix(s.String(), "sqlite "))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, tokens are readable by others", info.Mode())
	}
}

func TestCancelledCallIsNoBackendError(t *testing.T) {
	s, _ := openTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.PutKV(ctx, KV{"k", "v"})
	if !errors.Is(err, context.Canceled) || Retryable(err) {
		t.Errorf("error %v", err)
	}
}

func TestKindsOfErrors(t *testing.T) {
	path := func(err error) error { return &fs.PathError{Op: "open", Path: "/x", Err: err} }
	for _, tt := range []struct {
		name      string
		err, kind error
		retryable bool
	}{
		{"read-only mount", path(syscall.EROFS), ErrReadOnly, true},
		{"no permission", path(syscall.EACCES), ErrReadOnly, true},
		{"no space", path(syscall.ENOSPC), ErrFull, true},
		{"quota", path(syscall.EDQUOT), ErrFull, true},
		{"no such directory", path(syscall.ENOENT), ErrUnreachable, true},
		{"broken disk", path(syscall.EIO), ErrIO, true},
		{"connection refused", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, ErrUnreachable, true},
		{"broken connection", mysql.ErrInvalidConn, ErrUnreachable, true},
		{"mysql: disk full", &mysql.MySQLError{Number: 1114}, ErrFull, true},
		{"mysql: read-only", &mysql.MySQLError{Number: 1290}, ErrReadOnly, true},
		{"mysql: no grants", &mysql.MySQLError{Number: 1142}, ErrDenied, false},
		{"mysql: no table", &mysql.MySQLError{Number: 1146}, ErrNoSchema, false},
		{"something else", errors.New("else"), nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := (&Store{place: "sqlite /x"}).fail("write", tt.err)
			if have := kindOf(tt.err); have != tt.kind || Retryable(err) != tt.retryable || !errors.Is(err, tt.err) {
				t.Errorf("kind %v, retryable %v, error %v", have, Retryable(err), err)
			}
		})
	}
}
