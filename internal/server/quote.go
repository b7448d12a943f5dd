package server

import (
	"strconv"
	"strings"
)

// quote makes a string literal. A backslash is doubled, which is right as long as the session does not run with
// NO_BACKSLASH_ESCAPES; who sends a literal with a backslash makes sure of that (see needsEscapes).
func quote(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('\'')
	for i := range len(s) {
		switch c := s[i]; c {
		case '\'':
			b.WriteString("''")
		case '\\':
			b.WriteString(`\\`)
		case 0:
			b.WriteString(`\0`)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// quoteName is a name of a schema or table as an identifier.
func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// needsEscapes says whether a statement means something else under NO_BACKSLASH_ESCAPES.
func needsEscapes(sql string) bool { return strings.IndexByte(sql, '\\') >= 0 }

// allowEscapes makes backslashes escape in this session.
const allowEscapes = "SET SESSION sql_mode = REPLACE(@@session.sql_mode, 'NO_BACKSLASH_ESCAPES', '')"

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func bit(on bool) string {
	if on {
		return "1"
	}
	return "0"
}
