package store

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The original has 47 tables with 353 columns and 75 secondary indexes; one column is a fork's.
func TestSchemaIsComplete(t *testing.T) {
	var tables, columns, indexes int
	for _, tab := range schema() {
		if tab.own {
			continue
		}
		tables++
		columns += len(tab.columns)
		indexes += len(tab.indexes)
	}
	if tables != 47 || columns != 353+1 || indexes != 75 {
		t.Errorf("%d tables, %d columns, %d indexes", tables, columns, indexes)
	}
}

func TestIndexNamesAreUniqueOnSQLite(t *testing.T) {
	seen := make(map[string]string)
	for _, tab := range schema() {
		for _, x := range tab.indexes {
			name := SQLite.indexName(tab, x)
			if other, ok := seen[name]; ok {
				t.Errorf("index %s of %s and %s", name, tab.name, other)
			}
			seen[name] = tab.name
		}
	}
}

// dump is the whole catalogue as sorted lines.
func dump(t *testing.T, s *Store) []string {
	t.Helper()
	found := must2(s.catalogue(t.Context(), s.reader))
	var lines []string
	for table, f := range found {
		for name := range f.columns {
			lines = append(lines, table+"."+name)
		}
		for name, x := range f.indexes {
			unique := ""
			if x.unique {
				unique = "unique "
			}
			lines = append(lines, table+" "+unique+name+" "+strings.Join(x.columns, ","))
		}
	}
	slices.Sort(lines)
	return lines
}

func must2[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func raw(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	for _, st := range statements {
		if _, err := db.ExecContext(t.Context(), st); err != nil {
			t.Fatalf("%s: %v", st, err)
		}
	}
}

func TestDeployFromEarlierStates(t *testing.T) {
	fresh, _ := openTest(t)
	want := dump(t, fresh)
	tests := []struct {
		name   string
		damage []string // done to a complete database
		counts map[string]int64
	}{
		{name: "complete already"},
		{name: "another version recorded", damage: []string{"UPDATE orchestrator_db_deployments SET deployed_version = 'older'"}},
		{name: "tables of later versions missing", damage: []string{
			"DROP TABLE database_instance_tags", "DROP TABLE database_instance_tls", "DROP TABLE recovery_journal",
			"DROP TABLE database_instance_extra"}},
		{name: "a key column's table missing", damage: []string{"DROP TABLE active_node"}},
		{name: "columns of later versions missing", damage: []string{
			"INSERT INTO database_instance (hostname, port) VALUES ('h', 1)",
			"ALTER TABLE database_instance DROP COLUMN semi_sync_master_clients",
			"ALTER TABLE database_instance DROP COLUMN replication_group_members",
			"ALTER TABLE database_instance DROP COLUMN replication_group_name",
			"ALTER TABLE database_instance DROP COLUMN mybinlog_path",
			"ALTER TABLE node_health DROP COLUMN incrementing_indicator",
			"DROP INDEX maintenance_uidx_database_instance_maintenance",
			"ALTER TABLE access_token DROP COLUMN is_reentrant",
		}},
		{name: "a promotion rule missing", damage: []string{
			"INSERT INTO candidate_database_instance (hostname, port) VALUES ('h', 1)",
			"ALTER TABLE candidate_database_instance DROP COLUMN promotion_rule"}},
		{name: "indexes missing", damage: []string{
			"DROP INDEX cluster_name_idx_database_instance", "DROP INDEX alias_uidx_cluster_alias",
			"DROP INDEX hostname_port_active_period_uidx_topology_recovery"}},
		{name: "only the first table", damage: dropAllBut("database_instance")},
		{name: "no version table", damage: []string{"DROP TABLE orchestrator_db_deployments"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "backend.db")
			first := must2(Open(t.Context(), Options{File: path, Version: "test"}))
			must(t, first.Close())
			raw(t, path, tt.damage...)
			s := openFile(t, path, newClock())
			if have := dump(t, s); !slices.Equal(have, want) {
				t.Errorf("schema differs:\n%s", strings.Join(diff(want, have), "\n"))
			}
			versions := got(t, must2(s.textMap(t.Context(), s.reader, "test",
				"SELECT deployed_version, deployed_timestamp FROM orchestrator_db_deployments")), nil)
			if versions["test"] == "" {
				t.Errorf("the version is not recorded: %v", versions)
			}
		})
	}
}

func dropAllBut(keep string) []string {
	var drops []string
	for _, tab := range schema() {
		if tab.name != keep {
			drops = append(drops, "DROP TABLE "+tab.name)
		}
	}
	return drops
}

func diff(want, have []string) []string {
	var lines []string
	for _, w := range want {
		if !slices.Contains(have, w) {
			lines = append(lines, "- "+w)
		}
	}
	for _, h := range have {
		if !slices.Contains(want, h) {
			lines = append(lines, "+ "+h)
		}
	}
	return lines
}

