package recovery

import (
	"context"
	"testing"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/topology"
)

func TestARecoveryEndsWhenThePrimaryIsBackWhileItsSuccessorApplies(t *testing.T) {
	for name, c := range map[string]struct {
		back  bool
		ended bool
	}{
		"it is back":    {back: true, ended: true},
		"it stays away": {},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				b.change("a", func(i *topology.Instance) { i.Channel.RetrievedSet = uuid("p") + ":1-200" })
				b.on["a: wait"] = func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }
				b.run(t)
				b.kill()
				after(2 * time.Second)
				if c.back {
					b.change("p", func(i *topology.Instance) { i.Check.Checked, i.Check.Seen = time.Now(), time.Now() })
					b.event(observe.InstanceBack, "p")
				}
				after(2 * time.Second)
				r, ended := b.ledger.ended()
				if ended != c.ended || ended && (r.Successful() || !contains(r.Errors, "p:3306 answers again")) {
					t.Errorf("ended %t: %+v", ended, r)
				}
				if b.said("a: start receiving") != c.ended || b.said("a: read_only=false") {
					t.Errorf("statements %q", b.statements())
				}
			})
		})
	}
}
