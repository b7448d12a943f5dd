package plan_test

import (
	"testing"

	"orchestrator/internal/plan"
)

func TestTally(t *testing.T) {
	var count plan.Tally
	count.Begin(&plan.Plan{Steps: make([]plan.Step, 4)})
	for n, c := range []struct {
		state plan.State
		want  string
	}{
		{plan.Running, "0 of 4 steps"}, {plan.Done, "1 of 4 steps"}, {plan.Skipped, "2 of 4 steps"}, {plan.Failed, "3 of 4 steps, 1 failed"}, {plan.Running, "3 of 4 steps, 1 failed"},
	} {
		if count.Note(plan.Step{State: c.state}); count.String() != c.want {
			t.Errorf("after change %d: %s, want %s", n+1, count, c.want)
		}
	}
	count.Begin(&plan.Plan{Steps: make([]plan.Step, 2)})
	if count.String() != "0 of 2 steps" {
		t.Errorf("a new plan begins with %s", count)
	}
}
