package server

import (
	"context"
	"database/sql/driver"
	"fmt"

	"orchestrator/internal/topology"
)

// GTIDs asks for everything the server knows of its GTIDs.
func (s *Server) GTIDs(ctx context.Context) (GTIDState, error) {
	var g GTIDState
	var maria bool
	err := s.rows(ctx, "read GTID state", func(d Dialect) (string, error) {
		maria = d.isMariaDB()
		return d.GTIDs(), nil
	}, func(_ []string, row []driver.Value) error {
		if maria {
			g = GTIDState{SlavePos: text(row[0]), BinlogPos: text(row[1]), CurrentPos: text(row[2]), BinlogState: text(row[3])}
			return nil
		}
		g = GTIDState{Mode: text(row[0]), Executed: gtidText(row[1]), Purged: gtidText(row[2])}
		return nil
	})
	return g, err
}

// GTIDPosAt is up to where a MariaDB server had got at a place of its binary log.
func (s *Server) GTIDPosAt(ctx context.Context, at topology.Coordinates) (pos string, err error) {
	err = s.rows(ctx, "read the GTID position at "+at.String(), func(d Dialect) (string, error) {
		if !d.isMariaDB() {
			return "", unsupported("GTID positions of places: not in %s %s", d.Flavor, d.Version)
		}
		return d.GTIDPosAt(at), nil
	}, func(_ []string, row []driver.Value) error {
		if row[0] == nil {
			return fmt.Errorf("%s is no place in its binary log", at)
		}
		pos = text(row[0])
		return nil
	})
	return pos, err
}

// SkipCounter lets the SQL thread skip n events at its next start; it must be stopped.
func (s *Server) SkipCounter(ctx context.Context, n int64, channel string) error {
	return s.session(ctx, "skip events", func(d Dialect) ([]string, error) {
		if channel != "" && !d.isMariaDB() {
			return nil, unsupported("skipping events on channel %q: %s applies the counter to any channel", channel, d.Flavor)
		}
		return d.SkipCounter(n, channel), nil
	})
}

// InjectEmpty commits an empty transaction under a GTID of MySQL. It succeeds without effect when the server has that
// GTID already.
func (s *Server) InjectEmpty(ctx context.Context, gtid string) error {
	return s.session(ctx, "inject empty transaction "+gtid, func(d Dialect) ([]string, error) {
		if !d.mysql(5, 6, 5) {
			return nil, unsupported("empty transactions: %s %s has no GTID_NEXT", d.Flavor, d.Version)
		}
		return d.InjectEmpty(gtid), nil
	})
}

// session runs statements that leave traces in the session: the connection is closed afterwards when they failed.
func (s *Server) session(ctx context.Context, op string, build func(Dialect) ([]string, error)) error {
	return s.with(ctx, op, func(c *conn, d Dialect) error {
		statements, err := build(d)
		if err != nil {
			return err
		}
		if err := c.exec(ctx, statements...); err != nil {
			c.broken = true
			return err
		}
		c.broken = d.isMariaDB() // default_master_connection stays set
		return nil
	})
}

// SetGTIDPurged sets MySQL's gtid_purged, after ResetBinaryLogsAndGTIDs.
func (s *Server) SetGTIDPurged(ctx context.Context, set string) error {
	return s.exec(ctx, "set gtid_purged to "+set, func(d Dialect) ([]string, error) {
		if !d.mysql(5, 6, 5) {
			return nil, unsupported("gtid_purged: not in %s %s", d.Flavor, d.Version)
		}
		return []string{"SET GLOBAL gtid_purged=" + quote(set)}, nil
	})
}

// SetMariaDBSlavePos sets MariaDB's gtid_slave_pos; replication must be stopped.
func (s *Server) SetMariaDBSlavePos(ctx context.Context, pos string) error {
	return s.exec(ctx, "set gtid_slave_pos to "+pos, func(d Dialect) ([]string, error) {
		if !d.isMariaDB() {
			return nil, unsupported("gtid_slave_pos: not in %s %s", d.Flavor, d.Version)
		}
		return []string{"SET GLOBAL gtid_slave_pos=" + quote(pos)}, nil
	})
}
