package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/move"
	"orchestrator/internal/move/movetest"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/topology"
)

// result is what a walk was.
type result struct {
	flavor  sandbox.Flavor
	gtid    bool
	done    map[string]int // by operation
	refused map[string]int // by rule
	times   []time.Duration
	rows    int
	took    time.Duration
}

// String is a line of the table.
func (r result) String() string {
	times := slices.Sorted(slices.Values(r.times))
	at := func(share float64) time.Duration {
		if len(times) == 0 {
			return 0
		}
		return times[int(share*float64(len(times)-1))].Round(time.Millisecond)
	}
	how := "by GTID"
	if !r.gtid {
		how = "by position"
	}
	return fmt.Sprintf("| %s, %s | %d | %d | %s | %s | %s | %d | %s |", r.flavor, how, len(r.times), sum(r.refused), at(0.5), at(0.95), at(1), r.rows, r.took.Round(time.Second))
}

func (r result) operations() (lines []string) {
	for _, counts := range []map[string]int{r.done, r.refused} {
		line := ""
		for _, k := range slices.Sorted(maps.Keys(counts)) {
			line += fmt.Sprintf(" %s:%d", k, counts[k])
		}
		lines = append(lines, line)
	}
	return lines
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// walker is a walk under way.
type walker struct {
	options
	*sandbox.Cluster
	fleet  *movetest.Fleet
	runner *move.Runner
	random *rand.Rand
	load   *sandbox.Load
	result result
}

const (
	bootWithin = 2 * time.Minute
	stepWithin = time.Minute
	restWithin = 2 * time.Minute
	// writeWithin is how long a write may take: on a machine that has much else to do some take seconds.
	writeWithin = 10 * time.Second
	// refusalsAtMost in a row end a walk: then something is wrong with the choice.
	refusalsAtMost = 300
)

// walk boots a cluster and walks. What it returns is filled as far as it came.
func walk(ctx context.Context, o options) (_ result, err error) {
	w := &walker{options: o, random: rand.New(rand.NewPCG(o.seed, uint64(o.flavor))), result: result{
		flavor: o.flavor, gtid: o.gtid, done: map[string]int{}, refused: map[string]int{},
	}}
	boot, cancel := context.WithTimeout(ctx, bootWithin)
	defer cancel()
	w.Cluster, err = sandbox.Start(boot, sandbox.Options{Flavor: o.flavor, Nodes: o.nodes, GTID: o.gtid})
	if err != nil {
		return w.result, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	w.fleet = movetest.NewFleet(sandbox.UserOrc, sandbox.Password(sandbox.UserOrc), sandbox.UserRepl, sandbox.Password(sandbox.UserRepl))
	defer func() { err = errors.Join(err, w.fleet.Servers.Close()) }()
	w.runner = w.fleet.Runner()
	if err := errors.Join(w.AwaitReplication(boot), w.look(boot)); err != nil {
		return w.result, err
	}
	began := time.Now()
	err = w.proceed(ctx)
	w.result.took = time.Since(began)
	return w.result, err
}

func key(n *sandbox.Node) topology.Key { return topology.Key{Hostname: n.Host, Port: n.Port} }

// look probes all servers.
func (w *walker) look(ctx context.Context) error {
	var keys []topology.Key
	for _, n := range w.Nodes() {
		keys = append(keys, key(n))
	}
	return w.fleet.Probe(ctx, keys...)
}

func (w *walker) proceed(ctx context.Context) error {
	inVain := 0
	for len(w.result.times) < w.steps {
		if w.load == nil {
			if err := w.write(ctx); err != nil {
				return err
			}
		}
		refusal, err := w.step(ctx)
		switch {
		case err != nil:
			w.load.Stop()
			return err
		case refusal != nil:
			if inVain++; inVain > refusalsAtMost {
				w.load.Stop()
				return fmt.Errorf("%d refusals in a row, the last: %w", inVain, refusal)
			}
			continue
		}
		inVain = 0
		if n := len(w.result.times); n%w.rest == 0 || n == w.steps {
			if err := w.settle(ctx); err != nil {
				return fmt.Errorf("after %d operations: %w", n, err)
			}
		}
	}
	return nil
}

func (w *walker) write(ctx context.Context) (err error) {
	w.load, err = sandbox.StartLoad(ctx, func() []string { return []string{w.Node(0).Addr()} }, sandbox.LoadOptions{Interval: w.interval, Timeout: writeWithin})
	return err
}

// step does one operation, or has it refused.
func (w *walker) step(ctx context.Context) (refusal *topology.Refusal, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepWithin)
	defer cancel()
	job, name := w.choose()
	began := time.Now()
	done, err := w.runner.Run(ctx, job)
	took := time.Since(began)
	if errors.Is(err, execute.ErrNotHeld) { // and what was done before has been undone
		w.result.refused["not-held"]++
		return &topology.Refusal{Rule: "not-held", Reason: err.Error()}, w.sound(ctx)
	}
	if errors.Is(err, execute.ErrNoPlace) {
		w.result.refused["no-place"]++
		return &topology.Refusal{Rule: "no-place", Reason: err.Error()}, w.sound(ctx)
	}
	if errors.As(err, &refusal) {
		w.result.refused[refusal.Rule]++
		return refusal, nil
	}
	if err != nil {
		return nil, fmt.Errorf("operation %d, %s: %w\n%s\n%s", len(w.result.times)+1, name, err, outcome(&done.Plan), w.describe())
	}
	for _, s := range done.Plan.Steps {
		if s.State == plan.Failed && strings.Contains(s.Error, execute.ErrNotHeld.Error()) {
			w.result.refused["not-held"]++ // one of several, which stays where it is
			continue
		}
		if s.State == plan.Failed {
			return nil, fmt.Errorf("operation %d, %s: %s: %s: %s\n%s", len(w.result.times)+1, name, s.Server, s.Action, s.Error, w.describe())
		}
	}
	if len(done.Plan.Steps) == 0 {
		return &topology.Refusal{Rule: "nothing-to-do", Reason: name}, nil
	}
	w.say("%d: %s (%d steps, %s)", len(w.result.times)+1, name, len(done.Plan.Steps), took.Round(time.Millisecond))
	w.result.done[job.Operation]++
	w.result.times = append(w.result.times, took)
	return nil, w.sound(ctx)
}

// outcome is a plan with what became of its steps.
func outcome(p *plan.Plan) string {
	text := p.String()
	for n := range p.Steps {
		s := &p.Steps[n]
		text += fmt.Sprintf("step %d: %s after %s %s%s\n", s.N, s.State, s.Took().Round(time.Millisecond), s.Note, s.Error)
	}
	return text
}

// sound looks at all servers: no thread may have stopped with an error.
func (w *walker) sound(ctx context.Context) error {
	if err := w.look(ctx); err != nil {
		return err
	}
	for _, i := range w.fleet.Snapshot().Instances() {
		if c := &i.Channel; c.LastSQLErrno != 0 || c.LastIOErrno != 0 && c.IOThread == topology.ThreadStopped && !c.Source.IsDetached() {
			return fmt.Errorf("%s: errors %d and %d: %s%s\n%s", i.Key, c.LastIOErrno, c.LastSQLErrno, c.LastIOError, c.LastSQLError, w.describe())
		}
	}
	return nil
}

// settle lets everything go on, ends the writing, and compares.
func (w *walker) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, restWithin)
	defer cancel()
	loaded := w.load.Stop()
	w.load = nil
	w.result.rows += len(loaded.Commits)
	if loaded.Refused > 0 || loaded.Failed > 1 { // one that Stop has cut off
		return fmt.Errorf("writing was disturbed: %d refused, %d failed: %w", loaded.Refused, loaded.Failed, loaded.LastError)
	}
	for _, i := range w.fleet.Snapshot().Instances() {
		var next []refactor.Request
		c := &i.Channel
		if !i.HasSource() && !c.Source.IsDetached() {
			continue
		}
		switch {
		case c.Source.IsDetached():
			next = append(next, refactor.Request{Operation: refactor.ReattachReplica})
		case c.IOThread == topology.ThreadStopped || c.SQLThread == topology.ThreadStopped:
			next = append(next, refactor.Request{Operation: refactor.StartReplica})
		}
		if c.SQLDelay > 0 {
			next = append(next, refactor.Request{Operation: refactor.DelayReplication})
		}
		for _, q := range next {
			q.Server = i.Key
			done, err := w.runner.Run(ctx, w.runner.Single(q))
			var refusal *topology.Refusal
			if errors.As(err, &refusal) && refusal.Rule == "loop" { // its source has come to be below it
				done, err = w.runner.Run(ctx, w.runner.Relocation(refactor.Relocation{Command: refactor.Relocate, Server: i.Key, Below: key(w.Node(0))}))
			}
			if err != nil {
				return fmt.Errorf("rest: %w\n%s\n%s", err, done.Plan.String(), w.describe())
			}
		}
	}
	if err := errors.Join(w.AwaitReplication(ctx)); err != nil {
		return fmt.Errorf("%w\n%s", err, w.describe())
	}
	if err := w.AwaitCaughtUp(ctx); err != nil {
		return fmt.Errorf("%w\n%s", err, w.describe())
	}
	if err := w.same(ctx, loaded); err != nil {
		return err
	}
	return w.errant()
}

