package v2

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// The limits of plans.
const (
	planLives  = 10 * time.Minute // for so long it may be run
	planKept   = 24 * time.Hour   // for so long one that has ended can be read
	plansKept  = 1000
	plansAtRun = 32 // at the same time
)

// plans are the changes that somebody has asked about, those that run, and those that have ended lately. They are kept in
// the memory of the node that made them; what they did is in the audit.
type plans struct {
	now   func() time.Time
	known experience

	mu   sync.Mutex
	byID map[string]*planned
}

// planned is a plan with what is needed to run it. Its fields are guarded by plans.mu.
type planned struct {
	shown     Plan
	inner     plan.Plan
	foretold  operate.Foresight // of an operation without steps, where it tells
	operation *operate.Operation
	values    map[operate.Param]string
	cancel    context.CancelFunc // while it runs
	stopped   bool               // somebody has asked to stop it
}

func newPlans(now func() time.Time) *plans {
	return &plans{now: now, byID: make(map[string]*planned)}
}

// PlanRequest asks what an operation would do.
type PlanRequest struct {
	Operation string            `json:"operation" doc:"the name of a changing operation; GET /operations lists them"`
	Arguments map[string]string `json:"arguments,omitempty" doc:"by name, as GET /operations has them"`
}

// RunRequest confirms a plan.
type RunRequest struct {
	Revision string `json:"revision,omitempty" doc:"of the plan that was shown; another one is refused"`
	Confirm  string `json:"confirm,omitempty" doc:"level 2: the text that the plan names as confirm"`
	Reason   string `json:"reason,omitempty" doc:"level 2: why; it goes to the audit"`
}

// planable says whether an operation can be asked for as a plan.
func planable(o *operate.Operation) bool {
	return o.Rights == operate.Write && o.Faces != operate.OnlyCLI && o.Name != "access-token"
}

// argument is the name of a parameter in a plan.
func argument(p operate.Param) string { return strings.ReplaceAll(string(p), " ", "-") }

// makePlan says what an operation would do, and keeps that.
func (a *API) makePlan(q *request, ask PlanRequest) (*planned, error) {
	o := a.Registry.Named(ask.Operation)
	if o == nil || !planable(o) {
		return nil, badRequest.say("%q is no operation that changes something", ask.Operation).because("unknown-operation", "GET "+Prefix+"/operations lists them")
	}
	values := map[operate.Param]string{}
	for _, arg := range o.Args {
		if text, given := ask.Arguments[argument(arg.Param)]; given && arg.Param != operate.ParamDryRun {
			values[arg.Param] = text
		}
	}
	for name := range ask.Arguments {
		if !slices.ContainsFunc(o.Args, func(arg operate.Arg) bool { return argument(arg.Param) == name && arg.Param != operate.ParamDryRun }) {
			return nil, badRequest.say("%s has no argument %q", o.Name, name).because("unknown-argument", "GET "+Prefix+"/operations lists them")
		}
	}
	p, err := a.plan(q.Context(), q.caller, o, values)
	if err != nil {
		return nil, err
	}
	p.shown.User, p.shown.Arguments = q.caller.Name, maps.Clone(ask.Arguments)
	if p.shown.Arguments == nil {
		p.shown.Arguments = map[string]string{}
	}
	if err := a.plans.keep(p); err != nil {
		return nil, err
	}
	return p, nil
}

// plan asks the operation itself what it would do. Operations that change no server have no steps; that their arguments
// make sense is checked.
func (a *API) plan(ctx context.Context, c Caller, o *operate.Operation, values map[operate.Param]string) (*planned, error) {
	in := operate.Input{Values: values, User: c.Name}
	if err := o.Check(ctx, a.Engine, in); err != nil {
		return nil, inputProblem(err)
	}
	p := &planned{operation: o, values: values}
	if o.Takes(operate.ParamDryRun) {
		dry := maps.Clone(values)
		dry[operate.ParamDryRun] = "true"
		result, err := o.Call(ctx, a.Engine, operate.Input{Values: dry, User: c.Name})
		if err != nil {
			if known := problemOf(err); known.Status != failed.status {
				return nil, known
			}
			return nil, refused.say("%v", err)
		}
		made, ok := result.Value.(operate.Plan)
		if !ok {
			return nil, failed.say("%s does not tell what it would do", o.Name)
		}
		p.inner = plan.Plan(made)
	} else {
		f, tells, err := o.Foretell(ctx, a.Engine, in)
		if err != nil {
			return nil, inputProblem(err)
		}
		p.inner = plan.Plan{Operation: o.Name, Title: titleOf(o, values)}
		if tells {
			p.inner.Title, p.inner.Warnings, p.foretold = f.Title, f.Warnings, f
		}
	}
	t, err := a.Engine.Picture.Topology(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the topology: %w", err)
	}
	a.describe(ctx, p, t)
	return p, nil
}

