package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/execute"
	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/publish"
	"orchestrator/internal/topology"
)

// request is how a recovery was asked for.
type request struct {
	hooks      bool         // run hooks
	forced     bool         // asked for by a person: filters, downtime and anti-flapping do not count
	first      bool         // the first attempt for this detection: say what holds it back
	designated topology.Key // who shall be promoted; zero leaves it to the rules
	before     []plan.Step  // what is done before the gathering
}

// lookAgain bounds the second look at the replicas after their receivers have stopped.
const lookAgain = time.Second

// recover runs a recovery of any kind from registration to the closed record.
func (e *Engine) recover(ctx context.Context, r *Recovery, ask request) error {
	cluster := r.Finding.ClusterName
	if !e.occupy(cluster) {
		return fmt.Errorf("another recovery is running in cluster %s", cluster)
	}
	defer e.vacate(cluster)
	k := r.kind()
	if err := e.beforeRegistering(ctx, r, ask, &k); err != nil {
		e.hold(&r.Finding, ask.first, failover.Hold{Rule: "second-look", Reason: err.Error()})
		return fmt.Errorf("recovery of %s: %w", r.Finding.Key, err)
	}
	if why := e.otherWriter(r); why != "" && k.promotes && !k.alive && !ask.forced {
		e.hold(&r.Finding, ask.first, failover.Hold{Rule: "other-writer", Reason: why})
		return fmt.Errorf("recovery of %s: %s", r.Finding.Key, why)
	}
	r.Started, r.UID, r.Forced = e.o.Now(), newUID(e.o.Now()), ask.forced && !k.antiFlapping
	if ask.forced {
		r.ByHand, r.Asked = true, e.caller(ctx)
	}
	if err := e.overtake(ctx, r); err != nil {
		e.hold(&r.Finding, ask.first, failover.Hold{Rule: "running", Reason: err.Error()})
		return fmt.Errorf("recovery of %s has to wait: %w", r.Finding.Key, err)
	}
	r.begun = e.found(r)
	log, err := e.register(ctx, r, ask)
	if err != nil {
		return err
	}
	r.begins()
	e.remember(r)
	defer e.forgetActive(r)
	e.progress(Progress{Kind: Began, Cluster: cluster, Server: r.Finding.Key, Text: string(r.Finding.Code), Recovery: r.UID, Repair: k.name})
	e.o.Logger.Warn("recovery begins", "failed", r.Finding.Key.String(), "code", string(r.Finding.Code), "uid", r.UID)

	err = e.repair(ctx, r, ask, &k, log)
	if err == nil {
		err = e.handOver(ctx, log)
	}
	close(r.still)
	if leftOpen(err) {
		e.leave(r, log, err)
		return err
	}
	e.conclude(ctx, r, ask, log, err)
	if err != nil {
		e.noteRefused(ctx, r, log, err)
	}
	return err
}

// leftOpen says whether a recovery ended so that somebody has to look at the servers and carry on.
func leftOpen(err error) bool {
	return errors.Is(err, execute.ErrMayNotWrite) || errors.Is(err, execute.ErrInDoubt) || errors.Is(err, execute.ErrCutShort)
}

// handOver says why what follows a recovery that has succeeded is another's: this node does not lead any more, and who
// does finds on record how far it came. Both would run its hooks.
func (e *Engine) handOver(ctx context.Context, log *recoveryLog) error {
	lost := e.o.Leader.Confirm(ctx)
	if lost == nil || ctx.Err() != nil {
		return nil
	}
	if log.save(); !log.isKept() { // nobody would carry on
		return nil
	}
	return fmt.Errorf("%w: %w", execute.ErrMayNotWrite, lost)
}

// leave ends a recovery in the middle, for the next leader to carry on. Its journal stays open.
func (e *Engine) leave(r *Recovery, log *recoveryLog, err error) {
	log.problem("the recovery stops here; who leads next carries on", err)
	e.giveUp(log)
	e.progress(Progress{Kind: Held, Cluster: r.Finding.ClusterName, Server: r.Finding.Key, Recovery: r.UID,
		Text: "the recovery stops here, who leads next carries on: " + err.Error()})
}

// giveUp writes down that this process will not finish a recovery, and ends its log.
func (e *Engine) giveUp(log *recoveryLog) {
	log.giveUp()
	log.close()
	if e.runs() {
		ctx := e.lifetime()
		e.goTracked(func() { log.saveLate(ctx) })
	}
}

