package gtid

import (
	"fmt"
	"slices"
)

// Builder collects GTIDs, in any order and with repetitions, into a Set. It is
// for readers of binary logs and of other encodings: adding costs about a
// comparison where the numbers arrive in roughly ascending order, and memory
// stays in proportion to the intervals, not to the GTIDs added. The zero value
// is ready to use. A Builder must not be used by two goroutines at once.
type Builder struct {
	pending []pendingEntry
	index   map[TSID]int // nil while pending is short enough to be searched
	current int          // of pending: where the last interval went
}

type pendingEntry struct {
	entry
	unsorted bool // entry.ivs is not in normal form
}

// indexFrom is the number of sources from which on a Builder keeps an index.
const indexFrom = 9

// Add adds one transaction. The error says what is wrong with the GTID.
func (b *Builder) Add(g GTID) error {
	return b.AddInterval(g.TSID(), Interval{g.Seq, g.Seq})
}

// AddInterval adds a run of transactions of one source. The error says what is
// wrong with the tag or the interval.
func (b *Builder) AddInterval(tsid TSID, iv Interval) error {
	if !iv.valid() {
		return fmt.Errorf("add to gtid set %s: interval %d-%d is not within 1-%d", tsid, iv.First, iv.Last, MaxSeq)
	}
	if len(b.pending) == 0 || b.pending[b.current].tsid != tsid {
		if !validTag(tsid.Tag) {
			return fmt.Errorf("add to gtid set %s: tag %s is not one that a server prints", tsid.UUID, quote(tsid.Tag))
		}
		b.enter(tsid, 0)
	}
	b.pending[b.current].add(iv)
	return nil
}

// Set returns what was collected, and empties the Builder.
func (b *Builder) Set() Set {
	var out []entry
	if len(b.pending) > 0 {
		out = make([]entry, 0, len(b.pending))
	}
	for i := range b.pending {
		p := &b.pending[i]
		if p.unsorted {
			p.ivs = normalize(p.ivs)
		}
		out = append(out, entry{tsid: p.tsid, ivs: clip(p.ivs)})
	}
	slices.SortFunc(out, func(x, y entry) int { return x.tsid.Compare(y.tsid) })
	*b = Builder{}
	return Set{entries: out}
}

// enter makes tsid the current source. A new one gets room for so many intervals.
// A source must get at least one interval before the next one is entered.
func (b *Builder) enter(tsid TSID, room int) {
	if at, known := b.lookup(tsid); known {
		b.current = at
		return
	}
	b.current = len(b.pending)
	b.pending = append(b.pending, pendingEntry{entry: entry{tsid: tsid, ivs: make([]Interval, 0, room)}})
	switch {
	case b.index != nil:
		b.index[tsid] = b.current
	case len(b.pending) == indexFrom:
		b.index = make(map[TSID]int)
		for i, p := range b.pending {
			b.index[p.tsid] = i
		}
	}
}

func (b *Builder) lookup(tsid TSID) (at int, known bool) {
	if b.index != nil {
		at, known = b.index[tsid]
		return at, known
	}
	at = slices.IndexFunc(b.pending, func(p pendingEntry) bool { return p.tsid == tsid })
	return at, at >= 0
}

func (p *pendingEntry) add(iv Interval) {
	p.makeRoom()
	if n := len(p.ivs); n == 0 || iv.First >= p.ivs[n-1].First {
		p.ivs = appendInterval(p.ivs, iv)
		return
	}
	p.ivs = append(p.ivs, iv)
	p.unsorted = true
}

// makeRoom tidies an unsorted list before it grows: numbers that arrive a
// little out of order then take no more memory than their intervals need.
func (p *pendingEntry) makeRoom() {
	if !p.unsorted || len(p.ivs) < cap(p.ivs) {
		return
	}
	p.ivs = normalize(p.ivs)
	p.unsorted = false
	// Without this, a list that stays nearly full would be tidied on each addition.
	if len(p.ivs) > cap(p.ivs)/2 {
		p.ivs = slices.Grow(p.ivs, len(p.ivs))
	}
}
