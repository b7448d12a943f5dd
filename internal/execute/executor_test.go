package execute

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// fleet is some fakes by name, and an executor over them. Others that it asks for hold what every fake does.
func fleet(o Options, names ...string) (map[string]*fake, *Executor) {
	fakes := map[string]*fake{}
	for _, n := range names {
		fakes[n] = newFake(n)
	}
	o.Server = func(k topology.Key) Server {
		if f := fakes[k.Hostname]; f != nil {
			return f
		}
		return newFake(k.Hostname)
	}
	return fakes, New(o)
}

func on(server string, a plan.Action) plan.Step {
	return plan.Step{Server: topology.Key{Hostname: server, Port: 3306}, Action: a}
}

func key(name string) topology.Key { return topology.Key{Hostname: name, Port: 3306} }

func TestActions(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*fake)
		action  plan.Action
		want    []string // statements
		state   plan.State
		err     string // part of the error
	}{
		"stop receiving": {action: plan.Action{Verb: plan.StopReceiving}, want: []string{"stop receiving"}},
		"nothing to apply": {
			action: plan.Action{Verb: plan.AwaitApplied}},
		"apply what was received": {
			prepare: func(f *fake) { f.executed = set(90) },
			action:  plan.Action{Verb: plan.AwaitApplied}, want: []string{"wait for " + set(100)}},
		"an applier that was stopped by hand is started": {
			prepare: func(f *fake) { f.executed = set(90); f.channel.SQLThread = topology.ThreadStopped },
			action:  plan.Action{Verb: plan.AwaitApplied}, want: []string{"start sql", "wait for " + set(100)}},
		"an applier that broke is not": {
			prepare: func(f *fake) {
				f.executed, f.channel.SQLThread, f.channel.LastSQLErrno = set(90), topology.ThreadStopped, 1062
			},
			action: plan.Action{Verb: plan.AwaitApplied}, state: plan.Failed, err: "error 1062"},
		"an applier that stands still": {
			prepare: func(f *fake) { f.executed, f.applies = set(90), false },
			action:  plan.Action{Verb: plan.AwaitApplied}, want: []string{"wait for " + set(100)}, state: plan.Failed, err: "stood still"},
		"apply by position": {
			prepare: func(f *fake) { f.channel.GTID = topology.FilePosition; f.channel.Exec.LogPos = 50 },
			action:  plan.Action{Verb: plan.AwaitApplied}, want: []string{"wait for b.000001:100"}},
		"another source keeps the options": {
			action: plan.Action{Verb: plan.ChangeSource, Source: key("new")},
			want:   []string{"stop io", "change to new:3306 mode 0 at :0 tls /ca.pem", "start io"}},
		"the same source again is nothing to do": {
			action: plan.Action{Verb: plan.ChangeSource, Source: key("old")}, state: plan.Skipped},
		"what was received is applied before it is dropped": {
			prepare: func(f *fake) { f.executed = set(90) },
			action:  plan.Action{Verb: plan.ChangeSource, Source: key("new")},
			want:    []string{"wait for " + set(100), "stop io", "change to new:3306 mode 0 at :0 tls /ca.pem", "start io"}},
		"by position unapplied events are never dropped": {
			prepare: func(f *fake) {
				f.channel.GTID, f.channel.Exec.LogPos, f.applies = topology.FilePosition, 50, false
			},
			action: plan.Action{Verb: plan.ChangeSource, Source: key("new"), Place: plan.ByCoordinates, At: topology.Coordinates{LogFile: "n", LogPos: 4}},
			want:   []string{"wait for b.000001:100", "wait for b.000001:100"}, state: plan.Failed, err: "stood still"},
		"by position a position is needed": {
			prepare: func(f *fake) { f.channel.GTID = topology.FilePosition },
			action:  plan.Action{Verb: plan.ChangeSource, Source: key("new")}, state: plan.Failed, err: "none was given"},
		"a successor that was never opened": {
			prepare: func(f *fake) { f.channel.GTID = topology.FilePosition },
			action:  plan.Action{Verb: plan.ChangeSource, Source: key("new"), Place: plan.AtSuccessor}, state: plan.Failed, err: "not known"},
		"no replica cannot be pointed elsewhere": {
			prepare: func(f *fake) { f.channel = nil },
			action:  plan.Action{Verb: plan.ChangeSource, Source: key("new")}, state: plan.Failed, err: "no replica"},
		"forget the source": {
			action: plan.Action{Verb: plan.ForgetSource}, want: []string{"stop both", "reset all"}},
		"open for writing": {
			action: plan.Action{Verb: plan.SetWritable}, want: []string{"read_only=false"}},
		"already closed": {
			action: plan.Action{Verb: plan.SetReadOnly, Super: true}, state: plan.Skipped},
		"close for writing": {
			prepare: func(f *fake) { f.state.ReadOnly, f.state.SuperReadOnly = false, false },
			action:  plan.Action{Verb: plan.SetReadOnly, Super: true}, want: []string{"read_only=true"}},
		"detach keeps the place": {
			prepare: func(f *fake) { f.channel.GTID = topology.FilePosition },
			action:  plan.Action{Verb: plan.DetachSource},
			want:    []string{"stop both", "change to //old:3306 mode 4 at b.000001:100 tls /ca.pem"}},
		"detached already": {
			prepare: func(f *fake) { f.channel.Source = f.channel.Source.Detached() },
			action:  plan.Action{Verb: plan.DetachSource}, state: plan.Skipped},
		"detach drops nothing": {
			prepare: func(f *fake) { f.executed, f.applies = set(90), false },
			action:  plan.Action{Verb: plan.DetachSource},
			want:    []string{"wait for " + set(100)}, state: plan.Failed, err: "not detached"},
		"reconnect": {
			action: plan.Action{Verb: plan.ReconnectReceiving}, want: []string{"stop io", "start io"}},
		"no reconnecting with something unapplied": {
			prepare: func(f *fake) { f.executed = set(90) },
			action:  plan.Action{Verb: plan.ReconnectReceiving}, state: plan.Failed, err: "not applied all"},
		"reconnecting when all is applied": {
			prepare: func(f *fake) { f.executed, f.applies = set(90), true },
			action:  plan.Action{Verb: plan.ReconnectReceiving, Timeout: time.Second},
			want:    []string{"wait for " + set(100), "stop io", "start io"}},
		"no reconnecting where nothing is applied": {
			prepare: func(f *fake) { f.executed, f.applies = set(90), false },
			action:  plan.Action{Verb: plan.ReconnectReceiving, Timeout: time.Second},
			want:    []string{"wait for " + set(100)}, state: plan.Failed, err: "stood still"},
		"a verb that nobody knows": {
			action: plan.Action{Verb: "dance"}, state: plan.Failed, err: "unknown action"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fakes, e := fleet(Options{}, "r")
				if c.prepare != nil {
					c.prepare(fakes["r"])
				}
				step := on("r", c.action)
				step.MayFail = true
				if err := e.NewRun().Stage(t.Context(), []*plan.Step{&step}); err != nil {
					t.Fatalf("a step that may fail ended the stage: %v", err)
				}
				want := c.state
				if want == "" {
					want = plan.Done
				}
				if step.State != want || !strings.Contains(step.Error, c.err) {
					t.Errorf("state %q, error %q; want %q, %q", step.State, step.Error, want, c.err)
				}
				if got := fakes["r"].statements(); !slices.Equal(got, c.want) {
					t.Errorf("statements %q, want %q", got, c.want)
				}
			})
		})
	}
}

