package execute

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// receiverSuffices says whether a replica can be given another source while its applier goes on. It may have received the
// beginning of a transaction whose end will not come from its source any more: MySQL's applier with several workers does
// not stop for a minute then, it waits for the end. Whether it has cannot be told by the relay log: where the server says
// that its applier stands there, it may have come further.
func receiverSuffices(c *topology.Channel, change server.SourceChange) bool {
	return c.GTID == topology.OracleGTID && change.Mode == server.KeepAsIs && c.SQLThread.Running()
}

// changeReceiver gives a running applier another source: only the IO thread is stopped and started. Everything
// incomplete is received anew, and the applier takes that as the end of what it waits for. Servers that want the applier
// to stand still (before MySQL 5.7) refuse the change, and false is returned. may is asked when nothing is received any more.
func (r *Run) changeReceiver(ctx context.Context, k topology.Key, s Server, change server.SourceChange, may func(context.Context) error) (done bool, err error) {
	if err := r.stopThreads(ctx, k, s, server.IOThread, change.Channel); err != nil {
		return false, err
	}
	if err := may(ctx); err != nil {
		return false, err
	}
	if refused := r.repoint(ctx, k, s, change); refused != nil {
		return false, ctx.Err()
	}
	return true, errors.Join(r.start(ctx, k, s, server.IOThread, change.Channel), r.awaitReceiving(ctx, s, change.Channel))
}

// awaitReceiving waits until the IO thread has connected to its source.
func (r *Run) awaitReceiving(ctx context.Context, s Server, name string) error {
	return r.awaitReceiver(ctx, s, name, func(c *topology.Channel) bool { return c.IOThread.Running() })
}

// servedFor is how long a receiver by file and position has to run until it counts as one that is served.
const servedFor = 50 * time.Millisecond

// silentFor is the same for one by GTID that shows nothing of its source's log.
const silentFor = time.Second

// awaitServed waits until the source serves the replica. MySQL's IO thread counts as running when it has signed in, before
// it is told that it may not replicate from there, or that its place is not to be had. By GTID the first that comes from the
// source is the name of its log file; by file and position nothing that can be seen comes before the next transaction.
func (r *Run) awaitServed(ctx context.Context, s Server, name string) error {
	var since time.Time
	return r.awaitReceiver(ctx, s, name, func(c *topology.Channel) bool {
		switch {
		case !c.IOThread.Running() || c.LastIOErrno != 0:
			since = time.Time{}
			return false
		case since.IsZero():
			since = time.Now()
		}
		if c.GTID != topology.FilePosition && c.Read.LogFile == "" {
			return time.Since(since) >= silentFor
		}
		return c.GTID != topology.FilePosition || time.Since(since) >= servedFor
	})
}

// awaitReceiver waits until the receiver is as it is wanted, or has stopped with an error.
func (r *Run) awaitReceiver(ctx context.Context, s Server, name string, wanted func(*topology.Channel) bool) error {
	var last *topology.Channel
	err := poll(ctx, func() (bool, error) {
		c, err := channel(ctx, s, name)
		if err != nil {
			return false, err
		}
		last = c
		switch {
		case c == nil:
			return false, errors.New("its replication configuration is gone")
		case wanted(c):
			return true, nil
		case c.IOThread == topology.ThreadStopped && c.LastIOErrno != 0:
			return false, fmt.Errorf("its receiver stopped: error %d: %s", c.LastIOErrno, c.LastIOError)
		}
		return false, nil
	})
	if err != nil && ctx.Err() != nil && last != nil && last.LastIOErrno != 0 {
		return fmt.Errorf("its receiver cannot connect: error %d: %s", last.LastIOErrno, last.LastIOError)
	}
	return err
}

// transactionWithin bounds how long is waited for the rest of a transaction.
const transactionWithin = 5 * time.Second

// awaitBeyond waits until a replica has applied more than it had. A stop that comes while its receiver connects waits for
// a minute all the same. That it takes too long is no error: the stop then does.
func awaitBeyond(ctx context.Context, s Server, was *topology.Channel) {
	ctx, cancel := context.WithTimeout(ctx, transactionWithin)
	defer cancel()
	_ = poll(ctx, func() (bool, error) {
		c, err := channel(ctx, s, was.Name)
		return c != nil && c.IOThread.Running() && c.Exec.Compare(was.Exec) != 0, err
	})
}

// stopReplica stops both threads; whole, where the plan says that the applier may have to wait for its source (Action.On).
func (r *Run) stopReplica(ctx context.Context, k topology.Key, s Server, a plan.Action) (note string, err error) {
	if a.On {
		return r.stopWhole(ctx, k, s, a.Channel)
	}
	return "", r.stop(ctx, k, s, a.Channel)
}

// stopWhole stops both threads of a replica whose source lives. MySQL's applier waits up to a minute for the end of a
// transaction of which only the beginning was received: so it is stopped first, while its receiver runs, and a receiver
// that was stopped goes on for as long as that takes. MariaDB drops what was received when the receiver starts, and its
// applier does not wait.
func (r *Run) stopWhole(ctx context.Context, k topology.Key, s Server, name string) (note string, err error) {
	c, err := channel(ctx, s, name)
	if err != nil {
		return "", err
	}
	if c != nil && c.SQLThread.Running() && c.GTID != topology.MariaDBGTID {
		if holdsPart(ctx, s, c) {
			note = "its receiver went on to the end of the transaction in hand"
			if err := r.start(ctx, k, s, server.IOThread, name); err != nil {
				return note, err
			}
			awaitBeyond(ctx, s, c)
		}
		if err := r.stopThreads(ctx, k, s, server.SQLThread, name); err != nil {
			return note, err
		}
	}
	return note, r.stop(ctx, k, s, name)
}

// settledSoon is how long a replica is watched for what is left: one with several workers says only now and then how far
// it has come (replica_checkpoint_period, 300 ms).
const settledSoon = time.Second

// holdsPart says whether the receiver of a replica was stopped in the middle of a transaction, and the applier has nothing
// else left. Where that cannot be told, the stop says what is wrong.
func holdsPart(ctx context.Context, s Server, c *topology.Channel) (part bool) {
	if !stands(c.IOThread) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, settledSoon)
	defer cancel()
	_ = poll(ctx, func() (bool, error) {
		now, err := channel(ctx, s, c.Name)
		if err != nil || now == nil || now.ReceivedAll() {
			return true, err
		}
		part, err = onlyPartRemains(ctx, s, now)
		return part, err
	})
	return part
}
