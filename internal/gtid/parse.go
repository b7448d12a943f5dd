package gtid

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse reads a set as servers print it and as people type it: UUIDs and tags
// in either case, blanks and newlines around every part, sources and intervals
// in any order, repeated or overlapping. A text without GTIDs is the empty set.
//
//	3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7:tag_a:1-3,
//	4e11fa47-71ca-11e1-9e33-c80aa9429562:9
//
// A tag holds for all intervals after it, up to the next tag or comma. The error
// names the offending part and its byte offset. Where the server would read an
// interval with its ends reversed, or a UUID alone, as nothing, Parse refuses:
// no server prints them.
func Parse(text string) (Set, error) {
	p := parser{text: text}
	if err := p.set(); err != nil {
		return Set{}, fmt.Errorf("parse gtid set: %w", err)
	}
	return p.built.Set(), nil
}

// MustParse is Parse for texts that are known to be good, as in tests. It
// panics on others.
func MustParse(text string) Set {
	s, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return s
}

// blanks are the bytes that may stand between the parts of a text.
const blanks = " \t\n\v\f\r"

// parser walks once over a text. Each method reads what it is named for at
// offset at, and leaves at behind it.
type parser struct {
	text  string
	at    int
	built Builder
}

func (p *parser) set() error {
	for {
		for p.skipBlanks(); p.take(','); p.skipBlanks() { // empty elements mean nothing
		}
		if p.at == len(p.text) {
			return nil
		}
		if err := p.source(); err != nil {
			return err
		}
		if p.skipBlanks(); p.at < len(p.text) && p.text[p.at] != ',' {
			return p.wrong(p.at, "want ':', ',' or the end")
		}
	}
}

// source reads one "uuid:...", up to the comma.
func (p *parser) source() error {
	start := p.at
	uuid, ok := decodeUUID(p.text[p.at:])
	if !ok {
		return p.wrong(start, "want a uuid")
	}
	p.at += uuidLen
	tsid := TSID{UUID: uuid}
	room := p.partsAhead()
	for needed := "an interval or a tag"; ; {
		p.skipBlanks()
		if !p.take(':') {
			if needed != "" {
				return p.wrong(start, "want ':' and "+needed+" after it")
			}
			return nil
		}
		start = p.at
		p.skipBlanks()
		if p.at < len(p.text) && isTagByte(p.text[p.at]) && !isDigit(p.text[p.at]) {
			if needed == "an interval" {
				return p.wrong(start, "want an interval between two tags")
			}
			if err := p.tag(&tsid); err != nil {
				return err
			}
			needed = "an interval"
			continue
		}
		iv, err := p.interval()
		if err != nil {
			return err
		}
		if needed != "" {
			p.built.enter(tsid, room)
			needed, room = "", 0
		}
		p.built.pending[p.built.current].add(iv)
	}
}

// partsAhead counts what stands between colons up to the next comma: as many
// intervals, at most, are to come.
func (p *parser) partsAhead() int {
	rest := p.text[p.at:]
	if end := strings.IndexByte(rest, ','); end >= 0 {
		rest = rest[:end]
	}
	return strings.Count(rest, ":")
}

func (p *parser) tag(tsid *TSID) error {
	start := p.at
	for p.at < len(p.text) && isTagByte(p.text[p.at]) {
		p.at++
	}
	if p.at-start > maxTagLen {
		return p.wrong(start, fmt.Sprintf("a tag has at most %d characters", maxTagLen))
	}
	// Cloned, lest a few bytes keep the whole text in memory.
	tsid.Tag = strings.Clone(strings.ToLower(p.text[start:p.at]))
	return nil
}

func (p *parser) interval() (Interval, error) {
	start := p.at
	first, err := p.number()
	if err != nil {
		return Interval{}, err
	}
	p.skipBlanks()
	if !p.take('-') {
		return Interval{first, first}, nil
	}
	p.skipBlanks()
	last, err := p.number()
	if err != nil {
		return Interval{}, err
	}
	if last < first {
		return Interval{}, p.wrong(start, "the interval ends before it begins")
	}
	return Interval{first, last}, nil
}

func (p *parser) number() (int64, error) {
	start := p.at
	var n int64
	for ; p.at < len(p.text) && isDigit(p.text[p.at]); p.at++ {
		digit := int64(p.text[p.at] - '0')
		if n > (MaxSeq-digit)/10 {
			return 0, p.wrong(start, "the largest number is "+strconv.FormatInt(MaxSeq, 10))
		}
		n = n*10 + digit
	}
	switch {
	case p.at == start:
		return 0, p.wrong(start, "want a number")
	case n == 0:
		return 0, p.wrong(start, "numbers begin with 1")
	}
	return n, nil
}

func (p *parser) skipBlanks() {
	for p.at < len(p.text) && strings.IndexByte(blanks, p.text[p.at]) >= 0 {
		p.at++
	}
}

// take steps over c if it comes next.
func (p *parser) take(c byte) bool {
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// wrong makes the error about the part of the text that begins at start.
func (p *parser) wrong(start int, want string) error {
	part := strings.TrimLeft(p.text[start:], blanks)
	start = len(p.text) - len(part)
	if part == "" {
		return fmt.Errorf("at the end: %s", want)
	}
	// At least one byte, so that a separator in the wrong place is shown itself.
	if end := strings.IndexAny(part[1:], ":,"+blanks); end >= 0 {
		part = part[:1+end]
	}
	return fmt.Errorf("%s at byte %d: %s", quote(part), start, want)
}

// quote shows a text in an error, shortened if it is long.
func quote(text string) string {
	const most = 48
	if len(text) > most {
		return strconv.Quote(text[:most]) + "..."
	}
	return strconv.Quote(text)
}
