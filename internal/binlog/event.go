package binlog

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// EventType is the type of an event, as both families number it.
type EventType byte

// The types that are told apart here.
const (
	Query             EventType = 2
	Rotate            EventType = 4
	IntVar            EventType = 5
	Rand              EventType = 13
	UserVar           EventType = 14
	FormatDescription EventType = 15
	Xid               EventType = 16
	TableMap          EventType = 19
	WriteRowsV1       EventType = 23
	UpdateRowsV1      EventType = 24
	DeleteRowsV1      EventType = 25
	Heartbeat         EventType = 27
	RowsQuery         EventType = 29
	WriteRows         EventType = 30
	UpdateRows        EventType = 31
	DeleteRows        EventType = 32
	GTID              EventType = 33 // MySQL
	AnonymousGTID     EventType = 34 // MySQL
	PreviousGTIDs     EventType = 35 // MySQL
	PartialUpdateRows EventType = 39 // MySQL
	TaggedGTID        EventType = 42 // MySQL

	AnnotateRows     EventType = 160 // MariaDB
	BinlogCheckpoint EventType = 161 // MariaDB
	MariaGTID        EventType = 162 // MariaDB
	GTIDList         EventType = 163 // MariaDB
	StartEncryption  EventType = 164 // MariaDB
)

// IsRows says whether an event of the type holds rows, uncompressed.
func (t EventType) IsRows() bool {
	return t >= WriteRowsV1 && t <= DeleteRowsV1 || t >= WriteRows && t <= DeleteRows || t == PartialUpdateRows
}

// headerSize is the length of what all events begin with.
const headerSize = 19

// rowsEndStatement is the flag of the last rows event of a statement.
const rowsEndStatement = 1

var errShort = errors.New("a binary log event is cut short")

// Event is one event.
type Event struct {
	Raw      []byte // all of it, as received
	Time     time.Time
	Type     EventType
	ServerID uint32
	End      uint32 // position of the next event; 0 when the event stands in no file
	Body     []byte // without header and checksum
}

// Reader takes events apart. It has to see all of a log, from the format description on.
type Reader struct {
	File string // the log that events come from; to be given for the first one

	checksum  int  // bytes at the end of each event
	described bool // a format description was seen
}

// Read takes one event apart. The Event shares its bytes.
func (r *Reader) Read(raw []byte) (Event, error) {
	if len(raw) < headerSize {
		return Event{}, errShort
	}
	e := Event{
		Raw:      raw,
		Time:     time.Unix(int64(binary.LittleEndian.Uint32(raw)), 0).UTC(),
		Type:     EventType(raw[4]),
		ServerID: binary.LittleEndian.Uint32(raw[5:]),
		End:      binary.LittleEndian.Uint32(raw[13:]),
	}
	if e.Type == FormatDescription {
		// Its last five bytes are the algorithm and its own checksum, which is there in any case.
		if len(raw) < headerSize+57+5 {
			return Event{}, errShort
		}
		e.Body = raw[headerSize : len(raw)-5]
		r.described, r.checksum = true, 0
		if raw[len(raw)-5] == 1 {
			r.checksum = 4
		}
		return e, nil
	}
	if len(raw) < headerSize+r.checksum {
		return Event{}, errShort
	}
	e.Body = raw[headerSize : len(raw)-r.checksum]
	if e.Type == Rotate && r.described && len(e.Body) > 8 { // before that it is not known where its name ends
		r.File = string(e.Body[8:])
	}
	return e, nil
}

// GTIDText is the identity of the transaction that a GTID event begins, as its family writes it. It is empty for a
// transaction that has none, or one that is not understood.
func (e *Event) GTIDText() string {
	switch {
	case e.Type == GTID && len(e.Body) >= 25:
		u := hex.EncodeToString(e.Body[1:17])
		return fmt.Sprintf("%s-%s-%s-%s-%s:%d", u[:8], u[8:12], u[12:16], u[16:20], u[20:], binary.LittleEndian.Uint64(e.Body[17:]))
	case e.Type == MariaGTID && len(e.Body) >= 13:
		return fmt.Sprintf("%d-%d-%d", binary.LittleEndian.Uint32(e.Body[8:]), e.ServerID, binary.LittleEndian.Uint64(e.Body))
	}
	return ""
}

