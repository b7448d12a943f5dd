package sim

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"orchestrator/internal/consensus"
	"orchestrator/internal/execute"
	"orchestrator/internal/observe"
	"orchestrator/internal/recovery"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// Manager is one process of the product: the real observer, the real engine and the real lease, wired as the service
// wires them. After a crash another Manager takes its place.
type Manager struct {
	w      *World
	index  int
	node   node
	id     store.Node
	life   int
	dead   bool
	paused bool         // it is alive and does nothing, or so it seems
	ahead  atomic.Int64 // by how much its clock is, in nanoseconds

	lease       *consensus.Lease
	observer    *observe.Observer
	engine      *recovery.Engine
	watches     []*watch
	connections map[*Server]connection
	ctx         context.Context // of the process
	stop        context.CancelFunc
	work        sync.WaitGroup
}

func (w *World) addManager(index int, at node) {
	w.managers = append(w.managers, w.newManager(index, at, 1))
}

func (w *World) newManager(index int, at node, life int) *Manager {
	name := w.name(at)
	return &Manager{
		w: w, index: index, node: at, life: life, id: store.Node{Hostname: name, Token: fmt.Sprintf("%s/%d", name, life)},
		connections: make(map[*Server]connection),
	}
}

// clock is what the manager takes for the time.
func (m *Manager) clock() time.Time {
	return time.Now().Add(time.Duration(m.ahead.Load()))
}

// start begins the life of the process. Its parts begin one after the other, so that their ticks never fall together.
func (m *Manager) start() {
	w := m.w
	ctx, stop := context.WithCancel(context.Background())
	m.ctx, m.stop = ctx, stop
	log := slog.New(slog.DiscardHandler)
	if w.Scenario.Verbose {
		log = slog.New(storyLog{w, m.node})
	}
	m.lease = consensus.NewLease(consensus.LeaseOptions{Table: lease{m}, Self: m.id, Now: m.clock, Logger: log})
	m.observer = observe.New(observe.Options{
		Prober: prober{m}, Store: keep{m}, Config: w.configuration, Resolver: noNames{}, Logger: log, Now: m.clock,
	})
	o := recovery.Options{
		Observer: m.observer, Servers: m.server, Ledger: m.ledger(), Hooks: hooks{m},
		Leader: m.lease, Config: w.configuration, Node: recovery.Node{Hostname: m.id.Hostname, Token: m.id.Token},
		Now: m.clock, Progress: m.progress, Logger: log,
	}
	if spoil := w.Scenario.Spoil; spoil != nil {
		spoil(&o)
	}
	m.engine = recovery.New(o)
	m.work.Go(func() {
		if w.sleep(ctx, time.Duration(hash(w.seed, uint64(m.node), uint64(m.life))%uint64(40*time.Millisecond))) != nil {
			return
		}
		m.lease.Try(ctx)
		parts := []func(context.Context) error{m.lease.Run, m.observer.Run, m.engine.Run}
		for n, part := range parts {
			m.work.Go(func() { _ = part(ctx) }) // they fail only when what was stored cannot be loaded, for which the store waits
			if w.sleep(ctx, time.Duration(3+n)*time.Millisecond+time.Duration(hash(w.seed, uint64(m.node), uint64(n), 7)%999_983)) != nil {
				return
			}
		}
		if len(w.managers) > 1 { // who is alone has declared everything itself
			m.work.Go(func() { m.hear(ctx) })
			if w.sleep(ctx, time.Millisecond) != nil {
				return
			}
		}
		m.beat(ctx)
	})
}

// beat gives signs of life.
func (m *Manager) beat(ctx context.Context) {
	for {
		// A sign that does not get through is one that was not given.
		bounded, cancel := context.WithTimeout(ctx, 2*time.Second)
		_ = m.consult(bounded, 36, true, func(b *backend) error {
			b.beats[m.id] = b.w.now()
			return nil
		})
		cancel()
		if m.w.sleep(ctx, time.Second) != nil {
			return
		}
	}
}

// hear shows in the picture what other processes have declared, as the service does: what has changed in the backend since
// the last look.
func (m *Manager) hear(ctx context.Context) {
	var last map[topology.Key]topology.Downtime
	for {
		var now map[topology.Key]topology.Downtime
		err := m.consult(ctx, 37, false, func(b *backend) error {
			now = maps.Clone(b.downtimes)
			return nil
		})
		if err == nil {
			for _, k := range topology.SortKeys(slices.Collect(maps.Keys(now))) {
				if d := now[k]; last[k] != d {
					m.observer.Apply(observe.SetDowntime{Key: k, Downtime: &d})
				}
			}
			for _, k := range topology.SortKeys(slices.Collect(maps.Keys(last))) {
				if _, still := now[k]; !still {
					m.observer.Apply(observe.SetDowntime{Key: k})
				}
			}
			last = now
		}
		if m.w.sleep(ctx, m.w.config.InstancePoll()) != nil {
			return
		}
	}
}

// crash ends the process in the middle of what it does. The caller holds the world's lock.
func (m *Manager) crash() {
	if m.dead {
		return
	}
	m.w.say(m.node, "its process is killed")
	m.dead = true
	m.w.rewired()
	m.stop()
}

// restart starts a new process in place of one that has ended. The caller holds the world's lock.
func (m *Manager) restart() {
	w := m.w
	if !m.dead || w.managers[m.index] != m {
		return
	}
	w.say(m.node, "it is started again")
	next := w.newManager(m.index, m.node, m.life+1)
	w.managers[m.index] = next
	w.past = append(w.past, m)
	next.start()
}

// leads says whether the process is the leader by the backend's word.
func (m *Manager) leads() bool {
	b := m.w.backend
	return !m.dead && b.held != 0 && b.holder == m.id && m.w.now()-b.held <= store.LeaseTime
}

// progress writes the engine's own account into the story.
func (m *Manager) progress(p recovery.Progress) {
	if p.Kind == recovery.StepChanged {
		return // what it does shows at the servers
	}
	w := m.w
	w.lock()
	defer w.unlock()
	if m.dead {
		return
	}
	about := ""
	if p.Server != (topology.Key{}) {
		about = p.Server.Hostname + ": "
	}
	w.tell(m.node, saw, string(p.Kind)+": "+about+p.Text)
}

// Servers gives access to servers; what a deliberate defect is made of.
type Servers func(topology.Key) execute.Server
