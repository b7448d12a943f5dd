package rehearsal

import (
	"testing"
	"time"

	"orchestrator/internal/topology"
)

var (
	a = topology.Key{Hostname: "a", Port: 3306}
	b = topology.Key{Hostname: "b", Port: 3306}
	c = topology.Key{Hostname: "c", Port: 3306}
)

var zero = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

func ms(n int) time.Time { return zero.Add(time.Duration(n) * time.Millisecond) }

// answered makes a series: of each server its states from a millisecond on, asked every ten until the last moment.
func answered(until int, of map[topology.Key]map[int]State) *Series {
	s := &Series{Server: a, Began: zero}
	for at := 0; at <= until; at += 10 {
		for _, k := range []topology.Key{a, b, c} {
			state, last := State(""), -1
			for from, is := range of[k] {
				if from <= at && from > last {
					state, last = is, from
				}
			}
			if state != "" {
				s.take(k, state, ms(at), "")
			}
		}
	}
	return s
}

// TestGaps: nobody takes writes between the last answer of one that did and the first of the next.
func TestGaps(t *testing.T) {
	type states = map[topology.Key]map[int]State
	for name, test := range map[string]struct {
		of   states
		want []Gap
	}{
		"nothing answered":               {of: states{}},
		"all is well":                    {of: states{a: {0: Open}, b: {0: Closed}}},
		"another one takes over":         {of: states{a: {0: Open, 100: Silent}, b: {0: Closed, 500: Open}}, want: []Gap{{ms(90), ms(500)}}},
		"a switch without a gap":         {of: states{a: {0: Open, 100: Closed}, b: {0: Closed, 50: Open}}},
		"two are open for a while":       {of: states{a: {0: Open, 300: Silent}, b: {0: Closed, 200: Open}}},
		"nobody takes over":              {of: states{a: {0: Open, 100: Silent}, b: {0: Closed}}, want: []Gap{{From: ms(90)}}},
		"commits are refused":            {of: states{a: {0: Open, 100: Refuses, 200: Open}}, want: []Gap{{ms(90), ms(200)}}},
		"it comes back before a replica": {of: states{a: {0: Open, 100: Silent, 200: Open}, b: {0: Closed}}, want: []Gap{{ms(90), ms(200)}}},
		"twice":                          {of: states{a: {0: Open, 100: Silent}, b: {0: Closed, 200: Open, 300: Silent}, c: {0: Closed, 400: Open}}, want: []Gap{{ms(90), ms(200)}, {ms(290), ms(400)}}},
		"not open at the beginning":      {of: states{a: {0: Closed, 100: Open}}},
		"an intermediate source":         {of: states{a: {0: Closed, 100: Silent}, b: {0: Open}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := answered(1000, test.of)
			got := s.Gaps()
			if len(got) != len(test.want) {
				t.Fatalf("%v, want %v", got, test.want)
			}
			for n := range got {
				if !got[n].From.Equal(test.want[n].From) || !got[n].To.Equal(test.want[n].To) {
					t.Errorf("gap %d is %v, want %v", n, got[n], test.want[n])
				}
			}
		})
	}
}

// TestLongest: a gap that has not ended is longer than any that has.
func TestLongest(t *testing.T) {
	s := answered(1000, map[topology.Key]map[int]State{a: {0: Open, 100: Silent, 400: Open, 500: Silent, 600: Open}})
	if g, ok := s.Longest(); !ok || !g.From.Equal(ms(90)) || !g.To.Equal(ms(400)) {
		t.Errorf("%v %t", g, ok)
	}
	s = answered(1000, map[topology.Key]map[int]State{a: {0: Open, 100: Silent, 400: Open, 900: Silent}})
	if g, ok := s.Longest(); !ok || !g.To.IsZero() {
		t.Errorf("%v %t", g, ok)
	}
	if _, ok := (&Series{}).Longest(); ok {
		t.Error("a gap in nothing")
	}
}

// TestSeriesIsBounded: answers that change all the time are not kept without end.
func TestSeriesIsBounded(t *testing.T) {
	s := &Series{}
	room := true
	for n := range 10 * mostSpans {
		room = s.take(a, []State{Open, Silent}[n%2], ms(n), "") && room
	}
	if room || len(s.Spans) != mostSpans {
		t.Errorf("%d spans, room for more: %t", len(s.Spans), room)
	}
}
