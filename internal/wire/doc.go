// Package wire speaks the MySQL client/server protocol.
//
// The lowest layer is the packet: length, sequence number, payload; payloads
// of 16 MB and more are split. Both ends of the protocol share it. On top of
// it stands the server end: [Server] accepts connections, signs clients in and
// hands the text of each query to a [Handler]; the handler gives back one
// [Result] per statement, or an [Error] that reaches the client as an ERR
// packet. It is made for two uses: a fake server, whose answers are a Go
// function, and a service that other MySQL software connects to (a log server
// for replicas adds its commands through [CommandHandler]).
//
// The client end is small, because a database driver does the rest: [SignIn]
// makes a [Client] of a connection, and the client does what no driver does: it
// asks for the events of a binary log ([Client.DumpBinlog]).
//
// # Cost
//
// A connection is one goroutine and one small struct. It holds no buffer while
// it waits for the next command: the first bytes of a packet arrive in a small
// array inside the session, and only a longer packet takes a buffer from the
// [BufferPool], which goes back before the handler runs. A response is built
// in one pooled buffer and leaves in one write. A handler may return the same
// Result values again and again, the server end only reads them.
//
// # Faults
//
// A handler can imitate a sick server. It hangs by waiting for its context,
// which ends when the client goes away, when the session is closed or when
// Serve is stopped. It drops the connection without an answer by returning
// [ErrCloseConn], with a TCP reset after [Session.Abort]. It is slow by
// waiting before it returns. [Server.OnConnect] can do all this before the
// greeting, and [PingHandler] for COM_PING.
//
// # What does not live here
//
// The package does not know what the data means: no SQL except for finding
// statement boundaries ([SplitStatements]), no GTIDs, no binary log events. It
// opens no listener and keeps no state between connections. Compression, the
// binary protocol of prepared statements and LOCAL INFILE are not spoken; the
// server end does not offer them.
package wire
