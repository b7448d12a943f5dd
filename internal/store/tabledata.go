package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// TableData is the content of a table as text, the form in which raft snapshots carry it. A nil value is NULL.
type TableData struct {
	Columns []string
	Data    [][]*string
}

// SharedTables are the tables whose content all nodes of a raft group share, by the names that snapshots use.
func SharedTables() map[string]string {
	return map[string]string{
		"ClusterAlias":               "cluster_alias",
		"ClusterAliasOverride":       "cluster_alias_override",
		"ClusterDomainName":          "cluster_domain_name",
		"HostAttributes":             "host_attributes",
		"InstanceTags":               "database_instance_tags",
		"AccessToken":                "access_token",
		"PoolInstances":              "database_instance_pool",
		"InjectedPseudoGTIDClusters": "cluster_injected_pseudo_gtid",
		"HostnameResolves":           "hostname_resolve",
		"HostnameUnresolves":         "hostname_unresolve",
		"DowntimedInstances":         "database_instance_downtime",
		"Candidates":                 "candidate_database_instance",
		"Detections":                 "topology_failure_detection",
		"KVStore":                    "kv_store",
		"Recovery":                   "topology_recovery",
		"RecoverySteps":              "topology_recovery_steps",
	}
}

// ExportTables reads whole tables as of one moment.
func (s *Store) ExportTables(ctx context.Context, names ...string) (map[string]TableData, error) {
	var result map[string]TableData
	err := s.view(ctx, "export tables", func(q querier) (err error) {
		result, err = s.exportTables(ctx, q, names...)
		return err
	})
	return result, err
}

func (s *Store) exportTables(ctx context.Context, q querier, names ...string) (map[string]TableData, error) {
	described := schemaByName()
	result := make(map[string]TableData, len(names))
	for _, name := range names {
		t, ok := described[name]
		if !ok {
			return nil, fmt.Errorf("table %s: %w", name, ErrNotFound)
		}
		data := TableData{Columns: t.columnNames(), Data: [][]*string{}}
		err := s.each(ctx, q, "export "+name, func(r []value) {
			row := make([]*string, len(r))
			for i, v := range r {
				if !v.isNull() {
					text := exportText(t.columns[i], v)
					row[i] = &text
				}
			}
			data.Data = append(data.Data, row)
		}, "SELECT "+strings.Join(data.Columns, ", ")+" FROM "+name+" ORDER BY "+t.primary)
		if err != nil {
			return nil, err
		}
		result[name] = data
	}
	return result, nil
}

// exportText writes times in one form whatever the dialect, so that nodes with different backends understand each
// other.
func exportText(c column, v value) string {
	if c.isTime() {
		return stamp(v.time())
	}
	return v.text()
}

// ImportTables merges rows into tables: rows with the same key are replaced, others stay. Columns that this schema
// does not have are left out; times in any known form are stored in ours.
func (s *Store) ImportTables(ctx context.Context, tables map[string]TableData) error {
	described := schemaByName()
	return s.tx(ctx, "import tables", func(tx *sql.Tx) error {
		for name, data := range tables {
			t, ok := described[name]
			if !ok {
				return fmt.Errorf("table %s: %w", name, ErrNotFound)
			}
			if err := s.importTable(ctx, tx, t, data); err != nil {
				return fmt.Errorf("table %s: %w", name, err)
			}
		}
		return nil
	})
}

func (s *Store) importTable(ctx context.Context, tx *sql.Tx, t table, data TableData) error {
	known := make(map[string]column)
	for _, c := range t.columns {
		known[c.name] = c
	}
	var names []string
	var from []int
	for i, name := range data.Columns {
		if _, ok := known[name]; ok {
			names = append(names, name)
			from = append(from, i)
		}
	}
	if len(names) == 0 {
		return nil
	}
	query := s.dialect.replace(t.name, strings.Join(names, ", "))
	for _, row := range data.Data {
		args := make([]any, len(names))
		for i, n := range from {
			if n < len(row) {
				args[i] = importValue(known[names[i]], row[n])
			}
		}
		if _, err := s.execOn(ctx, tx, "import "+t.name, query, args...); err != nil {
			return err
		}
	}
	return nil
}

func importValue(c column, text *string) any {
	switch {
	case text == nil:
		return nil
	case c.isTime() && c.nullable():
		return stampOrNull(parseTime(*text))
	case c.isTime():
		return stamp(parseTime(*text))
	}
	return *text
}
