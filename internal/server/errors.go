package server

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/go-sql-driver/mysql"

	"orchestrator/internal/topology"
)

// Kind is what a failure means for those who must act on it.
type Kind int

// The kinds of failure.
const (
	Other                   Kind = iota
	Refused                      // nobody listens, or the host cannot be reached
	Timeout                      // no connection came about in time
	Hung                         // connected, but no answer came in time
	ConnectionLost               // the connection ended in the middle
	AccessDenied                 // sign-in was refused
	TooManyConnections           // the server is full
	NameResolution               // the host name has no address
	SecureTransportRequired      // the server insists on TLS
	ReadOnly                     // the server does not accept writes
	NotReplica                   // no source is configured
	ReplicaRunning               // a replication thread must be stopped first
	Unsupported                  // unknown statement, variable or table, or a missing privilege
	Canceled                     // the caller gave up
)

var kindNames = [...]string{
	"other", "refused", "timeout", "hung", "connection lost", "access denied", "too many connections",
	"name resolution", "secure transport required", "read only", "not a replica", "replica running", "unsupported",
	"canceled",
}

// String prints the kind in words.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return "other"
	}
	return kindNames[k]
}

// Unreachable says whether the server could not be talked to at all, as opposed to having refused something.
func (k Kind) Unreachable() bool {
	switch k {
	case Refused, Timeout, Hung, ConnectionLost, NameResolution:
		return true
	}
	return false
}

// Error is a failed conversation with a server.
type Error struct {
	Key  topology.Key
	Op   string // what was attempted, in words
	Code uint16 // the server's error number; 0 when it did not come from the server
	Kind Kind
	Err  error
}

// Error says which server, what was attempted and why it failed.
func (e *Error) Error() string { return fmt.Sprintf("%s: %s: %v", e.Key, e.Op, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrNotReached is in the chain of errors of waits whose time was over before the position was reached.
var ErrNotReached = errors.New("position not reached in time")

// ErrApplierStopped is in the chain of errors of waits that ended because the SQL thread does not run.
var ErrApplierStopped = errors.New("replication applier is not running")

// ErrTooLate is in the chain of errors of statements that the server came to only after their time.
var ErrTooLate = errors.New("the server came to it too late")

// ErrNoCredentials is in the chain of errors of Credentials when the server does not tell them.
var ErrNoCredentials = errors.New("replication credentials are not available")

// ErrClosed is in the chain of errors of everything asked after Close or Forget.
var ErrClosed = errors.New("closed")

// KindOf finds the kind of any error that came from this package; nil and foreign errors are Other.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Other
}

// CodeOf finds the server's error number in an error of this package; 0 when there is none.
func CodeOf(err error) uint16 {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// kindOfCode sorts the server's error numbers.
func kindOfCode(code uint16) Kind {
	switch code {
	case 1040, 1203, 1226: // too many connections: of all, of this user, resource limit
		return TooManyConnections
	case 1045, 1044, 1129, 1130, 1251, 1275, 1524, 1698, 1862, 3118, 4151: // sign-in, host blocked, account locked, expired
		return AccessDenied
	case 1053, 1079, 1080, 1152, 1153, 1158, 1159, 1160, 1161, 1184, 1927, 3032, 3169, 4031: // shutdown, killed, aborted
		return ConnectionLost
	case 1969, 3024: // statement time limits
		return Hung
	case 1290, 1792, 1836, 3100:
		return ReadOnly
	case 1200, 1617, 3074: // not configured; no such connection or channel
		return NotReplica
	case 1198, 1199, 3017, 3021, 3081, 3082, 3083:
		return ReplicaRunning
	case 3159, 4806:
		return SecureTransportRequired
	case 1064, 1109, 1142, 1143, 1146, 1193, 1227, 1231, 1235, 1238, 1289, 1305, 1370, 1630, 4020, 4052:
		return Unsupported
	case 2003, 2005:
		return Refused
	case 2006, 2013:
		return ConnectionLost
	}
	return Other
}

// kindOfError sorts an error of the driver, the network or a context. connected says whether a connection existed,
// which tells a server that hangs from one that cannot be reached.
func kindOfError(err error, connected bool) (Kind, uint16) {
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return kindOfCode(my.Number), my.Number
	}
	var not *unsupportedError
	if errors.As(err, &not) {
		return Unsupported, 0
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && !dns.IsTimeout {
		return NameResolution, 0
	}
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled, 0
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH),
		errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EHOSTDOWN):
		return Refused, 0
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT),
		errors.As(err, &timeout) && timeout.Timeout():
		if connected {
			return Hung, 0
		}
		return Timeout, 0
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed), errors.Is(err, driver.ErrBadConn),
		errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, mysql.ErrPktSync), errors.Is(err, mysql.ErrPktSyncMul),
		errors.Is(err, mysql.ErrMalformPkt):
		return ConnectionLost, 0
	}
	var tlsErr *tls.CertificateVerificationError
	if errors.As(err, &tlsErr) {
		return AccessDenied, 0
	}
	return Other, 0
}

// redact takes a secret out of the text of an error: servers quote a part of the statement near a syntax error. That
// part may hold a part of the secret too, so a syntax error's text is withheld altogether.
func redact(err error, secret string) error {
	var my *mysql.MySQLError
	if errors.As(err, &my) && my.Number == 1064 {
		return &mysql.MySQLError{Number: my.Number, SQLState: my.SQLState, Message: "syntax error (text withheld: it may quote a password)"}
	}
	text := err.Error()
	if !strings.Contains(text, secret) && !strings.Contains(text, strings.Trim(quote(secret), "'")) {
		return err
	}
	return errors.New("failed (text withheld: it quotes a password)")
}
