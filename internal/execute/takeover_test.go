package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// able is a fake that can do everything that a takeover asks of a server.
type able struct {
	*fake
	user    string           // "" when the credentials cannot be read
	busy    []server.Process // its connections
	hangs   time.Duration    // before it lists them
	stuck   bool             // closing it waits until the client gives up, and happens all the same a little later
	late    time.Duration    // how much later
	binlog  string           // MariaDB: gtid_binlog_pos
	current string           // MariaDB: gtid_current_pos
	change  server.SourceChange
}

func (a *able) GTIDs(context.Context) (server.GTIDState, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.fail["read GTIDs"]; err != nil {
		return server.GTIDState{}, err
	}
	return server.GTIDState{Executed: a.executed, BinlogPos: a.binlog, CurrentPos: a.current}, nil
}

func (a *able) ChangeSource(_ context.Context, c server.SourceChange) error {
	return a.do(fmt.Sprintf("change to %s mode %d at %s as %s", c.Source, c.Mode, c.Coords, c.User), func() {
		a.change = c
		if a.channel == nil {
			a.channel = &topology.Channel{}
		}
		a.channel.Source = c.Source
	})
}

func (a *able) SetReadOnly(ctx context.Context, on, super bool) error {
	if !on || !a.stuck {
		return a.fake.SetReadOnly(ctx, on, super)
	}
	a.mu.Lock()
	a.busy = append(a.busy, server.Process{ID: 99, Command: "Query", Info: "SET GLOBAL super_read_only=1"})
	a.mu.Unlock()
	<-ctx.Done()
	time.AfterFunc(a.late, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if len(a.busy) > 0 {
			a.state, a.busy = server.ReadOnlyState{ReadOnly: true, SuperReadOnly: super}, nil
		}
	})
	return ctx.Err()
}

func (a *able) Credentials(context.Context) (server.Credentials, error) {
	if a.user == "" {
		return server.Credentials{}, server.ErrNoCredentials
	}
	return server.Credentials{User: a.user, Password: "secret"}, nil
}

func (a *able) Processlist(context.Context) ([]server.Process, error) {
	time.Sleep(a.hangs)
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.busy), a.fail["list connections"]
}

func (a *able) KillConnection(_ context.Context, id uint64) error {
	return a.do(fmt.Sprintf("kill %d", id), func() { a.busy = nil })
}

func (a *able) SetMariaDBSlavePos(_ context.Context, pos string) error {
	return a.do("slave_pos="+pos, nil)
}

// couple is an old primary p that takes writes, its replica a, another replica b, and an executor over them.
func couple(o Options) (map[string]*able, *Executor) {
	all := map[string]*able{}
	for _, n := range []string{"p", "a", "b"} {
		f := newFake(n)
		f.channel.Source = key("p")
		all[n] = &able{fake: f, user: "repl"}
	}
	all["p"].channel, all["p"].state = nil, server.ReadOnlyState{}
	o.Server = func(k topology.Key) Server { return all[k.Hostname] }
	return all, New(o)
}

