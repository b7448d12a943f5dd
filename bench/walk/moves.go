package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/move/movetest"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/sandbox"
)

// moves times relocate-replicas of many replicas of one MariaDB server below another and back, under load, and compares
// the wall time with that of the slowest replica and the sum of all.
func moves(ctx context.Context, replicas int) (err error) {
	boot, cancel := context.WithTimeout(ctx, bootWithin)
	defer cancel()
	c, err := sandbox.Start(boot, sandbox.Options{Flavor: sandbox.MariaDB, Nodes: replicas + 2, GTID: true, ExtraOptions: map[string]string{
		"innodb_buffer_pool_size": "8M", "innodb_log_file_size": "4M", "max_connections": "60", "table_open_cache": "50", "performance_schema": "OFF",
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	f := movetest.NewFleet(sandbox.UserOrc, sandbox.Password(sandbox.UserOrc), sandbox.UserRepl, sandbox.Password(sandbox.UserRepl))
	defer func() { err = errors.Join(err, f.Servers.Close()) }()
	if err := c.AwaitReplication(boot); err != nil {
		return err
	}
	for _, n := range c.Nodes() {
		if err := f.Probe(boot, key(n)); err != nil {
			return err
		}
	}
	load, err := sandbox.StartLoad(ctx, func() []string { return []string{c.Node(0).Addr()} }, sandbox.LoadOptions{Interval: 20 * time.Millisecond})
	if err != nil {
		return err
	}
	defer load.Stop()
	fmt.Println("| replicas | at the same time | wall time of the plan | with looking and locking | slowest replica | sum of all |")
	fmt.Println("| ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, parallel := range []int{1, 5, replicas} {
		f.Config.MaxConcurrentReplicaOperations = parallel
		for _, way := range [][2]int{{0, 1}, {1, 0}} {
			began := time.Now()
			r := f.Runner()
			done, err := r.Run(ctx, r.Relocation(refactor.Relocation{Command: refactor.RelocateReplicas, Server: key(c.Node(way[0])), Below: key(c.Node(way[1]))}))
			if err != nil {
				return err
			}
			if err := timed(&done.Plan, parallel, time.Since(began)); err != nil {
				return err
			}
		}
	}
	return nil
}

// timed prints a line of the table.
func timed(p *plan.Plan, parallel int, whole time.Duration) error {
	var slowest, sum time.Duration
	first, last := p.Steps[0].Started, p.Steps[0].Ended
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.State == plan.Failed {
			return fmt.Errorf("%s: %s", s.Server, s.Error)
		}
		slowest, sum = max(slowest, s.Took()), sum+s.Took()
		if s.Started.Before(first) {
			first = s.Started
		}
		if s.Ended.After(last) {
			last = s.Ended
		}
	}
	_, err := fmt.Printf("| %d | %d | %s | %s | %s | %s |\n", len(p.Steps), parallel, last.Sub(first).Round(time.Millisecond), whole.Round(time.Millisecond),
		slowest.Round(time.Millisecond), sum.Round(time.Millisecond))
	return err
}
