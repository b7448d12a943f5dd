package operate

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// HookList are the programs that are run on an occasion, by the configuration key that names them.
type HookList struct {
	Name     string
	Commands []string
}

// HookLists are all lists of hooks, empty ones too.
func HookLists(c *config.Config) []HookList {
	return []HookList{
		{"OnFailureDetectionProcesses", c.OnFailureDetectionProcesses}, {"PreGracefulTakeoverProcesses", c.PreGracefulTakeoverProcesses},
		{"PreFailoverProcesses", c.PreFailoverProcesses}, {"PostFailoverProcesses", c.PostFailoverProcesses},
		{"PostUnsuccessfulFailoverProcesses", c.PostUnsuccessfulFailoverProcesses}, {"PostMasterFailoverProcesses", c.PostMasterFailoverProcesses},
		{"PostIntermediateMasterFailoverProcesses", c.PostIntermediateMasterFailoverProcesses}, {"PostGracefulTakeoverProcesses", c.PostGracefulTakeoverProcesses},
		{takePrimaryHooks, c.PostTakeMasterProcesses}, {"RebuildProcesses", c.RebuildProcesses},
	}
}

// takePrimaryHooks is the list with a convention of its own.
const takePrimaryHooks = "PostTakeMasterProcesses"

// HookRun is one run of a hook that has ended.
type HookRun struct {
	List        string
	Number, Of  int
	Command     string
	RecoveryUID string
	Background  bool // nobody waited for it
	Test        bool
	Began       time.Time
	Took        time.Duration
	ExitCode    *int // nil: it was not started, or was stopped
	Output      string
	Error       string
}

// HookRunner remembers what hooks did, and tests them.
type HookRunner interface {
	// Runs are the last runs, newest first.
	Runs() []HookRun
	// Limit is for how long a hook may run; 0 is for as long as it likes.
	Limit() time.Duration
	// Test runs a hook with a sample and waits for its end. The error says why it was not run.
	Test(ctx context.Context, list HookList, number int, arguments bool) (HookRun, error)
}

// hookTests are the operations about hooks.
func hookTests() []*Operation {
	return []*Operation{{
		Name: "test-hook", Summary: "Run one hook with invented facts, and ORC_TEST=1 in its environment", Rights: Write, Faces: OnlyHTTP, NoFleet: true,
		Details: "Host names end in .invalid, so that a hook that does not look at ORC_TEST fails instead of moving something.",
		Args:    []Arg{{Param: ParamProcesses, Required: true}, {Param: ParamNumber, Required: true}},
		Routes:  []string{"test-hook/:processes/:number"},
		Run:     testHook,
	}}
}

func testHook(ctx context.Context, e *Engine, a Args) (Result, error) {
	if e.Hooks == nil {
		return Result{}, unavailable("hooks")
	}
	lists := HookLists(e.Config())
	at := slices.IndexFunc(lists, func(l HookList) bool { return l.Name == a.Text(ParamProcesses) })
	if at < 0 {
		return Result{}, fmt.Errorf("test-hook: %q is no list of hooks", a.Text(ParamProcesses))
	}
	list := lists[at]
	number, err := strconv.Atoi(a.Text(ParamNumber))
	if err != nil || number < 1 || number > len(list.Commands) {
		return Result{}, fmt.Errorf("test-hook: %s has no hook number %q: it has %d", list.Name, a.Text(ParamNumber), len(list.Commands))
	}
	e.audit(ctx, "test-hook", topology.Key{}, "", fmt.Sprintf("test of %s, number %d: %s", list.Name, number, list.Commands[number-1]))
	run, err := e.Hooks.Test(ctx, list, number, list.Name == takePrimaryHooks)
	switch {
	case err != nil:
		return Result{}, fmt.Errorf("test-hook: %w", err)
	case run.Error != "":
		return Result{}, fmt.Errorf("test-hook: %s", run.Error)
	}
	return Result{Message: fmt.Sprintf("%s, number %d, ended well after %v", list.Name, number, run.Took.Round(time.Millisecond))}, nil
}
