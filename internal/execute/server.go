package execute

import (
	"context"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// Server is what a step needs of one server. *server.Server satisfies it through Real; tests and the simulator have
// their own.
type Server interface {
	Status(ctx context.Context) ([]topology.Channel, error)
	GTIDs(ctx context.Context) (server.GTIDState, error)
	SelfCoordinates(ctx context.Context) (topology.Coordinates, error)
	ReadOnly(ctx context.Context) (server.ReadOnlyState, error)

	StopReplica(ctx context.Context, threads server.Threads, channel string) error
	// StopReceiving asks the IO thread to end and returns as soon as it can receive nothing more; the returned
	// function waits until it has really ended.
	StopReceiving(ctx context.Context, channel string) (ended func(context.Context) error, err error)
	StartReplica(ctx context.Context, threads server.Threads, channel string) error
	TryReceiver(ctx context.Context, channel string) error
	ResetReplicaAll(ctx context.Context, channel string) error
	ChangeSource(ctx context.Context, change server.SourceChange) error
	SetReadOnly(ctx context.Context, on, super bool) error
	SetSemiSync(ctx context.Context, side server.SemiSyncSide, on bool) error

	// WaitExecuted and WaitPosition wait on the server until it has applied the set or position; they return
	// server.ErrNotReached when the timeout passes first.
	WaitExecuted(ctx context.Context, set string, timeout time.Duration) error
	WaitPosition(ctx context.Context, at topology.Coordinates, channel string, timeout time.Duration) error
}