// titleOf says what an operation that changes no server does.
func titleOf(o *operate.Operation, values map[operate.Param]string) string {
	var words []string
	for _, arg := range o.Args {
		if v := values[arg.Param]; v != "" {
			words = append(words, string(arg.Param)+" "+v)
		}
	}
	if len(words) == 0 {
		return o.Summary
	}
	return o.Summary + ": " + strings.Join(words, ", ")
}

// describe fills in what is shown of a plan.
func (a *API) describe(ctx context.Context, p *planned, t *topology.Topology) {
	now := a.Engine.Now()
	s, in := &p.shown, &p.inner
	i := a.Engine.Server(ctx, t, p.values[operate.ParamInstance])
	c := t.Cluster(in.Cluster)
	if c == nil && i != nil {
		c = t.Cluster(i.ClusterName)
	}
	if text := p.values[operate.ParamCluster]; c == nil && text != "" {
		c = a.Engine.ClusterOf(ctx, t, text)
	}
	s.Operation, s.Level, s.State, s.Title = p.operation.Name, int(p.operation.Level()), "planned", in.Title
	s.Created, s.Expires = when(now), when(now.Add(planLives))
	revision := ""
	if c != nil {
		s.Cluster, revision = c.Name, revisionOf(c)
		if s.Level == int(operate.Destructive) {
			s.Confirm = c.Alias
		}
	}
	if s.Level == int(operate.Destructive) && s.Confirm == "" {
		s.Confirm = p.operation.Name
	}
	s.Revision = revision + "-" + essence(in, p.foretold.Basis)
	s.Servers = []string{}
	for n := range in.Steps {
		if k := in.Steps[n].Server.String(); !slices.Contains(s.Servers, k) {
			s.Servers = append(s.Servers, k)
		}
	}
	s.Rejected, s.Lost, s.Warnings = judged(in.Rejected), judged(in.Lost), append([]string{}, in.Warnings...)
	s.Numbers, s.Checks = a.plans.numbers(in, s), checks(in, p.foretold.Checks)
	if p.foretold.Title != "" {
		s.Numbers = foretoldNumbers(s.Numbers, p.foretold)
	}
	s.Risk = riskOfPlan(s)
	s.Undo = undoOf(p, t, i)
	s.CLI, s.HTTP = commandLine(p), oldRoute(p)
	p.refresh(&a.plans.known)
}

