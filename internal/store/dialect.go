package store

import (
	"strings"
)

// Dialect is the kind of backend database. The differences of their SQL that concern queries are all in this file.
type Dialect int

// The dialects. MySQL stands for MariaDB as well.
const (
	SQLite Dialect = iota
	MySQL
)

// String names the dialect as the key BackendDB does.
func (d Dialect) String() string {
	if d == MySQL {
		return "mysql"
	}
	return "sqlite"
}

// quote puts an identifier in quotes; both dialects accept backquotes.
func (d Dialect) quote(name string) string { return "`" + name + "`" }

// quoteList quotes each name of a comma list and keeps the prefix lengths of an index where the dialect has them.
func (d Dialect) quoteList(list string) string {
	names := splitList(list)
	for i, n := range names {
		length := prefixLength.FindString(n)
		n = d.quote(strings.TrimSuffix(n, length))
		if d == MySQL {
			n += length
		}
		names[i] = n
	}
	return strings.Join(names, ", ")
}

// insert is the statement that adds one row; columns is a comma list.
func (d Dialect) insert(table, columns string) string {
	return "INSERT INTO " + table + " (" + columns + ") VALUES " + placeholders(len(splitList(columns)))
}

// insertIgnore is the statement that adds one row unless a unique key already has it; it affects no row then.
func (d Dialect) insertIgnore(table, columns string) string {
	verb := "INSERT OR IGNORE INTO "
	if d == MySQL {
		verb = "INSERT IGNORE INTO "
	}
	return verb + table + " (" + columns + ") VALUES " + placeholders(len(splitList(columns)))
}

// replace is the statement that adds one row and removes every row that it would collide with on any unique key.
func (d Dialect) replace(table, columns string) string {
	return "REPLACE INTO " + table + " (" + columns + ") VALUES " + placeholders(len(splitList(columns)))
}

// upsert is the statement that adds one row, or sets the other columns of the row that has the same key. Columns that
// are not named keep their values.
func (d Dialect) upsert(table, key, others string) string {
	return d.upsertRows(table, key, others, 1)
}

// upsertRows is upsert of several rows at once.
func (d Dialect) upsertRows(table, key, others string, rows int) string {
	columns := key + ", " + others
	one := placeholders(len(splitList(columns)))
	var b strings.Builder
	b.WriteString("INSERT INTO " + table + " (" + columns + ") VALUES " + one)
	for range rows - 1 {
		b.WriteString(", " + one)
	}
	if d == MySQL {
		b.WriteString(" ON DUPLICATE KEY UPDATE ")
	} else {
		b.WriteString(" ON CONFLICT (" + key + ") DO UPDATE SET ")
	}
	for i, c := range splitList(others) {
		if i > 0 {
			b.WriteString(", ")
		}
		if d == MySQL {
			b.WriteString(c + " = VALUES(" + c + ")")
		} else {
			b.WriteString(c + " = excluded." + c)
		}
	}
	return b.String()
}

// moment makes a time column comparable with a time parameter. On SQLite times are text, and other programs may have
// written ISO text (with a T), which datetime() understands; it gives NULL for empty text.
func (d Dialect) moment(columnName string) string {
	if d == MySQL {
		return columnName
	}
	return "datetime(" + columnName + ")"
}

// placeholders is `(?, ?, …)`.
func placeholders(n int) string {
	return "(" + strings.TrimSuffix(strings.Repeat("?, ", n), ", ") + ")"
}
