package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/publish"
	"orchestrator/internal/topology"
)

// hungAfter is how long a server that answers nothing must have been silent before its replicas are asked about it. A
// ping and a probe on a fresh connection have failed by then.
const hungAfter = time.Second

// retryAfter is how long the engine waits before it tries again to begin a recovery that was held.
const retryAfter = time.Second

// detectionID tells detections apart as the ledger does.
type detectionID struct {
	key        topology.Key
	actionable bool
}

// toldDetection is a detection that this process has registered or found registered.
type toldDetection struct {
	id    int64
	code  analysis.Code
	until time.Time // no need to ask the ledger again before
}

// glimpse is since when a code is found about a server, and when it was found last.
type glimpse struct {
	code        analysis.Code
	first, last time.Time
}

// judge analyses a topology and sees to each finding. It never waits: what takes time runs on its own.
func (e *Engine) judge(ctx context.Context, t *topology.Topology) {
	if t == nil || t.Len() == 0 {
		return
	}
	for _, f := range analysis.Analyze(t, e.analysisPolicy(), e.o.Now()) {
		e.consider(ctx, t, f)
	}
}

// analysisPolicy is the policy by which everything is judged.
func (e *Engine) analysisPolicy() analysis.Policy {
	policy := analysis.PolicyOf(e.o.Config())
	policy.Live, policy.IncludeDowntimed, policy.IncludeAdditional = true, true, true
	policy.HungAfter = hungAfter
	return policy
}

// consider decides what one finding calls for.
func (e *Engine) consider(ctx context.Context, t *topology.Topology, f analysis.Finding) {
	if !e.o.Observer.Complete(f.ClusterName) {
		return
	}
	if f.SkippableDueToDowntime {
		e.doubtDowntime(ctx, &f)
		return
	}
	e.tellUnwritable(ctx, &f)
	policy := e.analysisPolicy()
	asFailure(&f, &policy)
	handling := analysis.HandlingOf(f.Code)
	switch held, settling := e.heldBack(t, f.Key); {
	case settling && handling.HeldBackInGrace:
		return
	case held:
		handling = handling.InGrace()
	}
	var needs []analysis.Emergency
	if handling.Recovery != analysis.RecoverUnwritable && !f.Stuck { // otherwise it is known what is wrong
		needs = e.emergencies(&f)
	}
	if handling.Actionable() && !f.Actionable {
		handling = analysis.Handling{Recovery: analysis.DetectOnly}
	}
	if handling.Recovery == analysis.DetectOnly && !e.lasts(&f) {
		handling = analysis.Handling{} // it may be the first glimpse of something worse; the next tick will tell
	}
	if !handling.Detected() && len(needs) == 0 {
		return
	}
	if !e.o.Leader.IsLeader() || !e.take(&f, handling) {
		return
	}
	e.goTracked(func() {
		e.handle(ctx, t, &f, handling, needs)
		if cluster := e.release(&f); cluster != "" && ctx.Err() == nil {
			e.judge(ctx, e.o.Observer.Cluster(cluster))
		}
	})
}

// lasts says whether the same code was found about the server a tick ago. What is only to be noted waits that long:
// a primary that dies is unreachable with happy replicas for the few milliseconds until they notice.
func (e *Engine) lasts(f *analysis.Finding) bool { return e.stood(f) >= tick }

// stood is for how long the same code has been found about the server again and again.
func (e *Engine) stood(f *analysis.Finding) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.o.Now()
	if seen, ok := e.glimpsed[f.Key]; ok && seen.code == f.Code && now.Before(seen.last.Add(3*tick)) {
		seen.last = now
		e.glimpsed[f.Key] = seen
		return now.Sub(seen.first)
	}
	e.glimpsed[f.Key] = glimpse{code: f.Code, first: now, last: now}
	return 0
}

// handled is what tells a finding that is being handled from another one of the same server.
type handled struct {
	code analysis.Code
	how  analysis.Handling
}

