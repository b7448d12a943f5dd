package store

import (
	"context"
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

// PutJournal stores how far a recovery has come, in place of what was stored before.
func (s *Store) PutJournal(ctx context.Context, e JournalEntry) error {
	if s.agreed != nil {
		return decide(ctx, s, putJournal{e})
	}
	_, err := s.exec(ctx, "write journal of recovery "+e.UID, s.dialect.upsert("recovery_journal",
		"recovery_uid", "cluster_name, step, state, is_open, last_updated"),
		e.UID, e.Cluster, e.Step, e.State, flag(e.Open), stamp(s.now()))
	return err
}

// Journal returns how far a recovery has come; ok is false when nothing is stored.
func (s *Store) Journal(ctx context.Context, uid string) (e JournalEntry, ok bool, err error) {
	all, err := s.journals(ctx, "WHERE recovery_uid = ?", uid)
	if err != nil || len(all) == 0 {
		return e, false, err
	}
	return all[0], true, nil
}

// OpenJournals returns the recoveries that somebody still has to finish, oldest first.
func (s *Store) OpenJournals(ctx context.Context) ([]JournalEntry, error) {
	return s.journals(ctx, "WHERE is_open = 1")
}

func (s *Store) journals(ctx context.Context, where string, args ...any) ([]JournalEntry, error) {
	return collect(ctx, s, s.reader, "load recovery journals", func(r []value) JournalEntry {
		return JournalEntry{r[0].text(), r[1].text(), int(r[2].int()), r[3].text(), r[4].bool(), r[5].time()}
	}, "SELECT recovery_uid, cluster_name, step, state, is_open, last_updated FROM recovery_journal "+where+
		" ORDER BY last_updated, recovery_uid", args...)
}
