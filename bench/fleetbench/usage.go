//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTicks is what the kernel counts processor time in, for programs: a hundredth of a second, on all of Linux.
const clockTicks = 100

// usage is what a process has used.
type usage struct {
	at  time.Time
	cpu time.Duration
	rss int64 // bytes, at this moment
}

// usageOf looks at a process.
func usageOf(pid int) (usage, error) {
	directory := "/proc/" + strconv.Itoa(pid)
	stat, err := os.ReadFile(directory + "/stat")
	if err != nil {
		return usage{}, fmt.Errorf("read the manager's use: %w", err)
	}
	statm, err := os.ReadFile(directory + "/statm")
	if err != nil {
		return usage{}, fmt.Errorf("read the manager's use: %w", err)
	}
	u, err := parseUsage(string(stat), string(statm), int64(os.Getpagesize()))
	u.at = time.Now()
	return u, err
}

// parseUsage reads /proc/PID/stat and /proc/PID/statm.
func parseUsage(stat, statm string, pageSize int64) (usage, error) {
	// The second field is the program's name in parentheses, which may hold anything.
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	pages := strings.Fields(statm)
	if len(fields) < 13 || len(pages) < 2 {
		return usage{}, fmt.Errorf("read the manager's use: unexpected %q and %q", stat, statm)
	}
	var n [3]int64
	for i, text := range []string{fields[11], fields[12], pages[1]} {
		var err error
		if n[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			return usage{}, fmt.Errorf("read the manager's use: %w", err)
		}
	}
	return usage{cpu: time.Duration(n[0]+n[1]) * time.Second / clockTicks, rss: n[2] * pageSize}, nil
}

// ownCPU is the processor time that this process has used.
func ownCPU() (time.Duration, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, fmt.Errorf("read the own use: %w", err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), nil
}
