package sim

import (
	"context"
	"errors"
	"slices"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/recovery"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// backend is what all managers share: leases, records, the last known picture. Its rules are those of package store; a
// test compares them.
type backend struct {
	w    *World
	node node
	hung bool
	full bool // reads work, writes fail

	holder  store.Node
	held    moment // when the lease was last renewed; 0: there is none
	changed moment // when the holder last changed
	beats   map[store.Node]moment

	recoveries []*row
	detections []*detection
	journals   []*journal
	downtimes  map[topology.Key]topology.Downtime
	instances  map[topology.Key]*topology.Instance
	disabled   bool
	steps      []note
	audits     []note
	primaries  map[string]topology.Key
}

// row is the record of a recovery.
type row struct {
	recovery.Recovery
	by                   store.Node
	active, acked, ended bool
	successful           bool
	at                   moment // when it was registered
}

type detection struct {
	id         int64
	key        topology.Key
	code       analysis.Code
	actionable bool
	active     bool
	at         moment
}

type journal struct {
	uid     string
	by      store.Node // who works on it
	cluster string
	state   recovery.Journal
	open    bool
	updated time.Time
}

// note is a line of a recovery's log, or of the audit.
type note struct {
	at   moment
	uid  string
	kind string
	key  topology.Key
	text string
}

func newBackend(w *World, n node) *backend {
	return &backend{
		w: w, node: n, beats: make(map[store.Node]moment), downtimes: make(map[topology.Key]topology.Downtime),
		instances: make(map[topology.Key]*topology.Instance), primaries: make(map[string]topology.Key),
	}
}

var errBackend = errors.New("the backend's disk is full")

// consult is one question of a manager to the backend. do is done there, under the world's lock.
func (m *Manager) consult(ctx context.Context, kind int, writes bool, do func(b *backend) error) error {
	err := m.consultOnce(ctx, kind, writes, do)
	if err != nil && ctx.Err() != nil {
		m.w.aMoment(m.node, m.w.backend.node, kind)
	}
	return err
}

func (m *Manager) consultOnce(ctx context.Context, kind int, writes bool, do func(b *backend) error) error {
	w, b := m.w, m.w.backend
	w.lock()
	d := w.latency(m.node, b.node, kind)
	w.unlock()
	if err := w.sleep(ctx, d); err != nil {
		return err
	}
	for {
		w.lock()
		switch {
		case m.dead:
			w.unlock()
			return errGone
		case m.paused || b.hung || !w.talks(m.node, b.node):
		case b.full && writes:
			w.unlock()
			return errBackend
		default:
			err := do(b)
			d := w.latency(b.node, m.node, kind)
			w.unlock()
			if w.sleep(ctx, d) != nil {
				return context.Cause(ctx)
			}
			return err
		}
		changed := w.changed
		w.unlock()
		select {
		case <-changed:
			if err := w.sleep(ctx, d); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// lease is the row of the leader: a consensus.Table.
type lease struct{ m *Manager }

func (b *backend) hold(n store.Node) {
	if b.holder != n {
		b.w.say(b.node, "%s leads", n.Hostname)
		b.changed = b.w.now()
	}
	b.holder, b.held = n, b.w.now()
}

// AttemptLease implements consensus.Table.
func (l lease) AttemptLease(ctx context.Context, me store.Node, silent store.LeaseMark) (holder store.LeaseMark, err error) {
	err = l.m.consult(ctx, 30, true, func(b *backend) error {
		if b.held == 0 || b.holder == me || silent == b.mark() {
			b.hold(me)
		}
		holder = b.mark()
		return nil
	})
	return holder, err
}

// mark is who leads, and when the lease was renewed, as exactly as it is on record.
func (b *backend) mark() store.LeaseMark {
	return store.LeaseMark{Node: b.holder, Renewed: b.w.start.Add(b.held).Truncate(time.Second)}
}

// RenewLease implements consensus.Table.
func (l lease) RenewLease(ctx context.Context, me store.Node) (still bool, err error) {
	err = l.m.consult(ctx, 31, true, func(b *backend) error {
		still = b.held != 0 && b.holder == me
		if still {
			b.hold(me)
		}
		return nil
	})
	return still && err == nil, err
}

// InheritLease implements consensus.Table.
func (l lease) InheritLease(context.Context, store.Node, string) (bool, error) { return false, nil }

// ReleaseLease implements consensus.Table.
func (l lease) ReleaseLease(ctx context.Context, me store.Node) error {
	return l.m.consult(ctx, 32, true, func(b *backend) error {
		if b.holder == me {
			b.holder, b.held = store.Node{}, 0
		}
		return nil
	})
}

// GrabLease implements consensus.Table.
func (l lease) GrabLease(ctx context.Context, me store.Node) error {
	return l.m.consult(ctx, 33, true, func(b *backend) error {
		b.hold(me)
		return nil
	})
}

// ActiveNode implements consensus.Table.
func (l lease) ActiveNode(ctx context.Context) (h store.NodeHealth, ok bool, err error) {
	err = l.m.consult(ctx, 34, false, func(b *backend) error {
		ok = b.held != 0
		h = store.NodeHealth{Node: b.holder, LastSeen: b.w.start.Add(b.held), FirstSeen: b.w.start.Add(b.changed)}
		return nil
	})
	return h, ok, err
}

// alive are the processes that have given a sign of life lately.
func (b *backend) alive(n store.Node) bool {
	at, ok := b.beats[n]
	return ok && b.w.now()-at <= store.HealthTime
}

// keep is the last known picture, as one manager stores it: an observe.Store.
type keep struct{ m *Manager }

// LoadInstances implements observe.Store.
func (k keep) LoadInstances(ctx context.Context) (all []*topology.Instance, names topology.Names, err error) {
	for {
		err = k.m.consult(ctx, 40, false, func(b *backend) error {
			all = nil
			for _, s := range b.w.servers {
				i := b.instances[s.key]
				if i == nil {
					continue
				}
				c := i.Clone()
				c.Downtime = nil
				if d, ok := b.downtimes[s.key]; ok {
					c.Downtime = &d
				}
				all = append(all, c)
			}
			return nil
		})
		if err == nil || ctx.Err() != nil || k.m.w.sleep(ctx, time.Second) != nil {
			return all, names, err
		}
	}
}

// LoadAliasOverrides implements observe.Store.
func (k keep) LoadAliasOverrides(context.Context) (map[string]string, error) { return nil, nil }

// Observe implements observe.Store.
func (k keep) Observe(i *topology.Instance) {
	w := k.m.w
	w.lock()
	defer w.unlock()
	if !k.m.dead && w.backend.holder == k.m.id && !w.backend.full {
		w.backend.instances[i.Key] = i
	}
}

// ForgetInstances implements observe.Store.
func (k keep) ForgetInstances(ctx context.Context, keys ...topology.Key) error {
	return k.m.consult(ctx, 41, true, func(b *backend) error {
		for _, key := range keys {
			delete(b.instances, key)
		}
		return nil
	})
}

// SaveNames implements observe.Store.
func (k keep) SaveNames(context.Context, topology.Names) error { return nil }

// BeginDowntime implements observe.Store.
func (k keep) BeginDowntime(ctx context.Context, key topology.Key, d topology.Downtime) error {
	return k.m.ledger().Downtime(ctx, key, d)
}

// EndDowntime implements observe.Store. Only who leads writes what it observes.
func (k keep) EndDowntime(ctx context.Context, key topology.Key) error {
	if !k.m.lease.IsLeader() {
		return nil
	}
	return k.m.ledger().EndDowntime(ctx, key)
}

// RegisterCandidate implements observe.Store.
func (k keep) RegisterCandidate(context.Context, topology.Key, topology.PromotionRule) error {
	return nil
}

// Caretake implements observe.Store.
func (k keep) Caretake(context.Context) error { return nil }

func (b *backend) journal(uid string) *journal {
	if n := slices.IndexFunc(b.journals, func(j *journal) bool { return j.uid == uid }); n >= 0 {
		return b.journals[n]
	}
	return nil
}

// put keeps a process's journal of a recovery, open. j is the process's own, and may change later.
func (b *backend) put(uid string, by store.Node, j *recovery.Journal) {
	o := b.journal(uid)
	if o == nil {
		o = &journal{uid: uid}
		b.journals = append(b.journals, o)
	}
	o.by, o.cluster, o.state, o.open, o.updated = by, j.Cluster, *j, true, b.w.start.Add(b.w.now())
	o.state.Steps = slices.Clone(j.Steps)
}

func (b *backend) row(uid string) *row {
	if n := slices.IndexFunc(b.recoveries, func(r *row) bool { return r.UID == uid }); n >= 0 {
		return b.recoveries[n]
	}
	return nil
}
