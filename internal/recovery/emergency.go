package recovery

import (
	"context"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/execute"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

const (
	// lookEvery is how often the emergency operations have the same server probed.
	lookEvery = time.Second
	// askAgain is how long the same replicas are not made to reconnect again.
	askAgain = 30 * time.Second
	// askFailed is the same when one of them could not be asked, as one that was just applying something.
	askFailed = time.Second
	// gracePeriod holds a dead-primary recovery back after a reconnection that a published code asked for, as in the
	// original: replicas need a moment to find their source again.
	gracePeriod = 5 * time.Second
	// settlePeriod is the same for replicas of a server that neither answers us nor sends them anything: a source
	// that lives takes them back within milliseconds.
	settlePeriod = 300 * time.Millisecond
)

// emergencies returns what shall be done at once about a finding. A published code that calls for nothing may come
// with an additional one that does.
func (e *Engine) emergencies(f *analysis.Finding) []analysis.Emergency {
	var out []analysis.Emergency
	seen := make(map[analysis.Emergency]bool)
	for _, code := range append([]analysis.Code{f.Code}, f.Additional...) {
		for _, em := range analysis.EmergencyOf(code) {
			if code == analysis.HungPrimary {
				em = analysis.RestartReceivers // its replicas may not notice for a minute that it is silent
			}
			if !seen[em] {
				seen[em] = true
				out = append(out, em)
			}
		}
	}
	return out
}

// doEmergencies makes the evidence fresher.
func (e *Engine) doEmergencies(ctx context.Context, t *topology.Topology, f *analysis.Finding, needs []analysis.Emergency) {
	var probe []topology.Key
	for _, em := range needs {
		switch em {
		case analysis.ReprobeServer:
			probe = append(probe, f.Key)
		case analysis.ReprobeReplicas:
			probe = append(probe, f.Replicas...)
		case analysis.ReprobeSource:
			if f.SourceKey.IsValid() {
				probe = append(probe, f.SourceKey)
			}
		case analysis.RestartReceivers:
			e.askReplicas(ctx, t, f)
		case analysis.RecordStale:
			// The observer notes since when the coordinates stand still.
		}
	}
	if len(probe) > 0 && e.mayLook(f.Key) {
		// What the probe finds comes back as a change of the cluster; nothing here waits for it.
		e.goTracked(func() { e.look(ctx, probe...) })
	}
}

// mayLook keeps to one emergency probe of a server per second.
func (e *Engine) mayLook(k topology.Key) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.o.Now()
	if now.Before(e.looked[k].Add(lookEvery)) {
		return false
	}
	e.looked[k] = now
	return true
}

// askReplicas makes the replicas of an unreachable server reconnect to it, so that each shows whether it still can.
// Replicas that hold something unapplied are left alone.
func (e *Engine) askReplicas(ctx context.Context, t *topology.Topology, f *analysis.Finding) {
	published := analysis.HandlingOf(f.Code).Detected() && f.Code != analysis.UnreachablePrimary
	disabled, _ := e.disabled(ctx) // why it cannot be read, if so, is told where a recovery is held back by it
	if off, _ := e.switchedOff(ctx, ""); disabled || off != nil {
		return
	}
	// Beyond what the published codes ask for, replicas are only disturbed where a recovery would follow.
	if !published && !f.AutomatedPrimaryRecovery {
		return
	}
	now := e.o.Now()
	e.mu.Lock()
	asked, again := e.asked[f.Key]
	if again && now.Before(asked.Add(askAgain)) {
		e.mu.Unlock()
		return
	}
	e.asked[f.Key] = now
	e.mu.Unlock()
	e.holdBack(f.Key, published)

	p := plan.Plan{Title: "ask the replicas of " + f.Key.String() + " whether they can reach it", Cluster: f.ClusterName, Operation: string(f.Code)}
	for _, r := range t.Replicas(f.Key) {
		if !r.LastCheckValid() || !r.Channel.IOThread.Running() {
			continue
		}
		p.Add(1, plan.Step{
			Phase: plan.Gather, Server: r.Key, MayFail: true, Deadline: 2 * time.Second,
			Action: plan.Action{Verb: plan.ReconnectReceiving},
			Why:    "its receiver has not noticed yet whether " + f.Key.String() + " lives",
			Until:  "the receiver has been started again",
		})
	}
	if len(p.Steps) == 0 {
		return
	}
	options := e.executorOptions(f.ClusterName, "", nil)
	told := options.OnStep
	options.OnStep = func(s plan.Step) {
		if told(s); s.State == plan.Done || s.State == plan.Failed {
			e.holdBack(f.Key, published) // it may have taken long to hear of it, and what failed may have been done
		}
	}
	run := execute.New(options).NewRun()
	if err := run.Plan(ctx, &p, 0); err != nil {
		e.o.Logger.Warn("asking replicas to reconnect", "source", f.Key.String(), "error", err)
	}
	if slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Error != "" }) {
		e.mu.Lock()
		e.asked[f.Key] = e.o.Now().Add(askFailed - askAgain)
		e.mu.Unlock()
	}
	e.goTracked(func() { e.rejudgeAfterGrace(ctx, f) })
	e.goTracked(func() {
		for _, s := range p.Steps {
			e.audit(ctx, "emergently-restart-replication-topology-instance", s.Server, f.ClusterName,
				fmt.Sprintf("%s: %s", f.Code, stepOutcome(&s)))
		}
	})
}

// holdBack keeps anything from being concluded about a server whose replicas connect to it anew, for as long as that takes.
func (e *Engine) holdBack(k topology.Key, published bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.o.Now()
	e.settling[k] = now.Add(settlePeriod)
	if published {
		e.grace[k] = now.Add(gracePeriod)
	}
}

// rejudgeAfterGrace looks once more at the moment when the grace period has passed, without waiting for a tick.
func (e *Engine) rejudgeAfterGrace(ctx context.Context, f *analysis.Finding) {
	e.mu.Lock()
	until := e.grace[f.Key]
	if settled := e.settling[f.Key]; settled.After(until) {
		until = settled
	}
	e.mu.Unlock()
	t := time.NewTimer(max(until.Sub(e.o.Now()), 0))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return
	case <-t.C:
	}
	e.look(ctx, f.Replicas...)
	e.mu.Lock()
	delete(e.attempted, f.Key)
	e.mu.Unlock()
	e.judge(ctx, e.o.Observer.Cluster(f.ClusterName))
}

func stepOutcome(s *plan.Step) string {
	if s.Error != "" {
		return s.Action.String() + ": " + s.Error
	}
	return s.Action.String()
}
