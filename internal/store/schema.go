package store

import (
	"regexp"
	"strings"
)

// What a column's value is when an INSERT does not name it; any other text is a literal default of a NOT NULL column.
const (
	required      = ""                      // NOT NULL, no default
	nullable      = "null"                  // NULL
	defaultNow    = "now"                   // NOT NULL, the current time ('' on SQLite)
	nullableNow   = "null now"              // NULL allowed, the current time ('' on SQLite)
	defaultNever  = "'1971-01-01 00:00:00'" // NOT NULL, "no time"
	defaultEmpty  = "''"                    // NOT NULL, empty
	autoIncrement = "auto"                  // the numeric primary key
)

// column is one column of a table: its MySQL type, and one of the rules above or a literal default.
type column struct {
	name, typ, rule string
}

// index is a secondary index. columns is a comma list, perhaps with prefix lengths for MySQL.
type index struct {
	name, columns string
	unique        bool
	suffixed      bool // on SQLite, where index names are global, the name has `_<table>` appended
}

// table is one backend table. The same description makes the DDL of both dialects.
type table struct {
	name    string
	charset string // "" means ascii
	columns []column
	primary string // comma list
	indexes []index
	own     bool // the original does not have it
}

// schema is all tables, the original's 47 and ours.
func schema() []table {
	var all []table
	for _, group := range []func() []table{
		topologyTables, nameTables, declaredTables, recoveryTables, nodeTables, agentTables, legacyTables, ownTables,
	} {
		all = append(all, group()...)
	}
	return all
}

// schemaByName is schema for look-ups.
func schemaByName() map[string]table {
	tables := make(map[string]table)
	for _, t := range schema() {
		tables[t.name] = t
	}
	return tables
}

// primaryColumns is the primary key as a list.
func (t table) primaryColumns() []string { return splitList(t.primary) }

// columnNames are the names of all columns in their order.
func (t table) columnNames() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return names
}

func (c column) nullable() bool { return strings.HasPrefix(c.rule, nullable) }

func (c column) isTime() bool { return c.typ == "timestamp" }

var (
	integerType  = regexp.MustCompile(`^(tinyint|smallint|int|bigint)\b`)
	prefixLength = regexp.MustCompile(`\(\d+\)`)
	enumType     = regexp.MustCompile(`^enum(\(.*\))$`)
)

func (c column) isInteger() bool { return integerType.MatchString(c.typ) }

func splitList(list string) []string {
	parts := strings.Split(list, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}
