package topology

import (
	"testing"
	"time"
)

func TestTroublesAreRenewed(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 1, 1, 12, 0, s, 0, time.UTC) }
	full := WriteSign{Obstacle: ConnectionsUsedUp}
	commit := func(runs ...int) WriteSign { // pairs of connection and seconds
		s := WriteSign{Obstacle: CommitsStalled}
		for n := 0; n < len(runs); n += 2 {
			s.Waiting = append(s.Waiting, WaitingWriter{Connection: uint64(runs[n]), Running: time.Duration(runs[n+1]) * time.Second})
		}
		return s
	}
	type look struct {
		at    int
		by    WriteWitness
		signs []WriteSign
	}
	for _, c := range []struct {
		name  string
		looks []look
		want  map[Obstacle]int // since which second
	}{
		{"once", []look{{1, BySigns, []WriteSign{full}}}, map[Obstacle]int{ConnectionsUsedUp: 1}},
		{"again and again", []look{{1, BySigns, []WriteSign{full}}, {3, BySigns, []WriteSign{full}}}, map[Obstacle]int{ConnectionsUsedUp: 1}},
		{"gone", []look{{1, BySigns, []WriteSign{full}}, {3, BySigns, nil}}, nil},
		{"gone for one look", []look{{1, BySigns, []WriteSign{full}}, {3, BySigns, nil}, {5, BySigns, []WriteSign{full}}}, map[Obstacle]int{ConnectionsUsedUp: 5}},
		{"not looked for too long", []look{{1, BySigns, []WriteSign{full}}, {20, BySigns, []WriteSign{full}}}, map[Obstacle]int{ConnectionsUsedUp: 20}},
		{"the other witness says nothing of it", []look{{1, BySigns, []WriteSign{full}}, {3, ByWriteCheck, nil}}, map[Obstacle]int{ConnectionsUsedUp: 1}},
		{"the same commit", []look{{1, BySigns, []WriteSign{commit(7, 0)}}, {3, BySigns, []WriteSign{commit(7, 2)}}}, map[Obstacle]int{CommitsStalled: 1}},
		{"one of several commits", []look{{1, BySigns, []WriteSign{commit(6, 0, 7, 0)}}, {3, BySigns, []WriteSign{commit(7, 2, 8, 0)}}}, map[Obstacle]int{CommitsStalled: 1}},
		{"another connection's commit", []look{{1, BySigns, []WriteSign{commit(7, 0)}}, {3, BySigns, []WriteSign{commit(8, 0)}}}, map[Obstacle]int{CommitsStalled: 3}},
		{"another statement of the same connection", []look{{1, BySigns, []WriteSign{commit(7, 5)}}, {3, BySigns, []WriteSign{commit(7, 0)}}}, map[Obstacle]int{CommitsStalled: 3}},
		{"the first goes, the second stays", []look{{1, BySigns, []WriteSign{commit(6, 0)}}, {3, BySigns, []WriteSign{commit(6, 2, 7, 0)}}, {5, BySigns, []WriteSign{commit(7, 2)}}},
			map[Obstacle]int{CommitsStalled: 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w WriteTroubles
			for _, l := range c.looks {
				w = w.Renewed(l.by, at(l.at), at(l.at+5), l.signs)
			}
			if len(w) != len(c.want) {
				t.Fatalf("%d troubles, want %d: %+v", len(w), len(c.want), w)
			}
			for _, got := range w {
				if since := at(c.want[got.Obstacle]); !got.Since.Equal(since) {
					t.Errorf("%s since %s, want %s", got.Obstacle, got.Since, since)
				}
			}
		})
	}
}
