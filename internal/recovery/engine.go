package recovery

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/execute"
	"orchestrator/internal/failover"
	"orchestrator/internal/observe"
	"orchestrator/internal/plan"
	"orchestrator/internal/publish"
	"orchestrator/internal/topology"
)

// Observer is what the engine needs of the picture of the fleet.
type Observer interface {
	Snapshot() *topology.Topology
	Cluster(name string) *topology.Topology
	Complete(cluster string) bool
	Probe(ctx context.Context, keys ...topology.Key) error
	Subscribe(buffer int) (<-chan observe.Event, func())
	Apply(observe.Change)
}

// Leadership says whether this node may change servers.
type Leadership interface {
	IsLeader() bool
	// Confirm asks again, as freshly as it can be known, before a server is changed.
	Confirm(ctx context.Context) error
}

// Hooks runs external programs.
type Hooks interface {
	Run(ctx context.Context, list publish.List, v publish.Values, mode publish.Mode) error
}

// Node is the identity of this process in records.
type Node struct{ Hostname, Token string }

// Options are what an Engine needs. All but Former, Elsewhere, Agree, Progress and Logger are required.
type Options struct {
	Observer Observer
	Servers  func(topology.Key) execute.Server
	Former   func(topology.Key) Former // nil: extra transactions of former primaries are named, not saved
	Ledger   Ledger
	Hooks    Hooks
	Leader   Leadership
	// Elsewhere is who leads when this node does not, "" when nobody does. Forecasts say so; nil: it is not known here.
	Elsewhere func() string
	// Agree asks the other nodes what they find of a failure, before it is recovered automatically. An error says why they
	// do not agree; nothing is recovered then, and they are asked again.
	Agree    func(ctx context.Context, f *analysis.Finding) ([]NodeView, error)
	Config   func() *config.Config
	Caller   func(context.Context) string // on whose behalf something is done; nil: that is not known
	Node     Node
	Now      func() time.Time
	Progress func(Progress) // told of everything that happens, in order; it keeps nobody waiting
	Logger   *slog.Logger
}

// Progress is something worth telling somebody who watches.
type Progress struct {
	At       time.Time
	Kind     ProgressKind
	Cluster  string
	Server   topology.Key
	Text     string
	Step     *plan.Step // for StepChanged
	Recovery string     // UID, where there is one
	Repair   string     // Began and Finished: the kind of repair, as figures name it
	Success  bool       // Finished: it did what it was to do

	// Of Held and Waits: what holds the recovery back, and from which detection on record it would follow; 0 where it is not
	// of one.
	Hold      failover.Hold
	Detection int64
}

// ProgressKind is the kind of a Progress.
type ProgressKind string

// The kinds of progress.
const (
	Suspected   ProgressKind = "suspected" // a server that others depend on does not answer
	Detected    ProgressKind = "detected"  // a failure was found
	Held        ProgressKind = "held"      // a recovery was not begun, and why
	Waits       ProgressKind = "waits"     // the same, where it is only too soon
	Began       ProgressKind = "began"
	StepChanged ProgressKind = "step"
	Promoted    ProgressKind = "promoted" // writes are accepted again
	Finished    ProgressKind = "finished"
	Fenced      ProgressKind = "fenced"      // an old primary was closed for writing
	Rejoined    ProgressKind = "rejoined"    // an old primary became a replica of its successor
	Rebuilding  ProgressKind = "rebuilding"  // the data of an old primary are being replaced by a clone
	Quarantined ProgressKind = "quarantined" // an old primary was not taken back, and why
	Counted     ProgressKind = "counted"     // what was lost with an old primary is known
)

