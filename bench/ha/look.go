package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/sandbox"
)

// await looks until something holds.
func await(ctx context.Context, what string, holds func() bool) error {
	for !holds() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited for %s: %w", what, context.Cause(ctx))
		case <-time.After(lookEvery):
		}
	}
	return nil
}

// leader returns the node that leads, nil when none does at this moment.
func (s *series) leader(ctx context.Context) *node {
	for _, n := range s.nodes {
		if n.runs() && n.leads(ctx) {
			return n
		}
	}
	return nil
}

// sample asks all nodes at once, all the time, whether they lead.
func (s *series) sample(ctx context.Context) {
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		nodes := s.members()
		yes := make([]bool, len(nodes))
		var asking sync.WaitGroup
		for k, n := range nodes {
			asking.Go(func() {
				status, _, err := n.ask(ctx, sampleWithin, "leader-check")
				yes[k] = err == nil && status == http.StatusOK
			})
		}
		asking.Wait()
		count := 0
		for _, y := range yes {
			if y {
				count++
			}
		}
		s.mu.Lock()
		s.times++
		if count > 1 {
			s.twice++
		}
		s.mu.Unlock()
	}
}

// writable are the servers that take writes.
func (s *series) writable(ctx context.Context) (found []*sandbox.Node, err error) {
	for _, n := range s.cluster.Nodes() {
		if !n.Running() || n == s.away {
			continue
		}
		var readOnly bool
		if err := n.Scan(ctx, "SELECT @@read_only", &readOnly); err != nil {
			return nil, err
		}
		if !readOnly {
			found = append(found, n)
		}
	}
	return found, nil
}

func (s *series) awaitSuccessor(ctx context.Context, old *sandbox.Node) error {
	return await(ctx, "a successor of "+old.Addr(), func() bool {
		found, err := s.writable(ctx)
		if err != nil || len(found) != 1 || found[0] == old {
			return false
		}
		s.primary = found[0]
		return true
	})
}

// awaitWhole waits until all managers and servers are well: every manager sees every server in good order below one
// primary, and every other manager.
func (s *series) awaitWhole(ctx context.Context) error {
	for _, n := range s.nodes {
		var last string
		err := await(ctx, "all to be well", func() bool {
			var all []struct {
				IsLastCheckValid, Slave_SQL_Running, Slave_IO_Running bool //nolint:revive // the API's own names
				MasterKey                                             struct{ Hostname string }
			}
			var status struct {
				VotersReachable int
				Members         []struct{ Lag uint64 }
			}
			_, body, err := n.ask(ctx, time.Second, "all-instances", "X-Orchestrator-Local")
			if err == nil {
				err = json.Unmarshal(body, &all)
			}
			_, text, statusErr := n.ask(ctx, time.Second, "raft-status")
			if statusErr == nil {
				statusErr = json.Unmarshal(text, &status)
			}
			good, tops := 0, 0
			for _, i := range all {
				switch {
				case !i.IsLastCheckValid:
				case i.MasterKey.Hostname == "":
					tops, good = tops+1, good+1
				case i.Slave_IO_Running && i.Slave_SQL_Running:
					good++
				}
			}
			last = fmt.Sprintf("manager %d: %d servers well, %d primaries, %v; %+v, %v", n.index, good, tops, err, status, statusErr)
			return good == servers && tops == 1 && status.VotersReachable == managers &&
				!slices.ContainsFunc(status.Members, func(m struct{ Lag uint64 }) bool { return m.Lag > 0 })
		})
		if err != nil {
			return fmt.Errorf("%w: %s", err, last)
		}
	}
	return nil
}

// check sees that everything that was decided is there, and that each failover has one record that has ended.
func (s *series) check(ctx context.Context) error {
	n := s.nodes[s.random.IntN(len(s.nodes))]
	host, port, _ := strings.Cut(s.cluster.Node(0).Addr(), ":")
	var tags []string
	_, body, err := n.ask(ctx, 5*time.Second, "tags/"+host+"/"+port)
	if err == nil {
		err = json.Unmarshal(body, &tags)
	}
	if err != nil {
		return err
	}
	known := make(map[string]bool)
	for _, t := range tags {
		known[strings.TrimSuffix(t, "=")] = true
	}
	for _, d := range s.decisions {
		if !known[d] {
			return fmt.Errorf("the decision %s was acknowledged and is lost", d)
		}
	}
	found, err := s.writable(ctx)
	if err == nil && (len(found) != 1 || found[0] != s.primary) {
		err = fmt.Errorf("%d servers are writable", len(found))
	}
	return err
}
