package binlogserver

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"

	"orchestrator/internal/wire"
)

// Source is whom a binlog server fetches from.
type Source struct {
	Host string
	Port int
}

func (s Source) addr() string { return net.JoinHostPort(s.Host, fmt.Sprint(s.Port)) }

// Options of a binlog server.
type Options struct {
	Dir  string // of its files; it must exist
	ID   uint32 // its server_id
	From Source
	// File is where it begins, at the beginning of that file.
	File           string
	User, Password string // with which it signs in to its source
	// Unsafe has it pass on what it receives at once, and count it as held, like MaxScale with its default settings. Without it, as
	// with transaction_safety=on, transactions are passed on when they are complete; one of which only the beginning came is
	// cut off when the log goes on in another file.
	Unsafe bool
	// Accounts gives the password of a user who signs in here; see wire.Server.
	Accounts func(user string) (password string, ok bool)
}

// Server is a binlog server. It runs until Close.
type Server struct {
	Host string
	Port int

	o    Options
	stop context.CancelFunc
	work sync.WaitGroup
	ctx  context.Context

	mu       sync.Mutex
	changed  chan struct{} // closed when something of what follows changes
	from     Source
	wanted   bool   // START SLAVE
	running  bool   // it is connected
	fault    string // why not
	file     string // in which it writes
	pos      uint32 // up to where
	safe     uint32 // up to where transactions are complete
	in       inside // what the log ends in
	sums     bool   // events end in checksums
	halt     context.CancelFunc
	replicas map[uint32]replica
}

// replica is what somebody registered as.
type replica struct {
	host string
	port uint16
}

// Start begins to fetch and to serve, on a loopback port.
func Start(o Options) (*Server, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, from: o.From, file: o.File, changed: make(chan struct{}), replicas: make(map[uint32]replica)}
	at := ln.Addr().(*net.TCPAddr)
	s.Host, s.Port = at.IP.String(), at.Port
	if err := s.create(o.File); err != nil {
		return nil, err
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	front := &wire.Server{Handler: s, Version: version, Password: o.Accounts}
	s.work.Go(func() { _ = front.Serve(s.ctx, ln) }) // its end is the listener's
	s.start()
	return s, nil
}

// Addr is "host:port".
func (s *Server) Addr() string { return net.JoinHostPort(s.Host, fmt.Sprint(s.Port)) }

// Close ends it at once, as if it had been killed: connections break, and nobody can connect. Its files stay.
func (s *Server) Close() {
	s.stop()
	s.work.Wait()
}

// Position is up to where it has the log of its source.
func (s *Server) Position() (file string, pos uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file, s.pos
}

// change does something under the lock and lets all know who wait.
func (s *Server) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
	close(s.changed)
	s.changed = make(chan struct{})
}

// magic is what every file of a binary log begins with.
const magic = "\xfebin"

// create begins a file anew.
func (s *Server) create(name string) error {
	if err := os.WriteFile(s.path(name), []byte(magic), 0o600); err != nil {
		return err
	}
	s.change(func() { s.file, s.pos, s.safe, s.in = name, uint32(len(magic)), uint32(len(magic)), nothing })
	return nil
}

// whole is up to where it holds whole transactions, as far as it knows.
func (s *Server) whole() uint32 {
	if s.o.Unsafe {
		return s.pos
	}
	return s.safe
}

// cut takes a transaction of which only the beginning came from the end of the log.
func (s *Server) cut() error {
	s.mu.Lock()
	path, end := s.path(s.file), s.whole()
	s.mu.Unlock()
	if err := os.Truncate(path, int64(end)); err != nil {
		return err
	}
	s.change(func() { s.pos, s.in = end, nothing })
	return nil
}

// Dir is where its files are.
func (s *Server) Dir() string { return s.o.Dir }
