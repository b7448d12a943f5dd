package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of a Server's fields.
const (
	DefaultVersion       = "8.4.0"
	DefaultMaxPacket     = 64 << 20
	DefaultSignInTimeout = 10 * time.Second
)

// Server is the server end: it greets clients and lets a Handler answer them.
// It is small, and holds nothing but its settings and a counter, so that
// thousands of pretended servers can each have their own; it can as well
// serve many listeners at once, with OnConnect to tell them apart. The fields
// must not change while it serves.
type Server struct {
	// Handler answers the queries. Required unless OnConnect gives every
	// session its own.
	Handler Handler
	// Version is the server version in the greeting; empty is DefaultVersion.
	Version string
	// Password gives the password of a user, false for an unknown user. Nil
	// lets everyone in.
	Password func(user string) (password string, ok bool)
	// Plugin is the way to prove the password; empty is NativePassword.
	Plugin AuthPlugin
	// TLS, if not nil, is offered to the clients; it is theirs to take.
	TLS *tls.Config
	// Withhold names capabilities that are not offered, for the sake of tests.
	Withhold Capability
	// MaxPacket bounds the payload of a client's packet in bytes; 0 is
	// DefaultMaxPacket.
	MaxPacket int
	// SignInTimeout bounds the time from the greeting to the end of sign-in;
	// 0 is DefaultSignInTimeout.
	SignInTimeout time.Duration

	// OnConnect is called before the greeting. Its error ends the session: an
	// *Error is sent in the place of the greeting, ErrCloseConn closes in
	// silence. Its context is as in Handler.Query.
	OnConnect func(ctx context.Context, s *Session) error
	// OnClose is called when a session that OnConnect let pass is over,
	// whether it had signed in or not.
	OnClose func(s *Session)

	// Buffers is the pool to borrow from; nil is a pool of the Server's own.
	// Servers in one process should share one.
	Buffers *BufferPool
	// Logger hears of connections that break and of clients that do not keep
	// to the protocol, at debug level, and of trouble with accepting
	// connections, at warning level. Nil is silence.
	Logger *slog.Logger

	lastID     atomic.Uint32
	ownBuffers BufferPool
}

// Serve accepts connections from ln and serves each in its own goroutine, until
// ctx ends or ln fails. Then it closes ln and all connections, ends the
// contexts of the handlers, waits for them, and returns: nil if ctx has ended,
// otherwise the listener's error. It may be called for many listeners.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	g := &sessionGroup{sessions: make(map[*Session]struct{})}
	stopped := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(stopped)
		// An error here is a listener that is closed already.
		_ = ln.Close()
		g.close()
	})
	err := s.accept(ctx, ln, g)
	if ctx.Err() != nil {
		err = nil
	}
	cancel()
	<-stopped
	g.running.Wait()
	return err
}

// ServeConn serves one connection, until it is over or ctx ends, and closes it.
func (s *Server) ServeConn(ctx context.Context, conn net.Conn) {
	session := s.newSession(ctx, conn)
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		session.Close()
	})
	defer func() {
		if !stop() {
			<-closed
		}
	}()
	session.run()
}

// accept gives each new connection of ln to g, until ln fails.
func (s *Server) accept(ctx context.Context, ln net.Listener, g *sessionGroup) error {
	var pause time.Duration
	for {
		conn, err := ln.Accept()
		if err == nil {
			pause = 0
			g.start(s.newSession(ctx, conn))
			continue
		}
		// Too many open files and the like: others may close theirs.
		if t, ok := errors.AsType[interface {
			error
			Temporary() bool
		}](err); !ok || !t.Temporary() {
			return err
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.log(ctx, slog.LevelWarn, "cannot accept connections", "address", ln.Addr(), "err", err, "pause", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Server) newSession(ctx context.Context, conn net.Conn) *Session {
	session := &Session{
		server:  s,
		conn:    conn,
		handler: s.Handler,
		version: s.Version,
		id:      s.lastID.Add(1),
		packets: packetConn{rw: conn, pool: s.buffers(), limit: signInLimit},
	}
	session.ctx = sessionContext{ctx, session}
	if session.version == "" {
		session.version = DefaultVersion
	}
	return session
}

func (s *Server) buffers() *BufferPool {
	if s.Buffers != nil {
		return s.Buffers
	}
	return &s.ownBuffers
}

func (s *Server) maxPacket() int {
	if s.MaxPacket > 0 {
		return s.MaxPacket
	}
	return DefaultMaxPacket
}

func (s *Server) plugin() AuthPlugin {
	if s.Plugin != "" {
		return s.Plugin
	}
	return NativePassword
}

func (s *Server) capabilities() Capability {
	c := serverCapabilities
	if s.TLS != nil {
		c |= ClientSSL
	}
	return c &^ s.Withhold
}

func (s *Server) log(ctx context.Context, level slog.Level, msg string, args ...any) {
	if s.Logger != nil {
		s.Logger.Log(ctx, level, msg, args...)
	}
}

// sessionGroup is the sessions of one call of Serve.
type sessionGroup struct {
	running  sync.WaitGroup
	mu       sync.Mutex
	closed   bool
	sessions map[*Session]struct{}
}

// start runs s in a goroutine of its own, unless the group is closed.
func (g *sessionGroup) start(s *Session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		s.Close()
		return
	}
	g.sessions[s] = struct{}{}
	g.running.Go(func() {
		defer g.remove(s)
		s.run()
	})
}

func (g *sessionGroup) remove(s *Session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.sessions, s)
}

// close closes all sessions, those to come included.
func (g *sessionGroup) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for s := range g.sessions {
		s.Close()
	}
}
