package execute

import (
	"context"
	"fmt"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// sourceChange is the change that the action asks for, with the options that the channel has now.
func (r *Run) sourceChange(c *topology.Channel, a plan.Action) (server.SourceChange, error) {
	change := server.CarryOver(*c)
	change.Channel, change.Source, change.Mode = a.Channel, a.Source, server.KeepAsIs
	switch a.Place {
	case plan.ByOracleGTID:
		change.Mode = server.GTIDAuto
	case plan.ByMariaDBGTID:
		change.Mode = server.MariaDBSlavePos
	case plan.ByCoordinates:
		change.Mode, change.Coords = server.FilePosition, a.At
	case plan.OwnPosition, plan.ByContent:
		change.Mode = server.FilePosition
	case plan.AtSuccessor:
		r.mu.Lock()
		change.Mode, change.Coords = server.FilePosition, r.opened
		key := r.openKey
		r.mu.Unlock()
		if key != a.Source || change.Coords.IsEmpty() {
			return change, fmt.Errorf("the coordinates of %s when it was opened for writing are not known", a.Source)
		}
	default:
		if c.GTID == topology.FilePosition {
			return change, fmt.Errorf("it replicates by file and position, and none was given for %s", a.Source)
		}
	}
	return change, nil
}

// repoint gives a server another source, and tells of it at once: it may be lost before anybody looks at it again.
func (r *Run) repoint(ctx context.Context, k topology.Key, s Server, change server.SourceChange) error {
	err := s.ChangeSource(ctx, change)
	if err == nil && !change.Source.IsZero() {
		r.e.o.OnRepointed(k, change.Channel, r.resolved(change.Source))
	}
	return err
}
