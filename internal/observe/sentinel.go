package observe

import (
	"context"
	"fmt"
	"time"

	"orchestrator/internal/topology"
)

// sentinel stands by a server that others depend on.
type sentinel struct{ cancel context.CancelFunc }

// reviewSentinels posts and withdraws sentinels where the need may have changed: each server that answers and has
// replicas has one.
func (o *Observer) reviewSentinels() {
	if o.ctx == nil {
		return
	}
	for k := range o.picture.watch {
		i := o.picture.instance(k)
		o.reviewWriteWatch(k, i)
		need := i != nil && i.LastCheckValid() && o.hasReplicas(k) && o.picture.members[k].asked && o.ctx.Err() == nil && o.active()
		s := o.sentinels[k]
		switch {
		case need && s == nil:
			o.postSentinel(k)
		case !need && s != nil:
			s.cancel()
			delete(o.sentinels, k)
		}
	}
	clear(o.picture.watch)
}

func (o *Observer) postSentinel(k topology.Key) {
	ctx, cancel := context.WithCancel(o.ctx)
	s := &sentinel{cancel: cancel}
	o.sentinels[k] = s
	rest := time.Duration(0)
	if last, ok := o.alarms[k]; ok { // a connection that breaks again and again shall not keep the loop busy
		rest = max(last.Add(o.timing.Ping).Sub(o.now()), 0)
	}
	o.work.Go(func() {
		defer cancel()
		if !sleep(ctx, rest) {
			return
		}
		if why := o.stand(ctx, k); why != nil {
			o.inbox.post(func() { o.alarm(k, s, why) })
		}
	})
}

// stand watches until something is wrong with the server, which it returns, or ctx ends.
func (o *Observer) stand(ctx context.Context, k topology.Key) error {
	lost := make(chan error, 1)
	stop := o.prober.Watch(k, func(err error) {
		select {
		case lost <- err:
		default:
		}
	})
	defer stop()
	clock := time.NewTimer(phaseOf(k) % o.timing.Ping)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-lost:
			return fmt.Errorf("connection to %s lost: %w", k, err)
		case <-clock.C:
		}
		if err := o.ping(ctx, k); err != nil && ctx.Err() == nil {
			return err
		}
		clock.Reset(o.timing.Ping)
	}
}

func (o *Observer) ping(ctx context.Context, k topology.Key) error {
	ctx, cancel := context.WithTimeout(ctx, o.timing.PingDeadline)
	defer cancel()
	if err := o.prober.Ping(ctx, k); err != nil {
		return fmt.Errorf("no sign of life from %s: %w", k, err)
	}
	return nil
}

// alarm takes a sentinel's report.
func (o *Observer) alarm(k topology.Key, s *sentinel, why error) {
	if o.sentinels[k] != s {
		return
	}
	delete(o.sentinels, k)
	o.alarms[k] = o.now()
	o.suspect(k, why)
}

// sleep waits for d; it reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
