package v2

import (
	"fmt"
	"testing"
	"time"
)

// TestKept: a value is kept when it changes, for a day and what held at its beginning, as long as its cluster is there.
func TestKept(t *testing.T) {
	l := kept[*int64]{same: sameLag}
	begin := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(h int) time.Time { return begin.Add(time.Duration(h) * time.Hour) }
	seconds := func(n int64) *int64 { return &n }
	shown := func(alias string, from, to int) string {
		points, _ := l.between(alias, at(from), at(to))
		text := ""
		for _, p := range points {
			value := "?"
			if p.Value != nil {
				value = fmt.Sprint(*p.Value)
			}
			text += fmt.Sprintf("%d:%s ", int(p.At.Sub(begin).Hours()), value)
		}
		return text
	}
	if points, since := l.between("orders", at(0), at(1)); len(points) > 0 || since != nil {
		t.Errorf("before anything was noted: %v %v", points, since)
	}
	l.note(at(0), "orders", seconds(0))
	l.note(at(1), "orders", seconds(0))
	l.note(at(2), "orders", seconds(7))
	l.note(at(3), "orders", nil)
	l.note(at(4), "orders", seconds(0))
	for span, want := range map[[2]int]string{{0, 9}: "0:0 2:7 3:? 4:0 ", {1, 9}: "1:0 2:7 3:? 4:0 ", {5, 9}: "5:0 ", {1, 2}: "1:0 2:7 "} {
		if got := shown("orders", span[0], span[1]); got != want {
			t.Errorf("%v: %q, want %q", span, got, want)
		}
	}
	l.note(at(27), "orders", seconds(9))
	if got := shown("orders", -100, 100); got != "2:7 3:? 4:0 27:9 " {
		t.Errorf("a day later: %q", got)
	}
	for hour, want := range map[int]string{2: "no", 3: "7", 4: "no", 9: "0"} {
		got := "no"
		if v, ok := l.before("orders", at(hour)); ok && v != nil {
			got = fmt.Sprint(*v)
		}
		if got != want { // a day later the first ones are gone
			t.Errorf("before hour %d it was %s, want %s", hour, got, want)
		}
	}
	l.forget(at(50), func(string) bool { return false })
	if got := shown("orders", -100, 100); got == "" {
		t.Error("a cluster that is gone is forgotten within the day")
	}
	l.forget(at(60), func(string) bool { return true })
	if got := shown("orders", -100, 100); got == "" {
		t.Error("a cluster that is there is forgotten")
	}
	l.forget(at(60), func(alias string) bool { return alias != "orders" })
	if got := shown("orders", -100, 100); got != "" {
		t.Errorf("of a cluster that is gone: %q", got)
	}
}