// repair makes the plan and carries it out. When it returns, the topology is as it will be.
func (e *Engine) repair(ctx context.Context, r *Recovery, ask request, k *kind, log *recoveryLog) error {
	cfg := e.o.Config()
	if ask.hooks && k.preHooks {
		if err := e.recoveryHooks(ctx, log, "PreFailoverProcesses", cfg.PreFailoverProcesses, publish.StopAtFirst, e.values(&r.Finding, r)); err != nil {
			return fmt.Errorf("a PreFailoverProcesses hook failed, nothing was changed: %w", err)
		}
	}
	if k.looksFirst {
		e.lookAround(ctx, &r.Finding, k) // hooks may have taken their time
	}
	policy := failover.PolicyOf(cfg)
	want, err := e.planRequest(ctx, r, ask, k)
	if err != nil {
		return err
	}
	if k.promotes && !k.alive {
		want.Formers = e.formers(ctx, r.Finding.Key)
	}
	options := e.executorOptions(r.Finding.ClusterName, r.UID, log)
	if k.alive {
		options = (&watched{log: log}).options(options)
	}
	if k.promotes {
		options.OnStep = r.notesWhoIsNotBack(e.fencesOnceOpened(r, options.OnStep))
	}
	ctx, settled := e.untilItIsBack(ctx, r, ask, k)
	defer settled()
	run := execute.New(options).NewRun()
	run.BeforeNoReturn(func(ctx context.Context) error {
		settled()
		return e.mayOpen(ctx, r, ask, k, log)
	})

	before := e.o.Observer.Cluster(r.Finding.ClusterName)
	if before == nil {
		return fmt.Errorf("cluster %s is not known any more", r.Finding.ClusterName)
	}
	now, first := before, ask.before
	makePlan := func() {
		r.Plan = k.plan(now, want, policy)
		r.Plan.Prepend(first)
	}
	makePlan()
	after := failover.FenceStage
	if steps := gatheredSteps(&r.Plan); len(steps) > 0 {
		log.forecast(&r.Plan)
		gathered := r.Plan
		gathered.Steps = steps
		if err := run.Plan(ctx, &gathered, failover.FenceStage-1); err != nil {
			return err
		}
		want.Quiet, want.Unlocked, want.Fenced = run.Quiet(), unlocked(steps), k.alive
		now, first = e.lookAgain(ctx, before, &r.Finding, k, want.Quiet), gatheredSteps(&gathered)
		makePlan()
		after = max(failover.GatherStage, steps[len(steps)-1].Stage)
	}
	if risk, ok := riskOf(now, &want, k, r.Plan.Successor, policy); ok && !k.alive && risk.Transactions > 0 && e.formersBack(ctx, r.Finding.Key, want.Formers) {
		want.Formers = e.formers(ctx, r.Finding.Key)
		makePlan()
	}
	log.plan(&r.Plan)
	r.Lost = r.Plan.LostKeys()
	e.involve(r, &r.Plan)
	if r.Plan.Successor.IsZero() {
		r.Lost = nil // nobody went anywhere
		return errors.Join(idle(r.Plan, k), run.Undo(ctx))
	}
	if risk, ok := riskOf(now, &want, k, r.Plan.Successor, policy); ok {
		log.line("at risk: %s", risk)
		if key, reason := policy.Loss.Exceeded(risk); key != "" && !ask.forced {
			r.Lost = nil
			return errors.Join(fmt.Errorf("%s is not promoted: %s; recover it by hand to go on all the same", r.Plan.Successor, reason), run.Undo(ctx))
		}
	}
	err = run.Plan(ctx, &r.Plan, after)
	switch {
	case err == nil, run.PassedNoReturn() && !leftOpen(err):
	case leftOpen(err), k.promotes, k.inPlace:
		if ctx.Err() == nil {
			e.noteFormers(r, want.Formers)
		}
		return err
	case ctx.Err() != nil:
		return errors.Join(execute.ErrCutShort, err) // some may have been moved; the others are to be
	default:
		r.Errors = append(r.Errors, err.Error()) // those that were moved stay where they are
	}
	e.countFailedFollowers(r)
	successor, err := k.result(&r.Plan)
	if err != nil {
		return err
	}
	r.Successor, r.SuccessorCoordinates = successor, run.Opened()
	if s := before.Instance(r.Successor); s != nil {
		r.SuccessorAlias = s.Alias
	}
	return nil
}

