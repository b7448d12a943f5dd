package store

import (
	"context"
	"database/sql"
	"time"
)

// The times of the shared backend, as the original has them.
const (
	// LeaseTime is how long a leader that says nothing stays leader, by the clock of who watches it.
	LeaseTime = 5 * time.Second
	// AvailableTime is how long a node that says nothing is shown as available.
	AvailableTime = 2 * time.Second
	// HealthTime is how long a node that says nothing counts as alive.
	HealthTime = 5 * time.Second
)

// NodeHealth is a process of the service that reports to this backend, or the leader.
type NodeHealth struct {
	Node
	FirstSeen, LastSeen time.Time
	Mode                string // HttpMode or CLIMode
	Command             string // of a CLI process
	AppVersion          string
	Backend             string // how it reaches the database
}

// ReportHealth says that the process lives; the first time also in the history.
func (s *Store) ReportHealth(ctx context.Context, h NodeHealth) error {
	op := "report health of " + h.Hostname
	return s.tx(ctx, op, func(tx *sql.Tx) error {
		now, err := s.clock(ctx, tx)
		if err != nil {
			return err
		}
		n, err := s.execOn(ctx, tx, op, `UPDATE node_health SET last_seen_active = ?, extra_info = ?, app_version = ?,
			incrementing_indicator = incrementing_indicator + 1 WHERE hostname = ? AND token = ?`,
			stamp(now), h.Mode, h.AppVersion, h.Hostname, h.Token)
		if err != nil || n > 0 {
			return err
		}
		if _, err := s.execOn(ctx, tx, op, s.dialect.replace("node_health",
			"hostname, token, last_seen_active, extra_info, command, app_version, first_seen_active, db_backend, incrementing_indicator"),
			h.Hostname, h.Token, stamp(now), h.Mode, h.Command, h.AppVersion, stamp(now), h.Backend, 0); err != nil {
			return err
		}
		_, err = s.execOn(ctx, tx, op, s.dialect.insertIgnore("node_health_history",
			"hostname, token, first_seen_active, extra_info, command, app_version"),
			h.Hostname, h.Token, stamp(now), h.Mode, h.Command, h.AppVersion)
		return err
	})
}

// LiveNodes returns the processes that reported within age, by host name.
func (s *Store) LiveNodes(ctx context.Context, age time.Duration) ([]NodeHealth, error) {
	now, err := s.Clock(ctx)
	if err != nil {
		return nil, err
	}
	return collect(ctx, s, s.reader, "load live nodes", scanNode, `SELECT hostname, token, first_seen_active,
			last_seen_active, extra_info, command, app_version, db_backend
		FROM node_health WHERE `+s.dialect.moment("last_seen_active")+" >= ? ORDER BY hostname, token",
		stamp(now.Add(-age)))
}

func scanNode(r []value) NodeHealth {
	return NodeHealth{
		Node: Node{r[0].text(), r[1].text()}, FirstSeen: r[2].time(), LastSeen: r[3].time(),
		Mode: r[4].text(), Command: r[5].text(), AppVersion: r[6].text(), Backend: r[7].text(),
	}
}

