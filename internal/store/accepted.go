package store

import (
	"context"
	"errors"

	"orchestrator/internal/topology"
)

// AcceptErrant notes which errant transactions of a server may stay, in place of what was noted before. An empty set takes
// that back.
func (s *Store) AcceptErrant(ctx context.Context, key topology.Key, a topology.AcceptedErrant) error {
	if a.Begin.IsZero() {
		a.Begin = s.now()
	}
	if s.agreed != nil {
		return decide(ctx, s, acceptErrant{key, a})
	}
	op := "accept the errant transactions of " + key.String()
	if a.Set == "" {
		_, err := s.exec(ctx, op, "DELETE FROM accepted_errant WHERE hostname = ? AND port = ?", key.Hostname, key.Port)
		return err
	}
	_, err := s.exec(ctx, op, s.dialect.upsert("accepted_errant", "hostname, port", "gtid_set, owner, reason, begin_timestamp"),
		key.Hostname, key.Port, a.Set, a.Owner, a.Reason, stamp(a.Begin))
	return err
}

// AcceptedErrants are the errant transactions that may stay, by server.
func (s *Store) AcceptedErrants(ctx context.Context) (map[topology.Key]topology.AcceptedErrant, error) {
	return s.acceptedErrants(ctx, s.reader)
}

func (s *Store) acceptedErrants(ctx context.Context, q querier) (map[topology.Key]topology.AcceptedErrant, error) {
	all := make(map[topology.Key]topology.AcceptedErrant)
	err := s.each(ctx, q, "load accepted errant transactions", func(r []value) {
		all[keyColumns(r[0], r[1])] = topology.AcceptedErrant{Set: r[2].text(), Owner: r[3].text(), Reason: r[4].text(), Begin: r[5].time()}
	}, "SELECT hostname, port, gtid_set, owner, reason, begin_timestamp FROM accepted_errant")
	if errors.Is(err, ErrNoSchema) { // the tables of another program, which has no such thing
		return all, nil
	}
	return all, err
}

// acceptErrant has the meaning of AcceptErrant.
type acceptErrant struct {
	Key      topology.Key
	Accepted topology.AcceptedErrant
}

func (acceptErrant) op() string { return "accept-errant" }

func (c acceptErrant) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.AcceptErrant(ctx, c.Key, c.Accepted)
}
