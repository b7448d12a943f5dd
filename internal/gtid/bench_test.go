package gtid

import (
	"strconv"
	"strings"
	"testing"
)

// millionText is a set of a million intervals of one number each, step apart.
func millionText(first, step int) string {
	text := []byte(uuidA)
	for i := range 1_000_000 {
		text = append(text, ':')
		text = strconv.AppendInt(text, int64(first+i*step), 10)
	}
	return string(text)
}

func BenchmarkParse1M(b *testing.B) {
	text := millionText(1, 2)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		MustParse(text)
	}
}

func BenchmarkString1M(b *testing.B) {
	s := MustParse(millionText(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		_ = s.String()
	}
}

func BenchmarkOperations1M(b *testing.B) {
	twos, threes := MustParse(millionText(1, 2)), MustParse(millionText(1, 3))
	same := MustParse(millionText(1, 2))
	one := MustParse(uuidA + ":1999999")
	for _, bench := range []struct {
		name string
		op   func()
	}{
		{"union", func() { twos.Union(threes) }},
		{"union with a part", func() { twos.Union(one) }},
		{"subtract", func() { twos.Subtract(threes) }},
		{"subtract all", func() { twos.Subtract(same) }},
		{"intersect", func() { twos.Intersect(threes) }},
		{"contains", func() { twos.Contains(same) }},
		{"contains one", func() { twos.Contains(one) }},
		{"compare", func() { twos.Compare(threes) }},
		{"count", func() { twos.Count() }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bench.op()
			}
		})
	}
}

// BenchmarkParseUsual reads what most servers have: few sources, few intervals.
func BenchmarkParseUsual(b *testing.B) {
	text := uuidA + ":1-123456789,\n" + uuidB + ":1-77:80-1234,\n" + uuidC + ":1-5"
	b.ReportAllocs()
	for b.Loop() {
		MustParse(text)
	}
}

func BenchmarkParseMariaPos(b *testing.B) {
	text := strings.Join([]string{"0-1-123456789", "1-2-500", "2-3-12"}, ",")
	b.ReportAllocs()
	for b.Loop() {
		MustParseMariaPos(text)
	}
}
