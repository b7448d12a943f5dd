package v2

import (
	"context"
	"errors"
	"maps"

	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
)

// runPlan begins to carry out a plan, after it was made once more and is the same. It returns the plan as it runs.
func (a *API) runPlan(q *request, id string, ask RunRequest) (Plan, error) {
	shown, known := a.plans.get(id)
	switch {
	case !known:
		return Plan{}, noPlan(id)
	case shown.State == "expired":
		return Plan{}, refused.say("plan %s has expired", id).because("expired", "ask for it anew: POST "+Prefix+"/plans")
	case shown.State != "planned":
		return Plan{}, refused.say("plan %s is %s already", id, shown.State).because("state", "ask for a new one: POST "+Prefix+"/plans")
	}
	a.plans.mu.Lock()
	old := a.plans.byID[id]
	a.plans.mu.Unlock()
	if old == nil {
		return Plan{}, noPlan(id)
	}
	if !q.caller.Role.May(old.operation.Needs()) {
		return Plan{}, unauthorized.say("%s needs the role %s, and %s has %s", old.operation.Name, old.operation.Needs(), q.caller.who(), q.caller.role()).because("role", "")
	}
	if shown.Confirm != "" && (ask.Confirm != shown.Confirm || ask.Reason == "") {
		return Plan{}, unconfirmed.say("%s; it has to be confirmed, with a reason", shown.Risk).because("confirm", `send "confirm": "`+shown.Confirm+`" and "reason"`)
	}
	now, err := a.plan(q.Context(), q.caller, old.operation, old.values)
	if err != nil {
		return Plan{}, err
	}
	if now.shown.Revision != shown.Revision || ask.Revision != "" && ask.Revision != shown.Revision {
		now.shown.User, now.shown.Arguments = q.caller.Name, shown.Arguments
		if err := a.plans.keep(now); err != nil {
			return Plan{}, err
		}
		p := outdated.say("%v", errMoved).because("revision", "look at the plan that comes with this, and run that one")
		p.Plan = &now.shown
		return Plan{}, p
	}
	return a.start(q, old, ask)
}

func noPlan(id string) *Problem {
	return notFound.say("there is no plan %s", id).because("unknown-plan", "plans are kept on the node that made them, for 10 minutes unless they are run")
}

// start begins the run of a plan, of which there is one at most.
func (a *API) start(q *request, p *planned, ask RunRequest) (Plan, error) {
	if err := a.claim(p); err != nil {
		return Plan{}, err
	}
	user, reason := q.caller.Name, ask.Reason
	began := a.begin(q.Context(), func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		a.plans.mu.Lock()
		p.cancel = cancel
		if p.stopped {
			cancel()
		}
		a.plans.mu.Unlock()
		a.carryOut(ctx, p, user, reason)
	})
	a.plans.mu.Lock()
	defer a.plans.mu.Unlock()
	if !began {
		p.shown.State, p.shown.Started = "planned", nil
		p.refresh(&a.plans.known)
		return Plan{}, notAvailable.say("the service is about to end").because("ending", "ask another node")
	}
	return p.shown, nil
}

// claim makes a plan one that runs, unless it does already or too many do.
func (a *API) claim(p *planned) error {
	a.plans.mu.Lock()
	defer a.plans.mu.Unlock()
	running := 0
	for _, other := range a.plans.byID {
		if other.shown.State == "running" {
			running++
		}
	}
	switch {
	case p.shown.State != "planned":
		return refused.say("plan %s is %s already", p.shown.ID, p.shown.State).because("state", "")
	case running >= plansAtRun:
		return busy.say("%d plans run already", running).because("too-many-runs", "wait until one has ended")
	}
	p.shown.State, p.shown.Started = "running", when(a.Engine.Now())
	p.refresh(&a.plans.known)
	return nil
}

