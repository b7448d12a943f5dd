package store

import (
	"context"
	"database/sql"
	"time"
)

// JournalEntry says how far a recovery has come. State is JSON that only the engine understands.
type JournalEntry struct {
	UID     string // of the recovery
	Cluster string
	Step    int
	State   string
	Open    bool // somebody still has to finish it
	Updated time.Time
}

// ChangeJournal stores how far a recovery has come, as change makes it of what is stored; known is false where nothing is.
// Nobody else changes it meanwhile. An error of change is returned, and nothing is stored.
func (s *Store) ChangeJournal(ctx context.Context, uid string, change func(there JournalEntry, known bool) (JournalEntry, error)) error {
	if s.agreed != nil { // only who leads decides, so nobody else does
		there, known, err := s.Journal(ctx, uid)
		if err != nil {
			return err
		}
		next, err := change(there, known)
		if err != nil {
			return err
		}
		return decide(ctx, s, putJournal{next})
	}
	op := "change journal of recovery " + uid
	return s.tx(ctx, op, func(tx *sql.Tx) error {
		// Changing nothing takes the row's lock before it is read.
		if _, err := s.execOn(ctx, tx, op, "UPDATE recovery_journal SET is_open = is_open WHERE recovery_uid = ?", uid); err != nil {
			return err
		}
		there, known, err := s.journal(ctx, tx, uid)
		if err != nil {
			return err
		}
		next, err := change(there, known)
		if err != nil {
			return err
		}
		return s.putJournal(ctx, tx, next)
	})
}

func (s *Store) putJournal(ctx context.Context, q querier, e JournalEntry) error {
	_, err := s.execOn(ctx, q, "write journal of recovery "+e.UID, s.dialect.upsert("recovery_journal",
		"recovery_uid", "cluster_name, step, state, is_open, last_updated"),
		e.UID, e.Cluster, e.Step, e.State, flag(e.Open), stamp(s.now()))
	return err
}

// Journal returns how far a recovery has come; ok is false when nothing is stored.
func (s *Store) Journal(ctx context.Context, uid string) (e JournalEntry, ok bool, err error) {
	return s.journal(ctx, s.reader, uid)
}

func (s *Store) journal(ctx context.Context, q querier, uid string) (e JournalEntry, ok bool, err error) {
	all, err := s.journals(ctx, q, "WHERE recovery_uid = ?", uid)
	if err != nil || len(all) == 0 {
		return e, false, err
	}
	return all[0], true, nil
}

// OpenJournals returns the recoveries that somebody still has to finish, oldest first.
func (s *Store) OpenJournals(ctx context.Context) ([]JournalEntry, error) {
	return s.journals(ctx, s.reader, "WHERE is_open = 1")
}

func (s *Store) journals(ctx context.Context, q querier, where string, args ...any) ([]JournalEntry, error) {
	return collect(ctx, s, q, "load recovery journals", func(r []value) JournalEntry {
		return JournalEntry{r[0].text(), r[1].text(), int(r[2].int()), r[3].text(), r[4].bool(), r[5].time()}
	}, "SELECT recovery_uid, cluster_name, step, state, is_open, last_updated FROM recovery_journal "+where+
		" ORDER BY last_updated, recovery_uid", args...)
}
