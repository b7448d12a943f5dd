package recovery

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/observe"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// processes is a server with connections.
type processes struct {
	all   []server.Process
	ended []uint64
}

func (p *processes) Processlist(context.Context) ([]server.Process, error) { return p.all, nil }
func (p *processes) KillConnection(_ context.Context, id uint64) error {
	p.ended = append(p.ended, id)
	return nil
}

func TestWaitingClientsAreSentAway(t *testing.T) {
	waits := server.Process{ID: 1, User: "app", Command: "Query", State: "Waiting for semi-sync ACK from replica", Info: "INSERT INTO t VALUES (1)"}
	inGroup := server.Process{ID: 2, User: "app", Command: "Query", State: "waiting for handler commit", Info: "commit"}
	closing := server.Process{ID: 3, User: "orc", Command: "Query", State: "Waiting for global read lock", Info: "SET GLOBAL super_read_only=1"}
	for name, c := range map[string]struct {
		all  []server.Process
		want []uint64
	}{
		"nothing waits":             {[]server.Process{inGroup}, nil},
		"one waits":                 {[]server.Process{waits}, []uint64{1}},
		"MariaDB's word":            {[]server.Process{{ID: 9, Command: "Query", State: "Waiting for semi-sync ACK from slave", Info: "COMMIT"}}, []uint64{9}},
		"the same group of commits": {[]server.Process{waits, inGroup}, []uint64{1, 2}},
		"the closing itself, readers, idle and system threads stay": {[]server.Process{waits,
			{ID: 4, User: "app", Command: "Query", State: "executing", Info: "select 1"},
			{ID: 5, User: "app", Command: "Sleep"},
			{ID: 6, User: "system user", Command: "Query", State: "Applying batch of row changes", Info: "INSERT"},
			{ID: 7, User: "repl", Command: "Binlog Dump GTID", State: "Source has sent all binlog to replica"},
		}, []uint64{1}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &processes{all: append(c.all, closing)}
			ended, err := sendWaitingAway(t.Context(), p, func(context.Context) error { return nil })
			if err != nil || ended != len(c.want) || !slices.Equal(p.ended, c.want) {
				t.Errorf("ended %d: %v (%v), want %v", ended, p.ended, err, c.want)
			}
		})
	}
}

func TestNobodyIsSentAwayByWhoDoesNotLead(t *testing.T) {
	p := &processes{all: []server.Process{
		{ID: 1, User: "app", Command: "Query", State: "Waiting for semi-sync ACK from replica", Info: "COMMIT"},
		{ID: 2, User: "orc", Command: "Query", Info: "SET GLOBAL read_only=1"},
	}}
	if ended, err := sendWaitingAway(t.Context(), p, func(context.Context) error { return errNo }); ended > 0 || err == nil || len(p.ended) > 0 {
		t.Errorf("ended %d: %v (%v)", ended, p.ended, err)
	}
}

// TestNobodyIsSentAwayWhereNoClosingWaits: without it others would begin to write, and switching semi-sync off would tell them
// that their transactions are safe.
func TestNobodyIsSentAwayWhereNoClosingWaits(t *testing.T) {
	p := &processes{all: []server.Process{{ID: 1, User: "app", Command: "Query", State: "Waiting for semi-sync ACK from replica", Info: "COMMIT"}}}
	ended, err := sendWaitingAway(t.Context(), p, func(context.Context) error { return nil })
	if ended > 0 || !errors.Is(err, errNotClosing) || len(p.ended) > 0 {
		t.Errorf("ended %d: %v (%v)", ended, p.ended, err)
	}
}

// TestAClosingThatWasLostIsBegunAnew: the server was started anew since, and the connection broke in silence.
func TestAClosingThatWasLostIsBegunAnew(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.change("p", func(i *topology.Instance) { i.SemiSync.SourceEnabled = true })
		begun := 0
		b.on["p: read_only=true"] = func(ctx context.Context) error {
			if begun++; begun > 1 {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		b.run(t)
		b.engine.fence(key("p"), "p:3306")
		after(10 * time.Second)
		if !b.said("p: read_only=true") || b.said("p: semi-sync source=false") {
			t.Errorf("not closed: %q", b.statements())
		}
	})
}

// TestAClosingIsGivenUpByWhoLeadsNoMore: the server may be the primary again by the next leader's will when it takes it in.
func TestAClosingIsGivenUpByWhoLeadsNoMore(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		ended := make(chan error, 1)
		b.on["p: read_only=true"] = func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		go func() { ended <- b.engine.fenceOnce(t.Context(), key("p")) }()
		after(time.Minute)
		if len(ended) > 0 {
			t.Fatalf("given up by who leads: %v", <-ended)
		}
		b.leader.set(false)
		after(time.Minute)
		if len(ended) == 0 {
			t.Fatal("still waiting")
		}
		if err := <-ended; !errors.Is(err, errNotLeading) || b.said("p: read_only=true") {
			t.Errorf("%v, %q", err, b.statements())
		}
	})
}

