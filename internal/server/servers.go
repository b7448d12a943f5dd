package server

import (
	"errors"
	"sync"
	"sync/atomic"

	"orchestrator/internal/topology"
)

// Servers hands out one Server for each key and owns their connections. It is safe for concurrent use.
type Servers struct {
	options  atomic.Pointer[Options]
	watchers sync.WaitGroup // goroutines that watch connections
	running  sync.WaitGroup // statements that were left running in the background
	open     atomic.Int64
	opened   atomic.Int64
	probes   atomic.Int64
	batches  batchCache
	metadata metadata

	mu     sync.Mutex
	byKey  map[topology.Key]*Server
	closed bool
}

// New makes an empty registry. Nothing is connected until a Server is asked for something.
func New(o Options) *Servers {
	s := &Servers{byKey: make(map[topology.Key]*Server)}
	s.Reconfigure(o)
	return s
}

// Reconfigure replaces the options. Connections that are open stay as they are; new ones, and the next probes, follow
// the new options.
func (s *Servers) Reconfigure(o Options) {
	o = o.withDefaults()
	s.options.Store(&o)
}

// For returns the Server of a key, always the same until it is forgotten. After Close it returns one whose every
// method fails with ErrClosed.
func (s *Servers) For(key topology.Key) *Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	if srv := s.byKey[key]; srv != nil {
		return srv
	}
	srv := newServer(s, key)
	if s.closed {
		srv.closed.Store(true)
		return srv
	}
	s.byKey[key] = srv
	return srv
}

// Forget closes a server's connections and drops what was learnt about it. A statement in flight on it is cut off.
func (s *Servers) Forget(key topology.Key) {
	s.mu.Lock()
	srv := s.byKey[key]
	delete(s.byKey, key)
	s.mu.Unlock()
	if srv != nil {
		srv.close()
	}
}

// Close closes all connections and waits for the goroutines that watch them. It must not be called from OnLost.
func (s *Servers) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errors.New("close servers: closed twice")
	}
	s.closed = true
	all := s.byKey
	s.byKey = nil
	s.mu.Unlock()
	for _, srv := range all {
		srv.close()
	}
	s.metadata.close()
	s.running.Wait()
	s.watchers.Wait()
	return nil
}

// Stats counts what the registry holds and has done.
type Stats struct {
	Servers           int   // known at present
	ConnectionsOpen   int64 // at present
	ConnectionsOpened int64 // ever
	Probes            int64 // ever
}

// Stats returns the counters of this moment.
func (s *Servers) Stats() Stats {
	s.mu.Lock()
	n := len(s.byKey)
	s.mu.Unlock()
	return Stats{Servers: n, ConnectionsOpen: s.open.Load(), ConnectionsOpened: s.opened.Load(), Probes: s.probes.Load()}
}
