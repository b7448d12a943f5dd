package move_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/refactor"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/topology"
)

// TestRealMovesByGTID moves servers by GTID while their primary is written to. MySQL's transactions bear tags besides.
func TestRealMovesByGTID(t *testing.T) {
	for name, o := range map[string]sandbox.Options{
		"MariaDB": {Flavor: sandbox.MariaDB, GTID: true},
		"MySQL":   {Flavor: sandbox.MySQL, GTID: true},
	} {
		t.Run(name, func(t *testing.T) {
			o.Nodes = 5
			r := newRig(t, o)
			r.write(t, "CREATE TABLE test.tagged (id INT PRIMARY KEY)")
			stop := r.load(t)
			for n, step := range []struct {
				command       refactor.RelocationCommand
				server, below int
				refused       string
				sources       string
			}{
				{refactor.Relocate, 2, 1, "", "- 0 1 0 0"},
				{refactor.Relocate, 1, 2, "loop", "- 0 1 0 0"},
				{refactor.Relocate, 2, 2, "same-server", "- 0 1 0 0"},
				{refactor.Relocate, 0, 1, "not-a-replica", "- 0 1 0 0"},
				{refactor.MoveGTID, 3, 2, "", "- 0 1 2 0"},
				{refactor.MoveGTID, 1, 3, "loop", "- 0 1 2 0"},
				{refactor.MoveUp, 3, -1, "", "- 0 1 1 0"},
				{refactor.MoveUp, 1, -1, "top", "- 0 1 1 0"},
				{refactor.MoveBelow, 3, 2, "", "- 0 1 2 0"},
				{refactor.MoveBelow, 3, 4, "not-siblings", "- 0 1 2 0"},
				{refactor.Repoint, 3, -1, "", "- 0 1 2 0"},
				{refactor.Repoint, 2, 3, "loop", "- 0 1 2 0"},
				{refactor.TakeSource, 2, -1, "", "- 2 0 2 0"},
				{refactor.TakeSource, 2, -1, "top", "- 2 0 2 0"},
				{refactor.MoveUpReplicas, 2, -1, "", "- 0 0 0 0"},
				{refactor.MoveUpReplicas, 0, -1, "top", "- 0 0 0 0"},
				{refactor.TakeSiblings, 1, -1, "", "- 0 1 1 1"},
				{refactor.MakeLocalPrimary, 2, -1, "", "- 0 0 2 2"},
				{refactor.MakeLocalPrimary, 2, -1, "top", "- 0 0 2 2"},
				{refactor.RelocateReplicas, 2, 0, "", "- 0 0 0 0"},
				{refactor.MoveReplicasGTID, 0, 1, "", "- 0 1 1 1"},
				{refactor.RelocateReplicas, 0, 2, "loop", "- 0 1 1 1"},
				{refactor.RepointReplicas, 1, -1, "", "- 0 1 1 1"},
				{refactor.MakeCoPrimary, 2, -1, "has-source", "- 0 1 1 1"},
				{refactor.MakeCoPrimary, 1, -1, "", "1 0 1 1 1"},
				{refactor.MakeCoPrimary, 1, -1, "co-primary", "1 0 1 1 1"},
				{refactor.TakeSource, 2, -1, "co-primary", "1 0 1 1 1"},
				{refactor.MakePrimary, 1, -1, "source-alive", "1 0 1 1 1"},
			} {
				r.write(t, append(r.tagged("moved"), fmt.Sprintf("INSERT INTO test.tagged VALUES (%d)", n))...)
				r.look(t)
				if step.refused != "" {
					r.refusedMove(t, step.refused, step.command, step.server, step.below)
				} else {
					r.relocate(t, step.command, step.server, step.below)
				}
				if got := r.sources(t); got != step.sources {
					t.Fatalf("after %s of %d: %s, want %s", step.command, step.server, got, step.sources)
				}
			}
			stop()
			must(t, r.SameData(limited(t), "tagged"))
			r.regroupings(t)
		})
	}
}

// regroupings places the best of the replicas of node 1 above the others, which may be any of them, and only some.
func (r *rig) regroupings(t *testing.T) {
	r.look(t)
	r.do(t, refactor.Request{Operation: refactor.ResetReplica, Server: keyOf(r.Node(0))}) // which takes the ring apart
	r.look(t)
	for _, command := range []refactor.RelocationCommand{refactor.RegroupReplicas, refactor.RegroupReplicasGTID} {
		p := r.relocation(t, refactor.Relocation{Command: command, Server: keyOf(r.Node(1))})
		if len(p.Steps) != 2 || !strings.Contains(p.Title, "is placed above 2 of the 3") {
			t.Errorf("%s\n%s", command, p.String())
		}
		must(t, r.AwaitReplication(limited(t)))
		r.look(t)
		only := regexp.MustCompile(regexp.QuoteMeta(keyOf(r.Node(4)).String()) + "|" + regexp.QuoteMeta(keyOf(r.Node(3)).String()))
		r.relocation(t, refactor.Relocation{Command: refactor.RelocateReplicas, Server: p.Successor, Below: keyOf(r.Node(1)), Only: only})
		r.look(t)
		r.relocation(t, refactor.Relocation{Command: refactor.RelocateReplicas, Server: p.Successor, Below: keyOf(r.Node(1))})
		if got := r.sources(t); got != "- 0 1 1 1" {
			t.Errorf("sources %s", got)
		}
		r.look(t)
	}
}

