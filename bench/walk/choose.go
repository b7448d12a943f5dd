package main

import (
	"fmt"
	"strings"

	"orchestrator/internal/gtid"
	"orchestrator/internal/move"
	"orchestrator/internal/refactor"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/topology"
)

// The operations of a walk, as often as they are to be chosen. Nothing opens a second server for writing.
var (
	relocations = []refactor.RelocationCommand{
		refactor.Relocate, refactor.Relocate, refactor.Relocate, refactor.Relocate, refactor.RelocateReplicas, refactor.RelocateReplicas,
		refactor.MoveUp, refactor.MoveUp, refactor.MoveBelow, refactor.MoveBelow, refactor.MoveUpReplicas, refactor.MoveGTID, refactor.MoveReplicasGTID,
		refactor.Repoint, refactor.RepointReplicas, refactor.TakeSiblings, refactor.TakeSource, refactor.TakeSource, refactor.MakeLocalPrimary,
		refactor.MakeCoPrimary, refactor.RegroupReplicas, refactor.RegroupReplicasGTID,
	}
	singles = []refactor.Operation{
		refactor.StopReplica, refactor.StopReplicaNice, refactor.StartReplica, refactor.StartReplica, refactor.StartReplica, refactor.RestartReplica,
		refactor.DetachReplica, refactor.ReattachReplica, refactor.ReattachReplica, refactor.DelayReplication, refactor.DelayReplication,
		refactor.EnableGTID, refactor.EnableGTID, refactor.DisableGTID, refactor.FlushBinaryLogs, refactor.SetReadOnly, refactor.ChangeCredentials,
		refactor.ResetReplica,
	}
)

// choose makes up an operation.
func (w *walker) choose() (move.Job, string) {
	server, below := w.anyNode(), w.anyNode()
	if w.random.IntN(5) < 3 {
		q := refactor.Relocation{Command: relocations[w.random.IntN(len(relocations))], Server: key(server)}
		switch q.Command {
		case refactor.Relocate, refactor.RelocateReplicas, refactor.MoveBelow, refactor.MoveGTID, refactor.MoveReplicasGTID:
			q.Below = key(below)
		}
		return w.runner.Relocation(q), fmt.Sprintf("%s %s %s", q.Command, q.Server, q.Below)
	}
	q := refactor.Request{Operation: singles[w.random.IntN(len(singles))], Server: key(server)}
	if q.Operation == refactor.DelayReplication {
		q.Number = int64(w.random.IntN(2))
	}
	if q.Operation == refactor.SetReadOnly && server == w.Node(0) {
		q.Operation = refactor.FlushBinaryLogs
	}
	if q.Operation == refactor.ResetReplica {
		q.Server = key(w.Node(0)) // it takes a ring apart; others would be lost
	}
	return w.runner.Single(q), fmt.Sprintf("%s %s %d", q.Operation, q.Server, q.Number)
}

func (w *walker) anyNode() *sandbox.Node { return w.Node(w.random.IntN(len(w.Nodes()))) }

// errant says whether a server knows a transaction that the primary, at node 0, does not know or did not write.
func (w *walker) errant() error {
	t := w.fleet.Snapshot()
	primary := t.Instance(key(w.Node(0)))
	for _, i := range t.Instances() {
		var err error
		switch {
		case i == primary || !w.gtid && w.flavor != sandbox.MariaDB:
		case w.flavor == sandbox.MariaDB:
			err = foreign(i, primary)
		default:
			err = extra(i, primary)
		}
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", i.Key, err, w.describe())
		}
	}
	return nil
}

func extra(i, primary *topology.Instance) error {
	mine, err := gtid.Parse(i.ExecutedSet)
	if err != nil {
		return err
	}
	its, err := gtid.Parse(primary.ExecutedSet)
	if err != nil {
		return err
	}
	if !mine.Equal(its) {
		return fmt.Errorf("it has executed %s, and the primary %s", mine, its)
	}
	return nil
}

// foreign looks at who wrote what a MariaDB server last logged.
func foreign(i, primary *topology.Instance) error {
	for part := range strings.SplitSeq(i.BinlogState, ",") {
		g, err := gtid.ParseMariaGTID(part)
		if err != nil {
			return err
		}
		if g.Server != primary.ServerID {
			return fmt.Errorf("it holds %s, which the primary has not written", g)
		}
	}
	return nil
}
