package operatetest

import (
	"context"

	"orchestrator/internal/execute"
	"orchestrator/internal/move"
	servers "orchestrator/internal/server"
	"orchestrator/internal/topology"
)

func inLog(file string, pos int64) topology.Coordinates {
	return topology.Coordinates{LogFile: file, LogPos: pos}
}

func relayEntry(file string, pos int64) *execute.RelayEntry {
	return &execute.RelayEntry{At: inLog(file, pos), Next: pos + 31, Event: topology.LogEvent{EventType: "Xid", Info: "COMMIT /* xid=7 */"}}
}

// LastPseudoGTID finds one, and another one when it is strict.
func (b *Backend) LastPseudoGTID(_ context.Context, _ topology.Key, strict bool) (topology.Coordinates, string, error) {
	if strict {
		return inLog("binlog.000001", 4), "drop view if exists `_pseudo_gtid_`.`_asc:0`", b.Fail
	}
	return inLog("binlog.000012", 4711), "drop view if exists `_pseudo_gtid_`.`_asc:1`", b.Fail
}

// FindEntry finds one.
func (b *Backend) FindEntry(context.Context, topology.Key, string) (topology.Coordinates, error) {
	return inLog("binlog.000012", 4711), b.Fail
}

// CorrelateBinlog finds one a little after the place that was given.
func (b *Backend) CorrelateBinlog(_ context.Context, _ topology.Key, at topology.Coordinates, _ topology.Key) (topology.Coordinates, error) {
	return inLog("binlog.000003", 99+at.LogPos), b.Fail
}

// LastRelayEntry finds one.
func (b *Backend) LastRelayEntry(context.Context, topology.Key) (*execute.RelayEntry, error) {
	return relayEntry("relay.000002", 400), b.Fail
}

// CorrelateRelay finds two.
func (b *Backend) CorrelateRelay(context.Context, topology.Key, topology.Coordinates, topology.Key) (own, same *execute.RelayEntry, err error) {
	return relayEntry("relay.000002", 400), relayEntry("relay.000005", 700), b.Fail
}

// BinaryLogs lists three.
func (b *Backend) BinaryLogs(context.Context, topology.Key) ([]move.BinaryLog, error) {
	const uuid = "00000000-0000-0000-0000-000000000001"
	return []move.BinaryLog{
		{BinaryLog: servers.BinaryLog{Name: "binlog.000010", Size: 104_857_600}, First: uuid + ":1", Read: true},
		{BinaryLog: servers.BinaryLog{Name: "binlog.000011", Size: 104_857_611}, First: uuid + ":41", Read: true},
		{BinaryLog: servers.BinaryLog{Name: "binlog.000012", Size: 4711}, First: uuid + ":90", Read: true},
	}, b.Fail
}
