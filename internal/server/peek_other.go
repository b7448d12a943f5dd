//go:build !unix

package server

import (
	"errors"
	"syscall"
)

// Connections cannot be peeked at here: nothing is noticed before the next query.

func waitReadable(raw syscall.RawConn) error {
	var ended error
	if err := raw.Read(func(uintptr) bool { return false }); err != nil {
		ended = err
	}
	return errors.Join(errUnsolicited, ended)
}

func readable(syscall.RawConn) bool { return false }
