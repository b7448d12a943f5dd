package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"orchestrator/internal/analysis"
	"orchestrator/internal/execute"
	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/publish"
	"orchestrator/internal/topology"
)

// Command is a command by which a person has another server take the primary's place.
type Command string

// The commands.
const (
	GracefulTakeover     Command = "graceful-master-takeover"      // the former primary is pointed at the new one and left stopped
	GracefulTakeoverAuto Command = "graceful-master-takeover-auto" // chooses where nobody is designated, and starts the former primary
	CascadeTakeover      Command = "cascade-master-takeover-auto"  // swaps the roles of two co-primaries
	ForceFailover        Command = "force-master-failover"         // as if the primary were dead
	ForceTakeover        Command = "force-master-takeover"         // the same, with a successor
)

// TakeoverRequest asks for another primary of a cluster.
type TakeoverRequest struct {
	Command    Command
	Cluster    string       // its name
	Designated topology.Key // who shall take over; the zero Key leaves it to the rules where the command does
}

// forced says whether the primary is treated as if it were dead.
func (w *TakeoverRequest) forced() bool {
	return w.Command == ForceFailover || w.Command == ForceTakeover
}

// hint is the command as hooks know it (`{command}`): all planned takeovers have one name there. It is empty for what
// is no such command.
func (c Command) hint() string {
	switch c {
	case GracefulTakeover, GracefulTakeoverAuto, CascadeTakeover:
		return string(GracefulTakeover)
	case ForceFailover, ForceTakeover:
		return string(c)
	}
	return ""
}

// Planned says whether the record of a recovery is that of a planned takeover.
func (j *Journal) Planned() bool { return j.Command == string(GracefulTakeover) }

// PlannedComment acknowledges planned takeovers: what was done on purpose holds no later recovery back.
const PlannedComment = "a planned takeover holds no recovery back"

// Takeover has another server take the primary's place, as the command says. A planned one refuses, or fails, so that
// the primary goes on as before; it loses nothing. A forced one closes the primary as far as it still answers and
// promotes as if it were dead; filters, downtime, anti-flapping and the global switch do not count. The Recovery is nil
// when nothing was attempted.
func (e *Engine) Takeover(ctx context.Context, want TakeoverRequest) (*Recovery, error) {
	if !e.o.Leader.IsLeader() {
		return nil, fmt.Errorf("%s of cluster %s: this node is not the leader", want.Command, want.Cluster)
	}
	defer e.news.flush()
	if !e.runs() {
		// Nobody else in this process carries on with what earlier ones left, and it would be in the way.
		e.resume(ctx)
		e.work.Wait()
	}
	if want.forced() {
		return e.replaceByForce(ctx, want)
	}
	if !e.occupy(want.Cluster) {
		return nil, fmt.Errorf("%s: another recovery is running in cluster %s", want.Command, want.Cluster)
	}
	defer e.vacate(want.Cluster)
	t, p, err := e.lookAndAgree(ctx, want)
	if err != nil {
		return nil, err
	}
	if next := p.Successor.String(); next != want.Cluster {
		// The cluster goes on under that name in the middle of the work.
		if !e.occupy(next) {
			return nil, fmt.Errorf("%s: another recovery is running in cluster %s", want.Command, next)
		}
		defer e.vacate(next)
	}
	r := &Recovery{Finding: e.forcedFinding(t, &p, want.Command), Plan: p}
	return e.takeOver(ctx, r, want)
}

// PlanTakeover looks at the cluster and says what Takeover would do now. It changes nothing.
func (e *Engine) PlanTakeover(ctx context.Context, want TakeoverRequest) (plan.Plan, error) {
	_, p, err := e.lookAndPlan(ctx, want)
	return p, err
}

