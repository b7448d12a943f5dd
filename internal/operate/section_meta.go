package operate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"orchestrator/internal/config"
)

func sortedCandidates(list []Candidate) []Candidate {
	list = notNil(slices.Clone(list))
	slices.SortFunc(list, func(a, b Candidate) int { return a.Key.Compare(b.Key) })
	return list
}

// meta is about orchestrator itself.
func meta() []*Operation {
	return append([]*Operation{
		{
			Name: "reload-configuration", Summary: "Read the configuration files again", Rights: Write, Place: Local, Faces: OnlyHTTP, NoFleet: true,
			Args: []Arg{{Param: ParamConfigFile}}, Routes: []string{"reload-configuration"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if e.Settings == nil {
					return Result{}, unavailable("the configuration")
				}
				warnings, err := e.Settings.Reload(ctx, a.Text(ParamConfigFile))
				if err != nil {
					return Result{}, fmt.Errorf("reload the configuration: %w", err)
				}
				message := "Config reloaded"
				for _, w := range warnings {
					message += "; " + w.String()
				}
				return Result{Value: strings.Join(e.Config().Files(), ", "), Message: message}, nil
			},
		},
		{
			Name: "dump-config", Summary: "Print the configuration in force as one line of JSON, secrets masked", Faces: OnlyCLI, NoFleet: true,
			Run: func(_ context.Context, e *Engine, _ Args) (Result, error) {
				text, err := e.Config().Dump()
				return Result{Value: Settled(text)}, err
			},
		},
		{
			Name: "check-config", Summary: "Say in words what the configuration will and will not do", Faces: OnlyCLI, NoFleet: true,
			Run: func(_ context.Context, e *Engine, _ Args) (Result, error) {
				var b bytes.Buffer
				var err error
				if e.Settings != nil {
					err = e.Settings.Report(&b)
				} else {
					err = config.Report(&b, e.Config(), nil)
				}
				return Result{Value: Drawing(strings.TrimRight(b.String(), "\n"))}, err
			},
		},
		{
			Name: RedeployOperation, Summary: "Add to the tables of the backend what is missing, and remove nothing", Rights: Write,
			Faces: OnlyCLI, NoFleet: true,
			Details: "It works although SkipOrchestratorDatabaseUpdate or PanicIfDifferentDatabaseDeploy is set.",
			Run: func(ctx context.Context, e *Engine, _ Args) (Result, error) {
				if e.Backend == nil {
					return Result{}, unavailable("the backend")
				}
				if err := e.Backend.Redeploy(ctx); err != nil {
					return Result{}, fmt.Errorf("redeploy the tables: %w", err)
				}
				return Result{Value: "Redeployed internal db"}, nil
			},
		},
		{
			Name: importOperation, Summary: "Take over the state of another installation", Rights: Write, Faces: OnlyCLI, NoFleet: true,
			Details: "FILE is the SQLite file of the other installation; or its configuration, which names its MySQL backend; or a raft snapshot, as\n" +
				"state.bin or a folder of snapshots. Nothing is changed there. The backend of this configuration must be empty: all comes over, or\n" +
				"nothing. Locks and what belongs to running nodes stay behind. A backend can also be used where it is: name it in the configuration.",
			Example: "orchestrator -c import-backend -from /etc/old-orchestrator.conf.json",
			Args:    []Arg{{Param: ParamFrom, Required: true}},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if e.Backend == nil {
					return Result{}, unavailable("the backend")
				}
				done, err := e.Backend.Import(ctx, a.Text(ParamFrom))
				if err != nil {
					return Result{}, fmt.Errorf("import-backend: %w", err)
				}
				return Result{Value: done, Message: "Imported " + done.From}, nil
			},
		},
	}, probes()...)
}

// RedeployOperation is the operation that updates the backend's tables; a process that runs it opens a backend whose
// tables it may change.
const RedeployOperation = "redeploy-internal-db"

// importOperation goes into an empty backend alone, so it can spoil nothing.
const importOperation = "import-backend"

// probes are for load balancers and monitoring.
func probes() []*Operation {
	health := func(name, summary string) *Operation {
		return &Operation{
			Name: name, Summary: summary, Place: Local, Faces: OnlyHTTP, NoFleet: true, Routes: []string{name}, Run: healthOf,
		}
	}
	alive := func(name string) *Operation {
		return &Operation{
			Name: name, Summary: "Answer OK as long as the process runs", Place: Local, Faces: OnlyHTTP, Shape: Bare, NoFleet: true,
			Routes: []string{name},
			Run:    func(context.Context, *Engine, Args) (Result, error) { return Result{Value: Alive{}}, nil },
		}
	}
	leads := func(name, summary string, place Place, routes ...string) *Operation {
		return &Operation{
			Name: name, Summary: summary, Place: place, Faces: OnlyHTTP, Shape: Bare, NoFleet: true, Routes: routes,
			Args: []Arg{{Param: ParamStatusCode}},
			Run: func(_ context.Context, e *Engine, a Args) (Result, error) {
				if e.Leadership == nil {
					return Result{}, unavailable("leadership")
				}
				return Result{Value: Leads{Leader: e.Leadership.IsLeader(), OtherCode: otherCode(a.Text(ParamStatusCode))}}, nil
			},
		}
	}
	return []*Operation{
		health("health", "Tell how this node is"),
		health(StatusOperation, "Tell how this node is, for load balancers"),
		alive("lb-check"),
		alive("_ping"),
		alive("livez"),
		{
			Name: "readyz", Summary: "Answer OK while this node reaches its backend and knows whether it leads or whom it follows", Place: Local, Faces: OnlyHTTP, Shape: Bare,
			NoFleet: true, Routes: []string{"readyz"}, Run: ready,
			Details: "Otherwise the answer has the code 503 and says why. A node that follows is ready: it passes on what only the leader can do.",
		},
		leads("leader-check", "Tell whether this node is the leader", Local, "leader-check", "leader-check/:errorStatusCode"),
		leads("routed-leader-check", "Tell whether the leader can be reached through this node", Leader, "routed-leader-check", "routed-leader-check/:errorStatusCode"),
	}
}

// ready tells whether requests may be sent to this node.
func ready(ctx context.Context, e *Engine, _ Args) (Result, error) {
	if e.Health == nil {
		return Result{}, unavailable("health")
	}
	switch h := e.Health.Health(ctx); {
	case h.Err != nil:
		return Result{}, fmt.Errorf("%w: %w", ErrNotReady, h.Err)
	case h.Undecided:
		return Result{}, fmt.Errorf("%w: no node is known to lead", ErrNotReady)
	}
	return Result{Value: Alive{}}, nil
}

// StatusOperation is the operation whose route the configuration can move (StatusEndpoint).
const StatusOperation = "status"

// otherCode is the status that the caller wants from a node that does not lead; 0 when it does not say.
func otherCode(text string) int {
	code, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return max(code, 0)
}

func healthOf(ctx context.Context, e *Engine, _ Args) (Result, error) {
	if e.Health == nil {
		return Result{}, unavailable("health")
	}
	h := e.Health.Health(ctx)
	if h.Err != nil {
		return Result{}, &Failure{Message: fmt.Sprintf("Application node is unhealthy %v", h.Err), Details: h}
	}
	h.Warnings = switchWarnings(ctx, e)
	return Result{Value: h, Message: "Application node is healthy"}, nil
}

var errNoQueue = errors.New("there is no such queue: DEFAULT and DEADINSTANCES are known")
