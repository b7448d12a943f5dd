package gtid

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestParseMariaPos(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", ""},
		{"blanks", " \n", ""},
		{"one", "0-1-100", "0-1-100"},
		{"domains sorted by number", "10-1-1,9-2-50,0-1-100", "0-1-100,9-2-50,10-1-1"},
		{"blanks around", " 1-2-3 ,\n0-1-2 ", "0-1-2,1-2-3"},
		{"largest numbers", "4294967295-4294967295-18446744073709551615", "4294967295-4294967295-18446744073709551615"},
		{"leading zeros", "00-01-0100", "0-1-100"},
		{"sequence zero says nothing", "0-1-0,1-1-5", "1-1-5"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseMariaPos(tc.text)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if got.IsEmpty() != (tc.want == "") {
				t.Errorf("IsEmpty: got %t", got.IsEmpty())
			}
		})
	}
}

func TestParseMariaRefuses(t *testing.T) {
	for _, text := range []string{
		"x", "1", "0-1", "0-1-", "-1-1", "0--1", "0-1-2-3", "0-1-x", "+0-1-1", "0- 1-1",
		"4294967296-1-1", "0-4294967296-1", "0-1-18446744073709551616",
		"0-1-1,", ",0-1-1", "0-1-1,,1-1-1", "0-1-1 1-1-1", uuidA + ":1",
	} {
		if got, err := ParseMariaPos(text); err == nil || !strings.HasPrefix(err.Error(), "parse mariadb position") {
			t.Errorf("position %q: got %q and error %v", text, got, err)
		}
		if got, err := ParseMariaState(text); err == nil || !strings.HasPrefix(err.Error(), "parse mariadb binlog state") {
			t.Errorf("state %q: got %q and error %v", text, got, err)
		}
	}
	_, err := ParseMariaPos("1-1-1,0-1-5,0-2-7")
	if err == nil || !strings.Contains(err.Error(), "0-1-5 and 0-2-7 are of the same domain") {
		t.Errorf("position with a domain twice: got error %v", err)
	}
	for _, text := range []string{"0-1-5,0-1-7", "0-1-5,0-2-6,0-1-7", "0-1-5,0-1-7,0-2-8"} {
		if _, err = ParseMariaState(text); err == nil || !strings.Contains(err.Error(), "are of the same domain and server") {
			t.Errorf("state %s: got error %v", text, err)
		}
	}
}

func TestMariaPosCompare(t *testing.T) {
	tests := []struct {
		name, p, q string
		relation   Relation
		union      string
		missing    string // of q's, for p: have>want:count
		ahead      uint64
	}{
		{"both empty", "", "", Equal, "", "[]", 0},
		{"same", "0-1-5,1-1-7", "0-1-5,1-1-7", Equal, "0-1-5,1-1-7", "[]", 0},
		{"nothing against something", "", "0-1-5", Subset, "0-1-5", "[0-0-0>0-1-5:5]", 0},
		{"something against nothing", "0-1-5", "", Superset, "0-1-5", "[]", 5},
		{"behind", "0-1-5", "0-1-9", Subset, "0-1-9", "[0-1-5>0-1-9:4]", 0},
		{"behind, another server", "0-1-5", "0-2-9", Subset, "0-2-9", "[0-1-5>0-2-9:4]", 0},
		{"ahead, another server", "0-2-9", "0-1-5", Superset, "0-2-9", "[]", 4},
		{"behind in one of two domains", "0-1-5,1-1-7", "0-1-9,1-1-7", Subset, "0-1-9,1-1-7", "[0-1-5>0-1-9:4]", 0},
		{"ahead in one, behind in the other", "0-1-5,1-1-7", "0-1-9,1-1-3", Diverged, "0-1-9,1-1-7", "[0-1-5>0-1-9:4]", 4},
		{"each has a domain of its own", "0-1-5", "1-1-3", Diverged, "0-1-5,1-1-3", "[1-0-0>1-1-3:3]", 5},
		{"one number, two servers", "0-1-5", "0-2-5", Diverged, "0-2-5", "[]", 0},
		{"largest number", "0-1-18446744073709551615,1-1-5", "", Superset, "0-1-18446744073709551615,1-1-5", "[]", math.MaxUint64},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p, q := MustParseMariaPos(tc.p), MustParseMariaPos(tc.q)
			if got := p.Compare(q); got != tc.relation {
				t.Errorf("compare: got %s, want %s", got, tc.relation)
			}
			if got := p.Equal(q); got != (tc.relation == Equal) {
				t.Errorf("equal: got %t", got)
			}
			if got, swapped := p.Union(q).String(), q.Union(p).String(); got != tc.union || swapped != tc.union {
				t.Errorf("union: got %q and swapped %q, want %q", got, swapped, tc.union)
			}
			gaps := []string{}
			for _, gap := range p.Missing(q) {
				gaps = append(gaps, fmt.Sprintf("%s>%s:%d", gap.Have, gap.Want, gap.Count()))
			}
			if got := fmt.Sprint(gaps); got != tc.missing {
				t.Errorf("missing: got %s, want %s", got, tc.missing)
			}
			if got := p.Ahead(q); got != tc.ahead {
				t.Errorf("ahead: got %d, want %d", got, tc.ahead)
			}
		})
	}
}

