package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"orchestrator/internal/topology"
)

// DefaultShell runs the hooks when no other program is configured.
const DefaultShell = "bash"

// ErrClosed is returned by runs that are asked for after Close, and by those that Close cut short.
var ErrClosed = errors.New("hooks are closed")

// HookOptions are what Hooks need. All are optional.
type HookOptions struct {
	// Shell gives the program that is called with the file of the hook's text, ProcessesShellCommand of the
	// configuration. It is asked before each run. Nil or an empty answer is DefaultShell.
	Shell func() string
	// Timeout gives the longest time that one hook may take, asynchronous ones included. It is asked before each run.
	// Nil, zero or less is no limit but that of the run's context.
	Timeout func() time.Duration
	// Directory is where the files are written while they run; empty is the system's directory for temporary files.
	Directory string
	// Environ gives the variables that hooks inherit, `NAME=value`; nil is os.Environ. Inherited ORC_ variables are
	// not passed on.
	Environ func() []string
	// Logger hears of each run when it has ended, with its output. Nil is silence.
	Logger *slog.Logger
	// Audit is told of each run when it begins and when it has ended. It may be called from several goroutines at
	// once, since asynchronous hooks are. Nil is none.
	Audit func(Report)
}

// Hooks runs hooks. It is safe for concurrent use.
type Hooks struct {
	options HookOptions
	last    runs

	mu     sync.Mutex
	closed bool
	active int           // hooks that run
	idle   chan struct{} // closed when active falls to zero; nil before the first hook

	running sync.WaitGroup // the hooks, and the readers of output that outlive theirs
	stop    chan struct{}  // closed when no hook may go on
	cut     sync.Once      // closes stop
}

// New makes Hooks that run nothing yet. They must be closed.
func New(o HookOptions) *Hooks {
	if o.Shell == nil {
		o.Shell = func() string { return DefaultShell }
	}
	if o.Timeout == nil {
		o.Timeout = func() time.Duration { return 0 }
	}
	if o.Environ == nil {
		o.Environ = os.Environ
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Audit == nil {
		o.Audit = func(Report) {}
	}
	return &Hooks{options: o, stop: make(chan struct{})}
}

// List is one list of hooks.
type List struct {
	Name     string // the configuration key, PreFailoverProcesses for instance: it stands in messages
	Commands []string
	// Skip is how many of the first Commands are left out, because they have run before.
	Skip int
	// Unlimited says that the hooks may take longer than HookOptions.Timeout allows others: they move data.
	Unlimited bool
	// Arguments says that they follow the convention of RunTakePrimary; Test asks for it.
	Arguments bool
	// Begin is told the place of each hook in the list, from 1, right before it runs. Its error ends the run: neither that
	// hook nor those after it run. Nil is told nothing.
	Begin func(number int) error
	// End is told when a hook has ended, and its error; of one that is not waited for when it has been started. Nil is told
	// nothing.
	End func(number int, err error)
}

// Mode says what the failure of a hook means for those after it.
type Mode int

// The modes.
const (
	StopAtFirst Mode = iota // the rest does not run
	RunAll                  // the rest runs; the first error is kept
)

// Run runs the hooks of a list one after the other and returns the error of the first that failed. A hook whose text
// ends in & is started and not waited for, and its failure is only logged and audited; it is not stopped by the end
// of ctx, but by Close. The end of ctx stops the hook that runs, with all its children, and those after it do not run.
func (h *Hooks) Run(ctx context.Context, list List, v Values, mode Mode) error {
	known, env := v.placeholders(), append(inherited(h.options.Environ()), v.environment()...)
	return h.each(ctx, list, mode, func(i int, command string) error {
		command, async := cutAmpersand(command)
		r := run{
			Report: Report{List: list.Name, Number: i + 1, Of: len(list.Commands), Command: command,
				RecoveryUID: v.RecoveryUID, Async: async},
			text: fill(command, known), env: env, unlimited: list.Unlimited,
		}
		return h.start(ctx, r)
	})
}

// RunTakePrimary runs hooks of PostTakeMasterProcesses, which have a convention of their own: no placeholders, no &,
// and the new and the demoted primary, each as host:port, in ORC_SUCCESSOR_HOST and ORC_FAILED_HOST and as the
// arguments $1 and $2. All run; the first error is returned.
func (h *Hooks) RunTakePrimary(ctx context.Context, list List, successor, demoted topology.Key) error {
	env := append(inherited(h.options.Environ()),
		variable("ORC_SUCCESSOR_HOST", successor.String()), variable("ORC_FAILED_HOST", demoted.String()))
	return h.each(ctx, list, RunAll, func(i int, command string) error {
		return h.start(ctx, run{
			Report: Report{List: list.Name, Number: i + 1, Of: len(list.Commands), Command: command},
			text:   command, arguments: []string{successor.String(), demoted.String()}, env: env,
		})
	})
}

// each calls do for the commands in order, as mode wants it.
func (h *Hooks) each(ctx context.Context, list List, mode Mode, do func(i int, command string) error) error {
	var first error
	for i, command := range list.Commands {
		if i < list.Skip {
			continue
		}
		if list.Begin != nil && ctx.Err() == nil {
			if err := list.Begin(i + 1); err != nil {
				return errors.Join(fmt.Errorf("%s, number %d of %d: not run: %w", list.Name, i+1, len(list.Commands), err), first)
			}
		}
		err := do(i, command)
		if list.End != nil {
			list.End(i+1, err)
		}
		if err == nil {
			continue
		}
		if first == nil {
			first = err
		}
		if mode == StopAtFirst || ctx.Err() != nil || errors.Is(err, ErrClosed) {
			break
		}
	}
	return first
}

// start runs a hook: to its end, or in the background.
func (h *Hooks) start(ctx context.Context, r run) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: not run: %w", r.Title(), context.Cause(ctx))
	}
	if !h.enter() {
		return fmt.Errorf("%s: not run: %w", r.Title(), ErrClosed)
	}
	if !r.Async {
		defer h.leave()
		_, err := h.run(ctx, r)
		return err
	}
	go func() {
		defer h.leave()
		_, _ = h.run(context.WithoutCancel(ctx), r) // its failure is in the log and the audit
	}()
	return nil
}

// enter counts a hook in, unless they are closed.
func (h *Hooks) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	if h.active == 0 {
		h.idle = make(chan struct{})
	}
	h.active++
	h.running.Add(1)
	return true
}

func (h *Hooks) leave() {
	h.mu.Lock()
	h.active--
	if h.active == 0 {
		close(h.idle)
	}
	h.mu.Unlock()
	h.running.Done()
}

// Wait waits until a moment in which no hook runs, asynchronous ones included, or ctx ends.
func (h *Hooks) Wait(ctx context.Context) error {
	h.mu.Lock()
	active, idle := h.active, h.idle
	h.mu.Unlock()
	if active == 0 {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for %d hooks: %w", active, context.Cause(ctx))
	}
}

// Close lets no hook begin any more, waits for those that run until ctx ends, and then stops those that are left, with
// all their children. When it returns nothing runs; its error says that some had to be stopped.
func (h *Hooks) Close(ctx context.Context) error {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	err := h.Wait(ctx)
	h.cut.Do(func() { close(h.stop) })
	h.running.Wait()
	return err
}
