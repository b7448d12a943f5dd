//go:build unix

package config

import "syscall"

// writable reports whether this process may create files in directory.
func writable(directory string) bool {
	const writeAndSearch = 2 | 1
	return syscall.Access(directory, writeAndSearch) == nil
}
