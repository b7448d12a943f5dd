package gtid

import (
	"bytes"
	"fmt"
	"strings"
)

// UUID is a server's identity (@@server_uuid) or a replication group's name.
// As an array it can be compared with == and used as a map key.
type UUID [16]byte

// uuidLen is the length of the only textual form that servers print.
const uuidLen = len("00000000-0000-0000-0000-000000000000")

// ParseUUID reads the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, in either
// case, with blanks around it. The error names the text.
func ParseUUID(text string) (UUID, error) {
	trimmed := strings.Trim(text, blanks)
	u, ok := decodeUUID(trimmed)
	if !ok || len(trimmed) != uuidLen {
		return UUID{}, fmt.Errorf("parse uuid %s: want 32 hexadecimal digits grouped 8-4-4-4-12", quote(text))
	}
	return u, nil
}

// Compare orders UUIDs by their bytes, which is the order in which servers
// print them.
func (u UUID) Compare(v UUID) int { return bytes.Compare(u[:], v[:]) }

// IsZero tells whether the UUID is the zero value, which no server carries.
func (u UUID) IsZero() bool { return u == UUID{} }

// String returns the lower case form that servers print.
func (u UUID) String() string { return string(u.append(make([]byte, 0, uuidLen))) }

func (u UUID) append(to []byte) []byte {
	const digits = "0123456789abcdef"
	for i, b := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			to = append(to, '-')
		}
		to = append(to, digits[b>>4], digits[b&0xf])
	}
	return to
}

// decodeUUID reads a UUID at the start of text; what follows it is not looked at.
func decodeUUID(text string) (u UUID, ok bool) {
	if len(text) < uuidLen {
		return UUID{}, false
	}
	at := 0
	for i := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			if text[at] != '-' {
				return UUID{}, false
			}
			at++
		}
		high, low := hexDigit(text[at]), hexDigit(text[at+1])
		if high > 0xf || low > 0xf {
			return UUID{}, false
		}
		u[i] = high<<4 | low
		at += 2
	}
	return u, true
}

// hexDigit returns the value of a hexadecimal digit, or 0xff for any other byte.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	default:
		return 0xff
	}
}
