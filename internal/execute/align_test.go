package execute

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// upTo is a server that can replicate up to a position.
type upTo struct {
	*able
	overshoots int64
}

func (f upTo) StartUntil(_ context.Context, at topology.Coordinates, _ string) error {
	return f.do("start until "+at.String(), func() {
		f.channel.Exec = topology.Coordinates{LogFile: at.LogFile, LogPos: at.LogPos + f.overshoots}
	})
}

func TestAlignments(t *testing.T) {
	below := plan.Action{Verb: plan.AlignBelow, Source: key("a")}
	up := plan.Action{Verb: plan.AlignUp, Source: key("top"), Former: key("a")}
	at := func(pos int64) topology.Coordinates { return topology.Coordinates{LogFile: "b.000001", LogPos: pos} }
	to := func(name string, at string) string {
		return fmt.Sprintf("change to %s:3306 mode 4 at %s as ", name, at)
	}
	for name, c := range map[string]struct {
		prepare    func(a, b *able)
		overshoots int64
		action     plan.Action
		want       []string // on b
		beside     []string // on a
		state      plan.State
		err        string
	}{
		"applier first, where it may wait for its source": {
			action: plan.Action{Verb: plan.AlignBelow, Source: key("a"), On: true}, want: []string{"stop sql", "stop both", to("a", "own.000001:77"), "start both"}},
		"siblings at the same place": {action: below, want: []string{"stop both", to("a", "own.000001:77"), "start both"}},
		"the sibling is ahead": {
			prepare: func(a, _ *able) { a.channel.Exec = at(120) },
			action:  below, want: []string{"stop both", "start until b.000001:120", "stop both", to("a", "own.000001:77"), "start both"}},
		"the sibling is behind": {
			prepare: func(_, b *able) { b.channel.Exec = at(120) },
			action:  below, want: []string{"stop both", to("a", "own.000001:77"), "start both"}, beside: []string{"start until b.000001:120", "stop both"}},
		"it goes too far": {
			prepare:    func(a, _ *able) { a.channel.Exec = at(120) },
			overshoots: 5,
			action:     below, want: []string{"stop both", "start until b.000001:120", "stop both", "start both"}, state: plan.Failed, err: "up to b.000001:120 and is at b.000001:125"},
		"it breaks on the way": {
			prepare: func(a, b *able) { a.channel.Exec = at(120); b.channel.LastSQLErrno = 1062 },
			action:  below, want: []string{"stop both", "start until b.000001:120", "stop both", "start both"}, state: plan.Failed, err: "1062"},
		"no siblings": {
			prepare: func(a, _ *able) { a.channel.Source = key("other") },
			action:  below, want: []string{"start both"}, state: plan.Failed, err: "no siblings"},
		"the sibling does not stand still": {
			prepare: func(a, _ *able) { a.channel.SQLThread = topology.ThreadRunning },
			action:  below, want: []string{"start both"}, state: plan.Failed, err: "does not stand still"},
		"by GTID": {
			prepare: func(_, b *able) { b.channel.GTID = topology.OracleGTID },
			action:  below, state: plan.Failed, err: "GTID"},
		"it is there already": {
			prepare: func(_, b *able) { b.channel.Source = key("a") },
			action:  below, state: plan.Skipped},
		"the change fails": {
			prepare: func(_, b *able) { b.fail[to("a", "own.000001:77")] = errNo },
			action:  below, want: []string{"stop both", to("a", "own.000001:77"), "start both"}, state: plan.Failed, err: "no"},
		"up, after all that the source has logged": {
			prepare: func(a, b *able) { a.channel.Exec = at(555) },
			action:  up, want: []string{"wait for own.000001:77", "stop both", to("top", "b.000001:555"), "start both"}},
		"up, but it does not get on": {
			prepare: func(_, b *able) { b.applies = false },
			action:  up, want: []string{"wait for own.000001:77", "start both"}, state: plan.Failed, err: "stood still"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all, e := couple(Options{})
				a, b := all["a"], all["b"]
				for _, f := range []*able{a, b} {
					f.channel.GTID = topology.FilePosition
				}
				a.channel.IOThread, a.channel.SQLThread = topology.ThreadStopped, topology.ThreadStopped
				if c.prepare != nil {
					c.prepare(a, b)
				}
				e.o.Server = func(k topology.Key) Server { return upTo{all[k.Hostname], c.overshoots} }
				step := on("b", c.action)
				step.MayFail = true
				if err := e.NewRun().Stage(t.Context(), []*plan.Step{&step}); err != nil {
					t.Fatal(err)
				}
				want := c.state
				if want == "" {
					want = plan.Done
				}
				if step.State != want || !strings.Contains(step.Error, c.err) {
					t.Errorf("state %q, error %q; want %q, %q", step.State, step.Error, want, c.err)
				}
				if got := b.statements(); !slices.Equal(got, c.want) {
					t.Errorf("statements %q, want %q", got, c.want)
				}
				if got := a.statements(); !slices.Equal(got, c.beside) {
					t.Errorf("statements beside %q, want %q", got, c.beside)
				}
			})
		})
	}
}