// carryOut runs the operation, and notes what becomes of its steps.
func (a *API) carryOut(ctx context.Context, p *planned, user, reason string) {
	a.publishPlan(p, nil)
	agreed := essence(&p.inner, "")
	ctx = plan.WithFollower(plan.WithOrigin(ctx, plan.Origin{Plan: p.shown.ID}), plan.Follower{
		Agree: func(made *plan.Plan) error {
			if essence(made, "") != agreed {
				return errMoved
			}
			return nil
		},
		Step: func(s plan.Step) { a.noteStep(p, s) },
	})
	if reason != "" && a.Engine.Audit != nil {
		key := p.inner.Failed
		if err := a.Engine.Audit.Audit(ctx, p.operation.Name, key, p.shown.Cluster, "confirmed; reason: "+reason); err != nil {
			a.Logger.ErrorContext(ctx, "cannot write the audit log", "type", p.operation.Name, "error", err)
		}
	}
	result, err := p.operation.Call(ctx, a.Engine, operate.Input{Values: p.confirmed(reason), User: user})
	a.plans.mu.Lock()
	p.shown.Ended, p.cancel = when(a.Engine.Now()), nil
	switch {
	case err == nil:
		p.shown.State, p.shown.Result = "done", result.Message
	case p.stopped && errors.Is(ctx.Err(), context.Canceled):
		p.shown.State, p.shown.Error = "stopped", err.Error()
	default:
		p.shown.State, p.shown.Error = "failed", err.Error()
	}
	if p.shown.State != "done" && !recovers(p.operation.Name) { // of a takeover its recovery tells
		p.shown.After = aftermath(p.inner.Steps, PlanRequest{p.operation.Name, p.shown.Arguments})
	}
	p.refresh(&a.plans.known)
	a.plans.mu.Unlock()
	a.publishPlan(p, nil)
}

// confirmed are the values of a plan with what was said to confirm it, where the operation wants to know that: the cluster
// that was named, and why.
func (p *planned) confirmed(reason string) map[operate.Param]string {
	values := maps.Clone(p.values)
	if p.shown.Confirm == "" || p.shown.Cluster == "" {
		return values
	}
	for param, said := range map[operate.Param]string{operate.ParamCluster: p.shown.Confirm, operate.ParamReason: reason} {
		if p.operation.Takes(param) && values[param] == "" {
			values[param] = said
		}
	}
	return values
}

// noteStep takes in a change of a step of a plan that runs. Steps that were not planned (what is taken back) come after
// the others.
func (a *API) noteStep(p *planned, s plan.Step) {
	a.plans.known.learn(&s)
	a.plans.mu.Lock()
	at := -1
	for n := range p.inner.Steps {
		if k := &p.inner.Steps[n]; k.N == s.N && k.Phase == s.Phase && k.Server == s.Server && k.Action.Verb == s.Action.Verb {
			at = n
		}
	}
	if at < 0 {
		p.inner.Steps = append(p.inner.Steps, s)
	} else {
		p.inner.Steps[at] = s
	}
	told := []Step{stepOf(&s, &a.plans.known)}
	if back := takenBack(p.inner.Steps, s); back != nil {
		told = append(told, stepOf(back, &a.plans.known))
	}
	p.refresh(&a.plans.known)
	a.plans.mu.Unlock()
	for n := range told {
		a.publishPlan(p, &told[n])
	}
}

// noteRecovery takes in a step of a recovery or takeover, which may be the work of a plan that runs.
func (a *API) noteRecovery(cluster string, s plan.Step) {
	a.plans.known.learn(&s)
	a.plans.mu.Lock()
	var of *planned
	for _, p := range a.plans.byID {
		if p.shown.State == "running" && p.shown.Cluster == cluster && recovers(p.operation.Name) {
			of = p
		}
	}
	a.plans.mu.Unlock()
	if of != nil {
		a.noteStep(of, s)
	}
}

// recovers says whether an operation is done by the recovery engine, which has one of them at work in a cluster.
func recovers(operation string) bool {
	switch operation {
	case "recover", "recover-lite", "graceful-master-takeover", "graceful-master-takeover-auto", "cascade-master-takeover-auto", "force-master-failover", "force-master-takeover":
		return true
	}
	return false
}

// stopPlan ends a plan that runs; what it has done is taken back as far as its steps say how.
func (a *API) stopPlan(id string) (Plan, error) {
	a.plans.mu.Lock()
	defer a.plans.mu.Unlock()
	p := a.plans.byID[id]
	switch {
	case p == nil:
		return Plan{}, noPlan(id)
	case p.shown.State != "running":
		return Plan{}, refused.say("plan %s does not run: it is %s", id, p.shown.State).because("state", "")
	case recovers(p.operation.Name):
		return Plan{}, refused.say("a takeover or recovery cannot be stopped from outside: it ends itself at its limits, and takes back what it can").because("not-stoppable", "")
	}
	p.stopped = true
	if p.cancel != nil {
		p.cancel()
	}
	return p.shown, nil
}
