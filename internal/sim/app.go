package sim

import (
	"context"
	"time"

	"orchestrator/internal/publish"
)

// app is an application that writes all the time. It writes where the last write succeeded, and looks for another server
// when that one refuses or is silent.
type app struct {
	w      *World
	node   node
	at     int // index of the server
	n      int
	paused bool
}

// patience is how long an application waits for an answer.
const patience = 700 * time.Millisecond

func newApp(w *World, n node) *app { return &app{w: w, node: n} }

// start begins to write.
func (a *app) start() {
	a.w.quietly(time.Duration(hash(a.w.seed, uint64(a.node))%uint64(100*time.Millisecond)), a.write)
}

// seldom is how much slower applications write where nothing is about to happen.
const seldom = 8

func (a *app) pause() time.Duration {
	sc := a.w.Scenario
	every := sc.WriteEvery
	if now := a.w.now(); sc.Busy.To > 0 && (now < sc.Busy.From || now > sc.Busy.To) {
		every *= seldom
	}
	a.n++
	return every/2 + time.Duration(hash(a.w.seed, uint64(a.node), uint64(a.n))%uint64(every))
}

// write tries to commit one transaction.
func (a *app) write() {
	w := a.w
	if a.paused || w.ending {
		return
	}
	s := w.servers[a.at]
	answered := false
	next := func(d time.Duration) {
		if !answered {
			answered = true
			w.quietly(d, a.write)
		}
	}
	elsewhere := func() {
		a.at = (a.at + 1) % len(w.servers)
		next(a.pause() / 4)
	}
	w.quietly(patience, func() {
		if !answered {
			elsewhere()
		}
	})
	w.quietly(w.latency(a.node, s.node, 70), func() {
		switch {
		case !w.flows(a.node, s.node), s.hostDown, s.hung:
			return // silence
		case !s.up:
			if w.flows(s.node, a.node) {
				w.quietly(w.latency(s.node, a.node, 71), elsewhere)
			}
			return
		case s.readOnly:
			w.quietly(w.latency(s.node, a.node, 72), elsewhere)
			return
		case s.full, len(s.closes) > 0:
			return // it waits inside the server
		}
		wild := s.ch != nil // open by its option file, or by a person: nobody is to write here
		t := s.write(w.name(a.node), func(t txn, acked, guaranteed bool) {
			w.quietly(w.latency(s.node, a.node, 73), func() {
				if !acked || !w.flows(s.node, a.node) {
					return
				}
				w.check.acked(t, s, guaranteed)
				next(a.pause())
			})
		})
		if wild { // whether it is ever acknowledged or not
			w.check.strange(t)
		}
	})
}

// hooks are the programs that the engine runs: none, but for the time that they take.
type hooks struct{ m *Manager }

// Run implements recovery.Hooks.
func (h hooks) Run(ctx context.Context, list publish.List, _ publish.Values, _ publish.Mode) error {
	w := h.m.w
	w.lock()
	d := w.Scenario.HookTime
	w.unlock()
	if d == 0 {
		return nil
	}
	return w.sleep(ctx, d)
}
