package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"time"
)

// signIn makes a client of the server at addr.
func signIn(t *testing.T, addr string, cfg ClientConfig) (*Client, error) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c, err := SignIn(t.Context(), conn, cfg)
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

func TestClientSignsIn(t *testing.T) {
	config := serverTLS(t)
	for _, plugin := range []AuthPlugin{NativePassword, CachingSHA2Password} {
		for _, secure := range []bool{false, true} {
			addr := serve(t, &Server{Handler: answer(Result{}), Password: passwords, Plugin: plugin, TLS: config})
			for name, c := range map[string]struct {
				user, password string
				want           uint16
			}{
				"right":       {"anna", "secret", 0},
				"wrong":       {"anna", "Secret", CodeAccessDenied},
				"no password": {"empty", "", 0},
				"unknown":     {"bert", "x", CodeAccessDenied},
			} {
				t.Run(string(plugin)+" "+name, func(t *testing.T) {
					cfg := ClientConfig{User: c.user, Password: c.password}
					if secure {
						cfg.TLS = &tls.Config{InsecureSkipVerify: true}
					}
					client, err := signIn(t, addr, cfg)
					var refused *Error
					if errors.As(err, &refused) != (c.want != 0) || refused != nil && refused.Code != c.want {
						t.Fatalf("tls %t: %v", secure, err)
					}
					if err == nil {
						if err := client.Exec(t.Context(), "SET @x=1"); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
	}
}

func TestClientWantsTLS(t *testing.T) {
	addr := serve(t, &Server{Handler: answer()})
	if _, err := signIn(t, addr, ClientConfig{User: "anna", TLS: &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost"}}); !errors.Is(err, ErrNoTLS) {
		t.Errorf("got %v", err)
	}
}

// dumper answers the request for a binary log.
type dumper struct {
	HandlerFunc
	events [][]byte
	end    error
	hang   bool
	asked  []byte
}

func (d *dumper) Command(ctx context.Context, s *Session, _ Command, body []byte) error {
	d.asked = bytes.Clone(body)
	for _, e := range d.events {
		s.WritePacket(append([]byte{0}, e...))
	}
	if err := s.Flush(); err != nil {
		return err
	}
	if d.hang {
		<-ctx.Done()
		return ErrCloseConn
	}
	if d.end != nil {
		return d.end
	}
	s.WriteEOF()
	return nil
}

func TestClientDumpsBinlog(t *testing.T) {
	many := make([][]byte, 600) // more packets than there are sequence numbers
	for i := range many {
		many[i] = []byte{byte(i), byte(i >> 8)}
	}
	large := [][]byte{bytes.Repeat([]byte("x"), maxPacketPayload+9), {1}}
	for name, c := range map[string]struct {
		server *dumper
		code   uint16
	}{
		"nothing":     {&dumper{}, 0},
		"many":        {&dumper{events: many}, 0},
		"split":       {&dumper{events: large}, 0},
		"ends in ERR": {&dumper{events: many[:3], end: &Error{Code: 1236, Message: "purged"}}, 1236},
	} {
		t.Run(name, func(t *testing.T) {
			c.server.HandlerFunc = answer(Result{})
			client, err := signIn(t, serve(t, &Server{Handler: c.server}), ClientConfig{User: "repl"})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			err = client.DumpBinlog(t.Context(), Dump{File: "binlog.000007", Pos: 4, Flags: DumpNonBlocking}, func(e []byte) error {
				if !bytes.Equal(e, c.server.events[n]) {
					t.Errorf("event %d differs", n)
				}
				n++
				return nil
			})
			var refused *Error
			if errors.As(err, &refused) != (c.code != 0) || refused != nil && refused.Code != c.code || refused == nil && err != nil {
				t.Error(err)
			}
			if n != len(c.server.events) {
				t.Errorf("%d events, want %d", n, len(c.server.events))
			}
			if want := append([]byte{4, 0, 0, 0, 1, 0, 0, 0, 0, 0}, "binlog.000007"...); !bytes.Equal(c.server.asked, want) {
				t.Errorf("asked for %q", c.server.asked)
			}
		})
	}
}

func TestClientIsStoppedByItsContext(t *testing.T) {
	client, err := signIn(t, serve(t, &Server{Handler: &dumper{HandlerFunc: answer(), hang: true, events: [][]byte{{1}}}}), ClientConfig{User: "repl"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = client.DumpBinlog(ctx, Dump{}, func([]byte) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	ln, err := net.Listen("tcp", "127.0.0.1:0") // takes connections in and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SignIn(ctx, conn, ClientConfig{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// FuzzClient has a client read whatever a server may say.
func FuzzClient(f *testing.F) {
	g := greeting{version: "8.0.41", connectionID: 7, capabilities: serverCapabilities, plugin: CachingSHA2Password}
	f.Add(g.append(nil), []byte{headerMoreData, fullAuth})
	f.Add(g.append(nil), []byte{headerERR, 1, 2, '#'})
	f.Add([]byte{protocolVersion}, []byte{headerAuthSwitch, 'x', 0})
	f.Fuzz(func(t *testing.T, hello, second []byte) {
		near, far := net.Pipe()
		go func() {
			p := packetConn{rw: far, pool: new(BufferPool)}
			p.writePacket(hello)
			_ = p.flush() // the client may have had enough
			p.seq = 2
			p.writePacket(second)
			_ = p.flush()
			_ = far.Close()
		}()
		go func() { _, _ = bytes.NewBuffer(nil).ReadFrom(far) }()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if c, err := SignIn(ctx, near, ClientConfig{User: "u", Password: "p"}); err == nil {
			_ = c.Close()
		}
	})
}
