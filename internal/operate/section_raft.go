package operate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"orchestrator/internal/consensus"
	"orchestrator/internal/topology"
)

// Raft is the group of nodes that agree by consensus, as this one sees it.
type Raft interface {
	Standing() consensus.Standing
	// Newcomer asks a node that is to be added who it is; the error says why it cannot be.
	Newcomer(ctx context.Context, address string) (consensus.Greeting, error)
	// AddMember takes in a node that runs already; one that is not a voter only learns.
	AddMember(ctx context.Context, address string, voter bool) error
	RemoveMember(ctx context.Context, node string) error
	// ReplaceMember adds the next one before the old one goes.
	ReplaceMember(ctx context.Context, old, next string) error
	// Transfer hands the leadership over to a member; "" leaves the choice to this node.
	Transfer(node string) error
	// TransferByHint hands it over to a member whose host name contains the hint.
	TransferByHint(hint string) error
	Snapshot() error
}

// RaftStatus sums up how raft stands on a node.
type RaftStatus struct {
	consensus.Standing
	Bind string // as the configuration has it
}

// raft is about nodes that agree by consensus. Without raft each answers with the published refusal.
func raft() []*Operation {
	list := []*Operation{
		{
			Name: "raft-add-peer", Summary: "Add a raft node, which must run already", Rights: Write, Args: []Arg{{Param: ParamPeer}, {Param: ParamVotes}},
			Routes: []string{"raft-add-peer/:addr"},
			Run: onRaft("raft-add-peer", func(ctx context.Context, e *Engine, a Args) (Result, error) {
				peer := e.Config().RaftAddress(a.Text(ParamPeer))
				return e.changedMembers(ctx, "raft-add-peer", peer, e.Raft.AddMember(ctx, peer, a.Text(ParamVotes) != "false"))
			}),
		},
		{
			Name: "raft-remove-peer", Summary: "Remove a raft node", Rights: Write, Args: []Arg{{Param: ParamPeer}}, Routes: []string{"raft-remove-peer/:addr"},
			Run: onRaft("raft-remove-peer", func(ctx context.Context, e *Engine, a Args) (Result, error) {
				peer := e.Config().RaftAddress(a.Text(ParamPeer))
				return e.changedMembers(ctx, "raft-remove-peer", peer, e.Raft.RemoveMember(ctx, peer))
			}),
		},
		{
			Name: "raft-replace-peer", Summary: "Replace a raft node by another one, which must run already", Rights: Write,
			Args: []Arg{{Param: ParamPeer}, {Param: ParamNewPeer}}, Routes: []string{"raft-replace-peer/:addr/:newAddr"},
			Run: onRaft("raft-replace-peer", func(ctx context.Context, e *Engine, a Args) (Result, error) {
				old, next := e.Config().RaftAddress(a.Text(ParamPeer)), e.Config().RaftAddress(a.Text(ParamNewPeer))
				result, err := e.changedMembers(ctx, "raft-replace-peer", next, e.Raft.ReplaceMember(ctx, old, next))
				return result, err
			}),
		},
		{
			Name: "raft-yield", Summary: "Hand the leadership over to a raft node", Rights: Write, Place: Local, Args: []Arg{{Param: ParamHostname}},
			Routes: []string{"raft-yield/:node"}, Shape: Envelope,
			Run: onRaft("raft-yield", func(ctx context.Context, e *Engine, a Args) (Result, error) {
				node := a.Text(ParamHostname)
				err := e.Raft.Transfer(node)
				if err != nil {
					err = e.Raft.Transfer(e.Config().RaftAddress(node)) // a name without its port
				}
				if err != nil {
					return Result{}, fmt.Errorf("raft-yield: %w", err)
				}
				e.auditMember(ctx, "raft-yield", node)
				return Result{Message: "Asynchronously yielded to " + node}, nil
			}),
		},
		{
			Name: "raft-yield-hint", Summary: "Hand the leadership over to a raft node whose host name contains a text", Rights: Write, Place: Local,
			Args: []Arg{{Param: ParamHostname}}, Routes: []string{"raft-yield-hint/:hint"}, Shape: Envelope,
			Run: onRaft("raft-yield-hint", func(ctx context.Context, e *Engine, a Args) (Result, error) {
				hint := a.Text(ParamHostname)
				if err := e.Raft.TransferByHint(hint); err != nil {
					return Result{}, fmt.Errorf("raft-yield-hint: %w", err)
				}
				e.auditMember(ctx, "raft-yield-hint", hint)
				return Result{Value: hint, Message: "Asynchronously yielded by hint " + hint}, nil
			}),
		},
		{
			Name: "raft-peers", Summary: "List the raft nodes", Place: Local,
			Run: aboutRaft("raft-peers", func(s consensus.Standing) (any, error) {
				peers := []string{}
				for _, m := range s.Members {
					peers = append(peers, m.Address)
				}
				return peers, nil
			}),
		},
		{
			Name: "raft-state", Summary: "Show what part this raft node plays", Place: Local,
			Run: aboutRaft("raft-state", func(s consensus.Standing) (any, error) { return s.State, nil }),
		},
		{
			Name: "raft-leader", Summary: "Show the address of the leading raft node", Place: Local,
			Run: aboutRaft("raft-leader", func(s consensus.Standing) (any, error) { return s.Leader, nil }),
		},
		{
			Name: "raft-health", Summary: "Tell whether this raft node belongs to a quorum", Place: Local,
			Client: []Client{{Path: "raft-health", Print: PrintText}},
			Run: aboutRaft("raft-state", func(s consensus.Standing) (any, error) { // as the published answer has it
				if !s.Quorum {
					return nil, errors.New("unhealthy")
				}
				return "healthy", nil
			}),
		},
		{
			Name: "raft-status", Summary: "Sum up how raft stands on this node", Place: Local,
			Run: onRaft("raft-status", func(_ context.Context, e *Engine, _ Args) (Result, error) {
				return Result{Value: RaftStatus{Standing: e.Raft.Standing(), Bind: e.Config().RaftBind}}, nil
			}),
		},
		{
			Name: "raft-snapshot", Summary: "Take a snapshot of the raft state now", Rights: Write, Place: Local, AnyNode: true,
			Run: onRaft("raft-snapshot", func(_ context.Context, e *Engine, _ Args) (Result, error) {
				return Result{Value: "snapshot created"}, e.Raft.Snapshot()
			}),
		},
		{
			Name: "raft-follower-health-report", Summary: "Take in the sign of life of a raft node of the original", Place: Local,
			Details: "Signs of life go over the raft port. What asks for this one has no token that this program gave out.",
			Args:    []Arg{{Param: ParamPeer}, {Param: ParamToken}}, Routes: []string{"raft-follower-health-report/:authenticationToken/:raftBind/:raftAdvertise"},
			Run: aboutRaft("raft-follower-health-report", func(consensus.Standing) (any, error) {
				return nil, errors.New("the token is not known")
			}),
		},
	}
	for _, o := range list {
		o.Faces, o.NoFleet = OnlyHTTP, true
		if o.Name != "raft-yield" && o.Name != "raft-yield-hint" {
			o.Shape = Bare
		}
		if len(o.Routes) == 0 {
			o.Routes = []string{o.Name}
		}
	}
	return foreseeing(list)
}

