package execute

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// clonedFake is a fake that can be cloned. says are what it answers when it is asked for the clone, in this order; the last
// one stays.
type clonedFake struct {
	*fake
	says    []func() (server.CloneStatus, error)
	clone   func(ctx context.Context) error
	stopped bool // the statement was told to end
}

func (f *clonedFake) CloneStatus(context.Context) (server.CloneStatus, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	say := f.says[0]
	if len(f.says) > 1 {
		f.says = f.says[1:]
	}
	return say()
}

func (f *clonedFake) CloneFrom(ctx context.Context, donor topology.Key) error {
	if err := f.do("clone from "+donor.String(), nil); err != nil {
		return err
	}
	err := f.clone(ctx)
	f.stopped = ctx.Err() != nil
	return err
}

func TestReplaceData(t *testing.T) {
	old, began := time.Unix(1000, 0), time.Unix(2000, 0)
	is := func(state server.CloneState, at time.Time, dropped bool) func() (server.CloneStatus, error) {
		return func() (server.CloneStatus, error) {
			return server.CloneStatus{State: state, Began: at, Dropped: dropped, Source: "db1:3306", Stage: "FILE COPY, 1 of 2 MB", Problem: "error 1317: interrupted"}, nil
		}
	}
	away := func() (server.CloneStatus, error) { return server.CloneStatus{}, errNo }
	before := is(server.Cloned, old, true)
	refusal := &server.Error{Kind: server.AccessDenied, Err: errNo}
	for name, c := range map[string]struct {
		says     []func() (server.CloneStatus, error)
		clone    error // what the statement ends with; nil: not before it is told to
		fails    string
		undone   bool
		dataGone bool
	}{
		"all has come, and it begins anew": {says: []func() (server.CloneStatus, error){before, is(server.Cloning, began, true), is(server.Cloned, began, true)}},
		"nobody supervises it":             {says: []func() (server.CloneStatus, error){before, away, away, is(server.Cloned, began, true)}, clone: server.ErrNotSupervised},
		"the connection breaks, it goes on": {says: []func() (server.CloneStatus, error){before, away, away, is(server.Cloning, began, true), away, is(server.Cloned, began, true)},
			clone: &server.Error{Kind: server.ConnectionLost, Err: errNo}},
		"it is refused":                 {says: []func() (server.CloneStatus, error){before}, clone: refusal, fails: "has not begun", undone: true},
		"it fails early":                {says: []func() (server.CloneStatus, error){before, is(server.CloneFailed, began, false)}, clone: refusal, fails: "before anything was replaced", undone: true},
		"it fails half-way":             {says: []func() (server.CloneStatus, error){before, is(server.Cloning, began, true), is(server.CloneFailed, began, true)}, clone: refusal, fails: "1317", dataGone: true},
		"it fails at its new beginning": {says: []func() (server.CloneStatus, error){before, away, away, is(server.CloneFailed, began, true)}, clone: server.ErrNotSupervised, fails: "1317", dataGone: true},
		"it never comes back":           {says: []func() (server.CloneStatus, error){before, away}, clone: server.ErrNotSupervised, fails: "has not come back"},
		"the answer never comes":        {says: []func() (server.CloneStatus, error){before, is(server.Cloning, began, true)}, fails: "deadline", dataGone: true},
		"one runs already":              {says: []func() (server.CloneStatus, error){is(server.Cloning, old, true)}, fails: "already", undone: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &clonedFake{fake: newFake("r"), says: c.says}
				f.clone = func(ctx context.Context) error {
					if c.clone != nil {
						return c.clone
					}
					<-ctx.Done()
					return ctx.Err()
				}
				var told []string
				run := New(Options{Server: func(topology.Key) Server { return f }, OnStep: func(s plan.Step) { told = append(told, s.Note) }}).NewRun()
				p := plan.Plan{}
				p.Add(1, plan.Step{Server: f.key, Action: plan.Action{Verb: plan.StopReplica}, Undo: &plan.Action{Verb: plan.StartReplica}})
				p.Add(2, plan.Step{Server: f.key, Action: plan.Action{Verb: plan.ReplaceData, Source: topology.Key{Hostname: "db1", Port: 3306}}, NoReturn: true, Deadline: 24 * time.Hour})
				p.Add(3, plan.Step{Server: f.key, Action: plan.Action{Verb: plan.AwaitReplaced}, Deadline: 25 * time.Hour})
				err := run.Plan(t.Context(), &p, 0)
				switch {
				case c.fails == "" && err != nil, c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)):
					t.Errorf("%v, want %q", err, c.fails)
				case errors.Is(err, ErrDataGone) != c.dataGone:
					t.Errorf("its data count as gone: %t: %v", !c.dataGone, err)
				}
				if undone := strings.Contains(strings.Join(f.statements(), ";"), "start"); undone != c.undone {
					t.Errorf("undone: %t: %q", undone, f.statements())
				}
				if c.clone == nil && c.fails != "already" && !f.stopped {
					t.Error("the statement was left behind")
				}
				if name == "all has come, and it begins anew" && !strings.Contains(strings.Join(told, ";"), "FILE COPY, 1 of 2 MB") {
					t.Errorf("nobody was told how far it is: %q", told)
				}
			})
		})
	}
}

// TestHoldsNoMore: what is under way is waited for, what never comes is named.
func TestHoldsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, source := newFake("r"), newFake("s")
		run := New(Options{Server: func(k topology.Key) Server {
			if k == source.key {
				return source
			}
			return f
		}}).NewRun()
		step := func() error {
			s := plan.Step{Server: f.key, Action: plan.Action{Verb: plan.HoldsNoMore, Source: source.key}, Deadline: time.Minute}
			return run.Stage(t.Context(), []*plan.Step{&s})
		}
		if err := step(); err != nil {
			t.Error(err)
		}
		f.executed = set(101)
		if err := step(); err == nil || !strings.Contains(err.Error(), "00000000-0000-0000-0000-000000000001:101") {
			t.Errorf("%v", err)
		}
		time.AfterFunc(10*time.Second, func() {
			source.mu.Lock()
			defer source.mu.Unlock()
			source.executed = set(101)
		})
		if err := step(); err != nil {
			t.Error(err)
		}
	})
}
