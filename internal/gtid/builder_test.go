package gtid

import (
	"encoding/binary"
	"strings"
	"testing"
)

func TestBuilderKeepsMemoryInProportionToIntervals(t *testing.T) {
	var b Builder
	a := mustUUID(t, uuidA)
	const n = 10000
	for seq := int64(1); seq <= n; seq += 2 { // 2, 1, 4, 3, 6, 5, ...
		for _, s := range []int64{seq + 1, seq} {
			if err := b.Add(GTID{UUID: a, Seq: s}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := cap(b.pending[0].ivs); got > 100 {
		t.Errorf("room for %d intervals, where one would do", got)
	}
	if got, want := b.Set().String(), uuidA+":1-10000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBuilderTakesManySourcesInAnyOrder(t *testing.T) {
	var b Builder
	const n = 100
	for round := range int64(3) {
		for i := range uint64(n) {
			var u UUID
			binary.BigEndian.PutUint64(u[8:], i*37%n) // every number below n, once
			if err := b.Add(GTID{UUID: u, Seq: 3 - round}); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := b.Set()
	checkNormal(t, s)
	if len(s.UUIDs()) != n || s.Count() != 3*n || len(s.entries) != n {
		t.Errorf("got %d sources with %d transactions: %s", len(s.entries), s.Count(), s)
	}
}

func TestBuilderIsEmptyAfterSet(t *testing.T) {
	var b Builder
	a := mustUUID(t, uuidA)
	add := func(seq int64) {
		t.Helper()
		if err := b.Add(GTID{UUID: a, Seq: seq}); err != nil {
			t.Fatal(err)
		}
	}
	add(1)
	first := b.Set()
	add(2)
	if second := b.Set(); first.String() != uuidA+":1" || second.String() != uuidA+":2" || !b.Set().IsEmpty() {
		t.Errorf("got %q, then %q", first, second)
	}
}

func TestBuilderRefuses(t *testing.T) {
	a := mustUUID(t, uuidA)
	tests := []struct {
		name string
		tag  string
		iv   Interval
		want string
	}{
		{"zero", "", Interval{0, 1}, "interval 0-1 is not within"},
		{"negative", "", Interval{-1, 1}, "interval -1-1 is not within"},
		{"reversed", "t", Interval{5, 3}, uuidA + ":t: interval 5-3"},
		{"too large", "", Interval{1, MaxSeq + 1}, "interval 1-9223372036854775807"},
		{"upper case tag", "T", Interval{1, 1}, `tag "T"`},
		{"tag beginning with a digit", "1t", Interval{1, 1}, `tag "1t"`},
		{"tag with a colon", "a:b", Interval{1, 1}, `tag "a:b"`},
		{"long tag", strings.Repeat("x", 33), Interval{1, 1}, "tag "},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var b Builder
			err := b.AddInterval(TSID{a, tc.tag}, tc.iv)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want %q", err, tc.want)
			}
			if s := b.Set(); !s.IsEmpty() {
				t.Errorf("got %q", s)
			}
		})
	}
}
