package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"orchestrator/internal/execute"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// takeBack undoes what an earlier leader did before a successor was opened. A step that cannot be undone is noted.
func (e *Engine) takeBack(ctx context.Context, u *Unfinished, t *topology.Topology, log *recoveryLog) error {
	r := &u.Recovery
	back := plan.Plan{Title: "take back an unfinished recovery of " + r.Finding.Key.String(), Cluster: r.Finding.ClusterName, Failed: r.Finding.Key}
	stage := 0
	var last plan.Verb
	for _, s := range slices.Backward(u.Journal.Steps) {
		if s.Undo == nil || s.State == plan.Waiting || s.State == plan.Skipped || !needsUndo(t.Instance(s.Server), s.Undo, r.Finding.Key) {
			continue
		}
		if stage == 0 || s.Undo.Verb != last {
			stage++
		}
		last = s.Undo.Verb
		back.Add(stage, plan.Step{
			Phase: plan.Undo, Server: s.Server, MayFail: true, Deadline: undoWithin,
			Action: *s.Undo, Why: "undo: " + s.Action.String(), Until: "as it was before",
		})
	}
	e.involve(r, &u.Journal.Plan)
	run := execute.New(e.executorOptions(r.Finding.ClusterName, r.UID, log)).NewRun()
	err := run.Plan(ctx, &back, 0)
	r.Plan = u.Journal.Plan
	r.Plan.Steps = slices.Clip(r.Plan.Steps) // the log goes on in the same array
	for _, s := range back.Steps {
		r.Plan.Steps = append(r.Plan.Steps, s)
		if s.State == plan.Failed {
			r.Errors = append(r.Errors, fmt.Sprintf("%s: %s: %s", s.Server, s.Action, s.Error))
		}
	}
	if ctx.Err() != nil {
		return errors.Join(execute.ErrCutShort, err)
	}
	return err
}

// needsUndo says whether a server is still as the step left it.
func needsUndo(i *topology.Instance, undo *plan.Action, failed topology.Key) bool {
	if i != nil && undo.Verb == plan.LiftBar {
		return true // it may answer no probe while its commits are stuck
	}
	if i == nil || !i.LastCheckValid() {
		return false
	}
	if undo.Verb == plan.StartReceiving {
		return i.Channel.Source == failed && !i.Channel.IOThread.Running()
	}
	return true
}
