package consensus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"orchestrator/internal/store"
)

// Backend is what the nodes agree on, as each of them has it; *store.Store is one.
type Backend interface {
	Apply(ctx context.Context, logID string, entries []store.Entry) ([]store.Applied, error)
	TakeShared(ctx context.Context, logID string) (*store.Shared, error)
	Restore(ctx context.Context, logID string, sh *store.Shared, force bool) error
	AppliedIndex(ctx context.Context, logID string) (uint64, error)
}

// machine applies what was agreed on to the backend. It implements raft.BatchingFSM.
type machine struct {
	backend Backend
	logID   string
	ctx     context.Context    // ends with the node
	applied func(ops []string) // told what was applied
	failing func(since time.Time)
	now     func() time.Time
	log     *slog.Logger
	index   atomic.Uint64 // of the last entry that was applied
}

// While the backend fails, it is asked again after pauses that grow between these two.
const (
	applyPause   = 50 * time.Millisecond
	applyPatient = 2 * time.Second
)

// Apply implements raft.FSM.
func (m *machine) Apply(l *raft.Log) any { return m.ApplyBatch([]*raft.Log{l})[0] }

// ApplyBatch implements raft.BatchingFSM. It returns when the backend has taken the entries: a node whose backend fails
// stands still, and does not go on without them.
func (m *machine) ApplyBatch(logs []*raft.Log) []any {
	answers := make([]any, len(logs))
	var entries []store.Entry
	var places []int
	for n, l := range logs {
		if l.Type == raft.LogCommand {
			entries, places = append(entries, store.Entry{Index: l.Index, Data: l.Data}), append(places, n)
		}
	}
	if len(entries) == 0 {
		return answers
	}
	got, err := m.insist("apply what the nodes agreed on", func() ([]store.Applied, error) {
		return m.backend.Apply(m.ctx, m.logID, entries)
	})
	ops := make([]string, 0, len(got))
	for n := range entries {
		if err != nil {
			answers[places[n]] = store.Applied{Err: err}
			continue
		}
		answers[places[n]] = got[n]
		if got[n].Op != "" {
			ops = append(ops, got[n].Op)
		}
	}
	if err == nil {
		m.index.Store(entries[len(entries)-1].Index)
	}
	if len(ops) > 0 {
		m.applied(ops)
	}
	return answers
}

// insist tries until it works or the node ends.
func (m *machine) insist(what string, try func() ([]store.Applied, error)) ([]store.Applied, error) {
	var since time.Time
	pause := applyPause
	for {
		got, err := try()
		if err == nil {
			if !since.IsZero() {
				m.log.Info("the backend works again: "+what, "after", m.now().Sub(since).Round(time.Millisecond))
				m.failing(time.Time{})
			}
			return got, nil
		}
		if m.ctx.Err() != nil {
			return nil, fmt.Errorf("%w: this node ends", store.ErrNotAgreed)
		}
		if since.IsZero() {
			since = m.now()
			m.log.Error("the backend fails; this node stands still until it works: "+what, "error", err)
		}
		m.failing(since)
		timer := time.NewTimer(pause)
		select {
		case <-m.ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
		pause = min(2*pause, applyPatient)
	}
}

// Snapshot implements raft.FSM. It reads everything at once, because nothing may be applied meanwhile.
func (m *machine) Snapshot() (raft.FSMSnapshot, error) {
	if m.ctx.Err() != nil {
		return nil, errors.New("this node ends")
	}
	sh, err := m.backend.TakeShared(m.ctx, m.logID)
	return snapshot{sh}, err
}

// Restore implements raft.FSM.
func (m *machine) Restore(from io.ReadCloser) error {
	sh, err := store.ReadShared(from)
	if err = errors.Join(err, from.Close()); err != nil {
		return err
	}
	_, err = m.insist("restore a snapshot", func() ([]store.Applied, error) { return nil, m.backend.Restore(m.ctx, m.logID, sh, false) })
	if err == nil {
		m.index.Store(max(m.index.Load(), sh.Index))
		m.applied([]string{"snapshot"})
	}
	return err
}

type snapshot struct{ shared *store.Shared }

// Persist implements raft.FSMSnapshot.
func (s snapshot) Persist(sink raft.SnapshotSink) error {
	if _, err := s.shared.WriteTo(sink); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	return sink.Close()
}

// Release implements raft.FSMSnapshot.
func (snapshot) Release() {}
