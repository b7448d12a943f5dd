package v2

import (
	"testing"
	"time"

	"orchestrator/internal/topology"
)

// TestTrend: a lag is compared with what it was some minutes ago, and what was not observed is not said.
func TestTrend(t *testing.T) {
	const unknown = -1
	for _, c := range []struct {
		name string
		lags []int64 // one each ten seconds
		want string  // "" for nothing
		by   int64
		done int64
	}{
		{"nothing observed", nil, "", 0, unknown},
		{"too short", []int64{5, 60}, "", 0, unknown},
		{"it grows", []int64{5, 15, 25, 35}, "worse", 30, unknown},
		{"it shrinks", []int64{90, 80, 70, 60}, "better", -30, 60},
		{"it is gone", []int64{90, 40, 0}, "better", -90, 0},
		{"a second more", []int64{30, 31, 30, 32}, "steady", 2, unknown},
		{"a little of much", []int64{1000, 1020, 1040}, "steady", 40, unknown},
		{"it stands still", []int64{30, 40, unknown}, "worse", unknown, unknown},
		{"it was never known", []int64{unknown, unknown, unknown, unknown}, "", 0, unknown},
		{"it is known since", []int64{unknown, unknown, 50, 40, 30}, "better", -20, 30},
		{"only the last minutes count", append([]int64{900, 900, 900}, steadily(10, trendMost)...), "steady", 0, unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := trends{}
			now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
			i := &topology.Instance{Key: topology.Key{Hostname: "a", Port: 1}, Channel: topology.Channel{Source: topology.Key{Hostname: "p", Port: 1}}}
			for _, lag := range c.lags {
				i.Check.Checked, i.Check.Seen = now, now
				if i.Lag = topology.KnownSeconds(lag); lag == unknown {
					i.Lag = topology.Seconds{}
				}
				k.note(now, []*topology.Instance{i})
				now = now.Add(lagEvery)
			}
			got := k.trend(i.Key)
			switch {
			case got == nil || c.want == "":
				if got != nil || c.want != "" {
					t.Fatalf("trend %+v", got)
				}
				return
			case got.Is != c.want:
				t.Errorf("it is %s", got.Is)
			case c.by == unknown && got.Seconds != nil || c.by != unknown && (got.Seconds == nil || *got.Seconds != c.by):
				t.Errorf("by %v", got.Seconds)
			case (c.done == unknown) != (got.Done == nil) || got.Done != nil && *got.Done != c.done:
				t.Errorf("done in %v", got.Done)
			}
			k.note(now, nil)
			if len(k.of) > 0 {
				t.Error("a server that is gone is remembered")
			}
		})
	}
}

func steadily(lag int64, times int) []int64 {
	list := make([]int64, times)
	for n := range list {
		list[n] = lag
	}
	return list
}
