package move

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/execute"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

// Picture is the fleet as it is known, and can be known anew.
type Picture interface {
	Snapshot() *topology.Topology
	// Probe looks at servers now. What it found out, failures too, is in the next Snapshot.
	Probe(ctx context.Context, keys ...topology.Key) error
}

// Locks are the maintenance locks of servers.
type Locks interface {
	// BeginMaintenance fails when the server is under maintenance already.
	BeginMaintenance(ctx context.Context, m topology.Maintenance) (id int64, err error)
	EndMaintenanceByID(ctx context.Context, id int64) (bool, error)
}

// Auditor writes down what was done.
type Auditor interface {
	Audit(ctx context.Context, kind string, key topology.Key, cluster, message string) error
}

// Leadership says whether this node may change servers.
type Leadership interface {
	IsLeader() bool
	Confirm(ctx context.Context) error
}

// Options are what a Runner needs. All but Places, Busy, OnStep and Logger are required.
type Options struct {
	Picture Picture
	Locks   Locks
	Audit   Auditor
	Servers func(topology.Key) execute.Server
	Leader  Leadership
	Config  func() *config.Config
	Places  Places // nil: none are known
	// Busy says whether a recovery or takeover is under way in a cluster; nil when there can be none in this process.
	Busy func(cluster string) bool
	// TookPlace is called after every take-master that was done; nil is not. It may take its time (hooks), and its error
	// is only logged and audited.
	TookPlace func(ctx context.Context, successor, demoted topology.Key) error
	// Reattached is called after a detached replica was reattached to its source; the same holds for it.
	Reattached func(ctx context.Context, replica, source topology.Key) error
	Owner      string // of the locks: the node
	Now        func() time.Time
	OnStep     func(plan.Step) // told of every change of a step, one at a time
	Logger     *slog.Logger
}

// Runner runs jobs. It is safe for concurrent use.
type Runner struct{ o Options }

