package binlogserver

import (
	"encoding/binary"
	"os"
	"slices"
	"testing"
)

// logged is an event that stands in a file from a place on.
func logged(kind byte, from uint32, body ...byte) event {
	e := made(kind, 1, 0, body, false)
	binary.LittleEndian.PutUint32(e[13:], from+e.size())
	binary.LittleEndian.PutUint16(e[17:], 0)
	return e
}

func gtid(from uint32, standalone bool) event {
	body := make([]byte, 19)
	if standalone {
		body[12] = 1
	}
	return logged(typeGTID, from, body...)
}

func query(from uint32, text string) event {
	return logged(typeQuery, from, slices.Concat(make([]byte, 8), []byte{4}, make([]byte, 4), []byte("test\x00"), []byte(text))...)
}

func TestWhereTransactionsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		events []event
		want   inside
	}{
		"outside of any":      {[]event{logged(typeFormat, 4, 1)}, nothing},
		"begun":               {[]event{gtid(4, false)}, transaction},
		"with rows":           {[]event{gtid(4, false), logged(23, 4, 1)}, transaction},
		"ended":               {[]event{gtid(4, false), logged(23, 4, 1), logged(typeXid, 4, 1)}, nothing},
		"statements in it":    {[]event{gtid(4, false), query(4, "INSERT INTO t VALUES (1)")}, transaction},
		"ended by a text":     {[]event{gtid(4, false), query(4, "INSERT INTO t VALUES (1)"), query(4, "COMMIT")}, nothing},
		"rolled back":         {[]event{gtid(4, false), query(4, "rollback")}, nothing},
		"prepared":            {[]event{gtid(4, false), logged(typeXAPrepare, 4, 1)}, nothing},
		"before a statement":  {[]event{gtid(4, true)}, statement},
		"a statement":         {[]event{gtid(4, true), query(4, "CREATE TABLE t (id INT)")}, nothing},
		"a query breaks off":  {[]event{gtid(4, false), logged(typeQuery, 4, 1, 2)}, transaction},
		"variables before it": {[]event{gtid(4, true), logged(5, 4, 1)}, statement},
	} {
		t.Run(name, func(t *testing.T) {
			in := nothing
			for _, e := range c.events {
				in = in.after(e)
			}
			if in != c.want {
				t.Errorf("%d, want %d", in, c.want)
			}
		})
	}
}

// TestHalfATransactionIsCutOff where the log goes on in the next file, and nowhere else can it go on.
func TestHalfATransactionIsCutOff(t *testing.T) {
	s := &Server{o: Options{Dir: t.TempDir()}, changed: make(chan struct{})}
	if err := s.create("b.000009"); err != nil {
		t.Fatal(err)
	}
	for _, made := range []func(uint32) event{
		func(at uint32) event { return logged(typeFormat, at, 1) },
		func(at uint32) event { return gtid(at, false) },
		func(at uint32) event { return logged(typeXid, at, 1) },
		func(at uint32) event { return gtid(at, false) },
	} {
		if err := s.take(made(s.pos)); err != nil {
			t.Fatal(err)
		}
	}
	whole, all := s.whole(), s.pos
	if end, _, _ := s.extent("b.000009"); whole >= all || end != whole {
		t.Fatalf("whole up to %d, received up to %d, served up to %d", whole, all, end)
	}
	for _, refused := range []string{"'b.000009', MASTER_LOG_POS=4", "'b.000011', MASTER_LOG_POS=4", "'b.000010', MASTER_LOG_POS=5", "'c.000010', MASTER_LOG_POS=4"} {
		if err := s.changeSource("CHANGE MASTER TO MASTER_LOG_FILE=" + refused); err == nil {
			t.Errorf("it went on at %s", refused)
		}
	}
	if err := s.changeSource("CHANGE MASTER TO MASTER_HOST='h', MASTER_PORT=7, MASTER_LOG_FILE='b.000010', MASTER_LOG_POS=4"); err != nil {
		t.Fatal(err)
	}
	file, pos := s.Position()
	left, err := os.Stat(s.path("b.000009"))
	if err != nil || left.Size() != int64(whole) || file != "b.000010" || pos != 4 || s.from != (Source{"h", 7}) {
		t.Errorf("%d bytes of the last file are left (%v), want %d; it is at %s:%d of %v", left.Size(), err, whole, file, pos, s.from)
	}
}
