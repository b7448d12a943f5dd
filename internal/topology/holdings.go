package topology

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"orchestrator/internal/gtid"
)

// StretchKind says how a server stands to a run of transactions.
type StretchKind string

// How a server stands to a run of transactions.
const (
	StretchLogged  StretchKind = "logged"  // executed, and not known to be purged
	StretchPurged  StretchKind = "purged"  // executed, and in none of its binary logs any more
	StretchErrant  StretchKind = "errant"  // executed, and neither from its source nor from above
	StretchMissing StretchKind = "missing" // not executed, though another server has
)

// Stretch is a run of transactions of one source.
type Stretch struct {
	Kind StretchKind
	gtid.Interval
}

func (s Stretch) String() string { return string(s.Kind) + " " + s.Interval.String() }

// Holding is what one server has of the transactions that its cluster knows.
type Holding struct {
	Server   *Instance
	Known    bool // it tells what it has executed
	Executed TransactionSet
	Lacks    TransactionSet // what others have, errant transactions excepted
	Alone    TransactionSet // what no other server is known to have
	errant   TransactionSet
	purged   TransactionSet
}

// Holdings are those of servers, which belong together.
type Holdings struct {
	Servers []Holding
	All     TransactionSet // what any of them has
}

// TransactionSet is a set of transactions of either vendor. A position of MariaDB stands for everything before it: it is
// the set of all numbers up to it in each domain, which are the sources of such a set.
type TransactionSet struct {
	gtid.Set
	domains bool
}

// TransactionSource is a source within a set: a UUID of MySQL with its tag, or a domain of MariaDB.
type TransactionSource struct {
	tsid   gtid.TSID
	domain bool
}

// UUID is the server under whose name transactions were committed; "" with MariaDB, whose domains have many.
func (s TransactionSource) UUID() string {
	if s.domain {
		return ""
	}
	return s.tsid.UUID.String()
}

func (s TransactionSource) String() string {
	if s.domain {
		return fmt.Sprintf("domain %d", binary.BigEndian.Uint32(s.tsid.UUID[12:]))
	}
	return s.tsid.String()
}

// String prints the set as its servers do; of MariaDB's, which have no such form, each domain with its numbers.
func (s TransactionSet) String() string {
	if !s.domains {
		return s.Set.String()
	}
	var parts []string
	for tsid, run := range s.Intervals() {
		parts = append(parts, fmt.Sprintf("%s: %s", TransactionSource{tsid, true}, run))
	}
	return strings.Join(parts, ", ")
}

// Sources are those of the set, that with the most transactions first.
func (s TransactionSet) Sources() []TransactionSource {
	counts := map[gtid.TSID]uint64{}
	for tsid, run := range s.Intervals() {
		counts[tsid] += run.Len()
	}
	var list []TransactionSource
	for tsid := range counts {
		list = append(list, TransactionSource{tsid, s.domains})
	}
	slices.SortFunc(list, func(a, b TransactionSource) int {
		return cmp.Or(cmp.Compare(counts[b.tsid], counts[a.tsid]), a.tsid.Compare(b.tsid))
	})
	return list
}

// CountOf is how many transactions of a source are in the set.
func (s TransactionSet) CountOf(source TransactionSource) (n uint64) {
	for tsid, run := range s.Intervals() {
		if tsid == source.tsid {
			n += run.Len()
		}
	}
	return n
}

func (s TransactionSet) union(t TransactionSet) TransactionSet {
	return TransactionSet{s.Union(t.Set), s.domains || t.domains}
}

func (s TransactionSet) without(t TransactionSet) TransactionSet {
	return TransactionSet{s.Subtract(t.Set), s.domains || t.domains}
}

// ExecutedBy reads what a server has executed; known is false when it does not tell, or what it tells cannot be read.
func ExecutedBy(i *Instance) (set TransactionSet, known bool) {
	if i.ExecutedSet == "" {
		return TransactionSet{domains: i.IsMariaDB()}, false
	}
	if i.IsMariaDB() {
		return positionSet(i.ExecutedSet)
	}
	s, err := gtid.Parse(i.ExecutedSet)
	return TransactionSet{Set: s}, err == nil
}

