package recovery

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/observe"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// TestAnOldPrimaryThatComesBackWhileItsRecoveryIsCarriedOnIsClosedAgain: a slow replica is waited for, so that the recovery is
// not on record yet.
func TestAnOldPrimaryThatComesBackWhileItsRecoveryIsCarriedOnIsClosedAgain(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.crashed(3)
		b.change("a", func(i *topology.Instance) { i.ReadOnly = false })
		b.on["b: stop"] = func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		closed := 0
		b.on["p: read_only=true"] = func(context.Context) error {
			if b.Snapshot().Instance(key("p")).LastCheckValid() {
				closed++
			}
			return nil
		}
		b.run(t)
		after(2 * time.Second)
		for n := range 2 {
			b.change("p", func(i *topology.Instance) {
				i.ReadOnly, i.Uptime, i.Check.Checked, i.Check.Seen = false, 0, time.Now(), time.Now()
			})
			b.event(observe.InstanceBack, "p")
			after(2 * time.Second)
			if closed != n+1 {
				t.Fatalf("closed %d times after it came back %d times: %q", closed, n+1, b.statements())
			}
			b.lose("p")
			b.event(observe.InstanceLost, "p")
			synctest.Wait()
		}
		if len(b.ledger.records()) > 0 {
			t.Error("the recovery has ended, and tests nothing")
		}
	})
}

// TestALostPrimaryThatIsOpenAgain: one that was restarted is closed once more, one that somebody opened is left alone. Most were
// closed right after their start.
func TestALostPrimaryThatIsOpenAgain(t *testing.T) {
	for name, c := range map[string]struct {
		up, looked, restarted time.Duration // how long it had been up when it was closed; when it was seen closed next, and restarted
		kept                  bool          // it answers over the connection over which it was seen closed
		again, opened         bool
	}{
		"restarted":                             {700 * time.Millisecond, 0, 3 * time.Second, false, true, false},
		"opened":                                {time.Hour, 0, 0, false, false, true},
		"opened or restarted at once":           {50 * time.Millisecond, 0, 0, false, true, false},
		"closed, and restarted at once":         {50 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, false, true, false},
		"opened at once":                        {50 * time.Millisecond, 100 * time.Millisecond, 0, true, false, true},
		"seen closed, and opened after that":    {50 * time.Millisecond, 4 * time.Second, 0, false, false, true},
		"seen closed, and restarted at once":    {time.Hour, 4 * time.Second, 4500 * time.Millisecond, false, true, false},
		"seen closed, and restarted after that": {50 * time.Millisecond, 4 * time.Second, 5500 * time.Millisecond, false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				connected := time.Now()
				look := func(open bool, started time.Time) {
					b.change("p", func(i *topology.Instance) {
						i.ReadOnly, i.Uptime = !open, time.Since(started).Truncate(time.Second)
						i.Check.Checked, i.Check.Seen, i.Check.Connected = time.Now(), time.Now(), connected
						i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: time.Now().Add(-time.Minute), End: time.Now().Add(time.Hour)}
					})
				}
				closed := time.Now()
				started := closed.Add(-c.up)
				look(false, started)
				b.run(t)
				b.engine.mu.Lock()
				b.engine.closed[key("p")] = closed
				b.engine.mu.Unlock()
				if c.looked > 0 {
					after(c.looked)
					look(false, started)
				}
				if after(time.Until(closed.Add(7 * time.Second))); c.restarted > 0 {
					started = closed.Add(c.restarted)
				}
				if !c.kept {
					connected = time.Now()
				}
				look(true, started)
				b.event(observe.ClusterChanged, "p")
				after(2 * time.Second)
				if again, opened := b.said("p: read_only=true"), b.engine.openedOnPurpose(key("p")); again != c.again || opened != c.opened {
					t.Errorf("closed again: %t, opened on purpose: %t", again, opened)
				}
			})
		})
	}
}

// listed is a server that lists its connections: one waits for an acknowledgement, and the closing for that.
type listed struct{ fakeServer }

func (s listed) Processlist(context.Context) ([]server.Process, error) {
	if !s.see().LastCheckValid() {
		return nil, errNo
	}
	return []server.Process{
		{ID: 1, User: "app", Command: "Query", State: "Waiting for semi-sync ACK from replica", Info: "COMMIT"},
		{ID: 2, User: "orc", Command: "Query", Info: "SET GLOBAL read_only=1"},
	}, nil
}

// TestAClosingThatWaitsIsLookedIntoAsSoonAsItsServerIsBack: it has taken the statement in while it could not be heard.
func TestAClosingThatWaitsIsLookedIntoAsSoonAsItsServerIsBack(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		o := b.engine.o
		o.Servers = func(k topology.Key) execute.Server { return listed{fakeServer{b.fakeFleet, k}} }
		b.engine = New(o)
		b.change("p", func(i *topology.Instance) { i.SemiSync.SourceEnabled = true })
		b.lose("p")
		b.on["p: read_only=true"] = func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		b.run(t)
		b.engine.fence(key("p"), "p:3306")
		after(20 * time.Second)
		b.change("p", func(i *topology.Instance) { i.Check.Checked, i.Check.Seen = time.Now(), time.Now() })
		after(time.Second)
		if !b.said("p: semi-sync source=false") {
			t.Errorf("nobody helps it: %q", b.statements())
		}
	})
}
