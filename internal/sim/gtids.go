package sim

import (
	"strconv"
	"strings"
)

// txn is a transaction: its number in the world. Two transactions may carry the same GTID, when a server that lost its
// tail gives a number out again; they are two nevertheless.
type txn int

// record is what the world knows of a transaction.
type record struct {
	origin int   // the server that it was first committed on
	seq    int64 // its number there (MySQL) or in the domain (MariaDB)
	at     moment
	// acked is when a client was told that it is committed; guaranteed says that a replica had confirmed it by then.
	acked      moment
	guaranteed bool
	by         string // who wrote it
}

// span is a run of sequence numbers.
type span struct{ first, last int64 }

// gtidSet is the executed set of a MySQL server, by originating server.
type gtidSet [][]span

func (g *gtidSet) has(origin int, seq int64) bool {
	if origin >= len(*g) {
		return false
	}
	for _, s := range (*g)[origin] {
		if s.first <= seq && seq <= s.last {
			return true
		}
	}
	return false
}

func (g *gtidSet) add(origin int, seq int64) {
	for len(*g) <= origin {
		*g = append(*g, nil)
	}
	spans := (*g)[origin]
	for n := range spans {
		s := &spans[n]
		switch {
		case s.first <= seq && seq <= s.last:
			return
		case seq == s.last+1:
			s.last = seq
			if n+1 < len(spans) && spans[n+1].first == seq+1 {
				s.last = spans[n+1].last
				(*g)[origin] = append(spans[:n+1], spans[n+2:]...)
			}
			return
		case seq == s.first-1:
			s.first = seq
			return
		case seq < s.first:
			(*g)[origin] = append(spans[:n:n], append([]span{{seq, seq}}, spans[n:]...)...)
			return
		}
	}
	(*g)[origin] = append(spans, span{seq, seq})
}

// text prints the set as MySQL does.
func (g *gtidSet) text(w *World) string {
	var b strings.Builder
	for origin, spans := range *g {
		if len(spans) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(w.servers[origin].uuid)
		for _, s := range spans {
			b.WriteByte(':')
			b.WriteString(strconv.FormatInt(s.first, 10))
			if s.last > s.first {
				b.WriteByte('-')
				b.WriteString(strconv.FormatInt(s.last, 10))
			}
		}
	}
	return b.String()
}

// mariaGTID prints the GTID of a transaction as MariaDB does.
func (w *World) mariaGTID(t txn) string {
	r := &w.txns[t]
	return "0-" + strconv.Itoa(w.servers[r.origin].serverID) + "-" + strconv.FormatInt(r.seq, 10)
}
