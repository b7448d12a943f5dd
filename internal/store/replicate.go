package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Log is what all nodes of a group agree on, in one order.
type Log interface {
	// Propose has the entry agreed on and applied here, and returns what Apply answered to it. An error that matches
	// ErrNotAgreed means that the entry may never be applied; whether it will be is not always known.
	Propose(ctx context.Context, entry []byte) (any, error)
}

// ErrNotAgreed means that a decision was not agreed on by a majority of the nodes: this one does not lead, or too few
// others answer.
var ErrNotAgreed = errors.New("the nodes did not agree on it")

// entryVersion is the form of the commands that this program writes, and the newest that it reads.
const entryVersion = 1

// entry is a command as the log carries it.
type entry struct {
	Op      string          `json:"op"`
	Version int             `json:"v"`
	At      time.Time       `json:"at"` // by the clock of the node that proposed it; applying it reads no other
	Value   json.RawMessage `json:"value"`
}

// command is a decision as a value. Applying it is quick, depends on nothing but the tables and the entry, and reaches
// nothing but the backend, so that every node that applies the same entries has the same rows.
type command interface {
	op() string
	// apply writes it down in a store that is bound to a transaction.
	apply(ctx context.Context, s *Store) (any, error)
}

// Replicate sends all decisions through the log from now on. Call it before the store is used by others.
func (s *Store) Replicate(l Log) { s.agreed = l }

// Local is the same database for what a node decides for itself: what is written through it stays on this node.
func (s *Store) Local() *Store {
	l := *s
	l.agreed = nil
	return &l
}

// Replicated says whether decisions go through a log.
func (s *Store) Replicated() bool { return s.agreed != nil }

// agree has a command agreed on and returns what applying it answered.
func agree[R any](ctx context.Context, s *Store, c command) (R, error) {
	var none R
	value, err := json.Marshal(c)
	if err != nil {
		return none, fmt.Errorf("%s: %w", c.op(), err)
	}
	text, err := json.Marshal(entry{Op: c.op(), Version: entryVersion, At: s.now().UTC(), Value: value})
	if err != nil {
		return none, fmt.Errorf("%s: %w", c.op(), err)
	}
	got, err := s.agreed.Propose(ctx, text)
	if err != nil {
		return none, fmt.Errorf("%s: %w", c.op(), err)
	}
	applied, ok := got.(Applied)
	if !ok {
		return none, fmt.Errorf("%s: the log answered %T", c.op(), got)
	}
	r, _ := applied.Value.(R)
	return r, applied.Err
}

// decide is agree for what answers nothing.
func decide(ctx context.Context, s *Store, c command) error {
	_, err := agree[any](ctx, s, c)
	return err
}

// Entry is a command at its place in the log.
type Entry struct {
	Index uint64
	Data  []byte
}

// Applied is the answer to an applied entry.
type Applied struct {
	Op    string
	Value any
	Err   error // a refusal, the same on every node
}

// Apply applies entries, in one transaction together with the note of how far it has come: an entry is applied once,
// whatever happens. Entries that were applied before are skipped. When the database fails, nothing is applied and the
// error is returned: the same call has to be made again before any other.
func (s *Store) Apply(ctx context.Context, logID string, entries []Entry) ([]Applied, error) {
	var answers []Applied
	err := s.tx(ctx, "apply what the nodes agreed on", func(tx *sql.Tx) error {
		answers = make([]Applied, len(entries))
		done, err := s.appliedIndex(ctx, tx, logID)
		if err != nil {
			return err
		}
		for n, e := range entries {
			if e.Index <= done {
				continue
			}
			if answers[n], err = s.applyOne(ctx, tx, e); err != nil {
				return fmt.Errorf("entry %d: %w", e.Index, err)
			}
			done = e.Index
		}
		return s.noteApplied(ctx, tx, logID, done)
	})
	if err != nil {
		return nil, err
	}
	return answers, nil
}

// applyOne applies an entry. The error is of the database; a refusal is in the answer, and leaves no trace.
func (s *Store) applyOne(ctx context.Context, tx *sql.Tx, e Entry) (Applied, error) {
	var head entry
	if err := json.Unmarshal(e.Data, &head); err != nil {
		return Applied{Err: fmt.Errorf("a command that cannot be read: %w", err)}, nil
	}
	decode, known := commands()[head.Op]
	if !known || head.Version > entryVersion {
		return Applied{}, fmt.Errorf("%w: %s, version %d", ErrNewerCommand, head.Op, head.Version)
	}
	c, err := decode(head.Value)
	if err != nil {
		return Applied{Op: head.Op, Err: fmt.Errorf("%s: a command that cannot be read: %w", head.Op, err)}, nil
	}
	bound := *s
	bound.agreed, bound.within, bound.index = nil, tx, e.Index
	bound.now = func() time.Time { return head.At }
	const savepoint = "one_command"
	if _, err := tx.ExecContext(ctx, "SAVEPOINT "+savepoint); err != nil {
		return Applied{}, err
	}
	value, err := c.apply(ctx, &bound)
	if err != nil {
		if databaseFailed(ctx, err) {
			return Applied{}, err
		}
		if _, undo := tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+savepoint); undo != nil {
			return Applied{}, errors.Join(err, undo)
		}
	}
	_, release := tx.ExecContext(ctx, "RELEASE SAVEPOINT "+savepoint)
	return Applied{Op: head.Op, Value: value, Err: err}, release
}

// ErrNewerCommand means that the log holds something that only a newer version understands.
var ErrNewerCommand = errors.New("the other nodes run a newer version, and agreed on something that this one does not understand: upgrade it")

// databaseFailed tells a database that does not work from one that refuses.
func databaseFailed(ctx context.Context, err error) bool {
	var e *Error
	return ctx.Err() != nil || errors.As(err, &e) && e.Kind != nil && !errors.Is(e.Kind, ErrNotFound) || mysqlNumber(err) == deadlock
}

// AppliedIndex returns how far the log of that identity has been applied.
func (s *Store) AppliedIndex(ctx context.Context, logID string) (index uint64, err error) {
	return s.appliedIndex(ctx, s.reader, logID)
}

func (s *Store) appliedIndex(ctx context.Context, q querier, logID string) (index uint64, err error) {
	err = s.each(ctx, q, "read how far the log is applied", func(r []value) { index = uint64(r[0].int()) },
		"SELECT applied_index FROM replicated_log WHERE log_id = ?", logID)
	return index, err
}

func (s *Store) noteApplied(ctx context.Context, tx *sql.Tx, logID string, index uint64) error {
	op := "note how far the log is applied"
	if _, err := s.execOn(ctx, tx, op, "DELETE FROM replicated_log WHERE log_id <> ?", logID); err != nil {
		return err
	}
	_, err := s.execOn(ctx, tx, op, s.dialect.upsert("replicated_log", "log_id", "applied_index, last_updated"),
		logID, int64(index), stamp(s.options.Now()))
	return err
}

// numbered adds the number of a new row to its columns and arguments where all nodes must choose the same one.
// Otherwise the database numbers it.
func (s *Store) numbered(ctx context.Context, q querier, table, id, columns string, args []any) (string, []any, error) {
	if s.within == nil {
		return columns, args, nil
	}
	next := int64(s.index) // never given to two rows, because no index is
	err := s.each(ctx, q, "number a row of "+table, func(r []value) { next = max(next, r[0].int()+1) }, "SELECT MAX("+id+") FROM "+table)
	return id + ", " + columns, append([]any{next}, args...), err
}
