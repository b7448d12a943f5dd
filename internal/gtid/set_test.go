package gtid

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestSetOperations(t *testing.T) {
	const a, b = uuidA, uuidB
	tests := []struct {
		name, s, t                 string
		union, subtract, intersect string
		relation                   Relation
	}{
		{"both empty", "", "", "", "", "", Equal},
		{"left empty", "", a + ":1", a + ":1", "", "", Subset},
		{"right empty", a + ":1", "", a + ":1", a + ":1", "", Superset},
		{"same", a + ":1-5", a + ":1-5", a + ":1-5", "", a + ":1-5", Equal},
		{"behind", a + ":1-5", a + ":1-9", a + ":1-9", "", a + ":1-5", Subset},
		{"ahead", a + ":1-9", a + ":1-5", a + ":1-9", a + ":6-9", a + ":1-5", Superset},
		{"gap filled by the other", a + ":1-3:7-9", a + ":4-6", a + ":1-9", a + ":1-3:7-9", "", Diverged},
		{"hole cut", a + ":1-9", a + ":4-6", a + ":1-9", a + ":1-3:7-9", a + ":4-6", Superset},
		{"overlap", a + ":1-5", a + ":4-9", a + ":1-9", a + ":1-3", a + ":4-5", Diverged},
		{"one interval of the right cuts two of the left", a + ":1-5:8-12", a + ":4-9", a + ":1-12", a + ":1-3:10-12", a + ":4-5:8-9", Diverged},
		{"one interval of the left spans several of the right", a + ":1-20", a + ":2:5-6:20-25", a + ":1-25", a + ":1:3-4:7-19", a + ":2:5-6:20", Diverged},
		{"other uuid", a + ":1", b + ":1", a + ":1," + b + ":1", a + ":1", "", Diverged},
		{"errant on another uuid", a + ":1-9," + b + ":1", a + ":1-9", a + ":1-9," + b + ":1", b + ":1", a + ":1-9", Superset},
		{"behind and errant", a + ":1-5," + b + ":1", a + ":1-9", a + ":1-9," + b + ":1", b + ":1", a + ":1-5", Diverged},
		{"a tag is a source of its own", a + ":t:1", a + ":1", a + ":1:t:1", a + ":t:1", "", Diverged},
		{"tags differ", a + ":1:t:1-5", a + ":1:t:3:u:1", a + ":1:t:1-5:u:1", a + ":t:1-2:4-5", a + ":1:t:3", Diverged},
		{"largest numbers", a + ":1-9223372036854775806", a + ":9223372036854775806", a + ":1-9223372036854775806", a + ":1-9223372036854775805", a + ":9223372036854775806", Superset},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s, u := MustParse(tc.s), MustParse(tc.t)
			for _, op := range []struct {
				name, want string
				got        Set
			}{
				{"union", tc.union, s.Union(u)},
				{"union of the swapped", tc.union, u.Union(s)},
				{"subtract", tc.subtract, s.Subtract(u)},
				{"intersect", tc.intersect, s.Intersect(u)},
				{"intersect of the swapped", tc.intersect, u.Intersect(s)},
			} {
				if op.got.String() != op.want {
					t.Errorf("%s: got %q, want %q", op.name, op.got, op.want)
				}
				checkNormal(t, op.got)
			}
			if got := s.Compare(u); got != tc.relation {
				t.Errorf("compare: got %s, want %s", got, tc.relation)
			}
			if s.String() != tc.s || u.String() != tc.t {
				t.Error("an operand changed")
			}
		})
	}
}

func TestWithoutAndOnly(t *testing.T) {
	s := MustParse(uuidA + ":1-5:t:1," + uuidB + ":2:t:3," + uuidC + ":4")
	a, b, c := mustUUID(t, uuidA), mustUUID(t, uuidB), mustUUID(t, uuidC)
	tests := []struct {
		name      string
		got, want string
	}{
		{"without nothing", s.Without().String(), s.String()},
		{"without one, tags included", s.Without(a).String(), uuidB + ":2:t:3," + uuidC + ":4"},
		{"without several", s.Without(c, b).String(), uuidA + ":1-5:t:1"},
		{"without all", s.Without(a, b, c).String(), ""},
		{"without a stranger", s.Without(UUID{}).String(), s.String()},
		{"only nothing", s.Only().String(), ""},
		{"only one, tags included", s.Only(b).String(), uuidB + ":2:t:3"},
		{"only several", s.Only(c, a).String(), uuidA + ":1-5:t:1," + uuidC + ":4"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if tc.got != tc.want {
				t.Errorf("got %q, want %q", tc.got, tc.want)
			}
		})
	}
}

