package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/observe"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

const (
	// fenceFor is how long closing a lost primary for writing is tried before it is left to its return.
	fenceFor = time.Hour
	// fenceTry bounds one try. It is long on purpose: a frozen server takes the statement in as soon as it thaws, and
	// that is before any client can write.
	fenceTry = 10 * time.Minute
	// fenceStuck is after how long a closing that does not end is looked into; fenceRelease bounds each look and the
	// time between two.
	fenceStuck   = 500 * time.Millisecond
	fenceRelease = 4 * time.Second
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

// unfence lets go of a server that has been promoted: nothing that was begun when it was lost may close it any more. The
// caller holds the lock.
func (e *Engine) unfence(k topology.Key) {
	if cancel := e.fencing[k]; cancel != nil {
		cancel()
	}
	delete(e.closed, k)
	delete(e.opened, k)
}

// closedSince says whether a lost primary was closed for writing by this process after a moment.
func (e *Engine) closedSince(k topology.Key, since time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.closed[k].After(since)
}

// fenceOnce closes a server for writing, if this node may still decide so.
func (e *Engine) fenceOnce(ctx context.Context, k topology.Key) error {
	if err := e.o.Leader.Confirm(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, fenceTry)
	defer cancel()
	s := e.o.Servers(k)
	closed := make(chan error, 1)
	go func() { closed <- s.SetReadOnly(ctx, true, true) }()
	pause := fenceStuck
	stuck := time.NewTimer(pause)
	defer stuck.Stop()
	for {
		select {
		case err := <-closed:
			return err
		case <-stuck.C:
			// A server that is still away must not be swamped with connections.
			if pause = min(2*pause, fenceRelease); e.releaseWaiting(ctx, k, s) {
				pause = fenceStuck
			}
			stuck.Reset(pause)
		}
	}
}

// attended is what releasing needs of a server.
type attended interface {
	Processlist(ctx context.Context) ([]server.Process, error)
	KillConnection(ctx context.Context, id uint64) error
}

// releaseWaiting helps a closing that waits for commits which wait for a semi-sync acknowledgement: nobody replicates
// from a replaced primary any more, so none will come. Their clients are sent away first, and semi-sync is switched off
// only then: otherwise it would tell them that those transactions were safe. What would begin to write meanwhile is held
// back by the closing itself. It returns false when the server could not be asked.
//
// Whether probes succeed says nothing here: they hang as well while MariaDB's binary log is locked by such a commit.
func (e *Engine) releaseWaiting(ctx context.Context, k topology.Key, s execute.Server) bool {
	i := e.o.Observer.Snapshot().Instance(k)
	list, ok := s.(attended)
	if !ok || i == nil || !i.SemiSync.SourceEnabled {
		return true // nothing can wait
	}
	ctx, cancel := context.WithTimeout(ctx, fenceRelease)
	defer cancel()
	ended, err := sendWaitingAway(ctx, list)
	if err == nil && ended > 0 {
		err = s.SetSemiSync(ctx, server.SemiSyncSource, false)
	}
	switch {
	case err != nil && ended > 0:
		e.o.Logger.Warn("closing the old primary waits for commits that wait for semi-sync", "server", k.String(), "error", err)
	case ended > 0:
		e.o.Logger.Warn("semi-sync was switched off on the old primary: commits waited for replicas that it has not any more",
			"server", k.String(), "connections_ended", ended)
		e.audit(ctx, "read-only", k, i.ClusterName, fmt.Sprintf("%d connections ended and semi-sync switched off: commits waited for replicas that it has not any more", ended))
	}
	return err == nil
}

// sendWaitingAway ends all connections that are at a writing statement, if one of them waits for an acknowledgement: the
// others may be in the same group of commits. It says how many there were.
func sendWaitingAway(ctx context.Context, s attended) (int, error) {
	all, err := s.Processlist(ctx)
	if err != nil || !slices.ContainsFunc(all, awaitsReceipt) {
		return 0, err
	}
	ended := 0
	for _, p := range all {
		if !awaitsReceipt(p) && !atWork(p) {
			continue
		}
		// It may have ended by itself.
		if err := s.KillConnection(ctx, p.ID); err != nil && ctx.Err() != nil {
			return ended, err
		}
		ended++
	}
	return ended, nil
}

// awaitsReceipt recognises both families' words: "Waiting for semi-sync ACK from replica", "… from slave".
func awaitsReceipt(p server.Process) bool {
	return strings.HasPrefix(strings.ToLower(p.State), "waiting for semi-sync ack")
}

// atWork says whether a client's connection executes something that may commit.
func atWork(p server.Process) bool {
	if p.User == "system user" || p.Command != "Query" && p.Command != "Execute" {
		return false
	}
	word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(p.Info)), " ")
	return !slices.Contains([]string{"", "SET", "SELECT", "SHOW", "KILL"}, word)
}

