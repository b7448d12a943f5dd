package recovery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/observe"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

const replacedWhenFull = `"RecoverMasterClusterFilters": ["*"], "FailoverOnCannotWrite": ["MasterDiskFull"]`

// signing is a server that says what keeps it from taking writes.
type signing struct {
	fakeServer
	signs []topology.WriteSign
	err   error
}

func (s signing) WriteSigns(context.Context) ([]topology.WriteSign, error) { return s.signs, s.err }

// TestAPrimaryThatCannotWriteStays has a case for each reason to leave it, and nothing is changed then.
func TestAPrimaryThatCannotWriteStays(t *testing.T) {
	signsOf := func(signs []topology.WriteSign, err error) func(*bench) {
		return func(b *bench) {
			b.engine.o.Servers = func(k topology.Key) execute.Server { return signing{fakeServer{b.fakeFleet, k}, signs, err} }
		}
	}
	full1 := []topology.WriteSign{{Obstacle: topology.DiskFull, Says: "no space there either"}}
	for name, c := range map[string]struct {
		prepare func(*bench)
		why     string
	}{
		"who would be promoted suffers alike":       {signsOf(full1, nil), "hindered by the same: no space there either"},
		"who would be promoted cannot be looked at": {signsOf(nil, errors.New("no answer")), "is not known: no answer"},
		"nobody can be promoted": {func(b *bench) {
			for _, n := range []string{"a", "b"} {
				b.change(n, func(i *topology.Instance) { i.PromotionRule = topology.MustNotPromote })
			}
		}, "no replica can be promoted"},
		"it is one of a ring": {func(b *bench) { b.change("p", func(i *topology.Instance) { i.IsCoPrimary = true }) }, "not the only primary"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, full, replacedWhenFull, func(t *testing.T, b *bench) {
				c.prepare(b)
				b.run(t)
				b.strike("", 8*time.Second)
				if s := b.statements(); len(s) > 0 {
					t.Errorf("servers were changed: %q", s)
				}
				if held := b.told(Held); !contains(held, c.why) {
					t.Errorf("held %q, want %q", held, c.why)
				}
			})
		})
	}
}

// TestWhatAnotherServerSuffersIsNoReason: another obstacle than the primary's, or one that is there for a moment.
func TestWhatAnotherServerSuffersIsNoReason(t *testing.T) {
	busy := []topology.WriteSign{{Obstacle: topology.CommitsStalled, Waiting: []topology.WaitingWriter{{Connection: 1}}}}
	inBubble(t, full, replacedWhenFull, func(t *testing.T, b *bench) {
		b.engine.o.Servers = func(k topology.Key) execute.Server { return signing{fakeServer{b.fakeFleet, k}, busy, nil} }
		b.run(t)
		b.strike("", 8*time.Second)
		if r, ok := b.ledger.ended(); !ok || r.Successor != key("a") {
			t.Errorf("%+v, held %q", r, b.told(Held))
		}
	})
}

// TestThePrimaryIsClosedOrStays: where it cannot be closed for writing, nobody is opened, and all is as it was.
func TestThePrimaryIsClosedOrStays(t *testing.T) {
	inBubble(t, full, replacedWhenFull, func(t *testing.T, b *bench) {
		b.on["p: read_only=true"] = func(context.Context) error { return errNo }
		b.run(t)
		b.strike("", 3*time.Second)
		if b.said("a: read_only=false") {
			t.Error("a second server was opened")
		}
		if i := b.Snapshot().Instance(key("p")); i.ReadOnly {
			t.Error("the primary was left closed")
		}
		if len(b.ledger.acked) == 0 {
			t.Error("it would hold the next recovery back")
		}
	})
}

// TestThePrimaryIsOpenedInTheMiddle: somebody opens it again before a successor is opened.
func TestThePrimaryIsOpenedInTheMiddle(t *testing.T) {
	inBubble(t, full, replacedWhenFull, func(t *testing.T, b *bench) {
		b.on["a: stop receiving"] = func(context.Context) error {
			b.change("p", func(i *topology.Instance) { i.ReadOnly = false })
			return nil
		}
		b.run(t)
		b.strike("", 2*time.Second)
		if b.said("a: read_only=false") {
			t.Errorf("two servers take writes: %q", b.statements())
		}
	})
}

