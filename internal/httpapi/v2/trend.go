package v2

import (
	"sync"
	"time"

	"orchestrator/internal/topology"
)

// Trend is whether the lag of a server grows, by what this manager has observed in the last minutes.
type Trend struct {
	Is      string  `json:"is" enum:"better,steady,worse" doc:"of the lag, or worse where a lag was known and is not any more"`
	Seconds *int64  `json:"seconds" doc:"by how much the lag is more (or, below 0, less) than it was; null: it is not known any more"`
	Over    float64 `json:"over_s" doc:"since how long ago it is compared"`
	Done    *int64  `json:"done_s" doc:"in how many seconds it has caught up, if it goes on like this; null: it does not catch up"`
}

// The limits of what is kept of lags.
const (
	trendOver  = 5 * time.Minute
	trendLeast = 20 * time.Second // before that, nothing can be said
	trendMost  = int(trendOver/lagEvery) + 1
)

// trends are the lags of servers in the last minutes, in the memory of this node. Those that never lag are not kept.
type trends struct {
	mu sync.Mutex
	of map[topology.Key][]moment[*int64]
}

// note takes in the lags of a moment.
func (k *trends) note(now time.Time, members []*topology.Instance) {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := make(map[topology.Key][]moment[*int64], len(k.of))
	for _, i := range members {
		var lag *int64
		if i.LastCheckValid() { // else it is what it was before
			lag = greatestLag([]*topology.Instance{i})
		}
		list := k.of[i.Key]
		for len(list) > 0 && (now.Sub(list[0].At) > trendOver || len(list) >= trendMost) {
			list = list[1:]
		}
		list = append(list[:len(list):len(list)], moment[*int64]{now, lag})
		if i.HasSource() && lagged(list) {
			next[i.Key] = list
		} else if i.HasSource() { // where it began, should it lag from now on
			next[i.Key] = list[len(list)-1:]
		}
	}
	k.of = next
}

// lagged says whether there was a lag, or none known, at any moment.
func lagged(list []moment[*int64]) bool {
	for _, m := range list {
		if m.Value == nil || *m.Value > 0 {
			return true
		}
	}
	return false
}

// trend is that of a server; nil where nothing can be said.
func (k *trends) trend(key topology.Key) *Trend {
	k.mu.Lock()
	list := k.of[key]
	k.mu.Unlock()
	return trendOf(list)
}

// trendOf compares the last of the lags with the first that is known.
func trendOf(list []moment[*int64]) *Trend {
	for len(list) > 0 && list[0].Value == nil {
		list = list[1:]
	}
	if len(list) == 0 {
		return nil
	}
	first, last := list[0], list[len(list)-1]
	over := last.At.Sub(first.At)
	if over < trendLeast {
		return nil
	}
	t := &Trend{Is: "worse", Over: over.Seconds()}
	if last.Value == nil {
		return t
	}
	by := *last.Value - *first.Value
	t.Seconds = &by
	switch slack := max(2, *first.Value/20); { // one look more or less is no change
	case by > slack:
	case by < -slack:
		t.Is = "better"
		done := int64(float64(*last.Value) * over.Seconds() / float64(-by))
		t.Done = &done
	default:
		t.Is = "steady"
	}
	return t
}
