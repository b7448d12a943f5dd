package correlate

import (
	"fmt"
	"strconv"
	"strings"

	"orchestrator/internal/topology"
)

// Event is an event of a log, with its place in the binary log that it was read or received from.
type Event struct {
	Type       string
	ServerID   uint32 // of the server that wrote it first
	Info       string
	Begin, End topology.Coordinates
}

// size is how many bytes the event has in that log; 0 when that cannot be told.
func (e *Event) size() int64 {
	if e.Begin.LogFile != e.End.LogFile {
		return 0
	}
	return e.End.LogPos - e.Begin.LogPos
}

// InBinaryLog places an event of a server's own binary log.
func InBinaryLog(e topology.LogEvent) Event {
	return Event{
		Type: e.EventType, ServerID: e.ServerID, Info: e.Info,
		Begin: topology.Coordinates{LogFile: e.LogName, LogPos: e.Pos},
		End:   topology.Coordinates{LogFile: e.LogName, LogPos: e.EndLogPos},
	}
}

// Received places the events of relay logs in the binary log of the source. It takes the files one after the other.
type Received struct {
	// Since is the first place of the source's log that is known of; what lies before it is not in these relay logs.
	Since topology.Coordinates
	// Next is the relay log that follows the one whose events were given last; "" as long as none does.
	Next string

	at   topology.Coordinates // where the next event begins
	self uint32               // the server whose relay logs these are
}

// Take places an event. ok is false for one that is not of the source's log, or whose place cannot be told.
func (r *Received) Take(e topology.LogEvent) (placed Event, ok bool, err error) {
	switch {
	case e.EventType == "Format_desc" && e.Pos <= 4: // every file begins with one of the server's own
		r.self, r.Next = e.ServerID, ""
		return placed, false, nil
	case e.EventType == "Rotate":
		if next, own := LeadsTo(e, e.LogName); own {
			r.Next = next
			return placed, false, nil
		}
		at, err := rotation(e.Info)
		if err != nil {
			return placed, false, err
		}
		r.at = at
		if r.Since.IsEmpty() {
			r.Since = at
		}
		return placed, false, nil
	case r.at.IsEmpty(), Ignored(e.EventType) && (e.ServerID == r.self || e.EndLogPos <= r.at.LogPos):
		return placed, false, nil
	case e.EndLogPos < r.at.LogPos:
		return placed, false, fmt.Errorf("the event %s at %s:%d ends at %d of the source's log, before it begins (%s)", e.EventType, e.LogName, e.Pos, e.EndLogPos, r.at)
	}
	placed = Event{Type: e.EventType, ServerID: e.ServerID, Info: e.Info, Begin: r.at, End: topology.Coordinates{LogFile: r.at.LogFile, LogPos: e.EndLogPos}}
	r.at = placed.End
	return placed, true, nil
}

// LeadsTo says to which log of the same server a rotation at the end of a file leads; ok is false for any other event,
// and for a rotation of the source's log in a relay log.
func LeadsTo(e topology.LogEvent, file string) (next string, ok bool) {
	if e.EventType != "Rotate" {
		return "", false
	}
	to, _, _ := strings.Cut(e.Info, ";")
	base, _, known := topology.SplitLogFile(file)
	toBase, _, toKnown := topology.SplitLogFile(to)
	return to, known && toKnown && base == toBase && to != file
}

// rotation reads the place that a rotation leads to: `binlog.000002;pos=4`.
func rotation(info string) (topology.Coordinates, error) {
	file, rest, _ := strings.Cut(info, ";")
	pos, err := strconv.ParseInt(strings.TrimPrefix(rest, "pos="), 10, 64)
	if err != nil || file == "" {
		return topology.Coordinates{}, fmt.Errorf("a rotation to %q: the form is file;pos=number", info)
	}
	return topology.Coordinates{LogFile: file, LogPos: pos}, nil
}

// Ignored says that events of this type are about a log itself and belong to no transaction.
func Ignored(kind string) bool {
	switch kind {
	case "Format_desc", "Previous_gtids", "Rotate", "Stop", "Start_v3", "Gtid_list", "Binlog_checkpoint", "Start_encryption",
		"Heartbeat", "Heartbeat_v2", "Slave", "Ignorable":
		return true
	}
	return false
}

// Ends finds the ends of transactions in a row of events.
type Ends struct{ open bool }

// Completes says whether the event completes a transaction.
func (t *Ends) Completes(kind, info string) bool {
	switch kind {
	case "Xid", "XA_prepare", "Transaction_payload":
		t.open = false
		return true
	case "Gtid", "Gtid_tagged", "Anonymous_Gtid": // MariaDB says BEGIN here, for transactions of more than one event
		t.open = strings.HasPrefix(info, "BEGIN ")
		return false
	case "Query", "Query_compressed":
		switch text := statement(info); {
		case text == "BEGIN", strings.HasPrefix(text, "XA START"), strings.HasSuffix(text, " START TRANSACTION"): // the last: CREATE TABLE with rows
			t.open = true
			return false
		case text == "COMMIT" || text == "ROLLBACK":
			t.open = false
			return true
		default:
			return !t.open // a statement that commits by itself
		}
	}
	return false
}

// statement is the text of a Query event without the `use` before it and the comment behind it.
func statement(info string) string {
	if strings.HasPrefix(info, "use `") {
		if _, rest, ok := strings.Cut(info, "; "); ok {
			info = rest
		}
	}
	if i := strings.Index(info, " /*"); i > 0 {
		info = info[:i]
	}
	return strings.ToUpper(strings.TrimSpace(info))
}
