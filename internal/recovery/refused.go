package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
)

const (
	// againAfter is how long a recovery that failed without having changed anything is not tried again while the facts
	// are the same; it doubles with each failure, up to againAtMost.
	againAfter  = 10 * time.Second
	againAtMost = 10 * time.Minute
)

// refusal is a recovery that failed without having changed anything, and the facts of that moment.
type refusal struct {
	facts string
	pause time.Duration
	again time.Time // not before, while the facts are the same
}

// noteRefused has a failed recovery that changed nothing on servers block nobody: it is acknowledged in this program's
// own name, and tried again when that may help.
func (e *Engine) noteRefused(ctx context.Context, r *Recovery, log *recoveryLog, failure error) {
	k := r.kind()
	if r.Successful() || touched(log.steps()) {
		return
	}
	_, facts := e.facts(&r.Finding, &k)
	now := e.o.Now()
	e.mu.Lock()
	if e.recent[r.recentKind()].Equal(r.Started) {
		delete(e.recent, r.recentKind())
	}
	for key, old := range e.refused {
		if now.After(old.again.Add(againAtMost)) {
			delete(e.refused, key)
		}
	}
	pause := againAfter
	if old, ok := e.refused[r.Finding.Key]; ok && old.facts == facts {
		pause = min(2*old.pause, againAtMost)
	}
	if !errors.Is(failure, errServes) { // that holds as long as the replica receives, and no longer
		e.refused[r.Finding.Key] = refusal{facts: facts, pause: pause, again: now.Add(pause)}
	}
	e.mu.Unlock()
	comment := "nothing was changed on servers, so it blocks nothing: " + failure.Error()
	if err := e.o.Ledger.Acknowledge(context.WithoutCancel(ctx), r.UID, comment); err != nil {
		e.o.Logger.Error("acknowledging a recovery that changed nothing", "uid", r.UID, "error", err)
	}
}

// refusedLately says whether a recovery of the server failed a while ago without having changed anything, and trying
// again would come to the same: by the facts there is still no successor, or too much would be lost with it, or they
// have not changed and it is too soon.
func (e *Engine) refusedLately(f *analysis.Finding, k *kind) bool {
	e.mu.Lock()
	old, ok := e.refused[f.Key]
	e.mu.Unlock()
	if !ok {
		return false
	}
	p, facts := e.facts(f, k)
	if t, policy := e.o.Observer.Cluster(f.ClusterName), failover.PolicyOf(e.o.Config()); t != nil {
		if risk, ok := riskOf(t, &failover.Request{Failed: f.Key}, k, p.Successor, policy); ok {
			if key, _ := policy.Loss.Exceeded(risk); key != "" {
				return true
			}
		}
	}
	return p.Successor.IsZero() || facts == old.facts && e.o.Now().Before(old.again)
}

// facts are what a recovery would be decided by at this moment, without what changes all the time.
func (e *Engine) facts(f *analysis.Finding, k *kind) (plan.Plan, string) {
	t := e.o.Observer.Cluster(f.ClusterName)
	if t == nil {
		return plan.Plan{}, ""
	}
	p := k.plan(t, failover.Request{Failed: f.Key, Operation: string(f.Code)}, failover.PolicyOf(e.o.Config()))
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", f.Code, p.Successor)
	for _, v := range slices.Concat(p.Rejected, p.Lost) {
		fmt.Fprintf(&b, " %s:%s", v.Server, v.Rule)
	}
	for _, keys := range k.around(t, f.Key) {
		for _, key := range keys {
			if i := t.Instance(key); i != nil {
				fmt.Fprintf(&b, " %s:%t:%t:%s:%d", key, i.LastCheckValid(), i.ReadOnly, i.PromotionRule, i.Channel.LastSQLErrno)
			}
		}
	}
	return p, b.String()
}

// touched says whether steps have left a server other than it was. A receiver that was told to end does not count: it
// receives from a server that is lost, and is started again where it can be reached.
func touched(steps []plan.Step) bool {
	undone := func(s *plan.Step) bool {
		return slices.ContainsFunc(steps, func(u plan.Step) bool {
			return u.Phase == plan.Undo && u.N == s.N && u.Server == s.Server && (u.State == plan.Done || u.State == plan.Skipped)
		})
	}
	return slices.ContainsFunc(steps, func(s plan.Step) bool {
		switch {
		case s.Phase == plan.Undo, s.State == plan.Waiting, s.State == plan.Skipped:
			return false
		}
		switch s.Action.Verb {
		case plan.StopReceiving, plan.AwaitApplied, plan.AwaitExecuted, plan.AwaitRelayed, plan.BeginLog: // the last begins empty files
			return false
		case plan.BarWrites:
			if s.State == plan.Failed { // then it has left the server as it was
				return false
			}
		case plan.SetWritable: // one that fails leaves the server closed; where that is in doubt the recovery is left open
			return s.State != plan.Failed
		}
		return s.State != plan.Done || s.Undo == nil || !undone(&s)
	})
}
