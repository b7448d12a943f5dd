package publish

import "strings"

// Placeholders are pasted into shell text, where configurations quote them or not as they please:
//
//	notify '{failureCluster}' "{failureDescription}" {failedHost}
//
// Some values come from the managed servers (host names, aliases), and a value must not become a command. So what
// is special to the shell at that very place is escaped, and nothing else: a plain value is pasted as it is.

// quoting is what a place in shell text is inside of.
type quoting int

const (
	bare quoting = iota
	singleQuoted
	doubleQuoted
	commented
)

// fill replaces the known placeholders of shell text. Unknown ones stay, and values are not searched for others.
func fill(text string, known map[string]string) string {
	var out strings.Builder
	var at scanner
	for i := 0; i < len(text); {
		if text[i] == '{' {
			if end := strings.IndexByte(text[i:], '}'); end > 0 {
				if value, ok := known[text[i:i+end+1]]; ok {
					paste(&out, withoutNUL(value), at.now)
					i += end + 1
					continue
				}
			}
		}
		n := at.step(text[i:])
		out.WriteString(text[i : i+n])
		i += n
	}
	return out.String()
}

// paste writes a value so that the shell reads it as text, with white space outside quotes still separating words.
func paste(out *strings.Builder, value string, q quoting) {
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case q == singleQuoted && c == '\'':
			out.WriteString(`'\''`)
		case q == doubleQuoted && strings.IndexByte("\"$`\\", c) >= 0:
			out.WriteByte('\\')
			out.WriteByte(c)
		case (q == bare || q == commented) && (c == '\n' || c == '\r'):
			out.WriteByte(' ')
		case q == bare && strings.IndexByte("\"$`\\'|&;<>()*?[]#~!{}", c) >= 0:
			out.WriteByte('\\')
			out.WriteByte(c)
		default:
			out.WriteByte(c)
		}
	}
}

// scanner follows the quotes of shell text. It knows quotes, escapes, comments and command substitution, not here
// documents: in those a value counts as bare.
type scanner struct {
	now    quoting
	outer  []quoting // what each open $( is inside of
	inWord bool      // a # here is not a comment
}

// step takes in the next piece of text and gives its length.
func (s *scanner) step(text string) int {
	c := text[0]
	word := s.inWord
	s.inWord = s.now != bare || strings.IndexByte(" \t\n;&|()", c) < 0
	switch {
	case s.now == singleQuoted:
		if c == '\'' {
			s.now = bare
		}
	case s.now == commented:
		if c == '\n' {
			s.now, s.inWord = bare, false
		}
	case c == '\\' && len(text) > 1:
		return 2
	case strings.HasPrefix(text, "$("):
		s.outer = append(s.outer, s.now)
		s.now = bare
		s.inWord = false
		return 2
	case s.now == doubleQuoted:
		if c == '"' {
			s.now = bare
		}
	case c == '#' && !word:
		s.now = commented
	case c == '\'':
		s.now = singleQuoted
	case c == '"':
		s.now = doubleQuoted
	case c == '(':
		// A subshell: its end is not that of the $( around it.
		s.outer = append(s.outer, bare)
	case c == ')' && len(s.outer) > 0:
		s.now = s.outer[len(s.outer)-1]
		s.outer = s.outer[:len(s.outer)-1]
	}
	return 1
}