func TestTakeoverActions(t *testing.T) {
	maria := func(f *fake, received, applied string) {
		f.channel.GTID, f.channel.RetrievedSet, f.channel.AppliedSet = topology.MariaDBGTID, received, applied
	}
	position := func(f *fake) { f.channel.GTID = topology.FilePosition }
	for name, c := range map[string]struct {
		prepare func(map[string]*able)
		server  string
		action  plan.Action
		want    []string
		state   plan.State
		err     string
		note    string
	}{
		"close the primary": {
			server: "p", action: plan.Action{Verb: plan.ClosePrimary, Super: true}, want: []string{"read_only=true"}},
		"a primary that is closed already stays so when the plan is undone": {
			prepare: func(all map[string]*able) { all["p"].state.ReadOnly = true },
			server:  "p", action: plan.Action{Verb: plan.ClosePrimary, Super: true}, want: []string{"read_only=true"}, state: plan.Skipped},
		"a primary that cannot be closed is opened again": {
			prepare: func(all map[string]*able) { all["p"].fail["read_only=true"] = errNo },
			server:  "p", action: plan.Action{Verb: plan.ClosePrimary}, want: []string{"read_only=true", "read_only=false"}, state: plan.Failed, err: "no", note: "opened again"},
		"a primary that can neither be closed nor opened": {
			prepare: func(all map[string]*able) {
				all["p"].fail["read_only=true"], all["p"].fail["read_only=false"] = errNo, errNo
			},
			server: "p", action: plan.Action{Verb: plan.ClosePrimary}, want: []string{"read_only=true", "read_only=false"}, state: plan.Failed, err: "may be closed"},

		"wait for what the source holds": {
			prepare: func(all map[string]*able) { all["p"].executed = set(120) },
			server:  "a", action: plan.Action{Verb: plan.AwaitSource, Source: key("p")}, want: []string{"wait for " + set(120)}},
		"wait for what the source holds, MariaDB": {
			prepare: func(all map[string]*able) { maria(all["a"].fake, "0-1-5", "0-1-5"); all["p"].binlog = "0-1-9" },
			server:  "a", action: plan.Action{Verb: plan.AwaitSource, Source: key("p")}, want: []string{"wait for 0-1-9"}},
		"wait for what the source holds, by position": {
			prepare: func(all map[string]*able) { position(all["a"].fake) },
			server:  "a", action: plan.Action{Verb: plan.AwaitSource, Source: key("p")}, want: []string{"wait for own.000001:77"}},
		"an empty MariaDB has nothing to wait for": {
			prepare: func(all map[string]*able) { maria(all["a"].fake, "", "") },
			server:  "a", action: plan.Action{Verb: plan.AwaitSource, Source: key("p")}, note: "nothing was ever written"},
		"a source that cannot be asked": {
			prepare: func(all map[string]*able) { all["p"].fail["read GTIDs"] = errNo },
			server:  "a", action: plan.Action{Verb: plan.AwaitSource, Source: key("p")}, state: plan.Failed, err: "p:3306"},
		"an applier that stands still": {
			prepare: func(all map[string]*able) { all["a"].applies = false },
			server:  "a", action: plan.Action{Verb: plan.AwaitSource, Source: key("p")}, want: []string{"wait for " + set(100)}, state: plan.Failed, err: "stood still"},
		"an applier that broke": {
			prepare: func(all map[string]*able) { all["a"].channel.LastSQLErrno = 1062 },
			server:  "a", action: plan.Action{Verb: plan.AwaitSource, Source: key("p")}, state: plan.Failed, err: "1062"},

		"move below a sibling": {
			server: "b", action: plan.Action{Verb: plan.MoveBelow, Source: key("a")},
			want: []string{"stop both", "change to a:3306 mode 0 at :0 as ", "start both"}},
		"move below a sibling on MariaDB when that has caught up": {
			prepare: func(all map[string]*able) {
				maria(all["b"].fake, "0-1-9", "0-1-8")
				maria(all["a"].fake, "0-1-9", "0-1-9")
				all["a"].binlog = "0-1-9"
			},
			server: "b", action: plan.Action{Verb: plan.MoveBelow, Source: key("a")},
			want: []string{"stop both", "change to a:3306 mode 0 at :0 as ", "start both"}},
		"below it already": {
			prepare: func(all map[string]*able) { all["b"].channel.Source = key("a") },
			server:  "b", action: plan.Action{Verb: plan.MoveBelow, Source: key("a")}, state: plan.Skipped},
		"nobody moves below a sibling by position": {
			prepare: func(all map[string]*able) { position(all["b"].fake) },
			server:  "b", action: plan.Action{Verb: plan.MoveBelow, Source: key("a")}, state: plan.Failed, err: "by file and position"},
		"who cannot move is not left standing": {
			prepare: func(all map[string]*able) { all["b"].fail["change to a:3306 mode 0 at :0 as "] = errNo },
			server:  "b", action: plan.Action{Verb: plan.MoveBelow, Source: key("a")},
			want: []string{"stop both", "change to a:3306 mode 0 at :0 as ", "start both"}, state: plan.Failed, err: "no"},

		"follow the promoted one after everything is applied": {
			prepare: func(all map[string]*able) { all["p"].executed = set(120) },
			server:  "b", action: plan.Action{Verb: plan.FollowPromoted, Source: key("a"), Former: key("p")},
			want: []string{"wait for " + set(120), "stop io", "change to a:3306 mode 0 at :0 as ", "start io"}},
		"who has not applied everything stays": {
			prepare: func(all map[string]*able) { all["b"].applies = false },
			server:  "b", action: plan.Action{Verb: plan.FollowPromoted, Source: key("a"), Former: key("p")},
			want: []string{"wait for " + set(100)}, state: plan.Failed, err: "it stays below p:3306"},

		"nobody writes for long": {
			prepare: func(all map[string]*able) {
				all["p"].busy = []server.Process{
					{ID: 1, User: "app", Command: "Query", Time: 1, Info: "UPDATE t SET a=1"},
					{ID: 2, User: "report", Command: "Query", Time: 900, Info: " SELECT * FROM t"},
					{ID: 3, User: "app", Command: "Sleep", Time: 900},
					{ID: 4, User: "system user", Command: "Query", Time: 900, Info: "UPDATE t SET a=1"},
				}
			},
			server: "p", action: plan.Action{Verb: plan.AwaitWriters, After: 5 * time.Second, Timeout: time.Second}},
		"somebody writes for long": {
			prepare: func(all map[string]*able) {
				all["p"].busy = []server.Process{{ID: 1, User: "app", Command: "Query", Time: 60, Info: "ALTER TABLE t ADD b INT"}}
			},
			server: "p", action: plan.Action{Verb: plan.AwaitWriters, After: 5 * time.Second, Timeout: time.Second},
			state: plan.Failed, err: "connection 1 of app for 60 s"},
		"who writes for long is ended where that is wanted": {
			prepare: func(all map[string]*able) {
				all["p"].busy = []server.Process{{ID: 1, User: "app", Command: "Execute", Time: 60, Info: "DELETE FROM t"}}
			},
			server: "p", action: plan.Action{Verb: plan.AwaitWriters, After: 5 * time.Second, Timeout: time.Second, On: true},
			want: []string{"kill 1"}, note: "ended connection 1 of app"},

		"whose connections are listed late, and then not": {
			prepare: func(all map[string]*able) {
				all["p"].hangs, all["p"].fail["list connections"] = 2*time.Second, errNo
			},
			server: "p", action: plan.Action{Verb: plan.AwaitWriters, After: 5 * time.Second, Timeout: time.Second},
			state: plan.Failed, err: errNo.Error()},

		"credentials that nobody tells": {
			prepare: func(all map[string]*able) { all["a"].user = "" },
			server:  "a", action: plan.Action{Verb: plan.ReadCredentials}, state: plan.Failed, err: "not available"},
		"credentials of one that has forgotten its source": {
			server: "p", action: plan.Action{Verb: plan.ReadCredentials}},
		"credentials of no replica, that nobody tells": {
			prepare: func(all map[string]*able) { all["p"].user = "" },
			server:  "p", action: plan.Action{Verb: plan.ReadCredentials}, state: plan.Failed, err: "not available"},
		"a former primary without credentials is left as it is": {
			server: "p", action: plan.Action{Verb: plan.BecomeReplica, Source: key("a"), Place: plan.ByOracleGTID},
			state: plan.Failed, err: "left as it is"},
		"a former primary that was pointed there without credentials is left as it is": {
			prepare: func(all map[string]*able) { all["p"].channel = &topology.Channel{Source: key("a")} },
			server:  "p", action: plan.Action{Verb: plan.BecomeReplica, Source: key("a"), Place: plan.ByMariaDBGTID},
			state: plan.Failed, err: "ReplicationCredentialsQuery"},
		"a former primary with a user of its own keeps it": {
			prepare: func(all map[string]*able) {
				all["p"].channel = &topology.Channel{Source: key("b"), User: "own", IOThread: topology.ThreadStopped, SQLThread: topology.ThreadStopped}
			},
			server: "p", action: plan.Action{Verb: plan.BecomeReplica, Source: key("a"), Place: plan.ByOracleGTID},
			want: []string{"stop both", "change to a:3306 mode 1 at :0 as "}},
		"a former primary that begins nowhere": {
			prepare: func(all map[string]*able) {
				all["p"].channel = &topology.Channel{Source: key("b"), User: "own"}
			},
			server: "p", action: plan.Action{Verb: plan.BecomeReplica, Source: key("a"), Place: plan.AtSuccessor}, state: plan.Failed, err: "not known"},
		"a former primary that follows already": {
			prepare: func(all map[string]*able) { all["p"].channel = &topology.Channel{Source: key("a"), User: "repl"} },
			server:  "p", action: plan.Action{Verb: plan.BecomeReplica, Source: key("a"), Place: plan.ByOracleGTID}, state: plan.Skipped},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all, e := couple(Options{})
				if c.prepare != nil {
					c.prepare(all)
				}
				step := on(c.server, c.action)
				step.MayFail = true
				if err := e.NewRun().Stage(t.Context(), []*plan.Step{&step}); err != nil {
					t.Fatal(err)
				}
				want := c.state
				if want == "" {
					want = plan.Done
				}
				if step.State != want || !strings.Contains(step.Error, c.err) || !strings.Contains(step.Note, c.note) {
					t.Errorf("state %q, error %q, note %q; want %q, %q, %q", step.State, step.Error, step.Note, want, c.err, c.note)
				}
				if got := all[c.server].statements(); !slices.Equal(got, c.want) {
					t.Errorf("statements %q, want %q", got, c.want)
				}
			})
		})
	}
}