// Engine recovers. Run must be called for it to act by itself; Recover acts on demand.
type Engine struct {
	o    Options
	wake chan struct{}  // of Wake
	work sync.WaitGroup // everything that Run or Recover started and that may outlive them
	news teller

	identities execute.Identities    // what replicas signed in with, as read at promotions
	reviewed   map[topology.Key]bool // lost servers that were looked at since this node has led; of Run alone

	mu          sync.Mutex
	ctx         context.Context                 // of Run; what is started ends with it
	busy        map[string]bool                 // clusters in which a recovery runs
	expiring    bool                            // the ledger is being asked to expire things
	resuming    bool                            // the open journals are being read
	auditing    bool                            // what is owed to the audit is being written
	unaudited   []auditEntry                    // what the audit did not take, the oldest first
	pending     map[string]Unfinished           // recoveries that nobody has finished yet, by UID
	doubtful    map[string]time.Time            // since when it is not known what became of one, by UID
	parked      map[string]time.Time            // those that were taken back, and until when their failure may be found again
	gaveNothing map[topology.Key]bool           // former primaries from which was fetched in vain since they came back
	bereft      map[topology.Key][]topology.Key // who replicated from a lost primary when it was found lost
	returned    map[topology.Key]time.Time      // when those came back
	concluded   map[string]*Recovery            // recoveries that this process has ended, by UID, while their journals may be open
	enabled     time.Time                       // when the global switch was last read as on
	switches    switches                        // those of single clusters
	opened      map[topology.Key]bool           // lost primaries that were closed for writing by us and opened by somebody since
	closed      map[topology.Key]time.Time      // when a lost primary was closed for writing by us
	seenClosed  map[topology.Key]topology.Check // when it was last seen to be closed since
	handling    map[topology.Key]handled        // the finding of the server that is being handled
	missed      map[topology.Key]string         // something else was found meanwhile: the cluster to judge again
	told        map[detectionID]toldDetection
	glimpsed    map[topology.Key]glimpse
	attempted   map[topology.Key]time.Time // last attempt to begin a recovery
	grace       map[topology.Key]time.Time // until then a dead primary is only detected
	settling    map[topology.Key]time.Time // until then nothing is concluded: its replicas are reconnecting
	looked      map[topology.Key]time.Time // when an emergency operation last had it probed
	asked       map[topology.Key]time.Time // when its replicas were last made to reconnect
	suspected   map[topology.Key]time.Time // since when a server is suspected
	fencing     map[topology.Key]context.CancelFunc
	rejoining   map[topology.Key]bool
	considered  map[topology.Key]considered              // lost servers that were seen to since they came back
	began       time.Time                                // when Run began
	successors  map[topology.Key]succession              // who replaced a primary, in this process
	promoters   map[topology.Key]*Recovery               // the recovery under way that opened a server
	awaited     map[topology.Key]context.CancelCauseFunc // ends a recovery when the server that it replaces answers again
	active      map[string]*Recovery                     // by UID
	logs        map[string]*recoveryLog                  // of what is under way, by UID
	recent      map[recentKind]time.Time                 // when the newest recovery of a cluster began
	refused     map[topology.Key]refusal
	unwritable  map[topology.Key]string // what keeps a primary that answers from writing, as it was told last
	checks      map[topology.Key]*writeChecks
	held        map[topology.Key]toldHold
}

// New returns an Engine.
func New(o Options) *Engine {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Agree == nil {
		o.Agree = func(context.Context, *analysis.Finding) ([]NodeView, error) { return nil, nil }
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	o.Ledger = &bounded{Ledger: o.Ledger, now: o.Now}
	return &Engine{
		o:           o,
		wake:        make(chan struct{}, 1),
		news:        teller{listen: o.Progress},
		pending:     make(map[string]Unfinished),
		doubtful:    make(map[string]time.Time),
		parked:      make(map[string]time.Time),
		gaveNothing: make(map[topology.Key]bool),
		bereft:      make(map[topology.Key][]topology.Key),
		returned:    make(map[topology.Key]time.Time),
		concluded:   make(map[string]*Recovery),
		opened:      make(map[topology.Key]bool),
		closed:      make(map[topology.Key]time.Time),
		seenClosed:  make(map[topology.Key]topology.Check),
		busy:        make(map[string]bool),
		handling:    make(map[topology.Key]handled),
		missed:      make(map[topology.Key]string),
		told:        make(map[detectionID]toldDetection),
		glimpsed:    make(map[topology.Key]glimpse),
		attempted:   make(map[topology.Key]time.Time),
		grace:       make(map[topology.Key]time.Time),
		settling:    make(map[topology.Key]time.Time),
		looked:      make(map[topology.Key]time.Time),
		asked:       make(map[topology.Key]time.Time),
		suspected:   make(map[topology.Key]time.Time),
		fencing:     make(map[topology.Key]context.CancelFunc),
		rejoining:   make(map[topology.Key]bool),
		considered:  make(map[topology.Key]considered),
		successors:  make(map[topology.Key]succession),
		promoters:   make(map[topology.Key]*Recovery),
		awaited:     make(map[topology.Key]context.CancelCauseFunc),
		active:      make(map[string]*Recovery),
		logs:        make(map[string]*recoveryLog),
		recent:      make(map[recentKind]time.Time),
		refused:     make(map[topology.Key]refusal),
		held:        make(map[topology.Key]toldHold),
		unwritable:  make(map[topology.Key]string),
		checks:      make(map[topology.Key]*writeChecks),
	}
}

// tick is how often everything is judged again, for what only time changes.
const tick = time.Second

// ErrStopped says that the engine is not running.
var ErrStopped = errors.New("the recovery engine is not running")

// Run judges every change of a cluster until ctx ends, and returns when everything it started has ended.
func (e *Engine) Run(ctx context.Context) error {
	e.mu.Lock()
	e.ctx, e.began = ctx, e.o.Now()
	e.mu.Unlock()
	events, unsubscribe := e.o.Observer.Subscribe(64)
	defer e.news.flush()
	defer e.work.Wait()
	defer unsubscribe()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	e.housekeep(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev, ok := <-events:
			if !ok {
				return nil
			}
			e.onEvent(ctx, ev)
		case <-ticker.C:
			e.onTick(ctx)
		case <-e.wake:
			e.succeed()
			e.onTick(ctx)
		}
	}
}