func TestPositionOfTheSuccessorIsHandedOn(t *testing.T) {
	fakes, e := fleet(Options{}, "new", "r")
	fakes["r"].channel.GTID = topology.FilePosition
	p := plan.Plan{}
	p.Add(1, on("new", plan.Action{Verb: plan.SetWritable}))
	p.Add(2, on("r", plan.Action{Verb: plan.ChangeSource, Source: key("new"), Place: plan.AtSuccessor}))
	if err := e.NewRun().Plan(t.Context(), &p, 0); err != nil {
		t.Fatal(err)
	}
	if got := fakes["r"].statements(); !slices.Contains(got, "change to new:3306 mode 4 at own.000001:77 tls /ca.pem") {
		t.Errorf("statements %q do not begin where the successor was opened", got)
	}
}

func TestFailureBeforeTheOpeningIsUndone(t *testing.T) {
	fakes, e := fleet(Options{}, "a", "b")
	fakes["b"].fail["wait for "+set(200)] = errNo
	p := plan.Plan{}
	undo := plan.Action{Verb: plan.StartReceiving}
	for _, n := range []string{"a", "b"} {
		s := on(n, plan.Action{Verb: plan.StopReceiving})
		s.Undo = &undo
		p.Add(1, s)
	}
	p.Add(2, on("b", plan.Action{Verb: plan.AwaitExecuted, Set: set(200)}))
	open := on("b", plan.Action{Verb: plan.SetWritable})
	open.NoReturn = true
	p.Add(3, open)

	var failed *StepError
	if err := e.NewRun().Plan(t.Context(), &p, 0); !errors.As(err, &failed) || failed.Step.Action.Verb != plan.AwaitExecuted {
		t.Fatalf("error %v does not name the step that failed", err)
	}
	for n, f := range fakes {
		if f.channel.IOThread != topology.ThreadRunning {
			t.Errorf("%s receives no more: %q", n, f.statements())
		}
		if !f.state.ReadOnly {
			t.Errorf("%s was opened", n)
		}
	}
	if p.Steps[3].State != plan.Waiting {
		t.Errorf("the opening is %q", p.Steps[3].State)
	}
}

