// Command soak puts one real cluster through many failovers in a row under one continuous write load, with nobody
// helping in between: in each round it kills the primary, freezes it, or cuts its network, waits until writes are back
// and all survivors follow, brings the lost server back, and waits until the manager has closed it for writing and taken
// it back as a replica.
//
// After each round every acknowledged row must be on the new primary (replication is semi-synchronous), all replicas
// attached, no GTID anywhere that the primary lacks; all the time no server may take writes that is not the primary. At
// the end all data must be equal. What happens when is chosen at random; the seed is printed, and -seed repeats it.
//
// Of a server that comes back with a transaction that it never acknowledged, and that nobody else has, the manager saves
// that, and then has it rebuilt (AutoRejoin clone). On MySQL that is a clone, which ends with the server's end, as nobody
// supervises it; it is started again here. On MariaDB it is the command of RebuildProcesses, which has this program copy the
// data of the donor. Both are counted.
//
// Network cuts are real: each server runs in a network namespace of its own. All of them, and the one of this program
// and its manager, belong to its processes and vanish with them. It takes root; without, rounds have no cuts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"orchestrator/bench/command"
	"orchestrator/internal/sandbox"
)

type options struct {
	binary   string
	rounds   int
	flavors  []sandbox.Flavor
	kinds    []string
	nodes    int
	seed     uint64
	interval time.Duration
	budget   time.Duration
	keepOn   bool
	verbose  bool
}

func main() { command.Main("soak", soak) }

func soak(ctx context.Context) (int, error) {
	o, err := parse()
	if err != nil {
		return 1, err
	}
	if o.has(cut) && !sandbox.Isolated() {
		code, err := sandbox.RunIsolated(ctx)
		if err == nil {
			return code, nil
		}
		fmt.Printf("No network cuts: %v.\n\n", err)
		if o.kinds = without(o.kinds, cut, cutClient); len(o.kinds) == 0 {
			return 1, errors.New("nothing is left to do")
		}
	}
	return 0, run(ctx, o)
}

func parse() (o options, err error) {
	flavors := flag.String("flavors", "mariadb,mysql", "server families, comma separated: mariadb, mysql")
	kinds := flag.String("kinds", strings.Join([]string{kill, freeze, cut, cutClient}, ","), "what may happen to the primary, comma separated: kill (SIGKILL), freeze (SIGSTOP), cut (its network drops everything), cut-client (with a client on its side that goes on writing)")
	flag.StringVar(&o.binary, "binary", "bin/orchestrator", "the manager to drive")
	flag.IntVar(&o.rounds, "rounds", 25, "failovers of each family")
	flag.IntVar(&o.nodes, "nodes", 3, "servers in the cluster, at least 3")
	flag.Uint64Var(&o.seed, "seed", 0, "repeats a series; 0: a new one")
	flag.DurationVar(&o.interval, "interval", 4*time.Millisecond, "from one write to the next at least")
	flag.DurationVar(&o.budget, "budget", 0, "begin no further round of a family after this time; 0: no limit")
	flag.BoolVar(&o.keepOn, "keep-on", false, "go on after a round that broke a promise, as long as the cluster works")
	flag.BoolVar(&o.verbose, "v", false, "print every round, and the manager's log when one fails")
	flag.Parse()
	if o.flavors, err = command.Flavors(*flavors); err != nil {
		return o, err
	}
	if o.kinds, err = command.Choices("kind", *kinds, kill, freeze, cut, cutClient); err != nil {
		return o, err
	}
	if o.nodes < 3 {
		return o, errors.New("with fewer than 3 servers nobody is left to acknowledge after a failover")
	}
	o.seed = command.Seed(o.seed)
	return o, nil
}

// has says whether such rounds are asked for; a cut with a client is a cut.
func (o options) has(kind string) bool {
	return slices.Contains(o.kinds, kind) || kind == cut && slices.Contains(o.kinds, cutClient)
}

func without(list []string, these ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(k string) bool { return slices.Contains(these, k) })
}

// run does the series of each family and prints the table.
func run(ctx context.Context, o options) error {
	var failures []error
	var rows []row
	for _, flavor := range o.flavors {
		s, err := newSeries(ctx, o, flavor)
		if err == nil {
			err = errors.Join(s.run(ctx), s.close())
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s, seed %d: %w", flavor, o.seed, err))
		}
		if s != nil {
			rows = append(rows, s.rows()...)
		}
		if ctx.Err() != nil {
			break
		}
	}
	printTable(os.Stdout, o, rows)
	return errors.Join(failures...)
}