// TestRealTurnedAway: a replica whose new source does not serve it goes back to the one it had, and goes on there; the
// message says so.
func TestRealTurnedAway(t *testing.T) {
	for name, o := range map[string]sandbox.Options{
		"MariaDB":              {Flavor: sandbox.MariaDB, GTID: true},
		"MySQL":                {Flavor: sandbox.MySQL, GTID: true},
		"MariaDB, by position": {Flavor: sandbox.MariaDB},
		"MySQL 5.6":            {Flavor: sandbox.MySQL56},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, o)
			r.Config.PseudoGTIDPattern, r.Config.PseudoGTIDPatternIsFixedSubstring, r.Config.PseudoGTIDMonotonicHint = "drop view if exists `_pseudo_gtid_`", true, "asc:"
			r.write(t, "CREATE TABLE test.t (id INT PRIMARY KEY, v VARCHAR(20))")
			r.marker(t)
			r.followed(t)
			r.look(t)
			// Nobody may replicate from node 1.
			must(t, r.Node(1).ExecAs(limited(t), sandbox.UserAdmin, append(r.open(), "SET sql_log_bin=0", "REVOKE REPLICATION SLAVE ON *.* FROM 'repl'@'%'")...))
			turnedAway := func(q refactor.Relocation) {
				t.Helper()
				j := r.runner.Relocation(q)
				j.Deadline = 5 * time.Second
				_, err := r.runner.Run(limited(t), j)
				var refusal *topology.Refusal
				if err == nil || errors.As(err, &refusal) || !strings.Contains(err.Error(), "back below "+keyOf(r.Node(0)).String()) {
					t.Errorf("%s: %v", q.Command, err)
				}
				if got := r.sources(t); got != "- 0 0" {
					t.Fatalf("after %s: %s", q.Command, got)
				}
				if len(r.Locked) != 0 {
					t.Errorf("%s left locks: %v", q.Command, r.Locked)
				}
				r.marker(t)
				r.followed(t)
				must(t, r.SameData(limited(t), "t"))
				r.look(t)
			}
			turnedAway(refactor.Relocation{Command: refactor.Relocate, Server: keyOf(r.Node(2)), Below: keyOf(r.Node(1))})
			if !o.GTID {
				turnedAway(refactor.Relocation{Command: refactor.Match, Server: keyOf(r.Node(2)), Below: keyOf(r.Node(1))})
			}
		})
	}
}

// TestRealPurged: a replica does not go below a server that has deleted what it lacks.
func TestRealPurged(t *testing.T) {
	for name, o := range map[string]sandbox.Options{
		"MariaDB": {Flavor: sandbox.MariaDB, GTID: true},
		"MySQL":   {Flavor: sandbox.MySQL, GTID: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, o)
			r.write(t, "CREATE TABLE test.t (id INT PRIMARY KEY, v VARCHAR(20))")
			r.followed(t)
			r.look(t)
			one, two := keyOf(r.Node(1)), keyOf(r.Node(2))
			r.do(t, refactor.Request{Operation: refactor.StopReplica, Server: two})
			r.marker(t)
			must(t, r.Node(1).ExecAs(limited(t), sandbox.UserAdmin, "SELECT 1"))
			at, err := r.Servers.For(keyOf(r.Node(0))).SelfCoordinates(limited(t))
			must(t, err)
			r.do(t, refactor.Request{Operation: refactor.SourcePosWait, Server: one, At: at})
			r.do(t, refactor.Request{Operation: refactor.FlushBinaryLogs, Server: one})
			r.do(t, refactor.Request{Operation: refactor.PurgeBinaryLogs, Server: one, File: refactor.LatestLog})
			r.look(t)
			j := r.runner.Relocation(refactor.Relocation{Command: refactor.Relocate, Server: two, Below: one})
			r.refusedMove(t, "purged", refactor.Relocate, 2, 1)
			r.look(t)
			if i := r.Snapshot().Instance(two); i.Channel.Source != keyOf(r.Node(0)) { // a MariaDB server is asked right before the move
				t.Errorf("it was refused, and is below %s", i.Channel.Source)
			}
			r.do(t, refactor.Request{Operation: refactor.StartReplica, Server: two})
			r.followed(t)
			r.look(t)
			if _, err := r.runner.Run(limited(t), j); err != nil {
				t.Errorf("it lacks nothing any more: %v", err)
			}
			r.below(t, 2, 1)
		})
	}
}
