package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// unknownDatabase is the server's error number for a schema that does not exist.
const unknownDatabase = 1049

func (s *Store) openMySQL(ctx context.Context) error {
	o := s.options
	list := Addresses(o.Host, o.Port)
	s.place = fmt.Sprintf("mysql %s@%s/%s", o.User, strings.Join(list, ","), o.Database)
	if len(list) == 0 || o.Database == "" {
		return &Error{Backend: s.place, Op: "open", Err: errors.New(
			"host and database are required (MySQLOrchestratorHost, MySQLOrchestratorDatabase)")}
	}
	db, err := s.mysqlHandle(ctx, o.Database)
	if mysqlNumber(err) == unknownDatabase && !o.SkipUpdate {
		if err = s.createDatabase(ctx); err == nil {
			db, err = s.mysqlHandle(ctx, o.Database)
		}
	}
	if err != nil {
		return s.fail("connect", err)
	}
	s.reader, s.writer = db, db
	return nil
}

func (s *Store) mysqlHandle(ctx context.Context, database string) (*sql.DB, error) {
	return s.openHandle(ctx, func(*mysql.Config) {}, database)
}

// deployTimeout is how long one statement of an upgrade may take, which on a large table is longer than any query.
const deployTimeout = 30 * time.Minute

// patientHandle is for upgrades.
func (s *Store) patientHandle(ctx context.Context) (*sql.DB, error) {
	return s.openHandle(ctx, func(c *mysql.Config) { c.ReadTimeout = max(c.ReadTimeout, deployTimeout) }, s.options.Database)
}

func (s *Store) openHandle(ctx context.Context, change func(*mysql.Config), database string) (*sql.DB, error) {
	connector, err := newMembers(Addresses(s.options.Host, s.options.Port), func(address string, several bool) *mysql.Config {
		c := s.mysqlConfig(address, database)
		c.RejectReadOnly = c.RejectReadOnly || several
		change(c)
		return c
	}, s.log)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	limit := s.options.MaxConnections
	db.SetMaxOpenConns(limit)
	db.SetMaxIdleConns(max(10, limit/4))
	db.SetConnMaxLifetime(s.options.ConnectionLifetime)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// mysqlConfig makes sessions independent of the server's settings: times are UTC, and a value that does not fit (a
// foreign character in an error text, a name that is too long) is stored as well as the column can, because no
// recovery must fail to be recorded for its comment.
func (s *Store) mysqlConfig(address, database string) *mysql.Config {
	o := s.options
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", address
	c.User, c.Passwd, c.DBName = o.User, o.Password, database
	c.TLS = o.TLS
	c.Timeout = orDefault(o.ConnectTimeout, 2*time.Second)
	c.ReadTimeout = orDefault(o.ReadTimeout, 30*time.Second)
	c.WriteTimeout = c.ReadTimeout
	c.RejectReadOnly = o.RejectReadOnly
	if o.MaxAllowedPacket >= 0 {
		c.MaxAllowedPacket = o.MaxAllowedPacket
	}
	c.Logger = driverLog{s.log}
	c.InterpolateParams = true
	c.ClientFoundRows = true
	c.Params = map[string]string{
		"time_zone": "'+00:00'",
		"sql_mode":  "'NO_ENGINE_SUBSTITUTION'",
	}
	return c
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

func (s *Store) createDatabase(ctx context.Context) error {
	db, err := s.mysqlHandle(ctx, "")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS "+MySQL.quote(s.options.Database))
	return errors.Join(err, db.Close())
}

// driverLog takes what the driver says by itself: connections that it found broken and replaced. The calls that
// matter return an error.
type driverLog struct{ log *slog.Logger }

// Print logs one remark.
func (d driverLog) Print(v ...any) { d.log.Debug("backend driver", "remark", fmt.Sprint(v...)) }
