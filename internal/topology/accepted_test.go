package topology

import "testing"

func TestOpenErrant(t *testing.T) {
	const a, b = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
	for name, c := range map[string]struct{ errant, accepted, want string }{
		"none":                   {"", a + ":1", ""},
		"nothing accepted":       {a + ":1-3", "", a + ":1-3"},
		"all accepted":           {a + ":1-3", a + ":1-3", ""},
		"more accepted than are": {a + ":2", a + ":1-9," + b + ":1", ""},
		"new ones":               {a + ":1-4," + b + ":7", a + ":1-3", a + ":4," + b + ":7"},
		"another server's":       {a + ":1", b + ":1", a + ":1"},
		"not to be read":         {a + ":1", "nonsense", a + ":1"},
		"errant not to be read":  {"nonsense", a + ":1", "nonsense"},
	} {
		i := &Instance{ErrantSet: c.errant, Accepted: &AcceptedErrant{Set: c.accepted}}
		if got := i.OpenErrant(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := (&Instance{ErrantSet: "x"}).OpenErrant(); got != "x" {
		t.Errorf("nobody has said anything: %q", got)
	}
}
