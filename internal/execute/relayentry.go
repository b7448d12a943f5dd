package execute

import (
	"context"
	"errors"

	"orchestrator/internal/correlate"
	"orchestrator/internal/topology"
)

// RelayEntry is an event of a relay log.
type RelayEntry struct {
	At     topology.Coordinates // in the relay log
	Next   int64                // where the event after it begins
	Event  topology.LogEvent
	Source topology.Coordinates // where it ends in the source's log
}

// FindReceived finds the last event in a replica's relay logs that passes a test. The logs that begin after a place in the
// source's log are always read; older ones are not.
func (o EventOptions) FindReceived(ctx context.Context, s Server, c *topology.Channel, from topology.Coordinates, is func(RelayEntry) bool) (*RelayEntry, error) {
	l, err := asLogged(s)
	switch {
	case err != nil:
		return nil, err
	case c.Relay.IsEmpty():
		return nil, errors.New("it has no relay log")
	}
	first, err := o.relayLogFor(ctx, l, c, from)
	if err != nil {
		return nil, err
	}
	var found *RelayEntry
	var decode correlate.Received
	for file := first; file != ""; file = decode.Next {
		err := eachEvent(ctx, l, part{kind: topology.RelayLog, file: file, channel: c.Name}, o.Chunk, func(e topology.LogEvent) error {
			placed, ok, err := decode.Take(e)
			if err != nil || !ok {
				return err
			}
			entry := RelayEntry{
				At:   topology.Coordinates{LogFile: file, LogPos: e.Pos, Type: topology.RelayLog},
				Next: e.Pos + placed.End.LogPos - placed.Begin.LogPos, Event: e, Source: placed.End,
			}
			if is(entry) {
				found = &entry
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if found == nil {
		return nil, errors.New("it is not in the relay logs that are left")
	}
	return found, nil
}
