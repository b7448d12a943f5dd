package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"orchestrator/bench/manager"
	"orchestrator/internal/sandbox"
)

// result is what one failover took.
type result struct {
	outage       time.Duration // from the primary's end until a new primary acknowledged a write
	follow       time.Duration // until every survivor had a row of the new primary's
	acknowledged int
	lost         int // rows that were acknowledged, had reached a replica, and are not there
}

const loadTable = sandbox.Database + "." + sandbox.LoadTable

// within bounds every wait of one run.
const within = 2 * time.Minute

// once boots servers and a manager, fails the primary, and measures.
func once(ctx context.Context, o options, flavor sandbox.Flavor, scenario string) (r result, err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	cluster, err := sandbox.Start(ctx, sandbox.Options{
		Flavor: flavor, Nodes: o.nodes, GTID: o.gtid, SemiSync: o.semiSync, NetTimeout: o.netTimeout,
	})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	m, err := manager.Start(ctx, o.binary, cluster, nil)
	if err != nil {
		return r, err
	}
	defer func() {
		if err != nil && o.verbose {
			fmt.Fprintf(os.Stderr, "the manager's log:\n%s\n", m.LogTail())
		}
		err = errors.Join(err, m.Stop())
	}()
	if err := m.AwaitPicture(ctx, o.nodes); err != nil {
		return r, err
	}
	load, err := sandbox.StartLoad(ctx, func() []string { return cluster.Addrs() }, sandbox.LoadOptions{Timeout: 250 * time.Millisecond})
	if err != nil {
		return r, err
	}
	defer load.Stop()
	if err := load.AwaitCommits(ctx, 100); err != nil {
		return r, err
	}
	if scenario == "takeover" {
		r, err = measureTakeover(ctx, m, cluster, load)
	} else {
		r, err = measure(ctx, cluster, load, scenario)
	}
	if o.verbose {
		m.PrintSteps(ctx, os.Stderr)
	}
	return r, err
}

// measure fails the primary under load.
func measure(ctx context.Context, cluster *sandbox.Cluster, load *sandbox.Load, scenario string) (r result, err error) {
	primary := cluster.Node(0)
	failed := time.Now()
	if scenario == "freeze" {
		err = primary.Freeze()
	} else {
		err = primary.Kill()
	}
	if err != nil {
		return r, err
	}
	successor, at, err := awaitOther(ctx, cluster, load, failed)
	if err != nil {
		return r, err
	}
	r.outage = at.Sub(failed)
	if err := load.AwaitCommits(ctx, 20); err != nil {
		return r, err
	}
	for _, n := range cluster.Nodes()[1:] {
		if n != successor {
			if err := awaitRow(ctx, n, successor); err != nil {
				return r, err
			}
		}
	}
	r.follow = time.Since(failed)
	return r, check(ctx, cluster, load.Stop(), successor, failed, &r)
}

// measureTakeover has another server take over under load. The outage is the time between the last write that the old
// primary acknowledged and the first one of the new primary.
func measureTakeover(ctx context.Context, m *manager.Manager, cluster *sandbox.Cluster, load *sandbox.Load) (r result, err error) {
	began := time.Now()
	old := cluster.Node(0)
	var answer struct {
		Code, Message string
		Details       struct{ SuccessorKey struct{ Port int } }
	}
	if err := m.Get(ctx, fmt.Sprintf("graceful-master-takeover-auto/%s/%d", old.Host, old.Port), &answer); err != nil {
		return r, err
	}
	if answer.Code != "OK" {
		return r, fmt.Errorf("the takeover failed: %s", answer.Message)
	}
	successor, first, err := awaitOther(ctx, cluster, load, began)
	if err != nil {
		return r, err
	}
	if successor.Port != answer.Details.SuccessorKey.Port {
		return r, fmt.Errorf("%s takes writes, and the answer names port %d", successor, answer.Details.SuccessorKey.Port)
	}
	last := began
	for _, c := range load.Result().Commits {
		if c.Addr == old.Addr() {
			last = c.At
		}
	}
	r.outage = first.Sub(last)
	if err := load.AwaitCommits(ctx, 20); err != nil {
		return r, err
	}
	for _, n := range cluster.Nodes() {
		if n != successor {
			if err := awaitRow(ctx, n, successor); err != nil {
				return r, err
			}
		}
	}
	r.follow = time.Since(began)
	done := load.Stop()
	r.acknowledged = len(done.Commits)
	missing, err := done.Missing(ctx, successor)
	r.lost = len(missing)
	return r, err
}

// awaitOther waits for the first write that another server than the lost primary acknowledged.
func awaitOther(ctx context.Context, cluster *sandbox.Cluster, load *sandbox.Load, after time.Time) (*sandbox.Node, time.Time, error) {
	for {
		if err := load.AwaitCommits(ctx, 1); err != nil {
			return nil, time.Time{}, fmt.Errorf("no write was accepted after the primary's end: %w", err)
		}
		for _, c := range load.Result().Commits {
			if c.Addr == cluster.Node(0).Addr() || c.At.Before(after) {
				continue
			}
			for _, n := range cluster.Nodes() {
				if n.Addr() == c.Addr {
					return n, c.At, nil
				}
			}
		}
	}
}

// awaitRow waits until a survivor has the newest row that the successor has at this moment.
func awaitRow(ctx context.Context, n, successor *sandbox.Node) error {
	var want, have int64
	newest := "SELECT COALESCE(MAX(id), 0) FROM " + loadTable
	if err := successor.Scan(ctx, newest, &want); err != nil {
		return err
	}
	for {
		if err := n.Scan(ctx, newest, &have); err == nil && have >= want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not follow the new primary %s: it has row %d, not %d", n, successor, have, want)
		case <-time.After(time.Millisecond):
		}
	}
}

// check looks for rows that were acknowledged and are gone. A row of the last moments may have reached no replica: it
// counts as lost only if a survivor has a later one of the old primary's.
func check(ctx context.Context, cluster *sandbox.Cluster, load sandbox.LoadResult, successor *sandbox.Node, failed time.Time, r *result) error {
	r.acknowledged = len(load.Commits)
	missing, err := load.Missing(ctx, successor)
	if err != nil {
		return err
	}
	var newestKept int64
	gone := make(map[int64]bool, len(missing))
	for _, id := range missing {
		gone[id] = true
	}
	for _, c := range load.Commits {
		if c.Addr == cluster.Node(0).Addr() && !gone[c.ID] {
			newestKept = max(newestKept, c.ID)
		}
	}
	for _, id := range missing {
		reached := id <= newestKept
		for _, n := range cluster.Nodes()[1:] {
			var there int
			if err := n.Scan(ctx, fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE id = %d", loadTable, id), &there); err == nil && there > 0 {
				reached = true
			}
		}
		if reached {
			r.lost++
		}
	}
	return nil
}
