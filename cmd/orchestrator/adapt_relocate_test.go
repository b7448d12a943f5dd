package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/topology"
)

// relocating is a chain of real servers under load, and the commands that are given about it.
type relocating struct {
	*testing.T
	c        *sandbox.Cluster
	load     *sandbox.Load
	file     string
	document string
}

// command runs a command in a process of its own.
func (r *relocating) command(name string, instance, below int, more ...operate.Param) (operate.Result, error) {
	r.Helper()
	e, wait := testParts(r.T, r.file, r.document).commandEngine()
	defer wait()
	values := map[operate.Param]string{operate.ParamInstance: r.c.Node(instance).Addr()}
	if below >= 0 {
		values[operate.ParamDestination] = r.c.Node(below).Addr()
	}
	for _, p := range more {
		values[p] = "true"
	}
	return call(r.Context(), e, name, values)
}

// sources are, for each node, the node that it replicates from by GTID with both threads, as in "- 0 1".
func (r *relocating) sources() string {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	must(r.T, r.c.AwaitReplication(ctx))
	var texts []string
	for _, n := range r.c.Nodes() {
		status, replicates, err := n.Replica(ctx)
		must(r.T, err)
		text := "-"
		if replicates {
			text = fmt.Sprint(slices.IndexFunc(r.c.Nodes(), func(s *sandbox.Node) bool { return s.Port == status.SourcePort }))
			if !status.UsesGTID {
				text += "!"
			}
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " ")
}

// options are the connection options of a replica that a move must not lose.
func (r *relocating) options(node int) string {
	r.Helper()
	statement, names := "SHOW REPLICA STATUS", []string{"Connect_Retry", "Source_Retry_Count", "SQL_Delay", "Source_SSL_Allowed", "Auto_Position"}
	if r.c.Family().Flavor == sandbox.MariaDB {
		statement, names = "SHOW SLAVE STATUS", []string{"Connect_Retry", "SQL_Delay", "Master_SSL_Allowed", "Using_Gtid"}
	}
	row, err := r.c.Node(node).Row(r.Context(), statement)
	must(r.T, err)
	var texts []string
	for _, n := range names {
		texts = append(texts, n+"="+row[n])
	}
	return strings.Join(texts, " ")
}

// TestRelocationsOfRealServers moves the members of a chain up, down and sideways while its primary is written to.
func TestRelocationsOfRealServers(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 6, Layout: sandbox.Chain, GTID: true, TLS: true})
		r := &relocating{T: t, c: c, file: testFile(t), document: fmt.Sprintf(
			`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true, "AuditToBackendDB": true, "MaxConcurrentReplicaOperations": 3`,
			sandbox.UserOrc, sandbox.Password(sandbox.UserOrc)) + credentials}
		set := "STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_CONNECT_RETRY=7, SOURCE_RETRY_COUNT=77, SOURCE_DELAY=1; START REPLICA"
		if flavor == sandbox.MariaDB {
			set = "STOP SLAVE; CHANGE MASTER TO MASTER_CONNECT_RETRY=7, MASTER_DELAY=1; START SLAVE"
		}
		must(t, c.Node(5).Exec(t.Context(), strings.Split(set, "; ")...))
		options := r.options(5)
		load, err := sandbox.StartLoad(t.Context(), func() []string { return []string{c.Node(0).Addr()} }, sandbox.LoadOptions{Interval: 5 * time.Millisecond})
		must(t, err)
		t.Cleanup(func() { load.Stop() })
		must(t, load.AwaitCommits(t.Context(), 20))
		r.load = load
		if _, err := r.command("discover", 0, -1); err != nil {
			t.Fatal(err)
		}

		for _, step := range []struct {
			name            string
			command         string
			instance, below int
			refused         string // the rule, when it is to be refused
			sources         string
		}{
			{"up", "relocate", 5, 0, "", "- 0 1 2 3 0"},
			{"sideways, with what is below", "relocate", 3, 5, "", "- 0 1 5 3 0"},
			{"down", "relocate", 5, 2, "", "- 0 1 5 3 2"},
			{"where it is", "relocate", 5, 2, "", "- 0 1 5 3 2"},
			{"below its own replica", "relocate", 5, 4, "loop", "- 0 1 5 3 2"},
			{"the primary", "relocate", 0, 1, "not-a-replica", "- 0 1 5 3 2"},
			{"swap with the source", "take-master", 2, -1, "", "- 2 0 5 3 2"},
			{"take-master of the primary", "take-master", 2, -1, "top", "- 2 0 5 3 2"},
			{"the siblings", "take-siblings", 1, -1, "", "- 2 0 5 3 1"},
			{"up by one", "move-up", 5, -1, "", "- 2 0 5 3 2"},
			{"below the sibling", "move-below", 5, 1, "", "- 2 0 5 3 1"},
			{"no sibling", "move-below", 4, 1, "not-siblings", "- 2 0 5 3 1"},
			{"by GTID", "move-gtid", 4, 2, "", "- 2 0 5 2 1"},
			{"point again", "repoint", 4, -1, "", "- 2 0 5 2 1"},
			{"all up", "move-up-replicas", 5, -1, "", "- 2 0 1 2 1"},
			{"and up", "move-up-replicas", 1, -1, "", "- 2 0 2 2 2"},
			{"four at once", "relocate-replicas", 2, 0, "", "- 0 0 0 0 0"},
			{"by GTID, all but the one", "move-replicas-gtid", 0, 1, "", "- 0 1 1 1 1"},
			{"point them again", "repoint-replicas", 1, -1, "", "- 0 1 1 1 1"},
			{"each other", "make-co-master", 1, -1, "", "1 0 1 1 1 1"},
			{"each other already", "make-co-master", 1, -1, "co-primary", "1 0 1 1 1 1"},
		} {
			before := r.sources()
			if _, err := r.command(step.command, step.instance, step.below, operate.ParamDryRun); step.refused == "" && err != nil {
				t.Fatalf("%s: dry run: %v", step.name, err)
			}
			if now := r.sources(); now != before {
				t.Fatalf("%s: the dry run changed %s to %s", step.name, before, now)
			}
			_, err := r.command(step.command, step.instance, step.below)
			var refusal *topology.Refusal
			switch {
			case step.refused == "" && err != nil:
				t.Fatalf("%s: %v", step.name, err)
			case step.refused != "" && (!errors.As(err, &refusal) || refusal.Rule != step.refused):
				t.Fatalf("%s: %v", step.name, err)
			}
			if got := r.sources(); got != step.sources {
				t.Fatalf("%s: the sources are %s", step.name, got)
			}
			must(t, load.AwaitCommits(t.Context(), 1))
		}
		if got := r.options(5); got != options {
			t.Errorf("options were %s and are %s", options, got)
		}
		if result := load.Stop(); result.Failed > 0 || result.Refused > 0 {
			t.Errorf("writing was disturbed: %d failed, %d refused, %v", result.Failed, result.Refused, result.LastError)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		must(t, c.AwaitCaughtUp(ctx))
		must(t, c.SameData(ctx, sandbox.LoadTable))
	})
}

