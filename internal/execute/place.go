package execute

import (
	"context"
	"errors"
	"fmt"

	"orchestrator/internal/gtid"
	"orchestrator/internal/topology"
)

// ErrNoPlace says that a replica by GTID was left as it is, because its place by file and position is not proven.
var ErrNoPlace = errors.New("not switched to file and position")

// provenPlace is an error where the position that a stopped replica by GTID shows is not known to be the one that it has
// applied up to. MariaDB shows the beginning of its source's log file, or nothing, from when it connects until it has
// applied the first transaction: from there it would apply everything in between again. So its source is asked what it had
// logged up to there. MySQL passes over what it has executed already, from wherever it begins.
func (r *Run) provenPlace(ctx context.Context, s Server, c *topology.Channel) error {
	if c.Exec.IsEmpty() {
		return fmt.Errorf("%w: up to which position of its source's log it has applied is not known", ErrNoPlace)
	}
	if c.GTID != topology.MariaDBGTID {
		return nil
	}
	k := r.resolved(c.Source)
	source := r.e.o.Server(k)
	able, ok := source.(tended)
	if !ok {
		return fmt.Errorf("%w: what %s has logged up to %s cannot be asked", ErrNoPlace, k, c.Exec)
	}
	text, err := able.GTIDPosAt(ctx, c.Exec)
	if err != nil {
		return fmt.Errorf("%w: what %s has logged up to %s: %w", ErrNoPlace, k, c.Exec, err)
	}
	there, err := gtid.ParseMariaPos(text)
	if err != nil {
		return fmt.Errorf("GTID position of %s at %s: %w", k, c.Exec, err)
	}
	its, err := heldBy(ctx, source)
	if err != nil {
		return err
	}
	mine, err := s.GTIDs(ctx)
	if err != nil {
		return err
	}
	applied, err := gtid.ParseMariaPos(mine.SlavePos)
	if err != nil {
		return fmt.Errorf("applied GTID position: %w", err)
	}
	// Domains that the source does not know come by other channels, those that the replica does not know are ignored by it.
	if here := applied.Within(its.at); !here.Equal(there.Within(applied)) {
		return fmt.Errorf("%w: it says that it has applied the log of %s up to %s, where that had got to %q, and it has applied %q; try again when it has applied something more",
			ErrNoPlace, k, c.Exec, there, here)
	}
	return nil
}
