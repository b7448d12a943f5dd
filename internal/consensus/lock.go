package consensus

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Lock is held by one process at a time, and is free when that process has ended, however it ended.
type Lock interface {
	// TryLock takes the lock unless another process has it. An error means that this system or file system has no
	// such locks.
	TryLock() (held bool, err error)
	// Unlock gives the lock back.
	Unlock() error
	// Note leaves a word for the next holder.
	Note(word string) error
	// LastNote is the word that the last holder left; "" when there is none.
	LastNote() (string, error)
}

// LockFile is a Lock on a file. Nothing but processes that mean the same leadership may lock it, and nobody deletes
// it. Its methods are for one goroutine at a time.
type LockFile struct {
	path string
	file *os.File // while it is held
}

// NewLockFile returns the lock on a file, which is made when it is first wanted.
func NewLockFile(path string) *LockFile { return &LockFile{path: path} }

// TryLock implements Lock.
func (l *LockFile) TryLock() (bool, error) {
	if l.file != nil {
		return true, nil
	}
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, fmt.Errorf("lock: %w", err)
	}
	held, err := tryLock(f)
	if err != nil || !held {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = fmt.Errorf("lock %s: %w", l.path, err)
		}
		return false, err
	}
	l.file = f
	return true, nil
}

// Unlock implements Lock. The file stays: one that was deleted could be locked by two.
func (l *LockFile) Unlock() error {
	if l.file == nil {
		return nil
	}
	f := l.file
	l.file = nil
	if err := f.Close(); err != nil {
		return fmt.Errorf("unlock %s: %w", l.path, err)
	}
	return nil
}

// Note implements Lock. The lock must be held.
func (l *LockFile) Note(word string) error {
	err := l.file.Truncate(0)
	if err == nil {
		_, err = l.file.WriteAt([]byte(word+"\n"), 0)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", l.path, err)
	}
	return nil
}

// noteLimit is more than any note has.
const noteLimit = 1024

// LastNote implements Lock. The lock must be held.
func (l *LockFile) LastNote() (string, error) {
	text, err := io.ReadAll(io.NewSectionReader(l.file, 0, noteLimit))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", l.path, err)
	}
	return strings.TrimSpace(string(text)), nil
}
