package server

import "context"

// SetReadOnlyAsync begins to close the server for writing, and returns at once. The statement waits inside the server for
// commits that have begun, and all new writes wait behind it; it goes on in the background, bounded by ctx.
func (s *Server) SetReadOnlyAsync(ctx context.Context, super bool) *Stopping {
	closing := &Stopping{done: make(chan struct{})}
	s.set.running.Go(func() {
		defer close(closing.done)
		closing.err = s.SetReadOnly(ctx, true, super)
	})
	return closing
}
