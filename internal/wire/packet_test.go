package wire

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// byteConn is a connection whose other side has already sent everything.
type byteConn struct {
	net.Conn
	io.Reader
	bytes.Buffer
}

func (c *byteConn) Read(p []byte) (int, error)  { return c.Reader.Read(p) }
func (c *byteConn) Write(p []byte) (int, error) { return c.Buffer.Write(p) }

func receiving(r io.Reader) *packetConn {
	return &packetConn{rw: &byteConn{Reader: r}, pool: &BufferPool{}, limit: 64 << 20}
}

// packets gives the bytes of packets with the given payloads.
func packets(t testing.TB, payloads ...[]byte) []byte {
	t.Helper()
	conn := &byteConn{}
	p := &packetConn{rw: conn, pool: &BufferPool{}}
	for _, body := range payloads {
		p.writePacket(body)
	}
	if err := p.flush(); err != nil {
		t.Fatal(err)
	}
	return conn.Bytes()
}

func TestPacketsComeBack(t *testing.T) {
	sizes := []int{0, 1, 3, 4, smallRead - 5, smallRead - 4, smallRead - 3, smallRead, 200,
		newBufferSize, growStep, growStep + 1, maxPooled + 1, 0, 7}
	huge := []int{maxPacketPayload - 1, maxPacketPayload, 5}
	readers := map[string]func(io.Reader) io.Reader{
		"at once":      func(r io.Reader) io.Reader { return r },
		"byte by byte": iotest.OneByteReader,
		"halves":       iotest.HalfReader,
		"end at once":  iotest.DataErrReader,
	}
	for name, reader := range readers {
		for _, exact := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				sizes := sizes
				if name == "at once" && !exact {
					sizes = append(sizes[:len(sizes):len(sizes)], huge...)
				}
				var sent [][]byte
				for i, size := range sizes {
					sent = append(sent, bytes.Repeat([]byte{byte('a' + i)}, size))
				}
				p := receiving(reader(bytes.NewReader(packets(t, sent...))))
				p.exact = exact
				for i, want := range sent {
					got, err := p.readPacket()
					if err != nil || !bytes.Equal(got, want) {
						t.Fatalf("packet %d: %d bytes of %d, %v", i, len(got), len(want), err)
					}
				}
				if _, err := p.readPacket(); err != io.EOF {
					t.Errorf("at the end: %v", err)
				}
			})
		}
	}
}

func TestExactReadsNothingBeyond(t *testing.T) {
	r := bytes.NewReader(append(packets(t, []byte("answer")), "and more"...))
	p := receiving(r)
	p.exact = true
	if got, err := p.readPacket(); err != nil || string(got) != "answer" {
		t.Errorf("got %q, %v", got, err)
	}
	if r.Len() != len("and more") || p.unread() {
		t.Errorf("%d bytes are left", r.Len())
	}
}

func TestBrokenPackets(t *testing.T) {
	whole := packets(t, bytes.Repeat([]byte("x"), 100))
	cases := map[string]struct {
		in   []byte
		want error
	}{
		"nothing":              {nil, io.EOF},
		"half a header":        {whole[:2], io.ErrUnexpectedEOF},
		"no payload":           {whole[:4], io.ErrUnexpectedEOF},
		"half a payload":       {whole[:90], io.ErrUnexpectedEOF},
		"wrong number":         {append([]byte{1, 0, 0, 9}, 'x'), errPacketOrder},
		"no end of a split":    {packets(t, make([]byte, maxPacketPayload))[:4+maxPacketPayload], io.ErrUnexpectedEOF},
		"too large":            {packets(t, make([]byte, 1001)), errPacketSize},
		"too large when whole": {packets(t, make([]byte, maxPacketPayload+9)), errPacketSize},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := receiving(bytes.NewReader(c.in))
			if name == "too large" {
				p.limit = 1000
			}
			if name == "too large when whole" {
				p.limit = maxPacketPayload
			}
			if _, err := p.readPacket(); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestAnnouncedLengthTakesNoMemory: whoever only claims to send 16 MB does not
// get the memory for it.
func TestAnnouncedLengthTakesNoMemory(t *testing.T) {
	p := receiving(bytes.NewReader([]byte{0xfe, 0xff, 0xff, 0, 'x'}))
	if _, err := p.readPacket(); err != io.ErrUnexpectedEOF {
		t.Errorf("got %v", err)
	}
	if got := cap(p.in.b); got > 2*growStep {
		t.Errorf("%d bytes for a packet of which one byte came", got)
	}
}

func TestWriteErrorIsTold(t *testing.T) {
	near, far := net.Pipe()
	if err := errors.Join(near.Close(), far.Close()); err != nil {
		t.Fatal(err)
	}
	p := &packetConn{rw: near, pool: &BufferPool{}}
	p.writePacket(make([]byte, flushAt))
	p.writePacket(nil)
	for range 2 {
		if err := p.flush(); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v", err)
		}
	}
}

func TestLenencInt(t *testing.T) {
	cases := map[uint64]string{
		0:              "\x00",
		250:            "\xfa",
		251:            "\xfc\xfb\x00",
		1<<16 - 1:      "\xfc\xff\xff",
		1 << 16:        "\xfd\x00\x00\x01",
		1<<24 - 1:      "\xfd\xff\xff\xff",
		1 << 24:        "\xfe\x00\x00\x00\x01\x00\x00\x00\x00",
		math.MaxUint64: "\xfe\xff\xff\xff\xff\xff\xff\xff\xff",
	}
	for v, text := range cases {
		if diff := cmp.Diff(text, string(appendLenencInt(nil, v))); diff != "" {
			t.Errorf("%d: %s", v, diff)
		}
		p := payload{b: []byte(text)}
		if got := p.lenencInt(); got != v || p.bad || len(p.b) != 0 {
			t.Errorf("%q: got %d", text, got)
		}
		short := payload{b: []byte(text[:len(text)-1])}
		if got := short.lenencInt(); got != 0 || !short.bad {
			t.Errorf("cut %q: got %d", text, got)
		}
	}
	for _, text := range []string{"", "\xfb", "\xff"} {
		p := payload{b: []byte(text)}
		if p.lenencInt(); !p.bad {
			t.Errorf("%q is no integer", text)
		}
	}
}

func TestErrorText(t *testing.T) {
	err := &Error{Code: CodeAccessDenied, State: "28000", Message: "no"}
	if got, want := err.Error(), "error 1045 (28000): no"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
