package binlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// event makes one without a checksum.
func event(kind EventType, server uint32, body ...[]byte) []byte {
	e := make([]byte, headerSize)
	e[4] = byte(kind)
	binary.LittleEndian.PutUint32(e[5:], server)
	for _, b := range body {
		e = append(e, b...)
	}
	binary.LittleEndian.PutUint32(e[9:], uint32(len(e)))
	binary.LittleEndian.PutUint32(e[13:], 4711)
	return e
}

func format(checksum byte) []byte {
	return event(FormatDescription, 1, make([]byte, 57), []byte{0, checksum, 0, 0, 0, 0})
}

func mariaGTID(seq uint64, flags byte) []byte {
	return event(MariaGTID, 1, binary.LittleEndian.AppendUint64(nil, seq), []byte{0, 0, 0, 0, flags})
}

func query(database, text string) []byte {
	head := make([]byte, 13)
	head[8] = byte(len(database))
	return event(Query, 1, head, []byte(database), []byte{0}, []byte(text))
}

func tableMap(database, table string) []byte {
	return event(TableMap, 1, make([]byte, 8), []byte{byte(len(database))}, []byte(database), []byte{0, byte(len(table))}, []byte(table), []byte{0})
}

func rows(last bool, size int) []byte {
	head := make([]byte, 8)
	if last {
		head[6] = rowsEndStatement
	}
	return event(WriteRowsV1, 1, head, make([]byte, size))
}

func xid() []byte { return event(Xid, 1, make([]byte, 8)) }

// written runs events through a script that wants GTIDs from 10 on.
func written(t *testing.T, limit int64, events ...[]byte) (*Script, string, error) {
	t.Helper()
	var text bytes.Buffer
	s := NewScript(&text, "binlog.000001")
	s.Wanted = func(g string) bool { return len(g) == len("0-1-10") }
	s.Limit = limit
	var err error
	for _, e := range events {
		if err = s.Event(e); err != nil {
			break
		}
	}
	if e := s.End("end"); e != nil {
		t.Fatal(e)
	}
	return s, text.String(), err
}

// outline is a script without what rows hold.
func outline(text string) string {
	var out []string
	inRows := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "BINLOG '":
			inRows = true
			out = append(out, "BINLOG")
		case inRows:
			inRows = !strings.HasPrefix(line, "'")
		case line != "" && !strings.HasPrefix(line, "# 0-1-") && line != delimiter:
			out = append(out, strings.TrimSuffix(line, delimiter))
		}
	}
	return strings.Join(out, "|")
}

func TestScript(t *testing.T) {
	const head = "# the format of what follows|BINLOG|"
	for name, c := range map[string]struct {
		events [][]byte
		want   string
		found  string
	}{
		"nothing wanted": {[][]byte{format(0), mariaGTID(9, 0), tableMap("shop", "a"), rows(true, 4), xid()}, "DELIMITER ;|# end", ""},
		"one of two": {[][]byte{format(0), mariaGTID(9, 0), query("", "DROP TABLE a"), mariaGTID(10, 0), tableMap("shop", "a"), rows(true, 4), xid()},
			head + "BEGIN|# rows of shop.a|BINLOG|COMMIT|DELIMITER ;|# end", "0-1-10"},
		"a statement over several events and tables": {[][]byte{format(0), mariaGTID(10, 0), tableMap("shop", "a"), tableMap("shop", "b"), rows(false, 4), rows(true, 4), tableMap("shop", "c"), rows(true, 1), xid()},
			head + "BEGIN|# rows of shop.a|# rows of shop.b|BINLOG|# rows of shop.c|BINLOG|COMMIT|DELIMITER ;|# end", "0-1-10"},
		"a statement alone": {[][]byte{format(0), mariaGTID(10, 1), query("shop", "DROP TABLE a")},
			head + "USE `shop`|SET @@session.timestamp=0|DROP TABLE a|DELIMITER ;|# end", "0-1-10"},
		"a log that ends in a transaction": {[][]byte{format(0), mariaGTID(10, 0), tableMap("shop", "a"), rows(true, 4)},
			head + "BEGIN|# rows of shop.a|BINLOG|ROLLBACK|# the log has no end of this transaction|DELIMITER ;|# end", "0-1-10"},
		"what is not understood is named": {[][]byte{format(0), mariaGTID(10, 0), query("", "BEGIN"), event(UserVar, 1, []byte{1}), xid()},
			head + "BEGIN|# LEFT OUT, see mysqlbinlog or mariadb-binlog: an event of type 14 in binlog.000001, up to 4711, of 0-1-10|COMMIT|DELIMITER ;|# end", "0-1-10"},
		"names do not leave their comments": {[][]byte{format(0), mariaGTID(10, 0), tableMap("shop", "a\nDROP TABLE b;"), rows(true, 4), xid()},
			head + "BEGIN|# rows of shop.a DROP TABLE b;|BINLOG|COMMIT|DELIMITER ;|# end", "0-1-10"},
		"without a GTID": {[][]byte{format(0), event(AnonymousGTID, 1, make([]byte, 25)), query("", "DROP TABLE a")}, "DELIMITER ;|# end", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, text, err := written(t, 0, c.events...)
			if err != nil {
				t.Fatal(err)
			}
			if got := outline(text); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if found := strings.Join(s.Found(), ","); found != c.found {
				t.Errorf("found %q, want %q", found, c.found)
			}
		})
	}
}

