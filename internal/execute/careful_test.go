package execute

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

func maria(received, applied string, io, sql topology.ThreadState) func(*fake) {
	return func(f *fake) {
		f.channel.GTID, f.channel.RetrievedSet, f.channel.AppliedSet = topology.MariaDBGTID, received, applied
		f.channel.IOThread, f.channel.SQLThread = io, sql
	}
}

// TestMariaDBRelayLogIsKept has a case for each way in which a server that replicates by MariaDB's GTID would drop what
// it has received: it does so when a thread is started while none runs.
func TestMariaDBRelayLogIsKept(t *testing.T) {
	on1, off := topology.ThreadRunning, topology.ThreadStopped
	for name, c := range map[string]struct {
		prepare func(*fake)
		verb    plan.Verb
		want    []string
		err     string
	}{
		"the applier runs before the receiver ends": {
			prepare: maria("0-1-9", "0-1-5", on1, off), verb: plan.StopReceiving, want: []string{"start sql", "stop receiving"}},
		"nothing to keep": {
			prepare: maria("0-1-9", "0-1-9", on1, off), verb: plan.StopReceiving, want: []string{"stop receiving"}},
		"the applier runs": {
			prepare: maria("0-1-9", "0-1-5", on1, on1), verb: plan.StopReceiving, want: []string{"stop receiving"}},
		"a broken applier": {
			prepare: func(f *fake) { maria("0-1-9", "0-1-5", on1, off)(f); f.channel.LastSQLErrno = 1062 },
			verb:    plan.StopReceiving, err: "drops the relay log"},
		"a receiver is started beside an applier that runs": {
			prepare: maria("0-1-9", "0-1-5", off, on1), verb: plan.StartReceiving, want: []string{"start io"}},
		"no applier is started where none runs": {
			prepare: maria("0-1-9", "0-1-5", off, off), verb: plan.AwaitApplied, err: "drops the relay log"},
		"nor a receiver": {
			prepare: maria("0-1-9", "0-1-5", off, off), verb: plan.StartReceiving, err: "drops the relay log"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fakes, e := fleet(Options{}, "r")
				c.prepare(fakes["r"])
				s := on("r", plan.Action{Verb: c.verb})
				s.MayFail = true
				if err := e.NewRun().Stage(t.Context(), []*plan.Step{&s}); err != nil {
					t.Fatal(err)
				}
				if got := fakes["r"].statements(); !slices.Equal(got, c.want) {
					t.Errorf("statements %q, want %q", got, c.want)
				}
				if c.err == "" && s.Error != "" || !strings.Contains(s.Error, c.err) {
					t.Errorf("error %q, want %q", s.Error, c.err)
				}
			})
		})
	}
}

// openingPlan ends reception on a and b, opens a, and points b at it.
func openingPlan() *plan.Plan {
	p := &plan.Plan{}
	undo := plan.Action{Verb: plan.StartReceiving}
	for _, n := range []string{"a", "b"} {
		s := on(n, plan.Action{Verb: plan.StopReceiving})
		s.Undo = &undo
		p.Add(1, s)
	}
	open := on("a", plan.Action{Verb: plan.SetWritable})
	open.NoReturn = true
	p.Add(2, open)
	p.Add(3, on("b", plan.Action{Verb: plan.ChangeSource, Source: key("a")}))
	return p
}

func TestOpeningInDoubtIsNotUndone(t *testing.T) {
	fakes, e := fleet(Options{}, "a", "b")
	fakes["a"].fail["read_only=false"] = errNo
	fakes["a"].blind = true
	run := e.NewRun()
	if err := run.Plan(t.Context(), openingPlan(), 0); !errors.Is(err, ErrInDoubt) || run.PassedNoReturn() {
		t.Errorf("error %v", err)
	}
	for n, f := range fakes {
		if slices.Contains(f.statements(), "start io") {
			t.Errorf("%s receives again from the lost source, and a may be open", n)
		}
	}
}

// TestAnOpeningThatWasAnsweredIsNotInDoubt: the server said that it takes writes, and was lost right after.
func TestAnOpeningThatWasAnsweredIsNotInDoubt(t *testing.T) {
	fakes, e := fleet(Options{}, "a", "b")
	fakes["a"].blind = true
	run, p := e.NewRun(), openingPlan()
	if err := run.Plan(t.Context(), p, 0); err != nil || !run.PassedNoReturn() || p.NoReturn().Action.At != fakes["a"].self {
		t.Errorf("error %v, opened at %s", err, p.NoReturn().Action.At)
	}
}

func TestRefusedOpeningIsUndone(t *testing.T) {
	fakes, e := fleet(Options{}, "a", "b")
	fakes["a"].fail["read_only=false"] = errNo
	if err := e.NewRun().Plan(t.Context(), openingPlan(), 0); errors.Is(err, ErrInDoubt) || !errors.Is(err, errNo) {
		t.Errorf("error %v", err)
	}
	if got := fakes["b"].statements(); !slices.Contains(got, "start io") {
		t.Errorf("not undone: %q", got)
	}
}

