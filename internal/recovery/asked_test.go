package recovery

import (
	"context"
	"slices"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/topology"
)

// askedBench is one whose silent primary p is about to be asked about.
func askedBench(b *bench) (ask func(t *testing.T), stops func() int) {
	b.change("p", func(i *topology.Instance) { i.Check.Checked = time.Now().Add(time.Millisecond) })
	f := &analysis.Finding{Key: key("p"), ClusterName: "p:3306", Code: analysis.UnreachablePrimaryWithLagging, AutomatedPrimaryRecovery: true,
		Replicas: []topology.Key{key("a"), key("b")}}
	return func(t *testing.T) { b.engine.askReplicas(t.Context(), b.Snapshot(), f) },
		func() int {
			return len(slices.DeleteFunc(b.statements(), func(s string) bool { return s != "b: stop" }))
		}
}

// TestReplicasThatCouldNotBeAskedAreAskedAgainSoon: one was applying something just then.
func TestReplicasThatCouldNotBeAskedAreAskedAgainSoon(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		defer b.engine.work.Wait() // it does not run: nobody else asks
		ask, stops := askedBench(b)
		b.on["a: stop"] = func(context.Context) error { return errNo }
		ask(t)
		ask(t)
		if n := stops(); n != 1 {
			t.Fatalf("asked %d times at once", n)
		}
		after(askFailed)
		delete(b.on, "a: stop")
		ask(t)
		if n := stops(); n != 2 {
			t.Errorf("asked %d times after %s, want 2", n, askFailed)
		}
		after(askFailed)
		ask(t)
		if n := stops(); n != 2 {
			t.Errorf("asked %d times although all had been asked", n)
		}
	})
}

// TestReplicasAreAskedAnewAfterAFailover: the limit is about the same replicas of the same primary.
func TestReplicasAreAskedAnewAfterAFailover(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		defer b.engine.work.Wait() // it does not run: nobody else asks
		ask, stops := askedBench(b)
		ask(t)
		b.engine.noteSuccessor(key("q"), key("p"))
		ask(t)
		if n := stops(); n != 2 {
			t.Errorf("asked %d times, want 2", n)
		}
		b.engine.noteSuccessor(key("q"), key("r"))
		ask(t)
		if n := stops(); n != 2 {
			t.Errorf("asked %d times after somebody else's failover, want 2", n)
		}
	})
}

// TestNothingIsConcludedOfAReplicaThatHasJustHeard: its link was down, and it has only now begun to connect, whether or not
// anybody was told of it.
func TestNothingIsConcludedOfAReplicaThatHasJustHeard(t *testing.T) {
	for name, answer := range map[string]error{"and said so": nil, "and whose answer was lost": errNo} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				defer b.engine.work.Wait()
				b.change("p", func(i *topology.Instance) { i.Check.Checked = time.Now().Add(time.Millisecond) })
				b.on["a: stop"] = func(context.Context) error { time.Sleep(2 * settlePeriod); return answer }
				f := &analysis.Finding{Key: key("p"), ClusterName: "p:3306", Code: analysis.UnreachablePrimary, AutomatedPrimaryRecovery: true}
				b.engine.askReplicas(t.Context(), b.Snapshot(), f)
				if _, settling := b.engine.heldBack(b.Snapshot(), key("p")); !settling {
					t.Error("what it shows counts at once")
				}
				after(settlePeriod)
				b.change("a", func(i *topology.Instance) { i.Check.Seen, i.Check.Latency = time.Now(), 2*settlePeriod })
				if _, settling := b.engine.heldBack(b.Snapshot(), key("p")); !settling {
					t.Error("an answer counts that was long on its way, and was given before")
				}
				b.change("a", func(i *topology.Instance) { i.Check.Latency = 0 })
				if _, settling := b.engine.heldBack(b.Snapshot(), key("p")); settling {
					t.Error("it is held back for longer than it takes to connect")
				}
			})
		})
	}
}
