package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
)

// patience is how long one member of the backend is waited for alone, before the next one is asked as well.
const patience = 300 * time.Millisecond

// Addresses are those of the members of a backend: hosts separated by commas, each with its own port or the common one.
func Addresses(hosts string, port int) []string {
	var list []string
	for host := range strings.SplitSeq(hosts, ",") {
		if host = strings.TrimSpace(host); host == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port))
		}
		list = append(list, host)
	}
	return list
}

// members opens connections to a backend of one or more servers that hold the same: Galera, or a replication group. It
// stays with one of them for as long as that can be written to. It is a driver.Connector.
type members struct {
	list []*member
	log  *slog.Logger
	with atomic.Int64 // index of the one to stay with
}

// member is one server of the backend.
type member struct {
	address   string
	index     int
	connector driver.Connector
	// epoch grows when a connection has shown that this member does not do its work: older connections are not used any
	// more.
	epoch atomic.Int64
}

func newMembers(list []string, configure func(address string, several bool) *mysql.Config, log *slog.Logger) (*members, error) {
	m := &members{log: log}
	for i, address := range list {
		connector, err := mysql.NewConnector(configure(address, len(list) > 1))
		if err != nil {
			return nil, err
		}
		m.list = append(m.list, &member{address: address, index: i, connector: connector})
	}
	return m, nil
}

// Driver implements driver.Connector.
func (m *members) Driver() driver.Driver { return m.list[0].connector.Driver() }

// Connect implements driver.Connector. The member of the last connection is asked first; when it refuses, or says nothing
// for a moment, the next one is asked too, and the first good answer counts.
func (m *members) Connect(ctx context.Context) (driver.Conn, error) {
	if len(m.list) == 1 {
		return m.list[0].connect(ctx, m)
	}
	ctx, cancel := context.WithCancel(ctx)
	type answer struct {
		from *member
		conn driver.Conn
		err  error
	}
	answers := make(chan answer, len(m.list))
	var asked sync.WaitGroup
	defer func() { // whoever else answers is not needed
		cancel()
		asked.Wait()
		close(answers)
		for a := range answers {
			if a.conn != nil {
				_ = a.conn.Close() // nothing was done on it
			}
		}
	}()
	next, open := 0, 0
	first := int(m.with.Load())
	ask := func() {
		who := m.list[(first+next)%len(m.list)]
		next, open = next+1, open+1
		asked.Go(func() {
			conn, err := who.connectFit(ctx, m)
			answers <- answer{who, conn, err}
		})
	}
	ask()
	var errs []error
	for open > 0 {
		var late <-chan time.Time
		if next < len(m.list) {
			late = time.After(patience)
		}
		select {
		case a := <-answers:
			open--
			if a.err == nil {
				m.stayWith(a.from)
				return a.conn, nil
			}
			errs = append(errs, fmt.Errorf("%s: %w", a.from.address, a.err))
			if next < len(m.list) {
				ask()
			}
		case <-late:
			ask()
		}
	}
	return nil, errors.Join(errs...)
}

func (m *members) stayWith(who *member) {
	if before := m.with.Swap(int64(who.index)); before != int64(who.index) {
		m.log.Info("another member of the backend is used", "member", who.address, "before", m.list[before].address)
	}
}

// condemn has no connection of a member used any more that is as old as this one, and the next member asked first.
func (m *members) condemn(c *memberConn) {
	if c.of.epoch.CompareAndSwap(c.epoch, c.epoch+1) {
		m.with.CompareAndSwap(int64(c.of.index), int64(c.of.index+1)%int64(len(m.list)))
	}
}

// Why a member cannot be used although it answers.
var (
	errClosed = errors.New("read_only is on")
	errApart  = errors.New("it is cut off from its group, or has not joined it yet")
)

