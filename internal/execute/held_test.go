package execute

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// TestWhoHasReceivedMoreIsNotPointedAtWhoLacksIt: the plan has compared the two, and the replica has gone on receiving since, from a
// primary that came back, say.
func TestWhoHasReceivedMoreIsNotPointedAtWhoLacksIt(t *testing.T) {
	mariadb := func(applied string, source server.GTIDState) func(r, source *fake) {
		return func(r, f *fake) {
			maria(applied, applied, topology.ThreadRunning, topology.ThreadRunning)(r)
			f.maria = source
		}
	}
	less := func(_, source *fake) { source.executed = set(90) }
	for name, c := range map[string]struct {
		prepare func(r, source *fake)
		quiet   bool // its receiver was stopped before they were compared
		want    bool // that it is pointed there, where the source is a new primary
		proven  bool // that it is, where the source is another server
	}{
		"the source holds the same":     {func(_, _ *fake) {}, false, true, true},
		"the source lacks some":         {less, false, false, false},
		"it has received nothing since": {less, true, true, true},
		"its receiver was stopped long ago": {func(r, _ *fake) {
			r.then = map[string]func(){"stop io": func() { time.Sleep(quietFor); r.channel.RetrievedSet = set(101) }}
		}, true, false, false},
		"the source does not answer":         {func(_, source *fake) { source.fail["gtids"] = errNo }, false, true, false},
		"some come in while it is stopped":   {func(r, _ *fake) { r.then = map[string]func(){"stop io": func() { r.channel.RetrievedSet = set(101) }} }, false, false, false},
		"MariaDB: the source's log has it":   {mariadb("0-1-9", server.GTIDState{BinlogPos: "0-2-12", BinlogState: "0-1-9,0-2-12"}), false, true, true},
		"MariaDB: only a number as high":     {mariadb("0-1-9", server.GTIDState{BinlogPos: "0-2-12", BinlogState: "0-1-7,0-2-12"}), false, false, false},
		"MariaDB: the source is behind":      {mariadb("0-1-9", server.GTIDState{SlavePos: "0-1-7", BinlogState: "0-1-7"}), false, false, false},
		"MariaDB: its log has not all of it": {mariadb("0-1-9", server.GTIDState{SlavePos: "0-1-12", BinlogPos: "0-2-3", BinlogState: "0-2-3"}), false, true, true},
	} {
		move := func(t *testing.T, proven, want bool) {
			synctest.Test(t, func(t *testing.T) {
				fakes, e := fleet(Options{}, "r", "new")
				r := fakes["r"]
				c.prepare(r, fakes["new"])
				run := e.NewRun()
				if c.quiet {
					stop := on("r", plan.Action{Verb: plan.StopReceiving})
					if err := run.Stage(t.Context(), []*plan.Step{&stop}); err != nil {
						t.Fatal(err)
					}
				}
				was := *r.channel
				step := on("r", plan.Action{Verb: plan.ChangeSource, Source: key("new"), Proven: proven})
				err := run.Stage(t.Context(), []*plan.Step{&step})
				if (r.channel.Source == key("new")) != want || errors.Is(err, ErrNotHeld) == want {
					t.Errorf("below %s: %v, %q", r.channel.Source, err, r.statements())
				}
				if !want && (r.channel.IOThread != was.IOThread || r.channel.SQLThread != was.SQLThread) {
					t.Errorf("it was not left as it was: %q", r.statements())
				}
			})
		}
		t.Run(name+", below a new primary", func(t *testing.T) { move(t, false, c.want) })
		t.Run(name+", below another server", func(t *testing.T) { move(t, true, c.proven) })
	}
}

// TestWhatCannotBeAppliedIsNotDroppedForASourceThatIsGone: the source held all of it when it was asked, and was lost while the replica
// stopped.
func TestWhatCannotBeAppliedIsNotDroppedForASourceThatIsGone(t *testing.T) {
	broken := func(r *fake) {
		r.channel.RetrievedSet, r.channel.SQLThread, r.channel.LastSQLErrno = set(101), topology.ThreadStopped, 1062
	}
	for name, c := range map[string]struct {
		prepare func(r *fake)
		want    []string
	}{
		"MySQL": {broken, []string{"stop both", "start both"}},
		"MariaDB": {func(r *fake) {
			maria("0-1-9", "0-1-5", topology.ThreadRunning, topology.ThreadStopped)(r)
			r.channel.LastSQLErrno = 1062
		}, []string{"stop both"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fakes, e := fleet(Options{}, "r", "new")
				r, source := fakes["r"], fakes["new"]
				c.prepare(r)
				source.executed = set(101)
				r.then = map[string]func(){"stop both": func() { source.fail["gtids"] = errNo }}
				step := on("r", plan.Action{Verb: plan.ChangeSource, Source: key("new")})
				err := e.NewRun().Stage(t.Context(), []*plan.Step{&step})
				if got := r.statements(); !errors.Is(err, ErrNotHeld) || !slices.Equal(got, c.want) {
					t.Errorf("%v: %q, want %q", err, got, c.want)
				}
			})
		})
	}
}

// TestASourceThatIsAMomentBehindIsWaitedFor: a replica's new source may be a replica itself.
func TestASourceThatIsAMomentBehindIsWaitedFor(t *testing.T) {
	for name, c := range map[string]struct {
		gains int // how often it gets on
		still string
	}{
		"it catches up":   {3, ""},
		"it stands still": {1, "2 left"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				left := func() (string, error) {
					gained := min(int(time.Since(began)/(gainFor-100*time.Millisecond)), c.gains)
					if gained == 3 {
						return "", nil
					}
					return fmt.Sprintf("%d left", 3-gained), nil
				}
				if still, err := stillMissing(t.Context(), left); still != c.still || err != nil {
					t.Errorf("%q, %v", still, err)
				}
			})
		})
	}
}