// riskOf is what would be lost with a primary, by what was last seen of it; false where nobody is promoted.
func riskOf(t *topology.Topology, want *failover.Request, k *kind, successor topology.Key, p failover.Policy) (failover.Risk, bool) {
	primary := t.Instance(want.Failed)
	if !k.promotes || primary == nil || successor.IsZero() {
		return failover.Risk{}, false
	}
	return failover.RiskOf(t, primary, successor, p, want.Formers...), true
}

// fencesOnceOpened begins to close the lost primary as soon as its successor takes writes: the steps that follow may
// take long, and it must not come back open meanwhile.
func (e *Engine) fencesOnceOpened(r *Recovery, told func(plan.Step)) func(plan.Step) {
	failed, cluster := r.Finding.Key, r.Finding.ClusterName
	return func(s plan.Step) {
		told(s)
		if s.NoReturn && s.State == plan.Done && s.Action.Verb == plan.SetWritable && s.Server != failed {
			e.announcePromoted(r, s.Server)
			e.noteSuccessor(failed, s.Server)
			e.fence(failed, cluster)
		}
		if s.State == plan.Done && s.Action.Verb == plan.ForgetSource && s.Phase == plan.Promote {
			e.showPromoted(r, s.Server) // a probe may have come in between
		}
	}
}

// mayOpen is asked right before a server is opened for writing.
func (e *Engine) mayOpen(ctx context.Context, r *Recovery, ask request, k *kind, log *recoveryLog) error {
	if k.inPlace {
		want, err := e.planRequest(ctx, r, ask, k)
		t := e.o.Observer.Cluster(r.Finding.ClusterName)
		if err != nil || t == nil {
			return errors.Join(errors.New("whether it may be opened cannot be told"), err)
		}
		return idle(k.plan(t, want, failover.PolicyOf(e.o.Config())), k)
	}
	if k.alive {
		if err := e.stillBarred(ctx, r.Finding.Key); err != nil {
			return err
		}
	}
	e.closeReplaced(ctx, r)
	e.lookAtLost(ctx, r, ask)
	if err := e.stillDead(r, ask, k); err != nil {
		return err
	}
	if err := e.noteOpening(ctx, r, log); err != nil {
		return err
	}
	return e.stillDead(r, ask, k) // writing that down may have taken seconds
}

// closeWithin bounds how long an opening waits for the closing of a server that was replaced before.
const closeWithin = time.Second

// closeReplaced closes those for writing that the failed server once replaced, and that came back open while nobody led: a
// server that is opened before them would be a second one in plain sight.
func (e *Engine) closeReplaced(ctx context.Context, r *Recovery) {
	ctx, cancel := context.WithTimeout(ctx, closeWithin)
	defer cancel()
	for _, i := range e.o.Observer.Snapshot().Instances() {
		if !i.Downtime.LostInRecovery() || !openPrimary(i) || e.openedOnPurpose(i.Key) {
			continue
		}
		if to, err := e.replacedBy(ctx, i.Key); err != nil || to != r.Finding.Key && to != r.Plan.Successor {
			continue
		}
		e.fence(i.Key, i.ClusterName)
		e.awaitFence(ctx, i.Key)
	}
}

// unlocked are the servers whose appliers were let go on by switching semi-sync's source side off.
func unlocked(steps []plan.Step) map[topology.Key]bool {
	keys := make(map[topology.Key]bool)
	for _, s := range steps {
		if s.Phase == plan.Gather && s.Action.Verb == plan.SemiSyncSource && !s.Action.On && s.State == plan.Done {
			keys[s.Server] = true
		}
	}
	return keys
}

// gatheredSteps are the steps of the gathering, and what comes before it: once they have run they stand before the
// steps that were planned after them.
func gatheredSteps(p *plan.Plan) []plan.Step {
	return slices.DeleteFunc(slices.Clone(p.Steps), func(s plan.Step) bool { return s.Phase != plan.Gather && s.Stage != failover.FenceStage })
}

// gathered says whether a plan has stopped the receiver of a server.
func gathered(p *plan.Plan, k topology.Key) bool {
	return slices.ContainsFunc(p.Steps, func(s plan.Step) bool {
		return s.Server == k && s.Action.Verb == plan.StopReceiving && (s.State == plan.Done || s.State == plan.Skipped)
	})
}

