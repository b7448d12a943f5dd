package topology

import "testing"

func TestErrant(t *testing.T) {
	const p, r, top, group = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222",
		"33333333-3333-3333-3333-333333333333", "44444444-4444-4444-4444-444444444444"
	for _, c := range []struct {
		name            string
		replica, source string // executed sets
		ancestry        string
		ring            bool
		flavor          Flavor
		want            string
		fails           bool
		sourceUUID      string
	}{
		{name: "equal", replica: p + ":1-5", source: p + ":1-5", ancestry: p + "," + r},
		{name: "behind", replica: p + ":1-3", source: p + ":1-5", ancestry: p + "," + r},
		{name: "read later than the source", replica: p + ":1-9", source: p + ":1-5", ancestry: p + "," + r},
		{name: "own writes", replica: p + ":1-5," + r + ":1-2", source: p + ":1-5", ancestry: p + "," + r, want: r + ":1-2"},
		{name: "own writes that the source has", replica: p + ":1-5," + r + ":1-2", source: p + ":1-5," + r + ":1-2", ancestry: p + "," + r},
		{name: "own writes in a ring", replica: p + ":1-5," + r + ":1-2", source: p + ":1-5", ancestry: p + "," + r, ring: true},
		{name: "from above the source", replica: top + ":1-9," + p + ":1", source: top + ":1-5," + p + ":1", ancestry: top + "," + p + "," + r},
		{name: "from a stranger", replica: p + ":1-5," + top + ":7", source: p + ":1-5", ancestry: p + "," + r, want: top + ":7"},
		{name: "of the group", replica: group + ":1-9", source: group + ":1-5", ancestry: p + "," + group + "," + r},
		{name: "tagged", replica: p + ":1-5," + r + ":adm:1", source: p + ":1-5", ancestry: p + "," + r, want: r + ":adm:1"},
		{name: "newlines", replica: "11111111-1111-1111-1111-111111111111:1-5,\n" + r + ":1", source: p + ":1-5", ancestry: p + "," + r, want: r + ":1"},
		{name: "own set unknown", source: p + ":1-5", ancestry: p + "," + r},
		{name: "source's set unknown", replica: r + ":1", ancestry: p + "," + r},
		{name: "MariaDB", replica: "0-1-5", source: "0-1-4", flavor: FlavorMariaDB},
		{name: "unreadable", replica: "what?", source: p + ":1", ancestry: p + "," + r, fails: true},
		{name: "source unreadable", replica: p + ":1", source: "what?", ancestry: p + "," + r, fails: true},
		{name: "ancestor unreadable", replica: p + ":1", source: p + ":1", ancestry: "what?", fails: true},
		{name: "source's UUID unreadable", replica: p + ":1", source: p + ":1", ancestry: p + "," + r, sourceUUID: "what?", fails: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := &Instance{Key: Key{"r", 3306}, ServerUUID: r, ExecutedSet: c.replica, AncestryUUID: c.ancestry, IsCoPrimary: c.ring, Flavor: c.flavor}
			s := &Instance{Key: Key{"p", 3306}, ServerUUID: p, ExecutedSet: c.source}
			if c.sourceUUID != "" {
				s.ServerUUID = c.sourceUUID
			}
			got, err := Errant(i, s)
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}
