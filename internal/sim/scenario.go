package sim

import (
	"fmt"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/recovery"
)

// Scenario is a fleet and what happens to it.
type Scenario struct {
	Name string
	Seed uint64

	MariaDB    bool
	ByPosition bool // replication by file and position, without GTID
	SemiSync   bool
	// SemiSyncTimeout is after how long a primary goes on without confirmations; 0 never.
	SemiSyncTimeout time.Duration
	ConnectRetry    time.Duration // 0 is a second
	NetTimeout      time.Duration // 0 is a minute

	Servers    []ServerSpec
	Managers   int           // 0 is one
	Apps       int           // applications that write
	WriteEvery time.Duration // how often each does; 0 is 50 ms
	// Busy is from when to when they do so; before and after they write seldom, which costs less. The zero value is always.
	Busy     struct{ From, To time.Duration }
	HookTime time.Duration // what each list of hooks takes
	Settings string        // further keys of the configuration, as JSON: "Key": value, …

	// NoQuery says that no query tells replication credentials (ReplicationCredentialsQuery): MySQL's replicas tell them,
	// and nobody else.
	NoQuery bool

	Steps []Step
	Until time.Duration // when it ends; it should be quiet for a while before
	// Brief ends it sooner where everything is in order by then: what is left would cost time and show nothing.
	Brief bool

	// ByHand says that people change servers; what they break is not held against the engine.
	ByHand bool
	// Unwanted says that a dead primary need not be replaced.
	Unwanted bool
	// Verbose puts the managers' logs into the story.
	Verbose bool
	// Spoil puts a defect into the engine of each manager.
	Spoil func(*recovery.Options)
}

// Step is something that happens.
type Step struct {
	// At is when, since the beginning; or since the first line of the story with the text When, where that is set.
	At   time.Duration
	When string
	What string // in words
	Do   func(*World)
}

// withDefaults fills in what is left open.
func (sc *Scenario) withDefaults() *Scenario {
	c := *sc
	if c.ConnectRetry == 0 {
		c.ConnectRetry = time.Second
	}
	if c.NetTimeout == 0 {
		c.NetTimeout = time.Minute
	}
	if c.Managers == 0 {
		c.Managers = 1
	}
	if c.WriteEvery == 0 {
		c.WriteEvery = 50 * time.Millisecond
	}
	if c.Until == 0 {
		c.Until = 60 * time.Second
	}
	return &c
}

// configuration is what the managers run with.
func (w *World) configuration() *config.Config { return w.config }

// The verbs of scenarios.

// Kill kills a server's process.
func Kill(name string) func(*World) { return func(w *World) { w.serverNamed(name).kill() } }

// PowerOff takes a server's machine away.
func PowerOff(name string) func(*World) { return func(w *World) { w.serverNamed(name).powerOff() } }

// Restart starts a server again.
func Restart(name string) func(*World) { return func(w *World) { w.serverNamed(name).restart() } }

// Freeze makes a server hang.
func Freeze(name string) func(*World) { return func(w *World) { w.serverNamed(name).freeze() } }

// Thaw lets it go on.
func Thaw(name string) func(*World) { return func(w *World) { w.serverNamed(name).thaw() } }

// Cut drops everything from a to b, and Heal takes that back.
func Cut(a, b string) func(*World) {
	return func(w *World) {
		w.say(w.find(a), "packets to %s are dropped", b)
		w.cut(w.find(a), w.find(b))
		w.rewired()
	}
}

// Heal lets packets from a to b through again.
func Heal(a, b string) func(*World) {
	return func(w *World) {
		w.say(w.find(a), "packets to %s get through again", b)
		w.heal(w.find(a), w.find(b))
		w.rewired()
	}
}

// Isolate cuts one group of nodes off from all others, in both directions; Rejoin takes it back.
func Isolate(names ...string) func(*World) {
	return func(w *World) { w.divide(names, "is cut off", w.cut) }
}

// Rejoin takes an Isolate of the same nodes back.
func Rejoin(names ...string) func(*World) {
	return func(w *World) { w.divide(names, "is not cut off any more", w.heal) }
}

func (w *World) divide(names []string, what string, change func(a, b node)) {
	inside := make(map[node]bool)
	for _, name := range names {
		n := w.find(name)
		inside[n] = true
		w.say(n, "%s", what)
	}
	for a := range w.nodes {
		for b := range w.nodes {
			if inside[node(a)] && !inside[node(b)] {
				change(node(a), node(b))
				change(node(b), node(a))
			}
		}
	}
	w.rewired()
}

// CrashManager kills a manager's process, and RestartManager starts another.
func CrashManager(n int) func(*World) { return func(w *World) { w.managers[n-1].crash() } }

// RestartManager starts a manager's process again.
func RestartManager(n int) func(*World) { return func(w *World) { w.managers[n-1].restart() } }

// CrashLeader kills the manager that leads.
func CrashLeader(w *World) {
	for _, m := range w.managers {
		if m.leads() {
			m.crash()
			return
		}
	}
}

// RestartManagers starts all managers that have ended.
func RestartManagers(w *World) {
	for _, m := range append([]*Manager(nil), w.managers...) {
		m.restart()
	}
}

