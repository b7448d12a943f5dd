package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// locked runs do on one connection while no other process runs something under the same name in this database, on the
// same server. It is for MySQL; on SQLite a transaction that writes is alone anyway.
func (s *Store) locked(ctx context.Context, on *sql.DB, name string, waitSeconds int, do func(conn *sql.Conn) error) (err error) {
	conn, err := on.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()

	name = "orchestrator-" + name + ":" + s.options.Database
	name = name[:min(len(name), maxLockName)]
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", name, waitSeconds).Scan(&got); err != nil {
		return fmt.Errorf("take the lock %s: %w", name, err)
	}
	if got.Int64 != 1 {
		return &Error{Backend: s.place, Op: "take the lock " + name, Kind: ErrBusy,
			Err: fmt.Errorf("held by another connection for more than %d s", waitSeconds)}
	}
	defer func() {
		// Also when ctx has ended: the connection goes back to the pool, and the lock would stay with it.
		if _, e := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(?)", name); e != nil && err == nil {
			err = fmt.Errorf("release the lock %s: %w", name, e)
		}
	}()
	return do(conn)
}

// maxLockName is how long a lock's name may be on MySQL.
const maxLockName = 64

// registrationWait is how long a registration waits for another one.
const registrationWait = 5 * time.Second

// txAlone is tx for something that must not happen twice at the same time on several nodes: looking whether rows
// exist and then adding one. Row locks cannot do it, because there is no row to lock yet; so all change one row first.
// On one server they wait for each other there. On several members of one backend, where named locks and row locks are
// each member's own, all but one fail with their commits, and look again.
func (s *Store) txAlone(ctx context.Context, op string, do func(tx *sql.Tx) error) error {
	if s.dialect == SQLite || s.within != nil { // entries of the log are applied one after another
		return s.tx(ctx, op, do)
	}
	return s.tx(ctx, op, func(tx *sql.Tx) error {
		turn, cancel := context.WithTimeout(ctx, registrationWait)
		defer cancel()
		_, err := s.execOn(turn, tx, op, `INSERT INTO one_at_a_time (what, times) VALUES ('register', 1)
			ON DUPLICATE KEY UPDATE times = times + 1`)
		if err != nil && !errors.Is(err, ErrNoSchema) { // tables that may not be changed may be older than that one
			return err
		}
		return do(tx)
	})
}