// lookAndAgree plans, and asks who follows the request whether that is what was agreed to.
func (e *Engine) lookAndAgree(ctx context.Context, want TakeoverRequest) (*topology.Topology, plan.Plan, error) {
	t, p, err := e.lookAndPlan(ctx, want)
	if err != nil {
		return t, p, err
	}
	if err := plan.FollowerOf(ctx).Agrees(&p); err != nil {
		return t, p, fmt.Errorf("%s of cluster %s: %w", want.Command, want.Cluster, err)
	}
	return t, p, nil
}

// lookAndPlan probes the cluster and plans.
func (e *Engine) lookAndPlan(ctx context.Context, want TakeoverRequest) (*topology.Topology, plan.Plan, error) {
	refused := func(err error) error { return fmt.Errorf("%s of cluster %s: %w", want.Command, want.Cluster, err) }
	t := e.o.Observer.Cluster(want.Cluster)
	if t == nil {
		return nil, plan.Plan{}, refused(errors.New("the cluster is not known"))
	}
	e.look(ctx, topology.Keys(t.Instances())...)
	if t = e.o.Observer.Cluster(want.Cluster); t == nil {
		return nil, plan.Plan{}, refused(errors.New("the cluster is not known any more"))
	}
	if !want.forced() && !e.o.Observer.Complete(want.Cluster) {
		return nil, plan.Plan{}, refused(errors.New("not all of its servers have been looked at yet"))
	}
	planned := failover.Takeover
	if want.Command == CascadeTakeover {
		planned = failover.CascadeTakeover
	}
	p, refusal := planned(t, failover.TakeoverRequest{
		Cluster: want.Cluster, Designated: want.Designated, Operation: string(want.Command), Now: e.o.Now(),
		Auto: want.Command == GracefulTakeoverAuto, Force: want.forced(),
	}, failover.PolicyOf(e.o.Config()))
	if refusal != nil {
		return nil, p, refused(refusal)
	}
	if s := t.Instance(p.Successor); s != nil {
		p.SuccessorWasOpen = !s.ReadOnly
	}
	if f := t.Instance(p.Failed); f != nil && f.ReadOnly {
		for n := range p.Steps {
			if p.Steps[n].Action.Verb == plan.ClosePrimary {
				p.Steps[n].Undo = nil // it is not to be opened by taking back what was not done
			}
		}
	}
	return t, p, nil
}

// forcedFinding is what a takeover is recorded and told to hooks as: a dead primary, and the command.
func (e *Engine) forcedFinding(t *topology.Topology, p *plan.Plan, c Command) analysis.Finding {
	f := analysis.Finding{
		Key: p.Failed, ClusterName: p.Cluster, ClusterAlias: p.Cluster, ClusterDomain: p.Cluster,
		IsPrimary: true, Replicas: t.ReplicaKeys(p.Failed), CountReplicas: uint(len(t.Replicas(p.Failed))),
	}
	policy := analysis.PolicyOf(e.o.Config())
	policy.Live, policy.IncludeDowntimed, policy.IncludeNoProblem, policy.IgnoreHostname = true, true, true, nil
	for _, found := range analysis.Analyze(t, policy, e.o.Now()) {
		if found.Key == p.Failed { // missing under maintenance
			f = found
		}
	}
	f.Code, f.Description, f.CommandHint = analysis.DeadPrimary, analysis.Describe(analysis.DeadPrimary), c.hint()
	return f
}

// planned says whether the recovery replaces a primary that works.
func (r *Recovery) planned() bool { return r.Finding.CommandHint == string(GracefulTakeover) }

// replaceByForce recovers from the primary's death, whether or not it is dead.
func (e *Engine) replaceByForce(ctx context.Context, want TakeoverRequest) (*Recovery, error) {
	if want.Command == ForceTakeover && want.Designated.IsZero() {
		return nil, fmt.Errorf("%s: who shall take over must be named", want.Command)
	}
	t, p, err := e.lookAndAgree(ctx, want)
	if err != nil {
		return nil, err
	}
	r := &Recovery{Finding: e.forcedFinding(t, &p, want.Command)}
	if r.DetectionID, err = e.announce(ctx, &r.Finding); err != nil {
		return nil, err
	}
	return r, e.recover(ctx, r, request{hooks: true, forced: true, first: true, designated: want.Designated, before: fence(&p)})
}

