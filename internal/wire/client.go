package wire

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"time"
)

// ClientConfig is what a client signs in with.
type ClientConfig struct {
	User, Password string
	TLS            *tls.Config // nil: without
}

// ErrNoTLS says that a server does not offer the encryption that was asked for.
var ErrNoTLS = errors.New("the server does not offer TLS")

// clientCapabilities is what the client end can do.
const clientCapabilities = ClientLongPassword | ClientLongFlag | ClientProtocol41 | ClientTransactions |
	ClientSecureConnection | ClientPluginAuth

// clientPacketLimit bounds a packet from the server, in bytes: the largest
// event of a binary log that servers write.
const clientPacketLimit = 1<<30 + 64

// Client is a connection to a server, signed in. It is used by one goroutine
// at a time. An error that is no *Error leaves it unusable.
type Client struct {
	conn    net.Conn // as given; packets.rw may be TLS over it
	packets packetConn
}

// SignIn makes a client of a fresh connection, which belongs to it from then
// on; when it fails the connection is closed. A refusal by the server is an
// *Error. It knows mysql_native_password and caching_sha2_password.
func SignIn(ctx context.Context, conn net.Conn, cfg ClientConfig) (*Client, error) {
	c := &Client{conn: conn}
	c.packets.rw, c.packets.pool, c.packets.limit = conn, new(BufferPool), signInLimit
	if err := c.during(ctx, func() error { return c.signIn(cfg) }); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	c.packets.limit = clientPacketLimit
	return c, nil
}

// Close ends the connection.
func (c *Client) Close() error {
	c.packets.release()
	return c.conn.Close()
}

