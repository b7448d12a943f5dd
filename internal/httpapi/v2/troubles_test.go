package v2

import (
	"testing"
	"time"

	"orchestrator/internal/topology"
)

// TestTroubles: a problem that came while this node looked began then; one that was there before is at least that old, and a
// problem that goes and comes again begins anew.
func TestTroubles(t *testing.T) {
	began := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return began.Add(time.Duration(s) * time.Second) }
	key := topology.Key{Hostname: "a", Port: 1}
	type look struct {
		probed   bool
		problems []string
	}
	for _, c := range []struct {
		name  string
		looks []look // one each second, from the first on
		since int    // of "p"; -1: not known
		exact bool
	}{
		{"never looked at", nil, -1, false},
		{"no problem", []look{{true, nil}}, -1, false},
		{"it was there at the first look", []look{{true, []string{"p"}}, {true, []string{"p"}}}, 1, false},
		{"it came", []look{{true, nil}, {true, []string{"p"}}, {true, []string{"p"}}}, 2, true},
		{"it came beside another", []look{{true, []string{"q"}}, {true, []string{"q", "p"}}}, 2, true},
		{"it was there when the server was asked first", []look{{false, []string{"q"}}, {true, []string{"p"}}}, 2, false},
		{"it came after that", []look{{false, []string{"q"}}, {true, nil}, {true, []string{"p"}}}, 3, true},
		{"it went and came again", []look{{true, []string{"p"}}, {true, nil}, {true, []string{"p"}}}, 3, true},
		{"it has gone", []look{{true, []string{"p"}}, {true, nil}}, -1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := troubles{}
			for n, l := range c.looks {
				i := &topology.Instance{Key: key}
				if l.probed {
					i.Check.Checked = at(n + 1)
				}
				k.note(at(n+1), began, i, l.problems)
			}
			since, exact := k.since(key, "p")
			switch {
			case (since == nil) != (c.since < 0), exact != c.exact, since != nil && !since.Equal(at(c.since)):
				t.Errorf("since %v, exact: %t", since, exact)
			}
			k.keep(func(topology.Key) bool { return false })
			if since, _ := k.since(key, "p"); since != nil {
				t.Errorf("a server that was forgotten has a problem since %s", since)
			}
		})
	}
}
