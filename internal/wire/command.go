package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// errQuit is the regular end of a session.
var errQuit = errors.New("quit")

// run serves the session until it is over. It is the session's goroutine.
func (s *Session) run() {
	// In a defer, because a handler may end its goroutine, as a failing test
	// does.
	defer func() {
		s.Close()
		s.endHandling()
		s.packets.release()
	}()
	err := s.connect()
	if err != nil {
		s.logEnd(err)
		return
	}
	if s.server.OnClose != nil {
		defer s.server.OnClose(s)
	}
	if err = s.signIn(); err == nil {
		err = s.commands()
	}
	s.logEnd(err)
}

// connect asks the OnConnect hook. What it refuses with is told to the client in
// the place of the greeting.
func (s *Session) connect() error {
	err := s.onConnect()
	if err != nil && !errors.Is(err, ErrCloseConn) && s.ctx.Err() == nil {
		s.respond().err(toError(err))
		return errors.Join(err, s.packets.flush())
	}
	return err
}

func (s *Session) onConnect() error {
	if s.server.OnConnect != nil {
		s.beginHandling()
		err := s.server.OnConnect(&s.ctx, s)
		s.endHandling()
		if err != nil {
			return err
		}
	}
	if s.handler == nil {
		return errors.New("no handler for this connection")
	}
	return nil
}

// logEnd tells the log about an end that is not regular.
func (s *Session) logEnd(err error) {
	if err == errQuit || err == io.EOF || errors.Is(err, ErrCloseConn) || s.ctx.Err() != nil {
		return
	}
	s.server.log(s.ctx.Context, slog.LevelDebug, "connection ended",
		"client", s.RemoteAddr(), "server", s.LocalAddr(), "id", s.id, "err", err)
}

// commands reads and answers commands until one of them, or the client, ends
// the session.
func (s *Session) commands() error {
	for {
		s.packets.seq = 0
		body, err := s.packets.readPacket()
		if err != nil {
			return s.readFailed(err)
		}
		if len(body) == 0 {
			body = []byte{0} // no command at all is an unknown one
		}
		if err := s.command(Command(body[0]), body[1:]); err != nil {
			return err
		}
		if s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		if err := s.packets.flush(); err != nil {
			return err
		}
	}
}

// readFailed tells the client what it did wrong, if it did.
func (s *Session) readFailed(err error) error {
	switch {
	case errors.Is(err, errPacketSize):
		s.packets.seq = 1
		s.respond().err(&Error{CodePacketTooLarge, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes"})
	case errors.Is(err, errPacketOrder):
		s.respond().err(&Error{1156, "08S01", "Got packets out of order"})
	default:
		return err
	}
	return errors.Join(err, s.packets.flush())
}

// command puts the answer to one command into the output. An error ends the
// session.
func (s *Session) command(cmd Command, body []byte) error {
	switch cmd {
	case ComQuit:
		return errQuit
	case ComQuery:
		return s.query(body)
	case ComPing:
		return s.ping()
	case ComInitDB:
		s.database = string(body)
		s.WriteOK()
	case ComResetConnection:
		s.WriteOK()
	case ComSetOption:
		s.setOption(body)
	case ComStmtPrepare:
		s.respond().err(&Error{CodeUnsupportedPrepare, "HY000",
			"This command is not supported in the prepared statement protocol yet"})
	case ComStmtClose, ComStmtSendLongData:
		// These have no answer.
	default:
		return s.other(cmd, body)
	}
	return nil
}

func (s *Session) query(body []byte) error {
	sql := string(body)
	s.packets.release()
	s.beginHandling()
	results, err := s.handler.Query(&s.ctx, s, sql)
	s.endHandling()
	if errors.Is(err, ErrCloseConn) {
		return err
	}
	if s.ctx.Err() == nil {
		s.respond().results(results, err)
	}
	return nil
}

func (s *Session) ping() error {
	if h, ok := s.handler.(PingHandler); ok {
		return s.handle(func(ctx context.Context) error {
			err := h.Ping(ctx, s)
			if err == nil {
				s.WriteOK()
			}
			return err
		})
	}
	s.WriteOK()
	return nil
}

// other gives a command to a handler that may know it.
func (s *Session) other(cmd Command, body []byte) error {
	if h, ok := s.handler.(CommandHandler); ok {
		return s.handle(func(ctx context.Context) error { return h.Command(ctx, s, cmd, body) })
	}
	s.respond().err(&Error{CodeUnknownCommand, "08S01", fmt.Sprintf("Unknown command %#02x", byte(cmd))})
	return nil
}

// handle runs a handler that writes its answer itself.
func (s *Session) handle(f func(context.Context) error) error {
	s.beginHandling()
	err := f(&s.ctx)
	s.endHandling()
	if errors.Is(err, ErrCloseConn) {
		return err
	}
	if err != nil && s.ctx.Err() == nil {
		s.respond().err(toError(err))
	}
	return nil
}

// setOption switches multi-statements on (0) or off (1).
func (s *Session) setOption(body []byte) {
	switch {
	case len(body) == 2 && body[0] == 0 && body[1] == 0:
		s.caps |= ClientMultiStatements | ClientMultiResults
	case len(body) == 2 && body[0] == 1 && body[1] == 0:
		s.caps &^= ClientMultiStatements
	default:
		s.respond().err(&Error{CodeUnknownCommand, "08S01", "Unknown option"})
		return
	}
	s.WriteEOF()
}
