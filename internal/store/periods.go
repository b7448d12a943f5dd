package store

import (
	"context"
	"database/sql"
)

// periodTable is a table whose rows have an active period that keeps others out by a unique key.
type periodTable struct{ table, id string }

var (
	recoveryPeriods  = periodTable{"topology_recovery", "recovery_id"}
	detectionPeriods = periodTable{"topology_failure_detection", "detection_id"}
)

// endPeriods ends the active periods of the rows that where selects and returns how many there were. The second of
// the end is part of the unique key, so a second period of one server that ends within the same second is recorded
// as ending in the next one.
func (s *Store) endPeriods(ctx context.Context, tx *sql.Tx, p periodTable, where string, args ...any) (int64, error) {
	type period struct {
		id   int64
		host string
		port int64
	}
	active, err := collect(ctx, s, tx, "find active periods", func(r []value) period {
		return period{r[0].int(), r[1].text(), r[2].int()}
	}, "SELECT "+p.id+", hostname, port FROM "+p.table+" WHERE in_active_period = 1 AND ("+where+") ORDER BY "+p.id, args...)
	if err != nil {
		return 0, err
	}
	now := s.now().Unix()
	for _, a := range active {
		end := now
		if err := s.each(ctx, tx, "find ended periods", func(r []value) { end = max(end, r[0].int()+1) },
			"SELECT MAX(end_active_period_unixtime) FROM "+p.table+" WHERE hostname = ? AND port = ? AND in_active_period = 0",
			a.host, a.port); err != nil {
			return 0, err
		}
		if _, err := s.execOn(ctx, tx, "end active period",
			"UPDATE "+p.table+" SET in_active_period = 0, end_active_period_unixtime = ? WHERE "+p.id+" = ?", end, a.id); err != nil {
			return 0, err
		}
	}
	return int64(len(active)), nil
}
