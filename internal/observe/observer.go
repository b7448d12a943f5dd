package observe

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// errStopped is what callers get who wait for an observer that does not run any more.
var errStopped = errors.New("observer has stopped")

// Observer keeps the picture of the fleet. Make one with New and start it with Run; all other methods are safe for
// concurrent use, before, during and after the run.
type Observer struct {
	prober   Prober
	signs    func(context.Context, topology.Key) ([]topology.WriteSign, error)
	store    Store
	config   func() *config.Config
	log      *slog.Logger
	now      func() time.Time
	active   func() bool
	timing   Timing
	resolver *resolver
	metrics  *metrics

	inbox *inbox
	work  sync.WaitGroup // everything the run started

	// mu guards the picture. The loop holds it while it takes in a batch of results; Apply and the readers hold it for
	// a moment.
	mu      sync.Mutex
	picture *picture
	events  []Event // of the batch that is being taken in
	gauges  gauges

	snapshots snapshots

	subMu       sync.Mutex
	subscribers map[*subscriber]struct{}
	subClosed   bool

	// The rest belongs to the loop alone.
	ctx          context.Context //nolint:containedctx // the run's; workers that the loop starts inherit it
	timers       timers
	entries      map[topology.Key]*entry
	queues       [classes]queue
	slow         int // running probes that hold no place in their queue any more
	suspicions   map[topology.Key]*suspicion
	sentinels    map[topology.Key]*sentinel
	writeWatches map[topology.Key]*writeWatch
	alarms       map[topology.Key]time.Time // when a sentinel last reported
	denied       map[topology.Key]time.Time // forgotten, and not to be found again until then
	errants      map[topology.Key]keySet    // replicas whose errant set waits for a fresh look at this source
	doubles      map[topology.Key]double    // second names of servers
	warned       map[string]bool            // pairs of servers with one UUID that were warned of
	after        []func()                   // to be called when the batch has been taken in
	unsaved      keySet
	wasActive    bool

	savedNames topology.Names // as the store has them
	namesSaved time.Time

	errandMu   sync.Mutex
	errandList []errand
	errandsRun bool
}

// gauges are figures of the loop for others to read.
type gauges struct {
	load      load
	sentinels int
}

// New makes an observer. Nothing is asked before Run.
func New(o Options) *Observer {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Active == nil {
		o.Active = func() bool { return true }
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	return &Observer{
		prober: o.Prober, signs: o.Signs, store: o.Store, config: o.Config, log: o.Logger, now: o.Now, active: o.Active,
		timing:       o.Timing.withDefaults(),
		resolver:     newResolver(o.Resolver, o.Config, o.Now),
		metrics:      newMetrics(),
		inbox:        newInbox(),
		picture:      newPicture(),
		subscribers:  make(map[*subscriber]struct{}),
		entries:      make(map[topology.Key]*entry),
		suspicions:   make(map[topology.Key]*suspicion),
		sentinels:    make(map[topology.Key]*sentinel),
		writeWatches: make(map[topology.Key]*writeWatch),
		alarms:       make(map[topology.Key]time.Time),
		denied:       make(map[topology.Key]time.Time),
		errants:      make(map[topology.Key]keySet),
		doubles:      make(map[topology.Key]double),
		warned:       make(map[string]bool),
		unsaved:      make(keySet),
	}
}

// Run loads what was last known, discovers the seeds, and observes until ctx ends. It returns when everything that it
// started has ended; the error is nil unless the stored picture could not be loaded. An observer runs once.
func (o *Observer) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o.ctx = ctx
	defer o.finish(cancel)
	if err := o.restore(ctx); err != nil {
		return err
	}
	o.plant()
	o.wasActive = o.active()
	o.startCare()
	o.loop(ctx)
	return nil
}

// loop takes in what arrives and does what is due, until ctx ends.
func (o *Observer) loop(ctx context.Context) {
	clock := time.NewTimer(time.Hour)
	defer clock.Stop()
	for {
		o.takeIn(o.inbox.take())
		o.runDue()
		clock.Reset(o.idle())
		select {
		case <-ctx.Done():
			return
		case <-o.inbox.signal:
		case <-clock.C:
		}
	}
}

// idle is the time until the next timer.
func (o *Observer) idle() time.Duration {
	if len(o.timers) == 0 {
		return time.Hour
	}
	return max(o.timers[0].when.Sub(o.now()), 0)
}

// runDue fires what is due, each in its turn, and settles what came of it.
func (o *Observer) runDue() {
	now := o.now()
	var due []func()
	for t := o.timers.due(now); t != nil; t = o.timers.due(now) {
		due = append(due, t.fire)
	}
	o.takeIn(due)
}

// takeIn runs a batch of work on the picture, settles the graph once for all of it, publishes, and tells those who
// waited.
func (o *Observer) takeIn(batch []func()) {
	if len(batch) == 0 {
		return
	}
	o.mu.Lock()
	for _, f := range batch {
		f()
	}
	events := o.settle()
	after := o.after
	o.after = nil
	o.mu.Unlock()
	o.publish(events)
	for _, f := range after {
		f()
	}
}

// settle brings the picture into order and collects the events of the batch. The caller holds mu.
func (o *Observer) settle() []Event {
	p := o.picture
	p.settle(o.config().ClusterAlias)
	o.reviewSentinels()
	now := o.now()
	events := o.events
	o.events = nil
	for cluster, urgent := range p.touched {
		if cluster != "" {
			events = append(events, Event{Kind: ClusterChanged, Cluster: cluster, Urgent: urgent || o.suspected(cluster), At: now})
		}
	}
	clear(p.touched)
	o.save()
	o.gauges = gauges{load: o.load(), sentinels: len(o.sentinels)}
	for n := range events {
		if i := p.instance(events[n].Key); i != nil {
			events[n].Cluster = i.ClusterName
		}
	}
	return events
}

// event records one for the end of the batch. The caller holds mu.
func (o *Observer) event(kind EventKind, i *topology.Instance, urgent bool) {
	o.events = append(o.events, Event{Kind: kind, Key: i.Key, Cluster: i.ClusterName, Urgent: urgent, At: o.now()})
}

// finish ends everything the run started, in order: what is waiting is refused, workers and sentinels are cancelled
// and waited for, and subscriptions are closed.
func (o *Observer) finish(cancel context.CancelFunc) {
	cancel()
	o.takeIn(o.inbox.close())
	o.work.Wait()
	o.mu.Lock()
	o.abandon()
	after := o.after
	o.after = nil
	o.mu.Unlock()
	for _, f := range after {
		f()
	}
	o.endSubscriptions()
}

// Apply shows a declared fact in the picture at once.
func (o *Observer) Apply(c Change) {
	o.mu.Lock()
	c.apply(o.picture, o.now())
	o.picture.settle(o.config().ClusterAlias)
	o.mu.Unlock()
	o.inbox.post(func() {}) // the loop publishes what was touched
}
