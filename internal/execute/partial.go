package execute

import (
	"context"
	"fmt"

	"orchestrator/internal/correlate"
	"orchestrator/internal/topology"
)

// relayEvents bounds the search for the end of a transaction; one that is longer counts as complete, which is the safe
// side: its end is then waited for.
const relayEvents = 50_000

// relayPage is how many of them are read at a time.
const relayPage = 1000

// onlyPartRemains says whether what a replica has received and not applied is no more than the beginning of a
// transaction. A source that dies while it sends one leaves such a beginning. Nobody was told that it is committed by
// way of this replica, and it can never be applied: by file and position, received never becomes equal to applied.
func onlyPartRemains(ctx context.Context, s Server, c *topology.Channel) (bool, error) {
	lister, ok := s.(eventLister)
	if !ok || c.Relay.IsEmpty() {
		return false, nil
	}
	var ends correlate.Ends
	next, from, seen, complete := c.Relay.LogFile, c.Relay.LogPos, 0, false
	for next != "" && !complete {
		file := next
		next = ""
		err := eachEvent(ctx, lister, part{kind: topology.RelayLog, file: file, from: from, channel: c.Name}, relayPage, func(e topology.LogEvent) error {
			seen++
			if complete = ends.Completes(e.EventType, e.Info) || seen > relayEvents; complete {
				return errEnough
			}
			if to, ok := correlate.LeadsTo(e, file); ok {
				next = to
			}
			return nil
		})
		if err != nil {
			return false, fmt.Errorf("what is left in the relay log: %w", err)
		}
		from = 0
	}
	return !complete, nil
}
