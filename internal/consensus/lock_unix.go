//go:build unix && !solaris && !aix

package consensus

import (
	"errors"
	"os"
	"syscall"
)

// tryLock locks an open file for as long as it is open. The descriptor is not inherited by commands that the process
// starts, so the lock ends with the process.
func tryLock(f *os.File) (bool, error) {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		default:
			return err == nil, err
		}
	}
}