// standalone says of a MariaDB GTID event that no COMMIT ends what it begins.
func (e *Event) standalone() bool {
	return e.Type == MariaGTID && len(e.Body) >= 13 && e.Body[12]&1 != 0
}

// begins says whether an event begins a transaction.
func (e *Event) begins() bool {
	switch e.Type {
	case GTID, AnonymousGTID, TaggedGTID, MariaGTID:
		return true
	}
	return false
}

// between says whether an event stands between transactions: it belongs to none.
func (e *Event) between() bool {
	switch e.Type {
	case Rotate, FormatDescription, PreviousGTIDs, GTIDList, BinlogCheckpoint, StartEncryption, Heartbeat:
		return true
	}
	return false
}

// table returns the names in a table map.
func (e *Event) table() (database, table string, err error) {
	b := e.Body
	if len(b) < 9 {
		return "", "", errShort
	}
	database, b, err = shortText(b[8:])
	if err == nil {
		table, _, err = shortText(b)
	}
	return database, table, err
}

// shortText takes a text that has its length before it and a NUL behind.
func shortText(b []byte) (string, []byte, error) {
	if len(b) < 1 || len(b) < 2+int(b[0]) {
		return "", nil, errShort
	}
	n := int(b[0])
	return string(b[1 : 1+n]), b[2+n:], nil
}

// endsStatement says of a rows event that it is the last of its statement.
func (e *Event) endsStatement() bool {
	return len(e.Body) >= 8 && binary.LittleEndian.Uint16(e.Body[6:])&rowsEndStatement != 0
}

// statement is a statement in the log, with what it needs of its session.
type statement struct {
	database, text string
	session        []string // assignments, "sql_mode=0"
}

// queryStatement takes a Query event apart. Settings after one that is not understood are left out.
func (e *Event) queryStatement() (statement, error) {
	b := e.Body
	if len(b) < 13 {
		return statement{}, errShort
	}
	databaseLen, statusLen := int(b[8]), int(binary.LittleEndian.Uint16(b[11:]))
	b = b[13:]
	if len(b) < statusLen+databaseLen+1 {
		return statement{}, errShort
	}
	return statement{
		session:  sessionOf(b[:statusLen]),
		database: string(b[statusLen : statusLen+databaseLen]),
		text:     string(b[statusLen+databaseLen+1:]),
	}, nil
}

// sessionOf reads the status variables of a Query event, as far as they matter to what a statement does.
func sessionOf(b []byte) []string {
	var out []string
	set := func(name string, v uint64) { out = append(out, name+"="+strconv.FormatUint(v, 10)) }
	for len(b) > 0 {
		code := b[0]
		b = b[1:]
		size := 0
		switch code {
		case 0: // flags
			size = 4
		case 1, 9:
			size = 8
		case 2: // catalog, with a NUL
			if len(b) > 0 {
				size = int(b[0]) + 2
			}
		case 3:
			size = 4
		case 4:
			size = 6
		case 5, 6: // time zone, catalog
			if len(b) > 0 {
				size = int(b[0]) + 1
			}
		case 7, 8:
			size = 2
		}
		if size == 0 || size > len(b) {
			return out
		}
		v := b[:size]
		b = b[size:]
		switch code {
		case 0:
			flags := binary.LittleEndian.Uint32(v)
			set("foreign_key_checks", 1-uint64(flags>>26&1))
			set("unique_checks", 1-uint64(flags>>27&1))
		case 1:
			set("sql_mode", binary.LittleEndian.Uint64(v))
		case 3:
			set("auto_increment_increment", uint64(binary.LittleEndian.Uint16(v)))
			set("auto_increment_offset", uint64(binary.LittleEndian.Uint16(v[2:])))
		case 4:
			set("character_set_client", uint64(binary.LittleEndian.Uint16(v)))
			set("collation_connection", uint64(binary.LittleEndian.Uint16(v[2:])))
			set("collation_server", uint64(binary.LittleEndian.Uint16(v[4:])))
		case 5:
			if zone := string(v[1:]); zone != "" {
				out = append(out, "time_zone='"+quoted(zone)+"'")
			}
		}
	}
	return out
}

// quoted makes a text safe between apostrophes.
func quoted(s string) string {
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s)
}
