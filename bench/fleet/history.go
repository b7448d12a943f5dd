package fleet

import (
	"fmt"
	"slices"
	"strings"
)

// history is what a server has executed or received: of each server that ever committed, the transactions from the
// first to the last one known. It is sorted by server and never changed in place.
type history struct {
	parts []part
	last  int // the server that committed most recently
}

// part is the transactions 1 to count of a server.
type part struct {
	server int
	count  int64
}

// total counts the transactions.
func (h history) total() int64 {
	var n int64
	for _, p := range h.parts {
		n += p.count
	}
	return n
}

// with gives the history and more transactions of a server.
func (h history) with(server int, count int64) history {
	if count == 0 {
		return h
	}
	return h.union(history{[]part{{server, count}}, server})
}

// union gives what either history has. The longer of the two is taken to end with the newest transaction.
func (h history) union(o history) history {
	switch {
	case len(o.parts) == 0:
		return h
	case len(h.parts) == 0:
		return o
	}
	merged := history{parts: slices.Clone(h.parts), last: h.last}
	for _, p := range o.parts {
		i, found := slices.BinarySearchFunc(merged.parts, p.server, func(q part, server int) int { return q.server - server })
		switch {
		case !found:
			merged.parts = slices.Insert(merged.parts, i, p)
			merged.last = o.last
		case p.count > merged.parts[i].count:
			merged.parts[i].count = p.count
			merged.last = o.last
		}
	}
	return merged
}

// gtidSet prints a history as MySQL does.
func (f *Fleet) gtidSet(h history) string {
	var b strings.Builder
	for i, p := range h.parts {
		if i > 0 {
			b.WriteString(",\n")
		}
		b.WriteString(f.nodes[p.server].uuid)
		b.WriteString(":1")
		if p.count > 1 {
			fmt.Fprintf(&b, "-%d", p.count)
		}
	}
	return b.String()
}

// gtidPos prints a history as MariaDB does, in domain 0.
func (f *Fleet) gtidPos(h history) string {
	if len(h.parts) == 0 {
		return ""
	}
	return fmt.Sprintf("0-%d-%d", f.nodes[h.last].serverID, h.total())
}
