package move_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/move"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/topology"
)

// relocate moves something, which is to succeed.
func (r *rig) relocate(t *testing.T, command refactor.RelocationCommand, server, below int) {
	t.Helper()
	q := refactor.Relocation{Command: command, Server: keyOf(r.Node(server))}
	if below >= 0 {
		q.Below = keyOf(r.Node(below))
	}
	r.relocation(t, q)
}

// relocation does a relocation that is to succeed for all whom it is about.
func (r *rig) relocation(t *testing.T, q refactor.Relocation) plan.Plan {
	t.Helper()
	began := time.Now()
	said := r.dryRun(t, r.runner.Relocation(q))
	done, err := r.runner.Run(limited(t), r.runner.Relocation(q))
	if err != nil {
		t.Fatalf("%v\n%s", err, done.Plan.String())
	}
	agrees(t, said, &done.Plan)
	for _, s := range done.Plan.Steps {
		if s.Error != "" {
			t.Errorf("%s of %s: %s: %s: %s", q.Command, q.Server, s.Server, s.Action, s.Error)
		}
	}
	if len(done.Plan.Lost) > 0 || len(r.Locked) != 0 {
		t.Errorf("%s: lost %v, locked %v", q.Command, done.Plan.Lost, r.Locked)
	}
	t.Logf("%s (%d steps) took %s", q.Command, len(done.Plan.Steps), time.Since(began).Round(time.Millisecond))
	return done.Plan
}

// refusedMove moves something, which is to be refused.
func (r *rig) refusedMove(t *testing.T, rule string, command refactor.RelocationCommand, server, below int) {
	t.Helper()
	q := refactor.Relocation{Command: command, Server: keyOf(r.Node(server))}
	if below >= 0 {
		q.Below = keyOf(r.Node(below))
	}
	r.refusedRelocation(t, rule, q)
}

func (r *rig) refusedRelocation(t *testing.T, rule string, q refactor.Relocation) {
	t.Helper()
	_, err := r.runner.Run(limited(t), r.runner.Relocation(q))
	var refusal *topology.Refusal
	if !errors.As(err, &refusal) || refusal.Rule != rule {
		t.Errorf("%s: %v, want the rule %s", q.Command, err, rule)
	}
}

