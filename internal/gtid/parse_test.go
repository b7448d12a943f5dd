package gtid

import (
	"strings"
	"testing"
)

const (
	uuidA = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
	uuidB = "4e11fa47-71ca-11e1-9e33-c80aa9429562"
	uuidC = "ff11fa47-71ca-11e1-9e33-c80aa9429562"
)

func TestParse(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", ""},
		{"blanks only", " \n\t ", ""},
		{"single", uuidA + ":5", uuidA + ":5"},
		{"interval", uuidA + ":1-5", uuidA + ":1-5"},
		{"interval of one", uuidA + ":5-5", uuidA + ":5"},
		{"several intervals", uuidA + ":1-3:11:47-49", uuidA + ":1-3:11:47-49"},
		{"upper case uuid", strings.ToUpper(uuidA) + ":1", uuidA + ":1"},
		{"newline after comma", uuidA + ":1,\n" + uuidB + ":2", uuidA + ":1," + uuidB + ":2"},
		{"carriage return and newline", uuidA + ":1,\r\n" + uuidB + ":2\r\n", uuidA + ":1," + uuidB + ":2"},
		{"blanks around every part", " " + uuidA + " : 1 - 3 : tag : 4 , " + uuidB + " : 2 ", uuidA + ":1-3:tag:4," + uuidB + ":2"},
		{"empty elements", "," + uuidA + ":1,, ," + uuidB + ":2,", uuidA + ":1," + uuidB + ":2"},
		{"uuids sorted", uuidC + ":1," + uuidA + ":1," + uuidB + ":1", uuidA + ":1," + uuidB + ":1," + uuidC + ":1"},
		{"repeated uuid", uuidA + ":1-3," + uuidB + ":1," + uuidA + ":3-7", uuidA + ":1-7," + uuidB + ":1"},
		{"overlapping intervals", uuidA + ":1-5:3-9", uuidA + ":1-9"},
		{"touching intervals", uuidA + ":1-5:6-9:10", uuidA + ":1-10"},
		{"enclosed interval", uuidA + ":1-9:3-5:11", uuidA + ":1-9:11"},
		{"repeated interval", uuidA + ":1-9:1-9", uuidA + ":1-9"},
		{"unsorted intervals", uuidA + ":7:1-2:4:3", uuidA + ":1-4:7"},
		{"an unsorted interval that covers all before it", uuidA + ":5:7:1-10:2", uuidA + ":1-10"},
		{"leading zeros", uuidA + ":0001-0007", uuidA + ":1-7"},
		{"largest number", uuidA + ":1-9223372036854775806", uuidA + ":1-9223372036854775806"},
		{"touching the largest number", uuidA + ":9223372036854775806:1-9223372036854775805:9223372036854775806", uuidA + ":1-9223372036854775806"},
		{"tag", uuidA + ":tag:1-5:7", uuidA + ":tag:1-5:7"},
		{"several tags", uuidA + ":1-3:tag_a:1-5:7:tag_b:9", uuidA + ":1-3:tag_a:1-5:7:tag_b:9"},
		{"tags sorted", uuidA + ":tag_b:9:tag_a:1", uuidA + ":tag_a:1:tag_b:9"},
		{"upper case tag", uuidA + ":Domain_1:1-3", uuidA + ":domain_1:1-3"},
		{"same tag in two cases", uuidA + ":Tag:1-3:tAG:4", uuidA + ":tag:1-4"},
		{"underscore first", uuidA + ":_:1", uuidA + ":_:1"},
		{"tag with digits", uuidA + ":t1:1", uuidA + ":t1:1"},
		{"tag that is also hexadecimal", uuidA + ":abc:1", uuidA + ":abc:1"},
		{"longest tag", uuidA + ":" + strings.Repeat("x", 32) + ":1", uuidA + ":" + strings.Repeat("x", 32) + ":1"},
		{"tag of another element is joined", uuidA + ":domain_2:8-52,\n " + uuidA + ":domain_1:1-3:15-21", uuidA + ":domain_1:1-3:15-21:domain_2:8-52"},
		{"untagged after tagged", uuidA + ":tag:1," + uuidA + ":1", uuidA + ":1:tag:1"},
		{"tag does not reach over the comma", uuidA + ":tag:1," + uuidB + ":1", uuidA + ":tag:1," + uuidB + ":1"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Parse(tc.text)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
			checkNormal(t, got)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"word", "nonsense", `"nonsense" at byte 0: want a uuid`},
		{"mariadb", "0-1-100", `"0-1-100" at byte 0: want a uuid`},
		{"short uuid", uuidA[:35] + ":1", `"` + uuidA[:35] + `" at byte 0: want a uuid`},
		{"bad digit in uuid", "g" + uuidA[1:] + ":1", `"g` + uuidA[1:] + `" at byte 0: want a uuid`},
		{"uuid without dashes", strings.ReplaceAll(uuidA, "-", "") + ":1234567", `at byte 0: want a uuid`},
		{"second uuid", uuidA + ":1,\nx:2", `"x" at byte 40: want a uuid`},
		{"uuid alone", uuidA, `"` + uuidA + `" at byte 0: want ':'`},
		{"uuid followed by text", uuidA + "0:1", `at byte 0: want ':'`},
		{"nothing after colon", uuidA + ":", `at the end: want a number`},
		{"nothing between colons", uuidA + "::1", `":1" at byte 37: want a number`},
		{"nothing before comma", uuidA + ":1:," + uuidB + ":1", `at byte 39: want a number`},
		{"zero", uuidA + ":0", `"0" at byte 37: numbers begin with 1`},
		{"zero in interval", uuidA + ":0-5", `"0-5" at byte 37: numbers begin with 1`},
		{"negative", uuidA + ":-5", `"-5" at byte 37: want a number`},
		{"reversed", uuidA + ":5-3", `"5-3" at byte 37: the interval ends before it begins`},
		{"ends in zero", uuidA + ":5-0", `"0" at byte 39: numbers begin with 1`},
		{"open interval", uuidA + ":5-", `at the end: want a number`},
		{"too large", uuidA + ":9223372036854775807", `"9223372036854775807" at byte 37: the largest number is 9223372036854775806`},
		{"far too large", uuidA + ":1-99999999999999999999999", `"99999999999999999999999" at byte 39: the largest`},
		{"three ends", uuidA + ":1-2-3", `"-3" at byte 40: want ':', ',' or the end`},
		{"hexadecimal number", uuidA + ":1f", `"f" at byte 38: want ':', ',' or the end`},
		{"blank instead of comma", uuidA + ":1 " + uuidB + ":1", `at byte 39: want ':', ',' or the end`},
		{"tag alone", uuidA + ":tag", `"tag"`},
		{"two tags together", uuidA + ":tag:tag:1", `"tag" at byte 41: want an interval between two tags`},
		{"tag too long", uuidA + ":" + strings.Repeat("x", 33) + ":1", `at byte 37: a tag has at most 32 characters`},
		{"bad byte in tag", uuidA + ":ta$g:1", `want ':' and an interval`},
		{"tag that is not ASCII", uuidA + ":täg:1", `want ':' and an interval`},
		{"star", uuidA + ":*", `"*" at byte 37: want a number`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Parse(tc.text)
			if err == nil {
				t.Fatalf("got %q, want an error", got)
			}
			if !strings.HasPrefix(err.Error(), "parse gtid set: ") || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %s\nwant %s", err, tc.want)
			}
			if !got.IsEmpty() {
				t.Errorf("got %q along with the error", got)
			}
		})
	}
}

func TestMustParsePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	MustParse("x")
}

func TestLines(t *testing.T) {
	s := MustParse(uuidB + ":1:t:3," + uuidA + ":1-5:9")
	if got, want := s.Lines(), uuidA+":1-5:9,\n"+uuidB+":1:t:3"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !MustParse(s.Lines()).Equal(s) {
		t.Error("Lines is not read back as the same set")
	}
	if got := (Set{}).Lines(); got != "" {
		t.Errorf("empty set: got %q", got)
	}
}

func TestParseDoesNotKeepRoomForJoinedIntervals(t *testing.T) {
	s := MustParse(uuidA + strings.Repeat(":1:2", 1000))
	if got := cap(s.entries[0].ivs); got > 2 {
		t.Errorf("one interval in room for %d", got)
	}
}

func TestParseGTID(t *testing.T) {
	for _, text := range []string{uuidA + ":1", uuidA + ":tag:9223372036854775806"} {
		g, err := ParseGTID(text)
		if err != nil {
			t.Fatal(err)
		}
		if g.String() != text {
			t.Errorf("got %s, want %s", g, text)
		}
	}
	refused := map[string]string{
		"":                           "names 0 transactions",
		uuidA + ":1-2":               "names 2 transactions",
		uuidA + ":1," + uuidB + ":1": "names 2 transactions",
		uuidA + ":x":                 "want",
	}
	for text, want := range refused {
		if _, err := ParseGTID(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want %q", text, err, want)
		}
	}
}

func TestParseUUID(t *testing.T) {
	u, err := ParseUUID(" " + strings.ToUpper(uuidA) + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if u.String() != uuidA || u.IsZero() || !(UUID{}).IsZero() {
		t.Errorf("got %s", u)
	}
	for _, text := range []string{"", uuidA[1:], uuidA + "0", uuidA + ":1", strings.Replace(uuidA, "-", "0", 1)} {
		if _, err := ParseUUID(text); err == nil || !strings.Contains(err.Error(), quote(text)) {
			t.Errorf("%q: got error %v", text, err)
		}
	}
}

func TestLooksMariaDB(t *testing.T) {
	tests := map[string]bool{
		"":                                       false,
		" ":                                      false,
		"0-1-100":                                true,
		" 0-1-100,\n1-2-3":                       true,
		"0-1":                                    false,
		"0-1-2-3":                                false,
		uuidA + ":1":                             false,
		"11111111-1111-1111-1111-111111111111:1": false,
		"mysql-bin.000001":                       false,
	}
	for text, want := range tests {
		if got := LooksMariaDB(text); got != want {
			t.Errorf("%q: got %t", text, got)
		}
	}
}

// checkNormal fails unless the set is in the form that all operations rely on.
func checkNormal(t interface {
	Helper()
	Fatalf(string, ...any)
}, s Set) {
	t.Helper()
	for i, e := range s.entries {
		if i > 0 && s.entries[i-1].tsid.Compare(e.tsid) >= 0 {
			t.Fatalf("sources not ascending: %v", s.entries)
		}
		if len(e.ivs) == 0 || !validTag(e.tsid.Tag) {
			t.Fatalf("bad entry: %v", e)
		}
		for j, iv := range e.ivs {
			if !iv.valid() || j > 0 && iv.First <= e.ivs[j-1].Last+1 {
				t.Fatalf("bad intervals: %v", e.ivs)
			}
		}
	}
}
