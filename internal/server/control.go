package server

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// just makes a builder of a single statement that every dialect has.
func just(build func(d Dialect) string) func(Dialect) ([]string, error) {
	return func(d Dialect) ([]string, error) { return []string{build(d)}, nil }
}

// onChannel is like just, and refuses a channel name where the server has no channels.
func onChannel(channel string, build func(d Dialect) string) func(Dialect) ([]string, error) {
	return func(d Dialect) ([]string, error) {
		if channel != "" && !d.HasChannels() {
			return nil, unsupported("replication channel %q: %s %s has no channels", channel, d.Flavor, d.Version)
		}
		return []string{build(d)}, nil
	}
}

// unsupported makes an error of kind Unsupported, to which the server's key and the operation are added later.
func unsupported(format string, args ...any) error {
	return &unsupportedError{fmt.Sprintf(format, args...)}
}

type unsupportedError struct{ text string }

func (e *unsupportedError) Error() string { return e.text }

// Status reads all replication channels, the one that places the server in the tree first. A server that is no
// replica has none.
func (s *Server) Status(ctx context.Context) ([]topology.Channel, error) {
	var channels []topology.Channel
	err := s.rows(ctx, "read replica status", func(d Dialect) (string, error) { return d.ReplicaStatus(), nil },
		func(columns []string, row []driver.Value) error {
			channels = append(channels, parseChannel(columns, row))
			return nil
		})
	if err != nil {
		return nil, err
	}
	return orderChannels(channels), nil
}

// StopReplica stops replication threads; it succeeds when they are stopped already. It waits for the thread to end,
// which for the IO thread takes about two seconds on MySQL while the source is connected to but silent.
func (s *Server) StopReplica(ctx context.Context, t Threads, channel string) error {
	return alreadySo(s.exec(ctx, "stop replica", onChannel(channel, func(d Dialect) string { return d.StopReplica(t, channel) })))
}

// alreadySo takes away errors that say that there is nothing to stop or to forget: a named channel that does not exist
// (kind NotReplica), and a replica of MaxScale that does not run (1254).
func alreadySo(err error) error {
	if KindOf(err) == NotReplica || CodeOf(err) == 1254 {
		return nil
	}
	return err
}

// StartReplica starts replication threads; it succeeds when they run already, and fails with kind NotReplica when no
// source is configured. It does not wait for the connection to the source.
func (s *Server) StartReplica(ctx context.Context, t Threads, channel string) error {
	return s.exec(ctx, "start replica", onChannel(channel, func(d Dialect) string { return d.StartReplica(t, channel) }))
}

// StartUntil starts replication up to a position of the source's log; both threads must be stopped.
func (s *Server) StartUntil(ctx context.Context, c topology.Coordinates, channel string) error {
	return s.exec(ctx, "start replica until "+c.String(), onChannel(channel, func(d Dialect) string { return d.StartUntil(c, channel) }))
}

// ResetReplicaAll makes the server forget its source, credentials included; replication must be stopped. It succeeds
// when there is nothing to forget.
func (s *Server) ResetReplicaAll(ctx context.Context, channel string) error {
	return alreadySo(s.exec(ctx, "reset replica", onChannel(channel, func(d Dialect) string { return d.ResetReplicaAll(channel) })))
}

// SetReadOnly makes the server refuse writes, with super also those of privileged users where the server can, or makes
// it accept them again. It succeeds when that is so already.
func (s *Server) SetReadOnly(ctx context.Context, on, super bool) error {
	op := "set writeable"
	if on {
		op = "set read only"
	}
	return s.exec(ctx, op, just(func(d Dialect) string { return d.SetReadOnly(on, super) }))
}

// ReadOnly asks whether the server refuses writes.
func (s *Server) ReadOnly(ctx context.Context) (ReadOnlyState, error) {
	var state ReadOnlyState
	err := s.rows(ctx, "read read_only", func(d Dialect) (string, error) { return d.ReadOnly(), nil },
		func(_ []string, row []driver.Value) error {
			state.ReadOnly = truth(row[0])
			state.SuperReadOnly = len(row) > 1 && truth(row[1])
			return nil
		})
	return state, err
}

