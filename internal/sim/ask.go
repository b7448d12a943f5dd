package sim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"orchestrator/internal/server"
)

// errGone is what a manager hears whose process has ended.
var errGone = errors.New("the process of this manager has ended")

// errLater says that a statement goes on: it is looked at again a little later.
var errLater = errors.New("not yet")

// question is one message from a manager to a server and back.
type question struct {
	what  string // for errors and the story
	kind  int    // tells messages apart that leave at the same moment
	fresh bool   // on a new connection
	// writes says that it changes the server. What do does then must not be seen by anybody else: a server that hangs
	// may do it after the one who asked has gone.
	writes bool
}

// ask sends a question to a server and waits for the answer as a client of a real one would. do is done on the server,
// under the world's lock.
func (m *Manager) ask(ctx context.Context, s *Server, q question, do func() error) error {
	err := m.askOnce(ctx, s, q, do)
	if err != nil && ctx.Err() != nil {
		m.w.aMoment(m.node, s.node, q.kind)
	}
	return err
}

// aMoment passes before somebody notices that his time is over. Deadlines and ticks are whole seconds, and would fall
// together otherwise.
func (w *World) aMoment(from, to node, kind int) {
	w.lock()
	d := time.Duration(mix(w.luck(from, to, kind)) % 50_000)
	w.unlock()
	time.Sleep(d)
}

func (m *Manager) askOnce(ctx context.Context, s *Server, q question, do func() error) error {
	w := m.w
	fail := func(kind server.Kind, err error) error {
		return &server.Error{Key: s.key, Op: q.what, Kind: kind, Err: err}
	}
	w.lock()
	d := w.latency(m.node, s.node, q.kind)
	if q.writes {
		w.check.acts(m, s, q.what)
	}
	w.unlock()
	if err := w.sleep(ctx, d); err != nil {
		return fail(server.Hung, err)
	}
	life, connected := 0, false
	for {
		w.lock()
		blocked := !w.flows(m.node, s.node) || s.hostDown || s.hung || q.fresh && !w.flows(s.node, m.node)
		switch {
		case m.dead:
			w.unlock()
			return fail(server.Canceled, errGone)
		case m.paused || blocked:
		case !s.up:
			blocked = !w.flows(s.node, m.node)
			if !blocked {
				w.unlock()
				return fail(server.Refused, errors.New("connection refused"))
			}
		case connected && s.life != life:
			w.unlock()
			return fail(server.ConnectionLost, errors.New("the connection was lost"))
		default:
			life, connected = s.life, true
			from := len(w.check.deeds)
			err := do()
			to := len(w.check.deeds)
			d := w.latency(s.node, m.node, q.kind)
			w.unlock()
			if errors.Is(err, errLater) {
				if err := w.sleep(ctx, 2*time.Millisecond+d/8); err != nil {
					return fail(server.Hung, err)
				}
				continue
			}
			answer := m.answer(ctx, s, life, d, err, fail)
			if answer != err {
				w.unheard(from, to)
			}
			return answer
		}
		changed := w.changed
		w.unlock()
		select {
		case <-changed:
			if err := w.sleep(ctx, resend/4+d); err != nil {
				return fail(server.Hung, err)
			}
		case <-ctx.Done():
			w.lock()
			if q.writes && s.hung && !q.fresh && w.flows(m.node, s.node) && mix(w.luck(m.node, s.node, q.kind))%2 == 0 {
				sent := w.now()
				s.parked = append(s.parked, func() { w.check.late(sent, func() { _ = do() }) })
			}
			w.unlock()
			return fail(server.Hung, context.Cause(ctx))
		}
	}
}

// answer brings the answer back.
func (m *Manager) answer(ctx context.Context, s *Server, life int, d time.Duration, err error, fail func(server.Kind, error) error) error {
	w := m.w
	if err := w.sleep(ctx, d); err != nil {
		return fail(server.Hung, err)
	}
	for {
		w.lock()
		arrives, dead, changed := w.flows(s.node, m.node) && !m.paused, m.dead, w.changed
		lost := s.life != life // what had not left the machine never will
		w.unlock()
		switch {
		case arrives && lost:
			return fail(server.ConnectionLost, errors.New("the connection was lost"))
		case dead:
			return fail(server.Canceled, errGone)
		case arrives:
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fail(server.Hung, context.Cause(ctx))
		}
	}
}

// sleep waits; the error is that of the context, when it ends first.
func (w *World) sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	t := w.clocks.timer(d)
	select {
	case <-t.C:
		w.clocks.back(t)
		return nil
	case <-ctx.Done():
		t.Stop()
		return context.Cause(ctx)
	}
}

// clocks are timers that have gone off, to be used again: a scenario needs thousands, and a few at a time.
type clocks struct {
	mu   sync.Mutex
	free []*time.Timer
}

func (c *clocks) timer(d time.Duration) *time.Timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := len(c.free) - 1
	if last < 0 {
		return time.NewTimer(d)
	}
	t := c.free[last]
	c.free = c.free[:last]
	t.Reset(d)
	return t
}

func (c *clocks) back(t *time.Timer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free = append(c.free, t)
}

// sqlError is an error that the server itself gives.
func sqlError(s *Server, what string, kind server.Kind, code uint16, format string, args ...any) error {
	return &server.Error{Key: s.key, Op: what, Kind: kind, Code: code, Err: fmt.Errorf("error %d: "+format, append([]any{code}, args...)...)}
}