// take reserves the server of a finding for one handler at a time. A finding that was handled a moment ago with no
// effect is left for the next second.
func (e *Engine) take(f *analysis.Finding, h analysis.Handling) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	this := handled{f.Code, h}
	if other, ok := e.handling[f.Key]; ok {
		// The same once more is no news. If it were, two findings that are done with at once would have each other judged
		// without end.
		if other != this {
			e.missed[f.Key] = f.ClusterName
		}
		return false
	}
	if e.busy[f.ClusterName] {
		return false
	}
	now := e.o.Now()
	told, known := e.told[detectionID{f.Key, h.Actionable()}]
	if known && told.code == f.Code && now.Before(e.attempted[f.Key].Add(retryAfter)) {
		return false
	}
	e.handling[f.Key] = this
	return true
}

// release ends the handling of a finding. It returns the cluster to judge again when something else was found about
// the server meanwhile.
func (e *Engine) release(f *analysis.Finding) (again string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.handling, f.Key)
	again = e.missed[f.Key]
	delete(e.missed, f.Key)
	e.attempted[f.Key] = e.o.Now()
	return again
}

// heldBack says whether the server is in its grace period, and whether its replicas are reconnecting: they are until those
// that answer have been looked at after the time that it takes, however late an earlier answer has come in.
func (e *Engine) heldBack(t *topology.Topology, k topology.Key) (grace, settling bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now, settled := e.o.Now(), e.settling[k]
	return now.Before(e.grace[k]), now.Before(settled) || slices.ContainsFunc(t.Replicas(k), func(r *topology.Instance) bool {
		return r.LastCheckValid() && r.Check.Began().Before(settled)
	})
}

// handle does what a finding calls for: emergency operations, detection, recovery.
func (e *Engine) handle(ctx context.Context, t *topology.Topology, f *analysis.Finding, h analysis.Handling, needs []analysis.Emergency) {
	if !e.o.Leader.IsLeader() {
		return
	}
	e.doEmergencies(ctx, t, f, needs)
	if !h.Detected() {
		return
	}
	id, fresh := e.detect(ctx, f, h.Actionable())
	if fresh && !h.Actionable() {
		// Nothing waits for these hooks, and a slow one must not hold back what is found about the server next.
		e.goTracked(func() {
			if err := e.hooks(ctx, "OnFailureDetectionProcesses", e.o.Config().OnFailureDetectionProcesses, publish.StopAtFirst, e.values(f, nil)); err != nil {
				e.o.Logger.Error("a detection hook failed", "failed", f.Key.String(), "error", err)
			}
		})
		return
	}
	if fresh {
		if err := e.hooks(ctx, "OnFailureDetectionProcesses", e.o.Config().OnFailureDetectionProcesses, publish.StopAtFirst, e.values(f, nil)); err != nil {
			e.o.Logger.Error("a detection hook failed: no recovery in this round", "failed", f.Key.String(), "error", err)
			e.waits(f, failover.Hold{Rule: "hook", Setting: "OnFailureDetectionProcesses", Reason: "a detection hook failed: " + err.Error()})
			return
		}
	}
	if !h.Actionable() {
		return
	}
	k := kindOf(h.Recovery)
	stood := e.stood(f)
	if why := e.outdated(ctx, t, f); why != "" {
		e.hold(f, fresh, failover.Hold{Rule: "outdated", Reason: why})
		return
	}
	if disabled, err := e.disabled(ctx); disabled {
		why := failover.Hold{Rule: "disabled", Reason: "recoveries are disabled globally"}
		if err != nil {
			why = failover.Hold{Rule: "unreadable", Reason: "whether recoveries are disabled globally cannot be read: " + err.Error()}
		}
		e.hold(f, fresh, why)
		return
	}
	switch off, err := e.switchedOff(ctx, f.ClusterName); {
	case err != nil:
		e.hold(f, fresh, failover.Hold{Rule: "unreadable", Reason: "whether recoveries of the cluster are switched off cannot be read: " + err.Error()})
		return
	case off != nil:
		e.hold(f, fresh, holdOfSwitch(off))
		return
	}
	if !k.alive && f.Has(analysis.ReplicasStillReceiving) {
		// A receiver that is connected proves that its source lives, whatever its applier does.
		e.hold(f, fresh, failover.Hold{Rule: "still-receiving", Reason: "replicas are still connected to it: a stopped applier is no sign of a dead source"})
		return
	}
	if !k.alive && k.promotes && f.Stuck {
		e.hold(f, fresh, failover.Hold{Rule: "report-only", Setting: "FailoverOnCannotWrite", Reason: "it answers, but is stuck in a write: FailoverOnCannotWrite decides whether it is replaced"})
		return
	}
	if why := k.heldByFilters(f); why != "" {
		e.hold(f, fresh, failover.Hold{Rule: "filter", Setting: k.filters, Reason: why})
		return
	}
	if out := e.outsideGroup(f.Key); out != nil && k.opens() {
		e.hold(f, fresh, failover.Hold{Rule: "outside-group", Reason: out.String()})
		return
	}
	if why := e.tooSoon(f, &k, stood); why.Rule != "" {
		e.waits(f, why)
		return // it is judged again with the next tick
	}
	var views []NodeView
	if !k.alive { // otherwise the server itself says what is wrong, and there is nothing to agree on
		var err error
		if views, err = e.o.Agree(ctx, f); err != nil {
			e.hold(f, fresh, failover.Hold{Rule: "not-agreed", Reason: err.Error()})
			return
		}
	}
	if why := e.outdated(ctx, t, f); why != "" { // all that may have taken a moment
		e.hold(f, fresh, failover.Hold{Rule: "outdated", Reason: why})
		return
	}
	was := t.Instance(f.Key)
	r := &Recovery{Finding: *f, DetectionID: id, views: views, silent: was != nil && !was.LastCheckValid()}
	_ = e.recover(ctx, r, request{hooks: true, first: fresh}) // the record has the error, and it is logged there
}

