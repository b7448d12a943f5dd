package binlog

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrFull is returned by Script.Event when the limit is reached; the script has been brought to an orderly end then.
var ErrFull = errors.New("the limit is reached")

// delimiter ends statements in the script: the texts of statements hold semicolons.
const delimiter = "/*!*/;"

// Script writes transactions as SQL for the mysql and mariadb clients. Rows are written as the servers' own BINLOG
// statements, which change them exactly as it was done; statements are written as texts. The GTIDs are comments: the
// transactions get new ones where they are replayed.
type Script struct {
	// Wanted chooses transactions by their GTID.
	Wanted func(gtid string) bool
	// Limit bounds the script in bytes, about: a transaction in which it is passed is rolled back. 0: no limit.
	Limit int64

	to      io.Writer
	reader  Reader
	written int64
	err     error

	format     []byte   // the description of the newest log
	formatDone bool     // it is in the script
	in         bool     // in a wanted transaction
	alone      bool     // no COMMIT ends it
	open       bool     // BEGIN was written
	rows       bool     // within a BINLOG statement
	maps       [][]byte // table maps that await their first rows
	database   string
	pending    []string // assignments for the next statement alone
	found      []string
	left       []string
}

// NewScript returns a script that is written to w. The events that it is given begin with those of file.
func NewScript(w io.Writer, file string) *Script { return &Script{to: w, reader: Reader{File: file}} }

// Found lists the GTIDs that were written, in their order.
func (s *Script) Found() []string { return s.found }

// LeftOut says what could not be written as SQL, one sentence each.
func (s *Script) LeftOut() []string { return s.left }

// Begin writes comments before everything else.
func (s *Script) Begin(comment string) error {
	for line := range strings.Lines(comment) {
		s.printf("# %s\n", oneLine(strings.TrimRight(line, "\n")))
	}
	s.printf("DELIMITER %s\n", delimiter)
	return s.err
}

// End closes the script, with comments behind everything else.
func (s *Script) End(comment string) error {
	s.finishTransaction()
	s.printf("DELIMITER ;\n")
	for line := range strings.Lines(comment) {
		s.printf("# %s\n", oneLine(strings.TrimRight(line, "\n")))
	}
	return s.err
}

// Event takes the next event of a log, and writes what is wanted of it.
func (s *Script) Event(raw []byte) error {
	e, err := s.reader.Read(raw)
	if err != nil {
		return err
	}
	switch {
	case e.Type == FormatDescription:
		s.finishTransaction()
		s.format, s.formatDone = append(s.format[:0], raw...), false
	case e.between():
		if e.Type != Heartbeat {
			s.finishTransaction()
		}
	case e.begins():
		s.finishTransaction()
		s.begin(&e)
	case s.in:
		err = s.member(&e)
	}
	if err == nil {
		err = s.err
	}
	if err == nil && s.in && s.Limit > 0 && s.written > s.Limit {
		s.cut()
		return errors.Join(s.err, ErrFull)
	}
	return err
}

func (s *Script) begin(e *Event) {
	text := e.GTIDText()
	if s.in = text != "" && s.Wanted(text); !s.in {
		return
	}
	s.describe(e)
	s.alone = e.standalone()
	s.found = append(s.found, text)
	s.printf("\n# %s, written %s on the server with id %d, in %s up to %d\n", text, e.Time.Format("2006-01-02 15:04:05 UTC"), e.ServerID, oneLine(s.reader.File), e.End)
}

// describe writes the format of the rows that follow, once for each log. It has to stand outside of transactions.
func (s *Script) describe(e *Event) {
	if s.formatDone {
		return
	}
	s.formatDone = true
	s.printf("\n# the format of what follows\nBINLOG '\n")
	s.base64(s.format)
	s.printf("'%s\n", delimiter)
	if e.Type == GTID {
		// MySQL takes a description as the beginning of somebody else's history.
		s.printf("SET @@session.gtid_next='AUTOMATIC'%s\n", delimiter)
	}
}

// member writes an event of a wanted transaction.
func (s *Script) member(e *Event) error {
	switch {
	case e.Type == TableMap:
		return s.tableMap(e)
	case e.Type.IsRows():
		s.rowsEvent(e)
		return nil
	}
	s.closeRows()
	switch e.Type {
	case Query:
		q, err := e.queryStatement()
		if err != nil {
			return err
		}
		s.query(e, q)
	case Xid:
		s.commit()
	case IntVar:
		if len(e.Body) < 9 {
			return errShort
		}
		name := map[byte]string{1: "LAST_INSERT_ID", 2: "INSERT_ID"}[e.Body[0]]
		if name == "" {
			return fmt.Errorf("unknown variable %d in an event", e.Body[0])
		}
		s.pending = append(s.pending, fmt.Sprintf("%s=%d", name, binary.LittleEndian.Uint64(e.Body[1:])))
	case Rand:
		if len(e.Body) < 16 {
			return errShort
		}
		s.pending = append(s.pending, fmt.Sprintf("RAND_SEED1=%d", binary.LittleEndian.Uint64(e.Body)),
			fmt.Sprintf("RAND_SEED2=%d", binary.LittleEndian.Uint64(e.Body[8:])))
	case AnnotateRows:
		s.comment("statement: " + string(e.Body))
	case RowsQuery:
		if len(e.Body) > 0 {
			s.comment("statement: " + string(e.Body[1:]))
		}
	default:
		s.leaveOut(e)
	}
	return nil
}

