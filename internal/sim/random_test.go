package sim

import (
	"flag"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"
)

var (
	scenarios = flag.Int("simulate", 0, "how many random scenarios each test runs; 0 is as many as it runs by itself")
	first     = flag.Uint64("seed", 1, "seed of the first random scenario")
)

// oneThread makes what runs in bubbles depend on virtual time alone, and restores everything when the test ends.
func oneThread(t *testing.T) {
	t.Helper()
	threads, garbage := runtime.GOMAXPROCS(1), debug.SetGCPercent(400)
	t.Cleanup(func() {
		runtime.GOMAXPROCS(threads)
		debug.SetGCPercent(garbage)
	})
}

// orElse is how many scenarios to run.
func orElse(n int) int {
	switch {
	case *scenarios > 0:
		return *scenarios
	case testing.Short():
		return max(n/10, 1)
	}
	return n
}

// known are the seeds that break something that is not mended yet, with the invariant. See docs/reliability.md.
var known = map[uint64]Invariant{}

func TestRandomScenariosBreakNothing(t *testing.T) {
	oneThread(t)
	n := orElse(500)
	r := NewRunner()
	began := time.Now()
	broken, acks, promotions := 0, 0, 0
	var longest time.Duration
	for seed := *first; seed < *first+uint64(n); seed++ {
		result := run(t, r, Random(seed))
		acks += result.Acknowledged
		promotions += result.Promotions
		longest = max(longest, result.TwoWriters)
		if invariant, ok := known[seed]; ok {
			if len(result.Violations) != 1 || result.Violations[0].Invariant != invariant {
				t.Errorf("seed %d breaks %v, not %s alone: is it mended?", seed, result.Violations, invariant)
			}
			continue
		}
		if len(result.Violations) == 0 {
			continue
		}
		if broken++; broken == 1 {
			t.Error(result.Story())
		} else {
			t.Errorf("seed %d: %s", seed, result.Violations[0])
		}
	}
	t.Logf("%d scenarios in %s: %d broken; %d transactions acknowledged, %d servers promoted, two writers in plain sight for %s at most",
		n, time.Since(began).Round(time.Millisecond), broken, acks, promotions, longest.Round(time.Millisecond))
	if promotions == 0 || acks == 0 {
		t.Error("nothing happened")
	}
}

func TestASeedIsTheSameStoryAgain(t *testing.T) {
	oneThread(t)
	r := NewRunner()
	n := orElse(60)
	for seed := *first; seed < *first+uint64(n); seed++ {
		told := []*Result{run(t, r, Random(seed))}
		same := false
		// A goroutine that is kept from its processor for 10 ms loses its turn, by the real clock.
		for tries := 0; !same && tries < 3; tries++ {
			next := run(t, r, Random(seed))
			same = slices.ContainsFunc(told, func(one *Result) bool { return one.Trace == next.Trace })
			told = append(told, next)
		}
		if !same {
			t.Fatalf("first:\n%s\nthen:\n%s", told[0].Story(), told[1].Story())
		}
	}
}
