package gtid

import "slices"

// Union returns the transactions that are in s or in t.
func (s Set) Union(t Set) Set {
	return merge(s, t, mergeRule{onlyLeft: true, onlyRight: true, both: unionIntervals})
}

// Subtract returns the transactions of s that are not in t, as MySQL's
// GTID_SUBTRACT does.
func (s Set) Subtract(t Set) Set {
	return merge(s, t, mergeRule{onlyLeft: true, both: subtractIntervals})
}

// Intersect returns the transactions that are in both s and t.
func (s Set) Intersect(t Set) Set {
	return merge(s, t, mergeRule{both: intersectIntervals})
}

// Without returns s less all transactions of these UUIDs, whatever their tag.
// Together with Subtract it finds errant transactions: what a replica has
// beyond its ancestry's UUIDs and beyond its source.
func (s Set) Without(uuids ...UUID) Set {
	return s.filter(func(u UUID) bool { return !slices.Contains(uuids, u) })
}

// Only returns the transactions of s that belong to these UUIDs, whatever their tag.
func (s Set) Only(uuids ...UUID) Set {
	return s.filter(func(u UUID) bool { return slices.Contains(uuids, u) })
}

func (s Set) filter(keep func(UUID) bool) Set {
	var out []entry
	for _, e := range s.entries {
		if keep(e.tsid.UUID) {
			out = append(out, e)
		}
	}
	return Set{entries: out}
}

// mergeRule says what becomes of a source that only one operand knows (kept or
// dropped), and of the intervals of one that both know.
type mergeRule struct {
	onlyLeft, onlyRight bool
	both                func(a, b []Interval) []Interval
}

// merge walks the sources of both operands in order. The result shares the
// intervals that it takes over unchanged.
func merge(s, t Set, rule mergeRule) Set {
	var out []entry
	a, b := s.entries, t.entries
	for len(a) > 0 && len(b) > 0 {
		switch order := a[0].tsid.Compare(b[0].tsid); {
		case order < 0:
			if rule.onlyLeft {
				out = append(out, a[0])
			}
			a = a[1:]
		case order > 0:
			if rule.onlyRight {
				out = append(out, b[0])
			}
			b = b[1:]
		default:
			if ivs := rule.both(a[0].ivs, b[0].ivs); len(ivs) > 0 {
				out = append(out, entry{tsid: a[0].tsid, ivs: ivs})
			}
			a, b = a[1:], b[1:]
		}
	}
	if rule.onlyLeft {
		out = append(out, a...)
	}
	if rule.onlyRight {
		out = append(out, b...)
	}
	return Set{entries: out}
}
