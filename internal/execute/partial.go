package execute

import (
	"context"
	"fmt"
	"strings"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// eventLister is a server whose logs can be read. Real ones are.
type eventLister interface {
	BinlogEvents(ctx context.Context, kind topology.LogType, file string, pos int64, limit int, channel string) ([]server.BinlogEvent, error)
}

const (
	// relayPage is how many events of a relay log are read at a time.
	relayPage = 1000
	// relayPages bounds the search for the end of a transaction; one that is longer counts as complete, which is the
	// safe side: its end is then waited for.
	relayPages = 50
)

// onlyPartRemains says whether what a replica has received and not applied is no more than the beginning of a
// transaction. A source that dies while it sends one leaves such a beginning. Nobody was told that it is committed by
// way of this replica, and it can never be applied: by file and position, received never becomes equal to applied.
func onlyPartRemains(ctx context.Context, s Server, c *topology.Channel) (bool, error) {
	lister, ok := s.(eventLister)
	if !ok || c.Relay.IsEmpty() {
		return false, nil
	}
	file, pos := c.Relay.LogFile, c.Relay.LogPos
	var group transactionScanner
	for range relayPages {
		events, err := lister.BinlogEvents(ctx, topology.RelayLog, file, pos, relayPage, c.Name)
		if err != nil {
			return false, fmt.Errorf("what is left in the relay log: %w", err)
		}
		next := ""
		for _, e := range events {
			if e.Pos < pos {
				continue
			}
			if group.ends(e) {
				return false, nil
			}
			if to, ok := rotatesTo(e, file); ok {
				next = to
			}
		}
		switch {
		case next != "":
			file, pos = next, 0
		case len(events) < relayPage:
			return true, nil
		default:
			pos = events[len(events)-1].Pos + 1
		}
	}
	return false, nil
}

// rotatesTo says to which relay log an event leads on; a rotation of the source's own log leads nowhere here.
func rotatesTo(e server.BinlogEvent, file string) (string, bool) {
	if e.EventType != "Rotate" {
		return "", false
	}
	to, _, _ := strings.Cut(e.Info, ";")
	base, _, ok := topology.SplitLogFile(file)
	toBase, _, toOK := topology.SplitLogFile(to)
	return to, ok && toOK && base == toBase && to != file
}

// transactionScanner finds the ends of transactions in a row of events.
type transactionScanner struct{ open bool }

// ends says whether the event completes a transaction.
func (t *transactionScanner) ends(e server.BinlogEvent) bool {
	switch e.EventType {
	case "Xid", "XA_prepare", "Transaction_payload":
		t.open = false
		return true
	case "Gtid", "Anonymous_Gtid": // MariaDB says BEGIN here, for transactions of more than one event
		t.open = strings.HasPrefix(e.Info, "BEGIN ")
		return false
	case "Query", "Query_compressed":
		switch text := statement(e.Info); {
		case text == "BEGIN" || strings.HasPrefix(text, "XA START"):
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
