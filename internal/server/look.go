package server

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// looksApart is for how long looks go on on a connection of their own after a reason for it was last seen.
const looksApart = time.Minute

// heldUpFor is how long a statement must have been running for its commit to count as one that hangs: on a busy server
// somebody is always about to commit.
const heldUpFor = time.Second

// writeLook is what one look for what hinders writes has read.
type writeLook struct {
	connected, limit int64    // connections
	waiting          []waiter // for longest first
	signs            []topology.WriteSign
}

// hangs says whether a commit does not end. Probes may hang then as well.
func (l writeLook) hangs() bool {
	return slices.ContainsFunc(l.waiting, func(w waiter) bool { return w.Running >= heldUpFor })
}

// full says whether all connections are in use. Servers keep the very last one for administrators, and so do we.
func (l writeLook) full() bool { return l.limit > 0 && l.connected >= l.limit }

// crowded says whether nearly all connections are in use, or all of them.
func (l writeLook) crowded() bool { return l.limit > 0 && l.connected >= l.limit-l.limit/10 }

// WriteSigns looks for what keeps the server from taking writes, without writing: connections that are held up in a
// commit, and connections used up. It is one round trip, and one more where commits are held up on a MySQL whose error
// log can be read, to say why.
//
// While all is well that is done on the probe connection. A look must not make a server that works look dead: one that
// does not have its answer at once gives the connection up and goes on on another. So do all others for a while when
// that happened, when a probe hangs, or when it is to be feared that it will soon be too late to connect.
func (s *Server) WriteSigns(ctx context.Context) ([]topology.WriteSign, error) {
	if !s.looksApart() {
		if found, done, err := s.lookOnProbe(ctx); done {
			return found.signs, err
		}
	}
	found, err := s.lookOnOwn(ctx)
	if KindOf(err) != TooManyConnections {
		return found.signs, err
	}
	if found, done, err := s.lookOnProbe(ctx); done {
		return found.signs, err
	}
	var e *Error
	errors.As(err, &e)
	return []topology.WriteSign{{Obstacle: topology.ConnectionsUsedUp, Says: "it refuses a connection: " + e.Err.Error()}}, nil
}

const lookOp = "look for what hinders writes"

// lookOnProbe looks on the probe connection. It is not done where that cannot be had soon, or did not bring an answer.
func (s *Server) lookOnProbe(ctx context.Context) (found writeLook, done bool, err error) {
	defer func() {
		if !done || found.hangs() || found.crowded() && !found.full() {
			s.keepLooksApart()
		}
	}()
	limit := s.set.options.Load().SharedLook
	wait, end := context.WithTimeout(ctx, limit)
	defer end()
	if s.hold(wait, lookOp) != nil {
		return found, false, nil
	}
	defer s.release()
	c := s.currentProbe()
	d, known := s.Dialect()
	if c == nil || !c.usable() || !known {
		return found, false, nil
	}
	look, end := context.WithTimeout(ctx, limit)
	defer end()
	found, err = c.lookForSigns(look, d)
	err = s.fail(lookOp, err, true)
	if !c.broken {
		return found, true, err
	}
	s.dropProbe(c)
	if KindOf(err) == ConnectionLost && s.watched() {
		s.lost(err) // nobody else hears of it: the sentinel waits while there is a query
	}
	return found, false, nil
}

// lookOnOwn looks on a connection that nobody else waits for.
func (s *Server) lookOnOwn(ctx context.Context) (found writeLook, err error) {
	err = s.with(ctx, lookOp, func(c *conn, d Dialect) (err error) {
		found, err = c.lookForSigns(ctx, d)
		return err
	})
	if found.hangs() || found.crowded() {
		s.keepLooksApart()
	}
	return found, err
}

// looksApart says whether looks are to leave the probe connection alone.
func (s *Server) looksApart() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set.options.Load().Now().Before(s.apartUntil)
}

func (s *Server) keepLooksApart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apartUntil = s.set.options.Load().Now().Add(looksApart)
}

func (s *Server) watched() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watching
}

// lookForSigns reads how connections are used and which of them are held up in a write, and says what that means.
func (c *conn) lookForSigns(ctx context.Context, d Dialect) (writeLook, error) {
	found, err := occupancy(ctx, c, d)
	if err != nil {
		return writeLook{}, err
	}
	if found.full() {
		found.signs = append(found.signs, topology.WriteSign{Obstacle: topology.ConnectionsUsedUp,
			Says: fmt.Sprintf("%d connections are open, and max_connections is %d", found.connected, found.limit)})
	}
	why := topology.WriteSign{Obstacle: topology.CommitsStalled}
	if slices.ContainsFunc(found.waiting, func(w waiter) bool { return among(waitsToCommit, w.state) }) {
		why = c.storageComplaint(ctx, d)
	}
	found.signs = append(found.signs, heldUp(found.waiting, why)...)
	return found, nil
}

// occupancy reads how many connections there are, how many there may be, and which of them are held up in a write.
func occupancy(ctx context.Context, c *conn, d Dialect) (found writeLook, err error) {
	ps := false
	ask := func(hasPS bool) error {
		found.waiting = nil
		_, err := c.query(ctx, strings.Join(append(d.Occupancy(), d.WaitingWriters(hasPS)), ";\n"), func(set int) rowFunc {
			return func(_ []string, row []driver.Value) error {
				switch set {
				case 0:
					found.limit, ps = integer(row[0]), truth(row[1])
				case 1:
					found.connected = integer(row[1])
				default:
					if !ofTheServer(text(row[3])) {
						found.waiting = append(found.waiting, waiter{topology.WaitingWriter{
							Connection: uint64(integer(row[0])), Running: time.Duration(integer(row[1])) * time.Second}, text(row[2])})
					}
				}
				return nil
			}
		})
		return err
	}
	err = ask(true)
	// The table is empty when the performance schema is off.
	if d.mysql(8, 0, 22) && (err == nil && !ps || kindOf(err) == Unsupported) {
		err = ask(false)
	}
	return found, err
}
