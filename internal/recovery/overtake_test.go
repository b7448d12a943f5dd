package recovery

import (
	"testing"
	"testing/synctest"

	"orchestrator/internal/analysis"
	"orchestrator/internal/observe"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

func TestWhomAnOvertakenRecoveryLeavesAlone(t *testing.T) {
	below := func(source string) func(*topology.Instance) {
		return func(i *topology.Instance) { i.Channel.Source = key(source) }
	}
	primary := func(open bool) func(*topology.Instance) {
		return func(i *topology.Instance) { i.Channel, i.ReadOnly = topology.Channel{}, !open }
	}
	for name, c := range map[string]struct {
		change func(*topology.Instance)
		want   bool
	}{
		"it follows the newest primary":                {below("b"), true},
		"it still stands below the lost primary":       {below("p"), false},
		"it still stands below the successor, as lost": {below("a"), false},
		"it is the newest primary":                     {primary(true), true},
		"it is a former primary, closed":               {primary(false), false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func() *fakeFleet { return star("a", "b", "c") }, "", func(t *testing.T, b *bench) {
				b.change("c", c.change)
				first := &Recovery{Finding: analysis.Finding{Key: key("p")}, Successor: key("a")}
				if got := b.engine.settledElsewhere(first, key("c")); got != c.want {
					t.Errorf("settled elsewhere: %t", got)
				}
				if b.lose("c"); b.engine.settledElsewhere(first, key("c")) {
					t.Error("one that does not answer is settled")
				}
			})
		})
	}
}

// TestASuccessorThatIsLostBeforeItForgotItsSourceIsAPrimary: it was read between its opening and that.
func TestASuccessorThatIsLostBeforeItForgotItsSourceIsAPrimary(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.run(t)
		first := &Recovery{Finding: analysis.Finding{Key: key("p")}}
		first.Plan.Add(1, plan.Step{Server: key("a"), Action: plan.Action{Verb: plan.ForgetSource}})
		b.engine.mu.Lock()
		b.engine.promoters[key("a")] = first
		b.engine.mu.Unlock()
		b.event(observe.InstanceLost, "b")
		b.event(observe.InstanceLost, "a")
		synctest.Wait()
		if b.shown(observe.Promoted{Key: key("b")}) {
			t.Error("any lost replica is shown as a primary")
		}
		if !b.shown(observe.Promoted{Key: key("a")}) {
			t.Error("it is shown as a replica of the lost primary")
		}
	})
}

// TestWhoIsRepointedIsShownSoAtOnce: it may be lost before it is looked at again.
func TestWhoIsRepointedIsShownSoAtOnce(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.engine.executorOptions("p:3306", "", nil).OnRepointed(key("p"), "", key("a"))
		if !b.shown(observe.Repointed{Key: key("p"), Source: key("a")}) {
			t.Error("it is shown as the primary that it was")
		}
	})
}