func (e *Engine) changedMembers(ctx context.Context, kind, peer string, err error) (Result, error) {
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", kind, err)
	}
	e.auditMember(ctx, kind, peer)
	return Result{Value: peer}, nil
}

func (e *Engine) auditMember(ctx context.Context, kind, node string) {
	e.audit(ctx, kind, topology.Key{}, "", node)
}

// onRaft makes the Run of an operation that only nodes have that agree by consensus.
func onRaft(name string, run func(context.Context, *Engine, Args) (Result, error)) func(context.Context, *Engine, Args) (Result, error) {
	return func(ctx context.Context, e *Engine, a Args) (Result, error) {
		switch {
		case e.Leadership == nil:
			return Result{}, unavailable("leadership")
		case e.Raft != nil:
			return run(ctx, e, a)
		case e.Leadership.Replicated():
			return Result{}, fmt.Errorf("%s: %w", name, unavailable("raft"))
		}
		return Result{}, fmt.Errorf("%s: not running with raft setup", name)
	}
}

// aboutRaft makes the Run of an operation that only tells how raft stands.
func aboutRaft(name string, tell func(consensus.Standing) (any, error)) func(context.Context, *Engine, Args) (Result, error) {
	return onRaft(name, func(_ context.Context, e *Engine, _ Args) (Result, error) {
		value, err := tell(e.Raft.Standing())
		return Result{Value: value}, err
	})
}

// ErrNoLeader refuses what only the leader may do, at a moment when no node leads or the leader cannot be reached.
var ErrNoLeader = errors.New("no node leads at this moment: try again soon")

// noLeader says why there is no leader, as far as this node knows.
func (e *Engine) noLeader() error {
	if e.Raft == nil {
		return ErrNoLeader
	}
	s := e.Raft.Standing()
	var silent []string
	for _, m := range s.Members {
		if m.Voter && !m.Healthy {
			silent = append(silent, m.Address)
		}
	}
	if s.Reachable < s.Needed {
		return fmt.Errorf("%w: %d of %d raft nodes answer and %d are needed; silent: %s", ErrNoLeader, s.Reachable, s.Voters, s.Needed, strings.Join(silent, ", "))
	}
	return fmt.Errorf("%w: the raft nodes are electing one", ErrNoLeader)
}

// NoLeader returns an error that matches ErrNoLeader when nodes agree by consensus and none is known to lead.
func (e *Engine) NoLeader() error {
	if l := e.Leadership; l == nil || !l.Replicated() || l.IsLeader() || l.LeaderURI() != "" {
		return nil
	}
	return e.noLeader()
}