// during runs do; when ctx ends first, so do reading and writing, and the error
// is that of ctx.
func (c *Client) during(ctx context.Context, do func() error) error {
	stop := context.AfterFunc(ctx, func() {
		// A failure to set it means that the connection is closed, which ends
		// reading and writing as well.
		_ = c.conn.SetDeadline(time.Unix(1, 0))
	})
	err := do()
	if !stop() && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// signIn leads the conversation from the greeting to OK.
func (c *Client) signIn(cfg ClientConfig) error {
	c.packets.exact = cfg.TLS != nil
	body, err := c.answer()
	if err != nil {
		return err
	}
	g, err := parseGreeting(body)
	if err != nil {
		return err
	}
	caps := clientCapabilities
	if cfg.TLS != nil {
		if !g.capabilities.Has(ClientSSL) {
			return ErrNoTLS
		}
		caps |= ClientSSL
		c.packets.writePacket(appendHandshakeHead(nil, caps))
		if err := c.packets.flush(); err != nil {
			return err
		}
		c.packets.rw, c.packets.exact = tls.Client(c.conn, cfg.TLS), false
	}
	if g.plugin != NativePassword {
		g.plugin = CachingSHA2Password // others are asked for by name
	}
	proof, err := g.plugin.proof(cfg.Password, g.scramble[:])
	if err != nil {
		return err
	}
	c.packets.writePacket(appendHandshakeResponse(nil, caps, cfg.User, proof, g.plugin))
	if err := c.packets.flush(); err != nil {
		return err
	}
	return c.prove(cfg, g.scramble[:])
}

// prove answers what the server wants to know until it is content.
func (c *Client) prove(cfg ClientConfig, scramble []byte) error {
	for range 8 { // no sign-in has more turns
		body, err := c.answer()
		if err != nil {
			return err
		}
		switch {
		case len(body) > 0 && body[0] == headerOK:
			return nil
		case len(body) > 1 && body[0] == headerAuthSwitch:
			p := payload{b: body[1:]}
			plugin := AuthPlugin(p.untilNUL())
			if len(p.b) < scrambleSize || p.bad {
				return errMalformed
			}
			scramble = append([]byte(nil), p.b[:scrambleSize]...)
			proof, err := plugin.proof(cfg.Password, scramble)
			if err != nil {
				return err
			}
			c.packets.writePacket(proof)
			if err := c.packets.flush(); err != nil {
				return err
			}
		case len(body) == 2 && body[0] == headerMoreData && body[1] == fastAuthOK:
		case len(body) == 2 && body[0] == headerMoreData && body[1] == fullAuth:
			if err := c.sendPassword(cfg, scramble); err != nil {
				return err
			}
		default:
			return errMalformed
		}
	}
	return errMalformed
}

// sendPassword sends the password itself: over TLS as it is, otherwise
// encrypted with the server's key.
func (c *Client) sendPassword(cfg ClientConfig, scramble []byte) error {
	plain := append([]byte(cfg.Password), 0)
	if cfg.TLS != nil {
		c.packets.writePacket(plain)
		return c.packets.flush()
	}
	c.packets.writePacket([]byte{wantsRSAKey})
	if err := c.packets.flush(); err != nil {
		return err
	}
	body, err := c.answer()
	if err != nil {
		return err
	}
	if len(body) == 0 || body[0] != headerMoreData {
		return errMalformed
	}
	block, _ := pem.Decode(body[1:])
	if block == nil {
		return fmt.Errorf("the server's key: %w", errMalformed)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("the server's key: %w", err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("the server's key is a %T, want an RSA key", key)
	}
	for i := range plain {
		plain[i] ^= scramble[i%len(scramble)]
	}
	sealed, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, public, plain, nil)
	if err != nil {
		return fmt.Errorf("encrypt the password: %w", err)
	}
	c.packets.writePacket(sealed)
	return c.packets.flush()
}

// answer reads a packet; one that says that something failed becomes an *Error.
func (c *Client) answer() ([]byte, error) {
	body, err := c.packets.readPacket()
	if err != nil {
		return nil, noEOF(err)
	}
	if len(body) > 0 && body[0] == headerERR {
		return nil, parseError(body)
	}
	return body, nil
}

// command begins a new exchange.
func (c *Client) command(body []byte) error {
	c.packets.seq = 0
	c.packets.writePacket(body)
	return c.packets.flush()
}

// Exec runs a statement that answers without rows, such as SET.
func (c *Client) Exec(ctx context.Context, sql string) error {
	return c.during(ctx, func() error {
		if err := c.command(append([]byte{byte(ComQuery)}, sql...)); err != nil {
			return err
		}
		body, err := c.answer()
		if err == nil && (len(body) == 0 || body[0] != headerOK) {
			err = errors.New("the statement answers with rows")
		}
		return err
	})
}

// Dump says which events of a binary log are wanted.
type Dump struct {
	File     string
	Pos      uint32 // of the first event; 4 is the beginning of a file
	ServerID uint32 // whom the client poses as; 0 is nobody, and ends at the end of the log
	Flags    uint16
}

// Flags of a Dump.
const (
	DumpNonBlocking uint16 = 1 << 0 // end at the end of the log, instead of waiting for more
	DumpAnnotations uint16 = 1 << 1 // MariaDB: the texts of statements too
)

// DumpBinlog hands the events of a binary log, and of those after it, to each,
// in order and as the server sends them, until the log ends or each fails. The
// bytes are valid during the call only.
func (c *Client) DumpBinlog(ctx context.Context, d Dump, each func(event []byte) error) error {
	return c.during(ctx, func() error {
		body := []byte{byte(ComBinlogDump)}
		body = binary.LittleEndian.AppendUint32(body, d.Pos)
		body = binary.LittleEndian.AppendUint16(body, d.Flags)
		body = binary.LittleEndian.AppendUint32(body, d.ServerID)
		if err := c.command(append(body, d.File...)); err != nil {
			return err
		}
		for {
			body, err := c.answer()
			switch {
			case err != nil:
				return err
			case len(body) == 0:
				return errMalformed
			case body[0] == headerEOF && len(body) < 9:
				return nil
			case body[0] != headerOK:
				return errMalformed
			}
			if err := each(body[1:]); err != nil {
				return err
			}
		}
	})
}

// parseGreeting takes the server's first packet (HandshakeV10) apart.
func parseGreeting(body []byte) (greeting, error) {
	p := payload{b: body}
	if v := p.uint8(); v != protocolVersion {
		return greeting{}, fmt.Errorf("%w: protocol version %d", errMalformed, v)
	}
	g := greeting{version: string(p.untilNUL()), connectionID: p.uint32()}
	copy(g.scramble[:], p.bytes(8))
	p.bytes(1) // filler
	low := p.bytes(2)
	p.bytes(3) // character set, status
	high := p.bytes(2)
	p.bytes(1 + 10) // length of the scramble, reserved
	copy(g.scramble[8:], p.bytes(scrambleSize-8))
	p.bytes(1) // its NUL
	if p.bad {
		return greeting{}, errMalformed
	}
	g.capabilities = Capability(binary.LittleEndian.Uint16(low)) | Capability(binary.LittleEndian.Uint16(high))<<16
	if name := p.untilNUL(); !p.bad {
		g.plugin = AuthPlugin(name)
	}
	return g, nil
}

// appendHandshakeHead appends what an SSL request and a response begin with.
func appendHandshakeHead(dst []byte, caps Capability) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(caps))
	dst = binary.LittleEndian.AppendUint32(dst, clientPacketLimit)
	dst = append(dst, charsetUTF8MB4)
	return append(dst, make([]byte, 23)...)
}

// appendHandshakeResponse appends the client's answer to the greeting.
func appendHandshakeResponse(dst []byte, caps Capability, user string, proof []byte, plugin AuthPlugin) []byte {
	dst = appendHandshakeHead(dst, caps)
	dst = append(append(dst, user...), 0)
	dst = append(append(dst, byte(len(proof))), proof...)
	return append(append(dst, plugin...), 0)
}

// parseError takes an ERR packet apart.
func parseError(body []byte) error {
	p := payload{b: body[1:]}
	code := p.bytes(2)
	if p.bad {
		return errMalformed
	}
	e := &Error{Code: binary.LittleEndian.Uint16(code)}
	if len(p.b) >= 6 && p.b[0] == '#' {
		e.State, p.b = string(p.b[1:6]), p.b[6:]
	}
	e.Message = string(p.b)
	return e
}
