// Package cli is the command line face of orchestrator: flags, help, one command run to its end, exit codes, and the
// text form of what operations answer.
//
// [Main] is the whole program but for its wiring: it reads the flags, runs the service when the word is `http`, and
// otherwise runs one operation of package operate for each instance given. Results go to standard output, one item
// to a line; everything else is log lines on standard error ([NewLogHandler]).
//
// What is not here: what a command does (package operate), the shapes of --json (package httpapi), opening backends
// and observers (the program, through [Deps]).
package cli
