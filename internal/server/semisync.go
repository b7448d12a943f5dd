package server

import (
	"context"
	"database/sql/driver"
)

// SetSemiSync switches one side of semi-synchronous replication, under the name that the server has for it. On the
// replica side it takes effect when the IO thread is started anew, which is left to the caller. It does nothing when
// the switch stands as wanted, and fails with kind Unsupported when the plug-in is not loaded.
func (s *Server) SetSemiSync(ctx context.Context, side SemiSyncSide, on bool) error {
	return s.with(ctx, "set semi-sync", func(c *conn, d Dialect) error {
		var names SemiSyncNames
		found, current := false, false
		_, err := c.query(ctx, "SHOW GLOBAL VARIABLES LIKE 'rpl_semi_sync_%_enabled'", one(func(_ []string, row []driver.Value) error {
			switch name := text(row[0]); {
			case side == SemiSyncSource && name == "rpl_semi_sync_source_enabled":
				names.SourceNew, found, current = true, true, truth(row[1])
			case side == SemiSyncSource && name == "rpl_semi_sync_master_enabled",
				side == SemiSyncReplica && name == "rpl_semi_sync_slave_enabled":
				found, current = true, truth(row[1])
			case side == SemiSyncReplica && name == "rpl_semi_sync_replica_enabled":
				names.ReplicaNew, found, current = true, true, truth(row[1])
			}
			return nil
		}))
		switch {
		case err != nil:
			return err
		case !found:
			return unsupported("the semi-sync plug-in is not loaded")
		case current == on:
			return nil
		}
		return c.exec(ctx, d.SetSemiSync(side, on, names))
	})
}
