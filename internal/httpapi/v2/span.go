package v2

import (
	"time"

	"orchestrator/internal/operate"
)

// The parameters that lists of what happened share.
var (
	byNode = parameter{name: "node", doc: "a part of the name of the manager that did it"}
	since  = parameter{name: "since", doc: "a moment (RFC 3339), or how long ago: 90m, 24h, 7d"}
	until  = parameter{name: "until", doc: "a moment, or how long ago"}
)

// within is a span of time; a zero end is open.
type within struct{ from, to time.Time }

// holds says whether a moment is in the span; none is in the one that is open at both ends.
func (s within) holds(t *time.Time) bool {
	if t == nil {
		return s.from.IsZero() && s.to.IsZero()
	}
	return !t.Before(s.from) && (s.to.IsZero() || !t.After(s.to))
}

// within reads of which span a list is wanted.
func (q *request) within() (s within, err error) {
	if s.from, err = q.moment(since.name); err == nil {
		s.to, err = q.moment(until.name)
	}
	return s, err
}

// moment is a moment that a query names; zero where it does not.
func (q *request) moment(name string) (time.Time, error) {
	text := q.text(name)
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := operate.ParseDuration(text); err == nil {
		return q.api.Engine.Now().Add(-ago), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, badRequest.say("%s=%q is neither a moment nor a length of time", name, text).because(name, "send it as in 2006-01-02T15:04:05Z, or 7d")
	}
	return t, nil
}
