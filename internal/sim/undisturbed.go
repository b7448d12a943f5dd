package sim

import (
	"os"
	"strings"
	"syscall"
)

const preemptionOff = "asyncpreemptoff=1"

// Undisturbed begins this process anew without preemption of its goroutines, unless it runs so already. On a busy machine
// the scheduler would take turns by the real clock, and a seed would not always be the same story.
func Undisturbed() error {
	set := os.Getenv("GODEBUG")
	if strings.Contains(set, preemptionOff) {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if set != "" {
		set += ","
	}
	if err := os.Setenv("GODEBUG", set+preemptionOff); err != nil {
		return err
	}
	return syscall.Exec(self, os.Args, os.Environ())
}
