package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/store"
)

func (s *serviceProcess) leads(t *testing.T) bool {
	t.Helper()
	status, _ := s.get(t, "/api/leader-check/503")
	return status == http.StatusOK
}

// TestLeadersOnOneBackend plays the life of two services on one backend: one leads, and the other takes over when the
// first ends, dies or is stopped.
func TestLeadersOnOneBackend(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		backend func(t *testing.T) string
		file    bool // whoever is stopped keeps the lock
	}{
		{"a SQLite file", func(t *testing.T) string {
			return fmt.Sprintf(`"SQLite3DataFile": %q`, filepath.Join(t.TempDir(), "shared.db"))
		}, true},
		{"a MySQL server", func(t *testing.T) string {
			return onMySQL(sandboxtest.New(t, sandbox.Options{Nodes: 1}).Node(0), "orc")
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			backend := tt.backend(t)
			a := startProcess(t, backend)
			if !a.leads(t) {
				t.Error("one alone does not lead from the first moment")
			}
			b := startProcess(t, backend)
			b.awaitLog(t, "another process leads on the same backend; this one stands by")
			takesOver := func(next *serviceProcess, within time.Duration, why string) {
				t.Helper()
				began := time.Now()
				next.await(t, why, func() bool { return next.leads(t) })
				if took := time.Since(began); took > within {
					t.Errorf("%s: took over after %s", why, took)
				}
			}
			const clean, afterLease = 3 * time.Second, store.LeaseTime + 4*time.Second
			a.stop(t)
			takesOver(b, clean, "after a clean end")

			c := startProcess(t, backend)
			c.awaitLog(t, "this one stands by")
			must(t, b.cmd.Process.Kill())
			<-b.ended
			takesOver(c, map[bool]time.Duration{true: clean, false: afterLease}[tt.file], "after a kill")

			d := startProcess(t, backend)
			d.awaitLog(t, "this one stands by")
			c.signal(t, syscall.SIGSTOP)
			if tt.file {
				time.Sleep(store.LeaseTime + 2*time.Second)
				if d.leads(t) {
					t.Error("it leads while the other holds the lock")
				}
				c.signal(t, syscall.SIGCONT)
				if !c.leads(t) || d.leads(t) {
					t.Error("the one that goes on does not lead")
				}
				return
			}
			takesOver(d, afterLease, "while the other is stopped")
			c.signal(t, syscall.SIGCONT)
			if c.leads(t) {
				t.Error("the one that was stopped takes itself for the leader")
			}
			log := c.awaitLog(t, "this node does not lead any more")
			if n := strings.Count(log, "this node leads"); n != 1 || !d.leads(t) {
				t.Errorf("it led %d times", n)
			}
		})
	}
}
