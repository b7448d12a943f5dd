package wire

import (
	"bytes"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// signInLimit bounds packets of clients that have not signed in yet.
const signInLimit = 64 << 10

// signIn leads the conversation from the greeting to OK. When it fails the
// client has been told the reason if it is an *Error.
func (s *Session) signIn() error {
	timeout := s.server.SignInTimeout
	if timeout <= 0 {
		timeout = DefaultSignInTimeout
	}
	if err := s.conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	err := s.authenticate()
	if e, ok := errors.AsType[*Error](err); ok {
		s.respond().err(e)
		return errors.Join(err, s.packets.flush())
	}
	if err != nil {
		return err
	}
	s.respond().ok(&Result{}, statusAutocommit)
	if err := s.packets.flush(); err != nil {
		return err
	}
	s.packets.limit = s.server.maxPacket()
	return s.conn.SetDeadline(time.Time{})
}

// authenticate greets the client and checks who it is.
func (s *Session) authenticate() error {
	scramble := newScramble()
	response, err := s.greet(scramble)
	if err != nil {
		return err
	}
	s.caps, s.user, s.database = response.capabilities, response.user, response.database
	if s.server.Password == nil {
		return nil
	}
	proof := bytes.Clone(response.proof)
	plugin := s.server.plugin()
	if response.plugin != "" && response.plugin != plugin {
		if proof, err = s.switchPlugin(plugin, scramble); err != nil {
			return err
		}
	}
	password, known := s.server.Password(s.user)
	want, err := plugin.proof(password, scramble[:])
	if err != nil {
		return err
	}
	// An empty proof may come as a lone NUL.
	if want == nil && len(proof) == 1 && proof[0] == 0 {
		proof = nil
	}
	if !known || subtle.ConstantTimeCompare(want, proof) == 0 {
		return s.accessDenied(len(proof) > 0)
	}
	if plugin == CachingSHA2Password && want != nil {
		s.packets.writePacket([]byte{headerMoreData, fastAuthOK})
	}
	return nil
}

// greet sends the greeting and gives the client's answer, after a change to
// TLS if the client wants it.
func (s *Session) greet(scramble [scrambleSize]byte) (handshakeResponse, error) {
	offered := s.server.capabilities()
	g := greeting{s.version, s.id, scramble, offered, s.server.plugin()}
	start := s.packets.begin()
	s.packets.out.b = g.append(s.packets.out.b)
	s.packets.end(start)
	if err := s.packets.flush(); err != nil {
		return handshakeResponse{}, err
	}
	s.packets.exact = true
	defer func() { s.packets.exact = false }()
	response, err := s.handshakeResponse(offered)
	if err == nil && response.sslRequest {
		s.packets.rw = tls.Server(s.conn, s.server.TLS)
		response, err = s.handshakeResponse(offered)
		if response.sslRequest {
			err = badHandshake(errMalformed)
		}
	}
	return response, err
}

func (s *Session) handshakeResponse(offered Capability) (handshakeResponse, error) {
	body, err := s.packets.readPacket()
	if err != nil {
		return handshakeResponse{}, err
	}
	response, err := parseHandshakeResponse(body, offered)
	if err != nil {
		return handshakeResponse{}, badHandshake(err)
	}
	return response, nil
}

func badHandshake(err error) error {
	return &Error{CodeHandshake, "08S01", fmt.Sprintf("Bad handshake: %v", err)}
}

// switchPlugin asks the client for another proof.
func (s *Session) switchPlugin(plugin AuthPlugin, scramble [scrambleSize]byte) ([]byte, error) {
	start := s.packets.begin()
	s.packets.out.b = appendAuthSwitch(s.packets.out.b, plugin, scramble[:])
	s.packets.end(start)
	if err := s.packets.flush(); err != nil {
		return nil, err
	}
	return s.packets.readPacket()
}

func (s *Session) accessDenied(password bool) error {
	host := s.RemoteAddr().String()
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	using := "NO"
	if password {
		using = "YES"
	}
	return &Error{CodeAccessDenied, "28000",
		fmt.Sprintf("Access denied for user '%s'@'%s' (using password: %s)", s.user, host, using)}
}
