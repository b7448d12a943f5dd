package store

import (
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"orchestrator/internal/topology"
)

// ErrOccupied refuses to carry state into a database that holds some already: what is there would be mixed with what
// comes, and numbers of recoveries would mean two things.
var ErrOccupied = errors.New("the backend knows servers or recoveries already; an import goes into an empty one")

// Carried is the state of another installation.
type Carried struct {
	From   string // where it was read, for messages
	Tables map[string]TableData
	// Unseen are servers that are known by name only, as a snapshot has them.
	Unseen []*topology.Instance
}

// privateTables belong to running nodes or are not read by anybody: they stay behind.
func privateTables() []string {
	return []string{
		"active_node", "node_health", "node_health_history", "orchestrator_db_deployments", "orchestrator_metadata", "raft_log", "raft_store", "raft_snapshot",
		"async_request", "database_instance_maintenance", "blocked_topology_recovery", "database_instance_coordinates_history",
		"database_instance_stale_binlog_coordinates", "database_instance_recent_relaylog_history", "database_instance_binlog_files_history",
		"database_instance_long_running_queries", "database_instance_peer_analysis", "recovery_journal", "database_instance_extra",
	}
}

// carriedTables are all others.
func carriedTables() []table {
	return slices.DeleteFunc(schema(), func(t table) bool { return slices.Contains(privateTables(), t.name) })
}

// ReadOther reads the database of another installation, of which any table or column may be missing. It changes
// nothing there.
func ReadOther(ctx context.Context, o Options) (c Carried, err error) {
	o.SkipUpdate = true // which also keeps the database from being made
	s := &Store{dialect: o.Dialect, options: o, now: o.Now, log: o.Logger}
	if o.Dialect == MySQL {
		err = s.openMySQL(ctx)
	} else {
		err = s.openOtherFile(ctx)
	}
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	c = Carried{From: s.place, Tables: map[string]TableData{}}
	return c, s.view(ctx, "read another backend", func(q querier) error {
		found, err := s.catalogue(ctx, q)
		if err != nil {
			return err
		}
		if !found.has("database_instance") {
			return ErrNoSchema
		}
		for _, t := range carriedTables() {
			if c.Tables[t.name], err = s.readFound(ctx, q, t, found[t.name]); err != nil {
				return err
			}
		}
		return nil
	})
}

// openOtherFile opens a SQLite file for reading alone.
func (s *Store) openOtherFile(ctx context.Context) (err error) {
	s.place = "sqlite " + s.options.File
	path, err := filepath.Abs(s.options.File)
	if err != nil {
		return s.fail("open", err)
	}
	s.place = "sqlite " + path
	if _, err := os.Stat(path); err != nil {
		return s.fail("open", err)
	}
	s.reader, err = s.sqliteHandle(ctx, path, 1, "mode=ro", "_pragma=query_only(1)")
	return s.fail("open", err)
}

// readFound reads the columns that are there and that this schema has.
func (s *Store) readFound(ctx context.Context, q querier, t table, found foundTable) (TableData, error) {
	data := TableData{Data: [][]*string{}}
	var columns []column
	for _, c := range t.columns {
		if _, ok := found.columns[c.name]; ok {
			data.Columns, columns = append(data.Columns, c.name), append(columns, c)
		}
	}
	if len(columns) == 0 {
		return data, nil
	}
	err := s.each(ctx, q, "read "+t.name, func(r []value) {
		row := make([]*string, len(r))
		for i, v := range r {
			if !v.isNull() {
				text := exportText(columns[i], v)
				row[i] = &text
			}
		}
		data.Data = append(data.Data, row)
	}, "SELECT "+s.dialect.quoteList(strings.Join(data.Columns, ", "))+" FROM "+t.name)
	return data, err
}

// maxSnapshot bounds what a snapshot may unpack to.
const maxSnapshot = 4 << 30

