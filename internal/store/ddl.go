package store

import (
	"fmt"
	"slices"
	"strings"
)

// createTable is the statement that creates t with all its columns and, on MySQL, its indexes.
func (d Dialect) createTable(t table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE IF NOT EXISTS %s (\n", d.quote(t.name))
	for _, c := range t.columns {
		fmt.Fprintf(&b, "  %s %s,\n", d.quote(c.name), d.columnDefinition(t, c))
	}
	if d == SQLite {
		fmt.Fprintf(&b, "  PRIMARY KEY (%s)\n)", d.quoteList(t.primary))
		return b.String()
	}
	fmt.Fprintf(&b, "  PRIMARY KEY (%s)", d.quoteList(t.primary))
	for _, x := range t.indexes {
		kind := "KEY"
		if x.unique {
			kind = "UNIQUE KEY"
		}
		fmt.Fprintf(&b, ",\n  %s %s (%s)", kind, d.quote(d.indexName(t, x)), d.quoteList(x.columns))
	}
	charset := t.charset
	if charset == "" {
		charset = "ascii"
	}
	fmt.Fprintf(&b, "\n) ENGINE=InnoDB DEFAULT CHARSET=%s", charset)
	return b.String()
}

// addColumns is the statement (on SQLite: statements) that adds columns to an existing table.
func (d Dialect) addColumns(t table, missing []column) []string {
	var clauses []string
	for _, c := range missing {
		clauses = append(clauses, fmt.Sprintf("ADD COLUMN %s %s", d.quote(c.name), d.columnDefinition(t, c)))
	}
	alter := "ALTER TABLE " + d.quote(t.name) + " "
	if d == MySQL {
		return []string{alter + strings.Join(clauses, ", ")}
	}
	statements := make([]string, len(clauses))
	for i, c := range clauses {
		statements[i] = alter + c
	}
	return statements
}

// createIndex is the statement that adds one index to an existing table.
func (d Dialect) createIndex(t table, x index) string {
	unique := ""
	if x.unique {
		unique = "UNIQUE "
	}
	return fmt.Sprintf("CREATE %sINDEX %s ON %s (%s)", unique, d.quote(d.indexName(t, x)), d.quote(t.name),
		d.quoteList(x.columns))
}

// indexName is the name of the index in this dialect.
func (d Dialect) indexName(t table, x index) string {
	if d == SQLite && x.suffixed {
		return x.name + "_" + t.name
	}
	return x.name
}

func (d Dialect) columnDefinition(t table, c column) string {
	if d == SQLite {
		return sqliteColumn(t, c)
	}
	return mysqlColumn(c)
}

func mysqlColumn(c column) string {
	typ := strings.Replace(c.typ, " utf8", " CHARACTER SET utf8", 1)
	switch c.rule {
	case required:
		return typ + " NOT NULL"
	case autoIncrement:
		return typ + " NOT NULL AUTO_INCREMENT"
	case nullable:
		return typ + " NULL DEFAULT NULL"
	case nullableNow:
		return typ + " NULL DEFAULT CURRENT_TIMESTAMP"
	case defaultNow:
		return typ + " NOT NULL DEFAULT CURRENT_TIMESTAMP"
	}
	return typ + " NOT NULL DEFAULT " + c.rule
}

// sqliteColumn is more lenient than the MySQL definition: a NOT NULL column that MySQL demands in each INSERT gets a
// neutral default unless it is part of the key, because SQLite refuses to add it to an existing table otherwise, and
// both ways to the schema should lead to the same one.
func sqliteColumn(t table, c column) string {
	typ := strings.TrimSuffix(strings.TrimSuffix(c.typ, " utf8"), " unsigned")
	if m := enumType.FindStringSubmatch(c.typ); m != nil {
		return fmt.Sprintf("text NOT NULL CHECK (%s IN %s) DEFAULT %s", c.name, m[1], c.rule)
	}
	switch c.rule {
	case autoIncrement:
		return "integer NOT NULL"
	case nullable:
		return typ + " NULL DEFAULT NULL"
	case nullableNow:
		return typ + " NULL DEFAULT ''"
	case defaultNow:
		return typ + " NOT NULL DEFAULT ''"
	case required:
		switch {
		case slices.Contains(t.primaryColumns(), c.name):
			return typ + " NOT NULL"
		case c.isInteger():
			return typ + " NOT NULL DEFAULT 0"
		}
		return typ + " NOT NULL DEFAULT ''"
	}
	return typ + " NOT NULL DEFAULT " + c.rule
}
