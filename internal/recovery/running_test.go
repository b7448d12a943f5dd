package recovery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// hangs lets a statement wait for the end of its context, and says when it does.
func hangs(b *bench, statement string) {
	b.on[statement] = func(ctx context.Context) error {
		<-ctx.Done()
		return context.Cause(ctx)
	}
}

func TestAStuckStepIsSeenAndCancelled(t *testing.T) {
	for name, c := range map[string]struct {
		statement string
		promoted  bool
	}{
		"before anybody was opened": {"a: read_only=false", false},
		"of a follower":             {"b: stop", true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				hangs(b, c.statement)
				b.run(t)
				b.kill()
				after(2 * time.Second)
				running := b.engine.Running()
				if len(running) != 1 || running[0].Failed != key("p") {
					t.Fatalf("running: %+v", running)
				}
				server, _, _ := strings.Cut(c.statement, ":")
				if !slices.ContainsFunc(running[0].Steps, func(s plan.Step) bool { return s.State == plan.Running && s.Server == key(server) }) {
					t.Errorf("the step that hangs does not show: %+v", running[0].Steps)
				}
				if n, err := b.engine.Cancel("p:3306", "ann"); err != nil || n != 1 {
					t.Fatalf("cancelled %d: %v", n, err)
				}
				after(time.Second)
				r, ok := b.ledger.ended()
				if !ok || r.Successful() != c.promoted || !contains(r.Errors, "cancelled by ann") {
					t.Errorf("recovery %+v", r)
				}
				if got := b.engine.Running(); len(got) > 0 {
					t.Errorf("still running: %+v", got)
				}
			})
		})
	}
}

func TestAStuckHookIsSeenAndCancelled(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.hooks.on["PreFailoverProcesses"] = func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		b.run(t)
		b.kill()
		after(2 * time.Second)
		if running := b.engine.Running(); len(running) != 1 || !slices.Equal(running[0].Hooks, []string{"PreFailoverProcesses"}) {
			t.Fatalf("running: %+v", running)
		}
		if _, err := b.engine.Cancel("p:3306", "ann"); err != nil {
			t.Fatal(err)
		}
		after(100 * time.Millisecond)
		if r, ok := b.ledger.ended(); !ok || r.Successful() || !contains(r.Errors, "cancelled by ann") {
			t.Errorf("recovery %+v", r)
		}
	})
}

func TestNothingToCancel(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.run(t)
		if _, err := b.engine.Cancel("p:3306", "ann"); !errors.Is(err, errNothingToCancel) {
			t.Error(err)
		}
		b.kill()
		if r, ok := b.ledger.ended(); !ok || r.Successor == (topology.Key{}) {
			t.Errorf("recovery %+v", r)
		}
	})
}
