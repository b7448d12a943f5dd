package recovery

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/observe"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// TestOthersDoNotAgree holds a recovery as long as the other nodes do not find the failure, and begins it when they do.
func TestOthersDoNotAgree(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		var asked, agree atomic.Int32
		b.engine.o.Agree = func(_ context.Context, f *analysis.Finding) ([]NodeView, error) {
			asked.Add(1)
			if f.Key != key("p") {
				t.Errorf("asked about %s", f.Key)
			}
			if agree.Load() == 0 {
				return nil, errors.New("of 3 nodes that see the replicas, 1 finds the failure")
			}
			return []NodeView{{Node: "m2", View: View{Sees: true, Agrees: true, Why: "DeadMaster"}}}, nil
		}
		b.run(t)
		b.kill()
		after(3 * time.Second)
		if s := b.statements(); len(s) > 0 || !contains(b.told(Held), "of 3 nodes") || len(b.told(Detected)) != 1 {
			t.Errorf("statements %q, held %q", s, b.told(Held))
		}
		if n := asked.Load(); n < 2 {
			t.Errorf("asked %d times", n)
		}
		agree.Store(1)
		after(2 * time.Second)
		r, ok := b.ledger.ended()
		if !ok || r.Successor != key("a") {
			t.Fatalf("recovery %+v", r)
		}
		// What it rests on is on record, as it was found.
		f := r.begun
		if len(f.Views) != 1 || f.Views[0].Node != "m2" || !f.Views[0].Agrees || len(f.Evidence) == 0 || f.At.IsZero() || len(f.Stood) != 3 {
			t.Fatalf("%+v", f)
		}
		for _, s := range f.Stood {
			if replica := s.Server != key("p"); s.Answered != replica || replica && s.Source != key("p") || s.Receiving {
				t.Errorf("%+v", s)
			}
		}
	})
}

// TestAPersonIsNotOutvoted recovers on demand without asking the other nodes.
func TestAPersonIsNotOutvoted(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.engine.o.Agree = func(context.Context, *analysis.Finding) ([]NodeView, error) { return nil, errNo }
		b.run(t)
		b.kill()
		if _, err := b.engine.Recover(t.Context(), key("p"), topology.Key{}, true); err != nil {
			t.Error(err)
		}
	})
}

// TestTheNextLeaderActsAtOnce finds a failure while another node leads, and recovers it as soon as it leads itself.
func TestTheNextLeaderActsAtOnce(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.leader.set(false)
		b.run(t)
		b.kill()
		after(10 * time.Millisecond)
		b.leader.set(true)
		b.engine.Wake()
		b.engine.Wake()
		after(time.Millisecond)
		if r, ok := b.ledger.ended(); !ok || r.Successor != key("a") {
			t.Errorf("recovery %+v", r)
		}
	})
}

// TestView asks a node what it finds.
func TestView(t *testing.T) {
	const limit = 2 * time.Second
	for name, tt := range map[string]struct {
		prepare func(*bench)
		later   func(*bench) // half a second after the question
		want    View
		within  time.Duration
	}{
		"it finds the same":       {prepare: func(b *bench) { b.lose("p") }, want: View{Sees: true, Agrees: true, Why: "DeadMaster"}},
		"it reaches the server":   {want: View{Sees: true, Why: "p:3306 answers here"}},
		"it finds the same later": {prepare: func(b *bench) { b.goQuiet("p") }, later: func(b *bench) { b.lose("p"); b.event(observe.ClusterChanged, "p") }, want: View{Sees: true, Agrees: true, Why: "DeadMaster"}, within: time.Second},
		"the replicas still replicate": {prepare: func(b *bench) { b.goQuiet("p") },
			want: View{Sees: true, Why: "DeadMaster is not found here"}, within: limit},
		"it has not seen yet that the server was promoted": {prepare: (*bench).loseRightAfterPromotion, want: View{Sees: true, Agrees: true, Why: "DeadMaster"}},
		"it sees none of the replicas": {prepare: func(b *bench) { b.goQuiet("p"); b.goQuiet("a"); b.goQuiet("b") },
			want: View{Why: "none of its replicas can be reached from here"}, within: limit},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				b.leader.set(false)
				b.run(t)
				if tt.prepare != nil {
					tt.prepare(b)
				}
				if tt.later != nil {
					go func() {
						time.Sleep(limit / 4)
						tt.later(b)
					}()
				}
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				began := time.Now()
				got := b.engine.View(ctx, Inquiry{Cluster: "p:3306", Failed: key("p"), Code: analysis.DeadPrimary, Replicas: []topology.Key{key("a"), key("b")}})
				if got != tt.want {
					t.Errorf("view %+v, want %+v", got, tt.want)
				}
				if took := time.Since(began); took > max(tt.within, 2*viewEvery) {
					t.Errorf("answered after %s", took)
				}
			})
		})
	}
}

