package operate

import (
	"context"
	"fmt"
	"strings"
)

// raft is about nodes that agree by consensus. Without raft each answers with the published refusal.
func raft() []*Operation {
	list := []*Operation{
		{Name: "raft-add-peer", Summary: "Add a raft node", Rights: Write, Args: peer(), Routes: []string{"raft-add-peer/:addr"}},
		{Name: "raft-remove-peer", Summary: "Remove a raft node", Rights: Write, Args: peer(), Routes: []string{"raft-remove-peer/:addr"}},
		{Name: "raft-yield", Summary: "Hand the leadership over to a raft node", Rights: Write, Place: Local, Args: host(), Routes: []string{"raft-yield/:node"}},
		{Name: "raft-yield-hint", Summary: "Hand the leadership over to a raft node whose host name contains a text", Rights: Write, Place: Local,
			Args: host(), Routes: []string{"raft-yield-hint/:hint"}},
		{Name: "raft-peers", Summary: "List the raft nodes", Place: Local},
		{Name: "raft-state", Summary: "Show what part this raft node plays", Place: Local},
		{Name: "raft-leader", Summary: "Show the address of the leading raft node", Place: Local},
		{Name: "raft-health", Summary: "Tell whether this raft node belongs to a quorum", Place: Local,
			Client: []Client{{Path: "raft-health", Print: PrintText}}},
		{Name: "raft-status", Summary: "Sum up how raft stands on this node", Place: Local},
		{Name: "raft-snapshot", Summary: "Take a snapshot of the raft state now", Rights: Write, Place: Local},
		{Name: "raft-follower-health-report", Summary: "Take in the sign of life of a raft node", Place: Local,
			Args: append(peer(), Arg{Param: ParamToken}), Routes: []string{"raft-follower-health-report/:authenticationToken/:raftBind/:raftAdvertise"}},
	}
	for _, o := range list {
		o.Faces, o.NoFleet, o.Shape, o.Run = OnlyHTTP, true, Bare, withoutRaft(o.Name)
		if len(o.Routes) == 0 {
			o.Routes = []string{o.Name}
		}
	}
	return list
}

func peer() []Arg { return []Arg{{Param: ParamPeer}} }

func host() []Arg { return []Arg{{Param: ParamHostname}} }

// withoutRaft makes the Run of an operation of nodes that do not agree by consensus.
func withoutRaft(name string) func(context.Context, *Engine, Args) (Result, error) {
	name = strings.Replace(name, "raft-health", "raft-state", 1) // as the published answer has it
	return func(_ context.Context, e *Engine, _ Args) (Result, error) {
		switch {
		case e.Leadership == nil:
			return Result{}, unavailable("leadership")
		case e.Leadership.Replicated():
			return Result{}, fmt.Errorf("%s: %w", name, unavailable("raft"))
		}
		return Result{}, fmt.Errorf("%s: not running with raft setup", name)
	}
}
