package server

import (
	"context"
	"database/sql/driver"
	"slices"
	"strings"

	"orchestrator/internal/topology"
)

// SelfCoordinates asks for the server's own position; empty when it writes no binary log.
func (s *Server) SelfCoordinates(ctx context.Context) (topology.Coordinates, error) {
	var c topology.Coordinates
	err := s.rows(ctx, "read binary log position", func(d Dialect) (string, error) { return d.BinaryLogStatus(), nil },
		func(columns []string, row []driver.Value) error {
			c = parseBinlogStatus(columns, row)
			return nil
		})
	return c, err
}

// ResetBinaryLogsAndGTIDs deletes all binary logs and the GTID history. Replicas of this server break.
func (s *Server) ResetBinaryLogsAndGTIDs(ctx context.Context) error {
	return s.exec(ctx, "reset binary logs", just(Dialect.ResetBinaryLogsAndGTIDs))
}

// BinaryLogs lists the binary log files, oldest first.
func (s *Server) BinaryLogs(ctx context.Context) ([]BinaryLog, error) {
	var out []BinaryLog
	err := s.rows(ctx, "list binary logs", func(Dialect) (string, error) { return "SHOW BINARY LOGS", nil },
		func(columns []string, row []driver.Value) error {
			l := BinaryLog{Name: text(row[0]), Size: integer(row[1])}
			if i := slices.Index(columns, "Encrypted"); i >= 0 {
				l.Encrypted = truth(row[i])
			}
			out = append(out, l)
			return nil
		})
	return out, err
}

// FlushBinaryLogs begins a new binary log file.
func (s *Server) FlushBinaryLogs(ctx context.Context) error {
	return s.exec(ctx, "flush binary logs", just(func(Dialect) string { return "FLUSH BINARY LOGS" }))
}

// PurgeBinaryLogs deletes the binary logs before the file.
func (s *Server) PurgeBinaryLogs(ctx context.Context, toFile string) error {
	return s.exec(ctx, "purge binary logs to "+toFile, just(func(d Dialect) string { return d.PurgeBinaryLogs(toFile) }))
}

// BinlogEvents lists up to limit events of a binary or relay log from a position on (0: from the beginning of the
// file; limit 0: all). The channel matters only for relay logs.
func (s *Server) BinlogEvents(ctx context.Context, kind topology.LogType, file string, pos int64, limit int, channel string) ([]BinlogEvent, error) {
	var out []BinlogEvent
	err := s.rows(ctx, "list events of "+file, func(d Dialect) (string, error) {
		return d.BinlogEvents(kind, file, pos, limit, channel), nil
	}, func(_ []string, row []driver.Value) error {
		out = append(out, BinlogEvent{
			LogName: text(row[0]), Pos: integer(row[1]), EventType: strings.TrimSuffix(text(row[2]), "_log_event"), // as MySQL calls tagged ones alone
			ServerID: uint32(integer(row[3])), EndLogPos: integer(row[4]), Info: text(row[5]),
		})
		return nil
	})
	return out, err
}

// PreviousGTIDs reads which GTIDs lie before a binary log of a MySQL server.
func (s *Server) PreviousGTIDs(ctx context.Context, file string) (string, error) {
	events, err := s.BinlogEvents(ctx, topology.BinaryLog, file, 0, 3, "")
	if err != nil {
		return "", err
	}
	for _, e := range events {
		if e.EventType == "Previous_gtids" {
			return gtidText(e.Info), nil
		}
	}
	return "", s.fail("read previous GTIDs of "+file, unsupported("the file has no such event"), true)
}