// Pause has a manager stand still, as a machine that swaps; Resume lets it go on.
func Pause(n int) func(*World) {
	return func(w *World) {
		m := w.managers[n-1]
		w.say(m.node, "it stands still")
		m.paused = true
		w.rewired()
	}
}

// Resume lets a paused manager go on.
func Resume(n int) func(*World) {
	return func(w *World) {
		m := w.managers[n-1]
		w.say(m.node, "it goes on")
		m.paused = false
		w.rewired()
	}
}

// Jump sets a manager's clock forward, as after a machine has slept. One that is set back does no harm in a process,
// which reckons by the monotonic clock, and is not modelled.
func Jump(n int, d time.Duration) func(*World) {
	return func(w *World) {
		w.say(w.managers[n-1].node, "its clock jumps by %s", d)
		w.managers[n-1].ahead.Add(int64(d))
	}
}

// TakeOver has a person ask the leader for another primary of the cluster that a server is of: as a graceful takeover, or
// by force. to is who shall take over, "" leaves it to the rules. A refusal is part of the story.
func TakeOver(command recovery.Command, of, to string) func(*World) {
	return func(w *World) {
		m := w.leader()
		if m == nil {
			return
		}
		want := recovery.TakeoverRequest{Command: command}
		if to != "" {
			want.Designated = KeyOf(to)
		}
		w.say(m.node, "a person asks for a %s of %s", command, of)
		m.work.Go(func() {
			if i := m.observer.Snapshot().Instance(KeyOf(of)); i != nil {
				want.Cluster = i.ClusterName
			}
			_, err := m.engine.Takeover(m.ctx, want)
			w.lock()
			defer w.unlock()
			if err != nil && !m.dead {
				w.tell(m.node, decided, "to the person: "+err.Error())
			}
		})
	}
}

// FillDisk fills a server's disk; Free makes room again.
func FillDisk(name string) func(*World) {
	return func(w *World) {
		s := w.serverNamed(name)
		w.say(s.node, "its disk is full")
		s.full = true
	}
}

// Free makes room on a server's disk.
func Free(name string) func(*World) {
	return func(w *World) {
		s := w.serverNamed(name)
		w.say(s.node, "there is room on its disk again")
		s.full = false
		if s.ch != nil {
			s.ch.kick()
			if s.ch.stream != nil {
				s.ch.stream.pump()
			}
		}
	}
}

// SlowApplier changes what applying a transaction takes on a server.
func SlowApplier(name string, d time.Duration) func(*World) {
	return func(w *World) {
		s := w.serverNamed(name)
		w.say(s.node, "applying a transaction takes %s from now on", d)
		s.Apply = d
	}
}

// BreakApplier makes a server's applier fail at its next transaction.
func BreakApplier(name string, errno int) func(*World) {
	return func(w *World) {
		if s := w.serverNamed(name); s.ch != nil {
			s.ch.failAt = errno
		}
	}
}

// BackendHangs makes the managers' backend hang or not.
func BackendHangs(hangs bool) func(*World) {
	return func(w *World) {
		w.say(w.backend.node, "it hangs: %t", hangs)
		w.backend.hung, w.check.backend = hangs, true
		w.rewired()
	}
}

// BackendFull makes the backend refuse to write or not.
func BackendFull(full bool) func(*World) {
	return func(w *World) {
		w.say(w.backend.node, "its disk is full: %t", full)
		w.backend.full, w.check.backend = full, true
	}
}

// Errant has somebody write on a server that is closed.
func Errant(name string) func(*World) {
	return func(w *World) {
		s := w.serverNamed(name)
		if !s.alive() {
			return
		}
		w.say(s.node, "somebody with all privileges writes here")
		t := s.newTxn("somebody")
		s.append(t)
		w.check.strange(t)
	}
}

// Open has a person open or close a server.
func Open(name string, open bool) func(*World) {
	return func(w *World) {
		s := w.serverNamed(name)
		if !s.alive() {
			return
		}
		w.say(s.node, "a person: %s", openness(!open))
		s.setOpen(open)
	}
}

// StopThreads has a person stop a server's replication, and StartThreads start it.
func StopThreads(name string) func(*World) {
	return func(w *World) {
		if s := w.serverNamed(name); s.alive() && s.ch != nil {
			w.say(s.node, "a person: stop replication")
			s.ch.stop(allThreads)
		}
	}
}

// StartThreads has a person start a server's replication.
func StartThreads(name string) func(*World) {
	return func(w *World) {
		if s := w.serverNamed(name); s.alive() && s.ch != nil {
			w.say(s.node, "a person: start replication")
			s.ch.start(allThreads)
		}
	}
}

// Purge has a server forget the beginning of its binary log.
func Purge(name string) func(*World) {
	return func(w *World) {
		s := w.serverNamed(name)
		s.purged = len(s.log)
		w.say(s.node, "its binary logs are purged up to %d", s.purged)
	}
}

func (w *World) serverNamed(name string) *Server {
	s := w.byKey[KeyOf(name)]
	if s == nil {
		panic(fmt.Sprintf("sim: the scenario names the server %q, which there is not", name))
	}
	return s
}