// positionSet is everything up to a position of MariaDB.
func positionSet(text string) (TransactionSet, bool) {
	none := TransactionSet{domains: true}
	p, err := gtid.ParseMariaPos(text)
	if err != nil {
		return none, false
	}
	var b gtid.Builder
	for g := range p.All() {
		var domain gtid.UUID
		binary.BigEndian.PutUint32(domain[12:], g.Domain)
		last := gtid.MaxSeq
		if g.Seq < math.MaxInt64 {
			last = int64(g.Seq)
		}
		if err := b.AddInterval(gtid.TSID{UUID: domain}, gtid.Interval{First: 1, Last: last}); err != nil {
			return none, false
		}
	}
	return TransactionSet{b.Set(), true}, true
}

// HoldingsOf compares what servers have.
func HoldingsOf(servers []*Instance) Holdings {
	h := Holdings{}
	var errant TransactionSet
	once, more := TransactionSet{}, TransactionSet{}
	for _, i := range servers {
		x := Holding{Server: i}
		x.Executed, x.Known = ExecutedBy(i)
		if !i.IsMariaDB() { // what cannot be read is not shown as something else
			e, _ := gtid.Parse(i.ErrantSet)
			p, _ := gtid.Parse(i.PurgedSet)
			x.errant, x.purged = TransactionSet{Set: e.Intersect(x.Executed.Set)}, TransactionSet{Set: p.Intersect(x.Executed.Set)}
		}
		errant = errant.union(x.errant)
		more = more.union(TransactionSet{once.Intersect(x.Executed.Set), x.Executed.domains})
		once = once.union(x.Executed)
		h.Servers = append(h.Servers, x)
	}
	h.All = once
	expected, single := once.without(errant), once.without(more)
	for n := range h.Servers {
		x := &h.Servers[n]
		if x.Known {
			x.Lacks = expected.without(x.Executed)
		}
		x.Alone = TransactionSet{single.Intersect(x.Executed.Set), single.domains}
	}
	return h
}

// Stretches are the runs of one source's transactions, in order; none overlaps another.
func (x *Holding) Stretches(source TransactionSource) []Stretch {
	purged := x.purged.without(x.errant)
	var list []Stretch
	for _, of := range []struct {
		kind StretchKind
		set  TransactionSet
	}{
		{StretchLogged, x.Executed.without(x.errant).without(purged)}, {StretchPurged, purged}, {StretchErrant, x.errant}, {StretchMissing, x.Lacks},
	} {
		for tsid, run := range of.set.Intervals() {
			if tsid == source.tsid {
				list = append(list, Stretch{of.kind, run})
			}
		}
	}
	slices.SortFunc(list, func(a, b Stretch) int { return cmp.Compare(a.First, b.First) })
	return list
}

// CouldFeed says whether server r could go on from the binary logs of s, as both are: by the rules of replication, and
// because s has all that r has, and still logs what r lacks. It returns nil when it could.
func CouldFeed(s, r *Holding, rules ReplicationRules) *Refusal {
	if no := CanReplicate(r.Server, s.Server, rules); no != nil {
		return no
	}
	if !s.Known || !r.Known {
		return &Refusal{"unknown-history", fmt.Sprintf("what %s and %s have executed is not known", s.Server.Key, r.Server.Key), "discover both again"}
	}
	if ahead := r.Executed.without(s.Executed); !ahead.IsEmpty() {
		return &Refusal{"behind", fmt.Sprintf("%s lacks what %s has: %s", s.Server.Key, r.Server.Key, ahead), "wait for it, or move what is behind below what is ahead"}
	}
	if gone := s.purged.without(r.Executed); !gone.IsEmpty() {
		return &Refusal{"purged", fmt.Sprintf("%s has purged transactions that %s lacks: %s", s.Server.Key, r.Server.Key, gone), "rebuild it from a backup, or name a source that still has them"}
	}
	return nil
}
