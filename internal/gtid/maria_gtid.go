package gtid

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// MariaGTID names one transaction of MariaDB. Within a domain the sequence
// numbers of one history only grow, whichever server commits.
type MariaGTID struct {
	Domain uint32 // @@gtid_domain_id of the session that committed it
	Server uint32 // @@server_id of the server that first committed it
	Seq    uint64 // 0 stands for "nothing yet" and never names a transaction
}

// ParseMariaGTID reads one "domain-server-sequence", with blanks around it.
// The error names the text and what is wrong with it.
func ParseMariaGTID(text string) (MariaGTID, error) {
	domain, rest, _ := strings.Cut(strings.Trim(text, blanks), "-")
	server, seq, _ := strings.Cut(rest, "-")
	var err error
	number := func(part, name string, bits int) uint64 {
		n, parseErr := strconv.ParseUint(part, 10, bits)
		if parseErr != nil && err == nil {
			err = fmt.Errorf("parse mariadb gtid %s: %s %s is not a number of %d bits, want domain-server-sequence",
				quote(text), name, quote(part), bits)
		}
		return n
	}
	g := MariaGTID{
		Domain: uint32(number(domain, "domain", 32)),
		Server: uint32(number(server, "server", 32)),
		Seq:    number(seq, "sequence", 64),
	}
	if err != nil {
		return MariaGTID{}, err
	}
	return g, nil
}

// String returns "domain-server-sequence".
func (g MariaGTID) String() string { return string(g.append(nil)) }

func (g MariaGTID) append(to []byte) []byte {
	to = strconv.AppendUint(to, uint64(g.Domain), 10)
	to = append(to, '-')
	to = strconv.AppendUint(to, uint64(g.Server), 10)
	to = append(to, '-')
	return strconv.AppendUint(to, g.Seq, 10)
}

// compareNewest orders the GTIDs of one domain by age. The server decides
// between two of one number, only so that the order is total.
func (g MariaGTID) compareNewest(h MariaGTID) int {
	return cmp.Or(cmp.Compare(g.Seq, h.Seq), cmp.Compare(g.Server, h.Server))
}

// parseMariaList reads a comma-separated list in its order. An empty text is an
// empty list.
func parseMariaList(text string) ([]MariaGTID, error) {
	if strings.Trim(text, blanks) == "" {
		return nil, nil
	}
	list := make([]MariaGTID, 0, 1+strings.Count(text, ","))
	for part := range strings.SplitSeq(text, ",") {
		g, err := ParseMariaGTID(part)
		if err != nil {
			return nil, err
		}
		list = append(list, g)
	}
	return list, nil
}

func appendMariaList(to []byte, list []MariaGTID) []byte {
	for i, g := range list {
		if i > 0 {
			to = append(to, ',')
		}
		to = g.append(to)
	}
	return to
}

// byDomain copies a list without the GTIDs that say nothing, domains ascending.
// Within a domain the order stays.
func byDomain(gtids []MariaGTID) []MariaGTID {
	var list []MariaGTID
	for _, g := range gtids {
		if g.Seq > 0 {
			list = append(list, g)
		}
	}
	slices.SortStableFunc(list, func(a, b MariaGTID) int { return cmp.Compare(a.Domain, b.Domain) })
	return list
}

// domainsOf yields the parts of a list, sorted by domain, that belong to one domain.
func domainsOf(list []MariaGTID) iter.Seq[[]MariaGTID] {
	return func(yield func([]MariaGTID) bool) {
		for start := 0; start < len(list); {
			end := start + 1
			for end < len(list) && list[end].Domain == list[start].Domain {
				end++
			}
			if !yield(list[start:end]) {
				return
			}
			start = end
		}
	}
}
