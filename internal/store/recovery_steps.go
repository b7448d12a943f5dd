package store

import (
	"context"
	"time"
)

// RecoveryStep is a line of a recovery's story.
type RecoveryStep struct {
	ID      int64
	UID     string // of the recovery
	At      time.Time
	Message string
}

// WriteRecoveryStep adds a line to a recovery's story; a zero time means now.
func (s *Store) WriteRecoveryStep(ctx context.Context, step RecoveryStep) error {
	if s.agreed != nil {
		return decide(ctx, s, writeRecoveryStep{step})
	}
	if step.At.IsZero() {
		step.At = s.now()
	}
	columns, args, err := s.numbered(ctx, s.reading(), "topology_recovery_steps", "recovery_step_id", "recovery_uid, audit_at, message",
		[]any{step.UID, stamp(step.At), step.Message})
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "write step of recovery "+step.UID, s.dialect.insert("topology_recovery_steps", columns), args...)
	return err
}

// RecoverySteps returns a recovery's story in order.
func (s *Store) RecoverySteps(ctx context.Context, uid string) ([]RecoveryStep, error) {
	return collect(ctx, s, s.reader, "load steps of recovery "+uid, func(r []value) RecoveryStep {
		return RecoveryStep{r[0].int(), r[1].text(), r[2].time(), r[3].text()}
	}, `SELECT recovery_step_id, recovery_uid, audit_at, message FROM topology_recovery_steps
		WHERE recovery_uid = ? ORDER BY recovery_step_id`, uid)
}
