package v2

import (
	"testing"
	"time"

	"orchestrator/internal/plan"
)

// TestExperience: what was never measured has no estimate; what was, follows the newest measurements.
func TestExperience(t *testing.T) {
	var e experience
	begin := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	step := func(v plan.Verb, ms int, state plan.State) *plan.Step {
		return &plan.Step{Action: plan.Action{Verb: v}, State: state, Started: begin, Ended: begin.Add(time.Duration(ms) * time.Millisecond)}
	}
	var p plan.Plan
	p.Add(1, plan.Step{Action: plan.Action{Verb: plan.Move}})
	p.Add(1, plan.Step{Action: plan.Action{Verb: plan.StopReplica}})
	p.Add(2, plan.Step{Action: plan.Action{Verb: plan.StartReplica}})
	e.learn(step(plan.Move, 100, plan.Done))
	e.learn(step(plan.StopReplica, 40, plan.Done))
	e.learn(step(plan.StartReplica, 60, plan.Failed)) // tells nothing
	if got := e.plan(&p); got != nil {
		t.Errorf("an estimate of %v although a step was never measured", *got)
	}
	e.learn(step(plan.StartReplica, 60, plan.Done))
	if got := e.plan(&p); got == nil || *got != 160 { // the longest of each stage
		t.Errorf("%v", got)
	}
	e.learn(step(plan.Move, 200, plan.Done))
	if got := e.of(plan.Move); got == nil || *got <= 100 || *got >= 200 {
		t.Errorf("%v", got)
	}
}

func TestQuoted(t *testing.T) {
	for word, want := range map[string]string{"db-a1:3306": "db-a1:3306", "": "''", "new disks": "'new disks'", "it's": `'it'\''s'`, "$(x)": "'$(x)'"} {
		if got := quoted(word); got != want {
			t.Errorf("%q is quoted as %s, want %s", word, got, want)
		}
	}
}

// TestPlansAreNotKeptForEver: what was not run expires, and makes room.
func TestPlansAreNotKeptForEver(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	ps := newPlans(func() time.Time { return now })
	keep := func() *planned {
		p := &planned{shown: Plan{PlanRow: PlanRow{State: "planned", Created: when(now), Expires: when(now.Add(planLives))}}}
		if err := ps.keep(p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := keep()
	now = now.Add(planLives + time.Second)
	if p, known := ps.get(first.shown.ID); !known || p.State != "expired" {
		t.Errorf("%v %+v", known, p.PlanRow)
	}
	for range 3 * plansKept {
		keep()
	}
	if len(ps.byID) > plansKept {
		t.Errorf("%d plans are kept", len(ps.byID))
	}
	now = now.Add(3 * planLives)
	ps.get("")
	now = now.Add(3 * planLives)
	if _, known := ps.get(first.shown.ID); known || len(ps.byID) > 0 {
		t.Errorf("%d plans that expired are kept", len(ps.byID))
	}
	running := &planned{shown: Plan{PlanRow: PlanRow{State: "running", Created: when(now), Expires: when(now)}}}
	if err := ps.keep(running); err != nil {
		t.Fatal(err)
	}
	now = now.Add(planKept)
	if p, known := ps.get(running.shown.ID); !known || p.State != "running" {
		t.Errorf("a plan that runs was forgotten: %v %+v", known, p.PlanRow)
	}
}