// ReadSnapshot reads the state that a raft node of the original keeps in its snapshots (state.bin).
func ReadSnapshot(r io.Reader) (Carried, error) {
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		return Carried{}, fmt.Errorf("no snapshot of raft: %w", err)
	}
	var content map[string]json.RawMessage
	if err := json.NewDecoder(io.LimitReader(unpacked, maxSnapshot)).Decode(&content); err != nil {
		return Carried{}, fmt.Errorf("no snapshot of raft: %w", err)
	}
	if content["MinimalInstances"] == nil && content["Keys"] == nil {
		return Carried{}, errors.New("no snapshot of raft: it names no servers")
	}
	c := Carried{Tables: map[string]TableData{}}
	for name, table := range SharedTables() {
		var data TableData
		if text := content[name]; text != nil {
			if err := json.Unmarshal(text, &data); err != nil {
				return Carried{}, fmt.Errorf("snapshot of raft: %s: %w", name, err)
			}
		}
		c.Tables[table] = data
	}
	if c.Unseen, err = unseenOf(content); err != nil {
		return Carried{}, err
	}
	var disabled bool
	if text := content["RecoveryDisabled"]; text != nil {
		if err := json.Unmarshal(text, &disabled); err != nil {
			return Carried{}, fmt.Errorf("snapshot of raft: RecoveryDisabled: %w", err)
		}
	}
	if one := "1"; disabled {
		c.Tables["global_recovery_disable"] = TableData{Columns: []string{"disable_recovery"}, Data: [][]*string{{&one}}}
	}
	return c, nil
}

// unseenOf are the servers of a snapshot: with source and cluster, or in its older form keys alone.
func unseenOf(content map[string]json.RawMessage) ([]*topology.Instance, error) {
	var minimal []struct {
		Key, MasterKey topology.Key
		ClusterName    string
	}
	var keys []topology.Key
	for name, into := range map[string]any{"MinimalInstances": &minimal, "Keys": &keys} {
		if text := content[name]; text != nil {
			if err := json.Unmarshal(text, into); err != nil {
				return nil, fmt.Errorf("snapshot of raft: %s: %w", name, err)
			}
		}
	}
	var unseen []*topology.Instance
	named := map[topology.Key]bool{}
	for _, m := range minimal {
		i := &topology.Instance{Key: m.Key, ClusterName: m.ClusterName, Version: "Unknown"}
		i.Channel.Source = m.MasterKey
		unseen, named[m.Key] = append(unseen, i), true
	}
	for _, k := range keys {
		if !named[k] {
			unseen = append(unseen, &topology.Instance{Key: k, Version: "Unknown"})
		}
	}
	return slices.DeleteFunc(unseen, func(i *topology.Instance) bool { return !i.Key.IsValid() }), nil
}

// Carry puts the state of another installation into this database, all of it or nothing. It fails with ErrOccupied
// when there is state already, so that nothing happens when it is done twice.
func (s *Store) Carry(ctx context.Context, c Carried) error {
	described, codec := schemaByName(), newRowCodec()
	return s.txAlone(ctx, "import "+c.From, func(tx *sql.Tx) error {
		for _, name := range []string{"database_instance", "topology_recovery", "topology_failure_detection", "audit"} {
			occupied := false
			if err := s.each(ctx, tx, "look into "+name, func([]value) { occupied = true }, "SELECT 1 FROM "+name+" LIMIT 1"); err != nil {
				return err
			}
			if occupied {
				return fmt.Errorf("table %s: %w", name, ErrOccupied)
			}
		}
		for name, data := range c.Tables {
			t, ok := described[name]
			if !ok {
				return fmt.Errorf("table %s: %w", name, ErrNotFound)
			}
			if err := s.importTable(ctx, tx, t, data); err != nil {
				return fmt.Errorf("table %s: %w", name, err)
			}
		}
		for _, i := range c.Unseen {
			if _, err := s.execOn(ctx, tx, "import "+i.Key.String(), s.dialect.insertIgnore("database_instance", codec.names), codec.encode(nil, i)...); err != nil {
				return err
			}
		}
		return nil
	})
}
