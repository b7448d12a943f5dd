//go:build unix

package main

import (
	"io"
	"log/syslog"
)

// openSyslog connects to the system's log.
func openSyslog(tag string) (io.WriteCloser, error) {
	return syslog.New(syslog.LOG_DAEMON|syslog.LOG_INFO, tag)
}
