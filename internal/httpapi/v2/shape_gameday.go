package v2

import (
	"fmt"
	"time"

	"orchestrator/internal/rehearsal"
	"orchestrator/internal/topology"
)

// GameDayWrites are what the servers of a cluster answered, during a game day, when they were asked whether they would
// take a write.
type GameDayWrites struct {
	Server   string      `json:"server" doc:"that is struck"`
	Sentence string      `json:"sentence" doc:"what came of it"`
	Began    *time.Time  `json:"began" doc:"when the first was asked, before the blow"`
	Struck   *time.Time  `json:"struck" doc:"when the server was ordered to end; null: not yet"`
	Until    *time.Time  `json:"until" doc:"when the newest answer came; null: none has"`
	Ended    *time.Time  `json:"ended" doc:"null while servers are asked"`
	Why      string      `json:"why,omitempty" doc:"nobody is asked any more"`
	Every    float64     `json:"every_ms" doc:"from one question to a server to the next, when answers come soon"`
	Commits  bool        `json:"commits" doc:"where a server would take a write, one was committed as well (WriteCheckTable)"`
	Servers  []string    `json:"servers" doc:"that are asked"`
	Left     int         `json:"left" doc:"servers that are not asked, because there are too many"`
	Spans    []WriteSpan `json:"spans" doc:"in the order of their beginnings"`
	Gaps     []WriteGap  `json:"gaps" doc:"when none of them took writes, oldest first"`
}

// WriteSpan is when a server gave the same answer again and again.
type WriteSpan struct {
	Server string     `json:"server"`
	State  string     `json:"state" enum:"open,closed,refuses,silent" doc:"open: it takes writes; closed: it is read-only, or a replica that was open for writing before the blow; refuses: it did not commit; silent: it does not answer"`
	From   *time.Time `json:"from" doc:"when the first such answer came"`
	To     *time.Time `json:"to" doc:"and the last"`
	Asks   int        `json:"asks" doc:"how many there were"`
	Says   string     `json:"says,omitempty" doc:"the first reason why it took no writes, where it gave one"`
}

// WriteGap is when no server took writes: from the last answer before of one that did, to the first one after.
type WriteGap struct {
	From *time.Time `json:"from"`
	To   *time.Time `json:"to" doc:"null: nobody takes writes yet, or at the end"`
	Took *float64   `json:"took_ms"`
}

func writesOf(s *rehearsal.Series) *GameDayWrites {
	w := &GameDayWrites{
		Server: s.Server.String(), Sentence: writesSentence(s), Began: when(s.Began), Struck: when(s.Struck), Ended: when(s.Ended), Why: s.Why, Every: millis(s.Every), Commits: s.Commits,
		Servers: mapped(s.Asked, topology.Key.String), Left: s.Left,
		Spans: mapped(s.Spans, func(p rehearsal.Span) WriteSpan {
			return WriteSpan{p.Server.String(), string(p.State), when(p.From), when(p.To), p.Asks, p.Says}
		}),
		Gaps: []WriteGap{},
	}
	for _, g := range s.Gaps() {
		gap := WriteGap{From: when(g.From), To: when(g.To)}
		if gap.To != nil {
			took := millis(g.To.Sub(g.From))
			gap.Took = &took
		}
		w.Gaps = append(w.Gaps, gap)
	}
	var until time.Time
	for _, p := range s.Spans {
		if p.To.After(until) {
			until = p.To
		}
	}
	w.Until = when(until)
	return w
}

// writesSentence says what came of a blow for writers.
func writesSentence(s *rehearsal.Series) string {
	gaps := s.Gaps()
	longest, stopped := s.Longest()
	switch {
	case !stopped && s.Ended.IsZero():
		return "Writes are taken."
	case !stopped:
		return "Somebody took writes all the time."
	case longest.To.IsZero() && s.Ended.IsZero():
		return "Nobody takes writes."
	case longest.To.IsZero():
		return "Nobody took writes any more when the servers were asked last."
	}
	text := "Nobody took writes for " + inWords(longest.To.Sub(longest.From))
	if len(gaps) > 1 {
		text += fmt.Sprintf(", the longest of %d times", len(gaps))
	}
	return text + "."
}

// gameDayWrites are those that go on, on the manager that leads.
func gameDayWrites(q *request) (any, error) {
	list := []GameDayWrites{}
	if q.api.Engine.Rehearsals != nil {
		for _, s := range q.api.Engine.Rehearsals.Running() {
			list = append(list, *writesOf(&s))
		}
	}
	return Page[GameDayWrites]{Items: list, Total: len(list)}, nil
}

// Writes takes in what the servers of a game day have answered so far. It keeps nobody waiting.
func (a *API) Writes(s *rehearsal.Series) {
	if a.hub.listening() {
		a.hub.publish(kindWrites, Event{Topics: []string{topicGameDays}, Server: s.Server.String(), Writes: writesOf(s)})
	}
}
