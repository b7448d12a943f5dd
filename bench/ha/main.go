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
	"path/filepath"
	"slices"
	"strings"

	"orchestrator/bench/command"
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
	rolls   int    // instead of the rounds: how often all nodes are restarted, upgraded and replaced
	next    string // the program to which they are upgraded; "": they are not
}

func main() { command.Main("ha", ha) }

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
	kinds := flag.String("kinds", strings.Join(allKinds, ","), "what may happen, comma separated; also: "+strings.Join(namedKinds, ", "))
	flavor := flag.String("flavor", "mariadb", "the servers that are managed: mariadb or mysql")
	flag.StringVar(&o.binary, "binary", "bin/orchestrator", "the manager to drive")
	flag.IntVar(&o.rounds, "rounds", 200, "how many times something happens")
	flag.Uint64Var(&o.seed, "seed", 0, "repeats a series; 0: a new one")
	flag.IntVar(&o.rolls, "rolling", 0, "no strikes: restart, upgrade and replace all managers one by one, so many times, and measure how long nobody leads")
	flag.StringVar(&o.next, "next", "", "with -rolling: the manager to upgrade to, and back; empty: none")
	flag.BoolVar(&o.verbose, "v", false, "print every round")
	flag.Parse()
	if o.flavor, err = sandbox.ParseFlavor(*flavor); err != nil {
		return o, err
	}
	if o.kinds, err = command.Choices("kind", *kinds, slices.Concat(allKinds, namedKinds)...); err != nil {
		return o, err
	}
	o.seed = command.Seed(o.seed)
	if o.next != "" {
		if o.next, err = filepath.Abs(o.next); err != nil {
			return o, err
		}
	}
	o.binary, err = filepath.Abs(o.binary)
	return o, err
}

// rounds strikes again and again.
func (s *series) rounds(ctx context.Context) error {
	fmt.Printf("%d rounds, seed %d\n", s.o.rounds, s.o.seed)
	for n := range s.o.rounds {
		kind := s.o.kinds[s.random.IntN(len(s.o.kinds))]
		if err := s.round(ctx, n, kind); err != nil {
			return fmt.Errorf("round %d (%s): %w", n, kind, err)
		}
	}
	return nil
}

// run does what was asked for and prints the table.
func run(ctx context.Context, o options) error {
	s, err := newSeries(ctx, o)
	if err != nil {
		return err
	}
	play := s.rounds
	if o.rolls > 0 {
		play = s.roll
	}
	if err = play(ctx); err == nil {
		err = s.end(ctx)
	}
	if o.rolls == 0 {
		s.print()
	}
	if err != nil {
		err = fmt.Errorf("%w (logs and tables are kept in %s)", err, s.dir)
		return errors.Join(err, s.close(true))
	}
	return s.close(false)
}
