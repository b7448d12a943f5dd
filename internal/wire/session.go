package wire

import (
	"context"
	"net"
	"sync"
)

// Session is one client's connection to a Server.
//
// Its methods may be called from hooks and handlers of this session; Close,
// Abort and the plain getters of addresses and id from anywhere.
type Session struct {
	// State is the handler's own: the server end does not touch it.
	State any

	server   *Server
	conn     net.Conn // as accepted; packets.rw may be TLS over it
	packets  packetConn
	handler  Handler
	version  string
	id       uint32
	caps     Capability
	user     string
	database string

	ctx sessionContext

	mu       sync.Mutex
	err      error         // why ctx is over
	done     chan struct{} // made when first asked for
	handling bool          // a hook or handler runs, nobody reads the connection
	watching chan struct{} // closed when the watcher has ended; nil without one
}

// ID gives the connection's number, the one that the greeting names.
func (s *Session) ID() uint32 { return s.id }

// LocalAddr gives the address that the client connected to.
func (s *Session) LocalAddr() net.Addr { return s.conn.LocalAddr() }

// RemoteAddr gives the client's address.
func (s *Session) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

// User gives the name that the client signed in with.
func (s *Session) User() string { return s.user }

// Database gives the default database, empty if there is none.
func (s *Session) Database() string { return s.database }

// SetDatabase changes the default database, as the statement USE does.
func (s *Session) SetDatabase(name string) { s.database = name }

// Capabilities gives what both sides agreed on; it is zero before sign-in.
func (s *Session) Capabilities() Capability { return s.caps }

// Server gives the Server that accepted the connection.
func (s *Session) Server() *Server { return s.server }

// SetHandler makes h answer this session instead of the Server's Handler; to
// be called in OnConnect, when one Server stands for many.
func (s *Session) SetHandler(h Handler) { s.handler = h }

// SetVersion changes the server version in this session's greeting; to be
// called in OnConnect.
func (s *Session) SetVersion(v string) { s.version = v }

// Close ends the connection at once, and with it the context of a handler that
// runs. It does not wait for the handler.
func (s *Session) Close() {
	s.cancel()
	// The only error of interest is that it is closed already.
	_ = s.conn.Close()
}

// Abort is Close with a TCP reset, as from a host that has restarted, where
// the transport is TCP.
func (s *Session) Abort() {
	if tcp, ok := s.conn.(*net.TCPConn); ok {
		// Fails on a closed connection only.
		_ = tcp.SetLinger(0)
	}
	s.Close()
}

// ReadPacket waits for the client's next packet within a command and gives its
// payload, valid until the next call. After the first call the context of the
// command no longer notices that the client has left: this call's error does.
func (s *Session) ReadPacket() ([]byte, error) {
	s.endHandling()
	return s.packets.readPacket()
}

// ResetSequence makes the next packet, in either direction, number 0, as at the
// start of a command. Some exchanges within a command, the acknowledgements of
// semi-synchronous replication among them, number their packets so.
func (s *Session) ResetSequence() { s.packets.seq = 0 }

// WritePacket puts a packet into the output, which is sent by Flush, when it
// has grown large, and at the end of the command.
func (s *Session) WritePacket(payload []byte) { s.packets.writePacket(payload) }

// WriteOK puts an OK packet into the output.
func (s *Session) WriteOK() { s.respond().ok(&Result{}, statusAutocommit) }

// WriteEOF puts an EOF packet of the classic form into the output.
func (s *Session) WriteEOF() { s.respond().eof(0, statusAutocommit) }

// Flush sends the output and tells the first error of sending so far.
func (s *Session) Flush() error { return s.packets.flush() }

func (s *Session) respond() responder { return responder{&s.packets, s.caps} }

// sessionContext is the context of a session's hooks and handlers. It is part
// of the session, and costs a channel and a goroutine only when someone waits
// for it.
type sessionContext struct {
	context.Context // of Serve
	session         *Session
}

// Done starts to look out for the client's leaving.
func (c *sessionContext) Done() <-chan struct{} { return c.session.watch() }

// Err is nil until the session is over.
func (c *sessionContext) Err() error {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	return c.session.err
}
