package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/recovery"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/topology"
)

// demoWithin bounds each thing that the demo waits for.
const demoWithin = 90 * time.Second

// demoOptions are the flags of `orchestrator demo`.
type demoOptions struct {
	flavor   sandbox.Flavor
	nodes    int
	port     int
	scenario string
	exit     bool
	keep     bool
	raft     bool
}

// demo boots real servers and the service, and shows a failover. It returns the exit code.
func demo(ctx context.Context, args []string, out, errs io.Writer) int {
	o, err := parseDemo(args, errs)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(errs, "demo:", err)
		return 2
	}
	d := &demonstration{options: o, out: out, changed: make(chan struct{})}
	if err := d.run(ctx); err != nil {
		fmt.Fprintln(errs, "demo:", err)
		return 1
	}
	return 0
}

func parseDemo(args []string, errs io.Writer) (demoOptions, error) {
	var o demoOptions
	fs := flag.NewFlagSet("orchestrator demo", flag.ContinueOnError)
	fs.SetOutput(errs)
	flavor := fs.String("flavor", "mariadb", "the servers: mariadb or mysql")
	fs.IntVar(&o.nodes, "nodes", 3, "how many servers (2 to 9)")
	fs.IntVar(&o.port, "port", 3000, "port of the web and API address on 127.0.0.1; 0 takes any")
	fs.StringVar(&o.scenario, "scenario", "", "what happens by itself: kill-primary, freeze-primary")
	fs.BoolVar(&o.exit, "exit", false, "end after the scenario, with exit code 0 if everything held")
	fs.BoolVar(&o.raft, "raft", false, "three managers that form a raft group, instead of one alone")
	fs.BoolVar(&o.keep, "keep", false, "keep the servers' files and the backend database")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	var err error
	o.flavor, err = sandbox.ParseFlavor(*flavor)
	switch {
	case err != nil:
		return o, err
	case fs.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case o.nodes < 2 || o.nodes > 9:
		return o, fmt.Errorf("--nodes %d: a failover needs from 2 to 9 servers", o.nodes)
	case o.scenario != "" && o.scenario != "kill-primary" && o.scenario != "freeze-primary":
		return o, fmt.Errorf("--scenario %q: use kill-primary or freeze-primary", o.scenario)
	case o.exit && o.scenario == "":
		return o, errors.New("--exit goes with --scenario: there is nothing to wait for")
	}
	return o, nil
}

// demonstration is one run of the demo.
type demonstration struct {
	options demoOptions
	out     io.Writer
	cluster *sandbox.Cluster
	dir     string
	// managers are one, or three that form a raft group.
	managers []*demoManager

	mu       sync.Mutex
	since    time.Time // the moment that the times count from
	finished int       // recoveries that have ended
	promoted topology.Key
	fenced   bool
	changed  chan struct{} // closed and replaced at every progress
}

func (d *demonstration) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