func (who *member) connect(ctx context.Context, m *members) (driver.Conn, error) {
	epoch := who.epoch.Load()
	conn, err := who.connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := conn.(fullConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's connections are %T", conn), conn.Close())
	}
	return &memberConn{fullConn: full, members: m, of: who, epoch: epoch}, nil
}

// connectFit is connect to a member that can be written to.
func (who *member) connectFit(ctx context.Context, m *members) (driver.Conn, error) {
	conn, err := who.connect(ctx, m)
	if err != nil {
		return nil, err
	}
	if err := fit(ctx, conn.(*memberConn)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// fit asks a server whether it takes writes, and a member of Galera whether it has a quorum.
func fit(ctx context.Context, conn driver.QueryerContext) error {
	for _, question := range []struct {
		query, bad string
		means      error
	}{
		{"SELECT CASE WHEN @@global.read_only THEN 'ON' ELSE 'OFF' END", "ON", errClosed},
		{"SHOW GLOBAL STATUS LIKE 'wsrep_ready'", "OFF", errApart},
	} {
		answer, err := lastColumn(ctx, conn, question.query)
		if err != nil {
			return err
		}
		if answer == question.bad {
			return question.means
		}
	}
	return nil
}

// lastColumn is the last column of the first row of an answer; "" when there is none.
func lastColumn(ctx context.Context, conn driver.QueryerContext, query string) (text string, err error) {
	rows, err := conn.QueryContext(ctx, query, nil)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	switch err := rows.Next(row); {
	case errors.Is(err, io.EOF):
		return "", nil
	case err != nil:
		return "", err
	}
	v := value{}
	if err := v.Scan(row[len(row)-1]); err != nil {
		return "", err
	}
	return v.text(), nil
}

// fullConn is what the driver's connections can do.
type fullConn interface {
	driver.Conn
	driver.Pinger
	driver.ExecerContext
	driver.QueryerContext
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.NamedValueChecker
	driver.SessionResetter
	driver.Validator
}

// memberConn is a connection to a member. It is given up together with its like when the member does not do its work.
type memberConn struct {
	fullConn
	members *members
	of      *member
	epoch   int64
}

func (c *memberConn) stale() bool { return c.epoch < c.of.epoch.Load() }

// saw condemns the member if the error says that it does not do its work.
func (c *memberConn) saw(err error) {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, mysql.ErrInvalidConn) || mysqlNumber(err) == notReady {
		c.members.condemn(c)
	}
}

// notReady is the error number of a member of Galera that is cut off from its group.
const notReady = 1047

// ResetSession implements driver.SessionResetter: it is called before a connection is used again.
func (c *memberConn) ResetSession(ctx context.Context) error {
	if c.stale() {
		return driver.ErrBadConn
	}
	return c.fullConn.ResetSession(ctx)
}

// IsValid implements driver.Validator: it is called when a connection is given back.
func (c *memberConn) IsValid() bool { return !c.stale() && c.fullConn.IsValid() }

// ExecContext implements driver.ExecerContext.
func (c *memberConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	r, err := c.fullConn.ExecContext(ctx, query, args)
	c.saw(err)
	return r, err
}

// QueryContext implements driver.QueryerContext.
func (c *memberConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	r, err := c.fullConn.QueryContext(ctx, query, args)
	c.saw(err)
	return r, err
}

// BeginTx implements driver.ConnBeginTx.
func (c *memberConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := c.fullConn.BeginTx(ctx, o)
	c.saw(err)
	if err != nil {
		return nil, err
	}
	return memberTx{tx, c, ctx}, nil
}

// memberTx is a transaction whose commit ends with its context: a member that hangs says nothing to a COMMIT either.
type memberTx struct {
	driver.Tx
	on  *memberConn
	ctx context.Context //nolint:containedctx // Commit is not handed one
}

// Commit implements driver.Tx.
func (t memberTx) Commit() error {
	_, err := t.on.ExecContext(t.ctx, "COMMIT", nil)
	return err
}
