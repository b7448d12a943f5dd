package topology

import (
	"fmt"
	"strings"
	"time"
)

// ReasonLostInRecovery is the downtime reason of servers that a recovery left behind.
const ReasonLostInRecovery = "lost-in-recovery"

// Downtime is a declared time in which a server's problems are expected and start no recovery.
type Downtime struct {
	Owner, Reason string
	Begin, End    time.Time
}

// ActiveAt says whether the downtime covers now.
func (d *Downtime) ActiveAt(now time.Time) bool { return d != nil && d.End.After(now) }

// LostInRecovery says whether the downtime was set by a recovery that left the server behind.
func (d *Downtime) LostInRecovery() bool { return d != nil && d.Reason == ReasonLostInRecovery }

// Maintenance is an exclusive lock on a server while an operation or a person works on it. A server under
// maintenance is left out of the analysis.
type Maintenance struct {
	ID            int64
	Key           Key
	Owner, Reason string
	Begin, End    time.Time
	Bounded       bool // a person gave the duration
}

// Tag is a free label of a server, with or without a value.
type Tag struct{ Name, Value string }

// String prints `name=value`, the form of the tags command (a tag without a value prints `name=`).
func (t Tag) String() string { return t.Name + "=" + t.Value }

// Display prints `name` or `name=value`, the form of topology-tags.
func (t Tag) Display() string {
	if t.Value == "" {
		return t.Name
	}
	return t.Name + "=" + t.Value
}

// TagQuery is one term of a tag expression.
type TagQuery struct {
	Tag
	HasValue bool
	Negate   bool
}

// ParseTagQuery reads `name`, `name=value`, and with `~` or `!` in front their negation.
func ParseTagQuery(text string) (TagQuery, error) {
	var q TagQuery
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "~") || strings.HasPrefix(text, "!") {
		q.Negate = true
		text = strings.TrimSpace(text[1:])
	}
	q.Name, q.Value, q.HasValue = strings.Cut(text, "=")
	q.Name = strings.TrimSpace(q.Name)
	q.Value = strings.TrimSpace(q.Value)
	if q.Name == "" {
		return q, fmt.Errorf("tag %q: the form is name or name=value", text)
	}
	return q, nil
}

// ParseTagQueries reads a comma separated list of terms, all of which must hold.
func ParseTagQueries(text string) ([]TagQuery, error) {
	var qs []TagQuery
	for part := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		q, err := ParseTagQuery(part)
		if err != nil {
			return nil, err
		}
		qs = append(qs, q)
	}
	if len(qs) == 0 {
		return nil, fmt.Errorf("a tag is required, as name or name=value")
	}
	return qs, nil
}

// Matches says whether a server with these tags satisfies the term. `~name` holds only for servers that have some
// tag; `~name=value` for those that have the tag with another value.
func (q TagQuery) Matches(tags []Tag) bool {
	for _, t := range tags {
		if t.Name != q.Name {
			continue
		}
		switch {
		case !q.HasValue:
			return !q.Negate
		case q.Negate:
			return t.Value != q.Value
		default:
			return t.Value == q.Value
		}
	}
	return q.Negate && !q.HasValue && len(tags) > 0
}
