package correlate

import (
	"regexp"
	"strings"
)

// Marker tells the entries that are in the logs for no other purpose than to be found there: pseudo-GTID.
type Marker struct {
	Fixed      string         // what they contain; or
	Expression *regexp.Regexp // what they match
	// Ascending is what those contain whose text, from there on, is greater the later they were written; "" where none is.
	Ascending string
}

// IsZero says that there is nothing to tell them by.
func (m Marker) IsZero() bool { return m.Fixed == "" && m.Expression == nil }

// Is says whether a statement is such an entry.
func (m Marker) Is(text string) bool {
	switch {
	case m.Fixed != "":
		return strings.Contains(text, m.Fixed)
	case m.Expression != nil:
		return m.Expression.MatchString(text)
	}
	return false
}

// Later says that one entry is known to have been written after another.
func (m Marker) Later(one, other string) bool {
	if m.Ascending == "" {
		return false
	}
	_, a, okA := strings.Cut(one, m.Ascending)
	_, b, okB := strings.Cut(other, m.Ascending)
	return okA && okB && a > b
}
