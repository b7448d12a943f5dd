package execute

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// stuck is a primary whose closing waits until the connections in its way have been ended, or for ever.
type stuck struct {
	*fake
	mu      sync.Mutex
	list    []server.Process
	killed  []uint64
	endless bool // some commit does not end even then
	breaks  bool // the closing does not stay in the server
}

func (s *stuck) Processlist(context.Context) ([]server.Process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list), nil
}

func (s *stuck) KillConnection(_ context.Context, id uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killed = append(s.killed, id)
	s.list = slices.DeleteFunc(s.list, func(p server.Process) bool { return p.ID == id && !(s.endless && id == 1) })
	return nil
}

func (s *stuck) BeginClosing(_ context.Context, super bool) func(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.breaks {
		s.list = append(s.list, server.Process{ID: 99, User: "manager", Command: "Query", Info: "SET GLOBAL super_read_only=1"})
	}
	return func(ctx context.Context) error {
		s.mu.Lock()
		free := !slices.ContainsFunc(s.list, func(p server.Process) bool { return p.ID == 1 })
		s.mu.Unlock()
		if !free {
			<-ctx.Done()
			return ctx.Err()
		}
		return s.fake.SetReadOnly(ctx, true, super)
	}
}

func TestBarWrites(t *testing.T) {
	writer := server.Process{ID: 1, User: "app", Command: "Query", Info: "INSERT INTO t VALUES (1)"}
	others := []server.Process{
		{ID: 2, User: "app", Command: "Sleep"}, // may be in a transaction
		{ID: 3, User: "repl", Command: "Binlog Dump GTID"},
		{ID: 4, User: "system user", Command: "Query", Info: "INSERT INTO t VALUES (2)"},
		{ID: 5, User: "manager", Command: "Sleep"},
		{ID: 6, User: "manager", Command: "Query", Info: "INSERT INTO meta.write_check"},
	}
	for name, c := range map[string]struct {
		prepare func(*stuck)
		state   plan.State
		killed  []uint64
		closed  bool
		note    string
	}{
		"nothing is in the way":      {func(s *stuck) { s.list = nil }, plan.Done, nil, true, ""},
		"it is closed already":       {func(s *stuck) { s.state = server.ReadOnlyState{ReadOnly: true, SuperReadOnly: true} }, plan.Skipped, nil, true, ""},
		"clients are in the way":     {func(*stuck) {}, plan.Done, []uint64{1, 2, 6}, true, "3 connections ended"},
		"a commit never ends":        {func(s *stuck) { s.endless = true }, plan.Done, []uint64{1, 2, 6}, false, "the closing waits in the server"},
		"the closing does not stay":  {func(s *stuck) { s.endless, s.breaks = true, true }, plan.Failed, nil, false, ""},
		"the server cannot be asked": {func(s *stuck) { s.blind = true }, plan.Failed, nil, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &stuck{fake: newFake("p"), list: append([]server.Process{writer}, others...)}
				s.state = server.ReadOnlyState{}
				c.prepare(s)
				run := New(Options{Server: func(topology.Key) Server { return s }}).NewRun()
				step := plan.Step{Server: key("p"), Phase: plan.Fence, Deadline: 8 * time.Second, Action: plan.Action{Verb: plan.BarWrites, Super: true}}
				err := run.Stage(t.Context(), []*plan.Step{&step})
				note := step.Note
				if step.State != c.state || !strings.Contains(note, c.note) {
					t.Errorf("%s %q (%v), want %s %q", step.State, note, err, c.state, c.note)
				}
				slices.Sort(s.killed)
				if c.state == plan.Done && !slices.Equal(s.killed, c.killed) {
					t.Errorf("ended %v, want %v", s.killed, c.killed)
				}
				if s.fake.state.ReadOnly != c.closed {
					t.Errorf("closed: %t, want %t", s.fake.state.ReadOnly, c.closed)
				}
			})
		})
	}
}
