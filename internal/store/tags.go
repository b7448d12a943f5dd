package store

import (
	"context"
	"database/sql"

	"orchestrator/internal/topology"
)

// PutTag sets a tag of a server.
func (s *Store) PutTag(ctx context.Context, key topology.Key, tag topology.Tag) error {
	if s.agreed != nil {
		return decide(ctx, s, putTag{key, tag})
	}
	_, err := s.exec(ctx, "tag "+key.String(), s.dialect.upsert("database_instance_tags",
		"hostname, port, tag_name", "tag_value, last_updated"),
		key.Hostname, key.Port, tag.Name, tag.Value, stamp(s.now()))
	return err
}

// DeleteTag removes a tag from one server, or from all when key is nil; with q.HasValue only where it has that value.
// It returns the servers that lost it.
func (s *Store) DeleteTag(ctx context.Context, key *topology.Key, q topology.TagQuery) ([]topology.Key, error) {
	if s.agreed != nil {
		return agree[[]topology.Key](ctx, s, deleteTag{key, q})
	}
	where, args := " FROM database_instance_tags WHERE tag_name = ?", []any{q.Name}
	if q.HasValue {
		where += " AND tag_value = ?"
		args = append(args, q.Value)
	}
	if key != nil {
		where += " AND hostname = ? AND port = ?"
		args = append(args, key.Hostname, key.Port)
	}
	var keys []topology.Key
	err := s.tx(ctx, "untag", func(tx *sql.Tx) error {
		var err error
		keys, err = collect(ctx, s, tx, "untag", func(r []value) topology.Key { return keyColumns(r[0], r[1]) },
			"SELECT hostname, port"+where+" ORDER BY hostname, port", args...)
		if err != nil || len(keys) == 0 {
			return err
		}
		_, err = s.execOn(ctx, tx, "untag", "DELETE"+where, args...)
		return err
	})
	return keys, err
}

// Tags returns the tags of all servers, those of each by name.
func (s *Store) Tags(ctx context.Context) (map[topology.Key][]topology.Tag, error) {
	return s.tags(ctx, s.reader)
}

func (s *Store) tags(ctx context.Context, q querier) (map[topology.Key][]topology.Tag, error) {
	all := make(map[topology.Key][]topology.Tag)
	err := s.each(ctx, q, "load tags", func(r []value) {
		key := keyColumns(r[0], r[1])
		all[key] = append(all[key], topology.Tag{Name: r[2].text(), Value: r[3].text()})
	}, "SELECT hostname, port, tag_name, tag_value FROM database_instance_tags ORDER BY hostname, port, tag_name")
	return all, err
}
