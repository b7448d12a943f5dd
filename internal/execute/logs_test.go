package execute

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"orchestrator/internal/correlate"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// file is a log whose server lists it as real ones do: what is in a compressed transaction stands where that ends, and
// reading from there on begins after it.
type file []server.BinlogEvent

func (f file) BinlogEvents(_ context.Context, _ topology.LogType, _ string, pos int64, limit int, _ string) ([]server.BinlogEvent, error) {
	var out []server.BinlogEvent
	inside := false
	for _, e := range f {
		inner := inside && e.EventType != "Anonymous_Gtid"
		inside = inner || e.EventType == "Transaction_payload"
		if e.Pos < pos || inner && e.Pos == pos {
			continue
		}
		if len(out) == limit {
			break
		}
		out = append(out, e)
	}
	return out, nil
}

func TestLogsAreReadInChunks(t *testing.T) {
	var log file
	pos := int64(4)
	add := func(kind string, size int64) {
		log = append(log, server.BinlogEvent{Pos: pos, EventType: kind, Info: fmt.Sprint(len(log))})
		pos += size
	}
	add("Format_desc", 100)
	for n := range 7 {
		add("Anonymous_Gtid", 80)
		if n%2 == 0 {
			add("Transaction_payload", 500)
			for range 5 {
				add("Write_rows", 0)
			}
			add("Xid", 0)
			continue
		}
		add("Query", 60)
		add("Xid", 31)
	}
	for chunk := 1; chunk <= len(log)+1; chunk++ {
		n := 0
		err := eachEvent(t.Context(), log, part{file: "b.000001"}, chunk, func(e topology.LogEvent) error {
			if e.Info != log[n].Info || e.LogName != "b.000001" {
				t.Fatalf("chunk %d: event %d is %s of %s", chunk, n, e.Info, e.LogName)
			}
			n++
			return nil
		})
		if err != nil || n != len(log) {
			t.Errorf("chunk %d: %d of %d events, %v", chunk, n, len(log), err)
		}
	}
}

// chronicle is a server with one binary log, which began with a pseudo-GTID entry.
type chronicle struct {
	*fake
	file
}

func (c chronicle) BinaryLogs(context.Context) ([]server.BinaryLog, error) {
	return []server.BinaryLog{{Name: "b.000001"}}, nil
}

func (c chronicle) CommitsInOrder(context.Context) (bool, error) { return true, nil }

func TestEntryFarBack(t *testing.T) {
	c := chronicle{newFake("a"), file{{Pos: 4, EndLogPos: 100, EventType: "Query", Info: "drop view if exists `_pseudo_gtid_`.`_asc:1`"}}}
	for pos := int64(100); len(c.file) < 10; pos += 100 {
		c.file = append(c.file, server.BinlogEvent{Pos: pos, EndLogPos: pos + 100, EventType: "Query", Info: "use `d`; create table t (i int)"})
	}
	o := EventOptions{atMost: 5, Marker: correlate.Marker{Fixed: "_pseudo_gtid_"}}
	if _, err := o.LastLogged(t.Context(), c, topology.Coordinates{}); !errors.Is(err, errTooMany) {
		t.Errorf("all of it would be kept: %v", err)
	}
	o.EntryOnly = true
	held, err := o.LastLogged(t.Context(), c, topology.Coordinates{})
	if err != nil || held.At() != (topology.Coordinates{LogFile: "b.000001", LogPos: 4}) || len(held.Transactions) != 1 {
		t.Errorf("held %+v, %v", held, err)
	}
}

func TestPreviousFile(t *testing.T) {
	for name, want := range map[string]string{
		"relay.000010": "relay.000009", "relay.1000000": "relay.999999", "relay.000001": "", "relay": "", "a.b.0002": "a.b.0001",
	} {
		if got, ok := previousFile(name); got != want || ok != (want != "") {
			t.Errorf("before %s is %q", name, got)
		}
	}
}