func TestASiblingMustHaveCaughtUpBeforeAReplicaMovesBelowIt(t *testing.T) {
	for name, prepare := range map[string]func(all map[string]*able) (catchUp func()){
		"MySQL": func(all map[string]*able) func() {
			all["a"].executed = set(90)
			return func() { all["a"].executed = set(100) }
		},
		"MariaDB": func(all map[string]*able) func() {
			for _, n := range []string{"a", "b"} {
				all[n].channel.GTID, all[n].channel.AppliedSet, all[n].channel.RetrievedSet = topology.MariaDBGTID, "0-1-8", "0-1-8"
			}
			all["a"].binlog = "0-1-7"
			return func() { all["a"].binlog = "0-1-8" }
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all, e := couple(Options{})
				catchUp := prepare(all)
				step := on("b", plan.Action{Verb: plan.MoveBelow, Source: key("a")})
				ended := make(chan error)
				go func() { ended <- e.NewRun().Stage(t.Context(), []*plan.Step{&step}) }()
				time.Sleep(time.Second)
				if got := all["b"].statements(); len(got) > 0 {
					t.Errorf("%q before its sibling has what it has", got)
				}
				all["a"].mu.Lock()
				catchUp()
				all["a"].mu.Unlock()
				if err := <-ended; err != nil || step.State != plan.Done {
					t.Errorf("%s: %v", step.State, err)
				}
			})
		})
	}
	t.Run("in vain", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			all, e := couple(Options{})
			all["a"].executed = set(90)
			step := on("b", plan.Action{Verb: plan.MoveBelow, Source: key("a")})
			if err := e.NewRun().Stage(t.Context(), []*plan.Step{&step}); !errors.Is(err, ErrNotHeld) || len(all["b"].statements()) > 0 {
				t.Errorf("%v; %q", err, all["b"].statements())
			}
		})
	})
}

