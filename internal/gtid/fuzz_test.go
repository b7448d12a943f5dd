package gtid

import "testing"

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", " \n", uuidA + ":1", uuidA + ":1-5:7:tag:1-3:9,\n" + uuidB + ":Tag_2:4",
		uuidA + ":7:1-2:3," + uuidA + ":5-9", uuidA + " : 1 - 3 ,, ", uuidA + ":1-9223372036854775806",
		uuidA, uuidA + ":", uuidA + ":t", uuidA + ":0", uuidA + ":5-3", uuidA + ":9223372036854775807", "0-1-100",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			if !s.IsEmpty() {
				t.Fatalf("got %q along with error %v", s, err)
			}
			return
		}
		checkNormal(t, s)
		again, err := Parse(s.Lines())
		if err != nil || !again.Equal(s) || again.String() != s.String() {
			t.Fatalf("%q, printed as %q, was read as %q, %v", text, s, again, err)
		}
		if !s.Subtract(again).IsEmpty() || !s.Union(again).Equal(s) || !s.Intersect(again).Equal(s) {
			t.Fatalf("%q is not equal to itself", s)
		}
		if !s.IsEmpty() && LooksMariaDB(text) {
			t.Fatalf("%q looks like MariaDB's", text)
		}
	})
}

func FuzzParseMariaDB(f *testing.F) {
	for _, seed := range []string{
		"", " ", "0-1-100", "0-1-100,1-2-50", " 1-2-3,\n0-1-2", "0-2-98,0-1-100,0-3-5", "0-1-0",
		"4294967295-4294967295-18446744073709551615", "0-1-18446744073709551616", "0-1", "0-1-1,", uuidA + ":1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		state, err := ParseMariaState(text)
		if err == nil {
			again, err := ParseMariaState(state.String())
			if err != nil || !again.Equal(state) {
				t.Fatalf("state %q, printed as %q, was read as %q, %v", text, state, again, err)
			}
			if strange := state.NotLogged(state.Position()); len(strange) > 0 {
				t.Fatalf("state %q lacks its own %v", text, strange)
			}
		}
		p, posErr := ParseMariaPos(text)
		if posErr != nil {
			return
		}
		if err != nil {
			t.Fatalf("%q is a position but not a state: %v", text, err)
		}
		if got := state.Position(); !got.Equal(p) {
			t.Fatalf("%q: as a position %q, as a state %q", text, p, got)
		}
		again, err := ParseMariaPos(p.String())
		if err != nil || !again.Equal(p) || p.Compare(again) != Equal {
			t.Fatalf("position %q, printed as %q, was read as %q, %v", text, p, again, err)
		}
	})
}
