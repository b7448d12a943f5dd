package main

import (
	"fmt"
	"slices"
	"time"
)

// print prints what was measured, a row for each kind.
func (s *series) print() {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Println("\n| what happened | rounds | a leader again: median | most | writes possible: median | most |\n| --- | --- | --- | --- | --- | --- |")
	var all []time.Duration
	for _, k := range slices.Concat(allKinds, namedKinds) {
		took, fixed := s.took[k], s.fixed[k]
		if len(took)+len(fixed) == 0 {
			continue
		}
		all = append(all, took...)
		fmt.Printf("| %s | %d | %s | %s | %s | %s |\n", k, max(len(took), len(fixed)), median(took), most(took), median(fixed), most(fixed))
	}
	fmt.Printf("\na leader again, all kinds: median %s, most %s; %d decisions, %d failovers, %d samples of who leads\n", median(all), most(all), len(s.decisions), s.failovers, s.times)
}

func median(list []time.Duration) string {
	if len(list) == 0 {
		return "–"
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2].Round(time.Millisecond).String()
}

func most(list []time.Duration) string {
	if len(list) == 0 {
		return "–"
	}
	return slices.Max(list).Round(time.Millisecond).String()
}