// SelfCoordinates asks for the server's own position; empty when it writes no binary log.
func (s *Server) SelfCoordinates(ctx context.Context) (topology.Coordinates, error) {
	var c topology.Coordinates
	err := s.rows(ctx, "read binary log position", func(d Dialect) (string, error) { return d.BinaryLogStatus(), nil },
		func(columns []string, row []driver.Value) error {
			c = parseBinlogStatus(columns, row)
			return nil
		})
	return c, err
}

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

// ResetBinaryLogsAndGTIDs deletes all binary logs and the GTID history. Replicas of this server break.
func (s *Server) ResetBinaryLogsAndGTIDs(ctx context.Context) error {
	return s.exec(ctx, "reset binary logs", just(Dialect.ResetBinaryLogsAndGTIDs))
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

// ChangeSource re-points a channel or changes its options; its threads must be stopped. What the change leaves zero
// stays as it is configured, but for one thing: a new host or port makes the server set the heartbeat period to half
// of its net timeout, unless Heartbeat is given (see CarryOver). A channel that did not exist gets the version's
// defaults for the rest (see Fresh).
//
// Error 1201 (a MySQL server cannot initialise its replication metadata, which happens after a crash or an upgrade) is
// worked around once for replicas that find their place by auto position: the relay logs are reset, and the statement
// is repeated.
func (s *Server) ChangeSource(ctx context.Context, change SourceChange) error {
	op := "change replication source"
	if change.Source.Hostname != "" {
		op += " to " + change.Source.String()
	}
	build := func(d Dialect) ([]string, error) {
		if err := d.checkMode(change.Mode); err != nil {
			return nil, err
		}
		return onChannel(change.Channel, func(d Dialect) string { return d.ChangeSource(change) })(d)
	}
	err := s.exec(ctx, op, build)
	if CodeOf(err) == 1201 && s.findsPlaceByGTID(ctx, change) {
		if resetErr := s.resetMetadata(ctx, op, change.Channel); resetErr != nil {
			return errors.Join(withoutSecrets(err, change.Password), resetErr)
		}
		err = s.exec(ctx, op, build)
	}
	return withoutSecrets(err, change.Password)
}

// findsPlaceByGTID says whether the channel needs nothing of its relay logs, because it uses auto position.
func (s *Server) findsPlaceByGTID(ctx context.Context, change SourceChange) bool {
	if change.Mode != KeepAsIs {
		return change.Mode == GTIDAuto
	}
	channels, err := s.Status(ctx)
	i := slices.IndexFunc(channels, func(c topology.Channel) bool { return c.Name == change.Channel })
	return err == nil && i >= 0 && channels[i].GTID == topology.OracleGTID
}

// resetMetadata makes a server write its replication metadata anew. Starting the IO thread in between initialises what
// a reset alone leaves; that it may fail to start is no matter.
func (s *Server) resetMetadata(ctx context.Context, op, channel string) error {
	reset := onChannel(channel, func(d Dialect) string { return d.ResetReplica(channel) })
	if err := s.exec(ctx, op+": reset the relay logs", reset); err != nil {
		return err
	}
	if err := s.StartReplica(ctx, IOThread, channel); err == nil {
		if err := s.StopReplica(ctx, IOThread, channel); err != nil {
			return err
		}
	}
	return s.exec(ctx, op+": reset the relay logs", reset)
}

func (d Dialect) checkMode(m PositionMode) error {
	switch {
	case m == GTIDAuto && !d.mysql(5, 6, 5):
		return unsupported("auto position: not in %s %s", d.Flavor, d.Version)
	case (m == MariaDBSlavePos || m == MariaDBCurrentPos) && !d.isMariaDB():
		return unsupported("MariaDB's GTID: not in %s %s", d.Flavor, d.Version)
	}
	return nil
}

// withoutSecrets takes a password out of the text of an error: servers quote a statement that they do not understand.
func withoutSecrets(err error, password string) error {
	var e *Error
	if password == "" || !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Err = redact(e.Err, password)
	return &c
}

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

// Credentials finds out what a replica signs in to its source with: by Options.CredentialsQuery, else, on MySQL, from
// mysql.slave_master_info. It fails with ErrNoCredentials where neither tells them.
func (s *Server) Credentials(ctx context.Context) (Credentials, error) {
	var out Credentials
	query := s.set.options.Load().CredentialsQuery
	err := s.rows(ctx, "read replication credentials", func(d Dialect) (string, error) {
		switch {
		case query != "":
			return query, nil
		case d.mysql(5, 6, 0):
			return "SELECT User_name, User_password FROM mysql.slave_master_info WHERE User_name <> '' LIMIT 1", nil
		}
		return "", ErrNoCredentials
	}, func(_ []string, row []driver.Value) error {
		for i, field := range []*string{&out.User, &out.Password, &out.SSLCA, &out.SSLCert, &out.SSLKey} {
			if i < len(row) {
				*field = text(row[i])
			}
		}
		return nil
	})
	if err == nil && out.User == "" {
		err = s.fail("read replication credentials", ErrNoCredentials, true)
	}
	return out, err
}

// KillQuery ends the statement that a connection is executing.
func (s *Server) KillQuery(ctx context.Context, id uint64) error {
	return s.exec(ctx, fmt.Sprintf("kill query %d", id), just(func(d Dialect) string { return d.Kill(id, false) }))
}

// KillConnection ends a connection.
func (s *Server) KillConnection(ctx context.Context, id uint64) error {
	return s.exec(ctx, fmt.Sprintf("kill connection %d", id), just(func(d Dialect) string { return d.Kill(id, true) }))
}

// Processlist lists the server's connections, but for the one that asks.
func (s *Server) Processlist(ctx context.Context) ([]Process, error) {
	var out []Process
	err := s.with(ctx, "read process list", func(c *conn, d Dialect) error {
		list := func(ps bool) error {
			out = out[:0]
			_, err := c.query(ctx, d.Processlist(ps)+" WHERE ID <> CONNECTION_ID()", one(func(_ []string, row []driver.Value) error {
				out = append(out, Process{
					ID: uint64(integer(row[0])), User: text(row[1]), Host: text(row[2]), DB: text(row[3]),
					Command: text(row[4]), Time: integer(row[5]), State: text(row[6]), Info: text(row[7]),
				})
				return nil
			}))
			return err
		}
		err := list(true)
		// The table is empty when the performance schema is off.
		if d.mysql(8, 0, 22) && (err == nil && len(out) == 0 || kindOf(err) == Unsupported) {
			err = list(false)
		}
		return err
	})
	return out, err
}

func kindOf(err error) Kind {
	if err == nil {
		return Other
	}
	k, _ := kindOfError(err, true)
	return k
}

// BinaryLogs lists the binary log files, oldest first.
func (s *Server) BinaryLogs(ctx context.Context) ([]BinaryLog, error) {
	var out []BinaryLog
	err := s.rows(ctx, "list binary logs", func(Dialect) (string, error) { return "SHOW BINARY LOGS", nil },
		func(columns []string, row []driver.Value) error {
			l := BinaryLog{Name: text(row[0]), Size: integer(row[1])}
			if i := slices.Index(columns, "Encrypted"); i >= 0 {
				l.Encrypted = truth(row[i])
			}
			out = append(out, l)
			return nil
		})
	return out, err
}

// FlushBinaryLogs begins a new binary log file.
func (s *Server) FlushBinaryLogs(ctx context.Context) error {
	return s.exec(ctx, "flush binary logs", just(func(Dialect) string { return "FLUSH BINARY LOGS" }))
}

// PurgeBinaryLogs deletes the binary logs before the file.
func (s *Server) PurgeBinaryLogs(ctx context.Context, toFile string) error {
	return s.exec(ctx, "purge binary logs to "+toFile, just(func(d Dialect) string { return d.PurgeBinaryLogs(toFile) }))
}

// BinlogEvents lists up to limit events of a binary or relay log from a position on (0: from the beginning of the
// file; limit 0: all). The channel matters only for relay logs.
func (s *Server) BinlogEvents(ctx context.Context, kind topology.LogType, file string, pos int64, limit int, channel string) ([]BinlogEvent, error) {
	var out []BinlogEvent
	err := s.rows(ctx, "list events of "+file, func(d Dialect) (string, error) {
		return d.BinlogEvents(kind, file, pos, limit, channel), nil
	}, func(_ []string, row []driver.Value) error {
		out = append(out, BinlogEvent{
			LogName: text(row[0]), Pos: integer(row[1]), EventType: text(row[2]),
			ServerID: uint32(integer(row[3])), EndLogPos: integer(row[4]), Info: text(row[5]),
		})
		return nil
	})
	return out, err
}

// PreviousGTIDs reads which GTIDs lie before a binary log of a MySQL server.
func (s *Server) PreviousGTIDs(ctx context.Context, file string) (string, error) {
	events, err := s.BinlogEvents(ctx, topology.BinaryLog, file, 0, 3, "")
	if err != nil {
		return "", err
	}
	for _, e := range events {
		if e.EventType == "Previous_gtids" {
			return gtidText(e.Info), nil
		}
	}
	return "", s.fail("read previous GTIDs of "+file, unsupported("the file has no such event"), true)
}

// Grants lists the managing user's own privileges, as SHOW GRANTS prints them, without password hashes.
func (s *Server) Grants(ctx context.Context) ([]string, error) {
	var out []string
	err := s.rows(ctx, "read grants", func(Dialect) (string, error) { return "SHOW GRANTS", nil },
		func(_ []string, row []driver.Value) error {
			out = append(out, withoutHash(text(row[0])))
			return nil
		})
	return out, err
}

// waitGrace is how much longer than the server's own limit an answer is waited for.
const waitGrace = 2 * time.Second

// WaitExecuted waits until the server has applied a GTID set (on MariaDB: a GTID position), at most for timeout. It
// fails with ErrNotReached when that was too short, and on servers that say so with ErrApplierStopped. Where the server
// counts whole seconds a fraction is kept here, at the price of a connection when it runs out.
func (s *Server) WaitExecuted(ctx context.Context, set string, timeout time.Duration) error {
	return s.wait(ctx, "wait for GTID "+set, timeout, func(d Dialect) (waiting, error) {
		if d.isMaxScale() {
			return waiting{}, unsupported("waiting for GTIDs: not on %s", d.Flavor)
		}
		return waiting{sql: d.WaitExecuted(set, timeout), oneIsTimeout: d.mysql(5, 7, 5), decimals: d.isMariaDB()}, nil
	})
}

// WaitPosition waits until the server has applied a position of its source's log, at most for timeout. It fails with
// ErrNotReached when that was too short, and with ErrApplierStopped when the SQL thread does not run.
func (s *Server) WaitPosition(ctx context.Context, c topology.Coordinates, channel string, timeout time.Duration) error {
	return s.wait(ctx, "wait for position "+c.String(), timeout, func(d Dialect) (waiting, error) {
		return waiting{sql: d.WaitPosition(c, channel, timeout)}, nil
	})
}

// waiting is a query that returns when something has been applied: NULL without an applier, -1 (or, for one function,
// 1) when its time is over, another number otherwise.
type waiting struct {
	sql          string
	oneIsTimeout bool
	decimals     bool // it counts fractions of seconds
}

// limit is how long to wait for the answer of a function that was given a timeout.
func (w waiting) limit(timeout time.Duration) time.Duration {
	if w.decimals || timeout%time.Second == 0 {
		return timeout + waitGrace // the server ends it by itself, unless it hangs
	}
	return timeout
}

func (s *Server) wait(ctx context.Context, op string, timeout time.Duration, build func(Dialect) (waiting, error)) error {
	return s.with(ctx, op, func(c *conn, d Dialect) error {
		w, err := build(d)
		if err != nil {
			return err
		}
		bounded, cancel := context.WithTimeout(ctx, w.limit(timeout))
		defer cancel()
		var answer int64
		applier := false
		_, err = c.query(bounded, w.sql, one(func(_ []string, row []driver.Value) error {
			answer, applier = number(row[0])
			return nil
		}))
		switch {
		case err != nil && ctx.Err() == nil && bounded.Err() != nil:
			return fmt.Errorf("%w: %w", ErrNotReached, err)
		case err != nil:
			return err
		case !applier:
			return ErrApplierStopped
		case answer < 0, answer == 1 && w.oneIsTimeout:
			return ErrNotReached
		}
		return nil
	})
}
