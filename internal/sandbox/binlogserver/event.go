package binlogserver

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
)

// What the package knows of an event: its header (time, type, server, length, end, flags), and these types.
const (
	headerSize     = 19
	typeQuery      = 2
	typeRotate     = 4
	typeFormat     = 15
	typeXid        = 16
	typeHeartbeat  = 27
	typeXAPrepare  = 38
	typeGTID       = 162
	typeCompressed = 165 // a query

	artificial = 0x20 // a flag: it stands in no file
)

// event is a binary log event with its checksum, where it has one.
type event []byte

var errShort = errors.New("an event breaks off")

func (e event) kind() byte    { return e[4] }
func (e event) size() uint32  { return binary.LittleEndian.Uint32(e[9:]) }
func (e event) end() uint32   { return binary.LittleEndian.Uint32(e[13:]) }
func (e event) flags() uint16 { return binary.LittleEndian.Uint16(e[17:]) }

// inFile says whether the event stands in the source's log, and was not made for the connection alone.
func (e event) inFile() bool {
	return e.kind() != typeHeartbeat && e.end() != 0 && e.flags()&artificial == 0
}

// summed says whether the event ends in a checksum that is right.
func (e event) summed() bool {
	n := len(e) - crc32.Size
	return n >= headerSize && crc32.ChecksumIEEE(e[:n]) == binary.LittleEndian.Uint32(e[n:])
}

// next is the file that a rotation leads to, and the place in it.
func (e event) next() (file string, pos uint32) {
	body := e[headerSize:]
	if e.summed() {
		body = body[:len(body)-crc32.Size]
	}
	if len(body) < 8 {
		return "", 0
	}
	return string(body[8:]), uint32(binary.LittleEndian.Uint64(body)) //nolint:gosec // positions have 32 bits in headers, too
}

// inside is what a log ends in: nothing, a transaction, or one statement that is none.
type inside byte

const (
	nothing inside = iota
	transaction
	statement
)

// after is what the log ends in with one more event.
func (in inside) after(e event) inside {
	switch e.kind() {
	case typeGTID:
		const flags, standalone = headerSize + 12, 1
		if len(e) > flags && e[flags]&standalone != 0 {
			return statement
		}
		return transaction
	case typeXid, typeXAPrepare:
		return nothing
	case typeQuery, typeCompressed:
		if text := e.query(); in == statement || text == "COMMIT" || text == "ROLLBACK" {
			return nothing
		}
	}
	return in
}

// query is the text of a query event.
func (e event) query() string {
	const fixed = headerSize + 13 // connection, time, length of the schema, error, length of the variables
	body := e
	if e.summed() {
		body = e[:len(e)-crc32.Size]
	}
	if len(body) < fixed {
		return ""
	}
	from := fixed + int(binary.LittleEndian.Uint16(body[headerSize+11:])) + int(body[headerSize+8]) + 1
	if from > len(body) {
		return ""
	}
	return strings.ToUpper(string(body[from:]))
}

// made is an event that stands in no file.
func made(kind byte, server, end uint32, body []byte, sum bool) event {
	size := headerSize + len(body)
	if sum {
		size += crc32.Size
	}
	e := make(event, headerSize, size)
	e[4] = kind
	binary.LittleEndian.PutUint32(e[5:], server)
	binary.LittleEndian.PutUint32(e[9:], uint32(size)) //nolint:gosec // a name and a few bytes
	binary.LittleEndian.PutUint32(e[13:], end)
	binary.LittleEndian.PutUint16(e[17:], artificial)
	e = append(e, body...)
	if sum {
		e = binary.LittleEndian.AppendUint32(e, crc32.ChecksumIEEE(e))
	}
	return e
}

// rotation tells a replica the file and place of what comes next.
func rotation(server uint32, file string, pos uint32, sum bool) event {
	return made(typeRotate, server, 0, append(binary.LittleEndian.AppendUint64(nil, uint64(pos)), file...), sum)
}

// repeated is a format description as it is sent to one who begins further on: it has no place.
func (e event) repeated() event {
	sum := e.summed()
	c := append(event(nil), e...)
	binary.LittleEndian.PutUint32(c[13:], 0)
	if sum {
		n := len(c) - crc32.Size
		binary.LittleEndian.PutUint32(c[n:], crc32.ChecksumIEEE(c[:n]))
	}
	return c
}
