package move

import (
	"testing"

	"orchestrator/internal/server"
)

// TestFirstGTID: the first transaction of a binary log, as servers list its events.
func TestFirstGTID(t *testing.T) {
	const uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
	event := func(kind, info string) server.BinlogEvent { return server.BinlogEvent{EventType: kind, Info: info} }
	head := []server.BinlogEvent{event("Format_desc", "Server ver: 8.4.6, Binlog ver: 4"), event("Previous_gtids", uuid+":1-4")}
	for want, events := range map[string][]server.BinlogEvent{
		"":              head,
		uuid + ":5":     append(head, event("Gtid", "SET @@SESSION.GTID_NEXT= '"+uuid+":5'"), event("Query", "BEGIN")),
		uuid + ":adm:9": {event("Gtid_tagged", "SET @@SESSION.GTID_NEXT= '"+uuid+":adm:9'")},
		"0-1-5":         {event("Gtid_list", "[0-1-4]"), event("Binlog_checkpoint", "b.1"), event("Gtid", "BEGIN GTID 0-1-5")},
		"0-1-6":         {event("Gtid", "GTID 0-1-6"), event("Query", "use `x`; DROP TABLE t")},
		"7-11-900":      {event("Gtid", "BEGIN GTID 7-11-900 cid=12")},
	} {
		if got := firstGTID(events); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