// fence are the steps of a forced takeover that come before the gathering.
func fence(p *plan.Plan) []plan.Step {
	return slices.DeleteFunc(slices.Clone(p.Steps), func(s plan.Step) bool { return s.Stage != failover.FenceStage })
}

// announce registers what a command takes for a dead primary, and runs the hooks of its detection.
func (e *Engine) announce(ctx context.Context, f *analysis.Finding) (id int64, err error) {
	id, fresh, err := e.o.Ledger.RegisterDetection(ctx, f, true)
	if err != nil {
		e.o.Logger.Error("registering a detection", "failed", f.Key.String(), "error", err)
		fresh = true
	}
	if !fresh {
		return id, nil
	}
	if err := e.hooks(ctx, "OnFailureDetectionProcesses", e.o.Config().OnFailureDetectionProcesses, publish.StopAtFirst, e.values(f, nil)); err != nil {
		e.forgetDetection(ctx, f)
		return id, fmt.Errorf("an OnFailureDetectionProcesses hook failed, nothing was changed: %w", err)
	}
	return id, nil
}

// forgetDetection lets the hooks of a detection run again next time.
func (e *Engine) forgetDetection(ctx context.Context, f *analysis.Finding) {
	if err := e.o.Ledger.ClearDetections(context.WithoutCancel(ctx), f.Key); err != nil {
		e.o.Logger.Error("ending a detection", "server", f.Key.String(), "error", err)
	}
}

// takeOver runs a planned takeover of an occupied cluster, from the hooks that let clients go to the closed record.
func (e *Engine) takeOver(ctx context.Context, r *Recovery, want TakeoverRequest) (_ *Recovery, err error) {
	f, cfg := &r.Finding, e.o.Config()
	if reason, _ := e.unfinishedBusiness(ctx, f, true); reason != "" {
		return nil, fmt.Errorf("%s of %s has to wait: %s", want.Command, f.Key, reason)
	}
	told := e.values(f, r)
	told.Successor, told.SuccessorAlias = r.Plan.Successor, e.aliasOf(r.Plan.Successor)
	if err := e.hooks(ctx, "PreGracefulTakeoverProcesses", cfg.PreGracefulTakeoverProcesses, publish.StopAtFirst, told); err != nil {
		return nil, fmt.Errorf("a PreGracefulTakeoverProcesses hook failed, nothing was changed: %w", err)
	}
	if r.DetectionID, err = e.announce(ctx, f); err != nil {
		return nil, err
	}
	r.Started, r.UID, r.Forced = e.o.Now(), newUID(e.o.Now()), true
	r.ByHand, r.Asked = true, e.caller(ctx)
	r.begun = e.found(r)
	journal := newJournal(r, true)
	block, err := e.o.Ledger.RegisterRecovery(ctx, r, &journal)
	if err != nil || block.Blocked() {
		e.forgetDetection(ctx, f)
		return nil, fmt.Errorf("%s of %s: %w", want.Command, f.Key, errors.Join(err, block.error()))
	}
	r.begins()
	e.mu.Lock()
	e.active[r.UID] = r
	e.mu.Unlock()
	defer e.forgetActive(r)
	e.progress(Progress{Kind: Began, Cluster: f.ClusterName, Server: f.Key, Text: string(want.Command), Recovery: r.UID, Repair: r.kind().name})
	e.o.Logger.Warn("takeover begins", "primary", f.Key.String(), "command", string(want.Command), "successor", r.Plan.Successor.String(), "uid", r.UID)

	log := e.newLog(ctx, r, journal, true)
	ask := request{hooks: true, forced: true}
	err = e.switchOver(ctx, r, want, log)
	if err == nil {
		err = e.handOver(ctx, log)
	}
	close(r.still)
	if leftOpen(err) {
		e.leave(r, log, err)
		return r, err
	}
	if err != nil {
		e.forgetDetection(ctx, f)
	}
	e.conclude(ctx, r, ask, log, err)
	return r, err
}