func (e *Engine) onEvent(ctx context.Context, ev observe.Event) {
	switch ev.Kind {
	case observe.InstanceLost:
		e.suspect(ev)
	case observe.InstanceBack:
		e.mu.Lock()
		delete(e.suspected, ev.Key)
		delete(e.gaveNothing, ev.Key)
		delete(e.refused, ev.Key)
		delete(e.held, ev.Key)
		e.mu.Unlock()
		e.noteBack(ev.Key)
		e.noteReturned(ev.Key)
		e.countStray(ev.Key)
	}
	if ev.Topology == nil {
		return
	}
	e.fenceReturned(ev)
	e.rejoinReturned(ev)
	e.judge(ctx, ev.Topology)
}

func (e *Engine) suspect(ev observe.Event) {
	e.mu.Lock()
	_, known := e.suspected[ev.Key]
	if !known {
		e.suspected[ev.Key] = ev.At
	}
	promoter := e.promoters[ev.Key]
	e.mu.Unlock()
	if ev.Topology != nil {
		e.noteBereft(ev.Key, ev.Topology.ReplicaKeys(ev.Key))
	}
	if promoter != nil {
		e.showPromoted(promoter, ev.Key) // it may have been read again before it had forgotten its source
	}
	if !known && ev.Topology != nil && len(ev.Topology.Replicas(ev.Key)) > 0 {
		e.progress(Progress{At: ev.At, Kind: Suspected, Cluster: ev.Cluster, Server: ev.Key, Text: "it does not answer any more"})
	}
}

func (e *Engine) onTick(ctx context.Context) {
	e.housekeep(ctx)
	e.reviewLost()
	t := e.o.Observer.Snapshot()
	e.noteClosed(t)
	e.rejoinOverlooked(t)
	e.checkWrites(ctx, t)
	e.judge(ctx, t)
}

// housekeep does in the background what a leader does once in a while, each thing by one goroutine at a time: it
// carries on with what earlier leaders left unfinished, reads the global switch, and lets old records expire.
func (e *Engine) housekeep(ctx context.Context) {
	e.alone(&e.auditing, func() { e.auditLate(ctx) })
	if !e.o.Leader.IsLeader() {
		e.unparkAll()
		// As long as the end of what ran here is not on record, who leads now takes it for running.
		e.alone(&e.resuming, func() { e.catchUp(ctx) })
		return
	}
	e.alone(&e.resuming, func() { e.resume(ctx) })
	e.alone(&e.expiring, func() {
		_, _ = e.disabled(ctx) // who needs the answer asks again, and is told why there is none
		_, _ = e.switchedOff(ctx, "")
		if err := e.o.Ledger.Expire(ctx); err != nil && ctx.Err() == nil {
			e.o.Logger.Error("expiring old detections and recoveries", "error", err)
		}
	})
}

// alone runs f in the background unless it runs already.
func (e *Engine) alone(running *bool, f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if *running {
		return
	}
	*running = true
	e.goTracked(func() {
		f()
		e.mu.Lock()
		*running = false
		e.mu.Unlock()
	})
}

// goTracked runs f in a goroutine that Run waits for.
func (e *Engine) goTracked(f func()) { e.work.Go(f) }

func (e *Engine) progress(p Progress) {
	if p.At.IsZero() {
		p.At = e.o.Now()
	}
	e.news.tell(p)
}

// lookWithin bounds a look at servers.
const lookWithin = 5 * time.Second

// look has servers probed now. What it cannot find out stays as it was, and the picture says so; it is no error here.
func (e *Engine) look(ctx context.Context, keys ...topology.Key) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	if err := e.o.Observer.Probe(ctx, keys...); err != nil && ctx.Err() == nil {
		e.o.Logger.Debug("probe", "servers", topology.JoinKeys(keys), "error", err)
	}
}

// Active returns copies of the recoveries that run at this moment.
func (e *Engine) Active() []Recovery {
	e.mu.Lock()
	defer e.mu.Unlock()
	var rs []Recovery
	for _, r := range e.active {
		rs = append(rs, *r)
	}
	return rs
}
