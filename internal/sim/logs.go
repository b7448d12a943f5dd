package sim

import (
	"context"
	"fmt"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// The logs of a server, as they are listed event by event. Each transaction is one statement, which commits by itself.

// BinlogEvents lists events of the binary log or of the relay log.
func (a access) BinlogEvents(ctx context.Context, kind topology.LogType, file string, pos int64, limit int, _ string) (events []server.BinlogEvent, err error) {
	s := a.s
	err = a.read(ctx, "list the events of "+file, 28, func() error {
		if kind == topology.RelayLog {
			events = s.relayEvents(file)
		} else {
			events = s.binlogEvents(file)
		}
		for len(events) > 0 && events[0].Pos < pos {
			events = events[1:]
		}
		events = events[:min(limit, len(events))]
		return nil
	})
	return events, err
}

// BinaryLogs lists the only one.
func (a access) BinaryLogs(ctx context.Context) (logs []server.BinaryLog, err error) {
	err = a.read(ctx, "list binary logs", 29, func() error {
		end := position(len(a.s.log))
		logs = []server.BinaryLog{{Name: end.LogFile, Size: end.LogPos}}
		return nil
	})
	return logs, err
}

// CommitsInOrder says that appliers keep the order of their source.
func (a access) CommitsInOrder(context.Context) (bool, error) { return true, nil }

func (s *Server) binlogEvents(file string) (events []server.BinlogEvent) {
	for n := s.purged; n < len(s.log); n++ {
		events = append(events, s.w.statement(file, s.log[n], n, n+1))
	}
	return events
}

// relayEvents begin where the relay log does: with an event of the server's own, and one that names the place in the source's
// log. Places of the relay log are numbered as those of the source's log.
func (s *Server) relayEvents(file string) (events []server.BinlogEvent) {
	ch := s.ch
	if ch == nil {
		return nil
	}
	begin := position(ch.begins)
	head := server.BinlogEvent{LogName: file, Pos: 4, EndLogPos: 4, EventType: "Format_desc", ServerID: uint32(s.serverID)}
	events = append(events, head)
	head.EventType, head.Info = "Rotate", fmt.Sprintf("%s;pos=%d", begin.LogFile, begin.LogPos)
	if src := s.w.byKey[ch.source]; src != nil {
		head.ServerID = uint32(src.serverID)
	}
	events = append(events, head)
	at := ch.begins
	for _, r := range ch.relay {
		events = append(events, s.w.statement(file, r.t, at, r.at))
		at = r.at
	}
	return events
}

// statement is the event of a transaction that begins and ends at places of a log.
func (w *World) statement(file string, t txn, begin, end int) server.BinlogEvent {
	return server.BinlogEvent{
		LogName: file, Pos: position(begin).LogPos, EndLogPos: position(end).LogPos, EventType: "Query",
		ServerID: uint32(w.servers[w.txns[t].origin].serverID), Info: fmt.Sprintf("INSERT INTO t VALUES (%d)", t),
	}
}