// tableMap begins the rows of a statement.
func (s *Script) tableMap(e *Event) error {
	database, table, err := e.table()
	if err != nil {
		return err
	}
	s.beginOnce()
	if s.rows { // of another table of the same statement
		s.base64(e.Raw)
		return nil
	}
	s.comment("rows of " + database + "." + table)
	s.maps = append(s.maps, bytes.Clone(e.Raw))
	return nil
}

func (s *Script) rowsEvent(e *Event) {
	if !s.rows && len(s.maps) == 0 {
		s.leaveOut(e) // nothing says of which table they are
		return
	}
	if !s.rows {
		s.rows = true
		s.printf("BINLOG '\n")
		for _, m := range s.maps {
			s.base64(m)
		}
		s.maps = nil
	}
	s.base64(e.Raw)
	if e.endsStatement() {
		s.closeRows()
	}
}

// closeRows ends the statement that holds rows, if one is being written.
func (s *Script) closeRows() {
	s.maps = nil
	if s.rows {
		s.rows = false
		s.printf("'%s\n", delimiter)
	}
}

// query writes a statement.
func (s *Script) query(e *Event, q statement) {
	switch word := strings.ToUpper(strings.TrimSpace(q.text)); {
	case word == "BEGIN":
		s.beginOnce()
		return
	case word == "COMMIT":
		s.commit()
		return
	case word == "ROLLBACK":
		s.open = false
		s.printf("ROLLBACK%s\n", delimiter)
		return
	}
	if q.database != "" && q.database != s.database {
		s.printf("USE `%s`%s\n", strings.ReplaceAll(q.database, "`", "``"), delimiter)
		s.database = q.database
	}
	settings := append([]string{fmt.Sprintf("timestamp=%d", e.Time.Unix())}, q.session...)
	settings = append(settings, s.pending...)
	s.pending = nil
	s.printf("SET @@session.%s%s\n", strings.Join(settings, ", @@session."), delimiter)
	s.printf("%s\n%s\n", q.text, delimiter)
}

// beginOnce begins the transaction where it does not consist of one statement that commits by itself.
func (s *Script) beginOnce() {
	if !s.open && !s.alone {
		s.open = true
		s.printf("BEGIN%s\n", delimiter)
	}
}

func (s *Script) commit() {
	if s.open {
		s.open = false
		s.printf("COMMIT%s\n", delimiter)
	}
}

// leaveOut names an event that cannot be written as SQL here.
func (s *Script) leaveOut(e *Event) {
	text := fmt.Sprintf("an event of type %d in %s, up to %d, of %s", e.Type, s.reader.File, e.End, s.found[len(s.found)-1])
	s.left = append(s.left, text)
	s.comment("LEFT OUT, see mysqlbinlog or mariadb-binlog: " + text)
}

// finishTransaction ends what is open; only a transaction without its end in the log needs it.
func (s *Script) finishTransaction() {
	s.closeRows()
	if s.open {
		s.open = false
		s.printf("ROLLBACK%s\n# the log has no end of this transaction\n", delimiter)
	}
	s.in, s.alone, s.pending = false, false, nil
}

// cut ends the script in the middle of a transaction.
func (s *Script) cut() {
	s.closeRows()
	if s.open {
		s.open = false
		s.printf("ROLLBACK%s\n", delimiter)
	}
	s.comment("CUT HERE: this transaction is rolled back when it is replayed")
	s.in = false
	s.found = s.found[:len(s.found)-1]
}

func (s *Script) comment(text string) {
	const longest = 1000
	text = oneLine(text)
	if len(text) > longest {
		text = text[:longest] + " …"
	}
	s.printf("# %s\n", text)
}

// base64 writes an event in lines of 76 characters.
func (s *Script) base64(raw []byte) {
	const line = 57 // bytes
	for len(raw) > 0 {
		n := min(line, len(raw))
		s.printf("%s\n", base64.StdEncoding.EncodeToString(raw[:n]))
		raw = raw[n:]
	}
}

func (s *Script) printf(format string, args ...any) {
	if s.err != nil {
		return
	}
	n, err := fmt.Fprintf(s.to, format, args...)
	s.written += int64(n)
	s.err = err
}

// oneLine keeps a text within its comment.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, text)
}
