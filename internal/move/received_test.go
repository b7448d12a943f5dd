package move_test

import (
	"fmt"
	"testing"

	"orchestrator/internal/refactor"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// TestRealReceivedSurvives has every operation done, or refused, on a replica that holds what it has not applied: with its
// applier stopped, and with one that is delayed. After each the source is gone for good as far as the replica is
// concerned, unless it still serves it: what was received must be applied in the end.
func TestRealReceivedSurvives(t *testing.T) {
	for name, o := range map[string]sandbox.Options{
		"MariaDB":              {Flavor: sandbox.MariaDB, GTID: true},
		"MySQL":                {Flavor: sandbox.MySQL, GTID: true},
		"MariaDB, by position": {Flavor: sandbox.MariaDB},
		"MySQL, by position":   {Flavor: sandbox.MySQL},
		"MySQL 5.6":            {Flavor: sandbox.MySQL56},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, o)
			r.Config.PseudoGTIDPattern, r.Config.PseudoGTIDPatternIsFixedSubstring, r.Config.PseudoGTIDMonotonicHint = "drop view if exists `_pseudo_gtid_`", true, "asc:"
			r.write(t, "CREATE DATABASE moved", "CREATE TABLE moved.t (id INT PRIMARY KEY)")
			r.followed(t)
			k, rows := keyOf(r.Node(1)), 0
			single := func(op refactor.Operation, number int64) move_ {
				return func() error {
					_, err := r.runner.Run(limited(t), r.runner.Single(refactor.Request{Operation: op, Server: k, Number: number}))
					return err
				}
			}
			moving := func(command refactor.RelocationCommand, below int) move_ {
				return func() error {
					q := refactor.Relocation{Command: command, Server: k}
					if below >= 0 {
						q.Below = keyOf(r.Node(below))
					}
					_, err := r.runner.Run(limited(t), r.runner.Relocation(q))
					return err
				}
			}
			if !o.GTID {
				r.write(t, "CREATE TABLE test.t (id INT PRIMARY KEY, v VARCHAR(20))")
				r.marker(t)
				r.followed(t)
			}
			for _, how := range []string{"stopped", "delayed"} {
				for _, op := range []struct {
					name string
					do   move_
				}{
					{"relocate", moving(refactor.Relocate, 2)}, {"move-up", moving(refactor.MoveUp, -1)}, {"repoint", moving(refactor.Repoint, -1)},
					{"stop-replica", single(refactor.StopReplica, 0)}, {"stop-replica-nice", single(refactor.StopReplicaNice, 0)},
					{"restart-replica", single(refactor.RestartReplica, 0)}, {"detach", single(refactor.DetachReplica, 0)},
					{"enable-gtid", single(refactor.EnableGTID, 0)}, {"disable-gtid", single(refactor.DisableGTID, 0)},
					{"delay-replication", single(refactor.DelayReplication, 2)}, {"change-master-credentials", single(refactor.ChangeCredentials, 0)},
					{"disable-semi-sync-replica", single(refactor.DisableSemiSyncReplica, 0)}, {"start-replica", single(refactor.StartReplica, 0)},
					{"move-below", moving(refactor.MoveBelow, 2)}, {"take-master", moving(refactor.TakeSource, -1)},
					{"make-local-master", moving(refactor.MakeLocalPrimary, -1)}, {"take-siblings", moving(refactor.TakeSiblings, -1)},
					{"match", moving(refactor.Match, 0)}, {"match-up", moving(refactor.MatchUp, -1)}, {"rematch", moving(refactor.Rematch, -1)},
					{"move-gtid", moving(refactor.MoveGTID, 0)},
				} {
					rows = r.backlog(t, how, rows)
					err := op.do()
					if c := r.afterwards(t); c != rows {
						t.Errorf("%s, applier %s (%v): %d rows of %d", op.name, how, err, c, rows)
					}
					t.Logf("%s, applier %s: %v", op.name, how, err)
				}
			}
		})
	}
}

type move_ = func() error

// backlog lets node 1 hold what it has not applied, and returns how many rows there are to be.
func (r *rig) backlog(t *testing.T, how string, rows int) int {
	t.Helper()
	s, k := r.Servers.For(keyOf(r.Node(1))), keyOf(r.Node(1))
	if how == "delayed" {
		seconds := int64(3600)
		must(t, s.StopReplica(limited(t), server.AllThreads, ""))
		must(t, s.ChangeSource(limited(t), server.SourceChange{Delay: &seconds}))
		must(t, s.StartReplica(limited(t), server.AllThreads, ""))
		must(t, r.AwaitReplication(limited(t)))
	} else {
		must(t, s.StopReplica(limited(t), server.SQLThread, ""))
	}
	r.write(t, fmt.Sprintf("INSERT INTO moved.t VALUES (%d)", rows+1))
	source := r.sourceOf(t, 1)
	for ctx := limited(t); ; {
		at, err := r.Servers.For(source).SelfCoordinates(ctx)
		must(t, err)
		must(t, r.Probe(ctx, k, source))
		if n := r.count(t, r.nodeOf(source)); n == rows+1 && r.Snapshot().Instance(k).Channel.Read.Compare(at) >= 0 {
			return rows + 1
		}
	}
}

func (r *rig) nodeOf(k topology.Key) *sandbox.Node {
	for _, n := range r.Nodes() {
		if keyOf(n) == k {
			return n
		}
	}
	return nil
}

func (r *rig) sourceOf(t *testing.T, node int) topology.Key {
	t.Helper()
	list, err := r.Servers.For(keyOf(r.Node(node))).Status(limited(t))
	must(t, err)
	return list[0].Source.Reattached()
}

// afterwards lets node 1 replicate as usual again, by plain statements, and says how many rows it has then.
func (r *rig) afterwards(t *testing.T) int {
	t.Helper()
	s := r.Servers.For(keyOf(r.Node(1)))
	list, err := s.Status(limited(t))
	must(t, err)
	none := int64(0)
	change := server.SourceChange{Delay: &none}
	must(t, s.StopReplica(limited(t), server.AllThreads, ""))
	if list[0].Source.IsDetached() {
		change.Source = list[0].Source.Reattached()
		if list[0].GTID == topology.FilePosition {
			change.Mode, change.Coords = server.FilePosition, list[0].Exec
		}
	}
	must(t, s.ChangeSource(limited(t), change))
	must(t, s.StartReplica(limited(t), server.AllThreads, ""))
	must(t, r.AwaitReplication(limited(t)))
	must(t, r.AwaitCaughtUp(limited(t)))
	must(t, r.Probe(limited(t), keyOf(r.Node(1)), keyOf(r.Node(0)), keyOf(r.Node(2))))
	return r.count(t, r.Node(1))
}
