package operate

import (
	"context"
	"errors"
	"fmt"

	"orchestrator/internal/topology"
)

// Election decides who of several nodes leads.
type Election interface {
	// Grab makes this node the leader, whoever leads; it returns when this node leads.
	Grab(ctx context.Context) error
	// Reelect ends the present leader's lease; the next one to attempt it has it.
	Reelect(ctx context.Context) error
	// Nodes returns the running services on this backend.
	Nodes(ctx context.Context) ([]NodeHealth, error)
}

// AccessTokens are for AuthenticationMethod `token`.
type AccessTokens interface {
	// Issue makes a token and returns its public text.
	Issue(ctx context.Context, owner string) (public string, err error)
}

// RequestHeaders stands for the headers of the request, which only the HTTP API knows.
type RequestHeaders struct{}

// errRetired is the published answer to what is not done any more.
//
//lint:ignore ST1005 the text is published
var errRetired = errors.New("This API call has been retired")

// leadership is about the nodes of the service.
func leadership() []*Operation {
	return foreseeing([]*Operation{
		{
			Name: "grab-election", Summary: "Make this node the leader, whoever leads", Rights: Write, Place: Local, Faces: OnlyHTTP, NoFleet: true,
			Routes: []string{"grab-election"},
			Run: onElection(func(ctx context.Context, e *Engine, _ Args) (Result, error) {
				if e.Leadership != nil && e.Leadership.Replicated() {
					return Result{}, errors.New("grab-election: not with raft, where the nodes elect their leader")
				}
				if err := e.Election.Grab(ctx); err != nil {
					return Result{}, fmt.Errorf("grab-election: %w", err)
				}
				e.audit(ctx, "grab-election", topology.Key{}, "", e.Node.Hostname)
				return Result{Message: "Node grabbed as leader"}, nil
			}),
		},
		{
			Name: "reelect", Summary: "End the term of the node that leads; the next one to attempt it leads", Rights: Write, Faces: OnlyHTTP, NoFleet: true,
			Details: "It may be the same node again; on a backend that is a SQLite file it always is.",
			Routes:  []string{"reelect"},
			Run: onElection(func(ctx context.Context, e *Engine, _ Args) (Result, error) {
				if e.Raft != nil {
					if err := e.Raft.Transfer(""); err != nil {
						return Result{}, fmt.Errorf("reelect: %w", err)
					}
					return Result{Message: "Set re-elections"}, nil
				}
				if err := e.Election.Reelect(ctx); err != nil {
					return Result{}, fmt.Errorf("reelect: %w", err)
				}
				e.audit(ctx, "reelect", topology.Key{}, "", "by hand")
				return Result{Message: "Set re-elections"}, nil
			}),
		},
		{
			Name: "active-nodes", Summary: "List the running services on this backend, as host:token", Faces: OnlyCLI, NoFleet: true,
			Run: onElection(func(ctx context.Context, e *Engine, _ Args) (Result, error) {
				nodes, err := e.Election.Nodes(ctx)
				lines := []string{}
				for _, n := range nodes {
					lines = append(lines, n.Hostname+":"+n.Token)
				}
				return Result{Value: lines}, recordError("the nodes", err)
			}),
		},
		{
			Name: "headers", Summary: "Show the headers of the request as they arrive here", Place: Local, Faces: OnlyHTTP, Shape: Bare, NoFleet: true,
			Routes: []string{"headers"},
			Run:    func(context.Context, *Engine, Args) (Result, error) { return Result{Value: RequestHeaders{}}, nil },
		},
		{
			Name: "reload-cluster-alias", Summary: "Retired: answers with an error", Rights: Write, Faces: OnlyHTTP, NoFleet: true,
			Routes: []string{"reload-cluster-alias"},
			Run:    func(context.Context, *Engine, Args) (Result, error) { return Result{}, errRetired },
		},
	})
}

func onElection(run func(context.Context, *Engine, Args) (Result, error)) func(context.Context, *Engine, Args) (Result, error) {
	return func(ctx context.Context, e *Engine, a Args) (Result, error) {
		if e.Election == nil {
			return Result{}, unavailable("the election of a leader")
		}
		return run(ctx, e, a)
	}
}

// serving is the service as a command.
func serving() []*Operation {
	return []*Operation{{
		Name: "continuous", Summary: "Run the service without its web server until it is told to end", Faces: OnlyCLI, NoFleet: true, Serves: true,
		Details: "It looks at servers, notices failures and repairs them as orchestrator http does; SIGHUP reads the configuration again, SIGTERM ends it.",
	}}
}

// access is how people prove that they may change things.
func access() []*Operation {
	return []*Operation{{
		Name: "access-token", Summary: "Make a token that allows to sign in once, for AuthenticationMethod token", Rights: Write, Faces: OnlyCLI, NoFleet: true,
		Details: "It prints the public text: open /web/access-token?publicToken=TEXT within AccessTokenUseExpirySeconds.",
		Args:    []Arg{{Param: ParamOwner}},
		Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
			if e.AccessTokens == nil {
				return Result{}, unavailable("access tokens")
			}
			public, err := e.AccessTokens.Issue(ctx, a.Owner)
			if err != nil {
				return Result{}, fmt.Errorf("make an access token: %w", err)
			}
			return Result{Value: public}, nil
		},
	}}
}
