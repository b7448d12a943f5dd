package webtest_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/plan"
	"orchestrator/internal/recovery"
	"orchestrator/internal/web/webtest"
)

const liveUID = "1772600767000000000:ab" // at operatetest.Now

// liveRecords are of a recovery that runs.
type liveRecords struct {
	*operatetest.Backend

	mu    sync.Mutex
	steps []plan.Step
	ended time.Time
}

func (r *liveRecords) Recoveries(context.Context, operate.RecoveryQuery) ([]operate.Recovery, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return []operate.Recovery{{
		ID: 3, UID: liveUID, SuccessorKey: operatetest.Key("db-a2"), IsSuccessful: !r.ended.IsZero(), Start: operatetest.Now(), End: r.ended, NodeHostname: "node1",
		Finding: analysis.Finding{Key: operatetest.Key("db-a1"), Code: analysis.DeadPrimary, ClusterName: "db-a1:3306", ClusterAlias: "orders"},
	}}, nil
}

func (r *liveRecords) Journal(context.Context, string) (recovery.Journal, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return recovery.Journal{Plan: plan.Plan{Title: "db-a2 takes over", Steps: append([]plan.Step{}, r.steps...)}, Found: primaryGone}, true, nil
}

// primaryGone is what the recovery of a primary began with that did not answer, and who replicated from it.
var primaryGone = recovery.Found{
	At: operatetest.Now(), Evidence: []string{"db-a1:3306 did not answer the last probe."}, Views: []recovery.NodeView{{Node: "node2:10008", View: recovery.View{Sees: true, Agrees: true, Why: "DeadMaster"}}},
	Stood: []recovery.Standing{
		{Server: operatetest.Key("db-a1"), Checked: operatetest.Now(), Says: "connection refused"}, {Server: operatetest.Key("db-a2"), Source: operatetest.Key("db-a1"), Answered: true, Checked: operatetest.Now()},
		{Server: operatetest.Key("db-a3"), Source: operatetest.Key("db-a1"), Answered: true, Checked: operatetest.Now(), Says: "error connecting to source"},
	},
}

// set has step n in a state, and returns it.
func (r *liveRecords) set(n int, state plan.State, from, to time.Duration) plan.Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.steps[n]
	s.State, s.Started = state, operatetest.Now().Add(from)
	if to > 0 {
		s.Ended = operatetest.Now().Add(to)
	}
	return *s
}

// TestLiveRecovery: a recovery is followed as it runs, by what the stream of events says of its steps.
func TestLiveRecovery(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	r := &liveRecords{Backend: b}
	var p plan.Plan
	p.Add(1, plan.Step{Phase: plan.Gather, Server: operatetest.Key("db-a2"), Action: plan.Action{Verb: plan.StopReceiving}, Why: "nothing may change"})
	p.Add(2, plan.Step{Phase: plan.Promote, Server: operatetest.Key("db-a2"), Action: plan.Action{Verb: plan.SetWritable}, Why: "writes come back"})
	p.Add(3, plan.Step{Phase: plan.Repoint, Server: operatetest.Key("db-a3"), Action: plan.Action{Verb: plan.ChangeSource, Source: operatetest.Key("db-a2")}, Why: "it follows"})
	r.steps = p.Steps
	s := start(t, b, func(e *operate.Engine) { e.Records = r })
	tell := func(kind recovery.ProgressKind, step *plan.Step) {
		s.api.Progress(recovery.Progress{Kind: kind, At: operatetest.Now(), Cluster: "db-a1:3306", Recovery: liveUID, Step: step, Success: true})
	}

	page := webtest.Open(t, s.URL+"/web/audit-recovery/uid/"+liveUID)
	page.AwaitText(".hero .big", "Nobody can write yet.")
	page.Await("three steps that wait", `document.querySelectorAll(".f-row.todo").length === 3 && document.querySelector(".outband.open")`)
	page.Await("the stream of events", `document.querySelector(".l-live")`)
	status := func(n string) string {
		return `document.querySelectorAll(".f-row")[` + n + `].querySelector(".m").getAttribute("aria-label")`
	}

	running := r.set(0, plan.Running, time.Millisecond, 0)
	tell(recovery.StepChanged, &running)
	page.Await("the first step runs", status("0")+` === "runs" && document.querySelector(".f-row .bar.b-run")`)
	done := r.set(0, plan.Done, time.Millisecond, 5*time.Millisecond)
	tell(recovery.StepChanged, &done)
	page.Await("the first step is done", status("0")+` === "done"`)
	if webtest.Value[bool](page, `document.querySelectorAll(".f-row:not(.todo)").length !== 1`) {
		t.Error("other steps have begun")
	}
	writable := r.set(1, plan.Done, 5*time.Millisecond, 90*time.Millisecond)
	tell(recovery.StepChanged, &writable)
	page.AwaitText(".hero .big", "Writes were back after 90 ms.")
	page.Await("the end of the outage", `document.querySelector(".outband:not(.open)")?.innerText.includes("90 ms")`)

	failed := r.set(2, plan.Failed, 91*time.Millisecond, 100*time.Millisecond)
	r.mu.Lock()
	r.ended = operatetest.Now().Add(time.Second)
	r.mu.Unlock()
	tell(recovery.StepChanged, &failed)
	tell(recovery.Finished, nil)
	page.Await("what failed", status("2")+` === "failed"`)
	page.ClickText("Before / after")
	page.Await("the trees", `document.querySelectorAll(".past-tree").length === 2 && document.querySelector(".past-tree li[data-fate=successor]")`)
	page.ClickText("Evidence")
	page.AwaitText(".evidence", "db-a1:3306 did not answer the last probe.")
	page.AwaitText(".evidence", "agrees: DeadMaster")
	page.AwaitText(".said", "error connecting to source")
	page.Await("the evidence in the address", `location.search.includes("tab=evidence")`)
	page.Await("that it has ended", `[...document.querySelectorAll("button")].some((b) => b.innerText.trim() === "Acknowledge…")`)
}
