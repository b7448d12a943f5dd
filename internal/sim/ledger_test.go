package sim

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/recovery"
	"orchestrator/internal/store"
)

// clerk writes recoveries down in a ledger, and what the ledger says.
type clerk struct {
	t      *testing.T
	ledger recovery.Ledger
	said   []string
	n      int
}

func (c *clerk) say(format string, args ...any) {
	c.said = append(c.said, fmt.Sprintf(format, args...))
}

// begin registers a recovery, and returns it when it may begin.
func (c *clerk) begin(failed, cluster string, forced bool) *recovery.Recovery {
	c.n++
	r := &recovery.Recovery{UID: fmt.Sprintf("uid-%d", c.n), Started: time.Now(), Forced: forced}
	r.Finding = analysis.Finding{Key: KeyOf(failed), Code: analysis.DeadPrimary, ClusterName: cluster, IsPrimary: true}
	block, err := c.ledger.RegisterRecovery(c.t.Context(), r, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.say("recovery of %s in %s: blocked %t", failed, cluster, block.Blocked())
	if block.Blocked() {
		return nil
	}
	return r
}

func (c *clerk) end(r *recovery.Recovery, successor string) {
	r.Ended = time.Now()
	if successor != "" {
		r.Successor = KeyOf(successor)
	}
	if err := c.ledger.ResolveRecovery(c.t.Context(), r); err != nil {
		c.t.Fatal(err)
	}
}

// ask notes what the ledger knows of servers.
func (c *clerk) ask(names ...string) {
	ctx := c.t.Context()
	for _, n := range names {
		to, e1 := c.ledger.SuccessorOf(ctx, KeyOf(n))
		at, e2 := c.ledger.PromotedAt(ctx, KeyOf(n))
		demoted, e3 := c.ledger.DemotedSince(ctx, KeyOf(n), time.Now().Add(-time.Hour))
		if e1 != nil || e2 != nil || e3 != nil {
			c.t.Fatal(e1, e2, e3)
		}
		c.say("%s: replaced by %q, promoted last %t, demoted %t", n, to.Hostname, !at.IsZero(), demoted)
	}
}

func (c *clerk) acknowledge(r *recovery.Recovery) {
	if err := c.ledger.Acknowledge(c.t.Context(), r.UID, "seen"); err != nil {
		c.t.Fatal(err)
	}
}

// TestTheLedgerKeepsTheRulesOfTheRealOne plays the same recoveries on the simulator's ledger and on that of the backend.
func TestTheLedgerKeepsTheRulesOfTheRealOne(t *testing.T) {
	for name, play := range map[string]func(*clerk){
		"a failover": func(c *clerk) {
			c.end(c.begin("db1", "db1:3306", false), "db2")
			c.ask("db1", "db2", "db3")
		},
		"one that runs stands in the way": func(c *clerk) {
			c.begin("db1", "db1:3306", false)
			c.begin("db1", "db1:3306", false)
			c.begin("db7", "db7:3306", false)
		},
		"anti-flapping holds for the cluster and for the successor": func(c *clerk) {
			c.end(c.begin("db1", "db1:3306", false), "db2")
			c.begin("db1", "db1:3306", false)
			c.begin("db2", "db2:3306", false)
			c.begin("db7", "db7:3306", false)
		},
		"who acknowledges lifts the block": func(c *clerk) {
			r := c.begin("db1", "db1:3306", false)
			c.end(r, "db2")
			c.acknowledge(r)
			c.begin("db2", "db2:3306", false)
		},
		"a person is not held back by one that has ended": func(c *clerk) {
			c.end(c.begin("db1", "db1:3306", false), "db2")
			c.begin("db2", "db2:3306", true)
		},
		"there and back": func(c *clerk) {
			c.end(c.begin("db1", "db1:3306", false), "db2")
			c.end(c.begin("db2", "db2:3306", true), "db1")
			c.ask("db1", "db2")
		},
		"one that failed changes nobody": func(c *clerk) {
			c.end(c.begin("db1", "db1:3306", false), "")
			c.ask("db1", "db2")
		},
	} {
		t.Run(name, func(t *testing.T) {
			mine, real := clerk{t: t, ledger: simulatedLedger()}, clerk{t: t, ledger: realLedger(t)}
			play(&mine)
			play(&real)
			if !slices.Equal(mine.said, real.said) {
				t.Errorf("simulated: %q\nreal:      %q", mine.said, real.said)
			}
		})
	}
}

func simulatedLedger() recovery.Ledger {
	sc := &Scenario{Servers: three(), Settings: `"RecoveryPeriodBlockSeconds": 3600`}
	return newWorld(sc.withDefaults(), NewRunner()).managers[0].ledger()
}

func realLedger(t *testing.T) recovery.Ledger {
	s, err := store.Open(t.Context(), store.Options{File: filepath.Join(t.TempDir(), "o.sqlite3"), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c := config.Default()
	me := recovery.Node{Hostname: "m1", Token: "m1/1"}
	return recovery.NewStoreLedger(s, me, func() *config.Config { return c }, func(context.Context) ([]store.Node, error) {
		return []store.Node{{Hostname: me.Hostname, Token: me.Token}}, nil
	})
}

var _ recovery.Ledger = ledger{}
