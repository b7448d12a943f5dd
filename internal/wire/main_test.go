package wire

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quiet keeps the driver from writing to the standard error output.
type quiet struct{}

func (quiet) Print(...any) {}

// serve runs s on a loopback listener until the test ends, and gives the
// address.
func serve(t testing.TB, s *Server) string {
	t.Helper()
	addr, _ := serveAt(t, s, "127.0.0.1:0")
	return addr
}

// serveAt is serve with the address to listen at and a function to stop.
func serveAt(t testing.TB, s *Server, listen string) (addr string, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ln) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return ln.Addr().String(), stop
}

// open gives a driver's handle for the server at addr; change may be nil.
func open(t testing.TB, addr string, change func(*mysql.Config)) *sql.DB {
	t.Helper()
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.Logger = "tcp", addr, "tester", quiet{}
	if change != nil {
		change(cfg)
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	// Some tests break connections on purpose, and Close tells of that.
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// answer is a handler that gives the same results to every query.
func answer(results ...Result) HandlerFunc {
	return func(context.Context, *Session, string) ([]Result, error) { return results, nil }
}

// code gives the number of a MySQL error, 0 for another error or none.
func code(err error) uint16 {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return e.Number
	}
	return 0
}

// rawClient speaks packets, for what the driver would never send.
type rawClient struct {
	t testing.TB
	packetConn
	greeting []byte
	scramble [scrambleSize]byte
}

// dialRaw connects and takes the greeting.
func dialRaw(t testing.TB, addr string) *rawClient {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &rawClient{t: t, packetConn: packetConn{rw: conn, pool: &BufferPool{}, limit: DefaultMaxPacket}}
	c.greeting = append(c.greeting, c.read()...)
	p := payload{b: c.greeting[1:]}
	p.untilNUL()
	p.uint32()
	copy(c.scramble[:8], p.bytes(8))
	p.bytes(1 + 2 + 1 + 2 + 2 + 1 + 10)
	copy(c.scramble[8:], p.bytes(12))
	if p.bad {
		t.Fatalf("greeting %q", c.greeting)
	}
	return c
}

// read gives a copy of the next packet.
func (c *rawClient) read() []byte {
	c.t.Helper()
	body, err := c.readPacket()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	return append([]byte(nil), body...)
}

// send sends one packet.
func (c *rawClient) send(body []byte) {
	c.t.Helper()
	c.writePacket(body)
	if err := c.flush(); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// command sends a command and gives the first packet of the answer.
func (c *rawClient) command(cmd Command, body string) []byte {
	c.t.Helper()
	c.seq = 0
	c.send(append([]byte{byte(cmd)}, body...))
	return c.read()
}

// handshakeResponseBody builds a client's answer to the greeting.
func handshakeResponseBody(r handshakeResponse) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(r.capabilities))
	b = append(b, make([]byte, sslRequestSize-4)...)
	if r.sslRequest {
		return b
	}
	b = append(append(b, r.user...), 0)
	switch {
	case r.capabilities.Has(ClientPluginAuthLenenc):
		b = appendLenencString(b, r.proof)
	case r.capabilities.Has(ClientSecureConnection):
		b = append(append(b, byte(len(r.proof))), r.proof...)
	default:
		b = append(append(b, r.proof...), 0)
	}
	if r.capabilities.Has(ClientConnectWithDB) {
		b = append(append(b, r.database...), 0)
	}
	if r.capabilities.Has(ClientPluginAuth) {
		b = append(append(b, r.plugin...), 0)
	}
	return b
}

// signIn answers the greeting, without a password.
func (c *rawClient) signIn(capabilities Capability) {
	c.t.Helper()
	c.send(handshakeResponseBody(handshakeResponse{capabilities: capabilities | ClientProtocol41, user: "raw"}))
	if b := c.read(); b[0] != headerOK {
		c.t.Fatalf("sign-in: %q", b)
	}
}
