package rehearsal

import (
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// State is what a writer would find at a server.
type State string

// The states.
const (
	Open    State = "open"    // it takes writes: it answers and is not read-only
	Closed  State = "closed"  // it answers, and is read-only, or a replica that was open for writing before the blow
	Refuses State = "refuses" // it should take writes, and did not commit the one that was tried
	Silent  State = "silent"  // it does not answer
)

// Span is when a server gave the same answer again and again.
type Span struct {
	Server topology.Key `json:"server"`
	State  State        `json:"state"`
	From   time.Time    `json:"from"` // when the first such answer came
	To     time.Time    `json:"to"`   // and the last one
	Asks   int          `json:"asks"`
	Says   string       `json:"says,omitempty"` // the first reason why it took no writes, where it gave one
}

// Gap is when no server took writes: from the last answer before of one that did, to the first one after.
type Gap struct {
	From time.Time
	To   time.Time // zero: nobody takes writes yet, or at the end
}

// mostSpans is how many spans are kept; answers that change all the time say nothing that is worth more.
const mostSpans = 300

// Series is what the servers of a cluster answered.
type Series struct {
	Server  topology.Key   `json:"server"` // that is struck
	Began   time.Time      `json:"began"`
	Struck  time.Time      `json:"struck,omitzero"` // when it was ordered to end; zero: not yet
	Ended   time.Time      `json:"ended,omitzero"`  // zero while servers are asked
	Why     string         `json:"why,omitempty"`   // it has ended
	Every   time.Duration  `json:"every"`           // from one question to a server to the next, when answers come soon
	Commits bool           `json:"commits,omitempty"`
	Asked   []topology.Key `json:"asked"`
	Left    int            `json:"left,omitempty"` // servers that were not asked, because there are too many
	Spans   []Span         `json:"spans"`
}

// clone shares nothing with the series.
func (s *Series) clone() Series {
	c := *s
	c.Asked, c.Spans = slices.Clone(s.Asked), slices.Clone(s.Spans)
	return c
}

// take notes an answer. It reports false when there is no room for it.
func (s *Series) take(k topology.Key, state State, at time.Time, says string) bool {
	if last := s.last(k); last != nil && last.State == state {
		last.To, last.Asks = at, last.Asks+1
		return true
	}
	if len(s.Spans) >= mostSpans {
		return false
	}
	s.Spans = append(s.Spans, Span{Server: k, State: state, From: at, To: at, Asks: 1, Says: says})
	return true
}

// last is the newest span of a server; nil when it has not answered yet.
func (s *Series) last(k topology.Key) *Span {
	for n := len(s.Spans) - 1; n >= 0; n-- {
		if s.Spans[n].Server == k {
			return &s.Spans[n]
		}
	}
	return nil
}

// Gaps are when nobody took writes, oldest first, from the first moment on at which somebody did.
func (s *Series) Gaps() []Gap {
	var open []Span
	for _, span := range s.Spans {
		if span.State == Open {
			open = append(open, span)
		}
	}
	slices.SortFunc(open, func(a, b Span) int { return a.From.Compare(b.From) })
	var gaps []Gap
	var until time.Time // somebody took writes up to then
	still := false      // and, by the newest answer, does
	for n, span := range open {
		if n > 0 && !still && span.From.After(until) {
			gaps = append(gaps, Gap{until, span.From})
		}
		if span.To.After(until) {
			until = span.To
		}
		still = still || *s.last(span.Server) == span
	}
	if len(open) > 0 && !still {
		gaps = append(gaps, Gap{From: until})
	}
	return gaps
}

// Longest is the longest gap; one that is open is longer than all others. ok is false when there was none.
func (s *Series) Longest() (longest Gap, ok bool) {
	for _, g := range s.Gaps() {
		if g.To.IsZero() {
			return g, true
		}
		if !ok || g.To.Sub(g.From) > longest.To.Sub(longest.From) {
			longest, ok = g, true
		}
	}
	return longest, ok
}

// The limits of a watch.
const (
	longest   = 3 * time.Minute  // whatever happens
	settled   = 5 * time.Second  // writes have been back for so long
	unharmed  = 30 * time.Second // nobody missed anything for so long after the blow
	askEvery  = 20 * time.Millisecond
	askWithin = time.Second
	tellEvery = 100 * time.Millisecond
	mostAsked = 16 // servers
	mostAtOne = 4  // watches at the same time

	answersBefore = 5 // of the struck server, before the blow
)

// over says why there is nothing more to be seen; "" while there may be.
func (s *Series) over(now time.Time) string {
	if now.Sub(s.Began) >= longest {
		return "three minutes have passed"
	}
	if s.Struck.IsZero() {
		return ""
	}
	gaps := s.Gaps()
	if len(gaps) == 0 {
		if now.Sub(s.Struck) >= unharmed {
			return "nobody stopped taking writes within half a minute"
		}
		return ""
	}
	if last := gaps[len(gaps)-1]; !last.To.IsZero() && now.Sub(last.To) >= settled {
		return "writes have been back for five seconds"
	}
	return ""
}