func TestFailureAfterTheOpeningIsNotUndone(t *testing.T) {
	fakes, e := fleet(Options{}, "a", "b")
	fakes["b"].fail["stop both"] = errNo
	p := plan.Plan{}
	undo := plan.Action{Verb: plan.StartReceiving}
	first := on("a", plan.Action{Verb: plan.StopReceiving})
	first.Undo = &undo
	p.Add(1, first)
	open := on("a", plan.Action{Verb: plan.SetWritable})
	open.NoReturn = true
	p.Add(2, open)
	p.Add(3, on("b", plan.Action{Verb: plan.StopReplica}))
	run := e.NewRun()
	if err := run.Plan(t.Context(), &p, 0); err == nil {
		t.Fatal("the failure is not reported")
	}
	if got := fakes["a"].statements(); slices.Contains(got, "start io") || fakes["a"].state.ReadOnly {
		t.Errorf("the promotion was taken back: %q", got)
	}
	if !run.PassedNoReturn() {
		t.Error("the run does not know that it passed the point of no return")
	}
}

func TestNoStepWithoutLeadership(t *testing.T) {
	leads := 2 // it is asked when a step begins, and again before it writes
	fakes, e := fleet(Options{MayWrite: func(context.Context) error {
		if leads--; leads < 0 {
			return errNo
		}
		return nil
	}}, "a")
	undo := plan.Action{Verb: plan.StartReceiving}
	p := plan.Plan{}
	first := on("a", plan.Action{Verb: plan.StopReceiving})
	first.Undo = &undo
	p.Add(1, first)
	p.Add(2, on("a", plan.Action{Verb: plan.SetWritable}))
	if err := e.NewRun().Plan(t.Context(), &p, 0); !errors.Is(err, ErrMayNotWrite) {
		t.Fatalf("error %v", err)
	}
	if got := fakes["a"].statements(); !slices.Equal(got, []string{"stop receiving"}) {
		t.Errorf("a node that leads no more did %q", got)
	}
}

func TestWhatIsAskedBeforeTheOpeningCanForbidIt(t *testing.T) {
	fakes, e := fleet(Options{}, "a")
	run := e.NewRun()
	run.BeforeNoReturn(func(context.Context) error { return errNo })
	s := on("a", plan.Action{Verb: plan.SetWritable})
	s.NoReturn = true
	p := plan.Plan{}
	p.Add(1, s)
	if err := run.Plan(t.Context(), &p, 0); !errors.Is(err, errNo) {
		t.Errorf("error %v", err)
	}
	if !fakes["a"].state.ReadOnly || run.PassedNoReturn() {
		t.Error("it was opened")
	}
}

