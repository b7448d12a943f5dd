package fidelity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sim"
	"orchestrator/internal/topology"
)

// makeUp is what cannot be changed of running servers; scripts with the same one share them.
type makeUp struct{ semiSync, byPosition, opens bool }

func (s *Script) makeUp() makeUp {
	return makeUp{s.SemiSync, s.ByPosition, s.Servers[0].OpensOnRestart}
}

// mostServers is how many servers scripts may have.
const mostServers = 4

// host is the address of the server with an index. Hosts are in the order of the names that the scripts give them: so
// the manager prefers the same one among equals.
func host(i int) string { return fmt.Sprintf("127.0.77.%d", 11+i) }

// serverTable is where clients write.
const serverTable = sandbox.Database + ".fidelity"

// boot starts servers of a make-up.
func boot(t *testing.T, flavor sandbox.Flavor, m makeUp) *sandbox.Cluster {
	t.Helper()
	const hour = "3600000" // ms
	o := sandbox.Options{
		Flavor: flavor, Nodes: mostServers, GTID: !m.byPosition, SemiSync: m.semiSync, NetTimeout: netTimeout,
		NodeAddress: map[int]string{}, ExtraOptions: map[string]string{},
	}
	for i := range o.Nodes {
		o.NodeAddress[i] = host(i)
	}
	first := map[string]string{} // the options of the first server
	o.NodeOptions = map[int]map[string]string{0: first}
	if m.opens {
		first["read_only"], first["loose-super_read_only"] = "0", "0"
	}
	if _, source, _ := words(flavor); m.semiSync {
		first["loose-rpl_semi_sync_"+source+"_enabled"] = "ON"
		o.ExtraOptions["loose-rpl_semi_sync_"+source+"_timeout"] = hour
		o.ExtraOptions["loose-init-rpl-role"] = "SLAVE" // of MariaDB
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c, err := sandbox.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// words of a family.
func words(f sandbox.Flavor) (replica, source, resetLogs string) {
	if f == sandbox.MariaDB {
		return "SLAVE", "master", "RESET MASTER"
	}
	return "REPLICA", "source", "RESET BINARY LOGS AND GTIDS"
}

// each does something with several servers at the same time.
func each(nodes []*sandbox.Node, do func(*sandbox.Node) error) error {
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { errs[i] = do(n) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// reset brings all servers back to where they know nothing of each other, and then wires those of the script up.
func reset(ctx context.Context, c *sandbox.Cluster, s *Script) error {
	f := c.Options().Flavor
	replica, source, resetLogs := words(f)
	err := each(c.Nodes(), func(n *sandbox.Node) error {
		if !n.Running() {
			if err := n.Restart(ctx); err != nil {
				return err
			}
		}
		statements := []string{"STOP " + replica, "RESET " + replica + " ALL", "SET GLOBAL read_only=0"}
		if s.SemiSync { // lets go what waits
			statements = append([]string{"SET GLOBAL rpl_semi_sync_" + source + "_enabled=0"}, statements...)
		}
		return n.Exec(ctx, statements...)
	})
	if err != nil {
		return err
	}
	err = each(c.Nodes(), func(n *sandbox.Node) error {
		statements := []string{"SET SESSION sql_log_bin=0", "DROP TABLE IF EXISTS " + serverTable,
			"CREATE TABLE " + serverTable + " (id BIGINT PRIMARY KEY) ENGINE=InnoDB", "SET SESSION sql_log_bin=1", resetLogs}
		if f == sandbox.MariaDB && !s.ByPosition {
			statements = append(statements, "SET GLOBAL gtid_slave_pos=''")
		}
		if err := n.Exec(ctx, statements...); err != nil {
			return err
		}
		return n.SetReadOnly(ctx, true)
	})
	if err != nil {
		return err
	}
	return wire(ctx, c, s)
}

func wire(ctx context.Context, c *sandbox.Cluster, s *Script) error {
	_, source, _ := words(c.Options().Flavor)
	for i, spec := range s.Servers { // sources come before those below them
		n := c.Node(i)
		if spec.Source != "" {
			if err := n.Follow(ctx, c.Node(indexOf(s.Servers, spec.Source))); err != nil {
				return err
			}
			if spec.Delay > 0 {
				if err := delayBy(ctx, n, spec.Delay); err != nil {
					return err
				}
			}
		}
		if s.SemiSync && spec.Open {
			if err := n.Exec(ctx, "SET GLOBAL rpl_semi_sync_"+source+"_enabled=1"); err != nil {
				return err
			}
		}
		if spec.Open {
			if err := n.SetReadOnly(ctx, false); err != nil {
				return err
			}
		}
	}
	if err := c.AwaitReplication(ctx); err != nil {
		return err
	}
	if !s.SemiSync || len(s.Servers) == 1 {
		return nil
	}
	return until(ctx, func() error {
		clients, err := c.Node(0).SemiSyncReplicas(ctx)
		if err == nil && clients == 0 {
			err = errors.New("no replica acknowledges")
		}
		return err
	})
}

func indexOf(specs []sim.ServerSpec, name string) int {
	for i, s := range specs {
		if s.Name == name {
			return i
		}
	}
	panic("fidelity: there is no server " + name)
}

// delayBy makes a replica apply later.
func delayBy(ctx context.Context, n *sandbox.Node, d time.Duration) error {
	seconds := int(d / time.Second)
	if n.Flavor() == sandbox.MariaDB {
		return n.Exec(ctx, "STOP SLAVE", fmt.Sprintf("CHANGE MASTER TO MASTER_DELAY=%d", seconds), "START SLAVE")
	}
	return n.Exec(ctx, "STOP REPLICA SQL_THREAD", fmt.Sprintf("CHANGE REPLICATION SOURCE TO SOURCE_DELAY=%d", seconds), "START REPLICA SQL_THREAD")
}

// until tries again and again until there is no error; the last one is returned when ctx ends.
func until(ctx context.Context, try func() error) error {
	ticker := time.NewTicker(40 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; last: %w", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

// classification are the settings by which the manager learns what the script says of its servers.
func classification(s *Script) map[string]any {
	more := map[string]any{}
	var rules []string
	for i, spec := range s.Servers {
		if spec.Rule != topology.NeutralPromote {
			rules = append(rules, fmt.Sprintf("WHEN '%s' THEN '%s'", host(i), spec.Rule))
		}
	}
	if len(rules) > 0 {
		more["DetectPromotionRuleQuery"] = "SELECT CASE @@report_host " + strings.Join(rules, " ") + " ELSE 'neutral' END"
	}
	if s.SemiSync {
		more["DetectSemiSyncEnforcedQuery"] = "SELECT 1"
	}
	return more
}