// New returns a Runner.
func New(o Options) *Runner {
	if o.OnStep == nil {
		o.OnStep = func(plan.Step) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Busy == nil {
		o.Busy = func(string) bool { return false }
	}
	return &Runner{o}
}

// Job is one operation to be done.
type Job struct {
	Operation string       // its name; audited under AuditType, or under this
	AuditType string       // where it is not the operation's name
	Subject   topology.Key // the server that the operation is about
	// Look are the servers that the plan is made from, beside the subject and its source. They are probed first; one that
	// cannot be reached is for the plan's maker to judge (Instance.LastCheckValid). Nil is none.
	Look func(t *topology.Topology) []topology.Key
	// Recall reads what is on record and the plan depends on, before Plan is asked. Nil is nothing.
	Recall func(ctx context.Context, t *topology.Topology) error
	// Plan makes the plan from a fresh picture. It may be asked twice. A plan without steps means that there is nothing
	// to do.
	Plan func(t *topology.Topology) (plan.Plan, *topology.Refusal)
	// Then is called after the plan was done, with what it was; nil is not. Its error is only logged and audited.
	Then func(ctx context.Context, p *plan.Plan) error
	// Unlocked lets the plan run without locks: for one that only waits.
	Unlocked bool
	// Gentle lets it be done although a person has a server under maintenance. The lock of another job it respects.
	Gentle bool
	// Sure has all looked at and the plan made once more right before its point of no return: it ends there where that is
	// refused, or what follows would be done otherwise.
	Sure bool
	// LockFor is how long the locks hold that nobody releases because the process is gone; 0 means ten minutes.
	LockFor time.Duration
	// Parallel bounds how many steps of one stage run at the same time; 0 means 5.
	Parallel int
	// Deadline bounds a step that names none; 0 means a minute.
	Deadline time.Duration
}

// Done is what has become of a job.
type Done struct {
	Plan     plan.Plan          // with the state of each step; also when the run failed
	Topology *topology.Topology // looked at after the run
	Subject  topology.Key
}

// Instance is the subject as it was found after the run; nil when it is not known any more.
func (d Done) Instance() *topology.Instance {
	if d.Topology == nil {
		return nil
	}
	return d.Topology.Instance(d.Subject)
}

// defaultDeadline bounds a step that names none.
const defaultDeadline = time.Minute

// lockFor is how long a lock holds that nobody releases because the process is gone.
const lockFor = 10 * time.Minute

// afterwards bounds releasing locks, looking again and writing down, which are done whatever has become of the caller.
const afterwards = 15 * time.Second

// Preview looks at the servers and says what Run would do. It changes nothing, and any node may do it.
func (r *Runner) Preview(ctx context.Context, j Job) (plan.Plan, error) {
	p, err := r.look(ctx, j)
	if err != nil {
		return p, r.about(j, err)
	}
	return p, nil
}

// Run does the job. A plan that fails is undone as far as its steps say how. With an error, Done.Plan says how far it
// came; it is empty where nothing was begun.
func (r *Runner) Run(ctx context.Context, j Job) (Done, error) {
	done := Done{Subject: j.Subject}
	if !r.o.Leader.IsLeader() {
		return done, r.about(j, errors.New("this node is not the leader"))
	}
	if err := r.undisturbed(j, ""); err != nil {
		return done, r.about(j, err)
	}
	p, err := r.look(ctx, j)
	if err != nil {
		return done, r.about(j, err)
	}
	if len(p.Steps) == 0 {
		done.Plan, done.Topology = p, r.o.Picture.Snapshot()
		return done, nil
	}
	if !j.Unlocked {
		var release func()
		if p, release, err = r.secure(ctx, j, p); err != nil {
			return done, r.about(j, err)
		}
		defer release()
	}
	if err := plan.FollowerOf(ctx).Agrees(&p); err != nil {
		return done, r.about(j, err)
	}
	err = r.execute(ctx, j, &p)
	done.Plan = p
	var later error
	if err == nil && j.Then != nil {
		later = j.Then(ctx, &p)
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if unseen := r.o.Picture.Probe(after, touched(&p)...); unseen != nil {
		r.o.Logger.Warn("looking at servers after an operation", "operation", j.Operation, "error", unseen)
	}
	done.Topology = r.o.Picture.Snapshot()
	r.audit(after, j, &p, err, later)
	if err != nil {
		return done, r.about(j, err)
	}
	return done, nil
}

// about says which operation on which server an error is of.
func (r *Runner) about(j Job, err error) error {
	return fmt.Errorf("%s of %s: %w", j.Operation, j.Subject, err)
}

// What is refused and passes by itself is looked at again for so long, at first after lookAgain and then less and less often:
// the threads of a replica that was just pointed elsewhere begin within milliseconds, and a script goes straight on.
const (
	lookAgainFor = 5 * time.Second
	lookAgain    = 20 * time.Millisecond
)

// look probes the servers in question and has the plan made, again while what speaks against it is about to pass.
func (r *Runner) look(ctx context.Context, j Job) (plan.Plan, error) {
	enough := time.NewTimer(lookAgainFor)
	defer enough.Stop()
	for pause := lookAgain; ; pause *= 2 {
		p, err := r.lookOnce(ctx, j)
		var refusal *topology.Refusal
		if !errors.As(err, &refusal) || refusal.Rule != refactor.JustBegun {
			return p, err
		}
		select {
		case <-ctx.Done():
			return p, err
		case <-enough.C:
			return p, err
		case <-time.After(pause):
		}
	}
}

func (r *Runner) lookOnce(ctx context.Context, j Job) (plan.Plan, error) {
	t := r.o.Picture.Snapshot()
	i := t.Instance(j.Subject)
	if i == nil {
		return plan.Plan{}, errors.New("it is not known: discover it first")
	}
	keys := []topology.Key{j.Subject}
	if s := t.Source(i); s != nil {
		keys = append(keys, s.Key)
	}
	if j.Look != nil {
		for _, k := range j.Look(t) {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	if err := r.o.Picture.Probe(ctx, keys...); err != nil {
		// A server that does not answer is seen as such in the picture.
		r.o.Logger.Debug("looking at servers before an operation", "operation", j.Operation, "error", err)
	}
	if err := ctx.Err(); err != nil {
		return plan.Plan{}, err
	}
	t = r.o.Picture.Snapshot()
	if j.Recall != nil {
		if err := j.Recall(ctx, t); err != nil {
			return plan.Plan{}, err
		}
	}
	p, refusal := j.Plan(t)
	if refusal != nil {
		return plan.Plan{}, refusal
	}
	return p, nil
}

// touched are the servers of a plan's steps, each once, in their order.
func touched(p *plan.Plan) []topology.Key {
	var keys []topology.Key
	for i := range p.Steps {
		if k := p.Steps[i].Server; !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return topology.SortKeys(keys)
}

// turnsAtMost is how often a plan may take in further servers between two looks before it is given up.
const turnsAtMost = 3

// secure locks the servers of a plan and has it made anew, because what was seen before the lock may have been in the
// middle of somebody else's work. Where it is about further servers then (under load another replica may have become the
// most advanced), those are locked too.
func (r *Runner) secure(ctx context.Context, j Job, p plan.Plan) (_ plan.Plan, release func(), err error) {
	var locked []topology.Key
	var releases []func()
	release = func() {
		for _, do := range slices.Backward(releases) {
			do()
		}
	}
	for range turnsAtMost {
		more := slices.DeleteFunc(touched(&p), func(k topology.Key) bool { return slices.Contains(locked, k) })
		if len(more) == 0 {
			return p, release, nil
		}
		unlock, err := r.lock(ctx, j, more)
		if err != nil {
			release()
			return p, nil, err
		}
		locked, releases = append(locked, more...), append(releases, unlock)
		if p, err = r.look(ctx, j); err != nil {
			release()
			return p, nil, err
		}
	}
	if more := slices.DeleteFunc(touched(&p), func(k topology.Key) bool { return slices.Contains(locked, k) }); len(more) > 0 {
		release()
		return p, nil, fmt.Errorf("the servers in question change all the time: %s is one now", more[0])
	}
	return p, release, nil
}

// lock takes the locks of all servers, or of none.
func (r *Runner) lock(ctx context.Context, j Job, keys []topology.Key) (release func(), err error) {
	var held []int64
	release = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
		defer cancel()
		for _, id := range slices.Backward(held) {
			if _, err := r.o.Locks.EndMaintenanceByID(ctx, id); err != nil {
				r.o.Logger.Error("releasing the lock of a server", "operation", j.Operation, "maintenance", id, "error", err)
			}
		}
	}
	for _, k := range keys {
		if j.Gentle && r.keptByPerson(k) {
			continue
		}
		now, lasts := r.o.Now(), j.LockFor
		if lasts <= 0 {
			lasts = lockFor
		}
		id, err := r.o.Locks.BeginMaintenance(ctx, topology.Maintenance{
			Key: k, Owner: r.o.Owner, Reason: jobReason + j.Operation + " of " + j.Subject.String(), Begin: now, End: now.Add(lasts),
		})
		if err != nil {
			release()
			return nil, fmt.Errorf("lock %s: %w", k, err)
		}
		held = append(held, id)
	}
	return release, nil
}

// jobReason begins the reason of the locks that jobs hold, by which they differ from what people declare.
const jobReason = "operation "

// keptByPerson says whether a person has the server under maintenance now.
func (r *Runner) keptByPerson(k topology.Key) bool {
	i := r.o.Picture.Snapshot().Instance(k)
	if i == nil || i.Maintenance == nil {
		return false
	}
	m := i.Maintenance
	return (m.End.IsZero() || m.End.After(r.o.Now())) && !strings.HasPrefix(m.Reason, jobReason)
}

func (r *Runner) execute(ctx context.Context, j Job, p *plan.Plan) error {
	deadline := j.Deadline
	if deadline <= 0 {
		deadline = defaultDeadline
	}
	follower := plan.FollowerOf(ctx)
	tell := func(s plan.Step) {
		follower.Told(s)
		r.o.OnStep(s)
	}
	var mu sync.Mutex
	var found []execute.Equivalence
	run := execute.New(execute.Options{
		OnPlaced: func(e execute.Equivalence) {
			mu.Lock()
			defer mu.Unlock()
			found = append(found, e)
		},
		Server: r.o.Servers, Resolve: sourceNames(r.o.Picture.Snapshot()), MayWrite: r.mayWrite(j, p.Cluster), OnStep: tell, Parallel: j.Parallel,
		Deadline: deadline, Now: r.o.Now, Logger: r.o.Logger, Events: execute.EventOptionsOf(r.o.Config()),
	}).NewRun()
	if j.Sure {
		run.BeforeNoReturn(r.sure(j, p))
	}
	err := run.Plan(ctx, p, 0)
	r.remember(ctx, j, found)
	return err
}

// remember writes down which places were found to be the same.
func (r *Runner) remember(ctx context.Context, j Job, found []execute.Equivalence) {
	if r.o.Places == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	for _, e := range found {
		if err := r.o.Places.RecordEquivalence(ctx, e.Key, e.At, refactor.Equivalent{Key: e.Other, At: e.Same}); err != nil {
			r.o.Logger.Error("recording equivalent positions", "operation", j.Operation, "server", e.Key.String(), "error", err)
		}
	}
}

// sourceNames tells the server that a replica means by the name of its source.
func sourceNames(t *topology.Topology) func(topology.Key) topology.Key {
	known := make(map[topology.Key]topology.Key)
	for _, i := range t.Instances() {
		for _, c := range append([]topology.Channel{i.Channel}, i.Others...) {
			known[topology.Key{Hostname: c.SourceHost, Port: c.Source.Port}] = c.Source
		}
	}
	return func(k topology.Key) topology.Key {
		if to, ok := known[k]; ok {
			return to
		}
		return k
	}
}

// audit writes down what was done, one line for the operation.
func (r *Runner) audit(ctx context.Context, j Job, p *plan.Plan, failure, later error) {
	kind, message := j.AuditType, p.Title
	if kind == "" {
		kind = j.Operation
	}
	if failure != nil {
		message += "; failed: " + failure.Error()
	}
	if later != nil {
		message += "; afterwards: " + later.Error()
		r.o.Logger.Error("after an operation", "operation", j.Operation, "server", j.Subject.String(), "error", later)
	}
	if err := r.o.Audit.Audit(ctx, kind, j.Subject, p.Cluster, message); err != nil {
		r.o.Logger.Error("auditing an operation", "operation", j.Operation, "server", j.Subject.String(), "error", err)
	}
}
