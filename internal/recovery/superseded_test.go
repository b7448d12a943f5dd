package recovery

import (
	"testing"
	"time"

	"orchestrator/internal/topology"
)

// TestASupersededRecoveryIsClosedAndTouchesNothing: its journal was written late, when another one had replaced the primary.
func TestASupersededRecoveryIsClosedAndTouchesNothing(t *testing.T) {
	for name, prepare := range map[string]func(*bench){
		"its successor is open by now": func(b *bench) { b.change("a", func(i *topology.Instance) { i.ReadOnly = false }) },
		"its successor is lost again":  func(b *bench) { b.lose("a") },
		"it had only gathered":         func(*bench) {},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, `"RecoverMasterClusterFilters": []`, func(t *testing.T, b *bench) {
				b.crashed(2)
				b.ledger.demoted = map[topology.Key]bool{key("p"): true}
				prepare(b)
				b.run(t)
				after(tick)
				if got := b.statements(); len(got) != 0 {
					t.Errorf("statements %q", got)
				}
				if r, ok := b.ledger.ended(); !ok || r.UID != "old" || r.Successful() || len(b.ledger.journals) != 0 {
					t.Errorf("the record: %+v, journals %+v", r, b.ledger.journals)
				}
				after(time.Minute)
				if lost := b.ledger.downtimes[key("a")]; lost.LostInRecovery() {
					t.Error("the primary counts as lost")
				}
			})
		})
	}
}

func TestWhenARecoveryBegan(t *testing.T) {
	at := time.Unix(0, 946684835832264183)
	noted := at.Add(time.Minute)
	for want, r := range map[time.Time]*Recovery{
		at:    {UID: "946684835832264183:3ba3", Started: noted},
		noted: {UID: "946684835832264183:3ba3", Started: noted, ID: 7},
	} {
		if got := startOf(r); !got.Equal(want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := startOf(&Recovery{UID: "of an older version", Started: noted}); !got.Equal(noted) {
		t.Errorf("without a time in its name: %s", got)
	}
}
