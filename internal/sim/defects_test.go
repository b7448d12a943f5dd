package sim

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/observe"
	"orchestrator/internal/recovery"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// defect is a mistake that is put into the engine on purpose.
type defect struct {
	name  string
	spoil func(*recovery.Options)
}

// serversAs replaces the engine's access to servers.
func serversAs(wrap func(access) execute.Server) func(*recovery.Options) {
	return func(o *recovery.Options) {
		real := o.Servers
		o.Servers = func(k topology.Key) execute.Server { return wrap(real(k).(access)) }
	}
}

// pictureAs replaces what the engine sees of a fleet; change gets copies.
func pictureAs(change func(w *World, all []*topology.Instance)) func(*recovery.Options) {
	return func(o *recovery.Options) { o.Observer = &altered{Observer: o.Observer, change: change, w: worldOf(o)} }
}

func worldOf(o *recovery.Options) *World { return o.Ledger.(ledger).m.w }

type altered struct {
	recovery.Observer
	w      *World
	change func(w *World, all []*topology.Instance)
}

func (a *altered) alter(t *topology.Topology) *topology.Topology {
	if t == nil {
		return nil
	}
	var all []*topology.Instance
	for _, i := range t.Instances() {
		all = append(all, i.Clone())
	}
	a.change(a.w, all)
	return topology.New(all, t.Names())
}

func (a *altered) Snapshot() *topology.Topology           { return a.alter(a.Observer.Snapshot()) }
func (a *altered) Cluster(name string) *topology.Topology { return a.alter(a.Observer.Cluster(name)) }

func (a *altered) Subscribe(buffer int) (<-chan observe.Event, func()) {
	in, stop := a.Observer.Subscribe(buffer)
	out := make(chan observe.Event, buffer)
	quit := make(chan struct{})
	var once sync.Once
	go func() {
		defer close(out)
		for e := range in {
			e.Topology = a.alter(e.Topology)
			select {
			case out <- e:
			case <-quit:
			}
		}
	}()
	return out, func() { once.Do(func() { close(quit) }); stop() }
}

type impatient struct{ access }

func (impatient) WaitExecuted(context.Context, string, time.Duration) error { return nil }
func (impatient) WaitPosition(context.Context, topology.Coordinates, string, time.Duration) error {
	return nil
}

type lordly struct{ recovery.Leadership }

func (lordly) IsLeader() bool                { return true }
func (lordly) Confirm(context.Context) error { return nil }

type careless struct{ access }

// Status hides that something was received and not applied.
func (c careless) Status(ctx context.Context) ([]topology.Channel, error) {
	channels, err := c.access.Status(ctx)
	for n := range channels {
		ch := &channels[n]
		ch.Read = ch.Exec
		if ch.GTID == topology.OracleGTID {
			ch.RetrievedSet = ""
		} else {
			ch.RetrievedSet = ch.AppliedSet
		}
	}
	return channels, err
}

type openHanded struct{ access }

func (h openHanded) SetReadOnly(ctx context.Context, on, super bool) error {
	if on {
		return nil
	}
	return h.access.SetReadOnly(ctx, on, super)
}

type lenient struct{ access }

// GTIDs says of a server that replicates from nobody, and is closed, that it holds nothing.
func (l lenient) GTIDs(ctx context.Context) (server.GTIDState, error) {
	g, err := l.access.GTIDs(ctx)
	l.m.w.lock()
	defer l.m.w.unlock()
	if l.s.ch == nil && l.s.readOnly {
		g.Executed, g.CurrentPos, g.BinlogPos, g.BinlogState = "", "", "", ""
	}
	return g, err
}

type silentLedger struct{ ledger }

func (silentLedger) AddStep(context.Context, string, time.Time, string) error { return nil }
func (silentLedger) Audit(context.Context, string, topology.Key, string, string) error {
	return nil
}

type endlessLedger struct{ ledger }

func (endlessLedger) ResolveRecovery(context.Context, *recovery.Recovery) error { return nil }

type forgetfulLedger struct{ ledger }

