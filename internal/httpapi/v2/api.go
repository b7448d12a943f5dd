package v2

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/failover"
	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/publish"
	"orchestrator/internal/recovery"
)

// Prefix is where the API is, below URLPrefix.
const Prefix = "/api/v2"

// Caller is who asks, and what they may do.
type Caller struct {
	Name   string // "" when nobody was asked for a name
	Method string // how the name was proved: none, basic, token …
	Role   operate.Role
}

// Deps are what the API works with. Engine and Registry are required; what else is nil makes the routes that need it
// answer that they are not available.
type Deps struct {
	Engine   *operate.Engine
	Registry *operate.Registry
	Logger   *slog.Logger // nil: the engine's

	// Forecast says what would happen if a server failed, by what is known, asking no server. Zero values mean the
	// primary, and what would be found.
	Forecast func(ctx context.Context, cluster string, code analysis.Code) (failover.Explanation, error)
	// Journal returns the journal of a recovery: its plan with the state and time of its steps, and what it began with. ok is
	// false when there is none.
	Journal func(ctx context.Context, uid string) (j recovery.Journal, ok bool, err error)
	// Stores says how it stands with the key-value stores outside the backend; nil: there are none.
	Stores func() []publish.Standing
	// Published says what each of those stores was seen to say; nil: there are none.
	Published func() []publish.Listing
	// Beside says what stands in the key-value store of the backend, and where the names of clusters lead; nil: not known.
	Beside func(ctx context.Context) ([]publish.Listing, error)
	// Addresses are those of hosts; nil: they are not known.
	Addresses Addresses
	// Busy says whether a recovery or takeover is under way in a cluster.
	Busy func(cluster string) bool
	// Warnings are what reading the configuration in force has warned of.
	Warnings func() []config.Warning
	// Subscribe tells of changes of the picture; nil: no events of it.
	Subscribe func(buffer int) (<-chan observe.Event, func())
}

// API is the second generation of the HTTP API. Its handlers work before, during and after Run; plans run and events
// flow only during Run.
type API struct {
	Deps
	caller  func(*http.Request) Caller
	forward func(http.ResponseWriter, *http.Request) bool

	plans *plans
	hub   *hub

	lags    kept[*int64]        // the greatest of each cluster
	outlook kept[ForecastShort] // what would have happened if its primary had died

	reports  reported // what the nodes told of themselves
	trends   trends
	troubles troubles
	began    time.Time // when this API was made
	courses  courses
	losses   losses

	work sync.WaitGroup // plans that run

	mu      sync.Mutex
	running context.Context //nolint:containedctx // of Run; nil before and after
}

// New makes the API. Mount makes it reachable.
func New(d Deps) *API {
	if d.Logger == nil {
		d.Logger = d.Engine.Log
	}
	a := &API{Deps: d, lags: kept[*int64]{same: sameLag}, outlook: kept[ForecastShort]{same: sameForecast}, began: d.Engine.Now()}
	a.plans = newPlans(d.Engine.Now)
	a.hub = newHub(a)
	return a
}

// Run owns what goes on beside requests, until ctx ends: plans are run, and events flow. It returns when all of it has
// ended.
func (a *API) Run(ctx context.Context) error {
	a.mu.Lock()
	a.running = ctx
	a.mu.Unlock()
	var beside sync.WaitGroup
	beside.Go(func() { a.runLags(ctx) })
	beside.Go(func() { a.runTroubles(ctx) })
	a.hub.run(ctx)
	beside.Wait()
	a.mu.Lock()
	a.running = nil
	a.mu.Unlock()
	a.work.Wait()
	return nil
}

// begin starts something that outlives its request and ends with Run; it reports false when Run does not run.
func (a *API) begin(values context.Context, do func(context.Context)) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.running == nil || a.running.Err() != nil {
		return false
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(values))
	stop := context.AfterFunc(a.running, cancel)
	a.work.Go(func() {
		defer cancel()
		defer stop()
		do(ctx)
	})
	return true
}

// Mount serves the API below a prefix. caller says who asks; forward passes a request on to the leader and says whether
// it did.
func (a *API) Mount(mux *http.ServeMux, prefix string, caller func(*http.Request) Caller, forward func(http.ResponseWriter, *http.Request) bool) {
	a.caller, a.forward = caller, forward
	table := a.routes()
	allowed := map[string][]string{}
	for n := range table {
		r := &table[n]
		pattern := prefix + Prefix + r.path
		mux.HandleFunc(r.method+" "+pattern, a.serve(r))
		allowed[pattern] = append(allowed[pattern], r.method)
	}
	for pattern, methods := range allowed {
		mux.HandleFunc(pattern, a.wrongMethod(methods))
	}
	mux.HandleFunc(prefix+Prefix+"/", a.notFound)
}
