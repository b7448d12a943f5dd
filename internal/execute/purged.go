package execute

import (
	"context"
	"fmt"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// logHeader is where the first event of a binary log begins.
const logHeader = 4

// notPurged refuses to move a replica by MariaDB's GTID below a server that has deleted what it lacks from its binary logs. Of
// MySQL the rule book knows what is purged; a MariaDB server has to be asked where its oldest log begins. One that cannot
// be asked is left to itself: it turns the replica away, which goes back then. So is a domain that the replica does not know, as
// it may be one that it ignores.
func (r *Run) notPurged(ctx context.Context, k topology.Key, s Server, c *topology.Channel, a plan.Action) error {
	if c.GTID != topology.MariaDBGTID {
		return nil
	}
	to := r.resolved(a.Source)
	source := r.e.o.Server(to)
	keeper, keeps := source.(logKeeper)
	able, asked := source.(tended)
	if !keeps || !asked {
		return nil
	}
	logs, err := keeper.BinaryLogs(ctx)
	if err != nil {
		return fmt.Errorf("list the binary logs of %s: %w", to, err)
	}
	if len(logs) == 0 {
		return nil
	}
	text, err := able.GTIDPosAt(ctx, topology.Coordinates{LogFile: logs[0].Name, LogPos: logHeader})
	if err != nil {
		return fmt.Errorf("where the oldest binary log of %s begins: %w", to, err)
	}
	purged, err := gtid.ParseMariaPos(text)
	if err != nil {
		return fmt.Errorf("GTID position of %s at the beginning of its oldest binary log: %w", to, err)
	}
	mine, err := heldBy(ctx, s)
	if err != nil {
		return err
	}
	if missing := mine.at.Missing(purged.Within(mine.at)); len(missing) > 0 {
		return &topology.Refusal{
			Rule:   "purged",
			Reason: fmt.Sprintf("the binary logs of %s begin after %s, and %s has only come to %s", to, purged, k, mine.at.Within(purged)),
			Remedy: "let it catch up where it is first, rebuild it from a backup, or name a source that still has them",
		}
	}
	return nil
}