// error is the block as an error, nil when nothing is blocked.
func (b Block) error() error {
	if !b.Blocked() {
		return nil
	}
	return errors.New(b.Reason)
}

// switchOver runs the hooks that may still stop a takeover, and its plan.
func (e *Engine) switchOver(ctx context.Context, r *Recovery, want TakeoverRequest, log *recoveryLog) error {
	cfg, f := e.o.Config(), &r.Finding
	if err := e.recoveryHooks(ctx, log, "PreFailoverProcesses", cfg.PreFailoverProcesses, publish.StopAtFirst, e.values(f, r)); err != nil {
		return fmt.Errorf("a PreFailoverProcesses hook failed, nothing was changed: %w", err)
	}
	if len(cfg.PreGracefulTakeoverProcesses)+len(cfg.OnFailureDetectionProcesses)+len(cfg.PreFailoverProcesses) > 0 {
		// Hooks may have taken long. Those that were told who takes over are held to it.
		if want.Command != CascadeTakeover {
			want.Designated = r.Plan.Successor
		}
		_, p, err := e.lookAndPlan(ctx, want)
		if err != nil {
			return fmt.Errorf("it was possible before the hooks ran, and is not any more: %w", err)
		}
		r.Plan = p
	}
	e.closeReplaced(ctx, r)
	log.plan(&r.Plan)
	log.save() // who carries on must know the plan before anything is done
	e.involve(r, &r.Plan)
	w := &watched{log: log, opened: func(k topology.Key) { e.announcePromoted(r, k) }}
	run := execute.New(w.options(e.executorOptions(f.ClusterName, r.UID, log))).NewRun()
	run.BeforeNoReturn(func(ctx context.Context) error {
		if err := e.noteOpening(ctx, r, log); err != nil {
			return err
		}
		return e.stillClosed(ctx, r)
	})
	err := run.Plan(ctx, &r.Plan, 0)
	switch {
	case err == nil || run.PassedNoReturn() && !leftOpen(err):
	case leftOpen(err):
		return err
	case w.undoFailed:
		// The primary may still be closed: this is for whoever looks at it again.
		return fmt.Errorf("%w: what was done could not all be taken back: %w", execute.ErrCutShort, err)
	default:
		return err
	}
	e.settleOutcome(r, run.Opened())
	return nil
}

// settleOutcome notes whom a takeover has made primary, and who could not follow.
func (e *Engine) settleOutcome(r *Recovery, at topology.Coordinates) {
	r.Successor, r.SuccessorCoordinates, r.SuccessorAlias = r.Plan.Successor, at, e.aliasOf(r.Plan.Successor)
	r.Lost = r.Plan.LostKeys()
	e.countFailedFollowers(r)
	r.Lost = slices.DeleteFunc(r.Lost, func(k topology.Key) bool { return k == r.Finding.Key })
}

func (e *Engine) aliasOf(k topology.Key) string {
	if i := e.o.Observer.Snapshot().Instance(k); i != nil {
		return i.Alias
	}
	return ""
}

// watched sees to what a crash in the middle of a takeover must not leave behind, and to undoing that fails.
type watched struct {
	log        *recoveryLog
	opened     func(topology.Key) // told of the opening; nil where others see to it
	undoFailed bool
}

func (w *watched) options(o execute.Options) execute.Options {
	told := o.OnStep
	o.OnStep = func(s plan.Step) {
		told(s)
		if s.NoReturn && s.State == plan.Done && s.Action.Verb == plan.SetWritable && w.opened != nil {
			w.opened(s.Server)
		}
		w.undoFailed = w.undoFailed || s.Phase == plan.Undo && s.State == plan.Failed
	}
	o.OnBegin = func(s plan.Step) {
		if s.Undo != nil {
			w.log.save() // nobody else could know that it is to be taken back
		}
	}
	return o
}

