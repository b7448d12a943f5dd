package operate

import (
	"context"
	"fmt"
	"strconv"

	"orchestrator/internal/topology"
)

// replicationInformation is what is asked about replication from what is known, without reaching servers.
func replicationInformation() []*Operation {
	return []*Operation{
		canReplicate("can-replicate-from", "Tell whether an instance can replicate from another: show that one if so", nil),
		canReplicate("can-replicate-from-gtid", "Tell whether an instance can replicate from another by GTID: show that one if so", canReplicateByGTID),
		{
			Name: "is-replicating", Summary: "Show the instance if both its replication threads run",
			Args: instanceArg(), Faces: OnlyCLI,
			Run: onInstance(func(_ *Engine, i Instance) any { return keyIf(i.Key, i.Replicating()) }),
		},
		{
			Name: "is-replication-stopped", Summary: "Show the instance if both its replication threads are stopped",
			Args: instanceArg(), Faces: OnlyCLI,
			Run: onInstance(func(_ *Engine, i Instance) any { return keyIf(i.Key, i.ThreadsStopped()) }),
		},
		{
			Name: "master-equivalent", Summary: "List the positions in other binary logs that are known to be the same as one of an instance",
			Args:  []Arg{{Param: ParamInstance, Required: true}, {Param: ParamLogFile, Required: true}, {Param: ParamLogPos, Required: true}},
			Faces: OnlyHTTP, Routes: []string{"master-equivalent/:host/:port/:logFile/:logPos"},
			Run: equivalents,
		},
	}
}

// keyIf is the key, or what prints nothing.
func keyIf(k topology.Key, yes bool) topology.Key {
	if !yes {
		return topology.Key{}
	}
	return k
}

// canReplicate makes an operation that judges by the rules, and by further ones unless further is nil.
func canReplicate(name, summary string, further func(r, s *topology.Instance) error) *Operation {
	return &Operation{
		Name: name, Summary: summary, Example: "orchestrator -c " + name + " -i db-a3 -d db-a2",
		Args:   []Arg{{Param: ParamInstance, Required: true}, {Param: ParamDestination, Required: true}},
		Routes: []string{name + "/:host/:port/:belowHost/:belowPort"},
		Client: []Client{{Path: name + "/:host/:port/:belowHost/:belowPort", Needs: []Param{ParamInstance, ParamDestination}, Print: PrintKey}},
		Run: func(_ context.Context, e *Engine, a Args) (Result, error) {
			var pair [2]*topology.Instance
			for n, k := range []topology.Key{a.Instance, a.Destination} {
				if pair[n] = a.Topology.Instance(k); pair[n] == nil {
					return Result{}, unknownInstance(k)
				}
			}
			c := e.Config()
			rules := topology.ReplicationRules{
				VerifyFilters: c.VerifyReplicationFilters, LowerVersionAllowed: c.LowerReplicaVersionAllowed,
				MaintenanceLag: c.ReasonableMaintenanceReplicationLag(),
			}
			if no := topology.CanReplicate(pair[0], pair[1], rules); no != nil {
				return Result{}, &Failure{Message: no.Error(), Answer: true}
			}
			if further != nil {
				if err := further(pair[0], pair[1]); err != nil {
					return Result{}, &Failure{Message: err.Error(), Answer: true}
				}
			}
			return Result{Value: a.Destination, Message: "true"}, nil
		},
	}
}

// canReplicateByGTID wants GTIDs of one family on both sides, and every transaction that the source has purged on the
// replica. A replica that could use GTID counts as one that does.
func canReplicateByGTID(r, s *topology.Instance) error {
	if !r.UsesGTID() && r.SupportsOracleGTID {
		r = r.Clone()
		r.Channel.GTID = topology.OracleGTID
	}
	if no := topology.CanReplicateByGTID(r, s); no != nil {
		return no
	}
	return nil
}

func equivalents(ctx context.Context, e *Engine, a Args) (Result, error) {
	if e.History == nil {
		return Result{}, unavailable("history")
	}
	at, err := strconv.ParseInt(a.Text(ParamLogPos), 10, 64)
	if err != nil || at < 0 {
		return Result{}, fmt.Errorf("log position %q: a whole number is required", a.Text(ParamLogPos))
	}
	list, err := e.History.Equivalents(ctx, PositionOn{Key: a.Instance, Coordinates: topology.Coordinates{LogFile: a.Text(ParamLogFile), LogPos: at}})
	return Result{Value: notNil(list), Message: fmt.Sprintf("Found %d equivalent coordinates", len(list))}, recordError("equivalent coordinates", err)
}
