package store

import (
	"context"
	"database/sql"
	"time"

	"orchestrator/internal/topology"
)

// AnalysisChange says that the analysis code of a server became another one.
type AnalysisChange struct {
	Key      topology.Key
	Analysis string
	At       time.Time
}

// RecordAnalyses stores the present analysis codes. Those that differ from the stored ones go into the changelog and
// are returned; the first sighting of a server is stored without an entry.
func (s *Store) RecordAnalyses(ctx context.Context, present []AnalysisChange) ([]AnalysisChange, error) {
	if len(present) == 0 {
		return nil, nil
	}
	var changed []AnalysisChange
	err := s.tx(ctx, "record analysis", func(tx *sql.Tx) error {
		changed = nil
		stored := make(map[topology.Key]string)
		if err := s.each(ctx, tx, "load last analysis", func(r []value) {
			stored[keyColumns(r[0], r[1])] = r[2].text()
		}, "SELECT hostname, port, analysis FROM database_instance_last_analysis"); err != nil {
			return err
		}
		for _, a := range present {
			last, seen := stored[a.Key]
			if seen && last == a.Analysis {
				continue
			}
			if a.At.IsZero() {
				a.At = s.now()
			}
			if _, err := s.execOn(ctx, tx, "record analysis of "+a.Key.String(), s.dialect.upsert("database_instance_last_analysis",
				"hostname, port", "analysis_timestamp, analysis"), a.Key.Hostname, a.Key.Port, stamp(a.At), a.Analysis); err != nil {
				return err
			}
			if !seen {
				continue
			}
			if _, err := s.execOn(ctx, tx, "record change of analysis of "+a.Key.String(), s.dialect.insert("database_instance_analysis_changelog",
				"hostname, port, analysis_timestamp, analysis"), a.Key.Hostname, a.Key.Port, stamp(a.At), a.Analysis); err != nil {
				return err
			}
			changed = append(changed, a)
		}
		return nil
	})
	return changed, err
}

// AnalysisChangelog returns the changes of analysis codes of one server, or of all for the zero key, oldest first.
func (s *Store) AnalysisChangelog(ctx context.Context, key topology.Key) ([]AnalysisChange, error) {
	var c conditions
	c.add(!key.IsZero(), "hostname = ? AND port = ?", key.Hostname, key.Port)
	return collect(ctx, s, s.reader, "load analysis changelog", func(r []value) AnalysisChange {
		return AnalysisChange{keyColumns(r[0], r[1]), r[2].text(), r[3].time()}
	}, "SELECT hostname, port, analysis, analysis_timestamp FROM database_instance_analysis_changelog"+
		c.where()+" ORDER BY changelog_id", c.args...)
}

// StaleCoordinates say since when a server's own binary log position has not moved.
type StaleCoordinates struct {
	Key       topology.Key
	At        topology.Coordinates
	FirstSeen time.Time
}

// RecordStaleCoordinates remembers the server's present position: the first time that this very position is recorded
// counts. It returns since when that is.
func (s *Store) RecordStaleCoordinates(ctx context.Context, key topology.Key, at topology.Coordinates) (since time.Time, err error) {
	op := "record stale coordinates of " + key.String()
	err = s.tx(ctx, op, func(tx *sql.Tx) error {
		if _, err := s.execOn(ctx, tx, op, `DELETE FROM database_instance_stale_binlog_coordinates
			WHERE hostname = ? AND port = ? AND (binary_log_file <> ? OR binary_log_pos <> ?)`,
			key.Hostname, key.Port, at.LogFile, at.LogPos); err != nil {
			return err
		}
		if _, err := s.execOn(ctx, tx, op, s.dialect.insertIgnore("database_instance_stale_binlog_coordinates",
			"hostname, port, binary_log_file, binary_log_pos, first_seen"),
			key.Hostname, key.Port, at.LogFile, at.LogPos, stamp(s.now())); err != nil {
			return err
		}
		return s.each(ctx, tx, op, func(r []value) { since = r[0].time() },
			"SELECT first_seen FROM database_instance_stale_binlog_coordinates WHERE hostname = ? AND port = ?",
			key.Hostname, key.Port)
	})
	return since, err
}

// DeleteStaleCoordinates forgets the position of a server that is no longer suspected.
func (s *Store) DeleteStaleCoordinates(ctx context.Context, key topology.Key) error {
	_, err := s.exec(ctx, "delete stale coordinates of "+key.String(),
		"DELETE FROM database_instance_stale_binlog_coordinates WHERE hostname = ? AND port = ?", key.Hostname, key.Port)
	return err
}

func (s *Store) staleCoordinates(ctx context.Context, q querier) (map[topology.Key]StaleCoordinates, error) {
	all := make(map[topology.Key]StaleCoordinates)
	err := s.each(ctx, q, "load stale coordinates", func(r []value) {
		c := StaleCoordinates{keyColumns(r[0], r[1]), topology.Coordinates{LogFile: r[2].text(), LogPos: r[3].int()}, r[4].time()}
		all[c.Key] = c
	}, "SELECT hostname, port, binary_log_file, binary_log_pos, first_seen FROM database_instance_stale_binlog_coordinates")
	return all, err
}
