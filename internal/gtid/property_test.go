package gtid

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model is a set of GTIDs as anybody would write it down: one key for each.
type model map[GTID]bool

// drawn is a set both ways, and the text that it came from: unsorted,
// overlapping and in mixed case, as the parser takes it.
type drawn struct {
	model model
	set   Set
	text  string
}

// drawSet makes sets of few sources and close intervals, so that any two of
// them meet in many ways.
func drawSet(t *rapid.T, label string) drawn {
	uuids := []string{uuidA, strings.ToUpper(uuidB)}
	tags := []string{"", "t", "T", "tag_2"}
	d := drawn{model: model{}}
	var elements []string
	for range rapid.IntRange(0, 6).Draw(t, label+" elements") {
		u := rapid.SampledFrom(uuids).Draw(t, "uuid")
		element, tag := u, rapid.SampledFrom(tags).Draw(t, "tag")
		if tag != "" {
			element += ":" + tag
		}
		at := rapid.Int64Range(1, 9).Draw(t, "start")
		for range rapid.IntRange(1, 12).Draw(t, "intervals") {
			first := max(1, at+rapid.Int64Range(-2, 4).Draw(t, "gap"))
			last := first + rapid.Int64Range(0, 5).Draw(t, "more")
			element += fmt.Sprintf(":%d-%d", first, last)
			for seq := first; seq <= last; seq++ {
				d.model[GTID{UUID: knownUUID(u), Tag: strings.ToLower(tag), Seq: seq}] = true
			}
			at = last + 1
		}
		elements = append(elements, element)
	}
	d.text = strings.Join(elements, rapid.SampledFrom([]string{",", ",\n", " , "}).Draw(t, "separator"))
	set, err := Parse(d.text)
	if err != nil {
		t.Fatal(err)
	}
	d.set = set
	return d
}

func knownUUID(text string) UUID {
	u, _ := decodeUUID(text)
	return u
}

// checkAgainst fails unless the set has just the model's GTIDs, in normal form.
func checkAgainst(t *rapid.T, what string, got Set, want model) {
	t.Helper()
	checkNormal(t, got)
	n := uint64(0)
	for g := range got.All() {
		n++
		if !want[g] {
			t.Fatalf("%s: %s is too much in %s", what, g, got)
		}
	}
	if n != uint64(len(want)) || got.Count() != n || got.IsEmpty() != (n == 0) {
		t.Fatalf("%s: got %d transactions, counted %d, want %d", what, n, got.Count(), len(want))
	}
}

func (m model) where(keep func(GTID) bool) model {
	out := maps.Clone(m)
	maps.DeleteFunc(out, func(g GTID, _ bool) bool { return !keep(g) })
	return out
}

func (m model) contains(n model) bool {
	for g := range n {
		if !m[g] {
			return false
		}
	}
	return true
}

func TestPropertySetsBehaveLikeTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawSet(t, "a")
		b := drawSet(t, "b")
		if rapid.Bool().Draw(t, "b lies in a") {
			b.set, b.model = b.set.Intersect(a.set), b.model.where(func(g GTID) bool { return a.model[g] })
		}
		textA, textB := a.set.String(), b.set.String()

		both := maps.Clone(a.model)
		maps.Copy(both, b.model)
		checkAgainst(t, "parse", a.set, a.model)
		checkAgainst(t, "union", a.set.Union(b.set), both)
		checkAgainst(t, "subtract", a.set.Subtract(b.set), a.model.where(func(g GTID) bool { return !b.model[g] }))
		checkAgainst(t, "intersect", a.set.Intersect(b.set), a.model.where(func(g GTID) bool { return b.model[g] }))
		u := knownUUID(uuidB)
		checkAgainst(t, "without", a.set.Without(u), a.model.where(func(g GTID) bool { return g.UUID != u }))
		checkAgainst(t, "only", a.set.Only(u), a.model.where(func(g GTID) bool { return g.UUID == u }))

		if got, want := a.set.Contains(b.set), a.model.contains(b.model); got != want {
			t.Fatalf("contains: got %t, want %t", got, want)
		}
		if got, want := a.set.Equal(b.set), maps.Equal(a.model, b.model); got != want {
			t.Fatalf("equal: got %t, want %t", got, want)
		}
		if got, want := a.set.Compare(b.set), relationOf(a.model.contains(b.model), b.model.contains(a.model)); got != want {
			t.Fatalf("compare: got %s, want %s", got, want)
		}
		for g := range both {
			if got, want := a.set.ContainsGTID(g), a.model[g]; got != want {
				t.Fatalf("contains %s: got %t, want %t", g, got, want)
			}
		}
		if a.set.String() != textA || b.set.String() != textB {
			t.Fatal("an operand changed")
		}
	})
}

func TestPropertyParseAndPrintAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSet(t, "set").set
		for _, text := range []string{s.String(), s.Lines(), strings.ToUpper(s.String())} {
			again, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if !again.Equal(s) || again.String() != s.String() {
				t.Fatalf("%q was read as %q", text, again)
			}
		}
	})
}

func TestPropertyBuilderDoesNotMindTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawSet(t, "set")
		gtids := slices.Collect(maps.Keys(d.model))
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		random.Shuffle(len(gtids), func(i, j int) { gtids[i], gtids[j] = gtids[j], gtids[i] })
		var b Builder
		for _, g := range gtids {
			if err := b.Add(g); err != nil {
				t.Fatal(err)
			}
		}
		if got := b.Set(); !got.Equal(d.set) {
			t.Fatalf("got %s, want %s", got, d.set)
		}
	})
}

// TestPropertySeek compares the strides of seek with a plain walk, on lists
// longer than the sets above.
func TestPropertySeek(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []Interval
		at := int64(1)
		for range rapid.IntRange(0, 40).Draw(t, "length") {
			iv := Interval{at + rapid.Int64Range(0, 3).Draw(t, "gap"), 0}
			iv.Last = iv.First + rapid.Int64Range(0, 3).Draw(t, "more")
			list = append(list, iv)
			at = iv.Last + 2
		}
		from := rapid.IntRange(0, len(list)).Draw(t, "from")
		seq := rapid.Int64Range(1, 200).Draw(t, "seq")
		want := from
		for want < len(list) && list[want].Last < seq {
			want++
		}
		if got := seek(list, from, seq); got != want {
			t.Fatalf("from %d for %d in %v: got %d, want %d", from, seq, list, got, want)
		}
	})
}

// drawPos makes a position and the map that says the same.
func drawPos(t *rapid.T, label string) (MariaPos, map[uint32]MariaGTID) {
	domains := map[uint32]MariaGTID{}
	for range rapid.IntRange(0, 4).Draw(t, label+" domains") {
		g := MariaGTID{
			Domain: rapid.Uint32Range(0, 5).Draw(t, "domain"),
			Server: rapid.Uint32Range(1, 2).Draw(t, "server"),
			Seq:    rapid.Uint64Range(1, 5).Draw(t, "seq"),
		}
		domains[g.Domain] = g
	}
	p, err := NewMariaPos(slices.Collect(maps.Values(domains))...)
	if err != nil {
		t.Fatal(err)
	}
	return p, domains
}

func TestPropertyMariaPosBehavesLikeTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, mine := drawPos(t, "p")
		q, theirs := drawPos(t, "q")
		contains := func(a, b map[uint32]MariaGTID) bool {
			for domain, g := range b {
				if h := a[domain]; h.Seq < g.Seq || h.Seq == g.Seq && h != g {
					return false
				}
			}
			return true
		}
		if got, want := p.Contains(q), contains(mine, theirs); got != want {
			t.Fatalf("contains: got %t, want %t", got, want)
		}
		if got, want := p.Compare(q), relationOf(contains(mine, theirs), contains(theirs, mine)); got != want {
			t.Fatalf("compare: got %s, want %s", got, want)
		}
		if got, want := p.Equal(q), maps.Equal(mine, theirs); got != want || got != (p.Compare(q) == Equal) {
			t.Fatalf("equal: got %t, want %t", got, want)
		}
		var ahead uint64
		for domain, g := range mine {
			if h := theirs[domain]; g.Seq > h.Seq {
				ahead += g.Seq - h.Seq
			}
			if got, ok := p.Domain(domain); !ok || got != g {
				t.Fatalf("domain %d: got %s, want %s", domain, got, g)
			}
		}
		if got := p.Ahead(q); got != ahead {
			t.Fatalf("ahead: got %d, want %d", got, ahead)
		}
		var missing uint64
		for _, gap := range q.Missing(p) {
			missing += gap.Count()
		}
		if missing != ahead {
			t.Fatalf("missing: got %d, want %d", missing, ahead)
		}
		if union := p.Union(q); !union.Equal(q.Union(p)) || union.Ahead(p) != q.Ahead(p) || len(union.Missing(p)) > 0 || len(union.Missing(q)) > 0 {
			t.Fatalf("union: got %s", union)
		}
		again, err := ParseMariaPos(p.String())
		if err != nil || !again.Equal(p) {
			t.Fatalf("%q was read as %q, %v", p, again, err)
		}
	})
}
