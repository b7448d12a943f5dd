package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/sandbox"
)

// play does one failover by itself, under a write load, and verifies its outcome on the servers.
func (d *demonstration) play(ctx context.Context) error {
	load, err := sandbox.StartLoad(ctx, d.cluster.Addrs, sandbox.LoadOptions{Timeout: 250 * time.Millisecond})
	if err != nil {
		return err
	}
	defer load.Stop()
	if err := load.AwaitCommits(ctx, 100); err != nil {
		return err
	}
	old := d.cluster.Node(0)
	failedAt := time.Now()
	if err := d.fail(old, d.options.scenario == "freeze-primary"); err != nil {
		return err
	}
	if err := d.await(ctx, "the end of the recovery", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.finished > 0
	}); err != nil {
		return err
	}
	successor := d.node(d.promotedAddress())
	if successor == nil {
		return errors.New("the recovery ended and nobody was promoted")
	}
	if err := d.await(ctx, "writes on "+successor.Addr(), func() bool { return commitsAt(load.Result(), successor.Addr()) >= 20 }); err != nil {
		return err
	}
	return d.verify(ctx, load.Stop(), successor, failedAt)
}

func (d *demonstration) promotedAddress() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.promoted.String()
}

func (d *demonstration) node(address string) *sandbox.Node {
	for _, n := range d.cluster.Nodes() {
		if n.Addr() == address {
			return n
		}
	}
	return nil
}

func commitsAt(r sandbox.LoadResult, address string) int {
	n := 0
	for _, c := range r.Commits {
		if c.Addr == address {
			n++
		}
	}
	return n
}

// verify looks at the servers themselves: writes work on the new primary, the others have them, nothing that had
// reached the new primary is gone, and only one server takes writes.
func (d *demonstration) verify(ctx context.Context, load sandbox.LoadResult, successor *sandbox.Node, failedAt time.Time) error {
	old := d.cluster.Node(0)
	ctx, cancel := context.WithTimeout(ctx, demoWithin)
	defer cancel()
	if err := successor.ExecAs(ctx, sandbox.UserApp, fmt.Sprintf("INSERT INTO %s.%s (id) VALUES (-1)", sandbox.Database, sandbox.LoadTable)); err != nil {
		return fmt.Errorf("the new primary does not take writes: %w", err)
	}
	followers := 0
	for _, n := range d.cluster.Nodes() {
		if n == old || n == successor {
			continue
		}
		if err := awaitRow(ctx, n, -1); err != nil {
			return fmt.Errorf("%s does not follow the new primary: %w", n.Addr(), err)
		}
		if readOnly, err := n.ReadOnly(ctx); err != nil || !readOnly {
			return fmt.Errorf("%s takes writes beside the new primary (%v)", n.Addr(), err)
		}
		followers++
	}
	var outage time.Duration
	for _, c := range load.Commits {
		if c.Addr == successor.Addr() {
			outage = c.At.Sub(failedAt)
			break
		}
	}
	missing, err := load.Missing(ctx, successor)
	if err != nil {
		return err
	}
	d.say("\nverified on the servers:")
	d.say("  writes were refused for %s; %s took over from %s", outage.Round(100*time.Microsecond), successor.Addr(), old.Addr())
	d.say("  %d other server(s) follow it and are read-only", followers)
	d.say("  %d rows were acknowledged in all; %d of them had reached no replica when the primary was lost", len(load.Commits), len(missing))
	d.printTopology(ctx)
	return nil
}

// awaitRow waits until a server has a row of the load's table.
func awaitRow(ctx context.Context, n *sandbox.Node, id int64) error {
	query := fmt.Sprintf("SELECT COUNT(*) FROM %s.%s WHERE id = %d", sandbox.Database, sandbox.LoadTable, id)
	for {
		var there int
		err := n.Scan(ctx, query, &there)
		if err == nil && there > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("row %d did not arrive", id), err)
		case <-time.After(2 * time.Millisecond):
		}
	}
}
