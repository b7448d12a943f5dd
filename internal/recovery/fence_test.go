package recovery

import (
	"context"
	"slices"
	"testing"
	"time"

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
	for name, c := range map[string]struct {
		all  []server.Process
		want []uint64
	}{
		"nothing waits":             {[]server.Process{inGroup}, nil},
		"one waits":                 {[]server.Process{waits}, []uint64{1}},
		"MariaDB's word":            {[]server.Process{{ID: 9, Command: "Query", State: "Waiting for semi-sync ACK from slave", Info: "COMMIT"}}, []uint64{9}},
		"the same group of commits": {[]server.Process{waits, inGroup}, []uint64{1, 2}},
		"the closing itself, readers, idle and system threads stay": {[]server.Process{waits,
			{ID: 3, User: "orc", Command: "Query", State: "Waiting for global read lock", Info: "SET GLOBAL super_read_only = 1"},
			{ID: 4, User: "app", Command: "Query", State: "executing", Info: "select 1"},
			{ID: 5, User: "app", Command: "Sleep"},
			{ID: 6, User: "system user", Command: "Query", State: "Applying batch of row changes", Info: "INSERT"},
			{ID: 7, User: "repl", Command: "Binlog Dump GTID", State: "Source has sent all binlog to replica"},
		}, []uint64{1}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &processes{all: c.all}
			ended, err := sendWaitingAway(t.Context(), p)
			if err != nil || ended != len(c.want) || !slices.Equal(p.ended, c.want) {
				t.Errorf("ended %d: %v (%v), want %v", ended, p.ended, err, c.want)
			}
		})
	}
}

// TestWhoIsPromotedIsNotClosedForItsPast: a server that was closed as a lost primary, was restarted since, as a clone does,
// and is open again was either opened by its option file, or promoted before its downtime had ended.
func TestWhoIsPromotedIsNotClosedForItsPast(t *testing.T) {
	for name, c := range map[string]struct {
		ledger func(*fakeLedger) Ledger
		closes bool
	}{
		"its option file opened it": {func(l *fakeLedger) Ledger { return l }, true},
		"it was promoted":           {func(l *fakeLedger) Ledger { return rememberingLedger{l} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				o := b.engine.o
				o.Ledger = c.ledger(b.ledger)
				b.engine = New(o)
				b.engine.closed[key("p")] = time.Now()
				after(time.Minute)
				b.change("p", func(i *topology.Instance) {
					now := time.Now()
					i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: now.Add(-time.Minute), End: now.Add(time.Hour)}
					i.Uptime, i.Check.Seen = 2*time.Second, now
				})
				b.run(t)
				b.event(observe.ClusterChanged, "p")
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
