package store

import (
	"context"
	"database/sql"
	"time"
)

// DetectionHold is what held back the recovery that a detection calls for, as it was found last.
type DetectionHold struct {
	Detection             int64
	Rule, Reason, Setting string
	Until                 time.Time // when it ends by itself; zero where that is not known
	At                    time.Time // when it was found
}

// NoteDetectionHold writes down why a detection is not acted on. The newest reason stays.
func (s *Store) NoteDetectionHold(ctx context.Context, h DetectionHold) error {
	if s.agreed != nil {
		return decide(ctx, s, noteDetectionHold{h})
	}
	if h.At.IsZero() {
		h.At = s.now()
	}
	var until any
	if !h.Until.IsZero() {
		until = stamp(h.Until)
	}
	return s.tx(ctx, "note what holds a recovery back", func(tx *sql.Tx) error {
		_, err := s.execOn(ctx, tx, "note what holds a recovery back", s.dialect.replace("detection_hold", "detection_id, rule, reason, setting, until_timestamp, noted_timestamp"),
			h.Detection, h.Rule, h.Reason, h.Setting, until, stamp(h.At))
		return err
	})
}

// DetectionHolds returns what held back recoveries, by detection; of all for the id 0.
func (s *Store) DetectionHolds(ctx context.Context, detection int64) (map[int64]DetectionHold, error) {
	var c conditions
	c.add(detection != 0, "detection_id = ?", detection)
	all := make(map[int64]DetectionHold)
	err := s.each(ctx, s.reader, "load what holds recoveries back", func(r []value) {
		h := DetectionHold{Detection: r[0].int(), Rule: r[1].text(), Reason: r[2].text(), Setting: r[3].text(), Until: r[4].time(), At: r[5].time()}
		all[h.Detection] = h
	}, "SELECT detection_id, rule, reason, setting, until_timestamp, noted_timestamp FROM detection_hold"+c.where(), c.args...)
	return all, err
}
