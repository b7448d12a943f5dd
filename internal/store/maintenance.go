package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// ErrInMaintenance means that somebody else holds the maintenance lock of the server.
var ErrInMaintenance = errors.New("the instance is already in maintenance")

// Node is one process of the service: the host it runs on and a token that it made up when it started.
type Node struct{ Hostname, Token string }

// finishedMaintenanceKept is how long ended maintenance rows are kept.
const finishedMaintenanceKept = 7 * 24 * time.Hour

// BeginMaintenance takes the maintenance lock of m.Key for the node and returns its number. When the server is
// locked already, the error matches ErrInMaintenance and names the holder.
func (s *Store) BeginMaintenance(ctx context.Context, m topology.Maintenance, by Node) (int64, error) {
	if s.agreed != nil {
		return agree[int64](ctx, s, beginMaintenance{m, by})
	}
	op := "begin maintenance of " + m.Key.String()
	var id int64
	err := s.tx(ctx, op, func(tx *sql.Tx) error {
		if _, err := s.execOn(ctx, tx, op, "DELETE FROM database_instance_maintenance WHERE hostname = ? AND port = ? AND maintenance_active = 1 AND "+
			s.dialect.moment("end_timestamp")+" < ?", m.Key.Hostname, m.Key.Port, stamp(s.now())); err != nil {
			return err
		}
		columns, args, err := s.numbered(ctx, tx, "database_instance_maintenance", "database_instance_maintenance_id", `hostname, port, maintenance_active, begin_timestamp, end_timestamp, owner, reason,
			processing_node_hostname, processing_node_token, explicitly_bounded`, []any{
			m.Key.Hostname, m.Key.Port, 1, stamp(m.Begin), stampOrNull(m.End), m.Owner, m.Reason,
			by.Hostname, by.Token, flag(m.Bounded)})
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, s.dialect.insertIgnore("database_instance_maintenance", columns), args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if n == 0 {
			return s.maintenanceHolder(ctx, tx, m.Key)
		}
		id, err = res.LastInsertId()
		return err
	})
	return id, err
}

func (s *Store) maintenanceHolder(ctx context.Context, q querier, key topology.Key) error {
	holders, err := s.maintenances(ctx, q)
	if err != nil {
		return err
	}
	for _, h := range holders {
		if h.Key == key {
			return fmt.Errorf("%w: held by %s since %s (%s)", ErrInMaintenance, h.Owner, h.Begin.Format(timeLayout), h.Reason)
		}
	}
	return ErrInMaintenance
}

// EndMaintenance releases the lock with that number and says whether it was held.
func (s *Store) EndMaintenance(ctx context.Context, id int64) (bool, error) {
	if s.agreed != nil {
		return agree[bool](ctx, s, releaseMaintenance{ID: id})
	}
	n, err := s.exec(ctx, "end maintenance", endMaintenance+" AND database_instance_maintenance_id = ?", stamp(s.now()), id)
	return n > 0, err
}

// EndMaintenanceOf releases the lock of the server and says whether it was held.
func (s *Store) EndMaintenanceOf(ctx context.Context, key topology.Key) (bool, error) {
	if s.agreed != nil {
		return agree[bool](ctx, s, releaseMaintenance{Key: key})
	}
	n, err := s.exec(ctx, "end maintenance of "+key.String(), endMaintenance+" AND hostname = ? AND port = ?",
		stamp(s.now()), key.Hostname, key.Port)
	return n > 0, err
}

const endMaintenance = `UPDATE database_instance_maintenance SET maintenance_active = NULL, end_timestamp = ?
	WHERE maintenance_active = 1`

// Maintenances returns the locks that are held now, by server.
func (s *Store) Maintenances(ctx context.Context) ([]topology.Maintenance, error) {
	return s.maintenances(ctx, s.reader)
}

func (s *Store) maintenances(ctx context.Context, q querier) ([]topology.Maintenance, error) {
	now := s.now()
	held := []topology.Maintenance{}
	err := s.each(ctx, q, "load maintenance", func(r []value) {
		m := topology.Maintenance{
			ID: r[0].int(), Key: keyColumns(r[1], r[2]), Owner: r[3].text(), Reason: r[4].text(),
			Begin: r[5].time(), End: r[6].time(), Bounded: r[7].bool(),
		}
		if m.End.IsZero() || m.End.After(now) {
			held = append(held, m)
		}
	}, `SELECT database_instance_maintenance_id, hostname, port, owner, reason, begin_timestamp, end_timestamp,
			explicitly_bounded
		FROM database_instance_maintenance WHERE maintenance_active = 1 ORDER BY hostname, port`)
	return held, err
}

// ExpireMaintenance deletes the locks whose time is over, those that a process holds which is gone (unless a person
// gave the duration), and the rows of locks that ended long ago. It returns how many locks were released.
func (s *Store) ExpireMaintenance(ctx context.Context, live []Node) (int64, error) {
	if s.agreed != nil {
		if due, err := s.maintenanceDue(ctx, live); err != nil || !due {
			return 0, err
		}
		return agree[int64](ctx, s, expireMaintenance{live})
	}
	alive := make(map[Node]bool, len(live))
	for _, n := range live {
		alive[n] = true
	}
	var released int64
	now := s.now()
	err := s.tx(ctx, "expire maintenance", func(tx *sql.Tx) error {
		var err error
		released, err = s.execOn(ctx, tx, "expire maintenance",
			"DELETE FROM database_instance_maintenance WHERE maintenance_active = 1 AND "+s.dialect.moment("end_timestamp")+" < ?", stamp(now))
		if err != nil {
			return err
		}
		var orphans []int64
		err = s.each(ctx, tx, "find orphaned maintenance", func(r []value) {
			if !alive[Node{r[1].text(), r[2].text()}] {
				orphans = append(orphans, r[0].int())
			}
		}, `SELECT database_instance_maintenance_id, processing_node_hostname, processing_node_token
			FROM database_instance_maintenance WHERE maintenance_active = 1 AND explicitly_bounded = 0`)
		if err != nil {
			return err
		}
		for _, id := range orphans {
			if _, err := s.execOn(ctx, tx, "expire orphaned maintenance",
				"DELETE FROM database_instance_maintenance WHERE database_instance_maintenance_id = ?", id); err != nil {
				return err
			}
		}
		released += int64(len(orphans))
		_, err = s.execOn(ctx, tx, "purge finished maintenance",
			"DELETE FROM database_instance_maintenance WHERE maintenance_active IS NULL AND "+s.dialect.moment("end_timestamp")+" < ?",
			stamp(now.Add(-finishedMaintenanceKept)))
		return err
	})
	return released, err
}

// maintenanceDue says whether ExpireMaintenance has anything to do.
func (s *Store) maintenanceDue(ctx context.Context, live []Node) (bool, error) {
	now := s.now()
	due, err := s.any(ctx, "database_instance_maintenance", "(maintenance_active = 1 AND "+s.dialect.moment("end_timestamp")+" < ?) OR (maintenance_active IS NULL AND "+
		s.dialect.moment("end_timestamp")+" < ?)", stamp(now), stamp(now.Add(-finishedMaintenanceKept)))
	if err != nil || due {
		return due, err
	}
	err = s.each(ctx, s.reader, "find orphaned maintenance", func(r []value) {
		due = due || !slices.Contains(live, Node{r[0].text(), r[1].text()})
	}, `SELECT processing_node_hostname, processing_node_token
		FROM database_instance_maintenance WHERE maintenance_active = 1 AND explicitly_bounded = 0`)
	return due, err
}
