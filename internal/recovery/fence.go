package recovery

import (
	"context"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/topology"
)

const (
	// fenceFor is how long closing a lost primary for writing is tried before it is left to its return.
	fenceFor = time.Hour
	// fenceTry bounds one try. It is long on purpose: a frozen server takes the statement in as soon as it thaws, and
	// that is before any client can write.
	fenceTry = 10 * time.Minute
	// fencePause is between two tries that failed at once.
	fencePause = 250 * time.Millisecond
)

// fence closes a lost primary for writing as soon as it can be reached, in the background.
func (e *Engine) fence(k topology.Key, cluster string) {
	e.mu.Lock()
	parent := e.ctx
	if parent == nil || parent.Err() != nil || e.fencing[k] != nil {
		e.mu.Unlock()
		return
	}
	ctx, cancel := context.WithTimeout(parent, fenceFor)
	e.fencing[k] = cancel
	e.mu.Unlock()
	e.goTracked(func() {
		defer func() {
			cancel()
			e.mu.Lock()
			delete(e.fencing, k)
			e.mu.Unlock()
		}()
		e.fenceUntilDone(ctx, k, cluster)
	})
}

func (e *Engine) fenceUntilDone(ctx context.Context, k topology.Key, cluster string) {
	for {
		err := e.fenceOnce(ctx, k)
		if err == nil {
			e.mu.Lock()
			e.closed[k] = e.o.Now()
			delete(e.opened, k)
			e.mu.Unlock()
			e.o.Logger.Warn("the old primary was closed for writing", "server", k.String())
			e.audit(context.WithoutCancel(ctx), "read-only", k, cluster, "a lost primary was closed for writing on its return")
			e.progress(Progress{Kind: Fenced, Cluster: cluster, Server: k, Text: "closed for writing"})
			e.look(ctx, k)
			e.rejoin(k)
			return
		}
		t := time.NewTimer(fencePause)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// fenceOnce closes a server for writing, if this node may still decide so.
func (e *Engine) fenceOnce(ctx context.Context, k topology.Key) error {
	if err := e.o.Leader.Confirm(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, fenceTry)
	defer cancel()
	return e.o.Servers(k).SetReadOnly(ctx, true, true)
}

// noteOpened notices that somebody has opened a lost primary since it was closed for writing here: one that has been
// running since then, so that it was not a restart that opened it.
func (e *Engine) noteOpened(ev observe.Event) {
	if ev.Kind != observe.ClusterChanged {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for k, at := range e.closed {
		i := ev.Topology.Instance(k)
		switch {
		case i == nil:
		case !i.Downtime.LostInRecovery():
			delete(e.closed, k)
			delete(e.opened, k)
		case !i.ReadOnly && i.LastCheckValid() && i.Check.Seen.After(at) && i.Uptime > i.Check.Seen.Sub(at)+time.Second:
			e.opened[k] = true
		}
	}
}

// fenceReturned closes a server for writing when it comes back while it counts as lost in a recovery and would take
// writes. It does so on its return only, and not after somebody has opened it on purpose.
func (e *Engine) fenceReturned(ev observe.Event) {
	if ev.Kind != observe.InstanceBack && ev.Kind != observe.InstanceDiscovered {
		return
	}
	i := ev.Topology.Instance(ev.Key)
	if i == nil || i.ReadOnly || !i.LastCheckValid() || !i.Downtime.LostInRecovery() || i.Replicating() || !e.o.Leader.IsLeader() {
		return
	}
	e.mu.Lock()
	opened := e.opened[i.Key]
	e.mu.Unlock()
	if opened {
		return
	}
	e.fence(i.Key, ev.Cluster)
}
