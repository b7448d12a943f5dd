package execute

import (
	"context"
	"errors"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Machines reach the processes of servers where they run, as those of a sandbox can be. Nil: none is reached.
type Machines interface {
	// Kill ends the process of a server at once.
	Kill(ctx context.Context, k topology.Key) error
	// Freeze holds the process of a server.
	Freeze(ctx context.Context, k topology.Key) error
}

// housed is a server whose process may be reached where it runs.
type housed interface {
	house() (Machines, topology.Key)
}

var errNoMachine = errors.New("its process cannot be reached where it runs")

// strike does what is done to the process of a server and not by a statement.
func strike(ctx context.Context, s Server, v plan.Verb) error {
	h, ok := s.(housed)
	if !ok {
		return errNoMachine
	}
	m, k := h.house()
	switch {
	case m == nil:
		return errNoMachine
	case v == plan.FreezeProcess:
		return m.Freeze(ctx, k)
	}
	return m.Kill(ctx, k)
}
