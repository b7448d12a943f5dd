package publish

import (
	"fmt"
	"strings"
	"sync"
)

// excerptPart is how much of the beginning and of the end of an output is kept, in bytes each.
const excerptPart = 8 << 10

// excerpt keeps the beginning and the end of what is written to it.
type excerpt struct {
	mu      sync.Mutex
	head    []byte
	tail    []byte
	dropped int64 // bytes between the two
}

// Write takes everything in; it does not fail.
func (e *excerpt) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(p)
	if room := excerptPart - len(e.head); room > 0 {
		take := min(room, len(p))
		e.head = append(e.head, p[:take]...)
		p = p[take:]
	}
	e.tail = append(e.tail, p...)
	if over := len(e.tail) - excerptPart; over > 0 {
		e.dropped += int64(over)
		e.tail = append(e.tail[:0], e.tail[over:]...)
	}
	return n, nil
}

// String gives the text without white space at its ends.
func (e *excerpt) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	text := string(e.head)
	if e.dropped > 0 {
		text += fmt.Sprintf("\n… %d bytes left out …\n", e.dropped)
	}
	return strings.TrimSpace(strings.ToValidUTF8(text+string(e.tail), "?"))
}
