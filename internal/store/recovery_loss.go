package store

import (
	"context"
	"database/sql"
	"time"
)

// RecoveryLoss is how many transactions only the primary held that a recovery has replaced. A recovery without one is one
// of which that is not known.
type RecoveryLoss struct {
	UID          string // of the recovery
	Transactions uint64
	Basis        string // what the number rests on, in words
	Found        time.Time
}

// NoteRecoveryLoss writes down what a recovery turned out to have lost. The greatest number stays: what was brought in
// afterwards was lost all the same.
func (s *Store) NoteRecoveryLoss(ctx context.Context, l RecoveryLoss) error {
	if s.agreed != nil {
		return decide(ctx, s, noteRecoveryLoss{l})
	}
	if l.Found.IsZero() {
		l.Found = s.now()
	}
	op := "note the loss of recovery " + l.UID
	return s.tx(ctx, op, func(tx *sql.Tx) error {
		more := false
		err := s.each(ctx, tx, op, func(r []value) { more = uint64(r[0].int()) >= l.Transactions },
			"SELECT transactions FROM recovery_loss WHERE recovery_uid = ?", l.UID)
		if err != nil || more {
			return err
		}
		_, err = s.execOn(ctx, tx, op, s.dialect.replace("recovery_loss", "recovery_uid, transactions, basis, found_timestamp"),
			l.UID, int64(l.Transactions), l.Basis, stamp(l.Found))
		return err
	})
}

// RecoveryLosses returns what is known of the losses of recoveries; of all for an empty uid.
func (s *Store) RecoveryLosses(ctx context.Context, uid string) ([]RecoveryLoss, error) {
	var c conditions
	c.add(uid != "", "recovery_uid = ?", uid)
	return collect(ctx, s, s.reader, "load the losses of recoveries", func(r []value) RecoveryLoss {
		return RecoveryLoss{r[0].text(), uint64(r[1].int()), r[2].text(), r[3].time()}
	}, "SELECT recovery_uid, transactions, basis, found_timestamp FROM recovery_loss"+c.where()+" ORDER BY recovery_uid", c.args...)
}
