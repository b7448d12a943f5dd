package move

import (
	"context"
	"errors"
	"fmt"

	"orchestrator/internal/correlate"
	"orchestrator/internal/execute"
	"orchestrator/internal/topology"
)

// correlatePatience bounds the comparison of two logs that a person asks for.
const correlatePatience = defaultDeadline

// entry is a server whose logs are looked through.
type entry struct {
	*topology.Instance
	server execute.Server
}

func (r *Runner) open(ctx context.Context, key topology.Key) (entry, error) {
	i, err := r.fresh(ctx, key)
	return entry{i, r.o.Servers(key)}, err
}

// LastPseudoGTID finds the last pseudo-GTID entry that a server holds: in its binary log, or, where that does not hold what
// it replicates, in its relay log. Of the latter the position is that in the log of its source. Strict, it is sought however
// much was logged since.
func (r *Runner) LastPseudoGTID(ctx context.Context, key topology.Key, strict bool) (at topology.Coordinates, text string, err error) {
	o := execute.EventOptionsOf(r.o.Config())
	o.EntryOnly = strict
	if o.Marker.IsZero() {
		return at, "", errors.New("PseudoGTIDPattern is empty: nothing tells pseudo-GTID entries")
	}
	i, err := r.open(ctx, key)
	if err != nil {
		return at, "", err
	}
	var held *execute.Held
	if i.LogBin && (i.LogReplicaUpdates || !i.HasSource()) {
		held, err = o.LastLogged(ctx, i.server, topology.Coordinates{})
	} else {
		held, err = o.LastReceived(ctx, i.server, &i.Channel, i.Channel.Exec)
	}
	if err != nil {
		return at, "", fmt.Errorf("last-pseudo-gtid of %s: %w", key, err)
	}
	return held.At(), held.Entry, nil
}

// FindEntry finds where a statement is in the binary logs of a server; of several the last one.
func (r *Runner) FindEntry(ctx context.Context, key topology.Key, text string) (topology.Coordinates, error) {
	i, err := r.open(ctx, key)
	if err != nil {
		return topology.Coordinates{}, err
	}
	at, err := execute.EventOptionsOf(r.o.Config()).Find(ctx, i.server, correlate.Entry(text))
	if err != nil {
		return at, fmt.Errorf("find-binlog-entry of %s: %w", key, err)
	}
	return at, nil
}

// CorrelateBinlog finds the place in the binary log of another server that is the same as one in the log of a server; an empty
// one means its end.
func (r *Runner) CorrelateBinlog(ctx context.Context, key topology.Key, at topology.Coordinates, other topology.Key) (topology.Coordinates, error) {
	var none topology.Coordinates
	o := execute.EventOptionsOf(r.o.Config())
	if o.Marker.IsZero() {
		return none, errors.New("PseudoGTIDPattern is empty: nothing tells pseudo-GTID entries")
	}
	i, err := r.open(ctx, key)
	if err != nil {
		return none, err
	}
	target, err := r.open(ctx, other)
	if err != nil {
		return none, err
	}
	for _, e := range []entry{i, target} {
		if err := execute.InOrder(ctx, e.server); err != nil {
			return none, fmt.Errorf("%s: %w", e.Key, err)
		}
	}
	if at.IsEmpty() {
		at = i.SelfCoordinates
	}
	held, err := o.LastLogged(ctx, i.server, at)
	if err != nil {
		return none, fmt.Errorf("correlate-binlog-pos of %s: %w", key, err)
	}
	place, _, err := o.Pursue(ctx, target.server, held, correlatePatience)
	if err != nil {
		return none, fmt.Errorf("correlate-binlog-pos of %s at %s: in the log of %s: %w", key, at, other, err)
	}
	return place, nil
}

// LastRelayEntry is the last event of its relay log that a replica has applied.
func (r *Runner) LastRelayEntry(ctx context.Context, key topology.Key) (*execute.RelayEntry, error) {
	i, err := r.open(ctx, key)
	if err != nil {
		return nil, err
	}
	found, err := execute.EventOptionsOf(r.o.Config()).FindReceived(ctx, i.server, &i.Channel, i.Channel.Exec, func(e execute.RelayEntry) bool {
		return !i.Channel.Exec.Less(e.Source) && !correlate.Ignored(e.Event.EventType)
	})
	if err != nil {
		return nil, fmt.Errorf("last-executed-relay-entry of %s: %w", key, err)
	}
	return found, nil
}

// CorrelateRelay finds an event of a replica's relay log in that of its sibling: the one at a position, or the last that was
// applied. Both have it at the same place of their source's log.
func (r *Runner) CorrelateRelay(ctx context.Context, key topology.Key, at topology.Coordinates, other topology.Key) (own, same *execute.RelayEntry, err error) {
	fail := func(err error) (own, same *execute.RelayEntry, _ error) {
		return nil, nil, fmt.Errorf("correlate-relaylog-pos of %s and %s: %w", key, other, err)
	}
	i, err := r.open(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	sibling, err := r.open(ctx, other)
	switch {
	case err != nil:
		return nil, nil, err
	case !i.HasSource() || i.SourceKey() != sibling.SourceKey():
		return fail(errors.New("they do not replicate from the same server"))
	}
	o := execute.EventOptionsOf(r.o.Config())
	if at.IsEmpty() {
		own, err = r.LastRelayEntry(ctx, key)
	} else {
		own, err = o.FindReceived(ctx, i.server, &i.Channel, topology.Coordinates{}, func(e execute.RelayEntry) bool { return e.At.LogFile == at.LogFile && e.At.LogPos == at.LogPos })
	}
	if err != nil {
		return fail(err)
	}
	same, err = o.FindReceived(ctx, sibling.server, &sibling.Channel, own.Source, func(e execute.RelayEntry) bool { return e.Source.Compare(own.Source) == 0 })
	switch {
	case err != nil:
		return fail(fmt.Errorf("%s, at %s of their source: %w", other, own.Source, err))
	case same.Event.EventType != own.Event.EventType || same.Event.ServerID != own.Event.ServerID || correlate.Normal(same.Event.Info) != correlate.Normal(own.Event.Info):
		return fail(fmt.Errorf("at %s of their source one has %s %q and the other %s %q", own.Source, own.Event.EventType, own.Event.Info, same.Event.EventType, same.Event.Info))
	}
	return own, same, nil
}
