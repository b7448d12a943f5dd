package store

import (
	"context"
	"database/sql"

	"orchestrator/internal/topology"
)

// BeginDowntime declares a downtime, in place of one that the server may have.
func (s *Store) BeginDowntime(ctx context.Context, key topology.Key, d topology.Downtime) error {
	if s.agreed != nil {
		return decide(ctx, s, beginDowntime{key, d})
	}
	_, err := s.exec(ctx, "begin downtime of "+key.String(), s.dialect.upsert("database_instance_downtime",
		"hostname, port", "downtime_active, begin_timestamp, end_timestamp, owner, reason"),
		key.Hostname, key.Port, 1, stamp(d.Begin), stamp(d.End), d.Owner, d.Reason)
	return err
}

// EndDowntime ends the downtime of a server and says whether there was one.
func (s *Store) EndDowntime(ctx context.Context, key topology.Key) (bool, error) {
	if s.agreed != nil {
		return agree[bool](ctx, s, endDowntime{key})
	}
	n, err := s.exec(ctx, "end downtime of "+key.String(),
		"DELETE FROM database_instance_downtime WHERE hostname = ? AND port = ?", key.Hostname, key.Port)
	return n > 0, err
}

// Downtimes returns the downtimes that have not ended yet.
func (s *Store) Downtimes(ctx context.Context) (map[topology.Key]topology.Downtime, error) {
	return s.downtimes(ctx, s.reader)
}

func (s *Store) downtimes(ctx context.Context, q querier) (map[topology.Key]topology.Downtime, error) {
	now := s.now()
	all := make(map[topology.Key]topology.Downtime)
	err := s.each(ctx, q, "load downtimes", func(r []value) {
		d := topology.Downtime{Owner: r[2].text(), Reason: r[3].text(), Begin: r[4].time(), End: r[5].time()}
		if d.ActiveAt(now) {
			all[keyColumns(r[0], r[1])] = d
		}
	}, `SELECT hostname, port, owner, reason, begin_timestamp, end_timestamp
		FROM database_instance_downtime WHERE downtime_active IS NOT NULL`)
	return all, err
}

// ExpireDowntimes deletes the downtimes that have ended and returns whose they were.
func (s *Store) ExpireDowntimes(ctx context.Context) ([]topology.Key, error) {
	if s.agreed != nil {
		if due, err := s.any(ctx, "database_instance_downtime", s.dialect.moment("end_timestamp")+" < ?", stamp(s.now())); err != nil || !due {
			return nil, err
		}
		return agree[[]topology.Key](ctx, s, expireDowntimes{})
	}
	var expired []topology.Key
	now := stamp(s.now())
	where := " FROM database_instance_downtime WHERE " + s.dialect.moment("end_timestamp") + " < ?"
	err := s.tx(ctx, "expire downtimes", func(tx *sql.Tx) error {
		var err error
		expired, err = collect(ctx, s, tx, "find expired downtimes", func(r []value) topology.Key {
			return keyColumns(r[0], r[1])
		}, "SELECT hostname, port"+where, now)
		if err != nil || len(expired) == 0 {
			return err
		}
		_, err = s.execOn(ctx, tx, "expire downtimes", "DELETE"+where, now)
		return err
	})
	return expired, err
}
