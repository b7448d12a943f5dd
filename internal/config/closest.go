package config

import "strings"

// Closest names the known key most like the given one, for "did you mean"; ok is false when none is close. Letter case
// does not count. At most three changed, missing or extra characters are bridged, fewer in short names.
func Closest(name string) (key string, ok bool) {
	limit := min(3, len(name)/3)
	best := limit + 1
	wanted := strings.ToLower(name)
	for _, k := range keyRegistry().keys {
		for _, candidate := range []string{k.Name, k.Alias} {
			if candidate == "" {
				continue
			}
			if d := editDistance(wanted, strings.ToLower(candidate), best); d < best {
				best, key = d, candidate
			}
		}
	}
	return key, best <= limit
}

// editDistance counts inserted, deleted and replaced bytes from a to b (Levenshtein), giving up with limit when it would
// reach that.
func editDistance(a, b string, limit int) int {
	if abs(len(a)-len(b)) >= limit {
		return limit
	}
	previous := make([]int, len(b)+1)
	current := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range len(a) {
		current[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			current[j+1] = min(previous[j]+cost, previous[j+1]+1, current[j]+1)
		}
		previous, current = current, previous
	}
	return min(previous[len(b)], limit)
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
