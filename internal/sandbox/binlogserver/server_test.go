package binlogserver_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/binlogserver"
	"orchestrator/internal/sandbox/sandboxtest"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRealReplicasBelow has one replica follow through a binlog server while files change, and another one begin in the
// middle of a file and of the log.
func TestRealReplicasBelow(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := sandboxtest.New(t, sandbox.Options{})
	p := c.Node(0)
	s, err := binlogserver.Start(binlogserver.Options{
		Dir: t.TempDir(), ID: 9, From: binlogserver.Source{Host: p.Host, Port: p.Port}, File: "binlog.000001",
		User: sandbox.UserRepl, Password: sandbox.Password(sandbox.UserRepl),
		Accounts: func(user string) (string, bool) { return sandbox.Password(user), true },
	})
	check(t, err)
	t.Cleanup(s.Close)
	for _, n := range c.Nodes()[1:] {
		file, pos := s.Position()
		check(t, n.FollowAt(ctx, s.Host, s.Port, file, uint64(pos)))
	}
	write := func(from int) {
		t.Helper()
		for id := from; id < from+10; id++ {
			check(t, p.Exec(ctx, fmt.Sprintf("INSERT INTO test.t VALUES (%d, REPEAT('x', 5000))", id)))
		}
	}
	check(t, p.Exec(ctx, "CREATE TABLE test.t (id INT PRIMARY KEY, v TEXT)"))
	write(10)
	check(t, p.Exec(ctx, "FLUSH BINARY LOGS"))
	write(20)
	check(t, c.Node(1).Exec(ctx, "STOP SLAVE"))
	check(t, p.Exec(ctx, "FLUSH BINARY LOGS"))
	write(30)
	check(t, c.Node(1).Exec(ctx, "START SLAVE"))
	write(40)
	for _, n := range c.Nodes() {
		for rows := 0; rows != 40; {
			check(t, n.Scan(ctx, "SELECT COUNT(*) FROM test.t", &rows))
		}
	}
	check(t, c.SameData(ctx, "t"))

	// The primary comes back with a new file.
	check(t, p.Kill())
	check(t, p.Restart(ctx))
	check(t, p.SetReadOnly(ctx, false))
	write(50)
	for _, n := range c.Nodes() {
		for rows := 0; rows != 50; {
			check(t, n.Scan(ctx, "SELECT COUNT(*) FROM test.t", &rows))
		}
	}
	check(t, c.SameData(ctx, "t"))

	// It holds what its source holds.
	file, pos, err := p.Position(ctx)
	check(t, err)
	if have, at := s.Position(); have != file || uint64(at) != pos {
		t.Errorf("it is at %s:%d, its source at %s:%d", have, at, file, pos)
	}
	for _, name := range []string{"binlog.000001", "binlog.000002"} { // one that was open in a crash is marked so
		theirs, err := os.ReadFile(filepath.Join(p.DataDir(), name))
		check(t, err)
		mine, err := os.ReadFile(filepath.Join(s.Dir(), name))
		check(t, err)
		if !bytes.Equal(theirs, mine) {
			t.Errorf("%s: %d bytes, and not the same as the %d of its source", name, len(mine), len(theirs))
		}
	}
}
