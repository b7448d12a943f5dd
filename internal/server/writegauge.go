package server

import (
	"context"
	"database/sql/driver"
	"errors"
)

// WriteQuestion is what a WriteGauge asks beside whether the server is read-only.
type WriteQuestion struct {
	Source bool   // whom it replicates from; that waits for whoever stops or changes replication at this moment
	Table  string // commit a small transaction there, as CheckWrite does; needs Source. "" writes nothing
}

// WriteAnswer is what a server says when it is asked whether it would take a write.
type WriteAnswer struct {
	ReadOnly bool
	Source   string // host of the server that it replicates from; "" when there is none, or that was not asked
	Refused  string // why a transaction that was tried was not committed; "" when none was tried, or it was
}

// WriteGauge asks one server again and again whether it would take a write, on a connection of its own that it keeps for
// that. It is used by one goroutine at a time, which closes it.
type WriteGauge struct {
	s    *Server
	c    *conn  // nil: none is open
	vain string // the table in which nothing can be tried, for a reason that is not the server's
}

// WriteGauge makes one. Nothing is connected before it is asked.
func (s *Server) WriteGauge() *WriteGauge { return &WriteGauge{s: s} }

const gaugeOp = "ask whether it would take a write"

// Ask reads whether the server is read-only, which writes nothing. With the name of a table it commits a small transaction
// there as well: only on a server that replicates from nobody, and that is not read-only when the statement runs. Clusters
// without the table are asked without writing.
func (g *WriteGauge) Ask(ctx context.Context, q WriteQuestion) (WriteAnswer, error) {
	if g.c != nil && !g.c.usable() {
		g.Close()
	}
	a, err := g.read(ctx, q.Source)
	if err == nil && q.Source && q.Table != "" && q.Table != g.vain && !a.ReadOnly && a.Source == "" {
		a.Refused, err = g.commit(ctx, q.Table)
	}
	if err != nil {
		g.Close()
	}
	return a, g.s.fail(gaugeOp, err, true)
}

func (g *WriteGauge) read(ctx context.Context, source bool) (a WriteAnswer, err error) {
	if g.c == nil {
		if g.c, err = g.s.control(ctx); err != nil {
			return a, err
		}
		// Whatever the defaults of sessions: a statement that is tried commits by itself, and waits for nobody.
		if err = g.c.exec(ctx, "SET SESSION autocommit=1, lock_wait_timeout=1, innodb_lock_wait_timeout=1"); err != nil {
			return a, err
		}
	}
	if err := g.s.identify(ctx, g.c); err != nil {
		return a, err
	}
	d, _ := g.s.Dialect()
	sql := d.ReadOnly()
	if source {
		sql += ";\n" + d.ReplicaStatus()
	}
	_, err = g.c.query(ctx, sql, func(set int) rowFunc {
		return func(columns []string, row []driver.Value) error {
			if set == 0 {
				a.ReadOnly = readOnly(row[0])
				return nil
			}
			if c := parseChannel(columns, row); c.SourceHost != "" {
				a.Source = c.SourceHost
			}
			return nil
		}
	})
	return a, err
}

// commit tries a transaction, and says why the server did not commit it. An error says that it does not answer.
func (g *WriteGauge) commit(ctx context.Context, table string) (refused string, err error) {
	name, err := tableName(table)
	if err != nil {
		return "", err
	}
	sign, err := writeSign(g.s.fail(gaugeOp, g.c.exec(ctx, writeOfCheck(name, gaugeRow)), true))
	switch {
	case sign != nil:
		return sign.Says, nil
	case errors.Is(err, ErrLocked):
		return ErrLocked.Error(), nil
	case err != nil && !g.c.broken: // there is no such table, or it may not be written
		g.vain = table
		return "", nil
	}
	return "", err
}

// Close ends the connection. The gauge may be asked again, on another one.
func (g *WriteGauge) Close() {
	if g.c == nil {
		return
	}
	g.c.broken = true
	g.s.giveBack(g.c)
	g.c = nil
}
