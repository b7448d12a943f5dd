package wire

import "sync"

// Buffers are made with room for a usual query or answer; one that has grown
// beyond maxPooled is left to the garbage collector, so that one giant row
// does not stay in memory for ever.
const (
	newBufferSize = 4 << 10
	maxPooled     = 64 << 10
)

// BufferPool lends buffers to connections while they read or write. The zero
// value is ready for use. Many Servers may share one pool, and do well to.
type BufferPool struct {
	pool sync.Pool
}

type buffer struct {
	b []byte
}

func (p *BufferPool) get() *buffer {
	if b, ok := p.pool.Get().(*buffer); ok {
		return b
	}
	return &buffer{b: make([]byte, 0, newBufferSize)}
}

func (p *BufferPool) put(b *buffer) {
	if cap(b.b) > maxPooled {
		return
	}
	b.b = b.b[:0]
	p.pool.Put(b)
}