func TestScriptIsCut(t *testing.T) {
	s, text, err := written(t, 2000, format(0), mariaGTID(10, 0), tableMap("shop", "a"), rows(true, 4), xid(),
		mariaGTID(11, 0), tableMap("shop", "a"), rows(true, 3000), xid(), mariaGTID(12, 0), xid())
	if !errors.Is(err, ErrFull) {
		t.Fatalf("got %v", err)
	}
	if strings.Join(s.Found(), ",") != "0-1-10" || !strings.HasSuffix(text, "ROLLBACK/*!*/;\n# CUT HERE: this transaction is rolled back when it is replayed\nDELIMITER ;\n# end\n") {
		t.Errorf("found %q, text ends in %q", s.Found(), text[max(0, len(text)-200):])
	}
}

func TestReaderKnowsChecksums(t *testing.T) {
	r := Reader{File: "binlog.000001"}
	read := func(raw []byte) Event {
		t.Helper()
		e, err := r.Read(raw)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	read(event(Rotate, 1, make([]byte, 8), []byte("binlog.000002crc!"))) // where the name ends is not known yet
	if r.File != "binlog.000001" {
		t.Errorf("file %q", r.File)
	}
	read(format(1))
	read(event(Rotate, 1, make([]byte, 8), []byte("binlog.000002crc!")))
	if r.File != "binlog.000002" {
		t.Errorf("file %q", r.File)
	}
	if e := read(event(Xid, 1, make([]byte, 12))); len(e.Body) != 8 {
		t.Errorf("%d bytes, want 8", len(e.Body))
	}
	read(format(0))
	if e := read(event(Xid, 1, make([]byte, 8))); len(e.Body) != 8 {
		t.Errorf("%d bytes, want 8", len(e.Body))
	}
}

// FuzzScript has a script take whatever a server may send. Each event has its length before it.
func FuzzScript(f *testing.F) {
	seed := func(events ...[]byte) {
		var b []byte
		for _, e := range events {
			b = binary.LittleEndian.AppendUint16(b, uint16(len(e)))
			b = append(b, e...)
		}
		f.Add(b)
	}
	seed(format(1), mariaGTID(10, 0), tableMap("shop", "a"), rows(true, 4), xid())
	seed(format(0), mariaGTID(10, 1), query("shop", "DROP TABLE a"), event(IntVar, 1, []byte{2, 1, 0, 0, 0, 0, 0, 0, 0}))
	seed(format(0), event(GTID, 1, make([]byte, 42)), event(RowsQuery, 1, []byte("\x03a b")), event(Rand, 1, make([]byte, 16)))
	f.Fuzz(func(t *testing.T, all []byte) {
		var text bytes.Buffer
		s := NewScript(&text, "f")
		s.Wanted = func(string) bool { return true }
		for len(all) >= 2 {
			n := min(int(binary.LittleEndian.Uint16(all)), len(all)-2)
			if s.Event(all[2:2+n]) != nil {
				break
			}
			all = all[2+n:]
		}
		if err := s.End(""); err != nil {
			t.Fatal(err)
		}
		if begun, ended := strings.Count(text.String(), "\nBINLOG '\n"), strings.Count(text.String(), "\n'"+delimiter+"\n"); begun < ended {
			t.Errorf("%d BINLOG statements begun, %d ended", begun, ended)
		}
	})
}
