// Command soak puts one real cluster through many failovers in a row under one continuous write load, with nobody
// helping in between: in each round it kills the primary, freezes it, or cuts its network, waits until writes are back
// and all survivors follow, brings the lost server back, and waits until the manager has closed it for writing and taken
// it back as a replica.
//
// After each round every acknowledged row must be on the new primary (replication is semi-synchronous), all replicas
// attached, no GTID anywhere that the primary lacks; all the time no server may take writes that is not the primary. At
// the end all data must be equal. What happens when is chosen at random; the seed is printed, and -seed repeats it.
//
// A server that comes back with a transaction that it never acknowledged, and that nobody else has, is left closed by
// the manager, as documented, after it has saved that. On MySQL the manager then rebuilds it by a clone (AutoRejoin clone),
// which ends with the server's end, as nobody supervises it; it is started again here. On MariaDB it is replaced here, by a
// copy of another one. Both are counted.
//
// Network cuts are real: each server runs in a network namespace of its own. All of them, and the one of this program
// and its manager, belong to its processes and vanish with them. It takes root; without, rounds have no cuts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

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

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code, err := soak(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		code = 1
	}
	stop()
	os.Exit(code)
}

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

func parse() (options, error) {
	o := options{}
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
	for name := range strings.SplitSeq(*flavors, ",") {
		f, err := sandbox.ParseFlavor(strings.TrimSpace(name))
		if err != nil {
			return o, err
		}
		o.flavors = append(o.flavors, f)
	}
	for k := range strings.SplitSeq(*kinds, ",") {
		if k = strings.TrimSpace(k); k != kill && k != freeze && k != cut && k != cutClient {
			return o, fmt.Errorf("kind %q: use kill, freeze, cut or cut-client", k)
		}
		o.kinds = append(o.kinds, k)
	}
	if o.nodes < 3 {
		return o, errors.New("with fewer than 3 servers nobody is left to acknowledge after a failover")
	}
	if o.seed == 0 {
		o.seed = rand.Uint64() >> 32
	}
	return o, nil
}

// has says whether such rounds are asked for; a cut with a client is a cut.
func (o options) has(kind string) bool {
	for _, k := range o.kinds {
		if k == kind || kind == cut && k == cutClient {
			return true
		}
	}
	return false
}

func without(list []string, these ...string) []string {
	var left []string
	for _, k := range list {
		keep := true
		for _, t := range these {
			keep = keep && k != t
		}
		if keep {
			left = append(left, k)
		}
	}
	return left
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
