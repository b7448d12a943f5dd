package store

import (
	"context"
	"slices"
	"strings"
)

// catalogue is the tables that the database has.
type catalogue map[string]foundTable

func (c catalogue) has(table string) bool { _, ok := c[table]; return ok }

// foundTable is what a table has.
type foundTable struct {
	columns map[string]foundColumn
	indexes map[string]*foundIndex
}

// foundColumn is a column as the server describes it; type and default are only read on MySQL.
type foundColumn struct {
	typ        string
	nullable   bool
	hasDefault bool
}

type foundIndex struct {
	unique  bool
	columns []string
}

// hasIndex says whether an index of that name exists, or one of another name that does the same.
func (f foundTable) hasIndex(name string, x index) bool {
	if _, ok := f.indexes[name]; ok {
		return true
	}
	want := splitList(prefixLength.ReplaceAllString(x.columns, ""))
	for _, have := range f.indexes {
		if have.unique == x.unique && slices.Equal(have.columns, want) {
			return true
		}
	}
	return false
}

func (c catalogue) table(name string) foundTable {
	t, ok := c[name]
	if !ok {
		t = foundTable{columns: map[string]foundColumn{}, indexes: map[string]*foundIndex{}}
		c[name] = t
	}
	return t
}

func (c catalogue) addColumn(table, name string, found foundColumn) {
	c.table(table).columns[name] = found
}

func (c catalogue) addIndexColumn(table, index, name string, unique bool) {
	t := c.table(table)
	x := t.indexes[index]
	if x == nil {
		x = &foundIndex{unique: unique}
		t.indexes[index] = x
	}
	x.columns = append(x.columns, name)
}

func (s *Store) catalogue(ctx context.Context, q querier) (catalogue, error) {
	found := catalogue{}
	columns, indexes := sqliteColumns, sqliteIndexes
	if s.dialect == MySQL {
		columns, indexes = mysqlColumns, mysqlIndexes
	}
	err := s.each(ctx, q, "read the catalogue", func(r []value) {
		found.addColumn(r[0].text(), r[1].text(), foundColumn{
			typ: strings.ToLower(r[2].text()), nullable: r[3].bool(), hasDefault: r[4].bool(),
		})
	}, columns)
	if err != nil {
		return nil, err
	}
	err = s.each(ctx, q, "read the catalogue", func(r []value) {
		found.addIndexColumn(r[0].text(), r[1].text(), r[2].text(), r[3].bool())
	}, indexes)
	return found, err
}

// The catalogue queries give: table, column, type, nullable, has a default; and table, index, column, unique.
const (
	sqliteColumns = `SELECT m.name, c.name, c.type, c."notnull" = 0, c.dflt_value IS NOT NULL
		FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid`
	sqliteIndexes = `SELECT m.name, x.name, c.name, x."unique"
		FROM sqlite_master m, pragma_index_list(m.name) x, pragma_index_info(x.name) c
		WHERE m.type = 'table' AND x.origin <> 'pk' ORDER BY m.name, x.name, c.seqno`
	mysqlColumns = `SELECT table_name, column_name, column_type, is_nullable = 'YES', column_default IS NOT NULL
		FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position`
	mysqlIndexes = `SELECT table_name, index_name, column_name, non_unique = 0
		FROM information_schema.statistics WHERE table_schema = DATABASE() AND index_name <> 'PRIMARY'
		ORDER BY table_name, index_name, seq_in_index`
)
