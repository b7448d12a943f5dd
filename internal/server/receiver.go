package server

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// triedWithin is how long a receiver that was started on trial may take for its connection, in seconds; the least that
// slave_net_timeout takes.
const triedWithin = "1"

// TryReceiver starts the IO thread in order to see whether its source can be reached; there must be no doubt that it may be
// stopped soon after, whatever the source does. A thread that waits for a source's greeting hears badly: on MariaDB from
// 11.0 on it is deaf to STOP SLAVE and KILL until slave_net_timeout (a minute by default) has passed, as was seen on 11.8,
// and on MySQL STOP REPLICA takes two seconds (9.7), which with semi-sync is how long nobody can write, as the new primary
// waits for this replica. So the attempt ends after a second. The setting is global and read as the thread
// connects, so it is shortened for that moment and put back, also when ctx ends. A source that answers late, or has nothing
// to send for a second, costs one more reconnection. Where the setting may not be changed, the thread is started all the same.
func (s *Server) TryReceiver(ctx context.Context, channel string) error {
	const op = "try the receiver"
	return s.with(ctx, op, func(c *conn, d Dialect) (err error) {
		start, err := onChannel(channel, func(d Dialect) string { return d.StartReplica(IOThread, channel) })(d)
		if err != nil {
			return err
		}
		if !d.deafWhileConnecting() {
			return c.exec(ctx, start...)
		}
		var usual string
		if _, err := c.query(ctx, "SELECT @@GLOBAL.slave_net_timeout", one(func(_ []string, row []driver.Value) error {
			usual = text(row[0])
			return nil
		})); err != nil {
			return err
		}
		if usual == triedWithin {
			return c.exec(ctx, start...)
		}
		defer func() {
			// The connection at hand may be what failed, and ctx what ended it: a new one, and time of its own.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putBackWithin)
			defer cancel()
			err = errors.Join(err, s.exec(ctx, op, just(func(Dialect) string { return "SET GLOBAL slave_net_timeout = " + usual })))
		}()
		switch err := c.exec(ctx, "SET GLOBAL slave_net_timeout = "+triedWithin); {
		case CodeOf(err) != 0 && KindOf(err) != ConnectionLost: // a privilege is missing, say
			return c.exec(ctx, start...)
		case err != nil:
			return err
		}
		if err := c.exec(ctx, start...); err != nil {
			return err
		}
		return s.awaitConnecting(ctx, c, d)
	})
}

const (
	putBackWithin = 3 * time.Second
	// A thread that was told to start is at its connection within a millisecond or two. The bound is for one that ended at
	// once, or was through before it was looked at.
	connectingWithin = 250 * time.Millisecond
	connectingPoll   = 2 * time.Millisecond
)

// deafWhileConnecting says whether an IO thread that connects does not hear, or hears late, that it is to stop.
func (d Dialect) deafWhileConnecting() bool {
	return d.Flavor == topology.FlavorMariaDB && d.Version.AtLeast(11, 0, 0) || d.mysql(5, 7, 0)
}

// awaitConnecting returns when an IO thread is past reading the settings of its connection, or connectingWithin has passed.
func (s *Server) awaitConnecting(ctx context.Context, c *conn, d Dialect) error {
	tick := time.NewTicker(connectingPoll)
	defer tick.Stop()
	for end := time.Now().Add(connectingWithin); time.Now().Before(end); {
		there := false
		if _, err := c.query(ctx, d.Processlist(false)+" WHERE USER = 'system user'", one(func(_ []string, row []driver.Value) error {
			there = there || connecting(text(row[6]))
			return nil
		})); err != nil || there {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// connecting recognises both families' words: "Connecting to master", "Connecting to source".
func connecting(state string) bool {
	return strings.HasPrefix(strings.ToLower(state), "connecting to ")
}
