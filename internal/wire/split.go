package wire

import "strings"

// whiteSpace is what the server takes for white space: no Unicode.
const whiteSpace = " \t\n\v\f\r"

// SplitStatements cuts the text of a query at its semicolons, except those in
// quotes (single, double and back quotes) and comments (-- , #, /* */), and
// trims white space. Parts without any statement, empty or with comments
// alone, are left out; the server's executable comments (/*! and /*M!) count
// as statements. Backslash escapes in quotes are respected, as without
// NO_BACKSLASH_ESCAPES. An open quote or comment reaches to the end of the
// text.
func SplitStatements(sql string) []string {
	var statements []string
	start, substance := 0, false
	take := func(end int) {
		if substance {
			statements = append(statements, strings.Trim(sql[start:end], whiteSpace))
		}
		start, substance = end+1, false
	}
	for i := 0; i < len(sql); {
		rest := sql[i:]
		switch {
		case rest[0] == ';':
			take(i)
			i++
		case rest[0] == '\'' || rest[0] == '"' || rest[0] == '`':
			substance = true
			i += quotedLength(rest)
		case rest[0] == '#' || isDashComment(rest):
			i += lengthThrough(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			if strings.HasPrefix(rest, "/*!") || strings.HasPrefix(rest, "/*M!") {
				substance = true
			}
			i += 2 + lengthThrough(rest[2:], "*/")
		default:
			substance = substance || !isSpace(rest[0])
			i++
		}
	}
	take(len(sql))
	return statements
}

// quotedLength is the length of the quoted text that s begins with. A doubled
// quote needs no care: it ends one quoted text and begins the next.
func quotedLength(s string) int {
	quote := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == quote:
			return i + 1
		case s[i] == '\\' && quote != '`':
			i++
		}
	}
	return len(s)
}

// isDashComment reports whether s begins with a -- comment: the dashes need a
// space, a control character or the end behind them, 5--1 is arithmetic.
func isDashComment(s string) bool {
	return strings.HasPrefix(s, "--") && (len(s) == 2 || s[2] <= ' ')
}

// lengthThrough is the length of s up to and including the first mark, or of
// all s.
func lengthThrough(s, mark string) int {
	if i := strings.Index(s, mark); i >= 0 {
		return i + len(mark)
	}
	return len(s)
}

func isSpace(c byte) bool { return strings.IndexByte(whiteSpace, c) >= 0 }
