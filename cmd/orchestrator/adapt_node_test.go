package main

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/store"
)

// clock is a time that only a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

// twoNodes are the healths of a service and a command on one backend.
func twoNodes(t *testing.T) (service, command *nodeHealth, at *clock, log *strings.Builder) {
	t.Helper()
	at, log = &clock{time.Now()}, &strings.Builder{}
	s, err := store.Open(t.Context(), store.Options{File: testFile(t), Version: "test", Now: at.now})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	logger := slog.New(slog.NewTextHandler(log, nil))
	node := func(token, mode, command string) *nodeHealth {
		n := operate.Node{Hostname: "host", Token: token, Version: "v"}
		return newNodeHealth(s, n, mode, command, "backend", standalone{}, at.now, logger)
	}
	return node("service", httpMode, ""), node("command", cliMode, "recover"), at, log
}

func TestHealthOfTwoProcesses(t *testing.T) {
	service, command, at, log := twoNodes(t)
	if holder, err := service.store.AttemptLease(t.Context(), service.self.Node, store.LeaseMark{}); holder.Node != service.self.Node || err != nil {
		t.Fatal(holder, err)
	}
	at.pass(time.Second)
	command.Health(t.Context())
	h := service.Health(t.Context())
	if h.Err != nil || !h.IsActive || h.Active.Token != "service" || h.Hostname != "host" || h.Token != "service" {
		t.Errorf("health %+v", h)
	}
	// Only the service is a node that one can turn to.
	if len(h.Available) != 1 || h.Available[0].Token != "service" || h.Available[0].Version != "v" || h.Available[0].ExtraInfo != httpMode {
		t.Errorf("available %+v", h.Available)
	}
	// Both count as alive; the command no longer when it has been silent.
	both := []store.Node{{Hostname: "host", Token: "service"}, {Hostname: "host", Token: "command"}}
	if nodes, err := service.alive(t.Context()); err != nil || !slices.Equal(nodes, both) {
		t.Errorf("alive %v, %v", nodes, err)
	}
	at.pass(store.HealthTime + time.Second)
	if nodes, err := service.alive(t.Context()); err != nil || !slices.Equal(nodes, both[:1]) {
		t.Errorf("alive %v, %v; a process counts itself always", nodes, err)
	}
	if log.Len() > 0 {
		t.Error(log.String())
	}
}

// waiting is the leadership of a service that stands by.
type waiting struct{ unreplicated }

func (waiting) IsLeader() bool { return false }

// TestANodeKnowsItsRole tells who does not know yet whom it follows.
func TestANodeKnowsItsRole(t *testing.T) {
	service, _, at, _ := twoNodes(t)
	undecided := func(l operate.Leadership, want bool) {
		t.Helper()
		at.pass(2 * beat)
		service.leader = l
		if h := service.Health(t.Context()); h.Err != nil || h.Undecided != want {
			t.Errorf("%T: %+v, undecided is wanted: %t", l, h, want)
		}
	}
	undecided(standalone{}, false) // which leads by itself
	undecided(waiting{}, true)
	undecided(bystander{}, false) // which never leads
	if holder, err := service.store.AttemptLease(t.Context(), store.Node{Hostname: "other", Token: "other"}, store.LeaseMark{}); holder.Token != "other" || err != nil {
		t.Fatal(holder, err)
	}
	undecided(waiting{}, false)
}

func TestHealthIsAskedOncePerBeat(t *testing.T) {
	service, _, at, _ := twoNodes(t)
	first := service.Health(t.Context()).Available[0].LastSeen
	at.pass(beat / 4)
	if h := service.Health(t.Context()); !h.Available[0].LastSeen.Equal(first) {
		t.Error("asked again at once")
	}
	at.pass(2 * beat)
	if h := service.Health(t.Context()); !h.Available[0].LastSeen.After(first) {
		t.Error("not asked again")
	}
}

func TestFailureIsRemembered(t *testing.T) {
	service, _, at, log := twoNodes(t)
	// Somebody who does not wait learns nothing, and the next one asks.
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if h := service.Health(gone); h.Err == nil {
		t.Error("no error")
	}
	if h := service.Health(t.Context()); h.Err != nil || log.Len() > 0 {
		t.Errorf("error %v, log %s", h.Err, log)
	}
	must(t, service.store.Close())
	at.pass(2 * beat)
	for range 2 { // the second is the answer of the same second
		if h := service.Health(t.Context()); h.Err == nil {
			t.Error("no error")
		}
	}
	at.pass(2 * beat)
	service.Health(t.Context())
	if n := strings.Count(log.String(), "no sign of life"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

func TestRunGivesSignsOfLifeUntilItEnds(t *testing.T) {
	service, _, _, _ := twoNodes(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	service.run(ctx) // returns
}

func TestNodesDiffer(t *testing.T) {
	a, err := newNode("v", "c")
	must(t, err)
	b, err := newNode("v", "c")
	must(t, err)
	if a.Token == b.Token || len(a.Token) != 64 || a.Hostname == "" {
		t.Errorf("%+v and %+v", a, b)
	}
}