func TestASlowReceiverDoesNotHoldTheOpeningUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fakes, e := fleet(Options{}, "a")
		fakes["a"].endless = true
		p := plan.Plan{}
		p.Add(1, on("a", plan.Action{Verb: plan.StopReceiving}))
		p.Add(2, on("a", plan.Action{Verb: plan.SetWritable}))
		p.Add(3, on("a", plan.Action{Verb: plan.ForgetSource}))
		opened := make(chan struct{})
		e.o.OnStep = func(s plan.Step) {
			if s.Action.Verb == plan.SetWritable && s.State == plan.Done {
				close(opened)
			}
		}
		var wg sync.WaitGroup
		run := e.NewRun()
		wg.Go(func() {
			if err := run.Plan(t.Context(), &p, 0); err != nil {
				t.Error(err)
			}
		})
		<-opened
		if !run.Quiet()[key("a")] {
			t.Error("the receiver is not known to be quiet")
		}
		if got := fakes["a"].statements(); slices.Contains(got, "reset all") {
			t.Errorf("the source was forgotten before the receiver had ended: %q", got)
		}
		close(fakes["a"].ended)
		wg.Wait()
		if got := fakes["a"].statements(); !slices.Contains(got, "reset all") {
			t.Errorf("the source was not forgotten: %q", got)
		}
	})
}

func TestStepsOfAStageAreBounded(t *testing.T) {
	var mu sync.Mutex
	running, most := 0, 0
	_, e := fleet(Options{Parallel: 2, OnStep: func(s plan.Step) {
		mu.Lock()
		defer mu.Unlock()
		switch s.State {
		case plan.Running:
			running++
			most = max(most, running)
		case plan.Done:
			running--
		}
	}}, "a", "b", "c", "d", "e")
	var steps []*plan.Step
	for _, n := range []string{"a", "b", "c", "d", "e"} {
		s := on(n, plan.Action{Verb: plan.StopReplica})
		steps = append(steps, &s)
	}
	if err := e.NewRun().Stage(t.Context(), steps); err != nil {
		t.Fatal(err)
	}
	if most > 2 || running != 0 {
		t.Errorf("%d steps at the same time, %d still running", most, running)
	}
	for _, s := range steps {
		if s.State != plan.Done || s.Started.IsZero() || s.Ended.Before(s.Started) {
			t.Errorf("%s: %q from %s to %s", s.Server, s.State, s.Started, s.Ended)
		}
	}
}

func TestDeadlineEndsAStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fakes, e := fleet(Options{}, "a")
		fakes["a"].endless = true
		run := e.NewRun()
		stop, forget := on("a", plan.Action{Verb: plan.StopReceiving}), on("a", plan.Action{Verb: plan.ForgetSource})
		forget.Deadline = 3 * time.Second
		if err := run.Stage(t.Context(), []*plan.Step{&stop}); err != nil {
			t.Fatal(err)
		}
		if err := run.Stage(t.Context(), []*plan.Step{&forget}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if forget.Took() != 3*time.Second {
			t.Errorf("it took %s", forget.Took())
		}
	})
}

// TestStepsDoNotWaitForEachOthersBeginning: what is written down before a step must not hold up the others of its stage.
func TestStepsDoNotWaitForEachOthersBeginning(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	e := New(Options{
		Server: func(topology.Key) Server { return nil },
		OnBegin: func(plan.Step) {
			both.Done()
			both.Wait()
		},
	})
	steps := []*plan.Step{{MayFail: true, Action: plan.Action{Verb: "none"}}, {MayFail: true, Action: plan.Action{Verb: "none"}}}
	ended := make(chan error, 1)
	go func() { ended <- e.NewRun().Stage(t.Context(), steps) }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the second step did not begin while the first did")
	}
}
