package gtid

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// MaxSeq is the largest number that MySQL gives to a transaction: its intervals
// are half open inside, so the largest int64 is only ever an end.
const MaxSeq int64 = math.MaxInt64 - 1

// maxTagLen is the longest tag that a server takes.
const maxTagLen = 32

// TSID is a transaction source identifier: the server (or group) that numbered
// a transaction, and the tag under which it did so. The empty tag is no tag.
// Each TSID has its own sequence of numbers. Tags are in lower case.
type TSID struct {
	UUID UUID
	Tag  string
}

// Compare orders by UUID, then by tag with the untagged first, as servers print.
func (t TSID) Compare(u TSID) int {
	return cmp.Or(t.UUID.Compare(u.UUID), strings.Compare(t.Tag, u.Tag))
}

// String returns "uuid" or "uuid:tag".
func (t TSID) String() string { return string(t.append(nil)) }

func (t TSID) append(to []byte) []byte {
	to = t.UUID.append(to)
	if t.Tag != "" {
		to = append(to, ':')
		to = append(to, t.Tag...)
	}
	return to
}

// GTID names one transaction of MySQL. Tag is empty or in lower case.
type GTID struct {
	UUID UUID
	Tag  string
	Seq  int64 // 1 to MaxSeq
}

// ParseGTID reads one "uuid:number" or "uuid:tag:number". The error names the
// offending part.
func ParseGTID(text string) (GTID, error) {
	set, err := Parse(text)
	if err != nil {
		return GTID{}, err
	}
	if n := set.Count(); n != 1 {
		return GTID{}, fmt.Errorf("parse gtid %s: it names %d transactions, want 1", quote(text), n)
	}
	e := set.entries[0]
	return GTID{UUID: e.tsid.UUID, Tag: e.tsid.Tag, Seq: e.ivs[0].First}, nil
}

// TSID returns the identifier's source part.
func (g GTID) TSID() TSID { return TSID{UUID: g.UUID, Tag: g.Tag} }

// String returns "uuid:number" or "uuid:tag:number", as GTID_NEXT takes it.
func (g GTID) String() string { return string(g.append(nil)) }

func (g GTID) append(to []byte) []byte {
	to = append(g.TSID().append(to), ':')
	return strconv.AppendInt(to, g.Seq, 10)
}

// validTag tells whether a tag is empty or one that a server prints.
func validTag(tag string) bool {
	if len(tag) > maxTagLen || tag != "" && isDigit(tag[0]) {
		return false
	}
	for i := range len(tag) {
		if c := tag[i]; !isTagByte(c) || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isTagByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || isDigit(c)
}