// wordless is a server that does not tell what its connections do.
type wordless struct{ Server }

func TestACloseThatComesTooLateDoesNotLast(t *testing.T) {
	for name, c := range map[string]struct {
		late  time.Duration
		hides bool
		want  []string
	}{
		"it waits for long and is ended":      {time.Hour, false, []string{"kill 99", "read_only=false"}},
		"it comes a moment later":             {0, false, nil},
		"it comes and nobody can tell before": {time.Second, true, []string{"read_only=false", "read_only=false"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all, e := couple(Options{})
				all["p"].stuck, all["p"].late = true, c.late
				if c.hides {
					e.o.Server = func(k topology.Key) Server { return wordless{all[k.Hostname]} }
				}
				step := on("p", plan.Action{Verb: plan.ClosePrimary, Super: true})
				step.Deadline = time.Second
				if err := e.NewRun().Stage(t.Context(), []*plan.Step{&step}); err == nil {
					t.Fatal("the failure is not reported")
				}
				time.Sleep(2 * time.Hour)
				if state, _ := all["p"].ReadOnly(t.Context()); state.ReadOnly {
					t.Error("the primary stays closed for writing")
				}
				if got := all["p"].statements(); c.late != 0 && !slices.Equal(got, c.want) {
					t.Errorf("statements %q, want %q", got, c.want)
				}
			})
		})
	}
}