// TestVirtualNamesInRelocations points a replica at its source by a registered name, and finds it below that in the picture.
func TestVirtualNamesInRelocations(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true})
		r := &relocating{T: t, c: c, file: testFile(t), document: fmt.Sprintf(`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true`,
			sandbox.UserOrc, sandbox.Password(sandbox.UserOrc)) + credentials}
		pointed := func(how naming, below int) (string, error) {
			p := testParts(t, r.file, r.document)
			p.naming = how
			e, wait := p.commandEngine()
			defer wait()
			_, err := call(t.Context(), e, "relocate", map[operate.Param]string{operate.ParamInstance: c.Node(2).Addr(), operate.ParamDestination: c.Node(below).Addr()})
			status, _, bad := c.Node(2).Replica(t.Context())
			must(t, bad)
			return status.SourceHost, err
		}
		if _, err := r.command("discover", 0, -1); err != nil {
			t.Fatal(err)
		}
		register := func(name string) {
			p := testParts(t, r.file, r.document)
			must(t, p.store.RegisterUnresolve(t.Context(), c.Node(0).Host, name, time.Now()))
		}
		register("localhost")
		if host, err := pointed(naming{}, 1); host != "localhost" || err != nil {
			t.Errorf("by its name: %s, %v", host, err)
		}
		if at := r.sources(); at != "- 0 1" {
			t.Errorf("who replicates from whom: %s", at)
		}
		result, err := r.command("which-master", 2, -1)
		must(t, err)
		if want := (topology.Key{Hostname: c.Node(1).Host, Port: c.Node(1).Port}); result.Value != want {
			t.Errorf("its source in the picture: %v", result.Value)
		}
		if host, err := pointed(naming{skip: true}, 0); host != c.Node(0).Host || err != nil {
			t.Errorf("with -skip-unresolve: %s, %v", host, err)
		}
		register("127.0.0.2")
		if host, err := pointed(naming{}, 1); host != c.Node(0).Host || err == nil {
			t.Errorf("by a name that leads nowhere: %s, %v", host, err)
		}
		if host, err := pointed(naming{unchecked: true}, 1); host != c.Node(0).Host || err != nil {
			t.Errorf("with -skip-unresolve-check: %s, %v", host, err)
		}
		if at := r.sources(); at != "- 0 1" {
			t.Errorf("who replicates from whom: %s", at)
		}
	})
}

