package store

import (
	"context"
	"database/sql"
	"time"

	"orchestrator/internal/topology"
)

// SubmitPool replaces the members of a pool; no keys empties it.
func (s *Store) SubmitPool(ctx context.Context, pool string, keys []topology.Key, at time.Time) error {
	if s.agreed != nil {
		return decide(ctx, s, submitPool{pool, keys, at})
	}
	op := "submit pool " + pool
	return s.tx(ctx, op, func(tx *sql.Tx) error {
		if _, err := s.execOn(ctx, tx, op, "DELETE FROM database_instance_pool WHERE pool = ?", pool); err != nil {
			return err
		}
		for _, k := range keys {
			if _, err := s.execOn(ctx, tx, op, s.dialect.replace("database_instance_pool",
				"hostname, port, pool, registered_at"), k.Hostname, k.Port, pool, stamp(at)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Pools returns the members of every pool, ordered.
func (s *Store) Pools(ctx context.Context) (map[string][]topology.Key, error) {
	pools := make(map[string][]topology.Key)
	err := s.each(ctx, s.reader, "load pools", func(r []value) {
		pools[r[0].text()] = append(pools[r[0].text()], keyColumns(r[1], r[2]))
	}, "SELECT pool, hostname, port FROM database_instance_pool ORDER BY pool, hostname, port")
	return pools, err
}
