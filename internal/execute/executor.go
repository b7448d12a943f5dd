package execute

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Options are what an Executor needs.
type Options struct {
	// Server gives access to a server.
	Server func(topology.Key) Server
	// Resolve is the key under which Server knows a source that a replica names; nil: as the replica names it.
	Resolve func(topology.Key) topology.Key
	// MayWrite is asked before every step; an error (this node leads no more) ends the plan where it stands, without
	// undoing anything: the next leader carries on.
	MayWrite func(context.Context) error
	// OnStep is told of every change of a step, one at a time; nil tells nobody. It must be quick.
	OnStep func(plan.Step)
	// OnBegin is called when OnStep has been told that a step runs, and before anything of it is done; nil does nothing. It
	// may take its time: steps that run at the same time do not wait for each other in it.
	OnBegin func(plan.Step)
	// Cancellable is given the context of each step that begins, and returns the one under which it runs and what is to
	// be called at its end; nil leaves it as it is.
	Cancellable func(context.Context) (context.Context, func())
	// Parallel bounds how many steps of one stage run at the same time; 0 means 5.
	Parallel int
	// Deadline bounds a step that names none; 0 means 30 s.
	Deadline time.Duration
	// Patience is how long an applier may stand still before waiting for it is given up; 0 means 10 s.
	Patience time.Duration
	// OnPlaced is told of every place in the log of a new source that was found to be the same as one in the log of the
	// old; nil tells nobody. It must be quick.
	OnPlaced func(Equivalence)
	// OnRepointed is told of every server that was given another source, as soon as that is so; nil tells nobody. It must
	// be quick.
	OnRepointed func(k topology.Key, channel string, source topology.Key)
	// Identities is where what replicas sign in with is remembered from one plan to the next; nil remembers it for as long
	// as a plan runs.
	Identities *Identities
	// Events say how logs are read.
	Events EventOptions
	Now    func() time.Time
	Logger *slog.Logger
}

// Executor runs plans. It is safe for concurrent use by several plans.
type Executor struct{ o Options }

// New returns an Executor.
func New(o Options) *Executor {
	if o.MayWrite == nil {
		o.MayWrite = func(context.Context) error { return nil }
	}
	if o.Parallel <= 0 {
		o.Parallel = 5
	}
	if o.Deadline <= 0 {
		o.Deadline = 30 * time.Second
	}
	if o.Patience <= 0 {
		o.Patience = 10 * time.Second
	}
	if o.OnStep == nil {
		o.OnStep = func(plan.Step) {}
	}
	if o.OnRepointed == nil {
		o.OnRepointed = func(topology.Key, string, topology.Key) {}
	}
	if o.OnBegin == nil {
		o.OnBegin = func(plan.Step) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Executor{o}
}

// ErrInDoubt says that nobody knows whether the server was opened for writing. Nothing is undone then: who carries on
// has to look at the server first.
var ErrInDoubt = errors.New("whether it was opened for writing is not known")

// ErrCutShort says that a plan that had passed its point of no return was not finished within the time that was left
// after its context had ended.
var ErrCutShort = errors.New("there was no time to finish the plan")

// finishWithin is how long a plan that has passed its point of no return may go on after its context has ended, and
// how long undoing may take.
const finishWithin = 30 * time.Second

// ErrMayNotWrite says that a plan ended because this node may not write any more.
var ErrMayNotWrite = errors.New("this node may not change servers any more")

// StepError says which step ended a plan.
type StepError struct {
	Step plan.Step
	Err  error
}

// Error names the server, the action and the cause.
func (e *StepError) Error() string {
	return fmt.Sprintf("%s: %s: %v", e.Step.Server, e.Step.Action, e.Err)
}

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// Run is one plan being run. It remembers what later steps need of earlier ones, also between a plan's gathering
// part and the rest, which is planned anew.
type Run struct {
	e *Executor

	telling sync.Mutex // OnStep is being told; never held together with mu

	mu      sync.Mutex
	ending  map[topology.Key]func(context.Context) error // receivers that were told to end
	opened  topology.Coordinates                         // where the successor stood when it was opened for writing
	openKey topology.Key
	done    []plan.Step                    // done steps that can be undone, in the order in which they ended
	passed  bool                           // the point of no return
	turns   map[topology.Key]chan struct{} // of steps that work on a server beside their own; see alone
	clones  map[topology.Key]time.Time     // when the clone before the one of this run began

	tails map[topology.Key]*tail // what servers have received, for those that received less

	beforeNoReturn func(context.Context) error
	takeover       takeover // what the steps of a planned takeover leave to later ones
}

// NewRun begins a run.
func (e *Executor) NewRun() *Run {
	return &Run{e: e, ending: make(map[topology.Key]func(context.Context) error)}
}

// BeforeNoReturn sets what is asked right before the point of no return; an error keeps the step from being done.
func (r *Run) BeforeNoReturn(ask func(context.Context) error) { r.beforeNoReturn = ask }

// PassedNoReturn says whether the point of no return has been passed.
func (r *Run) PassedNoReturn() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.passed
}

// Quiet returns the servers whose receivers were told to end in this run.
func (r *Run) Quiet() map[topology.Key]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	quiet := make(map[topology.Key]bool, len(r.ending))
	for k := range r.ending {
		quiet[k] = true
	}
	return quiet
}

// Stage runs the steps of one stage at the same time and returns when all have ended. It changes the steps: their
// state, times and errors. The error is that of the first step that must not fail, or ErrMayNotWrite.
func (r *Run) Stage(ctx context.Context, steps []*plan.Step) error {
	var g errgroup.Group // without its context: a failing step does not end the others half-way
	g.SetLimit(r.e.o.Parallel)
	for _, s := range steps {
		g.Go(func() error { return r.step(ctx, s) })
	}
	return g.Wait()
}

