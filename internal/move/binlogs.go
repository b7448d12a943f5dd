package move

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// BinaryLog is a binary log and the transaction that it begins with.
type BinaryLog struct {
	server.BinaryLog
	First string // "" when there is none, or none with a GTID
	Read  bool   // it was looked into
}

const (
	// filesRead is how many binary logs are looked into, of more the newest.
	filesRead = 100
	// headEvents is among how many events at the beginning of a binary log its first transaction is.
	headEvents = 6
)

// BinaryLogs lists the binary logs of a server, oldest first. A file that went away meanwhile is not looked into.
func (r *Runner) BinaryLogs(ctx context.Context, key topology.Key) ([]BinaryLog, error) {
	s, ok := r.o.Servers(key).(logged)
	if !ok {
		return nil, errors.New("its binary logs cannot be read")
	}
	files, err := s.BinaryLogs(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the binary logs of %s: %w", key, err)
	}
	list := make([]BinaryLog, len(files))
	for n := len(files) - 1; n >= 0; n-- {
		list[n].BinaryLog = files[n]
		if len(files)-n > filesRead {
			continue
		}
		events, err := s.BinlogEvents(ctx, topology.BinaryLog, files[n].Name, 0, headEvents, "")
		switch {
		case ctx.Err() != nil:
			return nil, fmt.Errorf("look into the binary logs of %s: %w", key, err)
		case err == nil:
			list[n].First, list[n].Read = firstGTID(events), true
		}
	}
	return list, nil
}

// firstGTID is the first transaction of events as a server lists them.
func firstGTID(events []server.BinlogEvent) string {
	for _, e := range events {
		switch e.EventType {
		case "Gtid", "Gtid_tagged":
			if g, ok := nextGTID(e.Info); ok { // MySQL: SET @@SESSION.GTID_NEXT= '…'
				return g.String()
			}
			if _, text, ok := strings.Cut(e.Info, "GTID "); ok { // MariaDB: BEGIN GTID 0-1-5, or GTID 0-1-5
				first, _, _ := strings.Cut(text, " ")
				return first
			}
		}
	}
	return ""
}
