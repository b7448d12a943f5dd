package main

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
)

// TestShortSoak puts each family through one kill and one freeze.
func TestShortSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("needs real servers: left out in short mode")
	}
	binary := filepath.Join(t.TempDir(), "bin", "orchestrator")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/orchestrator").CombinedOutput(); err != nil {
		t.Fatalf("build the manager: %v\n%s", err, out)
	}
	for _, flavor := range []sandbox.Flavor{sandbox.MariaDB, sandbox.MySQL} {
		t.Run(flavor.String(), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			s, err := newSeries(ctx, options{binary: binary, rounds: 1, nodes: 3, kinds: []string{kill, freeze}, interval: 4 * time.Millisecond}, flavor)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if t.Failed() {
					t.Logf("the manager's log:\n%s", s.manager.LogTail())
				}
				if err := s.close(); err != nil {
					t.Error(err)
				}
			}()
			for _, kind := range []string{kill, freeze} {
				r, err := s.round(ctx, kind, 0)
				if err := errors.Join(err, r.broken()); err != nil {
					t.Fatalf("%s: %v", kind, err)
				}
				t.Log(r.describe())
			}
			if err := s.compare(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestOpenTime counts only times that two answers prove.
func TestOpenTime(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(1000, int64(ms)*int64(time.Millisecond)) }
	w := &watched{}
	w.book(at(0), at(1), false, nil)
	w.book(at(20), at(21), false, nil)
	w.book(at(40), at(41), true, nil)
	w.book(at(60), at(61), false, nil)
	w.book(at(80), at(231), false, context.DeadlineExceeded)
	w.book(at(240), at(241), false, nil)
	w.book(at(260), at(261), false, nil)
	for name, c := range map[string]struct {
		begin, end  int
		total, last int // ms
	}{
		"all of it":                            {0, 300, 19 + 0 + 19, 260},
		"one answer alone counts as a moment":  {50, 100, 0, 61},
		"from the middle of a run":             {10, 35, 10, 20},
		"nothing is sure where no answer came": {100, 230, 0, -1},
		"closed":                               {30, 55, 0, -1},
	} {
		t.Run(name, func(t *testing.T) {
			total, last := w.open(at(c.begin), at(c.end))
			if total != time.Duration(c.total)*time.Millisecond {
				t.Errorf("open for %s, want %d ms", total, c.total)
			}
			if want := c.last >= 0; last.IsZero() == want || want && !last.Equal(at(c.last)) {
				t.Errorf("last open at %v, want %d ms", last, c.last)
			}
		})
	}
}

func TestBeyond(t *testing.T) {
	for name, c := range map[string]struct{ have, there, extra string }{
		"the same":          {"0-1-10,0-2-12", "0-1-10,0-2-12", ""},
		"behind":            {"0-1-10,0-2-12", "0-1-10,0-2-40", ""},
		"ahead":             {"0-1-11", "0-1-10,0-2-40", "0-1-11"},
		"an unknown origin": {"0-3-5", "0-1-10", "0-3-5"},
		"empty":             {"", "0-1-10", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := beyond(c.have, c.there); err != nil || got != c.extra {
				t.Errorf("%q, %v, want %q", got, err, c.extra)
			}
		})
	}
	if _, err := beyond("nonsense", ""); err == nil {
		t.Error("nonsense was taken for a GTID")
	}
}
