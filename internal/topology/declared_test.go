package topology

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDowntimeActive(t *testing.T) {
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		downtime *Downtime
		want     bool
	}{
		"none":            {nil, false},
		"ends later":      {&Downtime{End: now.Add(time.Second)}, true},
		"ends now":        {&Downtime{End: now}, false},
		"has ended":       {&Downtime{End: now.Add(-time.Second)}, false},
		"without an end":  {&Downtime{}, false},
		"of another zone": {&Downtime{End: now.Add(time.Second).In(time.FixedZone("east", 7200))}, true},
	} {
		t.Run(name, func(t *testing.T) {
			i := &Instance{Downtime: c.downtime}
			if got := i.IsDowntimed(now); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestLostInRecovery(t *testing.T) {
	for name, c := range map[string]struct {
		downtime *Downtime
		want     bool
	}{
		"no downtime":      {nil, false},
		"of a person":      {&Downtime{Reason: "new disk"}, false},
		"of a recovery":    {&Downtime{Reason: "lost-in-recovery"}, true},
		"almost that word": {&Downtime{Reason: "lost-in-recovery?"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.downtime.LostInRecovery(); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestTagPrints(t *testing.T) {
	for name, c := range map[string]struct {
		tag           Tag
		text, display string
	}{
		"with a value":      {Tag{"role", "backup"}, "role=backup", "role=backup"},
		"without a value":   {Tag{"old", ""}, "old=", "old"},
		"value with a sign": {Tag{"q", "a=b"}, "q=a=b", "q=a=b"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.tag.String() != c.text || c.tag.Display() != c.display {
				t.Errorf("%q and %q, want %q and %q", c.tag, c.tag.Display(), c.text, c.display)
			}
		})
	}
}

func TestParseTagQuery(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want TagQuery // no name: an error
	}{
		"name":                  {"role", TagQuery{Tag: Tag{Name: "role"}}},
		"name and value":        {"role=backup", TagQuery{Tag: Tag{"role", "backup"}, HasValue: true}},
		"name and no value":     {"role=", TagQuery{Tag: Tag{Name: "role"}, HasValue: true}},
		"white space":           {" role = backup ", TagQuery{Tag: Tag{"role", "backup"}, HasValue: true}},
		"value with a sign":     {"q=a=b", TagQuery{Tag: Tag{"q", "a=b"}, HasValue: true}},
		"absent":                {"~role", TagQuery{Tag: Tag{Name: "role"}, Negate: true}},
		"absent, other sign":    {"!role", TagQuery{Tag: Tag{Name: "role"}, Negate: true}},
		"absent, white space":   {"~ role", TagQuery{Tag: Tag{Name: "role"}, Negate: true}},
		"present, other value":  {"~role=backup", TagQuery{Tag: Tag{"role", "backup"}, HasValue: true, Negate: true}},
		"empty":                 {"", TagQuery{}},
		"only a value":          {"=backup", TagQuery{}},
		"only a negation":       {"~", TagQuery{}},
		"negation of a value":   {"~=backup", TagQuery{}},
		"negation and blanks":   {"!  ", TagQuery{}},
		"sign inside the name":  {"a~b", TagQuery{Tag: Tag{Name: "a~b"}}},
		"value with a negation": {"a=~b", TagQuery{Tag: Tag{"a", "~b"}, HasValue: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseTagQuery(c.text)
			if (err != nil) != (c.want.Name == "") {
				t.Fatalf("error %v", err)
			}
			if err == nil && got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestParseTagQueries(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string // nil: an error
	}{
		"one":                   {"a", []string{"a"}},
		"several":               {"a,b=1,~c", []string{"a", "b=1", "~c"}},
		"white space":           {" a , b=1 ", []string{"a", "b=1"}},
		"empty terms":           {",a,,b,", []string{"a", "b"}},
		"nothing":               {"", nil},
		"only commas":           {" , ,", nil},
		"a term without a name": {"a,=1", nil},
		"a bare negation":       {"a,~", nil},
	} {
		t.Run(name, func(t *testing.T) {
			qs, err := ParseTagQueries(c.text)
			if (err != nil) != (c.want == nil) {
				t.Fatalf("error %v", err)
			}
			if got := queryTexts(qs); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestTagQueryMatches(t *testing.T) {
	tags := []Tag{{"role", "backup"}, {"old", ""}}
	for name, c := range map[string]struct {
		query string
		tags  []Tag
		want  bool
	}{
		"has the name":                        {"role", tags, true},
		"has it with no value":                {"old", tags, true},
		"has another name":                    {"new", tags, false},
		"name is not a prefix":                {"rol", tags, false},
		"has the value":                       {"role=backup", tags, true},
		"has another value":                   {"role=report", tags, false},
		"no value asked for, there is one":    {"role=", tags, false},
		"no value asked for, there is none":   {"old=", tags, true},
		"absent, and it is":                   {"~new", tags, true},
		"absent, but it is there":             {"~role", tags, false},
		"absent, on a server without tags":    {"~role", nil, false},
		"other value, and it has one":         {"~role=report", tags, true},
		"other value, but it has that":        {"~role=backup", tags, false},
		"other value of a tag that is absent": {"~new=1", tags, false},
		"other value, no tags at all":         {"~role=backup", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := ParseTagQuery(c.query)
			if err != nil {
				t.Fatal(err)
			}
			if got := q.Matches(c.tags); got != c.want {
				t.Errorf("%s on %v: %v, want %v", c.query, c.tags, got, c.want)
			}
		})
	}
}

func FuzzParseTagQueries(f *testing.F) {
	for _, text := range []string{"a", "a=1,b", "~a,!b=2", " , a = 1 ", "~", "=1", "~~a", "a==b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		qs, err := ParseTagQueries(text)
		if err != nil {
			if qs != nil {
				t.Fatalf("%q: %v with the error %v", text, qs, err)
			}
			return
		}
		if len(qs) == 0 {
			t.Fatalf("%q asks for nothing and would match every server", text)
		}
		for _, q := range qs {
			if q.Name == "" || !q.HasValue && q.Value != "" {
				t.Fatalf("%q has the term %+v", text, q)
			}
			tagged := []Tag{{q.Name, q.Value}}
			if q.Matches(tagged) == q.Negate {
				t.Fatalf("%q: %+v on %v", text, q, tagged)
			}
		}
		again, err := ParseTagQueries(strings.Join(queryTexts(qs), ","))
		if err != nil || !slices.Equal(again, qs) {
			t.Fatalf("%q is read as %+v, printed and read back as %+v, %v", text, qs, again, err)
		}
	})
}

// queryTexts prints terms in the shortest spelling.
func queryTexts(qs []TagQuery) []string {
	var texts []string
	for _, q := range qs {
		text := q.Name
		if q.HasValue {
			text = q.Tag.String()
		}
		if q.Negate {
			text = "~" + text
		}
		texts = append(texts, text)
	}
	return texts
}
