package store

import (
	"context"
	"database/sql"
	"time"

	"orchestrator/internal/topology"
)

// ForgetInstances deletes what was observed of the servers and returns how many were known. What people declared
// about them stays until it ends by itself. Whoever also has a Writer calls its Forget before.
func (s *Store) ForgetInstances(ctx context.Context, keys ...topology.Key) (int64, error) {
	if s.agreed != nil {
		return agree[int64](ctx, s, forgetInstances{keys})
	}
	var forgotten int64
	err := s.tx(ctx, "forget instances", func(tx *sql.Tx) error {
		forgotten = 0
		for _, k := range keys {
			n, err := s.forget(ctx, tx, k)
			if err != nil {
				return err
			}
			forgotten += n
		}
		return nil
	})
	return forgotten, err
}

func (s *Store) forget(ctx context.Context, tx *sql.Tx, k topology.Key) (int64, error) {
	op := "forget " + k.String()
	if _, err := s.execOn(ctx, tx, op, "DELETE FROM database_instance_extra WHERE hostname = ? AND port = ?", k.Hostname, k.Port); err != nil {
		return 0, err
	}
	return s.execOn(ctx, tx, op, "DELETE FROM database_instance WHERE hostname = ? AND port = ?", k.Hostname, k.Port)
}

// ForgetCluster forgets all servers of the cluster and returns them.
func (s *Store) ForgetCluster(ctx context.Context, cluster string) ([]topology.Key, error) {
	if s.agreed != nil {
		return agree[[]topology.Key](ctx, s, forgetCluster{cluster})
	}
	return s.forgetWhere(ctx, "forget cluster "+cluster, "cluster_name = ?", cluster)
}

// ForgetUnseen forgets the servers that were last seen longer ago than age, and returns them. Servers that were never
// seen are judged by when they were last checked.
func (s *Store) ForgetUnseen(ctx context.Context, age time.Duration) ([]topology.Key, error) {
	before := stamp(s.now().Add(-age))
	return s.forgetWhere(ctx, "forget unseen instances", "("+s.dialect.moment("last_seen")+" < ?) OR (last_seen IS NULL AND last_checked > '"+
		neverText+"' AND "+s.dialect.moment("last_checked")+" < ?)", before, before)
}

func (s *Store) forgetWhere(ctx context.Context, op, where string, args ...any) ([]topology.Key, error) {
	var keys []topology.Key
	err := s.tx(ctx, op, func(tx *sql.Tx) error {
		var err error
		keys, err = collect(ctx, s, tx, op, func(r []value) topology.Key { return keyColumns(r[0], r[1]) },
			"SELECT hostname, port FROM database_instance WHERE "+where+" ORDER BY hostname, port", args...)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if _, err := s.forget(ctx, tx, k); err != nil {
				return err
			}
		}
		return nil
	})
	return keys, err
}

// InstanceKeys returns the servers that are stored.
func (s *Store) InstanceKeys(ctx context.Context) ([]topology.Key, error) {
	return collect(ctx, s, s.reader, "load the keys of instances", func(r []value) topology.Key { return keyColumns(r[0], r[1]) },
		"SELECT hostname, port FROM database_instance ORDER BY hostname, port")
}