func TestAnAnswerThatGotLostIsNoFailure(t *testing.T) {
	fakes, e := fleet(Options{}, "a", "b")
	fakes["a"].fail["read_only=false"] = errNo
	fakes["a"].state.ReadOnly, fakes["a"].state.SuperReadOnly = false, false
	run, p := e.NewRun(), openingPlan()
	if err := run.Plan(t.Context(), p, 0); err != nil || !run.PassedNoReturn() {
		t.Errorf("error %v", err)
	}
	if at := p.NoReturn().Action.At; at != fakes["a"].self {
		t.Errorf("the coordinates of the opening on record: %s", at)
	}
}

func TestTheEndOfTheContext(t *testing.T) {
	for name, c := range map[string]struct {
		at     plan.Verb
		opened bool
	}{
		"before the opening everything is undone":       {plan.StopReceiving, false},
		"in the opening the plan is brought to its end": {plan.SetWritable, true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			fakes, e := fleet(Options{OnStep: func(s plan.Step) {
				if s.Action.Verb == c.at && s.State == plan.Running {
					cancel()
				}
			}}, "a", "b")
			err := e.NewRun().Plan(ctx, openingPlan(), 0)
			if (err == nil) != c.opened {
				t.Errorf("error %v", err)
			}
			followed := slices.ContainsFunc(fakes["b"].statements(), func(s string) bool { return strings.HasPrefix(s, "change to a:") })
			if fakes["a"].state.ReadOnly == c.opened || followed != c.opened || !slices.Contains(fakes["b"].statements(), "start io") {
				t.Errorf("statements %q, %q", fakes["a"].statements(), fakes["b"].statements())
			}
		})
	}
}

func TestAPlanIsCutShortAWhileAfterItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		fakes, e := fleet(Options{Deadline: time.Hour, OnStep: func(s plan.Step) {
			if s.Action.Verb == plan.SetWritable {
				cancel()
			}
		}}, "a", "b")
		fakes["a"].endless = true
		p := &plan.Plan{}
		p.Add(1, on("a", plan.Action{Verb: plan.StopReceiving}))
		open := on("a", plan.Action{Verb: plan.SetWritable})
		open.NoReturn = true
		p.Add(2, open)
		forget := on("a", plan.Action{Verb: plan.ForgetSource})
		forget.MayFail = true
		p.Add(3, forget)
		began := time.Now()
		if err := e.NewRun().Plan(ctx, p, 0); !errors.Is(err, ErrCutShort) || time.Since(began) != finishWithin {
			t.Errorf("error %v after %s", err, time.Since(began))
		}
	})
}

func TestAReconnectionThatFailsHalfwayStartsTheReceiverAgain(t *testing.T) {
	fakes, e := fleet(Options{}, "r")
	fakes["r"].fail["stop io"] = errNo
	s := on("r", plan.Action{Verb: plan.ReconnectReceiving})
	s.MayFail = true
	if err := e.NewRun().Stage(t.Context(), []*plan.Step{&s}); err != nil {
		t.Fatal(err)
	}
	if got := fakes["r"].statements(); !slices.Equal(got, []string{"stop io", "start io"}) || s.State != plan.Failed {
		t.Errorf("statements %q, state %q", got, s.State)
	}
}

// TestWhoStopsLeadingWhileANewSourceIsWaitedForLeavesTheReplica: who leads since may have pointed it elsewhere.
func TestWhoStopsLeadingWhileANewSourceIsWaitedForLeavesTheReplica(t *testing.T) {
	asked := 0
	fakes, e := fleet(Options{MayWrite: func(context.Context) error {
		if asked++; asked > 3 { // before the step, before the stop, after it
			return errNo
		}
		return nil
	}}, "a", "b")
	s := on("a", plan.Action{Verb: plan.MoveBelow, Source: key("b"), On: true})
	err := e.NewRun().Stage(t.Context(), []*plan.Step{&s})
	if got := fakes["a"].statements(); !errors.Is(err, ErrMayNotWrite) || len(got) != 1 || !strings.HasPrefix(got[0], "stop ") {
		t.Errorf("%v: %q", err, got)
	}
}

func TestWhoStopsLeadingWhileAReplicaStopsDoesNotChangeIt(t *testing.T) {
	for _, verb := range []plan.Verb{plan.ForgetSource, plan.ChangeSource, plan.DetachSource} {
		t.Run(string(verb), func(t *testing.T) {
			var fakes map[string]*fake
			fakes, e := fleet(Options{MayWrite: func(context.Context) error {
				if len(fakes["a"].statements()) > 0 {
					return errNo
				}
				return nil
			}}, "a", "b")
			s := on("a", plan.Action{Verb: verb, Source: key("b")})
			if verb == plan.DetachSource {
				s.Action.Source = topology.Key{}
			}
			err := e.NewRun().Stage(t.Context(), []*plan.Step{&s})
			if got := fakes["a"].statements(); err == nil || len(got) != 1 || !strings.HasPrefix(got[0], "stop ") {
				t.Errorf("%v: %q", err, got)
			}
		})
	}
}