func (d *demonstration) run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "orchestrator-demo-")
	if err != nil {
		return err
	}
	defer func() {
		if d.options.keep {
			d.say("kept: %s", dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	d.dir = dir
	if err := d.boot(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.end()) }()

	running, stop := context.WithCancelCause(ctx)
	for _, m := range d.managers {
		m.start(running, stop)
	}
	defer func() {
		stop(nil)
		for _, m := range d.managers {
			m.end()
		}
		if cause := context.Cause(running); cause != nil && !errors.Is(cause, context.Canceled) {
			err = errors.Join(err, cause)
		}
	}()
	if err := d.awaitPicture(running); err != nil {
		return err
	}
	if err := d.allowGameDays(running); err != nil {
		return err
	}
	d.printTopology(running)
	if d.options.scenario != "" {
		if err := d.play(running); err != nil || d.options.exit {
			return err
		}
	}
	return d.interact(running)
}

// boot starts the servers and makes the service.
func (d *demonstration) boot(ctx context.Context) error {
	began := time.Now()
	d.say("starting %d %s servers …", d.options.nodes, d.options.flavor)
	var err error
	d.cluster, err = sandbox.Start(ctx, sandbox.Options{
		Flavor: d.options.flavor, Nodes: d.options.nodes, GTID: true, Dir: d.dir, NetTimeout: time.Minute,
	})
	if err != nil {
		return fmt.Errorf("%w\n(script/install-servers %s installs the servers)", err, d.options.flavor)
	}
	if err := d.hire(ctx); err != nil {
		return errors.Join(err, d.cluster.Close())
	}
	d.say("started in %s; %s of version %s", time.Since(began).Round(time.Millisecond), d.options.flavor, d.cluster.Family().Version)
	for _, m := range d.managers {
		d.say("web and API: http://%s/   log: %s", m.service.address(), m.log.Name())
	}
	return nil
}

// demoSettings is the configuration of a manager in the demo: what a person would write, plus what servers that share
// one host need. more are further lines.
func demoSettings(c *sandbox.Cluster, dir string, port int, more string) (*settings, error) {
	document := fmt.Sprintf(`{
  "MySQLTopologyUser": %q, "MySQLTopologyPassword": %q,
  "DiscoverySeeds": [%q],
  "RecoverMasterClusterFilters": ["*"], "RecoverIntermediateMasterClusterFilters": ["*"],
  "DetectClusterAliasQuery": "SELECT 'orders'",
  "BackendDB": "sqlite", "SQLite3DataFile": %q, "ListenAddress": "127.0.0.1:%d", "AuditToBackendDB": true,
  "HostnameResolveMethod": "none", "MySQLHostnameResolveMethod": "", "DiscoverByShowSlaveHosts": true,
  "ReplicationCredentialsQuery": "SELECT '%s', '%s'"%s
}`, sandbox.UserOrc, sandbox.Password(sandbox.UserOrc), c.Node(0).Addr(), filepath.Join(dir, "orchestrator.sqlite3"), port,
		sandbox.UserRepl, sandbox.Password(sandbox.UserRepl), more)
	return settingsFrom(filepath.Join(dir, "orchestrator.conf.json"), document)
}

// end stops the servers and removes what they left.
func (d *demonstration) end() error {
	if d.options.keep {
		return d.cluster.Close()
	}
	d.say("stopping the servers and removing their files")
	return d.cluster.Close()
}

// awaitPicture waits until the service sees the whole cluster in good order.
func (d *demonstration) awaitPicture(ctx context.Context) error {
	return d.await(ctx, "the service to discover the servers", func() bool {
		t := d.manager().service.observer.Snapshot()
		return t.Len() == d.options.nodes && len(t.Clusters()) == 1 && d.manager().service.observer.Complete(t.Clusters()[0].Name) &&
			!slices.ContainsFunc(t.Instances(), func(i *topology.Instance) bool {
				return !i.LastCheckValid() || i.HasSource() && !i.Replicating()
			})
	})
}

// await waits until something holds; it looks again at each progress and every few milliseconds.
func (d *demonstration) await(ctx context.Context, what string, holds func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, demoWithin)
	defer cancel()
	for !holds() {
		d.mu.Lock()
		changed := d.changed
		d.mu.Unlock()
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited for %s: %w", what, context.Cause(ctx))
		case <-changed:
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// onProgress prints what the service sees and does, with the milliseconds since the failure.
func (d *demonstration) onProgress(p recovery.Progress) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer func() {
		close(d.changed)
		d.changed = make(chan struct{})
	}()
	text := p.Text
	switch p.Kind {
	case recovery.StepChanged:
		if p.Step.Started.IsZero() || p.Step.Ended.IsZero() {
			return
		}
		text = fmt.Sprintf("%s (%s)", text, p.Step.Took().Round(100*time.Microsecond))
		if p.Step.Error != "" {
			text += ": " + p.Step.Error
		}
	case recovery.Promoted:
		d.promoted = p.Server
	case recovery.Finished:
		d.finished++
	case recovery.Fenced:
		d.fenced = true
	}
	if d.since.IsZero() {
		d.since = p.At
	}
	d.say("%9.1f ms  %-10s %-16s %s", float64(p.At.Sub(d.since).Microseconds())/1000, p.Kind, p.Server, text)
}

// printTopology shows each cluster, by the client as a person would ask for it, or by itself where there is no client.
func (d *demonstration) printTopology(ctx context.Context) {
	t := d.manager().service.observer.Snapshot()
	cfg := d.manager().service.options.Settings.config()
	program := clientProgram()
	for _, c := range t.Clusters() {
		if program != "" {
			out, err := d.ask(ctx, program, "-c", "topology", "-i", c.Name)
			if err == nil {
				d.say("\n$ %s -c topology -i %s\n%s", program, c.Name, out)
				continue
			}
			d.say("%s: %v", program, err)
		}
		picture := topology.Outline{Now: time.Now(), Poll: cfg.InstancePoll(), MaintenanceLag: cfg.ReasonableMaintenanceReplicationLag()}
		d.say("\n%s\n", picture.Draw(t, c.Members))
	}
}

// interact lets a person break things until the context ends or they have enough.
func (d *demonstration) interact(ctx context.Context) error {
	d.say("%s", d.help())
	lines := make(chan string)
	go func() { // ends with the process: a read of the terminal cannot be interrupted
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			lines <- strings.TrimSpace(in.Text())
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line := <-lines:
			if line == "q" {
				return nil
			}
			if err := d.command(ctx, line); err != nil {
				d.say("%v", err)
			}
		}
	}
}

