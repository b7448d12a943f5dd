package gtid

import (
	"cmp"
	"slices"
	"strconv"
)

// Interval is a run of transaction numbers, both ends included:
// 1 <= First <= Last <= MaxSeq.
type Interval struct {
	First, Last int64
}

// Len returns how many numbers the interval holds.
func (iv Interval) Len() uint64 { return uint64(iv.Last-iv.First) + 1 }

// String returns "5" or "5-9".
func (iv Interval) String() string { return string(iv.append(nil)) }

func (iv Interval) append(to []byte) []byte {
	to = strconv.AppendInt(to, iv.First, 10)
	if iv.Last != iv.First {
		to = append(to, '-')
		to = strconv.AppendInt(to, iv.Last, 10)
	}
	return to
}

func (iv Interval) valid() bool {
	return 1 <= iv.First && iv.First <= iv.Last && iv.Last <= MaxSeq
}

// Lists of intervals are in normal form where nothing else is said: ascending,
// with at least one number missing between neighbours. The functions named
// ...Intervals never write to their operands, but may return one of them.

// appendInterval adds iv to a list whose last interval begins at or before
// iv.First, joining the two if they touch. It writes to the list.
func appendInterval(list []Interval, iv Interval) []Interval {
	if n := len(list); n > 0 && iv.First <= list[n-1].Last+1 {
		list[n-1].Last = max(list[n-1].Last, iv.Last)
		return list
	}
	return append(list, iv)
}

// normalize brings any list into normal form, in place.
func normalize(list []Interval) []Interval {
	slices.SortFunc(list, func(a, b Interval) int { return cmp.Compare(a.First, b.First) })
	out := list[:0]
	for _, iv := range list {
		out = appendInterval(out, iv)
	}
	return out
}

// clip gives back memory when a list fills less than half of what it holds.
func clip(list []Interval) []Interval {
	if len(list) < cap(list)/2 {
		return slices.Clone(list)
	}
	return list
}

// seek returns the index of the first interval, from index from on, that ends
// at or after seq. It takes growing strides, so that walking two lists together
// costs little both when they are of one size and when one of them is tiny.
func seek(list []Interval, from int, seq int64) int {
	low, stride := from, 1
	for low+stride <= len(list) && list[low+stride-1].Last < seq {
		low += stride
		stride *= 2
	}
	high := min(low+stride, len(list))
	for low < high {
		mid := int(uint(low+high) / 2)
		if list[mid].Last < seq {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

func containsIntervals(a, b []Interval) bool {
	at := 0
	for _, iv := range b {
		at = seek(a, at, iv.First)
		if at == len(a) || a[at].First > iv.First || a[at].Last < iv.Last {
			return false
		}
	}
	return true
}

func unionIntervals(a, b []Interval) []Interval {
	// Most unions join a set and a part of it; those need no memory.
	switch {
	case containsIntervals(a, b):
		return a
	case containsIntervals(b, a):
		return b
	}
	out := make([]Interval, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].First <= b[0].First {
			out, a = appendInterval(out, a[0]), a[1:]
		} else {
			out, b = appendInterval(out, b[0]), b[1:]
		}
	}
	for _, iv := range a {
		out = appendInterval(out, iv)
	}
	for _, iv := range b {
		out = appendInterval(out, iv)
	}
	return clip(out)
}

func subtractIntervals(a, b []Interval) []Interval {
	var out []Interval
	at := 0
	for _, iv := range a {
		at = seek(b, at, iv.First)
		for ; at < len(b) && b[at].First <= iv.Last; at++ {
			if iv.First < b[at].First {
				out = append(out, Interval{iv.First, b[at].First - 1})
			}
			iv.First = b[at].Last + 1
			if iv.First > iv.Last {
				break // b[at] may reach into the next interval of a
			}
		}
		if iv.First <= iv.Last {
			out = append(out, iv)
		}
	}
	return out
}

func intersectIntervals(a, b []Interval) []Interval {
	if len(a) > len(b) {
		a, b = b, a // stride through the longer one
	}
	var out []Interval
	at := 0
	for _, iv := range a {
		at = seek(b, at, iv.First)
		for ; at < len(b) && b[at].First <= iv.Last; at++ {
			out = append(out, Interval{max(iv.First, b[at].First), min(iv.Last, b[at].Last)})
			if b[at].Last > iv.Last {
				break // b[at] may reach into the next interval of a
			}
		}
	}
	return out
}
