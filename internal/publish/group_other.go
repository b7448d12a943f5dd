//go:build !unix

package publish

import "os/exec"

func ownGroup(*exec.Cmd) {}

// terminateGroup ends the command; without process groups its children are out of reach. That it has ended already
// is what is wanted.
func terminateGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
