package operate

import (
	"context"
	"fmt"

	"orchestrator/internal/failover"
	"orchestrator/internal/refactor"
)

func pairArgs() []Arg {
	return []Arg{{Param: ParamInstance, Required: true}, {Param: ParamDestination, Required: true}}
}

// below is the path of a route that names two servers.
func below(name string) string { return name + "/:host/:port/:belowHost/:belowPort" }

// spellings are a route under the old and the new word.
func spellings(form func(string) string, names ...string) []string {
	routes := make([]string, len(names))
	for i, n := range names {
		routes[i] = form(n)
	}
	return routes
}

func aboutOne(name string) string { return name + "/:host/:port" }

// relocations choose the method by which replicas are moved.
func relocations() []*Operation {
	regroup := "The best is chosen as after a failure; nothing is opened for writing. Replicas that hold what the best one lacks are left where they are and counted as lost."
	return []*Operation{
		relocation(Operation{
			Name: "relocate", Synonyms: []string{"relocate-below"}, Summary: "Move a replica below another server, by the method that fits",
			Details: "What can go wrong is told beforehand, with --dry-run or not. A replica that its new source does not serve goes back to the old one; threads that were stopped stay stopped.",
			Example: "orchestrator -c relocate -i db-a3 -d db-a2", Args: pairArgs(),
			Routes: []string{below("relocate"), below("relocate-below")},
			Client: []Client{{Path: below("relocate"), Needs: []Param{ParamInstance, ParamDestination}}},
		}, refactor.Relocate, placed),
		relocation(Operation{
			Name: "relocate-replicas", Summary: "Move the replicas of a server below another server, by the method that fits each",
			Details: "They are moved at the same time, MaxConcurrentReplicaOperations at most. It fails if one of them cannot be moved, and says which; the others are moved all the same.",
			Example: "orchestrator -c relocate-replicas -i db-a1 -d db-a2 -pattern rack7", Args: append(pairArgs(), Arg{Param: ParamPattern}),
			Routes: spellings(below, "relocate-slaves", "relocate-replicas"),
			Client: []Client{{Path: below("relocate-replicas"), Needs: []Param{ParamInstance, ParamDestination}}},
		}, refactor.RelocateReplicas, movedAll(false)),
		relocation(Operation{
			Name: "take-siblings", Synonyms: []string{"enslave-siblings"}, Summary: "Move the siblings of a replica below it", Args: instanceArg(),
			Routes: spellings(aboutOne, "enslave-siblings", "take-siblings"),
			Client: []Client{{Path: aboutOne("take-siblings"), Needs: []Param{ParamInstance}}},
		}, refactor.TakeSiblings, tookSiblings),
		relocation(Operation{
			Name: "regroup-replicas", Summary: "Place the best replica of a server above the others", Details: regroup, Args: instanceArg(),
			Routes: spellings(aboutOne, "regroup-slaves", "regroup-replicas"),
		}, refactor.RegroupReplicas, regroupedAny),
	}
}

func onlyHTTP(o *Operation) *Operation {
	o.Faces = OnlyHTTP
	return o
}

