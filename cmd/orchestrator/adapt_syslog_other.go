//go:build !unix

package main

import (
	"errors"
	"io"

	"orchestrator/internal/cli"
)

// noSyslog is what a system without such a log has: nothing.
type noSyslog interface {
	io.Writer
	cli.SystemLog
}

// openSyslog says that there is no such thing here.
func openSyslog(string) (noSyslog, error) {
	return nil, errors.New("this system has no syslog")
}
