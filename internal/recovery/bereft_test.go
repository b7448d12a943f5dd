package recovery

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/topology"
)

// TestAPrimaryThatSomebodyElseReplacedIsNotReplacedAgain: the manager that did it could not write that down, and leads no more.
func TestAPrimaryThatSomebodyElseReplacedIsNotReplacedAgain(t *testing.T) {
	lost := func(b *bench) {
		b.lose("p")
		b.event(observe.InstanceLost, "p")
		synctest.Wait()
	}
	comesBack := func(b *bench) {
		b.change("p", func(i *topology.Instance) { i.Check.Checked, i.Check.Seen = time.Now(), time.Now() })
		b.event(observe.InstanceBack, "p")
		synctest.Wait()
	}
	for name, c := range map[string]struct {
		then  func(*bench)
		opens bool
	}{
		"it is still away":                        {func(*bench) {}, false},
		"it came back open, and is lost again":    {func(b *bench) { comesBack(b); after(time.Second); lost(b) }, false},
		"it is lost again, and that takes a time": {func(b *bench) { comesBack(b); after(time.Second); lost(b); after(2 * bereftFor) }, false},
		"it came back, and both have taken writes for long": {func(b *bench) {
			comesBack(b)
			after(bereftFor + time.Second)
			lost(b)
		}, true},
		"it is closed again": {func(b *bench) { b.change("a", func(i *topology.Instance) { i.ReadOnly = true }) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func() *fakeFleet { return star("a", "b") }, "", func(t *testing.T, b *bench) {
				b.leader.set(false)
				b.run(t)
				lost(b)
				b.change("a", func(i *topology.Instance) {
					i.ReadOnly, i.Channel, i.ClusterName = false, topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}, "a:3306"
				})
				c.then(b)
				b.leader.set(true)
				after(5 * time.Second)
				if got := b.said("b: read_only=false"); got != c.opens {
					t.Errorf("opened: %t, held %q", got, b.told(Held))
				}
				if !c.opens && (b.said("b: stop receiving") || !contains(b.told(Held), "open for writing already")) {
					t.Errorf("statements %q, held %q", b.statements(), b.told(Held))
				}
			})
		})
	}
}

// TestAReplicaThatComesIntoSightTellsThatThePrimaryLives: it is only out of this manager's sight.
func TestAReplicaThatComesIntoSightTellsThatThePrimaryLives(t *testing.T) {
	for name, c := range map[string]struct {
		receiver topology.ThreadState
		opens    bool
	}{
		"it receives":            {topology.ThreadRunning, false},
		"it cannot connect":      {topology.ThreadOther, true},
		"its receiver is closed": {topology.ThreadStopped, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func() *fakeFleet { return star("a", "b", "c", "d") }, "", func(t *testing.T, b *bench) {
				b.on["a: stop receiving"] = func(context.Context) error {
					time.Sleep(10 * time.Millisecond)
					b.change("c", func(i *topology.Instance) {
						i.Check.Checked, i.Check.Seen, i.Channel.IOThread = time.Now(), time.Now(), c.receiver
					})
					return nil
				}
				b.run(t)
				b.lose("c")
				b.lose("d")
				b.kill()
				after(time.Second)
				if b.said("a: read_only=false") != c.opens {
					t.Errorf("statements %q", b.statements())
				}
				if r, ok := b.ledger.ended(); !ok || !c.opens && !contains(r.Errors, "receives from p:3306") {
					t.Errorf("the record: %+v", r)
				}
				// It had not noticed that the primary is gone.
				b.change("c", func(i *topology.Instance) {
					i.Channel.IOThread, i.Channel.LastIOErrno = topology.ThreadOther, 2003
				})
				if after(2 * time.Second); !b.said("a: read_only=false") {
					t.Errorf("a right failover has to wait: %q", b.told(Held))
				}
			})
		})
	}
}
