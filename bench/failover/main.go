// Command failover times real failovers: it boots real servers, starts a manager on them, kills or freezes the
// primary under a write load, or has another server take over from it, and measures how long writes are refused and
// until every survivor follows the new primary. It checks that no row is lost that had reached a replica; in a takeover,
// that no acknowledged row is.
//
// It can drive any manager that knows the same configuration keys and routes: give its binary with -binary.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"orchestrator/bench/command"
	"orchestrator/internal/sandbox"
)

type options struct {
	binary     string
	runs       int
	flavors    []sandbox.Flavor
	scenarios  []string
	nodes      int
	netTimeout time.Duration
	gtid       bool
	semiSync   bool
	verbose    bool
}

func main() { command.Main("failover", failovers) }

func failovers(ctx context.Context) (int, error) {
	o, err := parse()
	if err != nil {
		return 1, err
	}
	return 0, run(ctx, o)
}

func parse() (o options, err error) {
	flavors := flag.String("flavors", "mariadb,mysql", "server families, comma separated: mariadb, mysql, mysql56")
	scenarios := flag.String("scenarios", "kill,freeze", "what happens to the primary: kill (SIGKILL), freeze (SIGSTOP), takeover (graceful-master-takeover-auto)")
	flag.StringVar(&o.binary, "binary", "bin/orchestrator", "the manager to drive")
	flag.IntVar(&o.runs, "runs", 20, "failovers of each kind")
	flag.IntVar(&o.nodes, "nodes", 3, "servers in the cluster")
	flag.DurationVar(&o.netTimeout, "net-timeout", time.Minute, "the replicas' replica_net_timeout; the servers' own default is 60 s")
	flag.BoolVar(&o.gtid, "gtid", true, "replicate by GTID; false: by file and position")
	flag.BoolVar(&o.semiSync, "semi-sync", false, "semi-synchronous replication")
	flag.BoolVar(&o.verbose, "v", false, "print every run, and the manager's log when a run fails")
	flag.Parse()
	if o.flavors, err = command.Flavors(*flavors); err != nil {
		return o, err
	}
	o.scenarios, err = command.Choices("scenario", *scenarios, "kill", "freeze", "takeover")
	return o, err
}

// run does all series and prints a row for each.
func run(ctx context.Context, o options) error {
	fmt.Printf("| servers | primary | runs | writes back: median | p95 | most | all follow: median | most | rows lost |\n|---|---|---|---|---|---|---|---|---|\n")
	var failures []error
	for _, flavor := range o.flavors {
		for _, scenario := range o.scenarios {
			outages, follows, lost, err := series(ctx, o, flavor, scenario)
			failures = append(failures, err)
			fmt.Printf("| %d × %s | %s | %d | %s | %s | %s | %s | %s | %d |\n", o.nodes, flavor, scenario, len(outages),
				quantile(outages, 0.5), quantile(outages, 0.95), quantile(outages, 1), quantile(follows, 0.5), quantile(follows, 1), lost)
		}
	}
	return errors.Join(failures...)
}

func series(ctx context.Context, o options, flavor sandbox.Flavor, scenario string) (outages, follows []time.Duration, lost int, err error) {
	var failures []error
	for i := range o.runs {
		r, err := once(ctx, o, flavor, scenario)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s, %s, run %d: %w", flavor, scenario, i+1, err))
			if ctx.Err() != nil {
				break
			}
			continue
		}
		if o.verbose {
			fmt.Fprintf(os.Stderr, "%s %s %2d: writes back after %s, all follow after %s, lost %d of %d acknowledged\n",
				flavor, scenario, i+1, round(r.outage), round(r.follow), r.lost, r.acknowledged)
		}
		outages, follows, lost = append(outages, r.outage), append(follows, r.follow), lost+r.lost
	}
	return outages, follows, lost, errors.Join(failures...)
}

// quantile returns the value below which the share q of the sample lies.
func quantile(sample []time.Duration, q float64) string {
	if len(sample) == 0 {
		return "–"
	}
	sorted := slices.Sorted(slices.Values(sample))
	return round(sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]).String()
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
