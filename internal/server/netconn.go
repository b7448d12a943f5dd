package server

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// errUnsolicited says that a server sent something without having been asked: it is about to end the connection.
var errUnsolicited = errors.New("the server spoke unasked: it is shutting down or ended this connection")

// netConn is the network connection below the driver. It remembers why reading or writing failed, which the driver
// does not tell, and it can watch: while no query is in flight a goroutine waits for the connection to become
// readable, which on an idle MySQL connection only means that it ends.
//
// The goroutine only peeks and never takes data. It holds the connection's read lock, so the driver's own read waits
// for it, but it lets go as soon as the answer arrives, so that costs one switch of goroutines and nothing more.
type netConn struct {
	net.Conn
	raw    syscall.RawConn // nil where the connection cannot be peeked at
	owner  *sync.WaitGroup // waits for the goroutine
	onLost func(error)

	mu      sync.Mutex
	busy    bool // a query is in flight
	watch   bool // wanted
	peeking bool // the goroutine runs
	lost    bool // noticed to have ended
	closed  bool
	queries uint64 // begun so far
	cause   error  // the first failure of a read or write
}

func newNetConn(c net.Conn, owner *sync.WaitGroup, onLost func(error)) *netConn {
	n := &netConn{Conn: c, owner: owner, onLost: onLost}
	if sc, ok := c.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			n.raw = raw
		}
	}
	return n
}

// Read reads, remembering the failure.
func (c *netConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.failed(err)
	}
	return n, err
}

// Write writes, remembering the failure.
func (c *netConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.failed(err)
	}
	return n, err
}

// Close closes the connection and thereby ends the watching goroutine.
func (c *netConn) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	return c.Conn.Close()
}

func (c *netConn) failed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == nil && !c.closed {
		c.cause = err
	}
}

// why returns the first failure of the connection, nil when there was none.
func (c *netConn) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// begin marks that a query is in flight, so that data which arrives is its answer.
func (c *netConn) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = true
	c.queries++
}

// end marks that the answer has been read in full.
func (c *netConn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	c.arm()
}

// setWatch switches watching on or off. A goroutine that waits when it is switched off stays until the next query or
// the end of the connection, and then goes silently.
func (c *netConn) setWatch(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch = on
	c.arm()
}

// arm starts the goroutine if one is wanted and none runs. The lock is held.
func (c *netConn) arm() {
	if c.raw == nil || !c.watch || c.busy || c.peeking || c.lost || c.closed {
		return
	}
	c.peeking = true
	c.owner.Go(c.peek)
}

// peek waits for the end of the idle connection and reports it.
func (c *netConn) peek() {
	for {
		queries, ok := c.beforePeek()
		if !ok {
			return
		}
		err := waitReadable(c.raw)
		again, report := c.afterPeek(queries, err)
		if report {
			c.onLost(err)
		}
		if !again {
			return
		}
	}
}

func (c *netConn) beforePeek() (queries uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy || c.closed || !c.watch {
		c.peeking = false
		return 0, false
	}
	// The driver's last read may have left a deadline behind. No query is in flight and none can begin now.
	if err := c.Conn.SetReadDeadline(time.Time{}); err != nil {
		c.peeking = false
		return 0, false
	}
	return c.queries, true
}

func (c *netConn) afterPeek(queries uint64, err error) (again, report bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed, c.busy, !c.watch:
		c.peeking = false // the end of the query starts it anew
		return false, false
	case c.queries != queries, errors.Is(err, os.ErrDeadlineExceeded):
		return true, false // what arrived belonged to a query that is over by now
	}
	c.peeking = false
	c.lost = true
	if c.cause == nil {
		c.cause = err
	}
	return false, true
}

// alive says whether an idle connection still stands, without waiting. Only who may begin a query may ask.
func (c *netConn) alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.lost || c.closed:
		return false
	case c.peeking || c.raw == nil:
		return true
	}
	// A deadline that the last query left behind would look like the end.
	return c.Conn.SetReadDeadline(time.Time{}) == nil && !readable(c.raw)
}
