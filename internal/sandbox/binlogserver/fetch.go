package binlogserver

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"orchestrator/internal/wire"
)

// retry is between two tries to connect to the source.
const retry = 200 * time.Millisecond

func (s *Server) path(file string) string { return filepath.Join(s.o.Dir, filepath.Base(file)) }

// start has it fetch, unless it does already.
func (s *Server) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wanted {
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan struct{})
	s.wanted, s.fault = true, ""
	s.halt = func() { cancel(); <-ended }
	s.work.Go(func() {
		defer close(ended)
		for ctx.Err() == nil {
			err := s.fetch(ctx)
			s.change(func() { s.running, s.fault = false, err.Error() })
			select {
			case <-ctx.Done():
			case <-time.After(retry):
			}
		}
	})
}

// stopFetching waits until it receives nothing any more.
func (s *Server) stopFetching() {
	s.mu.Lock()
	halt := s.halt
	s.halt = nil
	s.mu.Unlock()
	if halt != nil {
		halt()
	}
	s.change(func() { s.wanted, s.running, s.fault = false, false, "" })
}

// fetch receives until something goes wrong, which is never nil.
func (s *Server) fetch(ctx context.Context) error {
	s.mu.Lock()
	from, file, pos := s.from, s.file, s.pos
	s.mu.Unlock()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", from.addr())
	if err != nil {
		return err
	}
	c, err := wire.SignIn(ctx, conn, wire.ClientConfig{User: s.o.User, Password: s.o.Password})
	if err != nil {
		return err
	}
	defer c.Close() // nothing is left to be said to the source
	for _, sql := range []string{"SET @master_binlog_checksum=@@global.binlog_checksum", "SET @mariadb_slave_capability=4", "SET @master_heartbeat_period=1000000000"} {
		if err := c.Exec(ctx, sql); err != nil {
			return err
		}
	}
	s.change(func() { s.running, s.fault = true, "" })
	err = c.DumpBinlog(ctx, wire.Dump{File: file, Pos: pos, ServerID: s.o.ID, Flags: wire.DumpAnnotations}, func(b []byte) error { return s.take(b) })
	if err == nil {
		err = fmt.Errorf("%s ended the log", from.addr())
	}
	return err
}

// take keeps an event in the file and at the place where its source has it.
func (s *Server) take(e event) error {
	if len(e) < headerSize || int(e.size()) != len(e) {
		return errShort
	}
	if e.kind() == typeRotate && !e.inFile() {
		file, pos := e.next()
		if now, at := s.Position(); file != now {
			return s.create(file)
		} else if pos != at {
			return fmt.Errorf("it is sent from %s:%d on, and stands at %d", file, pos, at)
		}
		return nil
	}
	if e.kind() == typeFormat {
		s.change(func() { s.sums = e.summed() && e[len(e)-5] != 0 })
	}
	if !e.inFile() {
		return nil
	}
	file, pos := s.Position()
	if e.end()-e.size() != pos {
		return fmt.Errorf("an event of %s:%d comes at %d", file, e.end()-e.size(), pos)
	}
	f, err := os.OpenFile(s.path(file), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	if _, err := f.Write(e); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	s.change(func() {
		s.pos = e.end()
		if s.in = s.in.after(e); s.in == nothing {
			s.safe = s.pos
		}
	})
	return nil
}
