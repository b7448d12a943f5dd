package operate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// HostNames keep what host names resolve to, and which virtual names stand for hosts.
type HostNames interface {
	// Reach opens a connection to the address and closes it again.
	Reach(ctx context.Context, key topology.Key) error
	// Cached returns what this process remembers of resolved names.
	Cached() map[string]CachedName
	// ResetCache forgets resolved names, here and in the backend.
	ResetCache(ctx context.Context) error
	// Resolved returns the resolved names in the backend.
	Resolved(ctx context.Context) (map[string]string, error)
	// Virtual returns the virtual names in the backend, by host.
	Virtual(ctx context.Context) (map[string]string, error)
	// RegisterVirtual sets the name to be used for a host when replicas are pointed at it.
	RegisterVirtual(ctx context.Context, host, virtual string) error
	// DeregisterVirtual takes it away.
	DeregisterVirtual(ctx context.Context, host string) error
}

// CachedName is what a host name resolves to.
type CachedName struct {
	Name    string
	Expires time.Time
}

// ResolveCache is what a process remembers, by the name that was resolved.
type ResolveCache map[string]CachedName

// names are about what hosts are called.
func names() []*Operation {
	return []*Operation{
		{
			Name: "resolve", Summary: "Show the name that a host name resolves to, if a server can be reached there",
			Example: "orchestrator -c resolve -i orders-db:3306", NoFleet: true,
			Args: []Arg{{Param: ParamInstance, Required: true, Verbatim: true}}, Routes: []string{"resolve/:host/:port"},
			Run: onHostNames(func(ctx context.Context, e *Engine, a Args) (Result, error) {
				key := a.Instance
				if e.Names != nil {
					key = e.Names.Resolve(ctx, key)
				}
				if err := e.HostNames.Reach(ctx, key); err != nil {
					return Result{}, fmt.Errorf("resolve %s: %w", a.Instance, err)
				}
				return Result{Value: key, Message: "Instance resolved"}, nil
			}),
		},
		{
			Name: "register-hostname-unresolve", Summary: "Say by which name replicas shall be pointed at an instance's host", Rights: Write,
			Details: "The registration ends after ExpiryHostnameResolvesMinutes. An empty name takes it away.",
			Example: "orchestrator -c register-hostname-unresolve -i db-a1 -hostname orders-db",
			Args:    []Arg{{Param: ParamInstance, Required: true}, {Param: ParamHostname}},
			Routes:  []string{"register-hostname-unresolve/:host/:port/:virtualname"},
			Client:  []Client{{Path: "register-hostname-unresolve/:host/:port/:virtualname", Needs: []Param{ParamInstance, ParamHostname}, Print: PrintKey}},
			Run: onHostNames(func(ctx context.Context, e *Engine, a Args) (Result, error) {
				virtual := a.Text(ParamHostname)
				if virtual == "" {
					return deregisterVirtual(ctx, e, a)
				}
				if err := e.HostNames.RegisterVirtual(ctx, a.Instance.Hostname, virtual); err != nil {
					return Result{}, fmt.Errorf("register %s as the name of %s: %w", virtual, a.Instance.Hostname, err)
				}
				e.audit(ctx, "register-hostname-unresolve", a.Instance, "", virtual)
				return Result{Value: a.Instance, Message: fmt.Sprintf("Registered %s as the name of %s", virtual, a.Instance.Hostname)}, nil
			}),
		},
		{
			Name: "deregister-hostname-unresolve", Summary: "Point replicas at an instance's host by its own name again", Rights: Write,
			Args: instanceArg(), Routes: []string{"deregister-hostname-unresolve/:host/:port"},
			Client: []Client{{Path: "deregister-hostname-unresolve/:host/:port", Needs: []Param{ParamInstance}, Print: PrintKey}},
			Run:    onHostNames(deregisterVirtual),
		},
		{
			Name: "show-resolve-hosts", Summary: "List host names with the names that they resolve to", Faces: OnlyCLI, NoFleet: true,
			Run: nameList("resolved host names", HostNames.Resolved),
		},
		{
			Name: "show-unresolve-hosts", Summary: "List hosts with the names by which replicas are pointed at them", Faces: OnlyCLI, NoFleet: true,
			Run: nameList("virtual host names", HostNames.Virtual),
		},
		{
			Name: "hostname-resolve-cache", Summary: "Show the resolved host names that this node remembers", Place: Local, Faces: OnlyHTTP, NoFleet: true,
			Routes: []string{"hostname-resolve-cache"},
			Run: onHostNames(func(_ context.Context, e *Engine, _ Args) (Result, error) {
				return Result{Value: ResolveCache(e.HostNames.Cached()), Message: "Cache retrieved"}, nil
			}),
		},
		{
			Name: "reset-hostname-resolve-cache", Summary: "Forget all resolved host names", Rights: Write, Place: Local, NoFleet: true,
			Routes: []string{"reset-hostname-resolve-cache"},
			Run: onHostNames(func(ctx context.Context, e *Engine, _ Args) (Result, error) {
				if err := e.HostNames.ResetCache(ctx); err != nil {
					return Result{}, fmt.Errorf("reset the resolved host names: %w", err)
				}
				e.audit(ctx, "reset-hostname-resolve-cache", topology.Key{}, "", "by hand")
				return Result{Value: Told("hostname resolve cache cleared"), Message: "Hostname cache cleared"}, nil
			}),
		},
	}
}

// onHostNames makes a Run that needs the host names.
func onHostNames(run func(context.Context, *Engine, Args) (Result, error)) func(context.Context, *Engine, Args) (Result, error) {
	return func(ctx context.Context, e *Engine, a Args) (Result, error) {
		if e.HostNames == nil {
			return Result{}, unavailable("host names")
		}
		return run(ctx, e, a)
	}
}

func deregisterVirtual(ctx context.Context, e *Engine, a Args) (Result, error) {
	host := a.Instance.Hostname
	if err := e.HostNames.DeregisterVirtual(ctx, host); err != nil {
		return Result{}, fmt.Errorf("deregister the name of %s: %w", host, err)
	}
	e.audit(ctx, "deregister-hostname-unresolve", a.Instance, "", "")
	return Result{Value: a.Instance, Message: "Deregistered the name of " + host}, nil
}

// nameList makes a Run that lists pairs of names, by the first one.
func nameList(what string, read func(HostNames, context.Context) (map[string]string, error)) func(context.Context, *Engine, Args) (Result, error) {
	return onHostNames(func(ctx context.Context, e *Engine, _ Args) (Result, error) {
		pairs, err := read(e.HostNames, ctx)
		lines := []string{}
		for _, host := range slices.Sorted(maps.Keys(pairs)) {
			lines = append(lines, host+" "+pairs[host])
		}
		return Result{Value: lines}, recordError(what, err)
	})
}