func (d *demonstration) help() string {
	primary, pid := d.primary(), 0
	if primary != nil {
		pid = primary.PID()
	}
	return fmt.Sprintf(`try this:
  k  kill -9 the primary (pid %d)     f  freeze it (SIGSTOP)     r  bring lost servers back
  t  print the topology               q  quit (Ctrl-C does, too)%s
  export ORCHESTRATOR_API="%s"
  %s -c replication-analysis    … -c audit-recovery    … -c help`,
		pid, d.raftHelp(), d.apis(), cmp.Or(clientProgram(), clientName))
}

func (d *demonstration) command(ctx context.Context, line string) error {
	switch line {
	case "k", "f":
		p := d.primary()
		if p == nil {
			return errors.New("there is no primary at this moment; r brings lost servers back")
		}
		return d.fail(p, line == "f")
	case "r":
		return d.revive(ctx)
	case "m":
		return d.dismissLeader(ctx)
	case "b":
		return d.rehire(ctx)
	case "t":
		d.printTopology(ctx)
	case "":
	default:
		d.say("%s", d.help())
	}
	return nil
}

// primary is the server that takes writes, by what the servers say; nil when none does.
func (d *demonstration) primary() *sandbox.Node {
	for _, i := range d.manager().service.observer.Snapshot().Instances() {
		if i.HasSource() || i.ReadOnly || !i.LastCheckValid() {
			continue
		}
		for _, n := range d.cluster.Nodes() {
			if n.Addr() == i.Key.String() && n.Running() {
				return n
			}
		}
	}
	return nil
}

// fail breaks a server and sets the clock to zero.
func (d *demonstration) fail(n *sandbox.Node, freeze bool) error {
	d.mu.Lock()
	d.since = time.Now()
	d.mu.Unlock()
	if freeze {
		d.say("\nSIGSTOP %s (pid %d)", n.Addr(), n.PID())
		return n.Freeze()
	}
	d.say("\nkill -9 %s (pid %d)", n.Addr(), n.PID())
	return n.Kill()
}

// revive brings lost servers back: frozen ones thaw, killed ones start again.
func (d *demonstration) revive(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoWithin)
	defer cancel()
	var errs []error
	for _, n := range d.cluster.Nodes() {
		if !n.Running() {
			d.say("starting %s", n.Addr())
			errs = append(errs, n.Restart(ctx))
			continue
		}
		errs = append(errs, n.Thaw())
	}
	return errors.Join(errs...)
}
