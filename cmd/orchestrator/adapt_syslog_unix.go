//go:build unix

package main

import "log/syslog"

// openSyslog connects to the system's log.
func openSyslog(tag string) (*syslog.Writer, error) {
	return syslog.New(syslog.LOG_DAEMON|syslog.LOG_INFO, tag)
}
