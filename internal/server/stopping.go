package server

import (
	"context"
	"database/sql/driver"
	"strings"
	"time"
)

// stopPoll is how often the process list is looked at while a STOP is being taken in.
const stopPoll = 3 * time.Millisecond

// Stopping is a STOP REPLICA, or a closing for writing, that the server has taken in but perhaps not finished.
type Stopping struct {
	done chan struct{}
	err  error
}

// Wait waits for the end of the statement, at most as long as ctx allows, and returns its error.
func (p *Stopping) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Done is closed when the statement has ended.
func (p *Stopping) Done() <-chan struct{} { return p.done }

// StopReplicaAsync asks for a stop and returns as soon as the server has begun to stop the IO thread, or has stopped
// what it was to stop. From then on nothing more is received; the statement itself may take two seconds longer on
// MySQL when the IO thread is in a handshake with a source that does not answer. It goes on in the background, bounded
// by ctx; who needs the thread to be gone (CHANGE, RESET) calls Wait. With AllThreads the SQL thread is stopped first,
// as the servers do it.
func (s *Server) StopReplicaAsync(ctx context.Context, t Threads, channel string) (*Stopping, error) {
	const op = "stop replica"
	c, err := s.control(ctx)
	if err != nil {
		return nil, s.during(op, err)
	}
	if err := s.identify(ctx, c); err != nil {
		s.giveBack(c)
		return nil, s.during(op, err)
	}
	d, _ := s.Dialect()
	if channel != "" && !d.HasChannels() {
		s.giveBack(c)
		return nil, s.fail(op, unsupported("replication channel %q: %s %s has no channels", channel, d.Flavor, d.Version), true)
	}
	// Two statements instead of one: while the combined one waits for the IO thread, the process list shows a state
	// that is left over from stopping the SQL thread.
	threads := []Threads{t}
	if t == AllThreads {
		threads = []Threads{SQLThread, IOThread}
	}
	stop := &Stopping{done: make(chan struct{})}
	id := c.id
	s.set.running.Go(func() {
		defer close(stop.done)
		defer s.giveBack(c)
		for _, t := range threads {
			if err := alreadySo(s.fail(op, c.exec(ctx, d.StopReplica(t, channel)), true)); err != nil {
				stop.err = err
				return
			}
		}
	})
	return stop, s.awaitStopping(ctx, d, id, d.StopReplica(threads[len(threads)-1], channel), stop)
}

// awaitStopping waits until the connection runs the statement and is in the state of killing replication threads, or
// is done.
func (s *Server) awaitStopping(ctx context.Context, d Dialect, id uint64, statement string, stop *Stopping) error {
	tick := time.NewTicker(stopPoll)
	defer tick.Stop()
	for {
		select {
		case <-stop.done:
			return stop.err
		case <-tick.C:
		}
		begun, err := s.isStopping(ctx, d, id, statement)
		if begun {
			return nil
		}
		if err != nil {
			// Without a look at the process list there is only the end of the statement to go by.
			return stop.Wait(ctx)
		}
	}
}

// isStopping says whether a connection runs the statement and is waiting for replication threads to end. The texts are
// states of the server's process list, which are the same in every language of messages.
func (s *Server) isStopping(ctx context.Context, d Dialect, id uint64, statement string) (bool, error) {
	stopping := false
	err := s.rows(ctx, "watch the stop", func(Dialect) (string, error) {
		return "SELECT STATE, INFO FROM " + d.processlist(true) + " WHERE ID = " + itoa(int64(id)), nil
	}, func(_ []string, row []driver.Value) error {
		state := text(row[0])
		killing := strings.EqualFold(state, "Killing slave") || strings.EqualFold(state, "Killing replica")
		stopping = killing && text(row[1]) == statement
		return nil
	})
	return stopping, err
}
