package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"orchestrator/internal/topology"
)

func TestStorageObstacle(t *testing.T) {
	for text, want := range map[string]topology.Obstacle{
		"Disk is full writing './binlog.000001' (OS errno 28 - No space left on device). Waiting for someone to free space...": topology.DiskFull,
		"Error writing file '/var/lib/mysql/binlog' (errno: 28 \"No space left on device\")":                                   topology.DiskFull,
		"Error writing file './binlog.000001' (Errcode: 30 \"Read-only file system\")":                                         topology.FileSystemReadOnly,
		"Write to file ./ibdata1 failed at offset 1. OS errno 122":                                                             topology.DiskFull,
		"Got error 28 from storage engine, errno 280":                                                                          "",
		"Duplicate entry '28' for key 'PRIMARY'":                                                                               "",
		"":                                                                                                                     "",
	} {
		if got := storageObstacle(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestWriteSignOfAnError(t *testing.T) {
	s := newServer(nil, topology.Key{Hostname: "h", Port: 3306})
	answer := func(number uint16, text string) error {
		return s.fail("check", &mysql.MySQLError{Number: number, Message: text}, true)
	}
	for name, c := range map[string]struct {
		err     error
		want    topology.Obstacle // "" where nothing is known, or nothing is wrong
		unknown bool
		locked  bool
	}{
		"written":               {},
		"no end":                {err: s.fail("check", context.DeadlineExceeded, true), want: topology.CommitsStalled},
		"the manager ends":      {err: s.fail("check", context.Canceled, true), unknown: true},
		"disk full":             {err: answer(1021, "Disk full (/tmp); waiting for someone to free some space..."), want: topology.DiskFull},
		"table full":            {err: answer(1114, "The table 'write_check' is full"), want: topology.DiskFull},
		"read-only file system": {err: answer(1026, `Error writing file 'binlog' (errno: 30 "Read-only file system")`), want: topology.FileSystemReadOnly},
		"another error":         {err: answer(1598, "Binary logging not possible"), want: topology.WriteCheckFails},
		"read-only":             {err: answer(1290, "The MySQL server is running with the --read-only option"), unknown: true},
		"no such table":         {err: answer(1146, "Table 'meta.write_check' doesn't exist"), unknown: true},
		"another column":        {err: answer(1054, "Unknown column 'checked_at' in 'field list'"), unknown: true},
		"not allowed":           {err: answer(1142, "INSERT command denied"), unknown: true},
		"locked":                {err: answer(1205, "Lock wait timeout exceeded"), unknown: true, locked: true},
		"going down":            {err: answer(1053, "Server shutdown in progress"), unknown: true},
	} {
		t.Run(name, func(t *testing.T) {
			sign, err := writeSign(c.err)
			if (err != nil) != c.unknown || errors.Is(err, ErrLocked) != c.locked {
				t.Errorf("error %v, want one: %t, locked: %t", err, c.unknown, c.locked)
			}
			if got := obstacleOf(sign); got != c.want {
				t.Errorf("sign of %q, want %q", got, c.want)
			}
		})
	}
}

func obstacleOf(s *topology.WriteSign) topology.Obstacle {
	if s == nil {
		return ""
	}
	return s.Obstacle
}

func TestHeldUp(t *testing.T) {
	in := func(states ...string) (all []waiter) {
		for n, s := range states {
			all = append(all, waiter{topology.WaitingWriter{Connection: uint64(n + 1), Running: time.Second}, s})
		}
		return all
	}
	unknown := topology.WriteSign{Obstacle: topology.CommitsStalled}
	logged := topology.WriteSign{Obstacle: topology.DiskFull, Says: "its error log says: OS errno 28"}
	for name, c := range map[string]struct {
		waiting []waiter
		why     topology.WriteSign
		want    topology.Obstacle
		count   int
		says    string
	}{
		"nobody":                        {nil, unknown, "", 0, ""},
		"MySQL, of unknown reason":      {in("waiting for handler commit"), unknown, topology.CommitsStalled, 1, "1 connection is held up"},
		"MySQL, of known reason":        {in("waiting for handler commit", "waiting for handler commit"), logged, topology.DiskFull, 2, "errno 28"},
		"MariaDB, space and behind it":  {in("Commit", "Waiting for someone to free space", "Commit"), unknown, topology.DiskFull, 3, "disk space"},
		"semi-sync says more":           {in("Commit", "Waiting for semi-sync ACK from slave"), unknown, topology.CommitsStalled, 2, "semi-sync"},
		"a lock":                        {in("Waiting for backup lock", "Waiting for global read lock"), unknown, topology.WritesLocked, 2, "backups"},
		"a closing that waits behind":   {in("Waiting for global read lock", "waiting for handler commit"), unknown, topology.CommitsStalled, 1, "handler commit"},
		"whatever the case of a letter": {in("Waiting For Handler Commit"), unknown, topology.CommitsStalled, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			signs := heldUp(c.waiting, c.why)
			if c.want == "" {
				if len(signs) > 0 {
					t.Errorf("%+v, want nothing", signs)
				}
				return
			}
			if len(signs) != 1 || signs[0].Obstacle != c.want || len(signs[0].Waiting) != c.count || !strings.Contains(signs[0].Says, c.says) {
				t.Errorf("%+v, want %s of %d with %q", signs, c.want, c.count, c.says)
			}
		})
	}
}

func TestWaitingStatesOfADialect(t *testing.T) {
	for version, c := range map[string]struct{ has, hasNot string }{
		"10.11.6-MariaDB": {"Waiting for backup lock", "query end"},
		"8.0.36":          {"waiting for handler commit", "Waiting for backup lock"}, // there it only holds up changes of tables
		"5.7.44":          {"query end", "Waiting for backup lock"},
	} {
		sql := DialectOf(version, "").WaitingWriters(true)
		if !strings.Contains(sql, fmt.Sprintf("'%s'", c.has)) || strings.Contains(sql, c.hasNot) {
			t.Errorf("%s: %s", version, sql)
		}
	}
}

func TestTableName(t *testing.T) {
	for name, want := range map[string]string{
		"meta.write_check": "`meta`.`write_check`", "a b.c-d": "`a b`.`c-d`",
		"write_check": "", ".t": "", "s.": "", "a.b.c": "", "a`.b": "", "": "",
	} {
		if got, err := tableName(name); got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q %v, want %q", name, got, err, want)
		}
	}
}
