package server

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
)

// purpose is what a connection is for; it sets how long a silent server is waited for.
type purpose int

const (
	forProbe purpose = iota
	forControl
)

// connect opens and signs in a new connection within ConnectTimeout. Where TLS is used only when a server wants it,
// a server that refuses the plain connection is asked again with TLS, and what worked is remembered.
func (s *Server) connect(ctx context.Context, p purpose) (*conn, error) {
	const op = "connect"
	if s.closed.Load() {
		return nil, &Error{Key: s.key, Op: op, Err: ErrClosed}
	}
	o := s.set.options.Load()
	ctx, cancel := context.WithTimeout(ctx, o.ConnectTimeout)
	defer cancel()
	withTLS := o.TLSMode == TLSAlways || o.TLSMode == TLSMixed && s.needsTLS(o)
	c, err := s.dial(ctx, o, p, withTLS)
	if err == nil || o.TLSMode != TLSMixed {
		return c, err
	}
	switch k := KindOf(err); {
	case !withTLS && (k == SecureTransportRequired || k == AccessDenied):
	case withTLS && errors.Is(err, mysql.ErrNoTLS):
	default:
		return nil, err
	}
	c, retryErr := s.dial(ctx, o, p, !withTLS)
	if retryErr != nil {
		switch {
		case errors.Is(retryErr, mysql.ErrNoTLS):
			return nil, err // the first refusal was about something else
		case CodeOf(err) != 0 && CodeOf(retryErr) == 0 && KindOf(err) == AccessDenied:
			return nil, bothRefusals(err, retryErr)
		}
		return nil, retryErr
	}
	s.rememberTLS(o, !withTLS)
	return c, nil
}

// bothRefusals is what the server said to a sign-in without TLS, together with why there could be none with TLS. Either
// may be what is wrong: the password, or a user that must use TLS to a server whose certificate cannot be verified.
func bothRefusals(plain, withTLS error) error {
	var e, other *Error
	if !errors.As(plain, &e) || !errors.As(withTLS, &other) {
		return errors.Join(plain, withTLS)
	}
	both := *e
	both.Err = fmt.Errorf("%w; and with TLS: %w", e.Err, other.Err)
	return &both
}

func (s *Server) needsTLS(o *Options) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tls == tlsUnknown && o.NeedsTLS != nil && o.NeedsTLS(s.key) {
		s.tls = tlsNeeded
	}
	return s.tls == tlsNeeded
}

func (s *Server) rememberTLS(o *Options, needed bool) {
	s.mu.Lock()
	s.tls = tlsNotNeeded
	if needed {
		s.tls = tlsNeeded
	}
	s.mu.Unlock()
	if o.LearnedTLS != nil {
		o.LearnedTLS(s.key, needed)
	}
}

// dial makes one attempt.
func (s *Server) dial(ctx context.Context, o *Options, p purpose, withTLS bool) (*conn, error) {
	c := &conn{open: &s.set.open}
	connector, err := mysql.NewConnector(s.driverConfig(o, p, withTLS, c))
	if err != nil {
		return nil, &Error{Key: s.key, Op: "connect", Err: err}
	}
	var dc driver.Conn
	err = guarded(func() (err error) {
		dc, err = connector.Connect(ctx)
		return err
	})
	if err != nil {
		if c.net == nil {
			return nil, s.fail("connect", err, false)
		}
		err = c.explain(ctx, err)
		if e := c.net.Close(); e != nil && !errors.Is(e, net.ErrClosed) {
			o.Logger.Debug("close after failed sign-in", "server", s.key.String(), "err", e)
		}
		return nil, s.fail("sign in", err, true)
	}
	c.driver = dc.(driverConn)
	s.set.open.Add(1)
	s.set.opened.Add(1)
	return c, nil
}

func (s *Server) driverConfig(o *Options, p purpose, withTLS bool, c *conn) *mysql.Config {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd = o.User, o.Password
	cfg.Net = "tcp"
	cfg.Addr = net.JoinHostPort(s.key.Hostname, strconv.Itoa(s.key.Port))
	cfg.MultiStatements = true
	cfg.InterpolateParams = true
	cfg.CheckConnLiveness = false // done by netConn
	cfg.Logger = &mysql.NopLogger{}
	cfg.ConnectionAttributes = "program_name:" + o.ProgramName
	if o.MaxAllowedPacket > 0 {
		cfg.MaxAllowedPacket = o.MaxAllowedPacket
	}
	cfg.ReadTimeout = o.ControlTimeout
	if p == forProbe {
		cfg.ReadTimeout = o.ProbeTimeout
	}
	cfg.WriteTimeout = min(cfg.ReadTimeout, 10*time.Second)
	if withTLS {
		cfg.TLS = s.tlsConfig(o)
	}
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := o.Dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		c.net = newNetConn(nc, &s.set.watchers, s.lost)
		return c.net, nil
	}
	return cfg
}

func (s *Server) tlsConfig(o *Options) *tls.Config {
	if o.TLS.ServerName != "" || o.TLS.InsecureSkipVerify {
		return o.TLS
	}
	cfg := o.TLS.Clone()
	cfg.ServerName = s.key.Hostname
	return cfg
}

// fail makes an *Error of a failed step.
func (s *Server) fail(op string, err error, connected bool) error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	kind, code := kindOfError(err, connected)
	return &Error{Key: s.key, Op: op, Code: code, Kind: kind, Err: err}
}
