package wire

import (
	"context"
	"errors"
	"os"
	"time"
)

// While a handler runs nobody reads the connection, so nobody would notice
// that the client has left. A handler that asks its context for Done gets a
// watcher: a goroutine that reads one byte ahead. It ends when the client
// leaves, when a byte comes (the client has sent its next command), or when
// the handler is finished.

// watch gives the channel that is closed when the session is over, and starts
// the watcher if one is missing.
func (s *Session) watch() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == nil {
		s.done = make(chan struct{})
		if s.err != nil {
			close(s.done)
		}
	}
	if s.err == nil && s.handling && s.watching == nil && !s.packets.unread() {
		s.watching = make(chan struct{})
		go s.readAhead(s.watching)
	}
	return s.done
}

// readAhead is the watcher. endHandling waits for it.
func (s *Session) readAhead(ended chan<- struct{}) {
	defer close(ended)
	n, err := s.packets.rw.Read(s.packets.peek[:])
	if n > 0 {
		s.mu.Lock()
		s.packets.peeked = true
		s.mu.Unlock()
		return
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		s.cancel()
	}
}

// beginHandling says that a hook or handler runs from now on.
func (s *Session) beginHandling() {
	s.mu.Lock()
	s.handling = true
	s.mu.Unlock()
}

// endHandling says that this goroutine reads the connection again; when it
// returns there is no watcher.
func (s *Session) endHandling() {
	s.mu.Lock()
	ended := s.watching
	s.handling, s.watching = false, nil
	s.mu.Unlock()
	if ended == nil {
		return
	}
	// A failure to set the deadline means that the connection is closed, which
	// ends the watcher as well.
	_ = s.conn.SetReadDeadline(time.Unix(1, 0))
	<-ended
	_ = s.conn.SetReadDeadline(time.Time{})
}

// cancel ends the session's context.
func (s *Session) cancel() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.err = context.Canceled
	if s.done != nil {
		close(s.done)
	}
}
