// Command walk rearranges a cluster of seven real servers at random while its primary is written to: again and again it
// chooses an operation and its servers by chance, and has it done by the same code as the service, or is told by which
// rule it is refused. A refusal is no step of the walk; any other failure ends it.
//
// At every resting place, and at the end, what was stopped, detached or delayed goes on, and then all servers must
// replicate, hold the same data by checksum, and know no transaction that the primary does not know. What happens when is
// chosen at random; the seed is printed, and -seed repeats the choices.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"orchestrator/bench/command"
	"orchestrator/internal/sandbox"
)

type options struct {
	flavor   sandbox.Flavor
	gtid     bool
	nodes    int
	steps    int
	rest     int // steps between two resting places
	seed     uint64
	interval time.Duration // between writes
	say      func(format string, args ...any)
}

func main() { command.Main("walk", walks) }

func walks(ctx context.Context) (int, error) {
	flavors := flag.String("flavors", "mariadb,mysql", "server families, comma separated: mariadb, mysql, mysql56")
	position := flag.Bool("position", false, "replicate by file and position from the start, without GTID")
	n := flag.Int("n", 500, "operations of each family")
	nodes := flag.Int("nodes", 7, "servers")
	seed := flag.Uint64("seed", 0, "repeats the choices of a walk; 0: new ones")
	many := flag.Int("moves", 0, "instead of walking, time relocate-replicas of so many replicas")
	verbose := flag.Bool("v", false, "print every operation")
	flag.Parse()
	if *many > 0 {
		return 0, moves(ctx, *many)
	}
	families, err := command.Flavors(*flavors)
	if err != nil {
		return 1, err
	}
	*seed = command.Seed(*seed)
	fmt.Println("Seed", *seed)
	fmt.Println("| servers | operations | refused | median | p95 | longest | rows | took |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, f := range families {
		o := options{flavor: f, gtid: !*position, nodes: *nodes, steps: *n, rest: 25, seed: *seed, interval: 4 * time.Millisecond, say: func(string, ...any) {}}
		if *verbose {
			o.say = func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
		}
		result, err := walk(ctx, o)
		fmt.Println(result)
		if err != nil {
			return 1, fmt.Errorf("%s, seed %d: %w", f, *seed, err)
		}
		for _, line := range result.operations() {
			fmt.Fprintln(os.Stderr, line)
		}
	}
	return 0, nil
}
