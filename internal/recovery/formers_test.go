package recovery

import (
	"context"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/observe"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// standsBeside makes f a former primary that p replaced: closed, alone, not taken back, and with more than any replica has.
func standsBeside(b *bench) {
	b.change("f", func(i *topology.Instance) {
		i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
		i.ClusterName, i.ExecutedSet = "f:3306", uuid("p")+":1-150"
		i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: time.Now(), End: time.Now().Add(time.Hour)}
	})
	b.ledger.resolved = append(b.ledger.resolved, Recovery{Finding: analysis.Finding{Key: key("f")}, Successor: key("p")})
}

// TestASuccessorFetchesWhatAFormerPrimaryHolds: the lost primary took it with it.
func TestASuccessorFetchesWhatAFormerPrimaryHolds(t *testing.T) {
	withFormer := func() *fakeFleet { return star("a", "f") }
	for name, c := range map[string]struct {
		prepare func(*bench)
		want    bool
	}{
		"it stands closed and alone": {func(*bench) {}, true},
		"another one replaced it":    {func(b *bench) { b.ledger.resolved[0].Successor = key("q") }, false},
		"it takes writes":            {func(b *bench) { b.change("f", func(i *topology.Instance) { i.ReadOnly = false }) }, false},
		"it does not count as lost":  {func(b *bench) { b.change("f", func(i *topology.Instance) { i.Downtime = nil }) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, withFormer, "", func(t *testing.T, b *bench) {
				standsBeside(b)
				c.prepare(b)
				b.run(t)
				b.kill()
				after(5 * time.Second)
				if b.said("a: follow f") != c.want || !b.said("a: read_only=false") {
					t.Errorf("%q", b.statements())
				}
			})
		})
	}
}

// TestAFormerPrimaryThatHasJustComeBackIsFetchedFrom: nobody has looked at it since, and without it something would be lost.
func TestAFormerPrimaryThatHasJustComeBackIsFetchedFrom(t *testing.T) {
	for name, c := range map[string]struct {
		held string // by the lost primary, when it was seen last
		want bool
	}{
		"something would be lost":     {":1-120", true},
		"nothing is known to be lost": {":1-100", false}, // it is not waited for
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func() *fakeFleet { return star("a", "f") }, "", func(t *testing.T, b *bench) {
				standsBeside(b)
				b.change("p", func(i *topology.Instance) { i.ExecutedSet = uuid("p") + c.held })
				b.lose("f")
				b.back = map[topology.Key]bool{key("f"): true}
				b.run(t)
				b.kill()
				after(5 * time.Second)
				if b.said("a: follow f") != c.want || !b.said("a: read_only=false") {
					t.Errorf("%q", b.statements())
				}
			})
		})
	}
}

// TestWhoCannotBePointedBackCountsAsLost: it was fetching from another server when the recovery ended in vain.
func TestWhoCannotBePointedBackCountsAsLost(t *testing.T) {
	inBubble(t, func() *fakeFleet { return star("a", "f") }, "", func(t *testing.T, b *bench) {
		standsBeside(b)
		b.on["a: wait"] = func(context.Context) error { return errNo }
		b.on["a: follow p"] = func(context.Context) error { return errNo }
		b.run(t)
		b.kill()
		after(5 * time.Second)
		if i := b.Snapshot().Instance(key("a")); b.said("a: read_only=false") || !i.Downtime.LostInRecovery() {
			t.Errorf("downtime %+v: %q", i.Downtime, b.statements())
		}
	})
}

// TestAFormerPrimaryThatGivesNothingIsNotAskedAgain: its logs may be gone, and somebody has to take the writes.
func TestAFormerPrimaryThatGivesNothingIsNotAskedAgain(t *testing.T) {
	inBubble(t, func() *fakeFleet { return star("a", "f") }, "", func(t *testing.T, b *bench) {
		standsBeside(b)
		asked := func() int { return len(b.engine.formers(t.Context(), key("p"))) }
		before := b.engine.formers(t.Context(), key("p"))
		b.engine.noteFormers(&Recovery{}, before) // one in vain that did not need it
		if len(before) != 1 || asked() != 1 {
			t.Fatalf("%d former primaries, %d after that", len(before), asked())
		}
		r := &Recovery{}
		r.Plan.Add(1, plan.Step{Phase: plan.CatchUp, Server: key("a"), Action: plan.Action{Verb: plan.ChangeSource, Source: key("f")}})
		if b.engine.noteFormers(r, before); asked() != 0 {
			t.Error("it is asked again")
		}
		b.engine.onEvent(t.Context(), observe.Event{Kind: observe.InstanceBack, Key: key("f")})
		if asked() != 1 {
			t.Error("it is not asked after it has come back")
		}
	})
}