// ExpireNodes deletes the processes that have not reported within HealthTime, and what those said of themselves that have been gone
// for NodeReportsKept.
func (s *Store) ExpireNodes(ctx context.Context) (int64, error) {
	now, err := s.Clock(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := s.exec(ctx, "expire reports of nodes", "DELETE FROM node_report WHERE "+s.dialect.moment("reported_timestamp")+" < ?",
		stamp(now.Add(-NodeReportsKept))); err != nil {
		return 0, err
	}
	return s.exec(ctx, "expire nodes", "DELETE FROM node_health WHERE "+s.dialect.moment("last_seen_active")+" < ?",
		stamp(now.Add(-HealthTime)))
}

// LeaseMark is who holds the lease, and when it was renewed last by the clock of the server that took the renewal. Several
// servers may hold one backend, each with a clock of its own: the time is compared with no clock, only with itself.
type LeaseMark struct {
	Node
	Renewed time.Time
}

// AttemptLease tries to become the leader, or to stay it, and returns who is it now. It takes over when there is no leader,
// or when that is still the silent one: a holder that has not renewed its lease for as long as the caller had to watch it.
func (s *Store) AttemptLease(ctx context.Context, me Node, silent LeaseMark) (holder LeaseMark, err error) {
	const op = "attempt the leader lease"
	err = s.tx(ctx, op, func(tx *sql.Tx) error {
		now, err := s.clock(ctx, tx)
		if err != nil {
			return err
		}
		for _, attempt := range []struct {
			op, query string
			args      []any
		}{
			{"renew the leader lease",
				"UPDATE active_node SET last_seen_active = ? WHERE anchor = 1 AND hostname = ? AND token = ?",
				[]any{stamp(now), me.Hostname, me.Token}},
			{"take over the leader lease",
				`UPDATE active_node SET hostname = ?, token = ?, last_seen_active = ?, first_seen_active = ?
				WHERE anchor = 1 AND (hostname = '' OR hostname = ? AND token = ? AND ` + s.dialect.moment("last_seen_active") + " = ?)",
				[]any{me.Hostname, me.Token, stamp(now), stamp(now), silent.Hostname, silent.Token, stamp(silent.Renewed)}},
			{"take the free leader lease",
				s.dialect.insertIgnore("active_node", leaseColumns),
				[]any{1, me.Hostname, me.Token, stamp(now), stamp(now)}},
		} {
			holder = LeaseMark{me, now}
			if n, err := s.execOn(ctx, tx, attempt.op, attempt.query, attempt.args...); err != nil || n > 0 {
				return err
			}
		}
		return s.each(ctx, tx, op, func(r []value) { holder = LeaseMark{Node{r[0].text(), r[1].text()}, r[2].time()} },
			"SELECT hostname, token, last_seen_active FROM active_node WHERE anchor = 1")
	})
	if err != nil {
		return LeaseMark{}, err
	}
	return holder, nil
}

const leaseColumns = "anchor, hostname, token, last_seen_active, first_seen_active"

// GrabLease makes the process the leader, whoever is it.
func (s *Store) GrabLease(ctx context.Context, me Node) error {
	now, err := s.Clock(ctx)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "grab the leader lease", s.dialect.replace("active_node", leaseColumns),
		1, me.Hostname, me.Token, stamp(now), stamp(now))
	return err
}

// Reelect ends the present leader's lease; the next one to attempt it has it.
func (s *Store) Reelect(ctx context.Context) error {
	_, err := s.exec(ctx, "end the leader lease", "DELETE FROM active_node WHERE anchor = 1")
	return err
}

// ActiveNode returns who holds the lease and what is known of that process; ok is false when nobody does.
func (s *Store) ActiveNode(ctx context.Context) (h NodeHealth, ok bool, err error) {
	err = s.each(ctx, s.reader, "load the leader", func(r []value) {
		h = scanNode(r)
		ok = h.Hostname != ""
	}, `SELECT a.hostname, a.token, a.first_seen_active, a.last_seen_active, COALESCE(h.extra_info, ''),
			COALESCE(h.command, ''), COALESCE(h.app_version, ''), COALESCE(h.db_backend, '')
		FROM active_node a LEFT JOIN node_health h ON h.hostname = a.hostname AND h.token = a.token WHERE a.anchor = 1`)
	return h, ok, err
}

// RenewLease renews the lease if the process still holds it, and says whether it does. It never takes over.
func (s *Store) RenewLease(ctx context.Context, me Node) (bool, error) {
	now, err := s.Clock(ctx)
	if err != nil {
		return false, err
	}
	n, err := s.exec(ctx, "renew the leader lease",
		"UPDATE active_node SET last_seen_active = ? WHERE anchor = 1 AND hostname = ? AND token = ?",
		stamp(now), me.Hostname, me.Token)
	return n > 0, err
}

// InheritLease makes the process the leader in place of the one with that token, however fresh its lease is: call it
// when that process is known to be gone. It says whether it was the holder.
func (s *Store) InheritLease(ctx context.Context, me Node, token string) (bool, error) {
	now, err := s.Clock(ctx)
	if err != nil {
		return false, err
	}
	n, err := s.exec(ctx, "inherit the leader lease", `UPDATE active_node
		SET hostname = ?, token = ?, last_seen_active = ?, first_seen_active = ? WHERE anchor = 1 AND token = ?`,
		me.Hostname, me.Token, stamp(now), stamp(now), token)
	return n > 0, err
}

// ReleaseLease ends the process's own lease, so that the next one to attempt it has it; another's is left alone.
func (s *Store) ReleaseLease(ctx context.Context, me Node) error {
	_, err := s.exec(ctx, "release the leader lease",
		"DELETE FROM active_node WHERE anchor = 1 AND hostname = ? AND token = ?", me.Hostname, me.Token)
	return err
}
