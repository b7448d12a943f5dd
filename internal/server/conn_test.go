package server

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"sync"
	"testing"
)

// givenUp is a driver's connection whose query is given up right before it is sent.
type givenUp struct {
	driverConn
	giveUp func()
}

func (g givenUp) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	g.giveUp()
	return nil, driver.ErrBadConn
}

// TestGivenUpBeforeItIsSent: who gives a query up is told so, however early that was, and not that the server was lost.
func TestGivenUpBeforeItIsSent(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	ctx, cancel := context.WithCancel(t.Context())
	c := &conn{driver: givenUp{giveUp: cancel}, net: newNetConn(near, new(sync.WaitGroup), nil)}
	_, err := c.query(ctx, "SELECT 1", one(nil))
	if kind, _ := kindOfError(err, true); kind != Canceled || !errors.Is(err, context.Canceled) || !c.broken {
		t.Errorf("kind %q of %v, broken: %t", kind, err, c.broken)
	}
	_, err = c.query(t.Context(), "SELECT 1", one(nil))
	if kind, _ := kindOfError(err, true); kind != ConnectionLost {
		t.Errorf("kind %q of %v of a query that nobody gave up", kind, err)
	}
}