// sameWithin is how long what is on its way down a chain of replicas may take.
const sameWithin = 20 * time.Second

// same waits until the data of all servers are equal.
func (w *walker) same(ctx context.Context, loaded sandbox.LoadResult) error {
	for end := time.Now().Add(sameWithin); ; {
		err := w.SameData(ctx, sandbox.LoadTable)
		if seen := w.look(ctx); seen != nil {
			return seen
		}
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return fmt.Errorf("%w\n%s%s", err, w.missing(ctx, loaded), w.describe())
		}
	}
}

// missing says which of the rows that were written last the servers lack.
func (w *walker) missing(ctx context.Context, loaded sandbox.LoadResult) string {
	text := ""
	for _, n := range w.Nodes() {
		rows, err := loaded.Missing(ctx, n)
		switch {
		case err != nil:
			text += fmt.Sprintf("rows of %s: %v\n", n, err)
		case len(rows) > 0:
			text += fmt.Sprintf("%s lacks %d rows: %d to %d\n", n, len(rows), rows[0], rows[len(rows)-1])
		}
	}
	return text
}

func (w *walker) describe() string {
	text := ""
	for _, i := range w.fleet.Snapshot().Instances() {
		c := &i.Channel
		text += fmt.Sprintf("%s below %s, threads %d %d (%s%s), gtid %d, read %s, exec %s, received %s, executed %s, delay %d, read-only %t\n",
			i.Key, c.Source, c.IOThread, c.SQLThread, c.LastIOError, c.LastSQLError, c.GTID, c.Read, c.Exec, c.RetrievedSet, i.ExecutedSet, c.SQLDelay, i.ReadOnly)
	}
	return text
}
