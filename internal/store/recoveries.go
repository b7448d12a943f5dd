package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// Recovery is one recovery attempt.
type Recovery struct {
	ID            int64  // of this database (in raft mode the leader's)
	UID           string // the same on all nodes
	Key           topology.Key
	Analysis      string
	ClusterName   string
	ClusterAlias  string
	Replicas      []topology.Key
	CountReplicas int
	DetectionID   int64 // the detection that it follows from

	Active     bool // blocks further recoveries of the cluster
	Start, End time.Time
	ActiveEnd  time.Time // when the block ended
	By         Node

	Successful     bool
	Successor      topology.Key // zero while there is none
	SuccessorAlias string
	Lost           []topology.Key
	Participating  []topology.Key
	Errors         []string

	Acknowledged   bool
	AcknowledgedAt time.Time
	AcknowledgedBy string
	AckComment     string
}

// RegistrationOutcome is what became of the wish to start a recovery.
type RegistrationOutcome int

// The outcomes.
const (
	Registered         RegistrationOutcome = iota // the recovery may run
	BlockedBySuccessor                            // the failed server was promoted by a recovery that still blocks
	BlockedByCluster                              // a recovery of the same cluster still blocks
	Duplicate                                     // a recovery of the same server runs, or still blocks
)

// String names the outcome.
func (o RegistrationOutcome) String() string {
	return [...]string{"registered", "blocked by the recovery that promoted the instance",
		"blocked by a recovery of the cluster", "an active or recent recovery of the instance exists"}[o]
}

// Registration is the answer to RegisterRecovery.
type Registration struct {
	Outcome  RegistrationOutcome
	Blocking int64 // the recovery that is in the way, 0 when registered
}

// recoveryInserted are the columns of a recovery that starts.
const recoveryInserted = `uid, hostname, port, in_active_period, start_active_period, end_active_period_unixtime,
	processing_node_hostname, processcing_node_token, analysis, cluster_name, cluster_alias, count_affected_slaves,
	slave_hosts, last_detection_id, participating_instances, lost_slaves, all_errors, acknowledged_by, acknowledge_comment`

// RegisterRecovery records that a recovery starts, unless a recent one forbids it: then the result names the recovery
// that is in the way, and unless it is a duplicate, the block is recorded for people to see. With force only an
// unfinished recovery of the same server is in the way; finished ones are acknowledged. Check, record and journal are one
// transaction, so that no process leaves a recovery behind of which nobody knows that it is to be finished; a nil journal
// writes none. r.UID must be set; r.ID and r.Active are set when it was registered.
func (s *Store) RegisterRecovery(ctx context.Context, r *Recovery, journal *JournalEntry, force bool) (Registration, error) {
	op := "register recovery of " + r.Key.String()
	if r.UID == "" {
		return Registration{}, s.fail(op, errors.New("the recovery has no uid"))
	}
	if r.Start.IsZero() {
		r.Start = s.now()
	}
	if s.agreed != nil {
		got, err := agree[registeredRecovery](ctx, s, registerRecovery{*r, journal, force})
		if err == nil && got.Outcome == Registered {
			r.ID, r.Active = got.ID, true
		}
		return got.Registration, err
	}
	var result Registration
	err := s.txAlone(ctx, op, func(tx *sql.Tx) error {
		known, err := s.registered(ctx, tx, r)
		if known || err != nil {
			return err
		}
		if force {
			err = s.acknowledge(ctx, tx, Acknowledgement{Key: r.Key, By: ownAcknowledger, Comment: implicitAck, onlyFinished: true})
		} else {
			result, err = s.recoveryInTheWay(ctx, tx, r)
		}
		if err != nil || result.Outcome != Registered {
			return err
		}
		result, err = s.insertRecovery(ctx, tx, r)
		if err != nil || result.Outcome != Registered || journal == nil {
			return err
		}
		return s.putJournal(ctx, tx, *journal)
	})
	if err == nil && (result.Outcome == BlockedBySuccessor || result.Outcome == BlockedByCluster) {
		err = s.RecordBlockedRecovery(ctx, BlockedRecovery{
			Key: r.Key, ClusterName: r.ClusterName, Analysis: r.Analysis, BlockingID: result.Blocking,
		})
	}
	return result, err
}

// registered says whether a recovery is on record already, and takes its number from there: who did not hear the answer to its
// registration asks again, and a recovery is not in its own way.
func (s *Store) registered(ctx context.Context, tx *sql.Tx, r *Recovery) (known bool, err error) {
	err = s.each(ctx, tx, "find recovery "+r.UID, func(row []value) { known, r.ID, r.Active = true, row[0].int(), row[1].int() != 0 },
		"SELECT recovery_id, in_active_period FROM topology_recovery WHERE uid = ?", r.UID)
	return known, err
}

func (s *Store) recoveryInTheWay(ctx context.Context, tx *sql.Tx, r *Recovery) (Registration, error) {
	for _, check := range []struct {
		outcome RegistrationOutcome
		where   string
		args    []any
	}{
		{BlockedBySuccessor, "successor_hostname = ? AND successor_port = ?", []any{r.Key.Hostname, r.Key.Port}},
		{BlockedByCluster, "cluster_name = ?", []any{r.ClusterName}},
	} {
		id, err := s.activeRecovery(ctx, tx, check.where, check.args...)
		if err != nil {
			return Registration{}, err
		}
		if id != 0 {
			return Registration{check.outcome, id}, nil
		}
	}
	return Registration{}, nil
}

