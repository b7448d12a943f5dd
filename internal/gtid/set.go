package gtid

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// Set is a set of MySQL GTIDs. The zero value is the empty set. A Set is an
// immutable value: copy it, share it, keep it. Compare sets with Equal, not ==.
type Set struct {
	// Ascending by TSID, none of them empty. Neither this slice nor the
	// intervals below it are written after the set has been built, for sets
	// share them.
	entries []entry
}

// entry holds the transactions of one source, in the normal form of interval.go.
type entry struct {
	tsid TSID
	ivs  []Interval
}

// IsEmpty tells whether the set has no transaction.
func (s Set) IsEmpty() bool { return len(s.entries) == 0 }

// Count returns the number of transactions in the set, or the largest uint64 if
// it does not fit (servers do not number that far, but texts can).
func (s Set) Count() uint64 {
	var n uint64
	for _, e := range s.entries {
		for _, iv := range e.ivs {
			n = addSaturated(n, iv.Len())
		}
	}
	return n
}

// Contains tells whether every transaction of t is in s.
func (s Set) Contains(t Set) bool {
	at := 0
	for _, e := range t.entries {
		for at < len(s.entries) && s.entries[at].tsid.Compare(e.tsid) < 0 {
			at++
		}
		if at == len(s.entries) || s.entries[at].tsid != e.tsid || !containsIntervals(s.entries[at].ivs, e.ivs) {
			return false
		}
	}
	return true
}

// ContainsGTID tells whether the transaction g is in s.
func (s Set) ContainsGTID(g GTID) bool {
	ivs := s.find(g.TSID())
	at, found := slices.BinarySearchFunc(ivs, g.Seq, func(iv Interval, seq int64) int { return cmp.Compare(iv.First, seq) })
	return found || at > 0 && g.Seq <= ivs[at-1].Last
}

// Equal tells whether both sets hold the same transactions.
func (s Set) Equal(t Set) bool {
	return slices.EqualFunc(s.entries, t.entries, func(a, b entry) bool {
		return a.tsid == b.tsid && slices.Equal(a.ivs, b.ivs)
	})
}

// Compare says how s stands to t.
func (s Set) Compare(t Set) Relation {
	if s.Equal(t) {
		return Equal
	}
	return relationOf(s.Contains(t), t.Contains(s))
}

// UUIDs returns the UUIDs that occur in the set, ascending, each once.
func (s Set) UUIDs() []UUID {
	uuids := make([]UUID, 0, len(s.entries))
	for _, e := range s.entries {
		if n := len(uuids); n == 0 || uuids[n-1] != e.tsid.UUID {
			uuids = append(uuids, e.tsid.UUID)
		}
	}
	return uuids
}

// Intervals yields the set's intervals with their source, ascending. Touching
// intervals are always joined.
func (s Set) Intervals() iter.Seq2[TSID, Interval] {
	return func(yield func(TSID, Interval) bool) {
		for _, e := range s.entries {
			for _, iv := range e.ivs {
				if !yield(e.tsid, iv) {
					return
				}
			}
		}
	}
}

// All yields every single transaction, ascending. Nothing is built in advance,
// so a caller may stop early on sets of any size.
func (s Set) All() iter.Seq[GTID] {
	return func(yield func(GTID) bool) {
		for tsid, iv := range s.Intervals() {
			for seq := iv.First; seq <= iv.Last; seq++ {
				if !yield(GTID{UUID: tsid.UUID, Tag: tsid.Tag, Seq: seq}) {
					return
				}
			}
		}
	}
}

// find returns the intervals of a source, nil if the set has none.
func (s Set) find(tsid TSID) []Interval {
	at, found := slices.BinarySearchFunc(s.entries, tsid, func(e entry, t TSID) int { return e.tsid.Compare(t) })
	if !found {
		return nil
	}
	return s.entries[at].ivs
}

func addSaturated(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}
