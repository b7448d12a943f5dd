//go:build linux

// Command fleetbench measures what a manager costs that looks after a large fleet, and how soon it notices failures.
//
// It pretends to be a fleet (package fleet), starts the manager's program with a configuration of its own and a fresh
// SQLite backend, waits until all servers are discovered, looks at the manager while nothing happens, kills some
// primaries at once and waits until all are reported, and times the answers of the API. The result is a Markdown
// table. Any program with orchestrator's configuration keys and API can be measured. It runs on Linux.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"time"

	"orchestrator/bench/command"
	"orchestrator/bench/fleet"
)

func main() {
	command.Main("fleetbench", func(ctx context.Context) (int, error) { return 0, benchmark(ctx, os.Args[1:], os.Stdout, os.Stderr) })
}

// settings are what a measurement is done with.
type settings struct {
	binary    string
	arguments []string // of the binary; %s is the configuration file
	overrides overrides
	fleet     fleet.Options
	duration  time.Duration // of the look at the quiet fleet
	settle    time.Duration // from the end of discovery to that look
	kills     int
	discovery time.Duration // limit
	detection time.Duration // limit
	requests  int           // timed requests for each path
	keep      bool
	progress  io.Writer
}

// benchmark measures as the arguments say, and prints the table to out.
func benchmark(ctx context.Context, args []string, out, progress io.Writer) error {
	s := settings{overrides: make(overrides), progress: progress}
	flags := flag.NewFlagSet("fleetbench", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.StringVar(&s.binary, "binary", "bin/orchestrator", "the manager's program")
	arguments := flags.String("arguments", "-config %s http", "its arguments; %s is the configuration file")
	flags.Var(s.overrides, "set", "a configuration key, as Key=JSON; may be repeated")
	flags.IntVar(&s.fleet.Servers, "servers", 1000, "how many servers to pretend")
	flags.IntVar(&s.fleet.ReplicasPerPrimary, "replicas", 4, "replicas for each primary")
	flags.Float64Var(&s.fleet.ChainShare, "chains", 0.2, "share of clusters with an intermediate source")
	flags.Float64Var(&s.fleet.MariaDBShare, "mariadb", 0, "share of clusters that are MariaDB")
	flags.DurationVar(&s.fleet.Latency, "latency", 0, "how long each server holds its answers back")
	flags.IntVar(&s.fleet.Port, "port", 0, "the port that all servers listen on; 0 takes a free one")
	flags.DurationVar(&s.settle, "settle", 10*time.Second, "time from the end of discovery to the look at the quiet fleet")
	flags.DurationVar(&s.duration, "duration", 30*time.Second, "how long to look at the quiet fleet")
	flags.IntVar(&s.kills, "kills", 10, "how many primaries to kill at once; 0 is none")
	flags.DurationVar(&s.discovery, "discovery-limit", 3*time.Minute, "how long discovery may take")
	flags.DurationVar(&s.detection, "detection-limit", time.Minute, "how long detection may take")
	flags.IntVar(&s.requests, "requests", 20, "requests to time for each path of the API")
	flags.BoolVar(&s.keep, "keep", false, "keep the directory with the manager's files")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if s.duration < time.Second || s.requests < 1 {
		return errors.New("the duration must be at least a second and the requests at least one")
	}
	for a := range strings.FieldsSeq(*arguments) {
		s.arguments = append(s.arguments, a)
	}
	r, err := measure(ctx, s)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, r.table())
	return err
}