// lookAgain reads the replicas once more, now that they receive nothing any more. A replica that does not answer in
// time is judged by what was read of it just before.
func (e *Engine) lookAgain(ctx context.Context, before *topology.Topology, f *analysis.Finding, k *kind, quiet map[topology.Key]bool) *topology.Topology {
	for _, round := range k.around(before, f.Key) {
		e.lookBriefly(ctx, slices.DeleteFunc(slices.Clone(round), func(key topology.Key) bool {
			i := before.Instance(key)
			return i == nil || !i.LastCheckValid()
		}))
	}
	after := e.o.Observer.Cluster(f.ClusterName)
	if after == nil {
		return before
	}
	merged := slices.Clone(after.Instances())
	for i, now := range merged {
		if was := before.Instance(now.Key); was != nil && quiet[now.Key] && was.LastCheckValid() && !now.LastCheckValid() {
			merged[i] = was
		}
	}
	return topology.New(merged, after.Names())
}

// lookAtLost looks at the lost primary once more where the last look at it is not of this moment: hooks, or a successor
// that had much to apply, may have taken their time.
func (e *Engine) lookAtLost(ctx context.Context, r *Recovery, ask request) {
	i := e.o.Observer.Snapshot().Instance(r.Finding.Key)
	if !ask.forced && i != nil && e.o.Now().Sub(i.Check.Attempted) > lookAgain {
		e.lookBriefly(ctx, []topology.Key{i.Key})
	}
}

// stillDead refuses to open a second primary when the first one has come back in the meantime.
func (e *Engine) stillDead(r *Recovery, ask request, k *kind) error {
	if reason := e.otherWriter(r); reason != "" {
		return errors.New(reason)
	}
	if ask.forced || k.alive {
		return nil
	}
	if err := e.stillServes(r); err != nil && k.promotes {
		return err
	}
	t := e.o.Observer.Cluster(r.Finding.ClusterName)
	if t == nil {
		return nil
	}
	if i := t.Instance(r.Finding.Key); i != nil && i.LastCheckValid() && (r.silent || i.Check.Seen.After(r.Started)) {
		return answersAgain(r.Finding.Key)
	}
	return nil
}

// noteOpening writes down which server is about to be opened: who carries on after this process must not take it for one that
// was not. If replicas are to begin where its log stands then, that is noted as well: it applies nothing any more and takes no
// writes yet. A ledger that fails does not keep a server from being opened; another process that has taken the recovery up does.
func (e *Engine) noteOpening(ctx context.Context, r *Recovery, log *recoveryLog) error {
	var at topology.Coordinates
	if slices.ContainsFunc(r.Plan.Steps, func(s plan.Step) bool { return s.Action.Place == plan.AtSuccessor || s.Action.Place == plan.ByContent }) {
		var err error
		if at, err = e.o.Servers(r.Plan.Successor).SelfCoordinates(ctx); err != nil {
			return fmt.Errorf("where its binary log stands: %w", err)
		}
	}
	if err := log.openAt(at); errors.Is(err, ErrTakenUp) {
		return fmt.Errorf("%w: %w", execute.ErrMayNotWrite, err)
	}
	return nil
}

// openPrimary says whether a server was seen to take writes while it replicates from nobody.
func openPrimary(i *topology.Instance) bool {
	return i.LastCheckValid() && !i.ReadOnly && !i.HasSource()
}

// countFailedFollowers adds to the lost those replicas that could not be pointed at the successor.
func (e *Engine) countFailedFollowers(r *Recovery) {
	for _, s := range r.Plan.Steps {
		if s.State != plan.Failed {
			continue
		}
		r.Errors = append(r.Errors, fmt.Sprintf("%s: %s: %s", s.Server, s.Action, s.Error))
		if s.Phase == plan.Repoint && !slices.Contains(r.Lost, s.Server) {
			r.Lost = append(r.Lost, s.Server)
		}
	}
}

// involve notes which servers a recovery touches. Other recoveries of this process look at that while it runs.
func (e *Engine) involve(r *Recovery, p *plan.Plan) {
	keys := participants(p)
	e.mu.Lock()
	defer e.mu.Unlock()
	r.Participants = keys
}

func participants(p *plan.Plan) []topology.Key {
	var keys []topology.Key
	for _, s := range p.Steps {
		if !slices.Contains(keys, s.Server) {
			keys = append(keys, s.Server)
		}
	}
	return topology.SortKeys(keys)
}