// noteOpened notices that somebody has opened a lost primary since it was closed for writing here: one that has been
// running since then. It returns those that were opened by a restart.
func (e *Engine) noteOpened(ev observe.Event) (reopened []topology.Key) {
	if ev.Kind != observe.ClusterChanged {
		return nil
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
		case i.ReadOnly || !i.LastCheckValid() || !i.Check.Seen.After(at):
		case i.Uptime > i.Check.Seen.Sub(at)+time.Second:
			e.opened[k] = true
		case i.Uptime < i.Check.Seen.Sub(at)-time.Second && !i.Replicating():
			// It was started anew, so fast that nobody saw it gone.
			reopened = append(reopened, k)
		}
	}
	return topology.SortKeys(reopened)
}

// reviewLost looks, when this node has begun to lead, once at each server that counts as lost: one that came back open
// while nobody led, or while nobody watched, is closed for writing.
func (e *Engine) reviewLost() {
	leads := e.o.Leader.IsLeader()
	if !leads {
		e.reviewed = nil
		return
	}
	if e.reviewed == nil {
		e.reviewed = make(map[topology.Key]bool)
	}
	for _, i := range e.o.Observer.Snapshot().Instances() {
		if !i.Downtime.LostInRecovery() || !i.LastCheckValid() || e.reviewed[i.Key] || !e.o.Observer.Complete(i.ClusterName) {
			continue
		}
		e.reviewed[i.Key] = true
		if !i.HasSource() {
			e.closeReturned(i)
		}
	}
}

// fenceReturned closes a server for writing when it comes back while it counts as lost in a recovery and would take
// writes. It does so on its return only, however short it was away, and not after somebody has opened it on purpose.
func (e *Engine) fenceReturned(ev observe.Event) {
	for _, k := range e.noteOpened(ev) {
		e.closeReturned(ev.Topology.Instance(k)) // unless it was promoted meanwhile
	}
	if ev.Kind != observe.InstanceBack && ev.Kind != observe.InstanceDiscovered {
		return
	}
	if i := ev.Topology.Instance(ev.Key); i != nil {
		e.closeReturned(i)
	}
}

// closeReturned closes a server that counts as lost in a recovery, unless somebody opened it on purpose, or it was promoted
// since and only its downtime is stale.
func (e *Engine) closeReturned(i *topology.Instance) {
	if i.ReadOnly || !i.LastCheckValid() || !i.Downtime.LostInRecovery() || i.Replicating() || !e.o.Leader.IsLeader() {
		return
	}
	e.mu.Lock()
	opened := e.opened[i.Key]
	e.mu.Unlock()
	if opened {
		return
	}
	reader, ok := e.o.Ledger.(promotionReader)
	if !ok {
		e.fence(i.Key, i.ClusterName)
		return
	}
	e.goTracked(func() {
		promoted, err := reader.PromotedLast(context.WithoutCancel(e.lifetime()), i.Key)
		if err != nil {
			e.o.Logger.Error("whether a lost primary was promoted since cannot be read; it is closed for writing", "server", i.Key.String(), "error", err)
		}
		if promoted {
			e.o.Logger.Info("a server counts as lost although it was promoted since; it stays open", "server", i.Key.String())
			return
		}
		e.mu.Lock()
		closed := !e.closed[i.Key].Before(i.Check.Seen) // while the ledger was asked, for another event
		e.mu.Unlock()
		if !closed {
			e.fence(i.Key, i.ClusterName)
		}
	})
}

// promotionReader is a ledger that knows whether a server was promoted after it was last replaced. The end of its downtime
// may not have been written down when its leader died.
type promotionReader interface {
	PromotedLast(ctx context.Context, key topology.Key) (bool, error)
}

// lifetime is the context of Run.
func (e *Engine) lifetime() context.Context {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ctx
}

// PromotedLast says whether the newest recovery that a server had to do with as a primary promoted it, or was going to and
// has not been finished.
func (l *StoreLedger) PromotedLast(ctx context.Context, key topology.Key) (bool, error) {
	left, err := l.Unfinished(ctx)
	for _, u := range left {
		if u.Journal.Successor == key {
			return true, nil
		}
	}
	promoted, e1 := l.store.Recoveries(ctx, store.RecoveryFilter{Successor: key})
	replaced, e2 := l.store.Recoveries(ctx, store.RecoveryFilter{Key: key})
	if err = errors.Join(err, e1, e2); err != nil {
		return false, err
	}
	newest := func(list []store.Recovery) int64 {
		for _, r := range list { // newest first
			if r.Successful {
				return r.ID
			}
		}
		return 0
	}
	return newest(promoted) > newest(replaced), nil
}
