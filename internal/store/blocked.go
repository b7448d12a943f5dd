package store

import (
	"context"
	"time"

	"orchestrator/internal/topology"
)

// BlockedRecovery is a recovery that would have run but for a recent one. It is for people to see; no decision reads
// it.
type BlockedRecovery struct {
	Key         topology.Key
	ClusterName string
	Analysis    string
	Last        time.Time
	BlockingID  int64
}

// RecordBlockedRecovery stores that a recovery was blocked; a zero time means now.
func (s *Store) RecordBlockedRecovery(ctx context.Context, b BlockedRecovery) error {
	if s.agreed != nil {
		return decide(ctx, s, recordBlockedRecovery{b})
	}
	if b.Last.IsZero() {
		b.Last = s.now()
	}
	_, err := s.exec(ctx, "record blocked recovery of "+b.Key.String(), s.dialect.upsert("blocked_topology_recovery",
		"hostname, port", "cluster_name, analysis, last_blocked_timestamp, blocking_recovery_id"),
		b.Key.Hostname, b.Key.Port, b.ClusterName, b.Analysis, stamp(b.Last), b.BlockingID)
	return err
}

// BlockedRecoveries returns the blocked recoveries of a cluster, or of all when cluster is empty, newest first.
func (s *Store) BlockedRecoveries(ctx context.Context, cluster string) ([]BlockedRecovery, error) {
	return collect(ctx, s, s.reader, "load blocked recoveries", func(r []value) BlockedRecovery {
		return BlockedRecovery{keyColumns(r[0], r[1]), r[2].text(), r[3].text(), r[4].time(), r[5].int()}
	}, `SELECT hostname, port, cluster_name, analysis, last_blocked_timestamp, blocking_recovery_id
		FROM blocked_topology_recovery WHERE cluster_name = ? OR ? = ''
		ORDER BY last_blocked_timestamp DESC, hostname, port`, cluster, cluster)
}

// ExpireBlockedRecoveries deletes the blocks that were last seen longer ago than age.
func (s *Store) ExpireBlockedRecoveries(ctx context.Context, age time.Duration) (int64, error) {
	if s.agreed != nil {
		return s.agreeIfAny(ctx, expireBlocked{age}, "blocked_topology_recovery",
			s.dialect.moment("last_blocked_timestamp")+" < ?", stamp(s.now().Add(-age)))
	}
	return s.purge(ctx, "blocked_topology_recovery", "last_blocked_timestamp", age)
}