// TestTellsOfAPrimaryThatCannotWriteOnce: at its beginning and at its end, by default with nothing else done.
func TestTellsOfAPrimaryThatCannotWriteOnce(t *testing.T) {
	inBubble(t, full, `"RecoverMasterClusterFilters": ["*"]`, func(t *testing.T, b *bench) {
		b.run(t)
		b.strike("", 5*time.Second)
		if told := b.told(Detected); !slices.Equal(told, []string{"cannot write: MasterDiskFull"}) {
			t.Errorf("told %q", told)
		}
		b.change("p", func(i *topology.Instance) { i.Troubles = nil })
		b.strike("", 3*time.Second)
		begin := slices.IndexFunc(b.ledger.audits, func(s string) bool { return strings.Contains(s, "cannot-write") })
		if begin < 0 || len(b.statements()) > 0 {
			t.Errorf("audits %q, statements %q", b.ledger.audits, b.statements())
		}
	})
}

// TestAPrimaryThatIsStuckIsNotDead: it answers no probe and its replicas are gone from it, but it answers why.
func TestAPrimaryThatIsStuckIsNotDead(t *testing.T) {
	inBubble(t, full, `"RecoverMasterClusterFilters": ["*"]`, func(t *testing.T, b *bench) {
		b.run(t)
		after(300 * time.Millisecond)
		b.lose("p")
		for range 20 {
			b.change("p", func(i *topology.Instance) {
				i.Troubles = slices.Clone(i.Troubles)
				i.Troubles[0].Seen = time.Now()
			})
			b.event(observe.ClusterChanged, "p")
			after(300 * time.Millisecond)
		}
		if s := b.statements(); len(s) > 0 || !contains(b.told(Held), "it answers, but is stuck in a write") {
			t.Errorf("statements %q, held %q", s, b.told(Held))
		}
		after(5 * time.Second) // nor does it answer that any more
		if _, ok := b.ledger.ended(); !ok {
			t.Errorf("a dead primary was not replaced: held %q", b.told(Held))
		}
	})
}

// checking is a server on which writes are tried.
type checking struct {
	fakeServer
	tried *[]string
}

func (s checking) CheckWrite(_ context.Context, table string) (*topology.WriteSign, error) {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	*s.tried = append(*s.tried, s.k.Hostname+" "+table)
	return nil, server.ErrLocked
}

// TestOnlyTheLeaderChecksTheOnlyWriter has a case for each reason to write nothing.
func TestOnlyTheLeaderChecksTheOnlyWriter(t *testing.T) {
	const on = `"WriteCheckTable": "meta.w", "WriteCheckSeconds": 2`
	for name, c := range map[string]struct {
		settings string
		prepare  func(*bench)
		want     int // checks within 7 seconds; the first is at the first tick
	}{
		"every other second":      {on, func(*bench) {}, 4},
		"by default":              {`"RecoverMasterClusterFilters": []`, func(*bench) {}, 0},
		"nobody looks":            {on + `, "CannotWriteSeconds": 0`, func(*bench) {}, 0},
		"this node does not lead": {on, func(b *bench) { b.leader.set(false) }, 0},
		"incomplete":              {on, func(b *bench) { b.incomplete["p:3306"] = true }, 0},
		"read-only":               {on, func(b *bench) { b.change("p", func(i *topology.Instance) { i.ReadOnly = true }) }, 0},
		"another writer":          {on, func(b *bench) { b.change("b", func(i *topology.Instance) { i.ReadOnly = false }) }, 0},
		"it is lost": {on, func(b *bench) {
			b.change("p", func(i *topology.Instance) { i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery} })
		}, 0},
		"it does not answer": {on, func(b *bench) { b.lose("p") }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func() *fakeFleet { return star("a", "b") }, c.settings, func(t *testing.T, b *bench) {
				var tried []string
				b.engine.o.Servers = func(k topology.Key) execute.Server { return checking{fakeServer{b.fakeFleet, k}, &tried} }
				c.prepare(b)
				b.run(t)
				after(7500 * time.Millisecond)
				b.mu.Lock()
				defer b.mu.Unlock()
				if len(tried) != c.want || slices.ContainsFunc(tried, func(s string) bool { return s != "p meta.w" }) {
					t.Errorf("%q, want %d", tried, c.want)
				}
			})
		})
	}
}
