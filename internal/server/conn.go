package server

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
)

// driverConn is what we use of the driver's connection.
type driverConn interface {
	driver.Conn
	driver.QueryerContext
	driver.Pinger
}

// conn is one signed-in connection. It is used by one goroutine at a time.
type conn struct {
	driver driverConn
	net    *netConn
	open   *atomic.Int64 // counts it while it is open
	broken bool          // not to be used again
	known  bool          // a probe connection whose server's version was asked
	id     uint64        // the server's number of it; 0 until asked
	since  time.Time     // when it was made
}

// rowFunc takes one row. Both slices and the bytes in the row are only valid during the call.
type rowFunc func(columns []string, row []driver.Value) error

// query sends a text of one or more statements and hands each row of the n-th result set to each(n). It returns how
// many result sets were read in full; with an error that is the number of the statement that failed, if all
// statements give rows. An error of the server leaves the connection usable unless it says good-bye, any other breaks it.
func (c *conn) query(ctx context.Context, sql string, each func(set int) rowFunc) (sets int, err error) {
	c.net.begin()
	defer c.net.end()
	sets, err = c.read(ctx, sql, each)
	if err != nil {
		var my *mysql.MySQLError
		switch {
		case !errors.As(err, &my):
			c.broken = true
			err = c.explain(ctx, err)
		case kindOfCode(my.Number) == ConnectionLost: // its last words
			c.broken = true
		}
	}
	return sets, err
}

func (c *conn) read(ctx context.Context, sql string, each func(set int) rowFunc) (sets int, err error) {
	var rows driver.Rows
	err = guarded(func() (err error) {
		rows, err = c.driver.QueryContext(ctx, sql, nil)
		return err
	})
	if err != nil {
		return 0, err
	}
	defer func() {
		// What the server refused leaves the connection usable, unless the rest of its answer cannot be read.
		if e := guarded(rows.Close); e != nil && (err == nil || errors.As(err, new(*mysql.MySQLError))) {
			err = e
		}
	}()
	more := rows.(driver.RowsNextResultSet)
	for {
		columns := rows.Columns()
		if len(columns) > 0 {
			if err := drain(rows, columns, each(sets)); err != nil {
				return sets, err
			}
			sets++
		}
		if !more.HasNextResultSet() {
			return sets, nil
		}
		switch err := guarded(more.NextResultSet); {
		case err == io.EOF:
			return sets, nil
		case err != nil:
			return sets, err
		}
	}
}

func drain(rows driver.Rows, columns []string, take rowFunc) error {
	row := make([]driver.Value, len(columns))
	for {
		err := guarded(func() error { return rows.Next(row) })
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, new(*nonsenseError)):
			// A row is taken apart when all of it has come, so that the connection stays of use.
			return &mysql.MySQLError{Number: codeMalformed, Message: "Malformed packet: " + err.Error()}
		case err != nil:
			return err
		}
		if take == nil {
			continue
		}
		if err := take(columns, row); err != nil {
			return err
		}
	}
}

// codeMalformed is what clients of MySQL call a packet that does not hold what it should.
const codeMalformed = 2027

// nonsenseError says that the driver panicked over what a server sent.
type nonsenseError struct{ cause runtime.Error }

func (e *nonsenseError) Error() string {
	return "the server's answer is not what the protocol says: " + e.cause.Error()
}
func (e *nonsenseError) Unwrap() error { return e.cause }

// guarded has the driver do something, and survives an answer over which the driver panics. Real servers send such: of
// a replica that is just leaving, SHOW SLAVE HOSTS of MySQL 5.6 gives a row that lacks its last column.
func guarded(do func() error) (err error) {
	defer func() {
		p := recover()
		if cause, ok := p.(runtime.Error); ok {
			err = &nonsenseError{cause}
		} else if p != nil {
			panic(p)
		}
	}()
	return do()
}

// ping asks for a sign of life.
func (c *conn) ping(ctx context.Context) error {
	c.net.begin()
	defer c.net.end()
	if err := guarded(func() error { return c.driver.Ping(ctx) }); err != nil {
		c.broken = true
		return c.explain(ctx, err)
	}
	return nil
}

// explain replaces the driver's unspecific errors by what the network said, or by why the driver itself has closed the
// connection: of a query that was given up right before it was sent it says no more than that the connection is bad.
func (c *conn) explain(ctx context.Context, err error) error {
	if !errors.Is(err, driver.ErrBadConn) && !errors.Is(err, mysql.ErrInvalidConn) {
		return err
	}
	if why := c.net.why(); why != nil {
		if why == io.EOF {
			return errEnded
		}
		return why
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// errEnded says that the server closed the connection where an answer was due.
var errEnded = &endedError{}

type endedError struct{}

func (*endedError) Error() string { return "the server ended the connection" }
func (*endedError) Unwrap() error { return io.EOF }

// usable says whether an idle connection can carry another query.
func (c *conn) usable() bool { return !c.broken && c.net.alive() }

// close ends the connection. What the driver says about saying good-bye to a server that may be gone is of no use.
func (c *conn) close() {
	c.broken = true
	_ = c.driver.Close()
	c.open.Add(-1)
}
