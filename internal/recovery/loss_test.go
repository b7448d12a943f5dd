package recovery

import (
	"context"
	"slices"
	"testing"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/topology"
)

// aheadBy has the primary be seen with transactions that no replica has received.
func aheadBy(b *bench, n string) {
	b.change("p", func(i *topology.Instance) { i.ExecutedSet = uuid("p") + ":1-" + n })
}

func TestLossLimitStopsAnAutomaticFailover(t *testing.T) {
	const limit = `"RecoverMasterClusterFilters": ["*"], "FailoverMaxLossTransactions": 5`
	inBubble(t, pair, limit, func(t *testing.T, b *bench) {
		aheadBy(b, "106")
		b.run(t)
		b.kill()
		after(15 * time.Minute)
		r, ok := b.ledger.ended()
		if !ok || r.Successful() || !contains(r.Errors, "6 transactions would be lost, and FailoverMaxLossTransactions allows 5") {
			t.Fatalf("recovery %+v", r)
		}
		if slices.ContainsFunc(b.statements(), func(s string) bool { return s == "a: read_only=false" || s == "b: follow a" }) {
			t.Errorf("servers were changed: %q", b.statements())
		}
		b.ledger.mu.Lock()
		attempts, acked := len(b.ledger.resolved), len(b.ledger.acked)
		b.ledger.mu.Unlock()
		if attempts != 1 || acked != 1 {
			t.Errorf("%d attempts while nothing changed, %d of them acknowledged", attempts, acked)
		}
		if x, err := b.engine.Explain(t.Context(), Question{Cluster: "p:3306"}); err != nil || x.Would || !slices.ContainsFunc(x.Holds, func(h failover.Hold) bool { return h.Rule == "loss-limit" }) {
			t.Errorf("explained as %+v, %v", x.Holds, err)
		}

		// A person may go on all the same.
		if r, err := b.engine.Recover(t.Context(), key("p"), topology.Key{}, true); err != nil || r.Successor != key("a") {
			t.Errorf("by hand: %+v %v", r, err)
		}
	})
}

func TestLossLimitLetsPassWhatIsWithinIt(t *testing.T) {
	inBubble(t, pair, `"RecoverMasterClusterFilters": ["*"], "FailoverMaxLossTransactions": 6, "FailoverMaxLossSeconds": 0`, func(t *testing.T, b *bench) {
		b.run(t)
		b.kill()
		if r, ok := b.ledger.ended(); !ok || !r.Successful() {
			t.Errorf("recovery %+v", r)
		}
	})
}

func TestLossLimitIsLookedAtAgainWhenAReplicaReturns(t *testing.T) {
	inBubble(t, pair, `"RecoverMasterClusterFilters": ["*"], "FailoverMaxLossTransactions": 0`, func(t *testing.T, b *bench) {
		aheadBy(b, "106")
		b.run(t)
		b.kill()
		after(5 * time.Second)
		b.change("b", func(i *topology.Instance) {
			i.ExecutedSet = uuid("p") + ":1-106"
			i.Channel.RetrievedSet = i.ExecutedSet
		})
		after(5 * time.Second)
		if r, ok := b.ledger.ended(); !ok || r.Successor != key("b") {
			t.Errorf("recovery %+v", r)
		}
	})
}

func TestHooksOfAnUnfinishedRecoveryRunOnce(t *testing.T) {
	for name, c := range map[string]struct {
		begun map[string]int
		want  []string
	}{
		"none had begun":   {nil, []string{"PostMasterFailoverProcesses", "PostFailoverProcesses"}},
		"the first had":    {map[string]int{"PreFailoverProcesses": 1, "PostMasterFailoverProcesses": 1}, []string{"PostFailoverProcesses"}},
		"all of them had":  {map[string]int{"PostMasterFailoverProcesses": 1, "PostFailoverProcesses": 1}, nil},
		"more than are by": {map[string]int{"PostMasterFailoverProcesses": 9}, []string{"PostFailoverProcesses"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, `"RecoverMasterClusterFilters": []`, func(t *testing.T, b *bench) {
				b.crashed(3)
				b.change("a", func(i *topology.Instance) { i.ReadOnly = false })
				b.ledger.mu.Lock()
				u := b.ledger.journals["old"]
				u.Journal.Begun = c.begun
				b.ledger.journals["old"] = u
				b.ledger.mu.Unlock()
				b.run(t)
				after(20 * time.Second)
				ran := slices.DeleteFunc(b.hooks.lists(), func(l string) bool { return l == "OnFailureDetectionProcesses" })
				if !slices.Equal(ran, c.want) {
					t.Errorf("hooks %q, want %q", ran, c.want)
				}
			})
		})
	}
}

func TestThatARecoveryWasGivenUpIsWrittenWhenTheLedgerIsBack(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.on["a: stop receiving"] = func(context.Context) error {
			b.leader.set(false)
			b.ledger.mu.Lock()
			defer b.ledger.mu.Unlock()
			b.ledger.fail["SaveProgress"] = errNo
			return nil
		}
		b.run(t)
		b.kill()
		after(5 * time.Second)
		b.ledger.mu.Lock()
		delete(b.ledger.fail, "SaveProgress")
		b.ledger.mu.Unlock()
		after(5 * time.Second)
		b.ledger.mu.Lock()
		defer b.ledger.mu.Unlock()
		for _, u := range b.ledger.journals {
			if u.Journal.GivenUp && !u.Running {
				return
			}
		}
		t.Errorf("the next leader takes it for one that runs: %+v", b.ledger.journals)
	})
}