func TestDeployKeepsWhatItDoesNotKnow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backend.db")
	raw(t, path, "CREATE TABLE mine (a int)",
		"CREATE TABLE kv_store (store_key varchar(255) NOT NULL PRIMARY KEY, store_value text, last_updated timestamp, mine int)",
		"INSERT INTO kv_store VALUES ('k', 'v', '2020-01-01 00:00:00', 7)")
	s := openFile(t, path, newClock())
	var n int64
	must(t, s.reader.QueryRowContext(t.Context(), "SELECT mine FROM kv_store WHERE store_key = 'k'").Scan(&n))
	if n != 7 {
		t.Errorf("mine = %d", n)
	}
	must(t, s.writer.QueryRowContext(t.Context(), "SELECT count(*) FROM mine").Scan(&n))
}

func TestUniqueIndexThatCannotBeAddedIsNoReasonToStop(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backend.db")
	first := must2(Open(t.Context(), Options{File: path, Version: "test"}))
	must(t, first.Close())
	raw(t, path, "DROP INDEX alias_uidx_cluster_alias",
		"INSERT INTO cluster_alias VALUES ('a', 'same', ''), ('b', 'same', '')")
	s := openFile(t, path, newClock())
	if aliases := must2(s.Aliases(t.Context())); len(aliases) != 2 {
		t.Errorf("aliases %v", aliases)
	}
}

func TestDeployConcurrently(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backend.db")
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for n := range errs {
		wg.Go(func() {
			s, err := Open(t.Context(), Options{File: path, Version: "test"})
			if err == nil {
				err = s.Close()
			}
			errs[n] = err
		})
	}
	wg.Wait()
	for _, err := range errs {
		must(t, err)
	}
	fresh, _ := openTest(t)
	s := openFile(t, path, newClock())
	if lines := diff(dump(t, fresh), dump(t, s)); len(lines) > 0 {
		t.Error(strings.Join(lines, "\n"))
	}
}

func TestRecordedVersionMeansNothingWhenTheSchemaIsIncomplete(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backend.db")
	first := must2(Open(t.Context(), Options{File: path, Version: "test"}))
	must(t, first.Close())
	raw(t, path, "DROP TABLE kv_store")
	s := openFile(t, path, newClock())
	must(t, s.PutKV(t.Context(), KV{"k", "v"}))
}

// originalDDL is the schema as the original leaves it: without what is ours or a fork's.
func originalDDL(d Dialect) []string {
	var ddl []string
	for _, tab := range schema() {
		if tab.own {
			continue
		}
		tab.columns = slices.DeleteFunc(slices.Clone(tab.columns), func(c column) bool { return c.name == "mybinlog_path" })
		ddl = append(ddl, d.createTable(tab))
		for _, x := range tab.indexes {
			if d == SQLite {
				ddl = append(ddl, d.createIndex(tab, x))
			}
		}
	}
	return append(ddl,
		"INSERT INTO active_node (anchor, hostname, token, last_seen_active) VALUES (1, 'leader', 'token', '2026-11-20 08:00:00')",
		"INSERT INTO orchestrator_db_deployments VALUES ('3.2.6', '2025-01-01 00:00:00')",
		"INSERT INTO global_recovery_disable VALUES (1)",
		"INSERT INTO cluster_alias VALUES ('c:1', 'c', '2026-11-20 08:00:00')",
		"INSERT INTO kv_store VALUES ('k', 'v', '2026-11-20 08:00:00')",
	)
}

// checkOriginal says whether a database of the original works, and would still work for the original.
func checkOriginal(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	same(t, "recoveries stay disabled", must2(s.RecoveryDisabled(ctx)), true)
	same(t, "aliases", must2(s.Aliases(ctx)), map[string]string{"c:1": "c"})
	leader, ok, err := s.ActiveNode(ctx)
	must(t, err)
	same(t, "leader", []any{leader.Node, ok}, []any{Node{"leader", "token"}, true})
	must(t, s.SaveInstances(ctx, server(1)))
	same(t, "instances", len(load(t, s)), 1)
	versions := must2(s.textMap(ctx, s.reader, "test", "SELECT deployed_version, deployed_timestamp FROM orchestrator_db_deployments"))
	if versions["3.2.6"] == "" || versions["test"] == "" {
		t.Errorf("versions %v", versions)
	}
	same(t, "left to do", s.missing(must2(s.catalogue(ctx, s.reader))), nil)
}

func TestDatabaseOfTheOriginal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backend.db")
	raw(t, path, originalDDL(SQLite)...)
	checkOriginal(t, openFile(t, path, newClock()))
}
