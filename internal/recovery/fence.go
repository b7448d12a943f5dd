package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/server"
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
		defer cancel()
		closed := e.fenceUntilDone(ctx, k, cluster)
		e.mu.Lock()
		delete(e.fencing, k)
		e.mu.Unlock()
		if closed {
			e.look(ctx, k)
			e.rejoin(k)
		}
	})
}

// beingFenced says whether this process is about to close a server for writing, and has not done so yet.
func (e *Engine) beingFenced(k topology.Key) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fencing[k] != nil
}

// fenceUntilDone closes a lost primary for writing; false when that was given up, or is not wanted any more.
func (e *Engine) fenceUntilDone(ctx context.Context, k topology.Key, cluster string) bool {
	away := false // this node has not led meanwhile
	for {
		if e.promotes(k) {
			if !e.promotionFailed(ctx, k) {
				return false
			}
			continue
		}
		switch {
		case !e.o.Leader.IsLeader():
			away = true
		case away && e.promotedElsewhere(ctx, k):
			return false
		default:
			away = false
		}
		err := e.fenceOnce(ctx, k)
		if err == nil {
			e.mu.Lock()
			e.closed[k] = e.o.Now()
			delete(e.opened, k)
			e.mu.Unlock()
			e.o.Logger.Warn("the old primary was closed for writing", "server", k.String())
			e.audit(context.WithoutCancel(ctx), "read-only", k, cluster, "a lost primary was closed for writing on its return")
			e.progress(Progress{Kind: Fenced, Cluster: cluster, Server: k, Text: "closed for writing"})
			return true
		}
		if !pause(ctx, fencePause) {
			return false
		}
	}
}

// promotedElsewhere says whether another node has promoted a server, or is about to: what was begun to be closed in an
// earlier term of office may be the primary by now.
func (e *Engine) promotedElsewhere(ctx context.Context, k topology.Key) bool {
	promoted, err := e.promotedSince(ctx, k)
	if err != nil {
		e.o.Logger.Error("whether a lost primary was promoted since cannot be read", "server", k.String(), "error", err)
	}
	return promoted
}

// promotedSince says whether a server was promoted since it was lost, by the record, or may have been: a leader that died
// may have opened it before its choice was written down, and who carries on with that recovery sees to it.
func (e *Engine) promotedSince(ctx context.Context, k topology.Key) (bool, error) {
	promoted, err := e.o.Ledger.PromotedAt(ctx, k)
	if err != nil || !promoted.IsZero() {
		return err == nil, err
	}
	left, err := e.o.Ledger.Unfinished(ctx)
	return slices.ContainsFunc(left, func(u Unfinished) bool {
		r := &u.Recovery
		return u.Journal.Successor.IsZero() && r.kind().promotes && slices.Contains(r.Finding.Replicas, k)
	}), err
}

// promotes says whether a recovery of this process is going to open a server for writing, or has done so and is not done
// with what follows. Its downtime, from when it was lost itself, ends only after that, and the journal that says so is
// written behind its back.
func (e *Engine) promotes(k topology.Key) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range e.logs {
		if l.opens() == k {
			return true
		}
	}
	return false
}

// promotionFailed waits until no recovery promotes a server any more, and says whether it still counts as lost then.
func (e *Engine) promotionFailed(ctx context.Context, k topology.Key) bool {
	for e.promotes(k) {
		if !pause(ctx, fencePause) {
			return false
		}
	}
	i := e.o.Observer.Snapshot().Instance(k)
	return i != nil && i.Downtime.LostInRecovery()
}

// stopFencing ends the closing of a server that has been chosen to be opened.
func (e *Engine) stopFencing(k topology.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.endFencing(k)
}

// endFencing is stopFencing for a caller that holds the lock.
func (e *Engine) endFencing(k topology.Key) {
	if end := e.fencing[k]; end != nil {
		end()
	}
}

