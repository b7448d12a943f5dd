package wire

import (
	"errors"
	"fmt"
)

// ErrCloseConn, returned by a handler or a hook, ends the connection without
// an answer. It may be wrapped.
var ErrCloseConn = errors.New("close the connection without an answer")

var (
	errMalformed   = errors.New("malformed packet")
	errPacketSize  = errors.New("packet larger than allowed")
	errPacketOrder = errors.New("packet out of order")
)

// Error is an error of the MySQL protocol, as carried by an ERR packet.
type Error struct {
	Code    uint16 // the server's error number, 1045 for instance
	State   string // the SQLSTATE, five characters; empty means HY000
	Message string
}

// Error gives code, state and message in one line.
func (e *Error) Error() string {
	return fmt.Sprintf("error %d (%s): %s", e.Code, e.sqlState(), e.Message)
}

func (e *Error) sqlState() string {
	if len(e.State) != 5 {
		return stateGeneral
	}
	return e.State
}

const stateGeneral = "HY000"

// Error numbers that the server end sends, and some that handlers want often.
const (
	CodeTooManyConnections   uint16 = 1040 // ER_CON_COUNT_ERROR, 08004
	CodeHandshake            uint16 = 1043 // ER_HANDSHAKE_ERROR, 08S01
	CodeAccessDenied         uint16 = 1045 // ER_ACCESS_DENIED_ERROR, 28000
	CodeUnknownCommand       uint16 = 1047 // ER_UNKNOWN_COM_ERROR, 08S01
	CodeShutdown             uint16 = 1053 // ER_SERVER_SHUTDOWN, 08S01
	CodeParse                uint16 = 1064 // ER_PARSE_ERROR, 42000
	CodeUnknown              uint16 = 1105 // ER_UNKNOWN_ERROR, HY000
	CodePacketTooLarge       uint16 = 1153 // ER_NET_PACKET_TOO_LARGE, 08S01
	CodeUnknownVariable      uint16 = 1193 // ER_UNKNOWN_SYSTEM_VARIABLE, HY000
	CodeSpecificAccessDenied uint16 = 1227 // ER_SPECIFIC_ACCESS_DENIED_ERROR, 42000
	CodeReadOnly             uint16 = 1290 // ER_OPTION_PREVENTS_STATEMENT, HY000
	CodeUnsupportedPrepare   uint16 = 1295 // ER_UNSUPPORTED_PS, HY000
	CodeNoMultiResults       uint16 = 1312 // ER_SP_BADSELECT, 0A000
)

// toError makes of any error the one that the client is told.
func toError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: CodeUnknown, Message: err.Error()}
}
