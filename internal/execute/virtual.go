package execute

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// VirtualNames are the names by which replicas are to be pointed at hosts, such as one that moves with the server
// (register-hostname-unresolve).
type VirtualNames struct {
	// Of returns the name for a source's host, "" where it has none, and whether that has to be proven to lead to the
	// source.
	Of func(source topology.Key) (name string, proven bool)
	// Strict makes it an error when the name does not lead to the source. Otherwise the replica is pointed at the
	// source's own name: in a failover nothing may be left behind for the sake of a name.
	Strict bool
	Logger *slog.Logger
}

// leadsWithin bounds finding out where a name leads.
const leadsWithin = time.Second

// RealNamed is Real, with replicas pointed at sources by their virtual names, and with the machines that the servers run on,
// where those are reached; nil: they are not.
func RealNamed(servers *server.Servers, names VirtualNames, machines Machines) func(topology.Key) Server {
	return func(k topology.Key) Server {
		return namingServer{realServer{servers.For(k)}, servers, names, k, machines}
	}
}

type namingServer struct {
	realServer
	servers  *server.Servers
	names    VirtualNames
	key      topology.Key
	machines Machines
}

func (s namingServer) house() (Machines, topology.Key) { return s.machines, s.key }

// ChangeSource points the channel at the source by its virtual name.
func (s namingServer) ChangeSource(ctx context.Context, change server.SourceChange) error {
	source := change.Source
	if !source.IsValid() || source.IsDetached() {
		return s.realServer.ChangeSource(ctx, change)
	}
	name, proven := s.names.Of(source)
	if name == "" || name == source.Hostname {
		return s.realServer.ChangeSource(ctx, change)
	}
	virtual := topology.Key{Hostname: name, Port: source.Port}
	err := error(nil)
	if proven {
		err = s.leads(ctx, virtual, source)
	}
	switch {
	case err == nil:
		change.Source = virtual
	case errors.Is(err, errSourceSilent):
		s.names.Logger.Warn("the virtual name of a source is not used, because the source does not answer", "source", source.String(), "name", name)
	case s.names.Strict:
		return fmt.Errorf("replicas of %s are to be pointed at %s (register-hostname-unresolve), and that name cannot be used: %w", source, name, err)
	default:
		s.names.Logger.Warn("the virtual name of a source is not used", "source", source.String(), "name", name, "error", err)
	}
	return s.realServer.ChangeSource(ctx, change)
}

var errSourceSilent = errors.New("the source does not answer")

// leads is an error unless both addresses are the same server's.
func (s namingServer) leads(ctx context.Context, virtual, source topology.Key) error {
	ctx, cancel := context.WithTimeout(ctx, leadsWithin)
	defer cancel()
	want, err := s.servers.For(source).Whose(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errSourceSilent, err)
	}
	defer s.servers.Forget(virtual) // what is known of a name is known of the server that it leads to at the time
	switch got, err := s.servers.For(virtual).Whose(ctx); {
	case err != nil:
		return err
	case got != want:
		return fmt.Errorf("it leads to another server (%s, not %s)", got, want)
	}
	return nil
}
