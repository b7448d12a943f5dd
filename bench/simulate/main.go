// Command simulate runs random scenarios on the simulated fleet (internal/sim), prints the seed of each that breaks a
// promise and the story of the first, and how many did. A seed always gives the same scenario.
//
//	go run ./bench/simulate -n 20000
//	go run ./bench/simulate -n 1 -seed 4711 -story
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/sim"
)

// report is what a worker says of one scenario.
type report struct {
	Seed       uint64        `json:"seed"`
	Begins     bool          `json:"begins,omitempty"` // it is about to run
	Broken     []string      `json:"broken,omitempty"`
	First      string        `json:"first,omitempty"` // the first promise that was broken, in words
	Acked      int           `json:"acked,omitempty"`
	Promotions int           `json:"promotions,omitempty"`
	Two        time.Duration `json:"two,omitempty"`
	Trace      uint64        `json:"trace,omitempty"` // the same number, the same story
}

type options struct {
	n       int
	seed    uint64
	step    uint64
	workers int
	story   bool
	worker  bool
}

func main() {
	var o options
	testing.Init()
	flag.IntVar(&o.n, "n", 20000, "how many scenarios")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the first one")
	flag.Uint64Var(&o.step, "step", 1, "from one seed to the next")
	flag.IntVar(&o.workers, "workers", runtime.NumCPU(), "how many processes run them")
	flag.BoolVar(&o.story, "story", false, "print the story of each, with the managers' logs")
	flag.BoolVar(&o.worker, "worker", false, "report to a parent process, as JSON")
	flag.Parse()
	if o.worker || o.story {
		if err := sim.Undisturbed(); err != nil {
			fmt.Fprintln(os.Stderr, "simulate: beginning anew without preemption:", err)
			os.Exit(1)
		}
		runtime.GOMAXPROCS(1) // a run depends on its seed alone then
		debug.SetGCPercent(400)
		inBubbles(o)
		return
	}
	if err := simulate(o); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

// inBubbles runs scenarios in this process. A bubble with a clock of its own is only to be had of package testing.
func inBubbles(o options) {
	test := func(t *testing.T) {
		runner := sim.NewRunner()
		out := json.NewEncoder(os.Stdout)
		for n := range o.n {
			seed := o.seed + uint64(n)*o.step
			say(out, o, report{Seed: seed, Begins: true})
			var result *sim.Result
			synctest.Test(t, func(*testing.T) {
				sc := sim.Random(seed)
				sc.Verbose = o.story
				result = runner.Run(sc)
			})
			if o.story {
				fmt.Print(result.Story())
				continue
			}
			r := report{Seed: seed, Acked: result.Acknowledged, Promotions: result.Promotions, Two: result.TwoWriters, Trace: result.Trace}
			for _, v := range result.Violations {
				r.Broken = append(r.Broken, string(v.Invariant))
			}
			if len(result.Violations) > 0 {
				r.First = result.Violations[0].String()
			}
			say(out, o, r)
		}
	}
	all := func(string, string) (bool, error) { return true, nil }
	testing.Main(all, []testing.InternalTest{{Name: "simulate", F: test}}, nil, nil)
}

func say(out *json.Encoder, o options, r report) {
	if !o.worker {
		return
	}
	if err := out.Encode(r); err != nil {
		os.Exit(1) // nobody listens any more
	}
}

// tally is what all workers have reported.
type tally struct {
	mu                sync.Mutex
	done, broken      int
	acked, promotions int
	two               time.Duration
	kinds             map[string]int
	failed            map[uint64]bool
}

func (t *tally) take(r report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done++
	t.acked += r.Acked
	t.promotions += r.Promotions
	t.two = max(t.two, r.Two)
	for _, k := range r.Broken {
		t.kinds[k]++
	}
	if r.First != "" {
		t.broken++
		t.failed[r.Seed] = true
		fmt.Printf("seed %d: %s\n", r.Seed, r.First)
	}
}

// simulate shares the seeds out to workers and sums up what they say.
func simulate(o options) error {
	t := &tally{kinds: make(map[string]int), failed: make(map[uint64]bool)}
	began := time.Now()
	o.workers = max(min(o.workers, o.n), 1)
	errs := make([]error, o.workers)
	var work sync.WaitGroup
	for n := range o.workers {
		share := o.n / o.workers
		if n < o.n%o.workers {
			share++
		}
		work.Go(func() { errs[n] = watch(o.seed+uint64(n), share, uint64(o.workers), t) })
	}
	done := make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() {
		ticker := time.NewTicker(20 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				t.mu.Lock()
				fmt.Printf("%d of %d, %d broken\n", t.done, o.n, t.broken)
				t.mu.Unlock()
			}
		}
	})
	work.Wait()
	close(done)
	telling.Wait()
	took := time.Since(began)
	fmt.Printf("%d scenarios in %s (%.0f a minute), %d servers promoted, %d transactions acknowledged, two writers in plain sight for %s at most\n",
		t.done, took.Round(time.Second), float64(t.done)/took.Minutes(), t.promotions, t.acked, t.two.Round(time.Millisecond))
	err := errors.Join(errs...)
	if t.broken == 0 {
		return err
	}
	seeds := slices.Sorted(maps.Keys(t.failed))
	fmt.Printf("%d broken: %v; the first one again, with its story (go run ./bench/simulate -n 1 -story -seed %d):\n", t.broken, t.kinds, seeds[0])
	again := exec.Command(os.Args[0], "-n", "1", "-story", "-seed", strconv.FormatUint(seeds[0], 10))
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	return errors.Join(err, again.Run(), fmt.Errorf("%d of %d scenarios broke a promise", t.broken, t.done))
}

// watch runs a worker and takes in what it reports.
func watch(seed uint64, n int, step uint64, t *tally) error {
	c := exec.Command(os.Args[0], "-worker", "-n", strconv.Itoa(n), "-seed", strconv.FormatUint(seed, 10), "-step", strconv.FormatUint(step, 10))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	last := read(out, t)
	if err := c.Wait(); err != nil {
		return fmt.Errorf("the worker ended in seed %d: %w", last, err)
	}
	return nil
}

// read takes in reports until there are no more; it returns the seed that was run last.
func read(out io.Reader, t *tally) (last uint64) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var r report
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue // package testing has its word as well
		}
		last = r.Seed
		if !r.Begins {
			t.take(r)
		}
	}
	return last
}