// essence changes with what a plan would do, and with what it rests on beside its steps.
func essence(p *plan.Plan, basis string) string {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, p.Title, p.Successor, p.Failed, basis) // writing to a hash never fails
	for n := range p.Steps {
		s := &p.Steps[n]
		action := s.Action
		action.At, action.Set = topology.Coordinates{}, "" // positions move all the time
		_, _ = fmt.Fprint(h, s.Stage, s.Phase, s.Server, action, s.MayFail, s.NoReturn, '\n')
	}
	for _, v := range p.Lost {
		_, _ = fmt.Fprint(h, v.Server, v.Rule, '\n')
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// refresh brings what is shown of the steps up to date.
func (p *planned) refresh(e *experience) {
	s := &p.shown
	s.Steps, s.Done, s.Of = stepsOf(p.inner.Steps, e), 0, len(p.inner.Steps)
	for n := range p.inner.Steps {
		if st := p.inner.Steps[n].State; st != plan.Waiting && st != plan.Running {
			s.Done++
		}
	}
	s.Stop = ""
	if s.State == "running" && !recovers(p.operation.Name) {
		s.Stop = ifStopped(p.inner.Steps)
	}
}

func (ps *plans) numbers(p *plan.Plan, s *Plan) []Number {
	total := ps.known.plan(p)
	duration := Number{Name: "duration", Text: "nothing like it was measured yet", MS: total}
	switch {
	case len(p.Steps) == 0:
		duration.Text = "no server is changed"
	case total != nil:
		duration.Text = "about " + (time.Duration(*total * float64(time.Millisecond))).Round(time.Millisecond).String()
	}
	pause := Number{Name: "pause", Text: "writes go on"}
	last := p.NoReturn()
	if last != nil && last.Action.Verb == plan.ReplaceData {
		pause.Text = "writes go on; the replica serves nobody until it is done"
	} else if s.Level != int(operate.Harmless) && last != nil {
		pause.Text = "writes pause from the closing of the old primary until the new one is open"
	} else if s.Level != int(operate.Harmless) {
		pause.Text = "reads or writes may pause"
	}
	return []Number{duration, pause, {Name: "servers", Text: itoa(len(s.Servers))}, {Name: "steps", Text: itoa(len(p.Steps))}}
}

// foretoldNumbers are those of a plan without steps: what pauses, and nothing that is counted in servers.
func foretoldNumbers(all []Number, f operate.Foresight) []Number {
	for n := range all {
		switch {
		case all[n].Name == "pause" && f.Pause != "":
			all[n].Text = f.Pause
		case all[n].Name == "pause":
			all[n].Text = "writes go on"
		}
	}
	return all
}

// checks are what must hold before the steps, each said once, and what was looked at beside them; that the plan was made
// says that it holds.
func checks(p *plan.Plan, foretold []string) []CheckPoint {
	list := []CheckPoint{}
	for _, text := range foretold {
		list = append(list, CheckPoint{OK: true, Text: text})
	}
	for n := range p.Steps {
		s := &p.Steps[n]
		c := CheckPoint{Rule: string(s.Action.Verb), OK: true, Text: s.Needs}
		if s.Needs != "" && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	for _, w := range p.Warnings {
		list = append(list, CheckPoint{Rule: "warning", Text: w})
	}
	return list
}

func riskOfPlan(s *Plan) string {
	switch s.Operation {
	case "force-master-failover", "force-master-takeover":
		return "transactions that the old primary has committed and no replica has received are lost"
	case "recover", "recover-lite":
		return "what a dead primary has committed and no replica has received is lost"
	}
	if s.Operation == "rebuild-replica" {
		return "all data of this replica are thrown away, and with them whatever only it holds"
	}
	if s.Operation == "test-hook" {
		return "a program that does not look at ORC_TEST does what it does after a failure, with host names that nobody has"
	}
	if s.Level == int(operate.Destructive) {
		return "it cannot be taken back"
	}
	return ""
}

// keep remembers a plan under a new id.
func (ps *plans) keep(p *planned) error {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails, as documented
	p.shown.ID = hex.EncodeToString(id[:])
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.expire()
	if len(ps.byID) >= plansKept {
		return busy.say("%d plans are kept already", len(ps.byID)).because("too-many-plans", "wait until some expire")
	}
	ps.byID[p.shown.ID] = p
	return nil
}

// expire forgets old plans; the caller holds the lock. To make room, those that were never run go first.
func (ps *plans) expire() {
	now := ps.now()
	var idle []*planned
	for id, p := range ps.byID {
		s := &p.shown
		switch {
		case s.State == "running":
		case s.Ended != nil && now.Sub(*s.Ended) > planKept, s.State == "expired" && now.Sub(*s.Expires) > planLives:
			delete(ps.byID, id)
		case s.State == "planned" && now.After(*s.Expires):
			s.State = "expired"
			idle = append(idle, p)
		case s.State != "running":
			idle = append(idle, p)
		}
	}
	if len(ps.byID) < plansKept {
		return
	}
	slices.SortFunc(idle, func(a, b *planned) int { return a.shown.Created.Compare(*b.shown.Created) })
	for _, p := range idle[:min(len(idle), plansKept/10)] {
		delete(ps.byID, p.shown.ID)
	}
}

// get is a copy of a plan as it is now.
func (ps *plans) get(id string) (Plan, bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.expire()
	p := ps.byID[id]
	if p == nil {
		return Plan{}, false
	}
	return p.shown, true
}

// list are the plans that fit, newest first.
func (ps *plans) list(fits func(*Plan) bool) []PlanRow {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.expire()
	rows := []PlanRow{}
	for _, p := range ps.byID {
		if fits(&p.shown) {
			rows = append(rows, p.shown.PlanRow)
		}
	}
	slices.SortFunc(rows, func(a, b PlanRow) int {
		if c := b.Created.Compare(*a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return rows
}

// in are the plans that run in a cluster.
func (ps *plans) in(cluster string) []PlanRow {
	return ps.list(func(p *Plan) bool { return p.State == "running" && p.Cluster == cluster })
}

var errMoved = errors.New("the servers have changed since the plan was made, and it would be another one now")
