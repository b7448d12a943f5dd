package main

import (
	"syscall"
	"testing"
	"unsafe"
)

// limitFiles bounds the size of the files that the service may write, in bytes, from now on: beyond it a write fails
// as on a full disk.
func (s *serviceProcess) limitFiles(t *testing.T, size uint64) {
	t.Helper()
	limit := syscall.Rlimit{Cur: size, Max: ^uint64(0)}
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(s.cmd.Process.Pid), syscall.RLIMIT_FSIZE,
		uintptr(unsafe.Pointer(&limit)), 0, 0, 0); e != 0 {
		t.Fatalf("limit the files of the service: %v", e)
	}
}
