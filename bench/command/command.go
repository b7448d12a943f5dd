// Package command is what the programs under bench share as commands: their end by a signal, and their lists of choices.
// What they measure is their own affair.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"orchestrator/internal/sandbox"
)

// Main runs a program until it is done or interrupted, and ends the process with its exit code; an error is printed with
// the program's name and makes the code 1, but for flag.ErrHelp.
func Main(name string, run func(context.Context) (code int, err error)) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		code = 1
	}
	os.Exit(code)
}

// Flavors reads a list of server families, separated by commas.
func Flavors(list string) ([]sandbox.Flavor, error) {
	var flavors []sandbox.Flavor
	for name := range strings.SplitSeq(list, ",") {
		f, err := sandbox.ParseFlavor(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		flavors = append(flavors, f)
	}
	return flavors, nil
}

// Choices reads a list, separated by commas, of which each is one of known; what says in an error what they are.
func Choices(what, list string, known ...string) ([]string, error) {
	var choices []string
	for c := range strings.SplitSeq(list, ",") {
		if c = strings.TrimSpace(c); !slices.Contains(known, c) {
			return nil, fmt.Errorf("%s %q: use %s", what, c, strings.Join(known, ", "))
		}
		choices = append(choices, c)
	}
	return choices, nil
}

// Seed is the seed that was asked for, or a new one for 0, short enough to be typed again.
func Seed(asked uint64) uint64 {
	if asked != 0 {
		return asked
	}
	return rand.Uint64() >> 32
}