// disabled says whether automatic recoveries are switched off globally. Where the switch cannot be read, and has not
// been read as on a moment ago, they are, and the error says why.
func (e *Engine) disabled(ctx context.Context) (bool, error) {
	off, err := e.o.Ledger.Disabled(ctx)
	now := e.o.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err != nil && now.Before(e.enabled.Add(switchKnown)):
		return false, err
	case err != nil:
		return true, err
	case off:
		e.enabled = time.Time{}
	default:
		e.enabled = now
	}
	return off, nil
}

// detect registers the finding, and says whether that is news.
func (e *Engine) detect(ctx context.Context, f *analysis.Finding, actionable bool) (id int64, fresh bool) {
	did := detectionID{f.Key, actionable}
	now := e.o.Now()
	e.mu.Lock()
	told, known := e.told[did]
	e.mu.Unlock()
	if known && told.code == f.Code && now.Before(told.until) {
		return told.id, false
	}
	id, fresh, err := e.o.Ledger.RegisterDetection(ctx, f, actionable)
	if err != nil {
		// A detection that cannot be written down is still a detection.
		e.o.Logger.Error("registering a detection", "failed", f.Key.String(), "error", err)
		fresh = !known || told.code != f.Code
	}
	if fresh {
		e.o.Logger.Warn("failure detected", "failed", f.Key.String(), "cluster", f.ClusterName, "code", string(f.Code),
			"actionable", actionable, "evidence", strings.Join(f.Evidence, "; "))
		e.progress(Progress{Kind: Detected, Cluster: f.ClusterName, Server: f.Key, Text: fmt.Sprintf("%s: %s", f.Code, f.Description)})
	}
	e.mu.Lock()
	e.told[did] = toldDetection{id: id, code: f.Code, until: now.Add(10 * time.Second)}
	e.mu.Unlock()
	return id, fresh
}
