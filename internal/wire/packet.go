package wire

import (
	"fmt"
	"io"
	"net"
	"slices"
)

const (
	// smallRead is what a waiting connection can receive without a buffer:
	// commands without text, and short queries.
	smallRead = 64
	// flushAt bounds the output that is kept before it is written.
	flushAt = 32 << 10
	// growStep bounds the memory given to a packet on its announced length
	// alone; more follows as its bytes arrive.
	growStep = 32 << 10
)

// packetConn reads and writes packets. Reading and writing may happen in
// different goroutines, each in one at a time, as long as neither resets the
// sequence.
type packetConn struct {
	rw   net.Conn
	pool *BufferPool

	in  *buffer // holds the packet last read if it did not fit into small
	out *buffer // packets not yet written; nil if there are none

	limit   int  // payloads of more bytes are refused
	seq     byte // number of the next packet, in either direction
	exact   bool // never read beyond the packet, somebody else reads what follows
	peeked  bool // peek holds a byte that was read ahead of small
	peek    [1]byte
	r, w    uint8 // small[r:w] is received but not yet used
	small   [smallRead]byte
	lastErr error // of writing; nothing is written after it
}

// readPacket gives the payload of the next packet, joined if it was split. The
// payload is valid until the next readPacket or release.
func (p *packetConn) readPacket() ([]byte, error) {
	p.release()
	length, err := p.readHeader()
	if err != nil {
		return nil, err
	}
	if length > p.limit {
		return nil, errPacketSize
	}
	if length <= int(p.w-p.r) {
		body := p.small[p.r : int(p.r)+length : int(p.r)+length]
		p.r += uint8(length)
		return body, nil
	}
	p.in = p.pool.get()
	for {
		if err := p.readBody(length); err != nil {
			return nil, err
		}
		if length < maxPacketPayload {
			return p.in.b, nil
		}
		if length, err = p.readHeader(); err != nil {
			return nil, noEOF(err)
		}
		if len(p.in.b)+length > p.limit {
			return nil, errPacketSize
		}
	}
}

// release gives back the buffer of the packet last read.
func (p *packetConn) release() {
	if p.in != nil {
		p.pool.put(p.in)
		p.in = nil
	}
}

// readHeader waits for the next packet and gives its length. The error is
// io.EOF if the other side closed the connection between two packets.
func (p *packetConn) readHeader() (length int, err error) {
	if p.r == p.w {
		p.r, p.w = 0, 0
	}
	if int(p.r)+packetHeaderSize > len(p.small) {
		p.w = uint8(copy(p.small[:], p.small[p.r:p.w]))
		p.r = 0
	}
	if p.peeked {
		// It was read ahead when small was empty: see unread.
		p.small[0], p.w, p.peeked = p.peek[0], 1, false
	}
	for p.w-p.r < packetHeaderSize {
		room := p.small[p.w:]
		if p.exact {
			room = room[:packetHeaderSize-(p.w-p.r)]
		}
		n, err := p.rw.Read(room)
		p.w += uint8(n)
		if err != nil && p.w-p.r < packetHeaderSize {
			if p.w != p.r {
				err = noEOF(err)
			}
			return 0, err
		}
	}
	h := p.small[p.r:]
	if h[3] != p.seq {
		return 0, fmt.Errorf("%w: number %d instead of %d", errPacketOrder, h[3], p.seq)
	}
	p.seq++
	p.r += packetHeaderSize
	return int(h[0]) | int(h[1])<<8 | int(h[2])<<16, nil
}

// unread reports whether part of a later packet has been received. A byte read
// ahead while it is true would come before its turn.
func (p *packetConn) unread() bool { return p.peeked || p.r != p.w }

// readBody appends length bytes to the input buffer.
func (p *packetConn) readBody(length int) error {
	n := min(length, int(p.w-p.r))
	p.in.b = append(p.in.b, p.small[p.r:int(p.r)+n]...)
	p.r += uint8(n)
	for rest := length - n; rest > 0; {
		have := len(p.in.b)
		step := min(rest, max(growStep, have))
		p.in.b = slices.Grow(p.in.b, step)[:have+step]
		if _, err := io.ReadFull(p.rw, p.in.b[have:]); err != nil {
			return noEOF(err)
		}
		rest -= step
	}
	return nil
}

// noEOF turns an end of the stream inside a packet into what it is: no end but
// a loss.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// begin starts a packet in the output buffer; the caller appends the payload
// to p.out.b and calls end with begin's result.
func (p *packetConn) begin() int {
	if p.out == nil {
		p.out = p.pool.get()
	}
	start := len(p.out.b)
	p.out.b = append(p.out.b, 0, 0, 0, 0)
	return start
}

// end completes the packet that began at start, splits it if it is too long
// for one, and writes the output if enough has come together. Errors of
// writing are told by flush.
func (p *packetConn) end(start int) {
	for {
		length := len(p.out.b) - start - packetHeaderSize
		full := length >= maxPacketPayload
		if full {
			length = maxPacketPayload
		}
		h := p.out.b[start:]
		h[0], h[1], h[2], h[3] = byte(length), byte(length>>8), byte(length>>16), p.seq
		p.seq++
		if !full {
			break
		}
		start += packetHeaderSize + length
		p.out.b = slices.Insert(p.out.b, start, 0, 0, 0, 0)
	}
	if len(p.out.b) >= flushAt {
		p.write()
	}
}

// writePacket puts one packet into the output.
func (p *packetConn) writePacket(body []byte) {
	start := p.begin()
	p.out.b = append(p.out.b, body...)
	p.end(start)
}

// flush writes what is in the output and tells the first error of writing.
func (p *packetConn) flush() error {
	p.write()
	return p.lastErr
}

func (p *packetConn) write() {
	if p.out == nil {
		return
	}
	if p.lastErr == nil {
		_, p.lastErr = p.rw.Write(p.out.b)
	}
	p.pool.put(p.out)
	p.out = nil
}