func TestMariaPosDomain(t *testing.T) {
	p := MustParseMariaPos("0-1-5,7-2-9")
	if g, ok := p.Domain(7); !ok || g != (MariaGTID{7, 2, 9}) {
		t.Errorf("domain 7: got %s, %t", g, ok)
	}
	if g, ok := p.Domain(3); ok || g != (MariaGTID{Domain: 3}) {
		t.Errorf("domain 3: got %s, %t", g, ok)
	}
	if got := slices.Collect(p.All()); !slices.Equal(got, []MariaGTID{{0, 1, 5}, {7, 2, 9}}) {
		t.Errorf("all: got %v", got)
	}
}

func TestMariaState(t *testing.T) {
	tests := []struct{ name, text, want, position string }{
		{"empty", "", "", ""},
		{"one", "0-1-100", "0-1-100", "0-1-100"},
		{"last of the domain in the text counts", "0-1-100,0-2-98", "0-1-100,0-2-98", "0-2-98"},
		{"the last stays last", "0-3-7,0-2-5,0-1-9", "0-2-5,0-3-7,0-1-9", "0-1-9"},
		{"domains mixed", "1-1-3,0-2-5,1-2-4,0-1-6", "0-2-5,0-1-6,1-1-3,1-2-4", "0-1-6,1-2-4"},
		{"sequence zero says nothing", "0-1-5,0-2-0", "0-1-5", "0-1-5"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s, err := ParseMariaState(tc.text)
			if err != nil {
				t.Fatal(err)
			}
			if s.String() != tc.want {
				t.Errorf("got %q, want %q", s, tc.want)
			}
			if got := s.Position().String(); got != tc.position {
				t.Errorf("position: got %q, want %q", got, tc.position)
			}
			if !MustParseMariaState(s.String()).Equal(s) || s.IsEmpty() != (tc.want == "") {
				t.Error("not read back as the same state")
			}
			if again, err := NewMariaState(slices.Collect(s.All())...); err != nil || !again.Equal(s) {
				t.Errorf("made of its own GTIDs: got %q, %v", again, err)
			}
		})
	}
}

func TestNewMariaStateLeavesItsArgumentsAlone(t *testing.T) {
	gtids := []MariaGTID{{1, 3, 1}, {1, 2, 1}, {0, 1, 1}, {1, 1, 1}}
	before := slices.Clone(gtids)
	if _, err := NewMariaState(gtids...); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(gtids, before) {
		t.Errorf("got %v", gtids)
	}
}

func TestMariaStateNotLogged(t *testing.T) {
	// Server 1 died; server 2 had everything up to 0-1-100 and went on.
	state := MustParseMariaState("0-1-100,0-2-103,1-1-7")
	tests := []struct{ name, position, want string }{
		{"beginning", "", "[]"},
		{"a replica behind", "0-1-90", "[]"},
		{"clean old primary", "0-1-100,1-1-7", "[]"},
		{"a replica of the new primary", "0-2-102", "[]"},
		{"a transaction that nobody got, though the number is smaller", "0-1-101", "[0-1-101]"},
		{"ahead of the log", "0-2-104", "[0-2-104]"},
		{"an unknown server", "0-3-1", "[0-3-1]"},
		{"unknown domains", "0-1-100,2-1-1,3-1-1", "[2-1-1 3-1-1]"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			strange := state.NotLogged(MustParseMariaPos(tc.position))
			if got := fmt.Sprint(strange); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	if !state.ContainsGTID(MariaGTID{Domain: 9}) || !state.ContainsGTID(MariaGTID{0, 1, 0}) {
		t.Error("sequence number 0 is not contained")
	}
}

func TestMustParseMariaPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"position": func() { MustParseMariaPos("x") },
		"state":    func() { MustParseMariaState("x") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
