package execute

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// fake is a server that keeps in memory what a step reads and changes. log notes the statements in order.
type fake struct {
	mu       sync.Mutex
	key      topology.Key
	channel  *topology.Channel // nil: no replica
	executed string
	maria    server.GTIDState // what MariaDB says of GTIDs
	state    server.ReadOnlyState
	self     topology.Coordinates
	log      []string
	fail     map[string]error  // by statement
	then     map[string]func() // what follows a statement
	applies  bool              // the applier gets on when it is waited for
	blind    bool              // whether it is read-only cannot be read
	endless  bool              // a stop of the receiver ends only when told to
	ended    chan struct{}
	asked    func() // when it is asked what it has executed; nil is nothing
}

func newFake(name string) *fake {
	return &fake{
		key:      topology.Key{Hostname: name, Port: 3306},
		applies:  true,
		ended:    make(chan struct{}),
		fail:     map[string]error{},
		maria:    server.GTIDState{BinlogPos: "0-1-9", BinlogState: "0-1-9"},
		state:    server.ReadOnlyState{ReadOnly: true, SuperReadOnly: true},
		self:     topology.Coordinates{LogFile: "own.000001", LogPos: 77},
		executed: set(100),
		channel: &topology.Channel{
			Source: topology.Key{Hostname: "old", Port: 3306}, GTID: topology.OracleGTID, RetrievedSet: set(100),
			IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning,
			Read: topology.Coordinates{LogFile: "b.000001", LogPos: 100}, Exec: topology.Coordinates{LogFile: "b.000001", LogPos: 100},
			ConnectRetry: time.Second, TLS: topology.TLSOptions{Enabled: true, CAFile: "/ca.pem"},
		},
	}
}

func set(n int) string { return fmt.Sprintf("00000000-0000-0000-0000-000000000001:1-%d", n) }

func (f *fake) do(statement string, change func()) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = append(f.log, statement)
	if err := f.fail[statement]; err != nil {
		return err
	}
	if change != nil {
		change()
	}
	if then := f.then[statement]; then != nil {
		then()
	}
	return nil
}

func (f *fake) statements() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.log...)
}

func (f *fake) Status(context.Context) ([]topology.Channel, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.channel == nil {
		return nil, nil
	}
	return []topology.Channel{*f.channel}, nil
}

func (f *fake) GTIDs(context.Context) (server.GTIDState, error) {
	if f.asked != nil {
		f.asked()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.maria
	g.Executed = f.executed
	return g, f.fail["gtids"]
}

func (f *fake) SelfCoordinates(context.Context) (topology.Coordinates, error) { return f.self, nil }

func (f *fake) ReadOnly(context.Context) (server.ReadOnlyState, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.blind {
		return server.ReadOnlyState{}, errNo
	}
	return f.state, nil
}

func (f *fake) threads(t server.Threads, state topology.ThreadState) {
	if f.channel == nil {
		return
	}
	if t != server.SQLThread {
		f.channel.IOThread = state
	}
	if t != server.IOThread {
		f.channel.SQLThread = state
	}
}

func (f *fake) StopReplica(_ context.Context, t server.Threads, _ string) error {
	return f.do(fmt.Sprint("stop ", name(t)), func() { f.threads(t, topology.ThreadStopped) })
}

func (f *fake) StopReceiving(context.Context, string) (func(context.Context) error, error) {
	err := f.do("stop receiving", func() {
		if !f.endless {
			f.threads(server.IOThread, topology.ThreadStopped)
		}
	})
	if err != nil || !f.endless {
		return func(context.Context) error { return nil }, err
	}
	return func(ctx context.Context) error {
		select {
		case <-f.ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}, nil
}

func (f *fake) StartReplica(_ context.Context, t server.Threads, _ string) error {
	return f.do(fmt.Sprint("start ", name(t)), func() {
		f.threads(t, topology.ThreadRunning)
		if f.channel != nil && t != server.SQLThread {
			f.channel.LastIOErrno = 0
		}
	})
}

func (f *fake) TryReceiver(ctx context.Context, channel string) error {
	return f.StartReplica(ctx, server.IOThread, channel)
}

func (f *fake) ResetReplicaAll(context.Context, string) error {
	return f.do("reset all", func() { f.channel = nil })
}

func (f *fake) ChangeSource(_ context.Context, c server.SourceChange) error {
	ca := ""
	if c.TLS != nil {
		ca = c.TLS.CAFile
	}
	return f.do(fmt.Sprintf("change to %s mode %d at %s tls %s", c.Source, c.Mode, c.Coords, ca), func() {
		f.channel.Source = c.Source
	})
}

func (f *fake) SetReadOnly(_ context.Context, on, super bool) error {
	return f.do(fmt.Sprintf("read_only=%t", on), func() {
		f.state.ReadOnly = on
		f.state.SuperReadOnly = on && super
	})
}

func (f *fake) SetSemiSync(_ context.Context, side server.SemiSyncSide, on bool) error {
	return f.do(fmt.Sprintf("semi-sync %d %t", side, on), nil)
}

func (f *fake) WaitExecuted(_ context.Context, want string, _ time.Duration) error {
	return f.wait("wait for "+want, func() { f.executed = want })
}

func (f *fake) WaitPosition(_ context.Context, at topology.Coordinates, _ string, _ time.Duration) error {
	return f.wait("wait for "+at.String(), func() { f.channel.Exec = at })
}

func (f *fake) wait(statement string, reach func()) error {
	if err := f.do(statement, nil); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.applies && f.channel.SQLThread.Running() {
		reach()
		return nil
	}
	return fmt.Errorf("%w", server.ErrNotReached)
}

func name(t server.Threads) string { return [...]string{"both", "io", "sql"}[t] }

var errNo = errors.New("no")
