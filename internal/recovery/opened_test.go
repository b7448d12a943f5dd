package recovery

import (
	"context"
	"slices"
	"testing"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// TestASuccessorThatDiedBeforeItsOpeningWasOnRecord has a leader die together with the server that it had opened, the opening
// not written down. That a replica was led there tells it: the record ends with that successor, and its own loss is repaired.
func TestASuccessorThatDiedBeforeItsOpeningWasOnRecord(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.crashed(2)
		b.change("a", func(i *topology.Instance) { i.ReadOnly = false })
		b.change("b", func(i *topology.Instance) {
			i.Channel.Source, i.Channel.IOThread, i.Channel.LastIOErrno = key("a"), topology.ThreadOther, 2003
		})
		b.lose("a")
		b.run(t)
		after(goneFor + 5*time.Second)
		if err := b.ledger.Acknowledge(t.Context(), "old", "seen"); err != nil { // it does not block the next one
			t.Fatal(err)
		}
		after(5 * time.Second)
		rs := b.ledger.records()
		if len(rs) != 2 || rs[0].UID != "old" || rs[0].Successor != key("a") || rs[1].Finding.Key != key("a") || rs[1].Successor != key("b") {
			t.Errorf("%d records %q, held %q", len(rs), b.ledger.lines, b.told(Held))
		}
	})
}

func TestLedElsewhere(t *testing.T) {
	below := func(source string) *topology.Topology {
		i := &topology.Instance{Key: key("b"), Channel: topology.Channel{Source: key(source)}}
		i.Check.Seen = time.Unix(1, 0)
		return topology.New([]*topology.Instance{i}, topology.Names{})
	}
	opening := plan.Step{Stage: 6, Phase: plan.Promote, Server: key("a"), NoReturn: true}
	follow := plan.Step{Stage: 7, Phase: plan.Repoint, Server: key("b"), Action: plan.Action{Verb: plan.ChangeSource, Source: key("a")}}
	for name, c := range map[string]struct {
		t    *topology.Topology
		step plan.Step
		want bool
	}{
		"it stands where the plan points it":    {below("a"), follow, true},
		"it stands where it was":                {below("p"), follow, false},
		"it was to be moved before the opening": {below("a"), plan.Step{Stage: 5, Phase: plan.Repoint, Server: key("b"), Action: follow.Action}, false},
		"another one was to be led there":       {below("a"), plan.Step{Stage: 7, Phase: plan.Repoint, Server: key("c"), Action: follow.Action}, false},
	} {
		t.Run(name, func(t *testing.T) {
			u := Unfinished{}
			u.Recovery.Finding.Replicas = []topology.Key{key("a"), key("b")}
			u.Journal.Steps = []plan.Step{opening, c.step}
			if got := u.ledElsewhere(c.t, &opening); got != c.want {
				t.Errorf("%t", got)
			}
		})
	}
}

// TestADetachedReplicaIsNoPrimaryThatIsReplaced: the recovery that cut it off because it cannot follow is still under way when
// it dies. Who replicates from it must not be opened beside the new primary, then or later.
func TestADetachedReplicaIsNoPrimaryThatIsReplaced(t *testing.T) {
	inBubble(t, func() *fakeFleet { return star("a", "b", "c", "d") }, "", func(t *testing.T, b *bench) {
		b.crashed(3)
		b.ledger.change("old", func(u *Unfinished) {
			u.Journal.Lost = []plan.Verdict{{Server: key("c"), Rule: "ahead"}}
			u.Recovery.Finding.Replicas = append(u.Recovery.Finding.Replicas, key("c"))
		})
		b.change("a", func(i *topology.Instance) { i.ReadOnly = false })
		b.change("c", func(i *topology.Instance) {
			i.Channel.Source, i.Channel.IOThread, i.ClusterName = key("p").Detached(), topology.ThreadStopped, "c:3306"
		})
		b.change("d", func(i *topology.Instance) { i.Channel.Source, i.ClusterName = key("c"), "c:3306" })
		slow := make(chan struct{})
		b.on["b: stop"] = func(context.Context) error { <-slow; return nil }
		b.lose("c")
		b.run(t)
		after(5 * time.Second)
		if b.said("d: read_only=false") || !contains(b.told(Held), "which detached it, is under way") {
			t.Errorf("statements %q, held %q", b.statements(), b.told(Held))
		}
		close(slow)
		after(5 * time.Second)
		rs := b.ledger.records()
		if len(rs) != 1 || rs[0].Successor != key("a") || !slices.Contains(rs[0].Lost, key("c")) {
			t.Fatalf("%d records: %+v", len(rs), rs)
		}
		after(time.Minute)
		if b.said("d: read_only=false") {
			t.Errorf("statements %q", b.statements())
		}
	})
}