// TestRelocationsAroundALostServer regroups what a lost server leaves behind, and moves a replica that is stopped.
func TestRelocationsAroundALostServer(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 5, GTID: true})
		r := &relocating{T: t, c: c, file: testFile(t), document: fmt.Sprintf(
			`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true, "AuditToBackendDB": true`,
			sandbox.UserOrc, sandbox.Password(sandbox.UserOrc))}
		load, err := sandbox.StartLoad(t.Context(), func() []string { return []string{c.Node(0).Addr()} }, sandbox.LoadOptions{Interval: 5 * time.Millisecond})
		must(t, err)
		t.Cleanup(func() { load.Stop() })
		r.do("discover", 0, -1)

		// A replica that somebody has stopped goes where it is told, and stays stopped.
		word := "REPLICA"
		if flavor == sandbox.MariaDB {
			word = "SLAVE"
		}
		must(t, c.Node(4).Exec(t.Context(), "STOP "+word))
		r.do("relocate", 4, 3)
		status, _, err := c.Node(4).Replica(t.Context())
		must(t, err)
		if status.SourcePort != c.Node(3).Port || status.IO != "No" || status.SQL != "No" {
			t.Fatalf("the stopped replica: %s", status)
		}
		must(t, c.Node(4).Exec(t.Context(), "START "+word))

		// Who is under maintenance is left alone.
		r.must("begin-maintenance", map[operate.Param]string{operate.ParamInstance: c.Node(2).Addr(), operate.ParamOwner: "dba", operate.ParamReason: "disks"})
		if _, err := r.command("relocate", 2, 3); err == nil || !strings.Contains(err.Error(), "maintenance") {
			t.Errorf("a server under maintenance was moved: %v", err)
		}
		r.do("end-maintenance", 2, -1)
		if got := r.sources(); got != "- 0 0 0 3" {
			t.Fatalf("the sources are %s", got)
		}

		must(t, load.AwaitCommits(t.Context(), 5))
		load.Stop()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		must(t, c.AwaitCaughtUp(ctx))
		must(t, c.Node(0).Kill())
		got := r.do("regroup-replicas", 0, -1)
		grouped, ok := got.Value.(operate.Regrouped)
		if !ok || !strings.HasPrefix(grouped.Outcome, "promoted lost: 0, trivial: 2") {
			t.Fatalf("regrouped: %+v", got)
		}
		best := slices.IndexFunc(c.Nodes(), func(n *sandbox.Node) bool { return n.Port == grouped.Key.Port })
		for n := 1; n <= 3; n++ {
			status, _, err := c.Node(n).Replica(ctx)
			must(t, err)
			if n != best && (status.SourcePort != grouped.Key.Port || !status.Running()) {
				t.Errorf("node %d of the regrouped: %s", n, status)
			}
		}
		// The best of them still names the lost server, and nothing can go below that.
		var refusal *topology.Refusal
		if _, err := r.command("relocate", 4, 0); !errors.As(err, &refusal) || refusal.Rule != "unreachable" {
			t.Errorf("below a lost server: %v", err)
		}
		must(t, c.SameData(ctx, sandbox.LoadTable))
	})
}

// do runs a command that must succeed.
func (r *relocating) do(name string, instance, below int) operate.Result {
	r.Helper()
	result, err := r.command(name, instance, below)
	if err != nil {
		r.Fatal(err)
	}
	return result
}

// must runs a command with any arguments.
func (r *relocating) must(name string, values map[operate.Param]string) {
	r.Helper()
	e, wait := testParts(r.T, r.file, r.document).commandEngine()
	defer wait()
	if _, err := call(r.Context(), e, name, values); err != nil {
		r.Fatal(err)
	}
}

// TestRelocationsByPosition moves replicas that know nothing of GTID, while their primary is written to.
func TestRelocationsByPosition(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 4, Layout: sandbox.Chain})
		r := &relocating{T: t, c: c, file: testFile(t), document: fmt.Sprintf(
			`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true`, sandbox.UserOrc, sandbox.Password(sandbox.UserOrc))}
		load, err := sandbox.StartLoad(t.Context(), func() []string { return []string{c.Node(0).Addr()} }, sandbox.LoadOptions{Interval: 3 * time.Millisecond})
		must(t, err)
		t.Cleanup(func() { load.Stop() })
		must(t, load.AwaitCommits(t.Context(), 20))
		r.do("discover", 0, -1)
		for _, step := range []struct {
			command         string
			instance, below int
			refused         string
			sources         string
		}{
			{"relocate", 3, 0, "", "- 0! 1! 0!"},
			{"relocate", 3, 2, "", "- 0! 1! 2!"},
			{"move-up", 3, -1, "", "- 0! 1! 1!"},
			{"move-below", 2, 3, "", "- 0! 3! 1!"},
			{"relocate", 2, 1, "", "- 0! 1! 1!"},
			{"take-master", 2, -1, "", "- 2! 0! 1!"},
			{"repoint", 3, 0, "other-log", "- 2! 0! 1!"},
			{"move-up-replicas", 1, -1, "", "- 2! 0! 2!"},
			{"relocate", 1, 3, "", "- 3! 0! 2!"},
			{"repoint", 1, -1, "", "- 3! 0! 2!"},
		} {
			_, err := r.command(step.command, step.instance, step.below)
			var refusal *topology.Refusal
			switch {
			case step.refused == "" && err != nil:
				t.Fatalf("%s: %v", step.command, err)
			case step.refused != "" && (!errors.As(err, &refusal) || refusal.Rule != step.refused):
				t.Fatalf("%s: %v", step.command, err)
			}
			if got := r.sources(); got != step.sources {
				t.Fatalf("%s: the sources are %s", step.command, got)
			}
		}
		load.Stop()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		must(t, c.AwaitCaughtUp(ctx))
		must(t, c.SameData(ctx, sandbox.LoadTable))
	})
}
