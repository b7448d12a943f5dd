package execute

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// gone is a server whose machine is gone from one question on: no answer comes, and no refusal.
type gone struct {
	lister
	at string
}

func (g gone) silent(ctx context.Context, at string) error {
	if g.at != at {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (g gone) GTIDs(ctx context.Context) (server.GTIDState, error) {
	if err := g.silent(ctx, "gtids"); err != nil {
		return server.GTIDState{}, err
	}
	return g.fake.GTIDs(ctx)
}

func (g gone) StartReplica(ctx context.Context, t server.Threads, name string) error {
	if err := g.silent(ctx, "start"); err != nil {
		return err
	}
	return g.fake.StartReplica(ctx, t, name)
}

func (g gone) BinlogEvents(ctx context.Context, kind topology.LogType, file string, pos int64, limit int, name string) ([]server.BinlogEvent, error) {
	if err := g.silent(ctx, "relay log"); err != nil {
		return nil, err
	}
	return g.lister.BinlogEvents(ctx, kind, file, pos, limit, name)
}

// TestAMachineThatGoesAwayIsNotWaitedForAsLongAsAnApplier: a successor has a day for what it has received.
func TestAMachineThatGoesAwayIsNotWaitedForAsLongAsAnApplier(t *testing.T) {
	byPosition := func(f *fake) {
		f.channel.GTID, f.channel.Exec.LogPos = topology.FilePosition, 50
		f.channel.Relay = topology.Coordinates{LogFile: "relay.000002", LogPos: 100}
	}
	for at, prepare := range map[string]func(*fake){
		"gtids":     func(*fake) {},
		"start":     func(f *fake) { f.channel.RetrievedSet, f.channel.SQLThread = set(101), topology.ThreadStopped },
		"relay log": byPosition,
	} {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake("r")
				f.applies = false
				prepare(f)
				e := New(Options{Server: func(topology.Key) Server { return gone{lister{f, nil}, at} }})
				s := on("r", plan.Action{Verb: plan.AwaitApplied})
				s.Deadline = 24 * time.Hour
				if err := e.NewRun().Stage(t.Context(), []*plan.Step{&s}); err == nil || s.Took() > 2*time.Minute {
					t.Errorf("after %s: %v", s.Took(), err)
				}
			})
		})
	}
}
