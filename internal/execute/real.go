package execute

import (
	"context"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// stopPatience bounds a STOP that was left running in the background. MySQL needs up to two seconds for one whose
// receiver is in a handshake with a source that does not answer.
const stopPatience = 30 * time.Second

// Real gives a run access to real servers.
func Real(servers *server.Servers) func(topology.Key) Server {
	return func(k topology.Key) Server { return realServer{servers.For(k)} }
}

type realServer struct{ *server.Server }

// StopReceiving leaves the STOP running beyond ctx: a step that has ended must not take back what it asked for.
func (s realServer) StopReceiving(ctx context.Context, channel string) (func(context.Context) error, error) {
	background, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	stopping, err := s.StopReplicaAsync(background, server.IOThread, channel)
	if err != nil {
		cancel()
		return nil, err
	}
	return func(ctx context.Context) error {
		err := stopping.Wait(ctx)
		if ctx.Err() == nil {
			cancel()
		}
		return err
	}, nil
}

// barPatience bounds a closing that was left waiting in the background. Whoever goes on fences the server himself long
// before.
const barPatience = 10 * time.Minute

// BeginClosing leaves the closing running beyond ctx: writes must not come through between the end of a step and the
// fencing that follows a promotion.
func (s realServer) BeginClosing(ctx context.Context, super bool) (closed func(context.Context) error) {
	background, cancel := context.WithTimeout(context.WithoutCancel(ctx), barPatience)
	closing := s.SetReadOnlyAsync(background, super)
	return func(ctx context.Context) error {
		err := closing.Wait(ctx)
		if ctx.Err() == nil {
			cancel()
		}
		return err
	}
}
