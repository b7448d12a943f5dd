package analysis

import (
	"strings"

	"orchestrator/internal/topology"
)

// failsToConnect says whether a replica applies what it has but cannot connect to its source: the evidence of a
// replica against its source. A receiver that is being reconnected counts as not running.
func failsToConnect(c *topology.Channel) bool {
	return c.SQLThread.Running() && !c.IOThread.Running() && isConnectError(c.LastIOErrno, c.LastIOError)
}

// isConnectError goes by the error number, which does not depend on language or release. Only where no number is
// known does it look at the text.
func isConnectError(errno int, text string) bool {
	if errno != 0 {
		return isConnectErrno(errno)
	}
	text = strings.ToLower(text)
	_, rest, ok := strings.Cut(text, "error")
	return ok && (strings.Contains(rest, "connecting to master") || strings.Contains(rest, "connecting to source"))
}

// isConnectErrno knows the numbers with which a receiver reports that it has no connection. Numbers that speak of
// what the source said over a working connection (a purged log, a packet too large) are not among them.
func isConnectErrno(errno int) bool {
	switch errno {
	case
		2001,                   // the client cannot create a socket
		2002,                   // no connection through the local socket, or the system's error on connecting
		2003,                   // no connection to the host
		2004,                   // no TCP socket
		2005,                   // unknown host
		2006,                   // the server has gone away
		2007,                   // protocol mismatch
		2012,                   // error in the handshake
		2013,                   // connection lost
		2026,                   // TLS
		2054, 2058, 2059, 2061, // the server's authentication method is of no use
		1040,       // too many connections
		1042, 1043, // bad host, bad handshake
		1044, 1045, 1251, // access denied, or by an unsupported protocol
		1053,       // the server is shutting down
		1129, 1130, // the replica's host is blocked, or not allowed
		1158, 1159, 1160, 1161, // reading or writing packets failed, or timed out
		1189, 1190, // the network failed between replica and source
		1203, 1226, // the user has too many connections, or has used up a limit
		1820, 1862, // the password has expired
		3118, // the account is locked
		3159, // the server insists on TLS
		3955, // the account is blocked after failed logins
		4031: // the server closed an idle connection
		return true
	}
	return false
}
