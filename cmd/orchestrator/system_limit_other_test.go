//go:build !linux

package main

import "testing"

// limitFiles needs a call that other systems do not have.
func (s *serviceProcess) limitFiles(t *testing.T, _ uint64) {
	t.Helper()
	t.Skip("the size of the files of a process that runs can be limited on Linux only")
}
