package main

import (
	"context"

	"orchestrator/internal/execute"
	"orchestrator/internal/move"
	"orchestrator/internal/topology"
)

// LastPseudoGTID implements operate.Logs.
func (m moves) LastPseudoGTID(ctx context.Context, key topology.Key, strict bool) (at topology.Coordinates, text string, err error) {
	err = m.with(ctx, key, func(ctx context.Context, runner *move.Runner) error {
		at, text, err = runner.LastPseudoGTID(ctx, key, strict)
		return err
	})
	return at, text, err
}

// FindEntry implements operate.Logs.
func (m moves) FindEntry(ctx context.Context, key topology.Key, text string) (at topology.Coordinates, err error) {
	err = m.with(ctx, key, func(ctx context.Context, runner *move.Runner) error {
		at, err = runner.FindEntry(ctx, key, text)
		return err
	})
	return at, err
}

// CorrelateBinlog implements operate.Logs.
func (m moves) CorrelateBinlog(ctx context.Context, key topology.Key, from topology.Coordinates, other topology.Key) (at topology.Coordinates, err error) {
	err = m.with(ctx, key, func(ctx context.Context, runner *move.Runner) error {
		at, err = runner.CorrelateBinlog(ctx, key, from, other)
		return err
	})
	return at, err
}

// LastRelayEntry implements operate.Logs.
func (m moves) LastRelayEntry(ctx context.Context, key topology.Key) (found *execute.RelayEntry, err error) {
	err = m.with(ctx, key, func(ctx context.Context, runner *move.Runner) error {
		found, err = runner.LastRelayEntry(ctx, key)
		return err
	})
	return found, err
}

// CorrelateRelay implements operate.Logs.
func (m moves) CorrelateRelay(ctx context.Context, key topology.Key, at topology.Coordinates, other topology.Key) (own, same *execute.RelayEntry, err error) {
	err = m.with(ctx, key, func(ctx context.Context, runner *move.Runner) error {
		own, same, err = runner.CorrelateRelay(ctx, key, at, other)
		return err
	})
	return own, same, err
}

// BinaryLogs implements operate.Logs.
func (m moves) BinaryLogs(ctx context.Context, key topology.Key) (list []move.BinaryLog, err error) {
	err = m.with(ctx, key, func(ctx context.Context, runner *move.Runner) error {
		list, err = runner.BinaryLogs(ctx, key)
		return err
	})
	return list, err
}
