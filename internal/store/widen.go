package store

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// widen is what has to be done to columns that exist but are too small for what they shall hold, as those of a
// database from early days are. SQLite does not enforce sizes, so there is nothing to do.
func (s *Store) widen(t table, have foundTable) []change {
	if s.dialect != MySQL {
		return nil
	}
	var clauses []string
	for _, c := range t.columns {
		found, ok := have.columns[c.name]
		if ok && tooNarrow(c, found) {
			clauses = append(clauses, fmt.Sprintf("MODIFY COLUMN %s %s", MySQL.quote(c.name), mysqlColumn(c)))
		}
	}
	if len(clauses) == 0 {
		return nil
	}
	return []change{{
		what:      "widen columns of " + t.name,
		statement: "ALTER TABLE " + MySQL.quote(t.name) + " " + strings.Join(clauses, ", "),
	}}
}

// tooNarrow says whether the column as it is cannot take every value and every INSERT that it should. A type of
// another family is left alone: somebody chose it.
func tooNarrow(want column, have foundColumn) bool {
	if want.nullable() && !have.nullable {
		return true
	}
	if want.rule != required && want.rule != autoIncrement && !want.nullable() && !have.hasDefault && !have.nullable {
		return true
	}
	wantFamily, wantSize := columnSize(want.typ)
	haveFamily, haveSize := columnSize(have.typ)
	return wantFamily == haveFamily && haveSize < wantSize
}

var (
	integerSizes = []string{"tinyint", "smallint", "mediumint", "int", "bigint"}
	textSizes    = map[string]int{"tinytext": 255, "text": 65535, "mediumtext": 1 << 24, "longtext": 1 << 30}
	blobSizes    = map[string]int{"tinyblob": 255, "blob": 65535, "mediumblob": 1 << 24, "longblob": 1 << 30}
	charType     = regexp.MustCompile(`^(?:var)?(char|binary)\((\d+)\)`)
)

// columnSize is the family of a type and a number by which types of that family can be compared.
func columnSize(typ string) (family string, size int) {
	word := strings.FieldsFunc(typ, func(r rune) bool { return r == '(' || r == ' ' })
	if len(word) == 0 {
		return typ, 0
	}
	if n := slices.Index(integerSizes, word[0]); n >= 0 {
		return "integer", n
	}
	if m := charType.FindStringSubmatch(typ); m != nil {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			return typ, 0
		}
		return m[1], n
	}
	if n, ok := textSizes[word[0]]; ok {
		return "char", n
	}
	if n, ok := blobSizes[word[0]]; ok {
		return "binary", n
	}
	if word[0] == "enum" {
		return "enum", strings.Count(typ, "'")
	}
	return word[0], 0
}
