package topology

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// LogType says which kind of log a position lies in. The numbers are those of the HTTP API.
type LogType int

// The two kinds of log.
const (
	BinaryLog LogType = 0
	RelayLog  LogType = 1
)

// Coordinates are a position in a binary or relay log.
type Coordinates struct {
	LogFile string
	LogPos  int64
	Type    LogType
}

// ParseCoordinates reads `file:pos`.
func ParseCoordinates(text string) (Coordinates, error) {
	file, pos, ok := strings.Cut(strings.TrimSpace(text), ":")
	n, err := strconv.ParseInt(pos, 10, 64)
	if !ok || file == "" || err != nil || n < 0 {
		return Coordinates{}, fmt.Errorf("binlog coordinates %q: the form is file:position", text)
	}
	return Coordinates{LogFile: file, LogPos: n}, nil
}

// String prints `file:pos`.
func (c Coordinates) String() string { return c.LogFile + ":" + strconv.FormatInt(c.LogPos, 10) }

// IsEmpty says whether no log file is known.
func (c Coordinates) IsEmpty() bool { return c.LogFile == "" }

// Compare orders positions of one server: first by the number at the end of the file name (so that binlog.1000000
// follows binlog.999999, which a text comparison gets wrong), then by offset.
func (c Coordinates) Compare(o Coordinates) int {
	if n := compareLogFiles(c.LogFile, o.LogFile); n != 0 {
		return n
	}
	return cmp.Compare(c.LogPos, o.LogPos)
}

// Less says whether c comes before o in the log of one server.
func (c Coordinates) Less(o Coordinates) bool { return c.Compare(o) < 0 }

func compareLogFiles(a, b string) int {
	aBase, aNum, aOK := SplitLogFile(a)
	bBase, bNum, bOK := SplitLogFile(b)
	if aOK && bOK && aBase == bBase {
		return cmp.Compare(aNum, bNum)
	}
	return cmp.Compare(a, b)
}

// SplitLogFile splits `binlog.000012` into its base name and number; ok is false when there is no number.
func SplitLogFile(name string) (base string, number int64, ok bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return name, 0, false
	}
	n, err := strconv.ParseUint(name[i+1:], 10, 63) // 63 bits without a sign: it fits into an int64
	if err != nil {
		return name, 0, false
	}
	return name[:i], int64(n), true
}

// NextLogFile is the name of the log that a server begins after another one; ok is false where the name has no number.
func NextLogFile(name string) (next string, ok bool) {
	base, number, ok := SplitLogFile(name)
	if !ok {
		return "", false
	}
	return fmt.Sprintf("%s.%0*d", base, len(name)-len(base)-1, number+1), true
}
