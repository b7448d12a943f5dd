package gtid

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
)

// MariaState is what a MariaDB binary log remembers (@@gtid_binlog_state): for
// each domain the newest GTID of each server that ever committed there, and
// which of them came last. The zero value is that of an empty log. A
// MariaState is an immutable value; compare with Equal, not ==.
type MariaState struct {
	// Ascending by domain. Within a domain ascending by server, except that
	// the one that came last stands last. No Seq is 0.
	gtids []MariaGTID
}

// ParseMariaState reads a list such as "0-1-100,0-2-98,1-1-7". Of the GTIDs of
// one domain, the last in the text is the one that came last. A pair of domain and
// server may occur only once. A GTID with sequence number 0 says nothing and is
// dropped. The error names the offending GTID.
func ParseMariaState(text string) (MariaState, error) {
	list, err := parseMariaList(text)
	if err != nil {
		return MariaState{}, fmt.Errorf("parse mariadb binlog state: %w", err)
	}
	s, err := NewMariaState(list...)
	if err != nil {
		return MariaState{}, fmt.Errorf("parse mariadb binlog state %s: %w", quote(text), err)
	}
	return s, nil
}

// NewMariaState makes a state of GTIDs in the order of a binary log's GTID list, by
// the rules of ParseMariaState.
func NewMariaState(gtids ...MariaGTID) (MariaState, error) {
	list := byDomain(gtids)
	for domain := range domainsOf(list) {
		older := domain[:len(domain)-1]
		slices.SortFunc(older, func(a, b MariaGTID) int { return cmp.Compare(a.Server, b.Server) })
		if a, b, found := sameServer(domain); found {
			return MariaState{}, fmt.Errorf("%s and %s are of the same domain and server", a, b)
		}
	}
	return MariaState{gtids: list}, nil
}

// MustParseMariaState is ParseMariaState for texts that are known to be good, as
// in tests. It panics on others.
func MustParseMariaState(text string) MariaState {
	s, err := ParseMariaState(text)
	if err != nil {
		panic(err)
	}
	return s
}

// String returns the state as MariaDB takes it: domains ascending, and in each
// of them servers ascending but the one that came last at the end.
func (s MariaState) String() string { return string(appendMariaList(nil, s.gtids)) }

// IsEmpty tells whether nothing was ever logged.
func (s MariaState) IsEmpty() bool { return len(s.gtids) == 0 }

// All yields the state's GTIDs in the order of String.
func (s MariaState) All() iter.Seq[MariaGTID] { return slices.Values(s.gtids) }

// Equal tells whether both states have the same GTIDs and in each domain the
// same one last.
func (s MariaState) Equal(t MariaState) bool { return slices.Equal(s.gtids, t.gtids) }

// Position returns where the log ends (@@gtid_binlog_pos): the GTID that came
// last in each domain.
func (s MariaState) Position() MariaPos {
	var last []MariaGTID
	for domain := range domainsOf(s.gtids) {
		last = append(last, domain[len(domain)-1])
	}
	return MariaPos{gtids: last}
}

// ContainsGTID tells whether the log has, or once had, the transaction g: it
// has one of the same server in the same domain that is not older. Sequence
// number 0 is always contained.
func (s MariaState) ContainsGTID(g MariaGTID) bool {
	at, _ := slices.BinarySearchFunc(s.gtids, g.Domain, func(g MariaGTID, d uint32) int { return cmp.Compare(g.Domain, d) })
	for ; at < len(s.gtids) && s.gtids[at].Domain == g.Domain; at++ {
		if s.gtids[at].Server == g.Server {
			return s.gtids[at].Seq >= g.Seq
		}
	}
	return g.Seq == 0
}

// NotLogged returns the GTIDs of p that this log never had, domains ascending.
// A server at position p can follow the log's server only if there are none:
// the others are either still to come here or of another history.
func (s MariaState) NotLogged(p MariaPos) []MariaGTID {
	var strange []MariaGTID
	for _, g := range p.gtids {
		if !s.ContainsGTID(g) {
			strange = append(strange, g)
		}
	}
	return strange
}

// sameServer finds two GTIDs of one server in a domain's list: all but the last
// are sorted by server.
func sameServer(domain []MariaGTID) (a, b MariaGTID, found bool) {
	last := domain[len(domain)-1]
	for i, g := range domain[:len(domain)-1] {
		if g.Server == last.Server {
			return g, last, true
		}
		if i > 0 && domain[i-1].Server == g.Server {
			return domain[i-1], g, true
		}
	}
	return MariaGTID{}, MariaGTID{}, false
}