// sources are, for each node, the node that it replicates from, as in "- 0 1".
func (r *rig) sources(t *testing.T) string {
	t.Helper()
	must(t, r.AwaitReplication(limited(t)))
	var texts []string
	for _, n := range r.Nodes() {
		status, replicates, err := n.Replica(limited(t))
		must(t, err)
		text := "-"
		if replicates {
			text = fmt.Sprint(slices.IndexFunc(r.Nodes(), func(s *sandbox.Node) bool { return s.Port == status.SourcePort }))
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " ")
}

// look probes all servers.
func (r *rig) look(t *testing.T) {
	t.Helper()
	for _, n := range r.Nodes() {
		must(t, r.Probe(limited(t), keyOf(n)))
	}
}

// load writes to node 0 until the returned function is called, which compares the data of all nodes then.
func (r *rig) load(t *testing.T) (stop func()) {
	t.Helper()
	l, err := sandbox.StartLoad(t.Context(), func() []string { return []string{r.Node(0).Addr()} }, sandbox.LoadOptions{Interval: 4 * time.Millisecond})
	must(t, err)
	t.Cleanup(func() { l.Stop() })
	must(t, l.AwaitCommits(limited(t), 10))
	return func() {
		t.Helper()
		result := l.Stop()
		if result.Refused > 0 || result.Failed > 1 { // one that Stop has cut off
			t.Errorf("writing was disturbed: %d failed, %d refused, %v", result.Failed, result.Refused, result.LastError)
		}
		must(t, r.AwaitCaughtUp(limited(t)))
		must(t, r.SameData(limited(t), sandbox.LoadTable))
	}
}

var byPosition = map[string]sandbox.Options{
	"MariaDB":   {Flavor: sandbox.MariaDB},
	"MySQL":     {Flavor: sandbox.MySQL},
	"MySQL 5.6": {Flavor: sandbox.MySQL56},
}

// TestRealMovesByPosition moves servers by file and position while their primary is written to.
func TestRealMovesByPosition(t *testing.T) {
	for name, o := range byPosition {
		t.Run(name, func(t *testing.T) {
			o.Nodes = 5
			r := newRig(t, o)
			stop := r.load(t)
			for _, step := range []struct {
				command       refactor.RelocationCommand
				server, below int
				refused       string
				sources       string
			}{
				{refactor.Relocate, 2, 1, "", "- 0 1 0 0"},
				{refactor.TakeSiblings, 1, -1, "", "- 0 1 1 1"},
				{refactor.TakeSource, 2, -1, "", "- 2 0 1 1"},
				{refactor.TakeSource, 2, -1, "top", "- 2 0 1 1"},
				{refactor.MoveUpReplicas, 1, -1, "", "- 2 0 2 2"},
				{refactor.MakeLocalPrimary, 3, -1, "", "- 3 0 0 3"},
				{refactor.MakeLocalPrimary, 3, -1, "top", "- 3 0 0 3"},
				{refactor.RelocateReplicas, 3, 0, "", "- 0 0 0 0"},
				{refactor.TakeSiblings, 1, -1, "", "- 0 1 1 1"},
				{refactor.MoveUp, 4, -1, "", "- 0 1 1 0"},
				{refactor.MoveBelow, 4, 1, "", "- 0 1 1 1"},
				{refactor.MakeCoPrimary, 1, -1, "", "1 0 1 1 1"},
				{refactor.MakeCoPrimary, 1, -1, "co-primary", "1 0 1 1 1"},
				{refactor.MakePrimary, 1, -1, "source-alive", "1 0 1 1 1"},
			} {
				r.look(t)
				if step.refused != "" {
					r.refusedMove(t, step.refused, step.command, step.server, step.below)
				} else {
					r.relocate(t, step.command, step.server, step.below)
				}
				if got := r.sources(t); got != step.sources {
					t.Fatalf("after %s of %d: %s, want %s", step.command, step.server, got, step.sources)
				}
			}
			stop()
		})
	}
}

// TestRealMakePrimary opens a replica of a primary that is gone.
func TestRealMakePrimary(t *testing.T) {
	for name, o := range map[string]sandbox.Options{
		"MariaDB":              {Flavor: sandbox.MariaDB, GTID: true},
		"MySQL":                {Flavor: sandbox.MySQL, GTID: true},
		"MariaDB, by position": {Flavor: sandbox.MariaDB},
		"MySQL 5.6":            {Flavor: sandbox.MySQL56},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, o)
			r.write(t, "CREATE DATABASE moved", "CREATE TABLE moved.t (id INT PRIMARY KEY)", "INSERT INTO moved.t VALUES (1)")
			r.followed(t)
			r.look(t)
			r.refusedMove(t, "source-alive", refactor.MakePrimary, 1, -1)
			must(t, r.Node(0).Kill())
			for ctx := limited(t); ; {
				_ = r.Probe(ctx, keyOf(r.Node(0)), keyOf(r.Node(1)), keyOf(r.Node(2)))
				s := r.Snapshot()
				if !s.Instance(keyOf(r.Node(0))).LastCheckValid() && !s.Instance(keyOf(r.Node(1))).Channel.IOThread.Running() && !s.Instance(keyOf(r.Node(2))).Channel.IOThread.Running() {
					break
				}
				must(t, ctx.Err())
			}
			r.relocate(t, refactor.MakePrimary, 1, -1)
			ctx := limited(t)
			must(t, r.Node(1).ExecAs(ctx, sandbox.UserAdmin, "SET sql_log_bin=1", "INSERT INTO moved.t VALUES (2)"))
			for r.count(t, r.Node(2)) != 2 {
				must(t, ctx.Err())
			}
			if i := r.Snapshot().Instance(keyOf(r.Node(1))); i.ReadOnly || !i.Channel.Source.IsDetached() {
				t.Errorf("read-only %t, source %s", i.ReadOnly, i.Channel.Source)
			}
			r.refusedMove(t, "not-a-replica", refactor.MakePrimary, 1, -1)
		})
	}
}

// TestTakeMasterTellsHooks sees that what is to run after a swap is told of it, and that its failure changes nothing.
func TestTakeMasterTellsHooks(t *testing.T) {
	r := newRig(t, sandbox.Options{Flavor: sandbox.MariaDB, GTID: true, Layout: sandbox.Chain})
	o := r.RunnerOptions()
	var told []string
	o.TookPlace = func(_ context.Context, successor, demoted topology.Key) error {
		told = append(told, successor.String()+" "+demoted.String())
		return errors.New("the hook failed")
	}
	r.runner = move.New(o)
	r.look(t)
	r.relocate(t, refactor.TakeSource, 2, -1)
	if want := keyOf(r.Node(2)).String() + " " + keyOf(r.Node(1)).String(); len(told) != 1 || told[0] != want {
		t.Errorf("told %q, want %q", told, want)
	}
	if last := r.Audits[len(r.Audits)-1]; !strings.Contains(last, "the hook failed") {
		t.Errorf("audited as %s", last)
	}
	if got := r.sources(t); got != "- 2 0" {
		t.Errorf("sources %s", got)
	}
}