// leftBehind are the servers that count as lost after a recovery. The former primary of a planned takeover does not
// where it follows.
func (r *Recovery) leftBehind() []topology.Key {
	if r.planned() && r.formerFollows() {
		return r.Lost
	}
	return append([]topology.Key{r.Finding.Key}, r.Lost...)
}

// formerFollows says whether a planned takeover has the former primary replicate from the new one.
func (r *Recovery) formerFollows() bool {
	if r.keptRing() {
		return true
	}
	done := func(v plan.Verb) bool {
		return slices.ContainsFunc(r.Plan.Steps, func(s plan.Step) bool {
			return s.Server == r.Finding.Key && s.Action.Verb == v && (s.State == plan.Done || s.State == plan.Skipped)
		})
	}
	return done(plan.BecomeReplica) && done(plan.StartReplica)
}

// keptRing says whether two co-primaries have swapped their roles and go on replicating from each other.
func (r *Recovery) keptRing() bool {
	return r.planned() && !slices.ContainsFunc(r.Plan.Steps, func(s plan.Step) bool { return s.Action.Verb == plan.BecomeReplica })
}

// clusterAfter is the name of the cluster after a successful recovery.
func (r *Recovery) clusterAfter() string {
	if r.keptRing() {
		return r.Finding.ClusterName
	}
	return r.Successor.String()
}

// auditKind is under which name a recovery is audited.
func (r *Recovery) auditKind() string {
	if r.Finding.CommandHint != "" {
		return r.Finding.CommandHint
	}
	return r.kind().audit
}

// carryOnTakeover does what is left of a planned takeover whose successor has been opened.
func (e *Engine) carryOnTakeover(ctx context.Context, u *Unfinished, t *topology.Topology, log *recoveryLog) error {
	r := &u.Recovery
	before, rest, at := u.divide(t.Instance(u.Journal.Successor))
	r.Plan = u.Journal.Plan
	r.Plan.Steps = rest
	r.Plan.Prepend(before)
	log.plan(&r.Plan)
	e.involve(r, &r.Plan)
	todo := r.Plan
	todo.Steps = r.Plan.Steps[len(before):]
	run := execute.New(e.executorOptions(r.Finding.ClusterName, r.UID, log)).NewRun()
	run.BeforeNoReturn(func(ctx context.Context) error { return e.stillClosed(ctx, r) })
	if err := run.Plan(ctx, &todo, 0); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return execute.ErrCutShort
	}
	if at.IsEmpty() {
		at = run.Opened()
	}
	e.settleOutcome(r, at)
	return nil
}

// divide tells the steps of a takeover that have been done from those that are left now that its successor is open, and
// says where that was opened.
func (u *Unfinished) divide(successor *topology.Instance) (before, rest []plan.Step, at topology.Coordinates) {
	at = u.Journal.OpenAt
	opening := u.Journal.NoReturn()
	if opening == nil {
		return u.Journal.Steps, nil, at
	}
	if !opening.Action.At.IsEmpty() {
		at = opening.Action.At
	}
	for _, s := range u.Journal.Steps {
		switch {
		case s.NoReturn && successor != nil && !successor.ReadOnly:
			s.State = plan.Done
			before = append(before, s)
		case s.Stage < opening.Stage, s.State == plan.Done, s.State == plan.Skipped, s.Phase == plan.Undo:
			before = append(before, s)
			if s.Action.Verb == plan.ReadCredentials { // they were in the memory of the process that is gone
				s.State, s.Error = plan.Waiting, ""
				rest = append(rest, s)
			}
		default:
			s.State, s.Error = plan.Waiting, ""
			if s.Action.Place == plan.AtSuccessor && !at.IsEmpty() {
				s.Action.Place, s.Action.At = plan.ByCoordinates, at
			}
			rest = append(rest, s)
		}
	}
	return before, rest, at
}