// handover is the core of a takeover as package failover plans it.
func handover(place plan.Place) *plan.Plan {
	p := &plan.Plan{Failed: key("p"), Successor: key("a")}
	p.Add(1, on("a", plan.Action{Verb: plan.ReadCredentials}))
	closing := on("p", plan.Action{Verb: plan.ClosePrimary, Super: true})
	closing.Undo = &plan.Action{Verb: plan.SetWritable, Super: true}
	p.Add(2, closing)
	p.Add(3, on("a", plan.Action{Verb: plan.AwaitSource, Source: key("p")}))
	open := on("a", plan.Action{Verb: plan.SetWritable, Super: true})
	open.NoReturn = true
	p.Add(4, open)
	for _, s := range []plan.Step{
		on("a", plan.Action{Verb: plan.ForgetSource}),
		on("p", plan.Action{Verb: plan.BecomeReplica, Source: key("a"), Place: place}),
		on("p", plan.Action{Verb: plan.StartReplica}),
	} {
		s.MayFail = true
		p.Add(5+len(p.Steps), s)
	}
	return p
}

func TestHandover(t *testing.T) {
	for name, c := range map[string]struct {
		place   plan.Place
		prepare func(map[string]*able)
		want    []string // what the former primary is told
	}{
		"by GTID": {plan.ByOracleGTID, nil,
			[]string{"read_only=true", "change to a:3306 mode 1 at :0 as repl", "start both"}},
		"by MariaDB's GTID": {plan.ByMariaDBGTID, func(all map[string]*able) {
			all["a"].channel.GTID = topology.MariaDBGTID
			all["p"].binlog, all["p"].current = "0-1-9", "0-1-9"
		}, []string{"read_only=true", "slave_pos=0-1-9", "change to a:3306 mode 2 at :0 as repl", "start both"}},
		"by position": {plan.AtSuccessor, func(all map[string]*able) {
			all["a"].channel.GTID = topology.FilePosition
			all["a"].self = topology.Coordinates{LogFile: "a.000004", LogPos: 9}
		}, []string{"read_only=true", "change to a:3306 mode 4 at a.000004:9 as repl", "start both"}},
	} {
		t.Run(name, func(t *testing.T) {
			all, e := couple(Options{})
			if c.prepare != nil {
				c.prepare(all)
			}
			p := handover(c.place)
			if err := e.NewRun().Plan(t.Context(), p, 0); err != nil {
				t.Fatal(err)
			}
			if got := all["p"].statements(); !slices.Equal(got, c.want) {
				t.Errorf("statements %q, want %q", got, c.want)
			}
			if !all["p"].state.ReadOnly || all["a"].state.ReadOnly || all["a"].channel != nil {
				t.Error("the roles are not swapped")
			}
			if got := all["p"].change; got.Password != "secret" || got.TLS == nil || got.TLS.CAFile != "/ca.pem" || !got.Fresh {
				t.Errorf("the connection options did not survive: %+v", got)
			}
			if text := fmt.Sprintf("%+v", p); strings.Contains(text, "secret") {
				t.Error("the plan holds a password")
			}
		})
	}
}

func TestFailedHandoverOpensThePrimaryAgain(t *testing.T) {
	for name, fail := range map[string]string{
		"the target does not catch up": "wait for " + set(100),
		"the target cannot be opened":  "read_only=false",
	} {
		t.Run(name, func(t *testing.T) {
			all, e := couple(Options{})
			all["a"].fail[fail] = errNo
			run := e.NewRun()
			if err := run.Plan(t.Context(), handover(plan.ByOracleGTID), 0); err == nil {
				t.Fatal("the failure is not reported")
			}
			if all["p"].state.ReadOnly || !all["a"].state.ReadOnly || run.PassedNoReturn() {
				t.Errorf("p %+v, a %+v", all["p"].state, all["a"].state)
			}
		})
	}
}

func TestAFormerPrimaryThatWroteOnIsNotMadeAReplica(t *testing.T) {
	all, e := couple(Options{})
	run := e.NewRun()
	p := handover(plan.ByOracleGTID)
	for _, steps := range p.Stages() {
		if steps[0].Action.Verb == plan.BecomeReplica {
			all["p"].executed = set(101)
		}
		if err := run.Stage(t.Context(), steps); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range p.Steps {
		if s.Action.Verb == plan.BecomeReplica && !strings.Contains(s.Error, "written since it was closed") {
			t.Errorf("state %q, error %q", s.State, s.Error)
		}
	}
	if all["p"].change.Source == key("a") {
		t.Error("it was pointed at its successor although their histories have parted")
	}
}