func TestContainsGTID(t *testing.T) {
	s := MustParse(uuidA + ":2-3:7:t:5")
	tests := map[string]bool{
		uuidA + ":1": false, uuidA + ":2": true, uuidA + ":3": true, uuidA + ":4": false,
		uuidA + ":6": false, uuidA + ":7": true, uuidA + ":8": false,
		uuidA + ":t:5": true, uuidA + ":t:2": false, uuidA + ":u:5": false, uuidB + ":2": false,
	}
	for text, want := range tests {
		g, err := ParseGTID(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.ContainsGTID(g); got != want {
			t.Errorf("%s: got %t", text, got)
		}
	}
}

func TestCount(t *testing.T) {
	tests := []struct {
		text string
		want uint64
	}{
		{"", 0},
		{uuidA + ":5", 1},
		{uuidA + ":1-5:7:t:1-2," + uuidB + ":10-19", 18},
		{uuidA + ":1-9223372036854775806", math.MaxInt64 - 1},
		{uuidA + ":1-9223372036854775806:t:1-9223372036854775806:u:1-9223372036854775806", math.MaxUint64},
	}
	for _, tc := range tests {
		if got := MustParse(tc.text).Count(); got != tc.want {
			t.Errorf("%q: got %d, want %d", tc.text, got, tc.want)
		}
	}
}

func TestIterators(t *testing.T) {
	s := MustParse(uuidB + ":4," + uuidA + ":1-2:5:t:7")
	var all, intervals []string
	for g := range s.All() {
		all = append(all, g.String())
	}
	for tsid, iv := range s.Intervals() {
		intervals = append(intervals, fmt.Sprint(tsid, " ", iv))
	}
	if want := []string{uuidA + ":1", uuidA + ":2", uuidA + ":5", uuidA + ":t:7", uuidB + ":4"}; !slices.Equal(all, want) {
		t.Errorf("All: got %q", all)
	}
	if want := []string{uuidA + " 1-2", uuidA + " 5", uuidA + ":t 7", uuidB + " 4"}; !slices.Equal(intervals, want) {
		t.Errorf("Intervals: got %q", intervals)
	}
	if got, want := s.UUIDs(), []UUID{mustUUID(t, uuidA), mustUUID(t, uuidB)}; !slices.Equal(got, want) {
		t.Errorf("UUIDs: got %v", got)
	}
}

func TestAllMayBeLeftEarly(t *testing.T) {
	n := 0
	for g := range MustParse(uuidA + ":1-9223372036854775806").All() {
		if n++; g.Seq == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("got %d GTIDs, want 3", n)
	}
}

func TestResultsDoNotShareWritableMemory(t *testing.T) {
	s, u := MustParse(uuidA+":1-5"), MustParse(uuidB+":1-5")
	union := s.Union(u)
	before := union.String()
	// Each of these begins with intervals that union took over unchanged.
	_ = union.Union(MustParse(uuidA + ":6:8," + uuidB + ":6"))
	_ = s.Union(MustParse(uuidA + ":6"))
	_ = union.Subtract(MustParse(uuidA + ":1"))
	if union.String() != before || s.String() != uuidA+":1-5" {
		t.Errorf("operands changed to %q and %q", union, s)
	}
}

func TestRelationString(t *testing.T) {
	var none Relation
	got := fmt.Sprint(none, Equal, Subset, Superset, Diverged)
	if want := "unknown equal subset superset diverged"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTextForms(t *testing.T) {
	type all struct {
		UUID  UUID
		GTID  GTID
		Set   Set
		Maria MariaGTID
		Pos   MariaPos
		State MariaState
	}
	const doc = `{"UUID":"` + uuidA + `","GTID":"` + uuidA + `:t:5","Set":"` + uuidA + `:1-5:t:7",` +
		`"Maria":"0-1-2","Pos":"0-1-2,1-1-3","State":"0-2-1,0-1-2"}`
	var v all
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != doc {
		t.Errorf("got  %s\nwant %s", got, doc)
	}
	for _, field := range []string{"UUID", "GTID", "Set", "Maria", "Pos", "State"} {
		if err := json.Unmarshal([]byte(`{"`+field+`":"x"}`), &v); err == nil {
			t.Errorf("%s: x was read without an error", field)
		}
	}
	if again, err := json.Marshal(v); err != nil || string(again) != doc {
		t.Errorf("a refused text changed the value: %s, %v", again, err)
	}
}

func mustUUID(t *testing.T, text string) UUID {
	t.Helper()
	u, err := ParseUUID(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
