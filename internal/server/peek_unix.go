//go:build unix

package server

import (
	"io"
	"syscall"
)

// peekByte looks at the next byte without taking it. pending is false when there is nothing to read; err says what a
// read would find.
func peekByte(fd uintptr) (pending bool, err error) {
	var b [1]byte
	for {
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return false, nil
		case err != nil:
			return true, err
		case n == 0:
			return true, io.EOF
		default:
			return true, errUnsolicited
		}
	}
}

// waitReadable waits until the connection can be read from and says what a read would find.
func waitReadable(raw syscall.RawConn) error {
	var found error
	err := raw.Read(func(fd uintptr) bool {
		var pending bool
		pending, found = peekByte(fd)
		return pending
	})
	if err != nil {
		return err
	}
	return found
}

// readable says whether a read would find anything now: data, the end or an error.
func readable(raw syscall.RawConn) bool {
	pending := false
	err := raw.Read(func(fd uintptr) bool {
		pending, _ = peekByte(fd)
		return true
	})
	return err != nil || pending
}