// loseRightAfterPromotion has p be lost when it was last seen as a replica of q, which it has replaced on record.
func (b *bench) loseRightAfterPromotion() {
	b.change("p", func(i *topology.Instance) {
		i.ReadOnly = true
		i.Channel = topology.Channel{Source: key("q"), GTID: topology.OracleGTID, IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning}
	})
	b.ledger.mu.Lock()
	b.ledger.promoted = map[topology.Key]time.Time{key("p"): time.Now()}
	b.ledger.mu.Unlock()
	b.lose("p")
}

// TestAPrimaryThatWasSeenLastAsAReplica is recovered as a dead primary.
func TestAPrimaryThatWasSeenLastAsAReplica(t *testing.T) {
	for name, c := range map[string]struct{ ring, downtime bool }{
		"below the one that it replaced":         {},
		"in a ring with it":                      {ring: true},
		"with one replica, which is in downtime": {downtime: true},
		"in a ring, and its replica in downtime": {ring: true, downtime: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				if c.ring {
					b.put(&topology.Instance{Key: key("q"), IsCoPrimary: true, LogBin: true, LogReplicaUpdates: true, ReadOnly: true, ExecutedSet: uuid("p") + ":1-100",
						Channel: topology.Channel{Source: key("p"), GTID: topology.OracleGTID, IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning}})
				}
				b.run(t)
				b.change("p", func(i *topology.Instance) { i.IsCoPrimary = c.ring })
				if c.downtime {
					b.change("a", func(i *topology.Instance) {
						i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: time.Now(), End: time.Now().Add(time.Hour)}
					})
					b.change("b", func(i *topology.Instance) { i.Channel.Source = key("a") })
				}
				b.loseRightAfterPromotion()
				b.event(observe.ClusterChanged, "p")
				after(5 * time.Second)
				if r, ok := b.ledger.ended(); !ok || r.Finding.Code != analysis.DeadPrimary || r.Successor.IsZero() {
					t.Errorf("recovery %+v, held %q, detected %q", r, b.told(Held), b.told(Detected))
				}
			})
		})
	}
}

// goQuiet makes a server unreachable from here alone.
func (f *fakeFleet) goQuiet(name string) {
	f.change(name, func(i *topology.Instance) {
		i.Check.Attempted, i.Check.Checked, i.Check.Err = time.Now().Add(time.Millisecond), time.Now().Add(time.Millisecond), "connection timed out"
	})
}

func TestBallot(t *testing.T) {
	agrees, denies, blind := View{Sees: true, Agrees: true}, View{Sees: true}, View{}
	for _, tt := range []struct {
		name             string
		voters           int
		others           []View
		carried, decides bool
	}{
		{"nobody else has answered", 3, nil, false, true},
		{"one of two others agrees", 3, []View{agrees}, true, true},
		{"one denies", 3, []View{denies}, false, false},
		{"two deny", 3, []View{denies, denies}, false, false},
		{"one agrees, one denies", 3, []View{denies, agrees}, true, true},
		{"those who see nothing do not count", 5, []View{blind, blind, agrees, denies}, false, true},
		{"a tie is no majority", 5, []View{agrees, denies, denies}, false, false},
		{"two of five", 5, []View{agrees}, false, true},
		{"three of five", 5, []View{agrees, agrees}, true, true},
	} {
		b := Ballot{Voters: tt.voters}
		b.Count(agrees) // the leader itself
		for _, v := range tt.others {
			b.Count(v)
		}
		if b.Carried() != tt.carried || b.Decides() != tt.decides {
			t.Errorf("%s: carried %t, decides %t", tt.name, b.Carried(), b.Decides())
		}
	}
}

