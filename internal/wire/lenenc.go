package wire

import (
	"bytes"
	"encoding/binary"
)

// nullValue stands in a text row where a value is NULL.
const nullValue byte = 0xfb

// appendLenencInt appends v as a length-encoded integer.
func appendLenencInt(dst []byte, v uint64) []byte {
	switch {
	case v < 0xfb:
		return append(dst, byte(v))
	case v < 1<<16:
		return append(dst, 0xfc, byte(v), byte(v>>8))
	case v < 1<<24:
		return append(dst, 0xfd, byte(v), byte(v>>8), byte(v>>16))
	}
	return binary.LittleEndian.AppendUint64(append(dst, 0xfe), v)
}

// appendLenencString appends s with its length in front.
func appendLenencString[T string | []byte](dst []byte, s T) []byte {
	return append(appendLenencInt(dst, uint64(len(s))), s...)
}

// payload takes a packet's payload apart from front to back. After something
// was missing it is bad, and every further value is zero: callers look at bad
// once, at the end.
type payload struct {
	b   []byte
	bad bool
}

func (p *payload) bytes(n uint64) []byte {
	if p.bad || n > uint64(len(p.b)) {
		p.bad = true
		return nil
	}
	v := p.b[:n:n]
	p.b = p.b[n:]
	return v
}

func (p *payload) uint8() byte {
	if v := p.bytes(1); v != nil {
		return v[0]
	}
	return 0
}

func (p *payload) uint32() uint32 {
	if v := p.bytes(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

// lenencInt takes a length-encoded integer. The marks of NULL and of an ERR
// packet are no integers.
func (p *payload) lenencInt() uint64 {
	first := p.uint8()
	width := uint64(0)
	switch {
	case first < nullValue:
		return uint64(first)
	case first == 0xfc:
		width = 2
	case first == 0xfd:
		width = 3
	case first == 0xfe:
		width = 8
	default:
		p.bad = true
		return 0
	}
	var wide [8]byte
	copy(wide[:], p.bytes(width))
	return binary.LittleEndian.Uint64(wide[:])
}

func (p *payload) lenencBytes() []byte { return p.bytes(p.lenencInt()) }

// untilNUL takes the bytes before the next NUL, and the NUL.
func (p *payload) untilNUL() []byte {
	i := bytes.IndexByte(p.b, 0)
	if p.bad || i < 0 {
		p.bad = true
		return nil
	}
	v := p.b[:i:i]
	p.b = p.b[i+1:]
	return v
}
