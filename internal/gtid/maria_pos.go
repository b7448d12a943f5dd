package gtid

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
)

// MariaPos is a place in the stream of a MariaDB server: the last GTID of each
// domain, and with it everything before. @@gtid_slave_pos, @@gtid_binlog_pos,
// @@gtid_current_pos and Gtid_IO_Pos are such positions. The zero value is the
// beginning. A MariaPos is an immutable value; compare with Equal, not ==.
//
// Positions are compared domain by domain. The greater sequence number is the
// newer one, whatever the servers: that holds while all have one history. Two
// servers that parted and went on will show different numbers all the same;
// ask the [MariaState] of one of them about the position of the other.
type MariaPos struct {
	gtids []MariaGTID // ascending by domain, each domain once, no Seq is 0
}

// ParseMariaPos reads a list such as "0-1-100,1-2-50" in any order. A domain may
// occur only once. A GTID with sequence number 0 says nothing and is dropped.
// The error names the offending GTID.
func ParseMariaPos(text string) (MariaPos, error) {
	list, err := parseMariaList(text)
	if err != nil {
		return MariaPos{}, fmt.Errorf("parse mariadb position: %w", err)
	}
	p, err := NewMariaPos(list...)
	if err != nil {
		return MariaPos{}, fmt.Errorf("parse mariadb position %s: %w", quote(text), err)
	}
	return p, nil
}

// NewMariaPos makes a position of GTIDs in any order, by the rules of ParseMariaPos.
func NewMariaPos(gtids ...MariaGTID) (MariaPos, error) {
	list := byDomain(gtids)
	for domain := range domainsOf(list) {
		if len(domain) > 1 {
			return MariaPos{}, fmt.Errorf("%s and %s are of the same domain", domain[0], domain[1])
		}
	}
	return MariaPos{gtids: list}, nil
}

// MustParseMariaPos is ParseMariaPos for texts that are known to be good, as in
// tests. It panics on others.
func MustParseMariaPos(text string) MariaPos {
	p, err := ParseMariaPos(text)
	if err != nil {
		panic(err)
	}
	return p
}

// String returns the position as MariaDB takes it, domains ascending.
func (p MariaPos) String() string { return string(appendMariaList(nil, p.gtids)) }

// IsEmpty tells whether the position is the beginning of all domains.
func (p MariaPos) IsEmpty() bool { return len(p.gtids) == 0 }

// All yields the GTID of each domain, domains ascending.
func (p MariaPos) All() iter.Seq[MariaGTID] { return slices.Values(p.gtids) }

// Domain returns the position within a domain. Without one, it is the zero GTID
// of that domain, and ok is false.
func (p MariaPos) Domain(domain uint32) (g MariaGTID, ok bool) {
	at, ok := slices.BinarySearchFunc(p.gtids, domain, func(g MariaGTID, d uint32) int { return cmp.Compare(g.Domain, d) })
	if !ok {
		return MariaGTID{Domain: domain}, false
	}
	return p.gtids[at], true
}

// Equal tells whether both positions have the same GTID in the same domains.
func (p MariaPos) Equal(q MariaPos) bool { return slices.Equal(p.gtids, q.gtids) }

// Contains tells whether p has come as far as q in every domain of q. Where
// the numbers are equal the servers must be, too: otherwise these are two
// transactions, and neither position contains the other.
func (p MariaPos) Contains(q MariaPos) bool {
	for mine, theirs := range pairDomains(p, q) {
		if theirs.Seq > mine.Seq || theirs.Seq == mine.Seq && theirs.Server != mine.Server {
			return false
		}
	}
	return true
}

// Compare says how p stands to q over all domains.
func (p MariaPos) Compare(q MariaPos) Relation {
	return relationOf(p.Contains(q), q.Contains(p))
}

// Union returns the newer GTID of each domain. Of two with the same number it
// takes that of the greater server id.
func (p MariaPos) Union(q MariaPos) MariaPos {
	out := make([]MariaGTID, 0, max(len(p.gtids), len(q.gtids)))
	for mine, theirs := range pairDomains(p, q) {
		if mine.compareNewest(theirs) < 0 {
			mine = theirs
		}
		out = append(out, mine)
	}
	return MariaPos{gtids: out}
}

// MariaGap is a domain in which one position is behind another.
type MariaGap struct {
	Have MariaGTID // zero but for the domain if there is nothing of the domain
	Want MariaGTID
}

// Count returns the distance in sequence numbers. It is at least the number
// of missing transactions, for numbers may have been left out.
func (g MariaGap) Count() uint64 { return g.Want.Seq - g.Have.Seq }

// Missing returns the domains in which q is ahead of p, ascending: what p lacks
// to come as far as q. Two transactions of the same number are no gap.
func (p MariaPos) Missing(q MariaPos) []MariaGap {
	var gaps []MariaGap
	for mine, theirs := range pairDomains(p, q) {
		if theirs.Seq > mine.Seq {
			gaps = append(gaps, MariaGap{Have: mine, Want: theirs})
		}
	}
	return gaps
}

// Ahead returns by how many sequence numbers p is ahead of q, summed over the
// domains in which it is, or the largest uint64 if the sum does not fit.
func (p MariaPos) Ahead(q MariaPos) uint64 {
	var n uint64
	for mine, theirs := range pairDomains(p, q) {
		if mine.Seq > theirs.Seq {
			n = addSaturated(n, mine.Seq-theirs.Seq)
		}
	}
	return n
}

// pairDomains yields, domains ascending, what both have in each domain that
// either knows; the one that does not know it is given its zero GTID.
func pairDomains(p, q MariaPos) iter.Seq2[MariaGTID, MariaGTID] {
	return func(yield func(p, q MariaGTID) bool) {
		a, b := p.gtids, q.gtids
		for len(a) > 0 || len(b) > 0 {
			var mine, theirs MariaGTID
			switch {
			case len(b) == 0 || len(a) > 0 && a[0].Domain < b[0].Domain:
				mine, a = a[0], a[1:]
				theirs.Domain = mine.Domain
			case len(a) == 0 || b[0].Domain < a[0].Domain:
				theirs, b = b[0], b[1:]
				mine.Domain = theirs.Domain
			default:
				mine, a = a[0], a[1:]
				theirs, b = b[0], b[1:]
			}
			if !yield(mine, theirs) {
				return
			}
		}
	}
}

// Within returns the part of p that is in domains of q.
func (p MariaPos) Within(q MariaPos) MariaPos {
	var list []MariaGTID
	for _, g := range p.gtids {
		if slices.ContainsFunc(q.gtids, func(h MariaGTID) bool { return h.Domain == g.Domain }) {
			list = append(list, g)
		}
	}
	return MariaPos{list}
}
