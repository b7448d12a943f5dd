// Command orchestrator keeps MySQL and MariaDB replication topologies healthy: as a service (orchestrator http), or
// for one command (orchestrator -c COMMAND).
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"orchestrator/internal/cli"
	"orchestrator/internal/httpapi"
	"orchestrator/internal/operate"
)

// Stamped at build.
var (
	version = "development"
	commit  = ""
)

func main() {
	// The signals that end the service end it in order; a second one ends it at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string) int {
	if len(args) > 0 && args[0] == "demo" {
		return demo(ctx, args[1:], os.Stdout, os.Stderr)
	}
	return serveWith(ctx, args, serve)
}

// serveWith is run with a service of the caller's.
func serveWith(ctx context.Context, args []string, serve func(context.Context, cli.Session) error) int {
	return cli.Main(ctx, args, cli.Deps{
		Registry: operate.NewRegistry(),
		Version:  version, Commit: commit,
		Stdout: os.Stdout, Stderr: os.Stderr,
		Open:      openCommand,
		Serve:     serve,
		SystemLog: func() (cli.SystemLog, error) { return openSyslog("orchestrator") },
		JSON: func(e *operate.Engine, value any) ([]byte, error) {
			return httpapi.Shaper{Config: e.Config, Now: e.Now}.JSON(value)
		},
	})
}