// positional are the moves by place in the tree, and those that trust the positions of a replica.
func positional() []*Operation {
	return []*Operation{
		relocation(Operation{
			Name: "move-up", Summary: "Make a replica a sibling of its source", Args: instanceArg(),
			Routes: []string{aboutOne("move-up")}, Client: []Client{{Path: aboutOne("move-up"), Needs: []Param{ParamInstance}}},
		}, refactor.MoveUp, placed),
		relocation(Operation{
			Name: "move-up-replicas", Summary: "Make the replicas of a server its siblings", Args: append(instanceArg(), Arg{Param: ParamPattern}),
			Routes: spellings(aboutOne, "move-up-slaves", "move-up-replicas"),
			Client: []Client{{Path: aboutOne("move-up-replicas"), Needs: []Param{ParamInstance}}},
		}, refactor.MoveUpReplicas, movedAll(false)),
		relocation(Operation{
			Name: "move-below", Summary: "Move a replica below its sibling", Args: pairArgs(),
			Routes: []string{"move-below/:host/:port/:siblingHost/:siblingPort"},
			Client: []Client{{Path: "move-below/:host/:port/:siblingHost/:siblingPort", Needs: []Param{ParamInstance, ParamDestination}}},
		}, refactor.MoveBelow, placed),
		relocation(Operation{
			Name: "repoint", Summary: "Point a replica at its source under another name, or at its source again",
			Details: "By file and position the positions are kept, so it is refused where they mean something else in the log of the new source.",
			Args:    []Arg{{Param: ParamInstance, Required: true}, {Param: ParamDestination}},
			Routes:  []string{below("repoint"), aboutOne("repoint")},
			Client:  []Client{{Path: below("repoint"), Needs: []Param{ParamInstance}}},
		}, refactor.Repoint, placed),
		relocation(Operation{
			Name: "repoint-replicas", Summary: "Point the replicas of a server at it again, or at another name of it",
			Args:   []Arg{{Param: ParamInstance, Required: true}, {Param: ParamDestination}, {Param: ParamPattern}},
			Routes: append(spellings(aboutOne, "repoint-slaves", "repoint-replicas"), below("repoint-replicas")),
			Client: []Client{{Path: below("repoint-replicas"), Needs: []Param{ParamInstance}}},
		}, refactor.RepointReplicas, movedAll(true)),
		relocation(Operation{
			Name: "take-master", Synonyms: []string{"enslave-master"}, Summary: "Swap a replica and its source, which is a replica itself",
			Details: "Other replicas stay where they are. By file and position both stand still until they are proven to hold the same. Afterwards the hooks PostTakeMasterProcesses run. A primary is replaced by graceful-master-takeover-auto.", Args: instanceArg(),
			Routes: spellings(aboutOne, "enslave-master", "take-master"),
			Client: []Client{{Path: aboutOne("take-master"), Needs: []Param{ParamInstance}}},
		}, refactor.TakeSource, relocatedOne),
		relocation(Operation{
			Name: "make-co-master", Summary: "Let a primary replicate from its read-only replica, so that each replicates from the other", Args: instanceArg(),
			Routes: []string{aboutOne("make-co-master")}, Client: []Client{{Path: aboutOne("make-co-master"), Needs: []Param{ParamInstance}}},
		}, refactor.MakeCoPrimary, relocatedOne),
		onlyHTTP(relocation(Operation{
			Name: "make-master", Summary: "Open a replica of a dead primary for writing, and put its siblings below it",
			Details: "A failover (recover, force-master-failover) chooses, proves and repairs more; this does what it is told. It is refused while anything shows that the primary lives, or that a sibling holds more.",
			Args:    instanceArg(), Routes: []string{aboutOne("make-master")},
		}, refactor.MakePrimary, withLost)),
		onlyHTTP(relocation(Operation{
			Name: "make-local-master", Summary: "Put a replica beside its source, and its siblings below it", Args: instanceArg(),
			Routes: []string{aboutOne("make-local-master")},
		}, refactor.MakeLocalPrimary, withLost)),
		{
			Name: "get-candidate-replica", Summary: "Show the replica of a server that regrouping would place above the others", Args: instanceArg(), Faces: OnlyCLI,
			Run: func(_ context.Context, e *Engine, a Args) (Result, error) {
				best, others, refusal := refactor.Candidate(a.Topology, a.Instance, failover.PolicyOf(e.Config()))
				if refusal != nil {
					return Result{}, refusal
				}
				return Result{Value: best.Key, Message: withWarnings(best.Key.String()+" is the best", verdicts(others))}, nil
			},
		},
	}
}

// relocationsByGTID move replicas by GTID alone.
func relocationsByGTID() []*Operation {
	return []*Operation{
		relocation(Operation{
			Name: "move-gtid", Summary: "Move a replica below another server by GTID", Args: pairArgs(),
			Routes: spellings(below, "move-below-gtid", "move-gtid"),
			Client: []Client{{Path: below("move-gtid"), Needs: []Param{ParamInstance, ParamDestination}}},
		}, refactor.MoveGTID, placed),
		relocation(Operation{
			Name: "move-replicas-gtid", Summary: "Move the replicas of a server below another server by GTID", Args: append(pairArgs(), Arg{Param: ParamPattern}),
			Routes: spellings(below, "move-slaves-gtid", "move-replicas-gtid"),
			Client: []Client{{Path: below("move-replicas-gtid"), Needs: []Param{ParamInstance, ParamDestination}}},
		}, refactor.MoveReplicasGTID, movedAll(false)),
		relocation(Operation{
			Name: "regroup-replicas-gtid", Summary: "Place the best replica of a server above the others, by GTID", Args: instanceArg(),
			Routes: spellings(aboutOne, "regroup-slaves-gtid", "regroup-replicas-gtid"),
		}, refactor.RegroupReplicasGTID, regrouped(func(lost, moved int) string {
			return fmt.Sprintf("promoted lost: %d, moved: %d", lost, moved)
		})),
	}
}