// Plan runs the stages of a plan one after the other, beginning after stage `after`. A failure before the point of
// no return undoes what this run has done, unless the node may not write any more, or it is not known whether that
// point was passed. The end of ctx is such a failure; after the point of no return the plan is brought to its end all
// the same, and cut short (ErrCutShort) half a minute after the end of ctx.
func (r *Run) Plan(ctx context.Context, p *plan.Plan, after int) error {
	late, cancel := outlive(ctx, finishWithin)
	defer cancel()
	for _, steps := range p.Stages() {
		if steps[0].Stage <= after {
			continue
		}
		now := ctx
		if r.PassedNoReturn() || slices.ContainsFunc(steps, func(s *plan.Step) bool { return s.NoReturn }) {
			now = late
		}
		err := ctx.Err()
		if err == nil || r.PassedNoReturn() {
			err = r.Stage(now, steps)
		}
		if err != nil {
			return r.fail(ctx, err)
		}
		if r.PassedNoReturn() && late.Err() != nil {
			return ErrCutShort
		}
	}
	return nil
}

// outlive returns a context that ends a while after ctx has.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-late.Done():
		}
	})
	return late, func() { stop(); cancel() }
}

// fail ends a plan that cannot go on.
func (r *Run) fail(ctx context.Context, err error) error {
	if errors.Is(err, ErrMayNotWrite) || errors.Is(err, ErrInDoubt) || errors.Is(err, ErrDataGone) || r.PassedNoReturn() {
		return err
	}
	return errors.Join(err, r.Undo(ctx))
}

// step runs one step and reports it.
func (r *Run) step(ctx context.Context, s *plan.Step) error {
	if err := r.mayStill(ctx); err != nil {
		r.finish(s, plan.Waiting, "", err)
		if !errors.Is(err, ErrMayNotWrite) {
			return &StepError{Step: *s, Err: err}
		}
		return err
	}
	s.State, s.Started, s.Ended, s.Error = plan.Running, r.e.o.Now(), time.Time{}, ""
	r.report(*s)
	r.e.o.OnBegin(*s)
	deadline := s.Deadline
	if deadline <= 0 {
		deadline = r.e.o.Deadline
	}
	stepCtx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	stepCtx = context.WithValue(stepCtx, notingKey{}, func(text string) {
		s.Note = text
		r.report(*s)
	})
	if r.e.o.Cancellable != nil {
		var ended func()
		stepCtx, ended = r.e.o.Cancellable(stepCtx)
		defer ended()
	}
	note, err := "", error(nil)
	switch {
	case s.NoReturn && s.Action.Verb == plan.SetWritable:
		note, err = r.open(stepCtx, s.Server, r.e.o.Server(s.Server), s.Action.Super, r.beforeNoReturn)
	case s.NoReturn && r.beforeNoReturn != nil:
		err = r.beforeNoReturn(stepCtx)
		fallthrough
	default:
		if err == nil {
			note, err = r.act(stepCtx, s.Server, s.Action)
		}
	}
	if why := context.Cause(stepCtx); err != nil && why != nil && why != stepCtx.Err() && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", why, err)
	}
	if s.Action.Verb == plan.SetWritable {
		s.Action.At = r.Opened() // for who has to carry on
	}
	switch {
	case errors.Is(err, errAlready):
		r.finish(s, plan.Skipped, note, nil)
	case err != nil:
		r.finish(s, plan.Failed, note, err)
		if s.MayFail {
			return nil
		}
		return &StepError{Step: *s, Err: err}
	default:
		r.finish(s, plan.Done, note, nil)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.Undo != nil && s.State == plan.Done {
		r.done = append(r.done, *s)
	}
	r.passed = r.passed || s.NoReturn
	return nil
}

// mayStill asks whether this node may change servers at this moment. An error that is not ErrMayNotWrite says that there
// was no time to ask.
func (r *Run) mayStill(ctx context.Context) error {
	err := r.e.o.MayWrite(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrMayNotWrite, err)
}

func (r *Run) finish(s *plan.Step, state plan.State, note string, err error) {
	s.State, s.Note, s.Ended = state, note, r.e.o.Now()
	if err != nil {
		s.Error = err.Error()
		r.e.o.Logger.Warn("step failed", "server", s.Server.String(), "step", s.Action.String(), "error", err)
	}
	r.report(*s)
}

type notingKey struct{}

// noteWhile tells how far the step is that runs under ctx; for the goroutine that runs it.
func noteWhile(ctx context.Context, text string) {
	if tell, ok := ctx.Value(notingKey{}).(func(string)); ok {
		tell(text)
	}
}

// report hands a copy of the step to the listener, one at a time.
func (r *Run) report(s plan.Step) {
	r.telling.Lock()
	defer r.telling.Unlock()
	r.e.o.OnStep(s)
}

// Undo takes back what this run has done, last first. It goes on after a failure and returns all of them. The end of
// ctx does not keep it from its work, which it gives up after half a minute.
func (r *Run) Undo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	defer cancel()
	r.mu.Lock()
	done := r.done
	r.done = nil
	r.mu.Unlock()
	var errs []error
	for _, s := range slices.Backward(done) {
		undo := plan.Step{
			N: s.N, Stage: s.Stage, Phase: plan.Undo, Server: s.Server, Action: *s.Undo,
			Why: "undo: " + s.Action.String(), Until: "as it was before",
		}
		if err := r.step(ctx, &undo); err != nil {
			errs = append(errs, fmt.Errorf("undo: %w", err))
		}
	}
	return errors.Join(errs...)
}
