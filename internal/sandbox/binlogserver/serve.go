package binlogserver

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"orchestrator/internal/wire"
)

// pulse is after how long without an event a replica is told that all is well.
const pulse = time.Second

var errNoLog = &wire.Error{Code: 1236, Message: "Could not find the log or the place in it that was asked for"}

// Command implements wire.CommandHandler.
func (s *Server) Command(ctx context.Context, session *wire.Session, cmd wire.Command, payload []byte) error {
	switch cmd {
	case wire.ComRegisterSlave:
		return s.register(session, payload)
	case wire.ComBinlogDump:
		if len(payload) < 10 {
			return &wire.Error{Code: wire.CodeUnknown, Message: errShort.Error()}
		}
		d := dump{s: s, session: session, file: string(payload[10:]), pos: binary.LittleEndian.Uint32(payload)}
		return d.run(ctx)
	}
	return &wire.Error{Code: wire.CodeUnknownCommand, Message: "Unknown command"}
}

// register notes who replicates: server id, then host, user and password with a byte of length each, then the port.
func (s *Server) register(session *wire.Session, payload []byte) error {
	short := &wire.Error{Code: wire.CodeUnknown, Message: errShort.Error()}
	if len(payload) < 4 {
		return short
	}
	id, rest := binary.LittleEndian.Uint32(payload), payload[4:]
	var texts [3]string
	for n := range texts {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return short
		}
		texts[n], rest = string(rest[1:1+rest[0]]), rest[1+rest[0]:]
	}
	if len(rest) < 2 {
		return short
	}
	s.change(func() { s.replicas[id] = replica{host: texts[0], port: binary.LittleEndian.Uint16(rest)} })
	session.WriteOK()
	return nil
}

// dump is one replica's way through the log.
type dump struct {
	s       *Server
	session *wire.Session
	file    string
	pos     uint32
}

// run sends events until the replica leaves.
func (d *dump) run(ctx context.Context) error {
	for {
		f, err := os.Open(d.s.path(d.file))
		if err != nil {
			return errNoLog
		}
		next, err := d.through(ctx, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		d.file, d.pos = next, uint32(len(magic))
	}
}

// through sends the rest of one file, and returns the one that comes after.
func (d *dump) through(ctx context.Context, f *os.File) (next string, err error) {
	if err := d.send(rotation(d.s.o.ID, d.file, d.pos, d.s.summed())); err != nil {
		return "", err
	}
	if d.pos > uint32(len(magic)) {
		format, err := eventAt(f, uint32(len(magic)))
		if err != nil {
			return "", errNoLog
		}
		if err := d.send(format.repeated()); err != nil {
			return "", err
		}
	}
	for {
		end, later, changed := d.s.extent(d.file)
		switch {
		case d.pos > end:
			return "", errNoLog
		case d.pos == end && later != "":
			return later, nil
		case d.pos == end:
			if err := d.wait(ctx, changed); err != nil {
				return "", err
			}
			continue
		}
		e, err := eventAt(f, d.pos)
		if err != nil {
			return "", err
		}
		if err := d.send(e); err != nil {
			return "", err
		}
		d.pos += e.size()
	}
}

// wait waits for more, and tells the replica now and then that it does.
func (d *dump) wait(ctx context.Context, changed <-chan struct{}) error {
	beat := time.NewTimer(pulse)
	defer beat.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
		return nil
	case <-beat.C:
		return d.send(made(typeHeartbeat, d.s.o.ID, d.pos, []byte(d.file), d.s.summed()))
	}
}

func (d *dump) send(e event) error {
	d.session.WritePacket(append([]byte{0}, e...))
	return d.session.Flush()
}

func (s *Server) summed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sums
}

// extent says up to where a file goes, and which one comes after it. changed is closed when that may be another one.
func (s *Server) extent(file string) (end uint32, later string, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if file == s.file {
		return s.whole(), "", s.changed
	}
	if info, err := os.Stat(s.path(file)); err == nil {
		end = uint32(info.Size()) //nolint:gosec // positions have 32 bits
	}
	files := s.files()
	if n := slices.Index(files, file); n >= 0 && n+1 < len(files) {
		later = files[n+1]
	}
	return end, later, s.changed
}

// files are those of the log, in order.
func (s *Server) files() []string {
	paths, err := filepath.Glob(filepath.Join(s.o.Dir, "*.[0-9]*"))
	if err != nil {
		return nil // of a bad pattern only
	}
	for n := range paths {
		paths[n] = filepath.Base(paths[n])
	}
	slices.Sort(paths)
	return paths
}

// eventAt reads one event.
func eventAt(f *os.File, pos uint32) (event, error) {
	head := make(event, headerSize)
	if _, err := f.ReadAt(head, int64(pos)); err != nil {
		return nil, err
	}
	if head.size() < headerSize {
		return nil, errShort
	}
	e := make(event, head.size())
	if _, err := f.ReadAt(e, int64(pos)); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return e, nil
}