// unfence lets go of a server that has been promoted: nothing that was begun when it was lost may close it any more. The
// caller holds the lock.
func (e *Engine) unfence(k topology.Key) {
	e.endFencing(k)
	e.forgetClosed(k)
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
	pause, gone := fenceStuck, false
	next := e.o.Now().Add(pause)
	stuck := time.NewTimer(fenceStuck)
	defer stuck.Stop()
	for {
		select {
		case err := <-closed:
			return err
		case <-stuck.C:
			if !e.o.Leader.IsLeader() { // by now another node may have made it the primary again
				return errNotLeading
			}
			// A server that is still away must not be swamped with connections.
			if e.o.Now().Before(next) && !e.answers(k) {
				stuck.Reset(fenceStuck)
				continue
			}
			pause = min(2*pause, fenceRelease)
			err := e.releaseWaiting(ctx, k, s)
			if err == nil || errors.Is(err, errNotClosing) {
				pause = fenceStuck
			}
			if gone && errors.Is(err, errNotClosing) {
				return err
			}
			gone = errors.Is(err, errNotClosing) // at first it may just not have taken the statement in
			next = e.o.Now().Add(pause)
			stuck.Reset(fenceStuck)
		}
	}
}

// answers says whether a server answered when it was asked last.
func (e *Engine) answers(k topology.Key) bool {
	i := e.o.Observer.Snapshot().Instance(k)
	return i != nil && i.LastCheckValid()
}

// errNotClosing says that a server answers, and no statement that closes it waits there: it was started anew since it had taken
// that in, say, and who had sent it does not hear of that where the connection broke in silence.
var errNotClosing = errors.New("the closing is not known there any more")

// attended is what releasing needs of a server.
type attended interface {
	Processlist(ctx context.Context) ([]server.Process, error)
	KillConnection(ctx context.Context, id uint64) error
}

// releaseWaiting helps a closing that waits for commits which wait for a semi-sync acknowledgement: nobody replicates
// from a replaced primary any more, so none will come. Their clients are sent away first, and semi-sync is switched off
// only then: otherwise it would tell them that those transactions were safe. What would begin to write meanwhile is held
// back by the closing itself, so that has to wait there. The error says why the server could not be asked, or that it does not.
//
// Whether probes succeed says nothing here: they hang as well while MariaDB's binary log is locked by such a commit.
func (e *Engine) releaseWaiting(ctx context.Context, k topology.Key, s execute.Server) error {
	i := e.o.Observer.Snapshot().Instance(k)
	list, ok := s.(attended)
	if !ok || i == nil || !i.SemiSync.SourceEnabled {
		return nil // nothing can wait
	}
	ctx, cancel := context.WithTimeout(ctx, fenceRelease)
	defer cancel()
	ended, err := sendWaitingAway(ctx, list, e.o.Leader.Confirm)
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
	return err
}

// sendWaitingAway ends all connections that are at a writing statement, if one of them waits for an acknowledgement and a
// closing waits for that: the others may be in the same group of commits. It asks before each whether it may, and says how
// many there were.
func sendWaitingAway(ctx context.Context, s attended, may func(context.Context) error) (int, error) {
	all, err := s.Processlist(ctx)
	switch {
	case err != nil:
		return 0, err
	case !slices.ContainsFunc(all, server.Process.Closes):
		return 0, errNotClosing
	case !slices.ContainsFunc(all, awaitsReceipt):
		return 0, nil
	}
	ended := 0
	for _, p := range all {
		if !awaitsReceipt(p) && !atWork(p) {
			continue
		}
		if err := may(ctx); err != nil { // the list may have been long in coming
			return ended, err
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

// awaitFence waits until a server has been closed, or the closing given up.
func (e *Engine) awaitFence(ctx context.Context, k topology.Key) {
	for closing := true; closing && pause(ctx, time.Millisecond); {
		e.mu.Lock()
		closing = e.fencing[k] != nil
		e.mu.Unlock()
	}
}

// lifetime is the context of Run.
func (e *Engine) lifetime() context.Context {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ctx
}
