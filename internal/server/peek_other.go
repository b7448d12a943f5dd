//go:build !unix

package server

import "syscall"

// waitReadable waits until the connection can be read from. What a read would find cannot be told here.
func waitReadable(raw syscall.RawConn) error {
	waited := false
	err := raw.Read(func(uintptr) bool {
		defer func() { waited = true }()
		return waited
	})
	if err != nil {
		return err
	}
	return errUnsolicited
}

// readable cannot be answered here without waiting: the next query finds out.
func readable(syscall.RawConn) bool { return false }
