package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
)

// Live is a scenario that runs, for one who moves it along step by step (Runner.Drive). Between its methods time goes on when
// the caller sleeps.
type Live struct{ w *World }

// Do lets something happen.
func (l *Live) Do(what func(*World)) {
	l.w.lock()
	defer l.w.unlock()
	l.w.check.last = l.w.now()
	what(l.w)
}

// Await waits until something is so. The error is that it did not come about within the given time.
func (l *Live) Await(what string, within time.Duration, ok func() bool) error {
	for end := time.Now().Add(within); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("waited in vain for %s", what)
		}
	}
	return nil
}

// Ready says whether a manager leads that has asked all servers.
func (l *Live) Ready() bool {
	m := l.leader()
	if m == nil {
		return false
	}
	t := m.observer.Snapshot()
	clusters := t.Clusters()
	return t.Len() == len(l.w.servers) && len(clusters) == 1 && m.observer.Complete(clusters[0].Name)
}

func (l *Live) leader() *Manager {
	l.w.lock()
	defer l.w.unlock()
	return l.w.leader()
}

// ErrNotAcknowledged says that a server did not acknowledge a transaction in time.
var ErrNotAcknowledged = errors.New("not acknowledged")

// Write has a client commit a transaction on a server, and waits until it is acknowledged.
func (l *Live) Write(name string) error {
	acknowledged := l.Send(name)
	if err := l.Await("an acknowledgement", 10*time.Second, acknowledged); err != nil {
		return fmt.Errorf("write on %s: %w", name, ErrNotAcknowledged)
	}
	return nil
}

// Send has a client begin to commit a transaction on a server, and returns what tells whether it was acknowledged. A server
// that is closed refuses it, and one that is gone does not hear it.
func (l *Live) Send(name string) (acknowledged func() bool) {
	w, done := l.w, false
	l.Do(func(w *World) {
		s := w.serverNamed(name)
		if !s.alive() || s.readOnly {
			return
		}
		s.write("client", func(t txn, acked, guaranteed bool) {
			if acked {
				done = true
				w.check.acked(t, s, guaranteed)
			}
		})
	})
	return func() bool {
		w.lock()
		defer w.unlock()
		return done
	}
}

// Arrived says whether every replica that receives has received all that its source has, and has applied it where it applies
// without a delay.
func (l *Live) Arrived() bool {
	w := l.w
	w.lock()
	defer w.unlock()
	for _, s := range w.servers {
		ch := s.ch
		if !s.alive() || ch == nil || ch.stream == nil || !ch.stream.source.alive() {
			continue
		}
		applies := ch.sql == topology.ThreadRunning && ch.delay == 0
		if ch.stream.cursor < len(ch.stream.source.log) || applies && len(ch.unapplied()) > 0 {
			return false
		}
	}
	return true
}

// Busy says whether a recovery is under way.
func (l *Live) Busy() bool {
	l.w.lock()
	defer l.w.unlock()
	return l.w.check.unfinished()
}

// ask has a person ask the manager that leads for something.
func (l *Live) ask(do func(m *Manager) error) error {
	m := l.leader()
	if m == nil {
		return errors.New("no manager leads")
	}
	return do(m)
}

// TakeOver has a person ask for another primary in place of a server, and returns the answer.
func (l *Live) TakeOver(command recovery.Command, of, to string) error {
	return l.ask(func(m *Manager) error {
		want := recovery.TakeoverRequest{Command: command}
		if to != "" {
			want.Designated = KeyOf(to)
		}
		if i := m.observer.Snapshot().Instance(KeyOf(of)); i != nil {
			want.Cluster = i.ClusterName
		}
		_, err := m.engine.Takeover(m.ctx, want)
		return err
	})
}

// Recover has a person ask for the recovery of a server.
func (l *Live) Recover(name string) error {
	return l.ask(func(m *Manager) error {
		_, err := m.engine.Recover(m.ctx, KeyOf(name), topology.Key{}, true)
		return err
	})
}

// Downtime has a person declare a server's downtime.
func (l *Live) Downtime(name string, d time.Duration) error {
	return l.ask(func(m *Manager) error {
		down := topology.Downtime{Owner: "person", Reason: "test", Begin: m.clock(), End: m.clock().Add(d)}
		if err := m.ledger().Downtime(m.ctx, KeyOf(name), down); err != nil {
			return err
		}
		m.observer.Apply(observe.SetDowntime{Key: KeyOf(name), Downtime: &down})
		return nil
	})
}

// Disable has a person switch all recoveries off or on.
func (l *Live) Disable(off bool) error {
	return l.ask(func(m *Manager) error {
		return m.consult(m.ctx, 69, true, func(b *backend) error {
			b.disabled = off
			return nil
		})
	})
}

// Acknowledge has a person acknowledge all recoveries on record.
func (l *Live) Acknowledge() error {
	return l.ask(func(m *Manager) error {
		var all []string
		err := m.consult(m.ctx, 69, false, func(b *backend) error {
			for _, r := range b.recoveries {
				all = append(all, r.UID)
			}
			return nil
		})
		for _, uid := range all {
			err = errors.Join(err, m.ledger().Acknowledge(context.Background(), uid, "test"))
		}
		return err
	})
}
