package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"orchestrator/internal/topology"
)

// KV is one entry of the internal key-value store.
type KV struct{ Key, Value string }

// PutKV sets an entry.
func (s *Store) PutKV(ctx context.Context, pair KV) error {
	if s.agreed != nil {
		return decide(ctx, s, putKeyValue{pair})
	}
	_, err := s.exec(ctx, "put key "+pair.Key, s.dialect.upsert("kv_store", "store_key", "store_value, last_updated"),
		pair.Key, pair.Value, stamp(s.now()))
	return err
}

// PrimaryPairs are the entries that say where the primary of a cluster is: its key, host name and port, and its
// addresses where they are known. prefix is KVClusterMasterPrefix. A cluster without alias has none.
func (s *Store) PrimaryPairs(ctx context.Context, prefix, alias string, primary topology.Key) ([]KV, error) {
	if alias == "" {
		return nil, nil
	}
	key := strings.TrimPrefix(prefix+alias, "/")
	pairs := []KV{{key, primary.String()}, {key + "/hostname", primary.Hostname}, {key + "/port", strconv.Itoa(primary.Port)}}
	ips, ok, err := s.HostIPs(ctx, primary.Hostname)
	if ok {
		pairs = append(pairs, KV{key + "/ipv4", ips.IPv4}, KV{key + "/ipv6", ips.IPv6})
	}
	return pairs, err
}

// GetKV returns the value of a key; ok is false when there is none.
func (s *Store) GetKV(ctx context.Context, key string) (text string, ok bool, err error) {
	err = s.each(ctx, s.reader, "get key "+key, func(r []value) { text, ok = r[0].text(), true },
		"SELECT store_value FROM kv_store WHERE store_key = ?", key)
	return text, ok, err
}

// DeleteKV removes an entry and says whether it was there.
func (s *Store) DeleteKV(ctx context.Context, key string) (bool, error) {
	if s.agreed != nil {
		return agree[bool](ctx, s, deleteKeyValue{key})
	}
	n, err := s.exec(ctx, "delete key "+key, "DELETE FROM kv_store WHERE store_key = ?", key)
	return n > 0, err
}

// ListKV returns the entries whose keys begin with the prefix, by key.
func (s *Store) ListKV(ctx context.Context, prefix string) ([]KV, error) {
	all, err := collect(ctx, s, s.reader, "list keys", func(r []value) KV { return KV{r[0].text(), r[1].text()} },
		"SELECT store_key, store_value FROM kv_store ORDER BY store_key")
	if err != nil {
		return nil, err
	}
	matching := all[:0]
	for _, pair := range all {
		if strings.HasPrefix(pair.Key, prefix) {
			matching = append(matching, pair)
		}
	}
	return matching, nil
}

// RecoveryDisabled says whether recoveries are switched off globally until somebody switches them on. When the switch
// cannot be read, it answers yes together with the error: nothing is repaired on a guess.
func (s *Store) RecoveryDisabled(ctx context.Context) (bool, error) {
	disabled := false
	err := s.each(ctx, s.reader, "read the global recovery switch", func(r []value) { disabled = disabled || r[0].bool() },
		"SELECT disable_recovery FROM global_recovery_disable")
	if err != nil {
		return true, err
	}
	return disabled, nil
}

// SetRecoveryDisabled switches recoveries off or on globally, in place of how they were switched before.
func (s *Store) SetRecoveryDisabled(ctx context.Context, disabled bool) error {
	if s.agreed != nil && disabled {
		return decide(ctx, s, disableRecoveries{})
	}
	if s.agreed != nil {
		return decide(ctx, s, enableRecoveries{})
	}
	op, statement, args := "enable recoveries", "DELETE FROM global_recovery_disable", []any(nil)
	if disabled {
		op, statement, args = "disable recoveries", s.dialect.insertIgnore("global_recovery_disable", "disable_recovery"), []any{1}
	}
	return s.tx(ctx, op, func(tx *sql.Tx) error {
		if _, err := s.execOn(ctx, tx, op, statement, args...); err != nil {
			return err
		}
		_, err := s.execOn(ctx, tx, op, "DELETE FROM cluster_recovery_disable WHERE cluster_name = ''")
		if errors.Is(err, ErrNoSchema) { // the tables of another program, which may not be changed
			return nil
		}
		return err
	})
}
