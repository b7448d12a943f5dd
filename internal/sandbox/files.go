package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// awaitLock opens (making it if need be) and locks a file, shared or exclusive, as soon as others let it; closing the
// file gives the lock back. The lock is held by the open file, so it ends with the process, however that ends.
func awaitLock(ctx context.Context, path string, how int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return lockOpened(ctx, file, how)
}

// lockOpened locks an open file or folder as soon as others let it, and closes it when that fails.
func lockOpened(ctx context.Context, file *os.File, how int) (*os.File, error) {
	// A blocking lock could not be given up when ctx ends.
	err := poll(ctx, 5*time.Millisecond, func(context.Context) (bool, error) {
		mine, err := tryLock(file, how)
		if err == nil && !mine {
			err = notYet{errors.New("another process has it")}
		}
		return mine, err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", file.Name(), err), file.Close())
	}
	return file, nil
}

// tryLock locks an open file or folder, and says false when another holds it.
func tryLock(file *os.File, how int) (bool, error) {
	for {
		switch err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB); err {
		case nil:
			return true, nil
		case syscall.EINTR:
		case syscall.EWOULDBLOCK:
			return false, nil
		default:
			return false, err
		}
	}
}

// copyTree copies a data directory with its file modes. Between files, io.Copy asks the kernel to copy, which shares
// the blocks on file systems that can.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, below)
		switch {
		case entry.IsDir():
			return os.MkdirAll(target, info.Mode().Perm())
		case info.Mode().IsRegular():
			return copyFile(path, target, info.Mode().Perm())
		}
		return nil // sockets and the like are the running server's affair
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return out.Close()
}
