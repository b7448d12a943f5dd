package operate

import (
	"context"
	"fmt"

	"orchestrator/internal/execute"
	"orchestrator/internal/move"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

// Logs look through the binary and relay logs of servers, and change nothing.
type Logs interface {
	// LastPseudoGTID finds the last pseudo-GTID entry that a server holds. Strict, it is sought however much was logged
	// since.
	LastPseudoGTID(ctx context.Context, key topology.Key, strict bool) (at topology.Coordinates, text string, err error)
	// FindEntry finds where a statement is in the binary logs of a server.
	FindEntry(ctx context.Context, key topology.Key, text string) (topology.Coordinates, error)
	// CorrelateBinlog finds the place in the binary log of another server that is the same as one in the log of a server;
	// an empty one means its end.
	CorrelateBinlog(ctx context.Context, key topology.Key, at topology.Coordinates, other topology.Key) (topology.Coordinates, error)
	// LastRelayEntry is the last event of its relay log that a replica has applied.
	LastRelayEntry(ctx context.Context, key topology.Key) (*execute.RelayEntry, error)
	// CorrelateRelay finds an event of a replica's relay log in that of its sibling: the one at a position, or the last
	// that was applied.
	CorrelateRelay(ctx context.Context, key topology.Key, at topology.Coordinates, other topology.Key) (own, same *execute.RelayEntry, err error)
	// BinaryLogs lists the binary logs of a server, oldest first.
	BinaryLogs(ctx context.Context, key topology.Key) ([]move.BinaryLog, error)
}

// Located is a statement and where it is in a log; the command line prints `file:pos:text`.
type Located struct {
	Text string
	At   topology.Coordinates
}

// byEquivalentPosition moves by what is on record.
func byEquivalentPosition() []*Operation {
	return []*Operation{
		relocation(Operation{
			Name: "move-equivalent", Summary: "Move a replica to a position that is known to be the same as where it stands",
			Details: "Such positions are remembered when replicas are moved by position, and for UnseenInstanceForgetHours; see master-equivalent.", Args: pairArgs(),
			Routes: []string{below("move-equivalent")},
			Client: []Client{{Path: below("move-equivalent"), Needs: []Param{ParamInstance, ParamDestination}}},
		}, refactor.MoveEquivalent, placed),
	}
}

// binlogServerRelocations are about binlog servers alone.
func binlogServerRelocations() []*Operation {
	return []*Operation{
		relocation(Operation{
			Name: "regroup-replicas-bls", Summary: "Place the binlog server that has received the most above its siblings", Args: instanceArg(),
			Routes: spellings(aboutOne, "regroup-slaves-bls", "regroup-replicas-bls"),
		}, refactor.RegroupBinlogServers, regroupedRelays),
	}
}

// regroupedRelays answers with the binlog server that was chosen.
func regroupedRelays(e *Engine, a Args, done move.Done) (Result, error) {
	r, err := regrouped(func(lost, moved int) string { return fmt.Sprintf("promoted lost: %d, moved: %d", lost, moved) })(e, a, done)
	if g, ok := r.Value.(Regrouped); ok {
		r.Value = g.Key
	}
	return r, err
}

// relocationsByPseudoGTID find the place of a replica by comparing logs.
func relocationsByPseudoGTID() []*Operation {
	how := "Both logs must hold the same since the last pseudo-GTID entry; otherwise the replica stays where it is, and the two events that differ are named. PseudoGTIDPattern tells the entries."
	search := Arg{Param: ParamRelayOnly}
	return []*Operation{
		relocation(Operation{
			Name: "match", Summary: "Move a replica below another server by pseudo-GTID", Details: how, Args: append(pairArgs(), search),
			Routes: []string{below("match"), below("match-below")},
			Client: []Client{{Path: below("match"), Needs: []Param{ParamInstance, ParamDestination}}},
		}, refactor.Match, placed),
		relocation(Operation{
			Name: "match-up", Summary: "Make a replica a sibling of its source by pseudo-GTID", Details: how, Args: append(instanceArg(), search),
			Routes: []string{aboutOne("match-up")}, Client: []Client{{Path: aboutOne("match-up"), Needs: []Param{ParamInstance}}},
		}, refactor.MatchUp, placed),
		relocation(Operation{
			Name: "rematch", Summary: "Find the place of a replica in the log of its source again, by pseudo-GTID", Details: how, Args: append(instanceArg(), search), Faces: OnlyCLI,
		}, refactor.Rematch, placed),
		relocation(Operation{
			Name: "match-replicas", Summary: "Move the replicas of a server below another server by pseudo-GTID", Details: how, Args: append(pairArgs(), Arg{Param: ParamPattern}, search),
			Routes: spellings(below, "match-slaves", "match-replicas"),
		}, refactor.MatchReplicas, movedAll(false)),
		relocation(Operation{
			Name: "match-up-replicas", Summary: "Make the replicas of a server its siblings by pseudo-GTID", Details: how, Args: append(instanceArg(), Arg{Param: ParamPattern}, search),
			Routes: spellings(aboutOne, "match-up-slaves", "match-up-replicas"),
			Client: []Client{{Path: aboutOne("match-up-replicas"), Needs: []Param{ParamInstance}}},
		}, refactor.MatchUpReplicas, movedAll(false)),
		relocation(Operation{
			Name: "regroup-replicas-pgtid", Summary: "Place the best replica of a server above the others, by pseudo-GTID", Details: how, Args: append(instanceArg(), search),
			Routes: spellings(aboutOne, "regroup-slaves-pgtid", "regroup-replicas-pgtid"),
		}, refactor.RegroupReplicasPseudo, regroupedAny),
	}
}

// logTools look for entries and places in logs.
func logTools() []*Operation {
	at := Arg{Param: ParamLogFile}
	return []*Operation{
		{
			Name: "last-pseudo-gtid", Summary: "Show the last pseudo-GTID entry that an instance holds, and where", Rights: Write,
			Details: "It is sought in the binary log, or in the relay log where the former does not hold what is replicated. The search gives up when 200000 transactions were logged since, unless it is strict.",
			Args:    append(instanceArg(), Arg{Param: ParamStrict}),
			Routes:  []string{aboutOne("last-pseudo-gtid")},
			Client:  []Client{{Path: aboutOne("last-pseudo-gtid"), Needs: []Param{ParamInstance}, Print: PrintText}},
			Run: onLogs(func(ctx context.Context, l Logs, a Args) (Result, error) {
				at, text, err := l.LastPseudoGTID(ctx, a.Instance, a.Flag(ParamStrict))
				return Result{Value: Located{text, at}, Message: at.String()}, err
			}),
		},
		{
			Name: "find-binlog-entry", Summary: "Show where a statement is in the binary logs of an instance", Faces: OnlyCLI,
			Details: "The statement is given as the server lists it, with -pattern. Of several the last one counts.",
			Args:    append(instanceArg(), Arg{Param: ParamEntry, Required: true}),
			Run: onLogs(func(ctx context.Context, l Logs, a Args) (Result, error) {
				at, err := l.FindEntry(ctx, a.Instance, a.Text(ParamEntry))
				return Result{Value: at.String()}, err
			}),
		},
		{
			Name: "correlate-binlog-pos", Summary: "Show the place in the binary log of another instance that is the same as one in that of an instance", Faces: OnlyCLI,
			Details: "-binlog is the place as file:position, by default the end of the log. It is found by pseudo-GTID.", Args: append(pairArgs(), at),
			Run: onLogs(func(ctx context.Context, l Logs, a Args) (Result, error) {
				from, err := optional(a.Text(ParamLogFile), topology.ParseCoordinates)
				if err != nil {
					return Result{}, err
				}
				place, err := l.CorrelateBinlog(ctx, a.Instance, from, a.Destination)
				return Result{Value: place.String()}, err
			}),
		},
		{
			Name: "correlate-relaylog-pos", Summary: "Show the place in the relay log of a sibling that is the same as one in that of an instance", Faces: OnlyCLI,
			Details: "-binlog is the place as file:position, by default the last event that was applied. Printed are that place, the sibling's, and where the next event begins there.", Args: append(pairArgs(), at),
			Run: onLogs(func(ctx context.Context, l Logs, a Args) (Result, error) {
				from, err := optional(a.Text(ParamLogFile), topology.ParseCoordinates)
				if err != nil {
					return Result{}, err
				}
				own, same, err := l.CorrelateRelay(ctx, a.Instance, from, a.Destination)
				if err != nil {
					return Result{}, err
				}
				next := topology.Coordinates{LogFile: same.At.LogFile, LogPos: same.Next}
				return Result{Value: fmt.Sprintf("%s;%s;%s", own.At, same.At, next)}, nil
			}),
		},
		{
			Name: "last-executed-relay-entry", Summary: "Show the last event of its relay log that an instance has applied", Args: instanceArg(), Faces: OnlyCLI,
			Run: onLogs(func(ctx context.Context, l Logs, a Args) (Result, error) {
				e, err := l.LastRelayEntry(ctx, a.Instance)
				if err != nil {
					return Result{}, err
				}
				return Result{Value: fmt.Sprintf("{Coordinates:%s NextEventPos:%d EventType:%s Info:%s}:%d", e.At, e.Next, e.Event.EventType, e.Event.Info, e.Next)}, nil
			}),
		},
	}
}

// onLogs runs what looks through logs.
func onLogs(do func(ctx context.Context, l Logs, a Args) (Result, error)) func(context.Context, *Engine, Args) (Result, error) {
	return func(ctx context.Context, e *Engine, a Args) (Result, error) {
		if e.Logs == nil {
			return Result{}, unavailable("looking through logs")
		}
		r, err := do(ctx, e.Logs, a)
		if err != nil {
			return Result{}, err
		}
		return r, nil
	}
}
