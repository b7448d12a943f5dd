package main

import (
	"context"
	"fmt"

	"orchestrator/internal/refactor"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/topology"
)

// sandboxMachines reach the processes of a sandbox: they are this machine's own.
type sandboxMachines struct{ cluster *sandbox.Cluster }

func (m sandboxMachines) node(k topology.Key) (*sandbox.Node, error) {
	for _, n := range m.cluster.Nodes() {
		if n.Addr() == k.String() {
			return n, nil
		}
	}
	return nil, fmt.Errorf("%s is no server of the sandbox", k)
}

// Reach implements operate.Machines.
func (m sandboxMachines) Reach(k topology.Key) bool {
	_, err := m.node(k)
	return err == nil
}

// Kill implements execute.Machines.
func (m sandboxMachines) Kill(_ context.Context, k topology.Key) error {
	n, err := m.node(k)
	if err != nil {
		return err
	}
	return n.Kill()
}

// Freeze implements execute.Machines.
func (m sandboxMachines) Freeze(_ context.Context, k topology.Key) error {
	n, err := m.node(k)
	if err != nil {
		return err
	}
	return n.Freeze()
}

// allowGameDays marks the servers of the demo for game days, and lets them be shut down: they are there to be broken.
func (d *demonstration) allowGameDays(ctx context.Context) error {
	if err := d.cluster.Node(0).Exec(ctx, "GRANT SHUTDOWN ON *.* TO '"+sandbox.UserOrc+"'@'%'"); err != nil {
		return err
	}
	if err := d.await(ctx, "a manager to lead", func() bool { return d.manager().service.parts.leader.IsLeader() }); err != nil {
		return err
	}
	s := d.manager().service
	declarations := s.parts.declarations(s.observer.Apply)
	for _, i := range s.observer.Snapshot().Instances() {
		if err := declarations.PutTag(ctx, i.Key, refactor.GameDayMark); err != nil {
			return fmt.Errorf("mark %s for game days: %w", i.Key, err)
		}
	}
	return nil
}
