package server

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"orchestrator/internal/topology"
)

// tlsKnowledge is what was learnt about a server's wish for TLS.
type tlsKnowledge uint8

const (
	tlsUnknown tlsKnowledge = iota
	tlsNotNeeded
	tlsNeeded
)

// maxIdle is how many unused control connections of one server are kept.
const maxIdle = 2

// Server is one MySQL or MariaDB server. It is safe for concurrent use: probes, pings and, while all is well, looks for
// what hinders writes follow each other on its probe connection; everything else runs on connections of its own.
type Server struct {
	set *Servers
	key topology.Key

	dialect atomic.Pointer[Dialect] // nil until the first answer
	several atomic.Bool             // it was last seen to replicate on several channels
	closed  atomic.Bool

	probing  chan struct{} // holds one token while the probe connection is in use
	observer observer      // of whoever holds the token

	mu         sync.Mutex
	tls        tlsKnowledge
	watching   bool
	probe      *conn // the probe connection, for close and setWatch; used only by whoever holds the token
	idle       []*conn
	reaper     *time.Timer
	inUse      []*conn   // control connections at work
	apartUntil time.Time // looks for what hinders writes leave the probe connection alone until then
}

func newServer(set *Servers, key topology.Key) *Server {
	return &Server{set: set, key: key, probing: make(chan struct{}, 1)}
}

// Key is the host and port that the server is reached by.
func (s *Server) Key() topology.Key { return s.key }

// Dialect is how the server wants to be spoken to; ok is false until it was reached for the first time.
func (s *Server) Dialect() (d Dialect, ok bool) {
	if p := s.dialect.Load(); p != nil {
		d := *p
		d.Several = s.several.Load()
		return d, true
	}
	return Dialect{}, false
}

// close cuts all connections off.
func (s *Server) close() {
	s.closed.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reaper != nil {
		s.reaper.Stop()
	}
	for _, c := range s.idle {
		c.close()
	}
	s.idle = nil
	// Those at work are only cut off: their users find that out, and close them.
	for _, c := range s.inUse {
		_ = c.net.Close()
	}
	if s.probe != nil {
		select {
		case s.probing <- struct{}{}:
			s.probe.close()
			s.probe = nil
			<-s.probing
		default:
			_ = s.probe.net.Close()
		}
	}
}

// Watch switches the sentinel of the probe connection on or off: while it is on, Options.OnLost is called as soon as
// the idle connection ends. There is nothing to watch before the first probe; it begins by itself then.
func (s *Server) Watch(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watching = on
	if s.probe != nil {
		s.probe.net.setWatch(on)
	}
}

// lost passes on what the sentinel noticed.
func (s *Server) lost(err error) {
	o := s.set.options.Load()
	if o.OnLost == nil || s.closed.Load() {
		return
	}
	o.OnLost(s.key, &Error{Key: s.key, Op: "watch", Kind: ConnectionLost, Err: err})
}

// hold takes the probe connection for the caller alone, waiting as long as ctx allows.
func (s *Server) hold(ctx context.Context, op string) error {
	select {
	case s.probing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return s.fail(op, ctx.Err(), true)
	}
}

// release gives the probe connection back. If the server was closed meanwhile, close left the connection to whoever
// holds it.
func (s *Server) release() {
	<-s.probing
	if !s.closed.Load() {
		return
	}
	select {
	case s.probing <- struct{}{}:
		if c := s.currentProbe(); c != nil {
			s.dropProbe(c)
		}
		<-s.probing
	default:
	}
}

// probeConn returns the probe connection, made anew when there is none that can be used. The caller holds the token.
func (s *Server) probeConn(ctx context.Context) (c *conn, fresh bool, err error) {
	if c := s.currentProbe(); c != nil {
		if c.usable() {
			return c, false, nil
		}
		s.dropProbe(c)
	}
	c, err = s.connect(ctx, forProbe)
	if err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	if s.closed.Load() {
		s.mu.Unlock()
		c.close()
		return nil, false, &Error{Key: s.key, Op: "connect", Err: ErrClosed}
	}
	s.probe, c.since = c, s.set.options.Load().Now()
	c.net.setWatch(s.watching)
	s.mu.Unlock()
	return c, true, nil
}

func (s *Server) currentProbe() *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.probe
}

func (s *Server) dropProbe(c *conn) {
	s.mu.Lock()
	if s.probe == c {
		s.probe = nil
	}
	s.mu.Unlock()
	c.close()
}

// Ping asks for a sign of life on the persistent connection, connecting if there is none. An error of kind Hung means
// that the connection stands and no answer came before ctx ended.
func (s *Server) Ping(ctx context.Context) error {
	if err := s.hold(ctx, "ping"); err != nil {
		return err
	}
	defer s.release()
	c, _, err := s.probeConn(ctx)
	if err != nil {
		return err
	}
	if err := c.ping(ctx); err != nil {
		s.dropProbe(c)
		return s.fail("ping", err, true)
	}
	return nil
}

// Fresh finds out whether the server accepts new connections: it makes one, signs in and closes it.
func (s *Server) Fresh(ctx context.Context) error {
	c, err := s.connect(ctx, forControl)
	if err != nil {
		return err
	}
	c.close()
	return nil
}
