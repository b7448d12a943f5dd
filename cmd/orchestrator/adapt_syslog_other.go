//go:build !unix

package main

import (
	"errors"
	"io"
)

// openSyslog says that there is no such thing here.
func openSyslog(string) (io.WriteCloser, error) {
	return nil, errors.New("this system has no syslog")
}
