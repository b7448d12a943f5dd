package execute

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

func TestMoves(t *testing.T) {
	const changed = "change to a:3306 mode 0 at :0 as "
	move := plan.Action{Verb: plan.Move, Source: key("a")}
	maria := func(f *fake, applied string) {
		f.channel.GTID, f.channel.RetrievedSet, f.channel.AppliedSet = topology.MariaDBGTID, applied, applied
	}
	threads := func(f *fake, io, sql topology.ThreadState) { f.channel.IOThread, f.channel.SQLThread = io, sql }
	const stopped, running = topology.ThreadStopped, topology.ThreadRunning
	for name, c := range map[string]struct {
		prepare func(map[string]*able)
		action  plan.Action
		want    []string
		state   plan.State
		err     string
		note    string
	}{
		"both threads go on": {action: move, want: []string{"stop sql", "stop both", changed, "start both"}},
		"a stopped replica stays stopped": {
			prepare: func(all map[string]*able) { threads(all["b"].fake, stopped, stopped) },
			action:  move, want: []string{"stop both", changed}, note: "left stopped"},
		"a stopped receiver stays stopped": {
			prepare: func(all map[string]*able) { threads(all["b"].fake, stopped, running) },
			action:  move, want: []string{"stop sql", "stop both", changed, "start sql"}, note: "its receiver is left stopped"},
		"a stopped applier stays stopped": {
			prepare: func(all map[string]*able) { threads(all["b"].fake, running, stopped) },
			action:  move, want: []string{"stop both", changed, "start io"}, note: "its applier is left stopped"},
		"threads that stopped with an error are started": {
			prepare: func(all map[string]*able) {
				threads(all["b"].fake, stopped, stopped)
				all["b"].channel.LastIOErrno, all["b"].channel.LastSQLErrno = 1236, 1062
			},
			action: move, want: []string{"stop both", changed, "start both"}},
		"it is there already": {
			prepare: func(all map[string]*able) { all["b"].channel.Source = key("a") },
			action:  move, state: plan.Skipped},
		"it is there already, and stopped": {
			prepare: func(all map[string]*able) {
				all["b"].channel.Source = key("a")
				threads(all["b"].fake, stopped, stopped)
			},
			action: move, state: plan.Skipped},
		"no replica": {
			prepare: func(all map[string]*able) { all["b"].channel = nil },
			action:  move, state: plan.Failed, err: "no replica"},
		"by position": {
			prepare: func(all map[string]*able) { all["b"].channel.GTID = topology.FilePosition },
			action:  move, state: plan.Failed, err: "by file and position"},
		"MariaDB: below one that has written it itself": {
			prepare: func(all map[string]*able) { maria(all["b"].fake, "0-1-8"); all["a"].binlog = "0-1-9" },
			action:  move, want: []string{"stop io", "stop sql", changed, "start both"}},
		"MariaDB: below one that never gets there": {
			prepare: func(all map[string]*able) { maria(all["b"].fake, "0-1-8"); all["a"].binlog = "0-1-7" },
			action:  move, state: plan.Failed, err: "a:3306 has not got to 0-1-8"},
		"below one that lacks what was received": {
			prepare: func(all map[string]*able) { all["b"].channel.RetrievedSet = set(105) },
			action:  move, state: plan.Failed, err: "a:3306 has not got to 00000000-0000-0000-0000-000000000001:101-105"},
		"MariaDB: below one that lacks what was received": {
			prepare: func(all map[string]*able) {
				maria(all["b"].fake, "0-1-8")
				all["b"].channel.RetrievedSet, all["a"].binlog = "0-1-9", "0-1-8"
			},
			action: move, state: plan.Failed, err: "a:3306 has not got to 0-1-9"},
		"the change fails": {
			prepare: func(all map[string]*able) { all["b"].fail[changed] = errNo },
			action:  move, want: []string{"stop sql", "stop both", changed, "start both"}, state: plan.Failed, err: "no"},
		"from its own position": {
			prepare: func(all map[string]*able) { all["b"].channel.GTID = topology.FilePosition },
			action:  plan.Action{Verb: plan.ChangeSource, Source: key("a"), Place: plan.OwnPosition},
			want:    []string{"stop both", "change to a:3306 mode 4 at b.000001:100 as ", "start both"}},
		"from a position that is not known": {
			prepare: func(all map[string]*able) {
				all["b"].channel.GTID = topology.FilePosition
				all["b"].channel.Read, all["b"].channel.Exec = topology.Coordinates{}, topology.Coordinates{}
			},
			action: plan.Action{Verb: plan.ChangeSource, Source: key("a"), Place: plan.OwnPosition},
			want:   []string{"stop both"}, state: plan.Failed, err: "not known"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all, e := couple(Options{})
				if c.prepare != nil {
					c.prepare(all)
				}
				step := on("b", c.action)
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
				if got := all["b"].statements(); !slices.Equal(got, c.want) {
					t.Errorf("statements %q, want %q", got, c.want)
				}
			})
		})
	}
}
