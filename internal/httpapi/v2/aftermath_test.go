package v2

import (
	"strings"
	"testing"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// TestAftermath: what was taken back is counted, what stays is named, and where that is not known nobody is led on.
func TestAftermath(t *testing.T) {
	t.Parallel()
	a, b := topology.Key{Hostname: "a", Port: 3306}, topology.Key{Hostname: "b", Port: 3306}
	back := &plan.Action{Verb: plan.StartReplica}
	steps := []plan.Step{
		{N: 1, Server: a, Action: plan.Action{Verb: plan.StopReplica}, Undo: back, State: plan.Done},
		{N: 2, Server: b, Action: plan.Action{Verb: plan.StopReplica}, State: plan.Done},
		{N: 3, Server: a, Action: plan.Action{Verb: plan.ChangeSource, Source: b}, State: plan.Running},
	}
	if text := ifStopped(steps); !strings.Contains(text, "Taken back: 1 step; without a way back, and staying: 1 step.") {
		t.Error(text)
	}
	steps[2].State = plan.Failed
	undo := plan.Step{N: 1, Server: a, Phase: plan.Undo, Action: *back, State: plan.Running}
	if takenBack(steps, undo) != nil {
		t.Error("taken back before that is done")
	}
	undo.State = plan.Done
	if s := takenBack(steps, undo); s == nil || s.N != 1 || steps[0].State != plan.Undone {
		t.Errorf("%+v", steps)
	}
	if takenBack(steps, undo) != nil {
		t.Error("taken back twice")
	}
	again := PlanRequest{Operation: "relocate"}
	is := aftermath(append(steps, undo), again)
	if is.Undone != 1 || len(is.Stays) != 1 || !strings.HasPrefix(is.Stays[0], "b:3306: ") || is.Again == nil {
		t.Errorf("%+v", is)
	}
	undo.State = plan.Failed
	if is := aftermath(append(steps, undo), again); is.Again != nil || !strings.Contains(is.Text, "could not be taken back") {
		t.Errorf("%+v", is)
	}
	if is := aftermath(nil, again); is.Text != "Nothing was changed. When the reason is gone, ask for the plan anew." {
		t.Error(is.Text)
	}
	steps[1].NoReturn = true
	if text := ifStopped(steps); !strings.Contains(text, "goes on to its end") {
		t.Error(text)
	}
}
