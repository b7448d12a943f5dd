package topology

import (
	"testing"

	"pgregory.net/rapid"
)

func TestParseCoordinates(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		want  Coordinates
		fails bool
	}{
		"file and position":  {"binlog.000012:4", Coordinates{LogFile: "binlog.000012", LogPos: 4}, false},
		"white space around": {" binlog.000012:4\n", Coordinates{LogFile: "binlog.000012", LogPos: 4}, false},
		"beyond 4 GiB":       {"binlog.000012:5000000000", Coordinates{LogFile: "binlog.000012", LogPos: 5000000000}, false},
		"position 0":         {"binlog.000012:0", Coordinates{LogFile: "binlog.000012"}, false},
		"empty":              {"", Coordinates{}, true},
		"no position":        {"binlog.000012", Coordinates{}, true},
		"empty position":     {"binlog.000012:", Coordinates{}, true},
		"no file":            {":4", Coordinates{}, true},
		"negative position":  {"binlog.000012:-4", Coordinates{}, true},
		"position in words":  {"binlog.000012:end", Coordinates{}, true},
		"two colons":         {"binlog.000012:4:5", Coordinates{}, true},
		"too large a number": {"binlog.000012:9223372036854775808", Coordinates{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseCoordinates(c.text)
			if (err != nil) != c.fails || got != c.want {
				t.Errorf("%+v, %v; want %+v, fails %v", got, err, c.want, c.fails)
			}
		})
	}
}

func TestCoordinatesOrder(t *testing.T) {
	for name, c := range map[string]struct {
		a, b string
		want int
	}{
		"same":                       {"binlog.000001:4", "binlog.000001:4", 0},
		"earlier in one file":        {"binlog.000001:4", "binlog.000001:120", -1},
		"earlier file":               {"binlog.000001:9000", "binlog.000002:4", -1},
		"the number gets a digit":    {"binlog.999999:4", "binlog.1000000:4", -1},
		"dots in the base name":      {"db1.example.9:4", "db1.example.10:4", -1},
		"other base name":            {"alog.000009:4", "blog.000001:4", -1},
		"no number":                  {"alog:4", "blog:3", -1},
		"a number against no number": {"binlog.000001:4", "binlog.index:4", -1},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := coordinates(t, c.a), coordinates(t, c.b)
			if got := a.Compare(b); got != c.want {
				t.Errorf("%v against %v: %d, want %d", a, b, got, c.want)
			}
			if got := b.Compare(a); got != -c.want {
				t.Errorf("%v against %v: %d, want %d", b, a, got, -c.want)
			}
			if a.Less(b) != (c.want < 0) || b.Less(a) != (c.want > 0) {
				t.Errorf("Less: %v and %v", a.Less(b), b.Less(a))
			}
		})
	}
}

func TestNoCoordinatesComeBeforeAll(t *testing.T) {
	none := Coordinates{}
	if !none.IsEmpty() || !none.Less(coordinates(t, "binlog.000001:0")) {
		t.Error("unknown coordinates must be empty, and before every known position")
	}
}

func TestOrderOfOneLogIsThatOfNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type place struct{ file, pos int64 }
		draw := func(label string) (place, Coordinates) {
			p := place{rapid.Int64Range(1, 2_000_000).Draw(t, label+" file"), rapid.Int64Range(4, 1<<40).Draw(t, label+" position")}
			return p, Coordinates{LogFile: "binlog." + sixDigits(p.file), LogPos: p.pos}
		}
		pa, a := draw("a")
		pb, b := draw("b")
		want := pa.file < pb.file || pa.file == pb.file && pa.pos < pb.pos
		if a.Less(b) != want {
			t.Fatalf("%v before %v: %v", a, b, !want)
		}
	})
}

func sixDigits(n int64) string {
	text := Coordinates{LogPos: n}.String()[1:]
	for len(text) < 6 {
		text = "0" + text
	}
	return text
}

func TestSplitLogFile(t *testing.T) {
	for name, c := range map[string]struct {
		file, base string
		number     int64
		ok         bool
	}{
		"usual":         {"binlog.000012", "binlog", 12, true},
		"seven digits":  {"binlog.1000000", "binlog", 1000000, true},
		"dotted base":   {"db1.example.000001", "db1.example", 1, true},
		"no number":     {"binlog.index", "binlog.index", 0, false},
		"no dot":        {"binlog", "binlog", 0, false},
		"signed number": {"binlog.-12", "binlog.-12", 0, false},
		"empty":         {"", "", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			base, number, ok := SplitLogFile(c.file)
			if base != c.base || number != c.number || ok != c.ok {
				t.Errorf("%q, %d, %v; want %q, %d, %v", base, number, ok, c.base, c.number, c.ok)
			}
		})
	}
}

func FuzzParseCoordinates(f *testing.F) {
	for _, text := range []string{"binlog.000012:4", "a:0", ":4", "a:-1", "a:b", "a:+4", " a : 4"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCoordinates(text)
		if err != nil {
			if !c.IsEmpty() {
				t.Fatalf("%q: %+v with the error %v", text, c, err)
			}
			return
		}
		if c.IsEmpty() || c.LogPos < 0 {
			t.Fatalf("%q is read as %+v", text, c)
		}
		again, err := ParseCoordinates(c.String())
		if err != nil || again != c {
			t.Fatalf("%q is read as %+v, printed as %q and read back as %+v, %v", text, c, c, again, err)
		}
		if c.Compare(again) != 0 {
			t.Fatalf("%v differs from itself", c)
		}
	})
}

func coordinates(t *testing.T, text string) Coordinates {
	t.Helper()
	c, err := ParseCoordinates(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