func (l forgetfulLedger) RegisterRecovery(ctx context.Context, r *recovery.Recovery, _ *recovery.Journal) (recovery.Block, error) {
	return l.ledger.RegisterRecovery(ctx, r, nil)
}

func (forgetfulLedger) SaveProgress(context.Context, string, *recovery.Journal) error { return nil }

type reckless struct{ access }

// KillConnection does not end the connection.
func (r reckless) KillConnection(context.Context, uint64) error { return nil }

func defects() []defect {
	return []defect{
		{"does not wait until the relay log is applied", serversAs(func(a access) execute.Server { return impatient{a} })},
		{"forgets to ask whether it leads", func(o *recovery.Options) { o.Leader = lordly{o.Leader} }},
		{"takes all replicas for equally advanced, so that the second best is promoted", pictureAs(func(_ *World, all []*topology.Instance) {
			for _, i := range all {
				if i.HasSource() {
					i.ExecutedSet, i.Channel.RetrievedSet, i.Channel.AppliedSet = "", "", ""
					i.Channel.Read, i.Channel.Exec = position(0), position(0)
				}
			}
		})},
		{"re-points and reconnects without looking at what is not applied", serversAs(func(a access) execute.Server { return careless{a} })},
		{"never closes the old primary", serversAs(func(a access) execute.Server { return openHanded{a} })},
		{"takes the old primary back without comparing", serversAs(func(a access) execute.Server { return lenient{a} })},
		{"takes a primary that only it cannot reach for dead", pictureAs(func(_ *World, all []*topology.Instance) {
			lost := make(map[topology.Key]bool)
			for _, i := range all {
				lost[i.Key] = !i.LastCheckValid()
			}
			for _, i := range all {
				if lost[i.Channel.Source] && i.Channel.IOThread.Running() {
					i.Channel.IOThread = topology.ThreadOther
				}
			}
		})},
		{"does not notice that the old primary is back before it opens the successor", pictureAs(func(w *World, all []*topology.Instance) {
			w.lock()
			defer w.unlock()
			for _, i := range all {
				if w.everLost == nil {
					w.everLost = make(map[topology.Key]time.Time)
				}
				if i.HasSource() || !i.Downtime.LostInRecovery() && i.LastCheckValid() && w.everLost[i.Key].IsZero() {
					continue
				}
				if !i.LastCheckValid() {
					w.everLost[i.Key] = i.Check.Seen
				}
				if seen, ok := w.everLost[i.Key]; ok && i.Check.Seen.Sub(seen) < 30*time.Second && !seen.IsZero() {
					i.Check.Seen, i.Check.Checked = seen, seen.Add(time.Second)
				}
			}
		})},
		{"writes no log and no audit", func(o *recovery.Options) { o.Ledger = silentLedger{o.Ledger.(ledger)} }},
		{"does not close the record of a recovery", func(o *recovery.Options) { o.Ledger = endlessLedger{o.Ledger.(ledger)} }},
		{"keeps no journal, so that nobody finishes what a dead leader began", func(o *recovery.Options) { o.Ledger = forgetfulLedger{o.Ledger.(ledger)} }},
		{"releases commits that wait on the old primary without sending their clients away", serversAs(func(a access) execute.Server { return reckless{a} })},
	}
}

// TestDefectsAreCaught puts one defect after the other into the engine, and runs random scenarios until an invariant is
// broken.
func TestDefectsAreCaught(t *testing.T) {
	oneThread(t)
	limit := max(*scenarios, 400) // it ends with the first that is noticed
	for _, d := range defects() {
		t.Run(d.name, func(t *testing.T) {
			r := NewRunner()
			for seed := uint64(1); seed <= uint64(limit); seed++ {
				var result *Result
				synctest.Test(t, func(*testing.T) {
					sc := Random(seed)
					sc.Spoil = d.spoil
					result = r.Run(sc)
				})
				if len(result.Violations) > 0 {
					t.Logf("| %s | `%s` | %d |", d.name, result.Violations[0].Invariant, seed)
					return
				}
			}
			t.Errorf("nothing was noticed in %d scenarios", limit)
		})
	}
}
