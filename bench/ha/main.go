// Command ha strikes the managers of a raft group, at random, again and again: it kills, freezes and cuts off the leader or
// a follower, kills the leader together with the primary of the cluster that they manage or a moment later, and hides the
// primary from the leader alone. Nobody helps in between.
//
// After each round there is a leader, every decision that was ever acknowledged is there, and the cluster has one primary
// that everybody follows. All the time no two nodes may say at once that they lead. At the end all members must have the
// same rows. What happens when is chosen at random; the seed is printed, and -seed repeats it.
//
// Managers and database servers each run in a network namespace of their own. It takes root.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"orchestrator/internal/sandbox"
)

// What may happen in a round.
const (
	killLeader     = "kill-leader"
	killFollower   = "kill-follower"
	freezeLeader   = "freeze-leader"
	freezeFollower = "freeze-follower"
	cutLeader      = "cut-leader"
	cutFollower    = "cut-follower"
	together       = "primary-and-leader" // die in the same instant
	inTheMiddle    = "leader-in-failover" // the leader dies a moment after the primary
	hidden         = "primary-hidden"     // from the leader alone
)

var allKinds = []string{
	killLeader, killFollower, freezeLeader, freezeFollower, cutLeader, cutFollower, together, inTheMiddle, hidden,
}

type options struct {
	binary  string
	rounds  int
	kinds   []string
	seed    uint64
	flavor  sandbox.Flavor
	verbose bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := ha(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ha:", err)
		code = 1
	}
	stop()
	os.Exit(code)
}

func ha(ctx context.Context) (int, error) {
	o, err := parse()
	if err != nil {
		return 1, err
	}
	if !sandbox.Isolated() {
		return sandbox.RunIsolated(ctx)
	}
	return 0, run(ctx, o)
}

func parse() (o options, err error) {
	kinds := flag.String("kinds", strings.Join(allKinds, ","), "what may happen, comma separated")
	flavor := flag.String("flavor", "mariadb", "the servers that are managed: mariadb or mysql")
	flag.StringVar(&o.binary, "binary", "bin/orchestrator", "the manager to drive")
	flag.IntVar(&o.rounds, "rounds", 200, "how many times something happens")
	flag.Uint64Var(&o.seed, "seed", 0, "repeats a series; 0: a new one")
	flag.BoolVar(&o.verbose, "v", false, "print every round")
	flag.Parse()
	if o.flavor, err = sandbox.ParseFlavor(*flavor); err != nil {
		return o, err
	}
	for k := range strings.SplitSeq(*kinds, ",") {
		known := false
		for _, a := range allKinds {
			known = known || a == k
		}
		if !known {
			return o, fmt.Errorf("kind %q: use %s", k, strings.Join(allKinds, ", "))
		}
		o.kinds = append(o.kinds, k)
	}
	if o.seed == 0 {
		o.seed = rand.Uint64() >> 32
	}
	o.binary, err = filepath.Abs(o.binary)
	return o, err
}

// run does the rounds and prints the table.
func run(ctx context.Context, o options) error {
	s, err := newSeries(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("%d rounds, seed %d\n", o.rounds, o.seed)
	for n := range o.rounds {
		kind := o.kinds[s.random.IntN(len(o.kinds))]
		if err = s.round(ctx, n, kind); err != nil {
			err = fmt.Errorf("round %d (%s): %w", n, kind, err)
			break
		}
	}
	if err == nil {
		err = s.end(ctx)
	}
	s.print()
	if err != nil {
		err = fmt.Errorf("%w (logs and tables are kept in %s)", err, s.dir)
		return errors.Join(err, s.close(true))
	}
	return s.close(false)
}
