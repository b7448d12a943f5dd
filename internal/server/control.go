package server

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"orchestrator/internal/topology"
)

// just makes a builder of a single statement that every dialect has.
func just(build func(d Dialect) string) func(Dialect) ([]string, error) {
	return func(d Dialect) ([]string, error) { return []string{build(d)}, nil }
}

// onChannel is like just, and refuses a channel name where the server has no channels.
func onChannel(channel string, build func(d Dialect) string) func(Dialect) ([]string, error) {
	return func(d Dialect) ([]string, error) {
		if channel != "" && !d.HasChannels() {
			return nil, unsupported("replication channel %q: %s %s has no channels", channel, d.Flavor, d.Version)
		}
		return []string{build(d)}, nil
	}
}

// unsupported makes an error of kind Unsupported, to which the server's key and the operation are added later.
func unsupported(format string, args ...any) error {
	return &unsupportedError{fmt.Sprintf(format, args...)}
}

type unsupportedError struct{ text string }

func (e *unsupportedError) Error() string { return e.text }

// Status reads all replication channels, the one that places the server in the tree first. A server that is no
// replica has none.
func (s *Server) Status(ctx context.Context) ([]topology.Channel, error) {
	var channels []topology.Channel
	err := s.rows(ctx, "read replica status", func(d Dialect) (string, error) { return d.ReplicaStatus(), nil },
		func(columns []string, row []driver.Value) error {
			channels = append(channels, parseChannel(columns, row))
			return nil
		})
	if err != nil {
		return nil, err
	}
	s.several.Store(len(channels) > 1)
	return orderChannels(channels), nil
}

// StopReplica stops replication threads; it succeeds when they are stopped already. It waits for the thread to end,
// which for the IO thread takes about two seconds on MySQL while the source is connected to but silent.
func (s *Server) StopReplica(ctx context.Context, t Threads, channel string) error {
	return alreadySo(s.exec(ctx, "stop replica", onChannel(channel, func(d Dialect) string { return d.StopReplica(t, channel) })))
}

// killedFor is how long a receiver that was told to end is given to come to its farewell.
const killedFor = 50 * time.Millisecond

// StopReceiver stops the IO thread without waiting for a source that may be silent. On MariaDB a receiver that gives
// semi-sync receipts signs in to its source once more when it ends, to take its leave, and a silent source holds that up
// for 2 seconds. One that has been killed is at that point at once, and the stop interrupts it there.
func (s *Server) StopReceiver(ctx context.Context, channel string) error {
	if id := s.farewellReceiver(ctx); id != 0 && s.KillConnection(ctx, id) == nil {
		t := time.NewTimer(killedFor)
		defer t.Stop()
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
	return s.StopReplica(ctx, IOThread, channel)
}

// farewellReceiver is the connection number of a MariaDB server's only receiver, if that gives semi-sync receipts; 0
// where there is none, or that cannot be told: an ordinary stop does as well, and takes longer.
func (s *Server) farewellReceiver(ctx context.Context) uint64 {
	var receivers []uint64
	err := s.rows(ctx, "find the receiver", func(d Dialect) (string, error) {
		if !d.isMariaDB() {
			return "SELECT 0 FROM DUAL WHERE FALSE", nil
		}
		return "SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND = 'Slave_IO' AND @@global.rpl_semi_sync_slave_enabled = 1", nil
	}, func(_ []string, row []driver.Value) error {
		receivers = append(receivers, uint64(integer(row[0])))
		return nil
	})
	if err != nil || len(receivers) != 1 {
		return 0
	}
	return receivers[0]
}

// alreadySo takes away errors that say that there is nothing to stop or to forget: a named channel that does not exist
// (kind NotReplica), and a replica of MaxScale that does not run (1254).
func alreadySo(err error) error {
	if KindOf(err) == NotReplica || CodeOf(err) == 1254 {
		return nil
	}
	return err
}

// StartReplica starts replication threads; it succeeds when they run already, and fails with kind NotReplica when no
// source is configured. It does not wait for the connection to the source.
func (s *Server) StartReplica(ctx context.Context, t Threads, channel string) error {
	return s.exec(ctx, "start replica", onChannel(channel, func(d Dialect) string { return d.StartReplica(t, channel) }))
}

// StartUntil starts replication up to a position of the source's log; both threads must be stopped.
func (s *Server) StartUntil(ctx context.Context, c topology.Coordinates, channel string) error {
	return s.exec(ctx, "start replica until "+c.String(), onChannel(channel, func(d Dialect) string { return d.StartUntil(c, channel) }))
}

// ResetReplicaAll makes the server forget its source, credentials included; replication must be stopped. It succeeds
// when there is nothing to forget.
func (s *Server) ResetReplicaAll(ctx context.Context, channel string) error {
	return alreadySo(s.exec(ctx, "reset replica", onChannel(channel, func(d Dialect) string { return d.ResetReplicaAll(channel) })))
}
