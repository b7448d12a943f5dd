package wire

import "context"

// Handler answers the queries of the connections of a [Server]. Its methods
// are called from many goroutines, but for one Session only one at a time.
type Handler interface {
	// Query answers the text of one COM_QUERY, which holds several statements
	// if the client was allowed to send them: one Result per statement, see
	// SplitStatements. An error stands for the statement after the last
	// Result; an *Error reaches the client as it is, another one as error 1105
	// with its text, and ErrCloseConn ends the connection without an answer.
	// No results and no error is a plain OK.
	//
	// ctx ends when the client has gone away, when the session is closed or
	// when Serve was stopped; what is returned then is not sent. A client's
	// leaving is looked for only after ctx.Done was called in this query, and
	// not if the client has already sent its next command.
	Query(ctx context.Context, s *Session, sql string) ([]Result, error)
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(ctx context.Context, s *Session, sql string) ([]Result, error)

// Query calls f.
func (f HandlerFunc) Query(ctx context.Context, s *Session, sql string) ([]Result, error) {
	return f(ctx, s, sql)
}

// PingHandler is a Handler that answers COM_PING as well. Other Handlers'
// connections answer OK. Context and error are as in Handler.Query.
type PingHandler interface {
	Ping(ctx context.Context, s *Session) error
}

// CommandHandler is a Handler that knows commands which the server end does
// not answer itself, COM_BINLOG_DUMP for instance. Without it they are refused
// as unknown.
type CommandHandler interface {
	// Command answers cmd, whose payload (without the command's own byte) is
	// valid until Command returns or calls Session.ReadPacket. It writes its
	// whole answer with the Write methods of the Session; output that is left
	// when it returns is sent, after it an ERR packet for an error. Context
	// and error are as in Handler.Query.
	Command(ctx context.Context, s *Session, cmd Command, payload []byte) error
}