// TestReturnsWhileNobodyLed closes a lost primary for writing that returned before this node began to lead.
func TestReturnsWhileNobodyLed(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.leader.set(false)
		b.change("p", func(i *topology.Instance) {
			i.Uptime = time.Second
			i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: time.Now().Add(-time.Hour), End: time.Now().Add(time.Hour)}
		})
		for _, n := range []string{"a", "b"} {
			b.change(n, func(i *topology.Instance) { i.Channel.Source = key("z") })
		}
		b.run(t)
		b.event(observe.InstanceBack, "p")
		after(time.Second)
		if b.said("p: read_only=true") {
			t.Errorf("closed by who does not lead: %q", b.statements())
		}
		b.leader.set(true)
		b.engine.Wake()
		after(time.Second)
		if !b.said("p: read_only=true") {
			t.Errorf("statements %q", b.statements())
		}
	})
}

// rememberingLedger knows who replaced a primary in another process.
type rememberingLedger struct{ *fakeLedger }

func (rememberingLedger) SuccessorOf(_ context.Context, failed topology.Key) (topology.Key, error) {
	if failed != key("p") {
		return topology.Key{}, nil
	}
	return key("a"), nil
}

// PromotedAt implements Ledger: p was replaced, and promoted again.
func (rememberingLedger) PromotedAt(_ context.Context, k topology.Key) (at time.Time, _ error) {
	if k == key("p") {
		at = time.Now()
	}
	return at, nil
}

// TestAPrimaryStaysOpenAlthoughItsDowntimeIsStale does not close the primary for writing whose downtime was to end when the
// leader died that had promoted it.
func TestAPrimaryStaysOpenAlthoughItsDowntimeIsStale(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.change("p", func(i *topology.Instance) {
			i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: time.Now().Add(-time.Second), End: time.Now().Add(time.Hour)}
		})
		o := b.engine.o
		o.Ledger = rememberingLedger{b.ledger}
		b.engine = New(o)
		b.run(t)
		b.engine.Wake()
		b.event(observe.InstanceBack, "p")
		after(time.Second)
		if s := b.statements(); len(s) > 0 {
			t.Errorf("statements %q", s)
		}
	})
}

// TestASuccessorIsNotClosedWhileItIsPromoted has a server chosen that still counts as lost itself. It takes writes before
// anybody has written that down, and is not closed; when nothing of it is on record in the end, it is.
func TestASuccessorIsNotClosedWhileItIsPromoted(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.change("p", func(i *topology.Instance) {
			i.Uptime = time.Second
			i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: time.Now().Add(-time.Second), End: time.Now().Add(time.Hour)}
		})
		for _, n := range []string{"a", "b"} {
			b.change(n, func(i *topology.Instance) { i.Channel.Source = key("z") })
		}
		b.run(t)
		after(time.Millisecond)
		r := &Recovery{UID: "u", Finding: analysis.Finding{Key: key("b")}}
		b.engine.mu.Lock()
		b.engine.active[r.UID] = r // nobody else carries it on
		b.engine.mu.Unlock()
		log := b.engine.newLog(t.Context(), r, newJournal(r, false), false)
		log.forecast(&plan.Plan{Successor: key("p")})
		b.event(observe.InstanceBack, "p")
		b.engine.fence(key("p"), "p") // as what began before it was chosen would go on
		after(time.Second)
		if b.said("p: read_only=true") {
			t.Errorf("the successor was closed for writing: %q", b.statements())
		}
		log.close()
		b.event(observe.InstanceBack, "p")
		after(time.Second)
		if !b.said("p: read_only=true") {
			t.Errorf("statements %q", b.statements())
		}
	})
}

// TestWhoReplacedItIsOnRecord asks the ledger who replaced a primary, where another process did it.
func TestWhoReplacedItIsOnRecord(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		o := b.engine.o
		o.Ledger = rememberingLedger{b.ledger}
		if to, err := New(o).replacedBy(t.Context(), key("p")); err != nil || to != key("a") {
			t.Errorf("replaced by %s, %v", to, err)
		}
		if to, err := New(o).replacedBy(t.Context(), key("q")); err == nil {
			t.Errorf("nobody knows who replaced it, and it is %s", to)
		}
	})
}
