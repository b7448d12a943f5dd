// Command orchestrator-client runs orchestrator's commands through the HTTP API, from anywhere. Its options,
// environment, output and exit codes are those of the script of the same name, so that it can take that one's place.
//
// Which commands there are, which route each calls and what it prints is said in the registry of operations (package
// operate); what is left to the client is to find the leader, to try again, and a few summaries.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"os/user"
	"syscall"
	"time"

	"orchestrator/internal/operate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], environment{
		stdout: os.Stdout, stderr: os.Stderr, getenv: profiled(profileFile, os.Getenv), pid: os.Getpid(), user: currentUser, wait: wait,
		transport: http.DefaultTransport,
	})
	stop()
	os.Exit(code)
}

// environment is what the client gets from outside.
type environment struct {
	stdout, stderr io.Writer
	getenv         func(string) string
	pid            int
	user           func() string
	wait           func(context.Context, time.Duration) error
	transport      http.RoundTripper
}

func currentUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// wait returns early when the context ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// answerError is an ERROR that the API answered with.
type answerError struct {
	message string
	details string // JSON for standard output, "" for none
}

func (e *answerError) Error() string { return e.message }

func run(ctx context.Context, args []string, env environment) int {
	if len(args) > 0 && args[0] == "completion" {
		if err := complete(args[1:], env.stdout); err != nil {
			_, _ = fmt.Fprintf(env.stderr, "orchestrator-client[%d]: %v\n", env.pid, err)
			return 1
		}
		return 0
	}
	if len(args) > 0 && args[0] == "help" { // orchestrator-client help COMMAND
		args = append([]string{"-c"}, args...)
	}
	o, err := parseOptions(args, env)
	if errors.Is(err, flag.ErrHelp) {
		o.command, err = "help", nil
	}
	if err == nil {
		err = execute(ctx, o, env)
	}
	var answered *answerError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &answered):
		if answered.details != "" {
			_, _ = fmt.Fprintln(env.stdout, answered.details)
		}
		if answered.message != "" {
			_, _ = fmt.Fprintln(env.stderr, answered.message)
		}
	default:
		_, _ = fmt.Fprintf(env.stderr, "orchestrator-client[%d]: %v\n", env.pid, err)
	}
	return 1
}

func execute(ctx context.Context, o options, env environment) error {
	table := commands(operate.NewRegistry())
	if o.command == "" {
		return errors.New("no command given: use -c COMMAND; -c help lists the commands")
	}
	if o.topic != "" {
		return printHelpOn(env.stdout, table, o.topic)
	}
	if o.command == "help" {
		return printHelp(env.stdout, table)
	}
	c, err := table.find(o.command)
	if err != nil {
		return err
	}
	return c.run(ctx, &caller{api: newAPI(o, env), options: o, out: env.stdout, stderr: env.stderr})
}
