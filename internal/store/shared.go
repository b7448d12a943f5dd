package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// agreedTables are the tables that only the log writes to: every node that has applied the same entries has the same
// rows in them, but for what has had its time.
var agreedTables = []string{
	"accepted_errant", "access_token", "audit", "audit_author", "blocked_topology_recovery", "candidate_database_instance", "cluster_alias_override",
	"cluster_injected_pseudo_gtid", "cluster_recovery_disable", "database_instance_downtime", "database_instance_maintenance", "database_instance_pool",
	"database_instance_tags", "detection_hold", "game_day", "global_recovery_disable", "host_attributes", "hostname_unresolve", "hostname_unresolve_history",
	"kv_store", "published_primary", "recovery_journal", "recovery_loss", "topology_failure_detection", "topology_recovery", "topology_recovery_steps",
}

// AgreedTables returns the names of the tables that only the log writes to.
func AgreedTables() []string { return slices.Clone(agreedTables) }

// sharedVersion is the form of Shared that this program writes, and the newest that it reads.
const sharedVersion = 1

// Shared is everything that the nodes have agreed on up to an entry of the log.
type Shared struct {
	Version   int
	Index     uint64 // of the last entry in it
	Taken     time.Time
	Tables    map[string]TableData
	Instances []topology.Key // the servers that are known; each node looks at them itself
}

// TakeShared reads what the nodes have agreed on, as of one moment.
func (s *Store) TakeShared(ctx context.Context, logID string) (*Shared, error) {
	shared := &Shared{Version: sharedVersion, Taken: s.now().UTC()}
	err := s.view(ctx, "read what the nodes agreed on", func(q querier) (err error) {
		if shared.Index, err = s.appliedIndex(ctx, q, logID); err != nil {
			return err
		}
		if shared.Tables, err = s.exportTables(ctx, q, agreedTables...); err != nil {
			return err
		}
		shared.Instances, err = collect(ctx, s, q, "load the keys of instances", func(r []value) topology.Key { return keyColumns(r[0], r[1]) },
			"SELECT hostname, port FROM database_instance ORDER BY hostname, port")
		return err
	})
	return shared, err
}

// WriteTo writes it as JSON.
func (sh *Shared) WriteTo(w io.Writer) (int64, error) {
	text, err := json.Marshal(sh)
	if err != nil {
		return 0, err
	}
	n, err := w.Write(text)
	return int64(n), err
}

// ReadShared reads what WriteTo wrote.
func ReadShared(r io.Reader) (*Shared, error) {
	var sh Shared
	if err := json.NewDecoder(r).Decode(&sh); err != nil {
		return nil, fmt.Errorf("read a snapshot: %w", err)
	}
	if sh.Version > sharedVersion {
		return nil, fmt.Errorf("%w: a snapshot of version %d", ErrNewerCommand, sh.Version)
	}
	return &sh, nil
}

// Restore makes this node's tables what the nodes have agreed on: rows that are not in it go. It does nothing where
// these tables are newer than it, unless force says otherwise.
func (s *Store) Restore(ctx context.Context, logID string, sh *Shared, force bool) error {
	return s.tx(ctx, "restore what the nodes agreed on", func(tx *sql.Tx) error {
		done, err := s.appliedIndex(ctx, tx, logID)
		if err != nil || done >= sh.Index && done > 0 && !force {
			return err
		}
		if err := s.replaceShared(ctx, tx, sh); err != nil {
			return err
		}
		return s.noteApplied(ctx, tx, logID, sh.Index)
	})
}

func (s *Store) replaceShared(ctx context.Context, tx *sql.Tx, sh *Shared) error {
	described := schemaByName()
	for _, name := range slices.Sorted(maps.Keys(sh.Tables)) {
		t, ok := described[name]
		if !ok || !slices.Contains(agreedTables, name) {
			continue // of another version; nothing here depends on it
		}
		if _, err := s.execOn(ctx, tx, "empty "+name, "DELETE FROM "+name); err != nil {
			return err
		}
		if err := s.importTable(ctx, tx, t, sh.Tables[name]); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	known := make(map[topology.Key]bool, len(sh.Instances))
	codec := newRowCodec()
	for _, k := range sh.Instances {
		known[k] = true
		if _, err := s.execOn(ctx, tx, "insert unseen instance "+k.String(),
			s.dialect.insertIgnore("database_instance", codec.names), codec.encode(nil, &topology.Instance{Key: k})...); err != nil {
			return err
		}
	}
	mine, err := collect(ctx, s, tx, "load the keys of instances", func(r []value) topology.Key { return keyColumns(r[0], r[1]) },
		"SELECT hostname, port FROM database_instance")
	if err != nil {
		return err
	}
	for _, k := range mine {
		if known[k] {
			continue
		}
		if _, err := s.forget(ctx, tx, k); err != nil {
			return err
		}
	}
	return nil
}

// genesis is the first command of a group of nodes: what its first leader has becomes what all have.
type genesis struct{ Shared *Shared }

func (genesis) op() string { return "genesis" }

func (c genesis) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.replaceShared(ctx, s.within, c.Shared)
}

// Genesis makes what this node has the beginning of what the nodes agree on through a log, if nothing has been agreed on
// yet.
func (s *Store) Genesis(ctx context.Context, logID string, through Log) error {
	if done, err := s.AppliedIndex(ctx, logID); err != nil || done > 0 {
		return err
	}
	shared, err := s.TakeShared(ctx, logID)
	if err != nil {
		return err
	}
	bound := *s
	bound.agreed = through
	return decide(ctx, &bound, genesis{shared})
}
