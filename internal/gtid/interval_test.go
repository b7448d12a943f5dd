package gtid

import "testing"

// fromBits makes the intervals of a small set written as a bit mask: bit i is
// the number i+1.
func fromBits(bits uint) []Interval {
	var list []Interval
	for i := int64(0); bits>>i != 0; i++ {
		if bits>>i&1 == 1 {
			list = appendInterval(list, Interval{i + 1, i + 1})
		}
	}
	return list
}

// toBits is the inverse of fromBits. It fails on lists that are not in normal form.
func toBits(t *testing.T, list []Interval) uint {
	t.Helper()
	var bits uint
	for i, iv := range list {
		if !iv.valid() || i > 0 && iv.First <= list[i-1].Last+1 {
			t.Fatalf("not in normal form: %v", list)
		}
		for seq := iv.First; seq <= iv.Last; seq++ {
			bits |= 1 << (seq - 1)
		}
	}
	return bits
}

// TestIntervalsExhaustively tries every pair of sets of the numbers 1 to 8.
func TestIntervalsExhaustively(t *testing.T) {
	const all = 1 << 8
	var lists [all][]Interval
	for bits := range uint(all) {
		lists[bits] = fromBits(bits)
	}
	for a := range uint(all) {
		for b := range uint(all) {
			la, lb := lists[a], lists[b]
			if got := toBits(t, unionIntervals(la, lb)); got != a|b {
				t.Fatalf("%v union %v: got %b", la, lb, got)
			}
			if got := toBits(t, subtractIntervals(la, lb)); got != a&^b {
				t.Fatalf("%v minus %v: got %b", la, lb, got)
			}
			if got := toBits(t, intersectIntervals(la, lb)); got != a&b {
				t.Fatalf("%v intersect %v: got %b", la, lb, got)
			}
			if got := containsIntervals(la, lb); got != (b&^a == 0) {
				t.Fatalf("%v contains %v: got %t", la, lb, got)
			}
		}
	}
	for bits := range uint(all) {
		if toBits(t, lists[bits]) != bits {
			t.Fatalf("%b: an operand changed to %v", bits, lists[bits])
		}
	}
}

func TestUnionDoesNotKeepRoomForJoinedIntervals(t *testing.T) {
	const all = 1 << 20
	union := unionIntervals(fromBits(all/3), fromBits(all/3<<1))
	if len(union) != 1 || cap(union) > 2 {
		t.Errorf("got %v in room for %d", union, cap(union))
	}
}
