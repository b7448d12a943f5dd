//go:build unix && !openbsd && !netbsd && !solaris && !illumos && !aix

package main

import (
	"syscall"

	"orchestrator/internal/operate"
)

// diskOf is the file system of a directory; zero when it cannot be asked.
func diskOf(directory string) operate.Disk {
	var s syscall.Statfs_t
	if err := syscall.Statfs(directory, &s); err != nil {
		return operate.Disk{}
	}
	size := uint64(s.Bsize) //nolint:gosec,unconvert // signed on some systems, and positive on all
	return operate.Disk{Path: directory, Free: uint64(s.Bavail) * size, Total: s.Blocks * size}
}