func (s *Store) activeRecovery(ctx context.Context, q querier, where string, args ...any) (id int64, err error) {
	err = s.each(ctx, q, "find active recoveries", func(r []value) { id = r[0].int() },
		"SELECT recovery_id FROM topology_recovery WHERE in_active_period = 1 AND "+where+
			" ORDER BY recovery_id DESC LIMIT 1", args...)
	return id, err
}

func (s *Store) insertRecovery(ctx context.Context, tx *sql.Tx, r *Recovery) (Registration, error) {
	if id, err := s.activeRecovery(ctx, tx, "hostname = ? AND port = ?", r.Key.Hostname, r.Key.Port); err != nil || id != 0 {
		return Registration{Duplicate, id}, err
	}
	columns, args, err := s.numbered(ctx, tx, "topology_recovery", "recovery_id", recoveryInserted, []any{r.UID, r.Key.Hostname, r.Key.Port, 1, stamp(r.Start), 0, r.By.Hostname, r.By.Token, r.Analysis, r.ClusterName,
		r.ClusterAlias, r.CountReplicas, topology.JoinKeys(r.Replicas), r.DetectionID, "", "", "", "", ""})
	if err != nil {
		return Registration{}, err
	}
	res, err := tx.ExecContext(ctx, s.dialect.insertIgnore("topology_recovery", columns), args...)
	if err != nil {
		return Registration{}, err
	}
	n, err := res.RowsAffected()
	if err != nil || n == 0 {
		return Registration{Outcome: Duplicate}, err
	}
	r.Active = true
	r.ID, err = res.LastInsertId()
	return Registration{}, err
}

// WriteRecovery stores a recovery that another node registered, under the other node's number, and its result once it
// has ended. What is stored under the same uid already, and whether it was acknowledged, stays.
func (s *Store) WriteRecovery(ctx context.Context, r *Recovery) error {
	if s.agreed != nil {
		return decide(ctx, s, writeRecovery{*r})
	}
	op := "write recovery " + r.UID
	return s.tx(ctx, op, func(tx *sql.Tx) error {
		known := false
		if err := s.each(ctx, tx, op, func([]value) { known = true },
			"SELECT recovery_id FROM topology_recovery WHERE uid = ?", r.UID); err != nil {
			return err
		}
		if !known {
			if _, err := s.execOn(ctx, tx, op, s.dialect.replace("topology_recovery", "recovery_id, "+recoveryInserted),
				r.ID, r.UID, r.Key.Hostname, r.Key.Port, flag(r.Active), stamp(r.Start), unixOrZero(r.ActiveEnd), r.By.Hostname,
				r.By.Token, r.Analysis, r.ClusterName, r.ClusterAlias, r.CountReplicas, topology.JoinKeys(r.Replicas),
				r.DetectionID, "", "", "", "", ""); err != nil {
				return err
			}
		}
		if r.End.IsZero() {
			return nil
		}
		return s.resolveRecovery(ctx, tx, r)
	})
}

func unixOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// ResolveRecovery records the end of a recovery, found by its uid: r.End (now when zero) and its result.
func (s *Store) ResolveRecovery(ctx context.Context, r *Recovery) error {
	if r.End.IsZero() {
		r.End = s.now()
	}
	if s.agreed != nil {
		return decide(ctx, s, resolveRecovery{*r})
	}
	return s.tx(ctx, "resolve recovery "+r.UID, func(tx *sql.Tx) error { return s.resolveRecovery(ctx, tx, r) })
}

func (s *Store) resolveRecovery(ctx context.Context, tx *sql.Tx, r *Recovery) error {
	var host, port, alias any
	if !r.Successor.IsZero() {
		host, port, alias = r.Successor.Hostname, r.Successor.Port, r.SuccessorAlias
	}
	n, err := s.execOn(ctx, tx, "resolve recovery "+r.UID, `UPDATE topology_recovery SET is_successful = ?,
			successor_hostname = ?, successor_port = ?, successor_alias = ?, lost_slaves = ?, participating_instances = ?,
			all_errors = ?, end_recovery = ?
		WHERE uid = ?`, flag(r.Successful), host, port, alias, topology.JoinKeys(r.Lost),
		topology.JoinKeys(r.Participating), strings.Join(r.Errors, "\n"), stamp(r.End), r.UID)
	if err == nil && n == 0 {
		err = fmt.Errorf("recovery %s: %w", r.UID, ErrNotFound)
	}
	return err
}

// ExpireRecoveries ends the blocks that began longer ago than block (RecoveryPeriodBlockSeconds).
func (s *Store) ExpireRecoveries(ctx context.Context, block time.Duration) (int64, error) {
	if s.agreed != nil {
		return s.agreeIfAny(ctx, expireRecoveries{block}, "topology_recovery",
			"in_active_period = 1 AND "+s.dialect.moment("start_active_period")+" < ?", stamp(s.now().Add(-block)))
	}
	var n int64
	err := s.tx(ctx, "expire recoveries", func(tx *sql.Tx) error {
		var err error
		n, err = s.endPeriods(ctx, tx, recoveryPeriods, s.dialect.moment("start_active_period")+" < ?", stamp(s.now().Add(-block)))
		return err
	})
	return n, err
}
