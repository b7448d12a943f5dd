package main

import "syscall"

// A node is frozen by one and goes on by the other.
const (
	stopSignal = syscall.SIGSTOP
	goOnSignal = syscall.SIGCONT
)
