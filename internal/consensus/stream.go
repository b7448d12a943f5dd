package consensus

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// handshakeWithin bounds the proof of both ends that they belong together.
const handshakeWithin = 3 * time.Second

// What a connection between two nodes is for.
const (
	forRaft byte = 'R'
	forTalk byte = 'T'
)

// preface is what each end says first; a program that is no node of ours is refused by it, and so is a later protocol.
const preface = "orchestrator raft 1\n"

// stream is the port on which nodes meet: raft's own connections and those of the talk between nodes. Names are
// resolved at each connection, both ends prove that they know the secret of the cluster, and with certificates both
// ends show theirs. It implements raft.StreamLayer.
type stream struct {
	listener  net.Listener
	advertise string
	secret    []byte
	server    *tls.Config // nil: no TLS
	client    *tls.Config
	log       *slog.Logger

	raft chan net.Conn
	talk func(net.Conn)

	mu     sync.Mutex
	closed bool
	open   map[net.Conn]bool // accepted, and not handed to raft
	done   chan struct{}
	work   sync.WaitGroup
}

func newStream(l net.Listener, advertise, secret string, t *tls.Config, log *slog.Logger) *stream {
	s := &stream{
		listener: l, advertise: advertise, secret: []byte(secret), log: log,
		raft: make(chan net.Conn), open: make(map[net.Conn]bool), done: make(chan struct{}),
	}
	if t != nil {
		s.server, s.client = t.Clone(), t.Clone()
		s.server.ClientAuth = tls.RequireAndVerifyClientCert
		s.server.ClientCAs = t.RootCAs
	}
	return s
}

// serve accepts connections until Close.
func (s *stream) serve() {
	s.work.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil { // of one connection, or of the process, which has too many files open
				s.log.Warn("accepting a connection of another raft node", "error", err)
				select {
				case <-s.done:
					return
				case <-time.After(50 * time.Millisecond):
				}
				continue
			}
			if !s.keep(conn) {
				_ = conn.Close()
				return
			}
			s.work.Go(func() { s.welcome(conn) })
		}
	})
}

func (s *stream) keep(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open[c] = true
	return true
}

func (s *stream) forget(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// welcome finds out what an accepted connection is for, and sees to it.
func (s *stream) welcome(accepted net.Conn) {
	defer s.forget(accepted)
	conn := accepted
	if s.server != nil {
		conn = tls.Server(accepted, s.server)
	}
	kind, err := s.prove(conn, false, 0)
	if err != nil {
		_ = conn.Close()
		select {
		case <-s.done:
		default:
			s.log.Warn("a connection to the raft port was refused", "from", accepted.RemoteAddr().String(), "error", err)
		}
		return
	}
	switch kind {
	case forRaft:
		select {
		case s.raft <- conn:
		case <-s.done:
			_ = conn.Close()
		}
	case forTalk:
		s.talk(conn)
		_ = conn.Close()
	default:
		_ = conn.Close()
	}
}

// errStranger means that the other end is no member of this cluster.
var errStranger = errors.New("the other end does not know the secret of this cluster (RaftClusterSecret), or is no raft node of this version")

// prove exchanges proofs that both ends know the secret; who dialled also says what the connection is for.
func (s *stream) prove(conn net.Conn, dialled bool, kind byte) (byte, error) {
	if err := conn.SetDeadline(time.Now().Add(handshakeWithin)); err != nil {
		return 0, err
	}
	const nonceSize = 32
	hello := make([]byte, len(preface)+nonceSize+1)
	copy(hello, preface)
	_, _ = rand.Read(hello[len(preface) : len(preface)+nonceSize]) // never fails, as documented
	hello[len(hello)-1] = kind
	theirs := make([]byte, len(hello))
	if err := exchange(conn, hello, theirs); err != nil {
		return 0, err
	}
	if string(theirs[:len(preface)]) != preface {
		return 0, errStranger
	}
	proof := s.proof(dialled, hello, theirs)
	got := make([]byte, len(proof))
	if err := exchange(conn, proof, got); err != nil {
		return 0, err
	}
	if !hmac.Equal(got, s.proof(!dialled, theirs, hello)) {
		return 0, errStranger
	}
	return theirs[len(theirs)-1], conn.SetDeadline(time.Time{})
}

// exchange writes one thing and reads another; the two are small enough for neither to wait for the other.
func exchange(conn net.Conn, say, hear []byte) error {
	if _, err := conn.Write(say); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, hear)
	return err
}

// proof is what only who knows the secret can say of the two hellos, and each end says another one.
func (s *stream) proof(dialled bool, own, other []byte) []byte {
	mac := hmac.New(sha256.New, s.secret)
	role := "accepted"
	if dialled {
		role = "dialled"
	}
	_, _ = mac.Write([]byte(role)) // never fails
	_, _ = mac.Write(own)
	_, _ = mac.Write(other)
	return mac.Sum(nil)
}

func (s *stream) dial(ctx context.Context, address string, kind byte) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if s.client != nil {
		c := s.client.Clone()
		if host, _, err := net.SplitHostPort(address); err == nil {
			c.ServerName = host
		}
		conn = tls.Client(conn, c)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if _, err := s.prove(conn, true, kind); err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("raft node %s: %w", address, err)
	}
	return conn, nil
}

// Dial implements raft.StreamLayer.
func (s *stream) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	if timeout <= 0 {
		timeout = handshakeWithin
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout) // raft has none
	defer cancel()
	return s.dial(ctx, string(address), forRaft)
}

// Accept implements net.Listener for raft.
func (s *stream) Accept() (net.Conn, error) {
	select {
	case c := <-s.raft:
		return c, nil
	case <-s.done:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener: what others are told.
func (s *stream) Addr() net.Addr { return advertised(s.advertise) }

// Close implements net.Listener.
func (s *stream) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.done)
	for c := range s.open {
		_ = c.Close()
	}
	s.mu.Unlock()
	err := s.listener.Close()
	s.work.Wait()
	return err
}

// advertised is the address that other nodes are told, which may be a name.
type advertised string

// Network implements net.Addr.
func (advertised) Network() string { return "tcp" }

// String implements net.Addr.
func (a advertised) String() string { return string(a) }
