package execute

import (
	"context"
	"errors"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// mayHoldPart says whether the replica may have received the beginning of a transaction whose end will not come from
// its source any more, and can get the whole of it from another one. MySQL's applier with several workers does not stop
// for up to a minute then: it waits for the end.
func mayHoldPart(ctx context.Context, s Server, c *topology.Channel, change server.SourceChange) bool {
	if c.GTID != topology.OracleGTID || change.Mode != server.KeepAsIs || !c.SQLThread.Running() {
		return false
	}
	now, err := channel(ctx, s, c.Name)
	if err != nil || now == nil {
		return false
	}
	part, err := onlyPartRemains(ctx, s, now)
	return err == nil && part
}

// changeReceiver gives a running applier another source: only the IO thread is stopped and started. Everything
// incomplete is received anew, and the applier takes that as the end of what it waits for. Servers that want the applier
// to stand still (before MySQL 5.7) refuse the change, and false is returned.
func (r *Run) changeReceiver(ctx context.Context, k topology.Key, s Server, change server.SourceChange) (done bool, err error) {
	if err := r.ended(ctx, k); err != nil {
		return false, err
	}
	if err := s.StopReplica(ctx, server.IOThread, change.Channel); err != nil {
		return false, err
	}
	if refused := s.ChangeSource(ctx, change); refused != nil {
		return false, ctx.Err()
	}
	return true, errors.Join(r.start(ctx, k, s, server.IOThread, change.Channel), r.awaitReceiving(ctx, s, change.Channel))
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

// stopReplica stops both threads. Where only the beginning of a transaction was received, MySQL's applier would wait a
// minute for its end: so the receiver goes on for as long as the applier takes, where the plan says that its source lives.
func (r *Run) stopReplica(ctx context.Context, k topology.Key, s Server, a plan.Action) (note string, err error) {
	if err := r.ended(ctx, k); err != nil {
		return "", err
	}
	if a.On {
		c, err := channel(ctx, s, a.Channel)
		if err == nil && c != nil && stands(c.IOThread) && c.SQLThread.Running() && c.GTID != topology.MariaDBGTID {
			if part, err := onlyPartRemains(ctx, s, c); err == nil && part && !c.ReceivedAll() {
				note = "its receiver went on to the end of the transaction in hand"
				if err := r.start(ctx, k, s, server.IOThread, a.Channel); err != nil {
					return "", err
				}
				awaitBeyond(ctx, s, c)
			}
		}
	}
	return note, r.stop(ctx, k, s, a.Channel)
}