// TestWhoIsPromotedIsNotClosedForItsPast: a server that was closed as a lost primary, was restarted since, as a clone does,
// and is open again was either opened by its option file, or promoted before its downtime had ended.
func TestWhoIsPromotedIsNotClosedForItsPast(t *testing.T) {
	closedUnlessPromoted(t, func(t *testing.T, b *bench) {
		b.engine.closed[key("p")] = time.Now()
		after(time.Minute)
		b.change("p", func(i *topology.Instance) {
			now := time.Now()
			i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: now.Add(-time.Minute), End: now.Add(time.Hour)}
			i.Uptime, i.Check.Seen = 2*time.Second, now
		})
		b.run(t)
		b.event(observe.ClusterChanged, "p")
	})
}

// TestWhatAnotherLeaderPromotedIsNotClosed: a lost primary was to be closed on its return; this node lost its office before
// that, another one promoted the server, and this node leads again.
func TestWhatAnotherLeaderPromotedIsNotClosed(t *testing.T) {
	closedUnlessPromoted(t, func(t *testing.T, b *bench) {
		b.run(t)
		b.leader.set(false)
		b.engine.fence(key("p"), "p:3306")
		after(time.Second)
		if b.said("p: read_only=true") {
			t.Error("closed by a node that does not lead")
		}
		b.leader.set(true)
	})
}

// closedUnlessPromoted does something after which a lost primary is closed for writing, if nobody is on record as having
// promoted it.
func closedUnlessPromoted(t *testing.T, do func(t *testing.T, b *bench)) {
	for name, c := range map[string]struct {
		ledger func(*fakeLedger) Ledger
		closes bool
	}{
		"nobody promoted it": {func(l *fakeLedger) Ledger { return l }, true},
		"it was promoted":    {func(l *fakeLedger) Ledger { return rememberingLedger{l} }, false},
		"a leader that has just died may have": {func(l *fakeLedger) Ledger {
			u := Unfinished{Running: true}
			u.Recovery = Recovery{UID: "theirs", Finding: analysis.Finding{Key: key("q"), Code: analysis.DeadPrimary, ClusterName: "q:3306", Replicas: []topology.Key{key("p")}}}
			l.journals["theirs"] = u
			return l
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				o := b.engine.o
				o.Ledger = c.ledger(b.ledger)
				b.engine = New(o)
				do(t, b)
				after(time.Second)
				if got := b.said("p: read_only=true"); got != c.closes {
					t.Errorf("closed %v, want %v: %q", got, c.closes, b.statements())
				}
			})
		})
	}
}

func TestPromotionEndsTheFencingOfTheSuccessor(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		ended := false
		b.engine.closed[key("a")], b.engine.opened[key("a")], b.engine.fencing[key("a")] = time.Now(), true, func() { ended = true }
		b.engine.noteSuccessor(key("p"), key("a"))
		if !ended || len(b.engine.closed) > 0 || len(b.engine.opened) > 0 {
			t.Errorf("ended %v, closed %v, opened %v", ended, b.engine.closed, b.engine.opened)
		}
	})
}

// TestALostPrimaryIsClosedThoughOthersOfItsClusterHaveNotAnsweredYet: this process has just begun, and a replica hangs.
func TestALostPrimaryIsClosedThoughOthersOfItsClusterHaveNotAnsweredYet(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.change("p", func(i *topology.Instance) {
			i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: time.Now(), End: time.Now().Add(time.Hour)}
		})
		b.incomplete["p:3306"] = true
		b.run(t)
		after(tick)
		if !b.said("p: read_only=true") {
			t.Errorf("it takes writes: %q", b.statements())
		}
	})
}

// TestAnOldPrimaryThatComesBackOnceMoreIsClosedAgain: its recovery is still at work, so that it does not count as lost on record.
func TestAnOldPrimaryThatComesBackOnceMoreIsClosedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		r      Recovery
		closes bool
	}{
		"while its recovery goes on":         {Recovery{Finding: analysis.Finding{Key: key("p")}}, true},
		"while another one has overtaken it": {Recovery{Finding: analysis.Finding{Key: key("p")}, course: course{next: &Recovery{}}}, false},
		"while it takes part in a takeover":  {Recovery{Finding: analysis.Finding{Key: key("p"), CommandHint: string(GracefulTakeover)}}, false},
		"while somebody else's goes on":      {Recovery{Finding: analysis.Finding{Key: key("q")}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				b.run(t)
				b.engine.mu.Lock()
				b.engine.promoters[key("a")] = &c.r
				b.engine.mu.Unlock()
				b.event(observe.InstanceBack, "p")
				after(tick)
				if got := b.said("p: read_only=true"); got != c.closes {
					t.Errorf("closed: %t", got)
				}
			})
		})
	}
}
