package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// Owner and comments of acknowledgements that nobody asked for.
const (
	ownAcknowledger = "orchestrator"
	implicitAck     = "implicit acknowledge due to user invocation of recovery"
	crashedAck      = "detected crashed recovery"
)

// Acknowledgement lifts the block of recoveries. Exactly one selector is to be set.
type Acknowledgement struct {
	ID      int64
	UID     string
	Key     topology.Key // the failed server
	Cluster string       // name or alias
	All     bool

	By, Comment string
	At          time.Time // zero means now

	onlyFinished bool
}

// AcknowledgeRecoveries acknowledges the selected recoveries that nobody has acknowledged and returns their numbers.
// By server or cluster it also ends the active period of detections, so that hooks run again. A comment is required.
func (s *Store) AcknowledgeRecoveries(ctx context.Context, a Acknowledgement) ([]int64, error) {
	if s.agreed != nil {
		return agree[[]int64](ctx, s, ackRecovery{a})
	}
	var ids []int64
	err := s.tx(ctx, "acknowledge recoveries", func(tx *sql.Tx) error {
		if strings.TrimSpace(a.Comment) == "" {
			return errors.New("a comment is required")
		}
		c := a.conditions()
		if len(c.terms) < 2 && !a.All {
			return errors.New("nothing is selected")
		}
		var err error
		if ids, err = collect(ctx, s, tx, "find recoveries", func(r []value) int64 { return r[0].int() },
			"SELECT recovery_id FROM topology_recovery"+c.where()+" ORDER BY recovery_id", c.args...); err != nil {
			return err
		}
		return s.acknowledge(ctx, tx, a)
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

func (a Acknowledgement) conditions() conditions {
	var c conditions
	c.add(true, "acknowledged = 0")
	c.add(a.onlyFinished, "end_recovery IS NOT NULL")
	c.add(a.ID != 0, "recovery_id = ?", a.ID)
	c.add(a.UID != "", "uid = ?", a.UID)
	c.add(!a.Key.IsZero(), "hostname = ? AND port = ?", a.Key.Hostname, a.Key.Port)
	c.add(a.Cluster != "", "cluster_name = ? OR cluster_alias = ?", a.Cluster, a.Cluster)
	return c
}

func (s *Store) acknowledge(ctx context.Context, tx *sql.Tx, a Acknowledgement) error {
	at := a.At
	if at.IsZero() {
		at = s.now()
	}
	c := a.conditions()
	blocked := `DELETE FROM blocked_topology_recovery WHERE blocking_recovery_id IN
		(SELECT recovery_id FROM topology_recovery` + c.where() + ")"
	if _, err := s.execOn(ctx, tx, "unblock recoveries", blocked, c.args...); err != nil {
		return err
	}
	if _, err := s.endPeriods(ctx, tx, recoveryPeriods, strings.Join(c.terms, " AND "), c.args...); err != nil {
		return err
	}
	args := append([]any{stamp(at), a.By, a.Comment}, c.args...)
	if _, err := s.execOn(ctx, tx, "acknowledge recoveries", `UPDATE topology_recovery SET
			acknowledged = 1, acknowledged_at = ?, acknowledged_by = ?, acknowledge_comment = ?`+c.where(), args...); err != nil {
		return err
	}
	if a.onlyFinished {
		return nil
	}
	var err error
	switch {
	case !a.Key.IsZero():
		_, err = s.endPeriods(ctx, tx, detectionPeriods, "hostname = ? AND port = ?", a.Key.Hostname, a.Key.Port)
	case a.Cluster != "":
		_, err = s.endPeriods(ctx, tx, detectionPeriods, "cluster_name = ? OR cluster_alias = ?", a.Cluster, a.Cluster)
	}
	return err
}

// CrashedRecoveries returns the recoveries that still run on record while the process that ran them is gone.
func (s *Store) CrashedRecoveries(ctx context.Context, live []Node) ([]Recovery, error) {
	unfinished, err := s.loadRecoveries(ctx, s.reading(), conditionsOf("in_active_period = 1 AND end_recovery IS NULL"), 0, true)
	if err != nil {
		return nil, err
	}
	alive := make(map[Node]bool, len(live))
	for _, n := range live {
		alive[n] = true
	}
	crashed := unfinished[:0]
	for _, r := range unfinished {
		if !alive[r.By] {
			crashed = append(crashed, r)
		}
	}
	return crashed, nil
}

// AcknowledgeCrashed ends and acknowledges the recoveries that CrashedRecoveries finds, so that a new one may start.
func (s *Store) AcknowledgeCrashed(ctx context.Context, live []Node) ([]Recovery, error) {
	if s.agreed != nil {
		if crashed, err := s.CrashedRecoveries(ctx, live); err != nil || len(crashed) == 0 {
			return nil, err
		}
		return agree[[]Recovery](ctx, s, ackCrashed{live})
	}
	crashed, err := s.CrashedRecoveries(ctx, live)
	if err != nil {
		return nil, err
	}
	for n, r := range crashed {
		op := "acknowledge crashed recovery " + r.UID
		err := s.tx(ctx, op, func(tx *sql.Tx) error {
			if err := s.acknowledge(ctx, tx, Acknowledgement{ID: r.ID, By: ownAcknowledger, Comment: crashedAck}); err != nil {
				return err
			}
			_, err := s.execOn(ctx, tx, op, "UPDATE topology_recovery SET end_recovery = ? WHERE recovery_id = ? AND end_recovery IS NULL",
				stamp(s.now()), r.ID)
			return err
		})
		if err != nil {
			return crashed[:n], err
		}
	}
	return crashed, nil
}
