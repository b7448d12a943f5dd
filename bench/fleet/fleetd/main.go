// Command fleetd runs a fleet of pretended MySQL servers until it is interrupted, so that a manager can be tried and
// measured against it. The first line that it prints is a list of seeds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"orchestrator/bench/command"
	"orchestrator/bench/fleet"
)

func main() {
	command.Main("fleetd", func(ctx context.Context) (int, error) { return 0, run(ctx, os.Args[1:], os.Stdout) })
}

// run runs a fleet until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	var o fleet.Options
	flags := flag.NewFlagSet("fleetd", flag.ContinueOnError)
	flags.IntVar(&o.Servers, "servers", 50, "how many servers")
	flags.IntVar(&o.ReplicasPerPrimary, "replicas", 4, "replicas for each primary; -1 is none")
	flags.IntVar(&o.Port, "port", 33306, "the port that all servers listen on")
	flags.Float64Var(&o.ChainShare, "chains", 0.2, "share of clusters with an intermediate source")
	flags.Float64Var(&o.MariaDBShare, "mariadb", 0, "share of clusters that are MariaDB")
	flags.BoolVar(&o.SemiSync, "semisync", false, "switch semi-synchronous replication on")
	flags.DurationVar(&o.Latency, "latency", 0, "hold each answer back")
	flags.DurationVar(&o.TransactionInterval, "transactions", 10*time.Second, "how often each primary commits")
	flags.StringVar(&o.User, "user", "orchestrator", "user to sign in with; empty lets everyone in")
	flags.StringVar(&o.Password, "password", "orchestrator", "password of the user")
	address := flags.String("http", "127.0.0.1:33380", "loopback address of the control interface; empty is none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	f, err := fleet.New(o)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Start(ctx); err != nil {
		return err
	}
	var seeds []string
	for _, k := range f.Seeds() {
		seeds = append(seeds, k.String())
	}
	if _, err := fmt.Fprintln(out, strings.Join(seeds, ",")); err != nil {
		return err
	}
	if *address == "" {
		<-ctx.Done()
		return nil
	}
	return serve(ctx, *address, f.Control())
}

// serve serves the control interface until ctx ends. It kills servers for whoever asks, so it stays on this machine.
func serve(ctx context.Context, address string, h http.Handler) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("control interface: %w", err)
	}
	if !ln.Addr().(*net.TCPAddr).IP.IsLoopback() {
		return errors.Join(fmt.Errorf("control interface: %s is not a loopback address", ln.Addr()), ln.Close())
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ln) }()
	select {
	case err := <-ended:
		return fmt.Errorf("control interface: %w", err)
	case <-ctx.Done():
	}
	err = s.Close()
	<-ended
	return err
}
