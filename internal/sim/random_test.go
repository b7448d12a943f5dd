package sim

import (
	"flag"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

var (
	count0 = flag.Int("simulate", 0, "how many random scenarios to run; 0 is as many as the tests need")
	seed0  = flag.Uint64("seed", 1, "seed of the first one")
	story0 = flag.Bool("story", false, "print the story of each")
)

// oneThread makes what runs in bubbles depend on virtual time alone: it restores the number of threads when the test
// ends.
func oneThread(t *testing.T) {
	t.Helper()
	before := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

func TestRandomScenariosBreakNothing(t *testing.T) {
	oneThread(t)
	n := *count0
	if n == 0 {
		n = 300
	}
	r := NewRunner()
	began := time.Now()
	broken := 0
	var longest time.Duration
	acks, promotions, lost := 0, 0, 0
	kinds := map[Invariant]int{}
	for seed := *seed0; seed < *seed0+uint64(n); seed++ {
		var result *Result
		synctest.Test(t, func(*testing.T) {
			sc := Random(seed)
			sc.Verbose = *story0
			result = r.Run(sc)
			if *story0 {
				t.Log(result.Story())
			}
		})
		acks += result.Acknowledged
		promotions += result.Promotions
		lost += result.Lost
		longest = max(longest, result.TwoWriters)
		if len(result.Violations) > 0 {
			broken++
			for _, v := range result.Violations {
				kinds[v.Invariant]++
				if kinds[v.Invariant] <= 6 {
					t.Logf("seed %d: %v", seed, v)
				}
			}
			if broken > 3 {
				t.Fail()
				continue
			}
			t.Fail()
		}
	}
	t.Logf("%d scenarios in %s: %d broken %v, %d acknowledged, %d lost, %d promotions, two writers for %s at most", n, time.Since(began).Round(time.Millisecond), broken, kinds, acks, lost, promotions, longest)
}
