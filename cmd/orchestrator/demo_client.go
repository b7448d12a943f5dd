package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const clientName = "orchestrator-client"

// clientProgram is the client that was built beside this program, or else the installed one, as a person would type it; ""
// where there is none.
func clientProgram() string {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), clientName)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return fromHere(beside)
		}
	}
	if _, err := exec.LookPath(clientName); err != nil {
		return ""
	}
	return clientName
}

// fromHere is the short form of the path of a file below the working directory.
func fromHere(file string) string {
	here, err := os.Getwd()
	if err != nil {
		return file
	}
	if short, err := filepath.Rel(here, file); err == nil && filepath.IsLocal(short) && filepath.Base(short) != short {
		return short
	}
	return file
}

// apis are the addresses of all managers, as the client wants them: it finds out who leads.
func (d *demonstration) apis() string {
	urls := make([]string, 0, len(d.managers))
	for _, m := range d.managers {
		urls = append(urls, fmt.Sprintf("http://%s/api", m.service.address()))
	}
	return strings.Join(urls, " ")
}

// ask has the client ask the managers, and returns what it prints.
func (d *demonstration) ask(ctx context.Context, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, demoWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "ORCHESTRATOR_API="+d.apis())
	out, err := cmd.Output()
	return string(out), err
}
