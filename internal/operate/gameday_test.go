package operate_test

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/move"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/rehearsal"
	"orchestrator/internal/topology"
)

// willing would repair every failure.
type willing struct{ operate.Takeovers }

func (willing) Explain(_ context.Context, cluster string, key topology.Key, _ analysis.Code) (failover.Explanation, error) {
	return failover.Explanation{Cluster: cluster, Failed: key, Would: true, Plan: plan.Plan{Title: "db-a2 takes over", Successor: operatetest.Key("db-a2")}}, nil
}

// reached is the host whose machine is.
type reached string

func (r reached) Reach(k topology.Key) bool { return k.Hostname == string(r) }

// deaf does not end.
type deaf struct{ operate.Moves }

func (deaf) Single(context.Context, refactor.Request) (move.Done, error) {
	return move.Done{}, errors.New("the privilege SHUTDOWN is missing")
}

// memory keeps the records of game days.
type memory struct {
	mu   sync.Mutex
	days []operate.GameDay
}

func (m *memory) PutGameDay(_ context.Context, d operate.GameDay) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.days = slices.DeleteFunc(m.days, func(o operate.GameDay) bool { return o.Server == d.Server && o.Begun.Equal(d.Begun) })
	m.days = slices.Insert(m.days, 0, d)
	return nil
}

func (m *memory) GameDays(context.Context) ([]operate.GameDay, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.days), nil
}

// gauge is a server whose primary takes writes.
type gauge struct{ topology.Key }

func (g gauge) Ask(context.Context, rehearsal.Question) (rehearsal.Answer, error) {
	return rehearsal.Answer{ReadOnly: g.Hostname != "db-a1"}, nil
}
func (gauge) Close() {}

// watching watches until the returned function is called.
func watching(t *testing.T, e *operate.Engine) (stop func()) {
	e.Rehearsals = rehearsal.New(rehearsal.Options{
		Gauge: func(k topology.Key) rehearsal.Gauge { return gauge{k} }, Commits: func() bool { return false }, Writer: func(topology.Key) bool { return false },
		Leads: func() bool { return true }, Tell: func(rehearsal.Series) {}, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Rehearsals.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// TestGameDayIsWatched: what the servers of the cluster answer from before the blow on is kept with its record; of a blow that
// did not come off nothing is.
func TestGameDayIsWatched(t *testing.T) {
	for name, fails := range map[string]bool{"struck": false, "not struck": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := operatetest.New()
				e := b.Engine()
				e.GameDayLog, e.Takeovers = &memory{}, willing{e.Takeovers}
				if fails {
					e.Moves = deaf{e.Moves}
				}
				stop := watching(t, e)
				synctest.Wait()
				_, err := operate.NewRegistry().Named("game-day").Call(t.Context(), e, operate.Input{User: "alice", Values: map[operate.Param]string{
					operate.ParamInstance: "db-a1", operate.ParamCluster: "orders", operate.ParamReason: "db-a2 takes over"}})
				if (err != nil) != fails {
					t.Fatal(err)
				}
				if running := e.Rehearsals.Running(); !fails && (len(running) != 1 || len(running[0].Spans) == 0 || running[0].Server != operatetest.Key("db-a1")) {
					t.Errorf("%+v", running)
				}
				stop()
				days, err := e.GameDays(t.Context())
				if err != nil || len(days) != 1 || (days[0].Writes == nil) != fails || (days[0].Error == "") == fails {
					t.Fatalf("%v %+v", err, days)
				}
				if w := days[0].Writes; w != nil && (!w.Struck.Equal(days[0].Begun) || len(w.Asked) < 3 || w.Ended.IsZero()) {
					t.Errorf("%+v", w)
				}
			})
		})
	}
}

// TestGameDay: nothing is struck before it is said which cluster is meant and what is expected, before it is recorded, or
// where nobody would answer.
func TestGameDay(t *testing.T) {
	type values = map[operate.Param]string
	whole := values{operate.ParamInstance: "db-a1", operate.ParamCluster: "orders", operate.ParamReason: "db-a2 takes over"}
	without := func(p operate.Param) values {
		v := values{}
		for k, text := range whole {
			if k != p {
				v[k] = text
			}
		}
		return v
	}
	with := func(blow string) values {
		v := without(operate.ParamBlow)
		v[operate.ParamBlow] = blow
		return v
	}
	other := without(operate.ParamCluster)
	other[operate.ParamCluster] = "db-a2" // a hint that finds the cluster, and not its alias
	for name, c := range map[string]struct {
		values   values
		prepare  func(*operatetest.Backend, *operate.Engine)
		refused  string
		helpless bool // nothing would be done about the failure
	}{
		"all is said":       {values: whole},
		"no alias":          {values: without(operate.ParamCluster), refused: "is not the alias"},
		"another cluster":   {values: other, refused: "is not the alias"},
		"nothing expected":  {values: without(operate.ParamReason), refused: "what you expect"},
		"no such blow":      {values: with("push"), refused: `"push" is no blow: use shut-down, kill or freeze`},
		"out of reach":      {values: with("kill"), refused: "does not reach the machine that db-a1:3306 runs on"},
		"another machine":   {values: with("kill"), prepare: func(_ *operatetest.Backend, e *operate.Engine) { e.Machines = reached("db-a2") }, refused: "does not reach the machine"},
		"within reach":      {values: with("freeze"), prepare: func(_ *operatetest.Backend, e *operate.Engine) { e.Machines = reached("db-a1") }},
		"nobody answers":    {values: whole, helpless: true, refused: "nothing would be done about its failure by itself: no filter"},
		"not recorded":      {values: whole, prepare: func(_ *operatetest.Backend, e *operate.Engine) { e.GameDayLog = nil }, refused: "the records of game days"},
		"refused by a rule": {values: whole, prepare: func(b *operatetest.Backend, _ *operate.Engine) { b.Fail = context.DeadlineExceeded }, refused: "deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			e := b.Engine()
			e.GameDayLog = &memory{}
			if !c.helpless {
				e.Takeovers = willing{e.Takeovers}
			}
			if c.prepare != nil {
				c.prepare(b, e)
			}
			_, err := operate.NewRegistry().Named("game-day").Call(t.Context(), e, operate.Input{Values: c.values, User: "alice"})
			struck := false
			for _, call := range b.Calls {
				struck = struck || strings.Contains(call, "game-day db-a1")
			}
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) || struck {
					t.Fatalf("%v; struck: %t (%q)", err, struck, b.Calls)
				}
				return
			}
			if err != nil || !struck {
				t.Fatalf("%v; %q", err, b.Calls)
			}
			days, err := e.GameDays(t.Context())
			if err != nil || len(days) != 1 || days[0].Hypothesis != "db-a2 takes over" || days[0].Owner != "alice" || days[0].Alias != "orders" || string(days[0].Blow) != cmp.Or(c.values[operate.ParamBlow], "shut-down") {
				t.Errorf("%v %+v", err, days)
			}
		})
	}
}
